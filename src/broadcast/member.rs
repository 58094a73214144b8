//! The id of a member, and the group of members that a broadcast is for.

/// A member's id. A hub counts ids up from 1 in order of joining, so that transcripts repeat.
pub type ClientId = u64;

/// A group of members that receive the same broadcasts, as the same bytes.
///
/// Every member is in one audience. A hub puts a new member into `Audience::default()`;
/// [`Hub::seat`](super::Hub::seat) moves it.
///
/// A chat that sends each event in several dialects has one audience for each dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(pub u16);

impl Audience {
    /// No message is broadcast to this audience: its members receive only what is sent to them alone.
    pub(super) const EXCLUDED: Self = Self(u16::MAX);
}
