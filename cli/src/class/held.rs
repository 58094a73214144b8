//! Frames that wait for the teacher: which ones, and what is done to them.

use data_encoding::BASE64;
use serde_json::{Value, json};
use ws101::bytes::Bytes;
use ws101::fault::{Decision, Fault, FrameKind, Member, PATIENCE, Rule, WHOLE_FRAME};
use ws101::frame::{Header, Opcode};
use ws101::http::StatusCode;
use ws101::proxy::Faults;
use ws101::serde::Deserialize;

use super::reply::{Reply, parsed};
use crate::lang::Lang;
use crate::tap::json::{frame_fields, held_id};

/// The longest payload that replaces another: with its header it is no long frame.
const LONGEST: usize = WHOLE_FRAME - Header::MAX_SIZE;

/// Which frames wait. All but the kind may be left out.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
pub struct Asked {
    kind: String,
    from: Option<String>,
    on: Option<String>,
    /// A JSON pointer, such as `/type`.
    path: Option<String>,
    value: Option<Value>,
}

impl Asked {
    /// The rule; a refusal names the form.
    pub fn rule(self, form: &str, lang: Lang) -> Result<Rule, Reply> {
        let wrong = |english: &str, russian: &str| {
            let sentence =
                lang.pick(format!("{english}: send {form}"), format!("{russian}: пришлите {form}"));
            Reply::error(StatusCode::BAD_REQUEST, &sentence)
        };
        let unknown = || {
            wrong(
                "there is no such kind, side or connection",
                "нет такого вида, стороны или соединения",
            )
        };
        // The words are those of the faults, so they are read as those are.
        let mut text = format!("drop {}", self.kind);
        for (word, value) in [("from", &self.from), ("on", &self.on)] {
            if let Some(value) = value {
                text.extend([" ", word, " ", value]);
            }
        }
        let rule: Rule = text.parse().map_err(|_| unknown())?;
        let Fault::Drop(kind) = rule.fault else { return Err(unknown()) };
        let member = match (self.path, self.value) {
            (None, None) => None,
            (None, Some(_)) => return Err(wrong("a value needs a path", "значению нужен путь")),
            (Some(pointer), _) if !pointer.is_empty() && !pointer.starts_with('/') => {
                return Err(wrong(
                    "a path begins with /, as in RFC 6901",
                    "путь начинается с /, как в RFC 6901",
                ));
            }
            (Some(pointer), value) => Some(Member { pointer, value }),
        };
        if member.is_some()
            && !matches!(kind, FrameKind::Any | FrameKind::Of(Opcode::Text | Opcode::Binary))
        {
            return Err(wrong(
                "only text and binary have a path",
                "путь есть только у text и binary",
            ));
        }
        Ok(Rule { fault: Fault::Hold(kind, member), ..rule })
    }
}

/// The frames that wait.
pub fn list(faults: &Faults) -> Vec<Value> {
    let told = |held: ws101::proxy::HeldFrame| {
        let mut fields = frame_fields(held.sender, &held.frame);
        fields.insert("event".into(), "held".into());
        fields.insert("socket".into(), format!("c{}", held.socket).into());
        fields.insert("held".into(), held_id(held.socket, held.number).into());
        fields.insert("fault".into(), (*held.fault).into());
        fields.insert("patience".into(), PATIENCE.as_secs().into());
        Value::Object(fields)
    };
    faults.held().into_iter().map(told).collect()
}

/// `{"do": "send"}`, `{"do": "drop"}`; with a payload, the frame is sent with that one.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
struct Deciding {
    r#do: Do,
    /// A text, or `{"base64": "..."}`.
    payload: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(crate = "ws101::serde", rename_all = "lowercase")]
enum Do {
    Send,
    Drop,
}

#[derive(Deserialize)]
#[serde(crate = "ws101::serde", untagged)]
enum Payload {
    Text(String),
    Bytes { base64: String },
}

/// Decides about a frame that waits, as the body says.
pub fn decide(faults: &Faults, id: &str, body: &[u8], lang: Lang) -> Reply {
    let form = r#"{"do": "send"}, {"do": "drop"} or {"do": "send", "payload": "a text"}"#;
    let asked: Deciding = match parsed(body, form, lang) {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let decision = match (asked.r#do, asked.payload) {
        (Do::Drop, _) => Decision::Drop,
        (Do::Send, None) => Decision::Send,
        (Do::Send, Some(payload)) => {
            let payload = match payload {
                Payload::Text(text) => Some(text.into_bytes()),
                Payload::Bytes { base64 } => BASE64.decode(base64.as_bytes()).ok(),
            };
            let Some(payload) = payload.filter(|payload| payload.len() <= LONGEST) else {
                let sentence = lang.pick(
                    format!("a payload is a text or base64, of at most {LONGEST} bytes"),
                    format!("payload — текст или base64 не длиннее {LONGEST} байт"),
                );
                return Reply::error(StatusCode::BAD_REQUEST, &sentence);
            };
            Decision::Change(Bytes::from(payload))
        }
    };
    let numbers = id.strip_prefix('c').and_then(|id| id.split_once('-'));
    let numbers =
        numbers.and_then(|(socket, number)| Some((socket.parse().ok()?, number.parse().ok()?)));
    if numbers.is_some_and(|(socket, number)| faults.decide(socket, number, &decision)) {
        return Reply::ok(&json!({"held": id}));
    }
    let sentence = lang.pick("this frame does not wait any more", "этот фрейм уже не ждёт");
    Reply::error(StatusCode::NOT_FOUND, sentence)
}
