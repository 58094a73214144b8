//! Source 000: two types, `user` and `system`, and each has a `content`.
//!
//! Its page prints the `content` of whatever comes, so nothing without one is
//! ever sent, and who is speaking must stand in the text. What it sends wrongly
//! is ignored without a word, as its server does.

use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::event::{Event, Member, SystemEvent};
use super::super::request::{self, ErrorCode, Fault, Request};
use super::Dialect;
use crate::crowd::{LISTED, Tally};
use crate::room::json;

/// How many names one line gives of those who come together.
const NAMED: usize = 3;

/// Its only kind of message, with its fields in its order.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
}

pub(super) fn read(text: &str) -> Result<Request, Fault> {
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    match (said["type"].as_str(), said["content"].as_str()) {
        (Some("user"), Some(content)) => Ok(Request::Message {
            id: None,
            content: request::content(content)?,
            username: said["username"].as_str().and_then(|name| request::name(name).ok()),
            data: None,
        }),
        _ => Err(Fault::new(ErrorCode::BadMessage, "only `user` with a `content` is understood")),
    }
}

pub(super) fn say(event: &Event) -> Option<Message> {
    match event {
        Event::Welcome { .. } => Some(system("Добро пожаловать в чат!")),
        Event::Message { user, content, timestamp, .. } => {
            let prefixed = format!("{}: {content}", user.username);
            Some(json(&Line {
                r#type: "user",
                content: if is_foreign(user.dialect) { &prefixed } else { content },
                username: user.named.then_some(&user.username),
                timestamp: user.named.then_some(timestamp),
            }))
        }
        Event::UserJoined { user, username, .. } if is_foreign(user.dialect) => {
            Some(system(&format!("{username} присоединяется к чату")))
        }
        Event::UserLeft { user, username, .. } if is_foreign(user.dialect) => {
            Some(system(&format!("{username} покидает чат")))
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
        Event::System { event: SystemEvent::Renamed { params }, .. }
            if is_foreign(params.dialect) =>
        {
            Some(system(&format!("{} меняет имя на {}", params.from, params.to)))
        }
        Event::System { event: SystemEvent::Shutdown, .. } => {
            Some(system("Сервер завершает работу"))
        }
        _ => None,
    }
}

/// The latest few members of other dialects who did something together, and whether there were
/// more of them; `None` if there were none.
fn together(what: &str, tally: &Tally<Member>) -> Option<String> {
    let foreign = tally.first(LISTED).iter().rev().filter(|member| is_foreign(member.dialect));
    let mut names: Vec<_> = foreign.map(|member| member.username.as_str()).collect();
    let more = names.len() > NAMED || !tally.is_complete();
    names.truncate(NAMED);
    let others = if more { " и другие" } else { "" };
    (!names.is_empty()).then(|| format!("{what}: {}{others}", names.join(", ")))
}

/// Its own kind come and go unannounced, and their text stands alone.
fn is_foreign(dialect: Dialect) -> bool {
    dialect != Dialect::NodeChat
}

fn system(content: &str) -> Message {
    json(&Line { r#type: "system", content, username: None, timestamp: None })
}
