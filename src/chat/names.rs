//! The names of members: chosen, changed, and those of guests.

use super::event::{Event, Member};
use super::numbered::Receipt;
use super::request::{ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::name::{self, Unfit};
use crate::timestamp;

impl Chat {
    /// Gives a member another name, if it is free, and tells all members. A member that asks for
    /// the name it has causes no event, and its receipt has no `seq`.
    pub(super) fn rename(
        &mut self,
        who: ClientId,
        member: &Member,
        username: String,
        hub: &Hub,
    ) -> Result<(Member, Receipt), RequestError> {
        let username = self.free_name(who, username)?;
        let renamed = Member { username: username.into(), named: true, ..member.clone() };
        self.members.enter(self.number(who), renamed.clone());
        if let Some(token) = renamed.token {
            self.people.here(token, self.number(who), &renamed);
        }
        if renamed.username == member.username {
            return Ok((renamed, self.receipt(who, None)));
        }
        let at_once = self.crowd.renamed(self.members.len(), renamed.clone());
        // A renaming in a summary is not a lasting event and has no number.
        let seq = at_once.then(|| self.history.seq() + 1);
        let receipt = self.receipt(who, seq);
        let event = Event::Renamed {
            seq,
            user: &renamed,
            from: &member.username,
            members: self.listed(),
            count: self.members.len(),
            timestamp: timestamp::of(receipt.at),
        };
        if at_once {
            let kept = self.dialects.broadcast_lasting(&event, None, hub);
            self.record(kept);
        } else {
            self.reply(who, &event, hub);
        }
        Ok((renamed, receipt))
    }

    /// The name, if `who` may have it: it is not reserved, and no other member's name looks like
    /// it. A member may take another spelling of its own name: a guest, its name in capitals.
    pub(super) fn free_name(&self, who: ClientId, name: String) -> Result<String, RequestError> {
        let number = self.number(who);
        if !self.members.is_free(number, &name) {
            return Err(RequestError::new(
                ErrorCode::NameTaken,
                "somebody here has that name already",
            ));
        }
        let own = self.members.get(number).is_some_and(|own| name::alike(&own.username, &name));
        if !own && name::is_reserved(&name) {
            return Err(RequestError::unfit(Unfit::Reserved));
        }
        Ok(name)
    }

    /// A guest's name that nobody has, in Russian if `lang` is. `guests` only grows, so a name
    /// that a client took in advance is tried once, not once for every guest.
    pub(super) fn guest_name(&mut self, lang: &str) -> String {
        let guest = if lang.starts_with("ru") { "Гость" } else { "Guest" };
        loop {
            self.guests += 1;
            let name = format!("{guest} {}", self.guests);
            if self.members.is_free(ClientId::MAX, &name) {
                return name;
            }
        }
    }
}
