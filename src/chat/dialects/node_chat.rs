//! Clients of `node_chat` (000): two types, `user` and `system`, each with a `content`.
//!
//! The page of that chat prints the `content` of every frame. So the chat sends no frame without
//! one, and the text itself names a sender that speaks another dialect. The chat logs a wrong
//! request and does not answer it, as the document's server does.

use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry};
use super::super::event::{Event, Member};
use super::super::request::{self, Request, RequestError};
use crate::crowd::{LISTED, Tally};
use crate::room::json;

/// The most members that one line names of those that joined, left or were renamed in one second.
const NAMED: usize = 3;

const NAME: &str = "node_chat";

/// The only kind of frame, with its fields in the document's order.
#[derive(Serialize)]
struct ContentJson<'a> {
    r#type: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
}

/// `node_chat`.
#[derive(Debug)]
pub(super) struct NodeChat;

impl Dialect for NodeChat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("000")
    }

    fn entry(&self) -> Entry {
        Entry::Guest
    }

    fn guest_language(&self) -> &'static str {
        "ru"
    }

    fn refusal_log(&self) -> Option<&'static str> {
        Some("Получено некорректное сообщение")
    }

    fn read(&self, text: &str, _: &str) -> Result<Request, RequestError> {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        match (said["type"].as_str(), said["content"].as_str()) {
            (Some("user"), Some(content)) => Ok(Request::Message {
                id: None,
                content: request::checked_content(content)?,
                username: said["username"]
                    .as_str()
                    .and_then(|name| request::checked_name(name).ok()),
                data: None,
                reply_to: None,
            }),
            _ => Err(RequestError::bad_message("only `user` with a `content` is understood")),
        }
    }

    fn write(&self, event: &Event, _: &str) -> Option<Message> {
        match event {
            Event::Welcome { .. } => Some(system("Добро пожаловать в чат!")),
            Event::Message { user, content, timestamp, .. } => {
                let prefixed = format!("{}: {content}", user.username);
                Some(json(&ContentJson {
                    r#type: "user",
                    content: if is_foreign(user) { &prefixed } else { content },
                    username: user.named.then_some(&user.username),
                    timestamp: user.named.then_some(timestamp),
                }))
            }
            Event::UserJoined { user, .. } if is_foreign(user) => {
                Some(system(&format!("{} присоединяется к чату", user.username)))
            }
            Event::UserLeft { user, .. } if is_foreign(user) => {
                Some(system(&format!("{} покидает чат", user.username)))
            }
            Event::Presence { summary, .. } => {
                let lines = [
                    together("Присоединяются к чату", &summary.came),
                    together("Меняют имя", &summary.renamed),
                    together("Покидают чат", &summary.went),
                ];
                let lines: Vec<_> = lines.into_iter().flatten().collect();
                (!lines.is_empty()).then(|| system(&lines.join(". ")))
            }
            Event::Renamed { user, from, .. } if is_foreign(user) => {
                Some(system(&format!("{from} меняет имя на {}", user.username)))
            }
            Event::Ruled { ruling, .. } => Some(system(&ruling.russian())),
            Event::Shutdown { .. } => Some(system("Сервер завершает работу")),
            _ => None,
        }
    }
}

/// Names the last [`NAMED`] members of `tally` that speak other dialects, and tells whether there
/// were more; `None` if there were none.
fn together(what: &str, tally: &Tally<Member>) -> Option<String> {
    let foreign = tally.first(LISTED).iter().rev().filter(|member| is_foreign(member));
    let mut names: Vec<_> = foreign.map(|member| &*member.username).collect();
    let more = names.len() > NAMED || !tally.is_complete();
    names.truncate(NAMED);
    let others = if more { " и другие" } else { "" };
    (!names.is_empty()).then(|| format!("{what}: {}{others}", names.join(", ")))
}

/// Whether a member speaks another dialect. The chat does not announce members that speak this
/// one, and sends their texts without a name before them.
fn is_foreign(member: &Member) -> bool {
    member.dialect != NAME
}

fn system(content: &str) -> Message {
    json(&ContentJson { r#type: "system", content, username: None, timestamp: None })
}
