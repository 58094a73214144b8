//! What is remembered of requests with an `id`, and for how long.

use std::time::Duration;

use ws101::receipts::{ALL_IDS, Fingerprint, IDS, KEPT, Known, Receipts};

fn number(session: usize) -> Fingerprint {
    Fingerprint::of(&[session.to_string()])
}

/// Remembers `id` in `session`, with the `id` for content.
fn remember(receipts: &mut Receipts<u64>, session: usize, id: usize) {
    let id = id.to_string();
    receipts.remember(number(session), &id, Fingerprint::of(&[&id]), 7);
}

fn knows(receipts: &Receipts<u64>, session: usize, id: usize) -> bool {
    let id = id.to_string();
    receipts.known(number(session), &id, Fingerprint::of(&[&id])) == Known::Done(7)
}

#[test]
fn an_id_is_known_by_session_and_content() {
    let mut receipts = Receipts::default();
    let [ann, bob] = [number(1), number(2)];
    let [hi, bye] = [Fingerprint::of(&["hi"]), Fingerprint::of(&["bye"])];
    receipts.remember(ann, "m1", hi, 1);
    assert_eq!(receipts.known(ann, "m1", hi), Known::Done(1));
    assert_eq!(receipts.known(ann, "m1", bye), Known::Otherwise);
    assert_eq!(receipts.known(ann, "m2", hi), Known::New);
    assert_eq!(receipts.known(bob, "m1", hi), Known::New, "another's `id` is another `id`");
    assert_ne!(Fingerprint::of(&["ab", "c"]), Fingerprint::of(&["a", "bc"]));
}

#[test]
fn the_last_thousand_of_a_session_are_known() {
    let mut receipts = Receipts::default();
    for id in 0..=IDS {
        remember(&mut receipts, 1, id);
    }
    assert!(!knows(&receipts, 1, 0), "one too many");
    assert!((1..=IDS).all(|id| knows(&receipts, 1, id)));
}

#[test]
fn whoever_sends_most_is_forgotten_first() {
    let mut receipts = Receipts::default();
    remember(&mut receipts, 0, 0);
    // Fingerprints take time where nothing is optimized, so each is made once.
    let sessions: Vec<_> = (1..=ALL_IDS / IDS + 2).map(number).collect();
    let ids: Vec<_> = (0..IDS).map(|id| id.to_string()).collect();
    let content = number(0);
    for &session in &sessions {
        for id in &ids {
            receipts.remember(session, id, content, 7);
        }
    }
    assert!(knows(&receipts, 0, 0), "the quiet one");
    let known = |session| {
        let known = |id: &&String| receipts.known(session, id, content) != Known::New;
        ids.iter().filter(known).count()
    };
    assert_eq!(sessions.into_iter().map(known).sum::<usize>(), ALL_IDS - 1);
}

#[test]
fn a_session_is_known_for_ten_minutes_after_its_connection() {
    let mut receipts = Receipts::default();
    let hour = Duration::from_secs(3600);
    for session in 0..4 {
        remember(&mut receipts, session, 0);
    }
    receipts.ended(number(1), hour);
    receipts.ended(number(2), hour);
    receipts.forget(number(3));
    receipts.expire(hour + KEPT);
    assert!(knows(&receipts, 1, 0) && knows(&receipts, 2, 0), "so long and no longer");
    assert!(!knows(&receipts, 3, 0), "nobody can come back to it");
    remember(&mut receipts, 2, 1);
    receipts.expire(hour + KEPT + Duration::from_millis(1));
    assert!(knows(&receipts, 0, 0), "its connection lasts");
    assert!(!knows(&receipts, 1, 0), "over");
    assert!(knows(&receipts, 2, 0), "it came back");
}
