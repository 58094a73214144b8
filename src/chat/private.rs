//! Messages to some members only.

use super::event::{Event, Member};
use super::numbered::Numbered;
use super::request::{ErrorCode, RequestError};
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::id;
use crate::timestamp;

impl Chat {
    /// Sends a message to every connection of some members, and of its sender.
    ///
    /// # Errors
    ///
    /// One of the members is not here, or none of its connections can be told. Then nobody is told.
    pub(super) fn send_private(
        &mut self,
        who: ClientId,
        request_id: Option<&str>,
        to: &[String],
        content: &str,
        hub: &Hub,
    ) -> Result<(), RequestError> {
        let user = self.member(who)?;
        let addressees = to.join(" ");
        let numbered = Numbered::new(request_id, ["private", addressees.as_str(), content]);
        if self.answered_before(who, numbered, hub)? {
            return Ok(());
        }
        let mut numbers = vec![self.number(who)];
        let mut members: Vec<Member> = Vec::new();
        for id in to {
            let found = self.members.find(|member| *member.id == **id);
            let (number, member) = found.ok_or_else(|| not_found(request_id))?;
            numbers.push(number);
            members.push(member.clone());
        }
        self.permit_message(who, &user)
            .map_err(|error| error.about(request_id.map(str::to_owned)))?;
        let receipt = self.receipt(who, None);
        let made_up = id::random();
        let message = Event::Private {
            id: request_id.unwrap_or(&made_up),
            user: &user,
            to: &members,
            content,
            timestamp: timestamp::of(receipt.at),
        };
        let is_theirs = |number: ClientId| numbers.contains(&number);
        let theirs = self.connections.iter().filter(|(_, connection)| is_theirs(connection.number));
        let frames: Vec<_> = theirs
            .filter_map(|(&id, connection)| {
                let frame = self.dialects.written(&message, connection.dialect)?;
                Some((id, connection.number, frame))
            })
            .collect();
        let reached = |number: &ClientId| frames.iter().any(|(_, reached, _)| reached == number);
        if !numbers.iter().all(reached) {
            return Err(not_found(request_id));
        }
        for (id, _, frame) in frames {
            hub.send(id, frame);
        }
        self.confirm(who, numbered, receipt, hub);
        Ok(())
    }
}

fn not_found(request_id: Option<&str>) -> RequestError {
    let words = "somebody that the message is for is not here, or has no private messages";
    RequestError::new(ErrorCode::NotFound, words).about(request_id.map(str::to_owned))
}
