//! The events that an `@ignore` leaves out of a recording.

use super::super::super::inbox::Arrived;
use super::super::super::settings::StepSettings;
use crate::frame::Opcode;
use crate::wst::{Item, Note};

/// The note that leaves out such events.
pub(super) fn ignoring(what: &Arrived) -> Option<Note> {
    let Arrived::Frame(frame) = what else { return None };
    let json: Option<serde_json::Value> = serde_json::from_slice(&frame.payload).ok();
    let kind = json.as_ref().and_then(|json| json.get("type")?.as_str());
    Some(match kind {
        Some(kind) => Note::Ignore(vec![format!("type={kind}")]),
        None => Note::Ignore(vec![frame.header.opcode.to_string()]),
    })
}

/// The word of the `@ignore` that leaves out pings.
pub(super) fn pings() -> Vec<String> {
    vec![Opcode::Ping.to_string()]
}

/// Whether an `@ignore` leaves this line out.
pub(super) fn is_ignored(settings: &StepSettings, item: &Item) -> bool {
    settings.ignored().any(|kind| item.is_of_kind(kind))
}
