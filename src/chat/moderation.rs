//! The actions of a teacher: mute, kick, slow down, lock, clear and announce.

use std::time::Duration;

use super::arrival::KICKED;
use super::event::{Departure, Event, Member, Ruling};
use super::numbered::Numbered;
use super::posts::Posts;
use super::request::{Action, ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::receipts::Fingerprint;

impl Chat {
    /// Does what a teacher asks for.
    pub(super) fn moderate(
        &mut self,
        who: ClientId,
        id: Option<&str>,
        action: &Action,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let teacher = self.member(who)?;
        if !self.teaches(who) {
            let words = "only the teacher may do that: send the key with `teach` first";
            return Err(RequestError::new(ErrorCode::Forbidden, words));
        }
        let numbered = Numbered::new(id, ["moderate", &format!("{action:?}")]);
        if self.answered_before(who, numbered, hub)? {
            return Ok(());
        }
        let before = self.history.seq();
        match action {
            Action::Mute { user, time } => {
                self.found(user)?;
                self.rules.mute(user, self.now + *time);
                self.tell_member(user, Ruling::Muted(*time), &teacher, hub);
            }
            Action::Unmute { user } => {
                self.rules.unmute(user);
                self.tell_member(user, Ruling::Unmuted, &teacher, hub);
            }
            Action::Kick { user, time } => self.kick(user, *time, hub)?,
            Action::Slow { time } => {
                self.rules.slow = *time;
                self.rule(Ruling::Slow(*time), &teacher, hub);
            }
            Action::Lock { locked } => {
                self.rules.locked = *locked;
                let ruling = if *locked { Ruling::Locked } else { Ruling::Unlocked };
                self.rule(ruling, &teacher, hub);
            }
            Action::Clear => {
                self.history.clear();
                self.posts = Posts::default();
                self.rule(Ruling::Cleared, &teacher, hub);
            }
            Action::Announce { content } => {
                self.rule(Ruling::Announced(content), &teacher, hub);
            }
        }
        let seq = self.history.seq();
        let receipt = self.receipt(who, (seq > before).then_some(seq));
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }

    /// Whether a client may send a message now. One that teaches always may.
    pub(super) fn permit_message(
        &mut self,
        who: ClientId,
        member: &Member,
    ) -> Result<(), RequestError> {
        if self.teaches(who) {
            return Ok(());
        }
        self.rules.permit_message(&member.id, self.now)
    }

    /// Whether a client may edit, react and type now. One that teaches always may.
    pub(super) fn permit(&self, who: ClientId, member: &Member) -> Result<(), RequestError> {
        if self.teaches(who) { Ok(()) } else { self.rules.permit(&member.id, self.now) }
    }

    /// Ends all connections of a member, which leaves at once. A person with a token is kept out for a time.
    fn kick(&mut self, user: &str, time: Duration, hub: &Hub) -> Result<(), RequestError> {
        let (number, token) = self.found(user)?;
        if let Some(token) = token {
            self.rules.bar(token, self.now + time);
        }
        // Before it leaves, so that it is told nothing more.
        for (&who, connection) in &self.connections {
            if connection.number == number {
                hub.exclude(who);
                hub.close(who, KICKED, "kicked");
            }
        }
        self.depart(number, Departure::Kicked, hub);
        Ok(())
    }

    /// The number of a member, and its person's token.
    fn found(&self, user: &str) -> Result<(ClientId, Option<Fingerprint>), RequestError> {
        let found = self.members.find(|member| *member.id == *user);
        let not_here = || RequestError::new(ErrorCode::NotFound, "there is no such member here");
        found.map(|(number, member)| (number, member.token)).ok_or_else(not_here)
    }

    /// Tells all members of a ruling, as a lasting event.
    fn rule(&mut self, ruling: Ruling, teacher: &Member, hub: &Hub) {
        let seq = Some(self.history.seq() + 1);
        let event = Event::Ruled { seq, ruling, user: teacher, timestamp: self.timestamp() };
        let kept = self.dialects.broadcast_lasting(&event, None, hub);
        self.record(kept);
    }

    /// Tells one member, at all its connections, of a ruling about it.
    fn tell_member(&self, user: &str, ruling: Ruling, teacher: &Member, hub: &Hub) {
        let Ok((number, _)) = self.found(user) else { return };
        let event = Event::Ruled { seq: None, ruling, user: teacher, timestamp: self.timestamp() };
        for (&who, connection) in &self.connections {
            if connection.number == number {
                self.reply(who, &event, hub);
            }
        }
    }
}
