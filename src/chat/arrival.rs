//! How a client becomes a member, or one more connection of a member that is here already.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::dialect::Dialect;
use super::event::{Event, Member};
use super::keeping::Keeping;
use super::newcomer::Newcomer;
use super::numbered;
use super::people::{self, Place};
use super::request::{Hello, RequestError, Resume, Token};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::crowd::LISTED;
use crate::id;

/// The events that a client gets that cannot be sent all that it missed.
const LAST_EVENTS: usize = 50;

/// A close code of this protocol (RFC 6455 §7.4.2 leaves 4000-4999 to applications).
const VERSION: CloseCode = CloseCode::Library(4002);

/// A close code of this protocol, for a client that the teacher keeps out.
pub(super) const KICKED: CloseCode = CloseCode::Library(4003);

/// The events that a client missed, and whether they are all of them.
type Missed = Option<(bool, Vec<Message>)>;

impl Chat {
    pub(super) fn hello(
        &mut self,
        who: ClientId,
        hello: Hello,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let session = hello.session.as_deref().map(numbered::session).transpose()?;
        if self.member(who).is_ok() {
            return Err(RequestError::bad_message("you have said hello already"));
        }
        if hello.version != 1 {
            self.reply(who, &Event::Error(RequestError::version(hello.version)), hub);
            hub.close(who, VERSION, "version");
            return Ok(());
        }
        let token = match hello.token {
            None => None,
            Some(Token::Wanted) => Some(people::token()),
            Some(Token::Known(token)) => {
                let person = self.people.get(people::fingerprint(&token));
                person.ok_or_else(RequestError::unauthorized)?;
                Some(token)
            }
        };
        let token = token.as_deref();
        let fingerprint = token.map(people::fingerprint);
        if fingerprint.is_some_and(|token| self.rules.is_barred(token, self.now)) {
            hub.close(who, KICKED, "kicked");
            return Ok(());
        }
        if let Some(number) = token.and_then(|token| self.here(token)) {
            self.join_member(who, number, hello.username, hub)?;
            self.change_dialect(who);
            self.seat(who, hub);
            let missed = self.missed(who, hello.resume.as_ref());
            self.welcome(who, missed, token, hub);
        } else {
            let lang = hello.lang.as_deref().unwrap_or_default();
            let (username, named) = self.name_for(who, hello.username, token, lang)?;
            self.change_dialect(who);
            let resume = hello.resume.as_ref();
            self.admit(who, Newcomer { username, named, token, resume }, hub);
        }
        if let Some(connection) = self.connections.get_mut(&who) {
            connection.lists_rooms = hello.rooms.then_some(false);
            connection.session = session.map(Box::new).or(connection.session.take());
        }
        Ok(())
    }

    /// The number of the member that has this token, if it is in the room.
    fn here(&self, token: &str) -> Option<ClientId> {
        match self.people.get(people::fingerprint(token))?.place {
            Place::Here(number) | Place::Held(number, _) => Some(number),
            Place::Left(_) => None,
        }
    }

    /// Makes a client one more connection of a member. A member that is asked to have another name
    /// gets it.
    fn join_member(
        &mut self,
        who: ClientId,
        number: ClientId,
        username: Option<String>,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let Some(connection) = self.connections.get_mut(&who) else { return Ok(()) };
        connection.number = number;
        let member = self.member(who)?;
        if let Some(username) = username.filter(|name| **name != *member.username)
            && let Err(error) = self.rename(who, &member, username, hub)
        {
            if let Some(connection) = self.connections.get_mut(&who) {
                connection.number = who;
            }
            return Err(error);
        }
        let Some(member) = self.members.get_mut(number) else { return Ok(()) };
        member.connections += 1;
        member.present += 1;
        if member.connections > 1 {
            self.changed.insert(number);
        }
        if let Some(token) = member.token {
            self.people.here(token, number, member);
        }
        Ok(())
    }

    /// The name of a newcomer, and whether the person chose it: the one asked for, the one of before
    /// if it is free, or a guest's.
    fn name_for(
        &mut self,
        who: ClientId,
        username: Option<String>,
        token: Option<&str>,
        lang: &str,
    ) -> Result<(String, bool), RequestError> {
        if let Some(name) = username {
            return Ok((self.free_name(who, name)?, true));
        }
        let before = token.and_then(|token| self.people.get(people::fingerprint(token)));
        if let Some(before) = before
            && self.members.is_free(who, &before.username)
        {
            return Ok((before.username.to_string(), before.named));
        }
        Ok((self.guest_name(lang), false))
    }

    /// Comes after the last error: a client whose `hello` is refused keeps its dialect.
    fn change_dialect(&mut self, who: ClientId) {
        if let Some(connection) = self.connections.get_mut(&who) {
            let dialect = connection.dialect;
            connection.dialect = dialect.after_hello().unwrap_or(dialect);
        }
    }

    /// From now on, the client is told what members are told.
    fn seat(&mut self, who: ClientId, hub: &Hub) {
        self.unnamed.remove(&who);
        if let Some(dialect) = self.dialect_of(who) {
            hub.seat(who, self.dialects.audience(dialect));
        }
    }

    /// Makes a client a member: sends its arrival to the others, and a welcome to it, with what it
    /// missed if it resumes.
    ///
    /// All this happens in one step, so no event can come between those that were missed and those
    /// that are new.
    pub(super) fn admit(&mut self, who: ClientId, newcomer: Newcomer, hub: &Hub) {
        let Newcomer { username, named, token, resume } = newcomer;
        let fingerprint = token.map(people::fingerprint);
        let before = fingerprint.and_then(|token| self.people.get(token));
        let before = before.map(|person| person.id.clone());
        let Some(connection) = self.connections.get_mut(&who) else { return };
        let dialect = connection.dialect;
        let own = std::mem::take(&mut connection.id);
        let member = Member {
            id: before.unwrap_or(own),
            username: username.into(),
            named,
            dialect: dialect.name(),
            connections: 1,
            present: 1,
            token: fingerprint,
        };
        if !self.members.enter(who, member.clone()) {
            return;
        }
        if let Some(token) = fingerprint {
            self.people.here(token, who, &member);
        }
        self.seat(who, hub);
        let count = self.members.len();
        self.outgrown |= count > LISTED;
        let missed = self.missed(who, resume);
        if self.crowd.came(count, member.clone()) {
            let joined = Event::UserJoined {
                seq: self.history.seq() + 1,
                user: &member,
                members: self.listed(),
                count,
                timestamp: self.timestamp(),
            };
            let kept = self.dialects.broadcast_lasting(&joined, Some(who), hub);
            self.record(kept);
        }
        self.welcome(who, missed, token, hub);
    }

    /// Sends a welcome to a member's connection, and what its client missed.
    fn welcome(&self, who: ClientId, missed: Missed, token: Option<&str>, hub: &Hub) {
        let Ok(user) = self.member(who) else { return };
        let (epoch, seq) = (self.history.epoch(), self.history.seq());
        let welcome = Event::Welcome {
            session: id::random(),
            token,
            user: &user,
            epoch,
            seq,
            members: self.listed(),
            count: self.members.len(),
            recovered: missed.as_ref().map(|(recovered, _)| *recovered),
            locked: self.rules.locked,
            slow: self.rules.slow,
            settings: &self.settings,
            timestamp: self.timestamp(),
        };
        self.reply(who, &welcome, hub);
        if let Some((recovered, events)) = missed {
            for event in events {
                hub.send(who, event);
            }
            self.reply(who, &Event::ReplayEnd { epoch, seq, recovered }, hub);
        }
        if let Keeping::Lost = self.keeping {
            self.reply(who, &Event::Unsaved { timestamp: self.timestamp() }, hub);
        }
    }

    /// The lasting events after a client's place, if it resumes; the last ones if the history does not
    /// keep all of them.
    fn missed(&self, who: ClientId, resume: Option<&Resume>) -> Missed {
        let place = resume.filter(|_| self.dialect_of(who).is_some_and(Dialect::resumes))?;
        Some(match self.history.after(&place.epoch, place.seq) {
            Some(missed) => (true, missed.cloned().collect()),
            None => (false, self.history.last(LAST_EVENTS).cloned().collect()),
        })
    }
}
