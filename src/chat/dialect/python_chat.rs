//! Source 004: nothing before `join`; then names, messages, typing, and errors in words.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::event::{Event, Member, SystemEvent};
use super::super::request::{self, ErrorCode, Fault, QUOTED, Request};
use super::string;
use crate::crowd::{LISTED, Tally};
use crate::escape::Line;
use crate::name::NAME_CHARS;

pub(super) fn read(text: &str) -> Result<Request, Fault> {
    let said: Value = serde_json::from_str(text).map_err(|error| Fault::not_json(&error))?;
    match said["type"].as_str().unwrap_or_default() {
        "join" => {
            let name = string(&said, &["username", "name", "user", "nickname"]).unwrap_or_default();
            let username = Some(request::name(name)?);
            let lang = Some("ru".to_owned());
            Ok(Request::Hello { version: 1, username, lang, session: None })
        }
        "message" => {
            let content = string(&said, &["content", "message", "text"]).unwrap_or_default();
            let content = request::content(content)?;
            Ok(Request::Message { id: None, content, username: None, data: None })
        }
        "typing" => {
            let typing = ["is_typing", "isTyping", "typing"];
            let active = typing.into_iter().find_map(|name| said[name].as_bool());
            Ok(Request::Typing { active: active.unwrap_or(true) })
        }
        "" => Err(Fault::new(ErrorCode::BadMessage, "`type` is missing")),
        other => {
            let words = format!("Нет такого типа: {}", Line::new(other, QUOTED));
            Err(Fault::new(ErrorCode::UnknownType, words))
        }
    }
}

pub(super) fn say(event: &Event) -> Option<Message> {
    let said = match event {
        Event::Welcome { user, rooms: [room], time, .. } => {
            let users: Vec<_> = room.members.iter().map(|member| &member.username).collect();
            let mut said = json!({
                "type": "welcome", "message": format!("Добро пожаловать в чат, {}!", user.username),
                "username": user.username, "users": users, "timestamp": time,
            });
            if let Some(count) = room.count {
                said["count"] = count.into();
            }
            said
        }
        Event::UserJoined { username, users, count, timestamp, .. } => {
            let words = format!("{username} присоединяется к чату");
            listed("user_joined", username, users, *count, &words, timestamp)
        }
        Event::UserLeft { username, users, count, timestamp, .. } => {
            let words = format!("{username} покидает чат");
            listed("user_left", username, users, *count, &words, timestamp)
        }
        // It has no word for a new name: someone of that name is here now.
        Event::System { event: SystemEvent::Renamed { params }, timestamp, .. } => {
            let words = format!("{} меняет имя на {}", params.from, params.to);
            listed("user_joined", params.to, &params.users, params.count, &words, timestamp)
        }
        // Its clients read the list of either event: one is enough for all that happened.
        Event::Presence { summary, names, count, timestamp, .. } => {
            let (came, renamed, went) = (&summary.came, &summary.renamed, &summary.went);
            let latest = |tally: &Tally<Member>| tally.first(LISTED).last().cloned();
            let joined = latest(renamed).or_else(|| latest(came));
            let kind = if joined.is_some() { "user_joined" } else { "user_left" };
            let one = joined.or_else(|| latest(went))?;
            let words = [("Вошли", came), ("сменили имя", renamed), ("вышли", went)]
                .map(|(what, tally)| format!("{what}: {}", tally.total()))
                .join(", ");
            let mut said = listed(kind, &one.username, names, *count, &words, timestamp);
            said["joined"] = came.total().into();
            said["left"] = went.total().into();
            said
        }
        Event::Message { username, content, timestamp, .. } => json!({
            "type": "message", "username": username, "message": content, "content": content,
            "timestamp": timestamp,
        }),
        Event::Typing { username, active, .. } => json!({
            "type": "typing", "username": username, "is_typing": active,
        }),
        Event::System { event: SystemEvent::Shutdown, timestamp, .. } => json!({
            "type": "system", "event": "shutdown", "message": "Сервер завершает работу",
            "timestamp": timestamp,
        }),
        Event::Error(fault) => {
            let (code, message) = complaint(fault);
            json!({"type": "error", "message": message, "code": code})
        }
        _ => return None,
    };
    Some(Message::text(said.to_string()))
}

/// Who came or went, and the first of those who are here now; `count` says how many there are
/// if the list does not name all of them.
fn listed(
    kind: &str,
    username: &str,
    users: &[&str],
    count: usize,
    words: &str,
    timestamp: &str,
) -> Value {
    let mut said = json!({
        "type": kind, "username": username, "users": users, "timestamp": timestamp,
        "message": words,
    });
    if count > users.len() {
        said["count"] = count.into();
    }
    said
}

/// What is wrong, for its programs and for its people.
fn complaint(fault: &Fault) -> (Value, String) {
    let words = match fault.code {
        ErrorCode::HelloRequired => {
            return ("not_joined".into(), "Сначала отправьте join с именем".to_owned());
        }
        ErrorCode::BadJson => "Это не JSON",
        ErrorCode::NameTaken => "Это имя уже занято",
        ErrorCode::NameInvalid => {
            &format!("Такое имя не подойдёт: нужно от 1 до {NAME_CHARS} знаков, и без невидимых")
        }
        ErrorCode::TooLong => "Сообщение слишком длинное",
        ErrorCode::RateLimited => "Слишком часто, подождите немного",
        ErrorCode::BadMessage => "Такого сообщения сервер не понимает",
        _ => &fault.message,
    };
    (json!(fault.code), words.to_owned())
}
