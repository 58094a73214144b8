//! Somebody who becomes a member of the room.

use super::request::Resume;

/// Somebody who becomes a member.
pub(super) struct Newcomer<'a> {
    pub username: String,
    /// Whether the person chose the name.
    pub named: bool,
    /// The token that its client gets.
    pub token: Option<&'a str>,
    pub resume: Option<&'a Resume>,
}

impl Newcomer<'_> {
    /// A guest under that name.
    pub(super) fn guest(username: String) -> Self {
        Self { username, named: false, token: None, resume: None }
    }
}
