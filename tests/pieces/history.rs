//! The history of a room: an id is known for longer than its message is kept.

use tokio_tungstenite::tungstenite::Message;
use ws101::history::{Before, History};

fn line(content: &str) -> impl FnOnce(u64) -> String {
    let content = content.to_owned();
    move |seq| format!("{seq} {content}")
}

#[test]
fn what_others_send_does_not_make_a_line_come_twice() {
    let mut history = History::new(1_000);
    let said = history.push("ann", Some("a1"), "hi", line("hi")).unwrap();
    assert_eq!(said, Message::text("1 hi"));
    for _ in 0..10 {
        history.push("eve", None, "x", line(&"x".repeat(500))).unwrap();
    }
    assert_eq!(history.missed(Some(history.epoch()), Some("0")), None, "it was dropped");
    let again = history.push("ann", Some("a1"), "hi", line("hi"));
    assert_eq!(again, Err(Before::Same(Message::text("1 hi"))));
    let other = history.push("ann", Some("a1"), "bye", line("bye"));
    assert_eq!(other, Err(Before::Otherwise));
    assert_eq!(history.seq(), 11, "nothing was sent anew");
}
