//! Lessons 1 to 3: what comes in goes out again.

use tokio_tungstenite::tungstenite::Message;
use ws101::broadcast::{ClientId, Hub};
use ws101::room::Room;

use crate::broken::mistake::broken;

/// The longest text that a length of seven bits can tell.
const SHORT: usize = 125;

/// Answers texts with `Принято: ` and the text, and binary with itself.
pub struct Echo;

impl Room for Echo {
    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        let reply = match message {
            Message::Text(text) => {
                let mut reply = format!("Принято: {text}");
                if broken("2.2") {
                    reply.truncate(reply.floor_char_boundary(SHORT));
                }
                Message::text(reply)
            }
            binary if broken("3.2") => {
                Message::text(&*String::from_utf8_lossy(&binary.into_data()))
            }
            binary => binary,
        };
        hub.send(who, reply);
    }
}
