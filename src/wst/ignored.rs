//! The events that `@ignore` leaves out: those that its words name, and the answers to them.

use super::{Action, Expectation, Item, Json, Kind, Observation, Part, Payload};
use crate::frame::Opcode;

impl Item {
    /// Whether it is a received frame of this kind: `ping`, or `type=stats` for JSON of that type.
    pub(crate) fn is_of_kind(&self, word: &str) -> bool {
        let Self::Expectation(_, Expectation { what: Observation::Frame(frame), .. }) = self else {
            return false;
        };
        let Some(wanted) = word.strip_prefix("type=") else {
            let opcode = match frame.kind {
                Kind::Json => Opcode::Text,
                Kind::Frame(opcode) => opcode,
            };
            return opcode.to_string() == word;
        };
        let Payload::Json(Json::Object(fields, _)) = &frame.payload else { return false };
        fields.iter().any(|(name, value)| {
            let Json::Text(text) = value else { return false };
            name == "type" && matches!(&text.0[..], [Part::Plain(kind)] if kind == wanted)
        })
    }

    /// Whether a client sends it by itself on receiving `cause`: the pong of a ping, a close frame.
    pub(crate) fn answers(&self, cause: &Self) -> bool {
        let (Self::Action(_, Action::Send(sent, _)), Self::Expectation(_, came)) = (self, cause)
        else {
            return false;
        };
        let Observation::Frame(came) = &came.what else { return false };
        match (came.kind, sent.kind) {
            (Kind::Frame(Opcode::Ping), Kind::Frame(Opcode::Pong)) => came.payload == sent.payload,
            (came, sent) => came == sent && sent == Kind::Frame(Opcode::Close),
        }
    }
}
