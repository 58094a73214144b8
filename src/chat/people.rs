//! People who may come back: the chat knows each by a secret token that it gave to the person's client.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::event::Member;
use crate::broadcast::ClientId;
use crate::history::SavedPerson;
use crate::id;
use crate::receipts::Fingerprint;

/// How long a person whose connections broke stays in the room.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The most people that stay in the room without a connection. Any more leave at once.
const HELD_MAX: usize = 1_000;

/// How long the chat knows a person that has left.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most people that have left and are known: about 3 MB. Beyond it, the one that has been away for
/// longest is forgotten.
const KEPT_MAX: usize = 10_000;

/// A new token: 256 random bits.
pub(super) fn token() -> String {
    id::random() + &id::random()
}

/// The chat keeps fingerprints of tokens only, and finds a person by it. So the time that a lookup takes says
/// nothing about the tokens of others.
pub(super) fn fingerprint(token: &str) -> Fingerprint {
    Fingerprint::of(&["token", token])
}

/// A person that has a token.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub id: Box<str>,
    pub username: Box<str>,
    /// Whether the person chose the name.
    pub named: bool,
    pub place: Place,
}

/// Where a person is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In the room, as the member with this number.
    Here(ClientId),
    /// In the room without a connection, until that time.
    Held(ClientId, Duration),
    /// Away since that time.
    Left(Duration),
}

/// All people that have a token. Every operation takes O(log n) time.
#[derive(Debug, Default)]
pub(super) struct People {
    known: HashMap<Fingerprint, Person>,
    held: BTreeMap<(Duration, ClientId), Fingerprint>,
    left: BTreeSet<(Duration, Fingerprint)>,
    /// The tokens of those that are new, have another name or were forgotten, if a store keeps them.
    unsaved: Option<BTreeSet<Fingerprint>>,
}

impl People {
    /// Knows again those that a store has. They have been away since `now`.
    pub(super) fn restore(&mut self, saved: Vec<SavedPerson>, now: Duration) {
        for SavedPerson { token, id, username, named } in saved {
            let place = Place::Left(now);
            let person = Person { id: id.into(), username: username.into(), named, place };
            self.known.insert(token, person);
            self.left.insert((now, token));
        }
    }

    /// Records who changes from now on, for [`unsaved`](Self::unsaved).
    pub(super) fn record(&mut self) {
        self.unsaved.get_or_insert_default();
    }

    /// Records no longer, after the store has failed.
    pub(super) fn stop_recording(&mut self) {
        self.unsaved = None;
    }

    /// The people that have changed since the last call, and the tokens that were forgotten.
    pub(super) fn unsaved(&mut self) -> (Vec<SavedPerson>, Vec<Fingerprint>) {
        let (mut people, mut forgotten) = (Vec::new(), Vec::new());
        for token in self.unsaved.as_mut().map(std::mem::take).unwrap_or_default() {
            match self.known.get(&token) {
                Some(Person { id, username, named, .. }) => {
                    let (id, username) = (id.to_string(), username.to_string());
                    people.push(SavedPerson { token, id, username, named: *named });
                }
                None => forgotten.push(token),
            }
        }
        (people, forgotten)
    }

    pub(super) fn get(&self, token: Fingerprint) -> Option<&Person> {
        self.known.get(&token)
    }

    /// The person is the member with that number, under its present name.
    pub(super) fn here(&mut self, token: Fingerprint, number: ClientId, member: &Member) {
        self.move_to(token, member, Place::Here(number));
    }

    /// The person's connections broke. False if too many people are held already.
    pub(super) fn hold(
        &mut self,
        token: Fingerprint,
        number: ClientId,
        member: &Member,
        due: Duration,
    ) -> bool {
        let fits = self.held.len() < HELD_MAX;
        if fits {
            self.move_to(token, member, Place::Held(number, due));
        }
        fits
    }

    /// The person left the room.
    pub(super) fn left(&mut self, token: Fingerprint, member: &Member, now: Duration) {
        self.move_to(token, member, Place::Left(now));
        // Those of a store may be more.
        while self.left.len() > KEPT_MAX {
            self.forget_first();
        }
    }

    /// When the next held person is to leave.
    pub(super) fn due(&self) -> Option<Duration> {
        self.held.first_key_value().map(|(&(due, _), _)| due)
    }

    /// The number of a held person that is to leave by `now`.
    pub(super) fn overdue(&self, now: Duration) -> Option<ClientId> {
        let (&(due, number), _) = self.held.first_key_value()?;
        (due <= now).then_some(number)
    }

    /// Forgets the people that left more than [`KEPT`] before `now`.
    pub(super) fn expire(&mut self, now: Duration) {
        while let Some(&(since, _)) = self.left.first()
            && now.saturating_sub(since) > KEPT
        {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, token)) = self.left.pop_first() {
            self.known.remove(&token);
            self.changed(token);
        }
    }

    fn move_to(&mut self, token: Fingerprint, member: &Member, place: Place) {
        let person = Person {
            id: member.id.clone(),
            username: member.username.clone(),
            named: member.named,
            place,
        };
        let before = self.known.get(&token);
        let is_same = before.is_some_and(|before| {
            (&before.id, &before.username, before.named)
                == (&member.id, &member.username, member.named)
        });
        if !is_same {
            self.changed(token);
        }
        match self.known.insert(token, person).map(|before| before.place) {
            Some(Place::Held(number, due)) => drop(self.held.remove(&(due, number))),
            Some(Place::Left(since)) => drop(self.left.remove(&(since, token))),
            Some(Place::Here(_)) | None => {}
        }
        match place {
            Place::Held(number, due) => drop(self.held.insert((due, number), token)),
            Place::Left(since) => drop(self.left.insert((since, token))),
            Place::Here(_) => {}
        }
    }

    fn changed(&mut self, token: Fingerprint) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.insert(token);
        }
    }
}
