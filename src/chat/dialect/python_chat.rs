//! Source 004: nothing before `join`; then names, messages, typing, and errors in words.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::event::{Event, SystemEvent};
use super::super::request::{self, ErrorCode, Fault, QUOTED, Request};
use super::string;
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
            json!({
                "type": "welcome", "message": format!("Добро пожаловать в чат, {}!", user.username),
                "username": user.username, "users": users, "timestamp": time,
            })
        }
        Event::UserJoined { username, users, timestamp, .. } => json!({
            "type": "user_joined", "username": username, "users": users, "timestamp": timestamp,
            "message": format!("{username} присоединяется к чату"),
        }),
        Event::UserLeft { username, users, timestamp, .. } => json!({
            "type": "user_left", "username": username, "users": users, "timestamp": timestamp,
            "message": format!("{username} покидает чат"),
        }),
        // It has no word for a new name: someone of that name is here now.
        Event::System { event: SystemEvent::Renamed { params }, timestamp, .. } => json!({
            "type": "user_joined", "username": params.to, "users": params.users,
            "timestamp": timestamp,
            "message": format!("{} меняет имя на {}", params.from, params.to),
        }),
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
