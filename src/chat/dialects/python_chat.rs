//! Clients of `python_chat` (004): a `join` with a name first; then messages, typing, and errors
//! in Russian.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry, string};
use super::super::event::{Event, Member};
use super::super::request::{self, ErrorCode, Hello, Request, RequestError, quoted};
use crate::crowd::{LISTED, Tally};
use crate::name::NAME_CHARS;

/// `python_chat`.
#[derive(Debug)]
pub(super) struct PythonChat;

impl Dialect for PythonChat {
    fn name(&self) -> &'static str {
        "python_chat"
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("004")
    }

    fn path(&self) -> Option<&'static str> {
        Some("/py")
    }

    fn entry(&self) -> Entry {
        Entry::Join
    }

    fn read(&self, text: &str, _: &str) -> Result<Request, RequestError> {
        let said: Value =
            serde_json::from_str(text).map_err(|error| RequestError::not_json(&error))?;
        match said["type"].as_str().unwrap_or_default() {
            "join" => {
                let name =
                    string(&said, &["username", "name", "user", "nickname"]).unwrap_or_default();
                let username = Some(request::checked_name(name)?);
                let lang = Some("ru".to_owned());
                Ok(Request::Hello(Hello { username, lang, ..Hello::default() }))
            }
            "message" => {
                let content = string(&said, &["content", "message", "text"]).unwrap_or_default();
                let content = request::checked_content(content)?;
                Ok(Request::Message {
                    id: None,
                    content,
                    username: None,
                    data: None,
                    reply_to: None,
                })
            }
            "typing" => {
                let typing = ["is_typing", "isTyping", "typing"];
                let active = typing.into_iter().find_map(|name| said[name].as_bool());
                Ok(Request::Typing { active: active.unwrap_or(true) })
            }
            "" => Err(RequestError::bad_message("`type` is missing")),
            other => {
                let words = format!("Нет такого типа: {}", quoted(other));
                Err(RequestError::new(ErrorCode::UnknownType, words))
            }
        }
    }

    fn write(&self, event: &Event, _: &str) -> Option<Message> {
        let said = match event {
            Event::Welcome { user, members, count, timestamp, .. } => {
                let username = &user.username;
                let words = format!("Добро пожаловать в чат, {username}!");
                listed("welcome", username, members, *count, &words, timestamp)
            }
            Event::UserJoined { user, members, count, timestamp, .. } => {
                let username = &user.username;
                let words = format!("{username} присоединяется к чату");
                listed("user_joined", username, members, *count, &words, timestamp)
            }
            Event::UserLeft { user, members, count, timestamp, .. } => {
                let username = &user.username;
                let words = format!("{username} покидает чат");
                listed("user_left", username, members, *count, &words, timestamp)
            }
            // The document has no event for a new name, so the chat announces a member of that name.
            Event::Renamed { user, from, members, count, timestamp, .. } => {
                let words = format!("{from} меняет имя на {}", user.username);
                listed("user_joined", &user.username, members, *count, &words, timestamp)
            }
            // Clients take the list from `user_joined` and from `user_left`, so one event is enough.
            Event::Presence { summary, members, count, timestamp, .. } => {
                let came = &summary.came;
                let renamed = &summary.renamed;
                let went = &summary.went;
                let latest = |tally: &Tally<Member>| tally.first(LISTED).last().cloned();
                let joined = latest(renamed).or_else(|| latest(came));
                let kind = if joined.is_some() { "user_joined" } else { "user_left" };
                let one = joined.or_else(|| latest(went))?;
                let words = [("Вошли", came), ("сменили имя", renamed), ("вышли", went)]
                    .map(|(what, tally)| format!("{what}: {}", tally.total()))
                    .join(", ");
                let mut said = listed(kind, &one.username, members, *count, &words, timestamp);
                said["joined"] = came.total().into();
                said["left"] = went.total().into();
                said
            }
            Event::Message { user, content, timestamp, .. } => json!({
                "type": "message", "username": user.username, "message": content, "content": content,
                "timestamp": timestamp,
            }),
            Event::Typing { user, active, .. } => json!({
                "type": "typing", "username": user.username, "is_typing": active,
            }),
            Event::Ruled { ruling, timestamp, .. } => json!({
                "type": "system", "event": "notice", "message": ruling.russian(),
                "timestamp": timestamp,
            }),
            Event::Shutdown { timestamp } => json!({
                "type": "system", "event": "shutdown", "message": "Сервер завершает работу",
                "timestamp": timestamp,
            }),
            Event::Error(error) => {
                json!({"type": "error", "message": message(error), "code": code(error)})
            }
            _ => return None,
        };
        Some(Message::text(said.to_string()))
    }
}

/// An event with the names of the first `members`; it has a `count` if `members` are not all.
fn listed(
    kind: &str,
    username: &str,
    members: &[&Member],
    count: usize,
    words: &str,
    timestamp: &str,
) -> Value {
    let users: Vec<_> = members.iter().map(|member| &member.username).collect();
    let mut said = json!({
        "type": kind, "username": username, "users": users, "timestamp": timestamp,
        "message": words,
    });
    if count > members.len() {
        said["count"] = count.into();
    }
    said
}

/// The document's code for the error if it has one, else the canonical code.
fn code(error: &RequestError) -> &'static str {
    match error.code {
        ErrorCode::HelloRequired => "not_joined",
        code => code.as_str(),
    }
}

/// The error in Russian words, for people.
fn message(error: &RequestError) -> String {
    match error.code {
        ErrorCode::HelloRequired => "Сначала отправьте join с именем".to_owned(),
        ErrorCode::BadJson => "Это не JSON".to_owned(),
        ErrorCode::NameTaken => "Это имя уже занято".to_owned(),
        ErrorCode::NameInvalid => {
            format!("Такое имя не подойдёт: нужно от 1 до {NAME_CHARS} знаков, и без невидимых")
        }
        ErrorCode::TooLong => "Сообщение слишком длинное".to_owned(),
        ErrorCode::RateLimited => "Слишком часто, подождите немного".to_owned(),
        ErrorCode::BadMessage => "Такого сообщения сервер не понимает".to_owned(),
        ErrorCode::Muted => "Преподаватель пока не даёт вам писать".to_owned(),
        ErrorCode::RoomLocked => "Сейчас писать может только преподаватель".to_owned(),
        _ => error.message.clone(),
    }
}
