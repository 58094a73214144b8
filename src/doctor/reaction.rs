//! The reactions of a server to the test of a rule, in both languages.

use std::fmt;

use super::cause::part;
use super::russian::part as part_in_russian;
use crate::frame::{Torn, Violation};

/// How a server reacted to the test of a rule; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// A response with this status.
    Status(u16),
    /// A response with this status to an unknown version; whether it names version 13.
    Version(u16, bool),
    /// The connection stays open after frames that must not close it.
    Stays,
    /// The connection goes on after frames that must close it.
    GoesOn,
    /// A close frame with this code.
    Close(u16),
    /// A close frame with this code, and the connection does not end.
    CloseWithoutEnd(u16),
    /// A pong; whether it has the payload of the ping.
    Pong(bool),
    /// The end of the connection, or frames that break a rule, in place of a pong.
    End,
    /// The end of the connection without a close frame.
    EndWithoutClose,
    /// The end of the connection in place of a response.
    Cut,
    /// Frames that break a rule.
    Broken(Violation),
    /// No frame.
    Silence,
    /// A frame began, and its end did not come; the part that came.
    Unfinished(Torn),
    /// No response.
    Unanswered,
    /// The handshake before the test was refused.
    NotOpened,
    /// The server has ended.
    Gone,
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status(status) => return write!(f, "{status}"),
            Self::Version(status, true) => return write!(f, "{status}, names 13"),
            Self::Version(status, false) => return write!(f, "{status}, names none"),
            Self::Stays => "stays",
            Self::GoesOn => "goes on",
            Self::Close(code) => return write!(f, "close {code}"),
            Self::CloseWithoutEnd(code) => return write!(f, "close {code}, and no end"),
            Self::Pong(true) => "pong",
            Self::Pong(false) => "pong with another payload",
            Self::End => "end",
            Self::EndWithoutClose => "end without a close frame",
            Self::Cut => "end of the connection",
            Self::Broken(violation) => return write!(f, "an error of its own: {violation}"),
            Self::Silence => "silence",
            Self::Unfinished(torn) => return write!(f, "a frame without an end: {}", part(*torn)),
            Self::Unanswered => "no answer",
            Self::NotOpened => "not let in",
            Self::Gone => "the server is gone",
        })
    }
}

impl Reaction {
    /// The same in Russian. Names of frames stay as they are: `close`, `pong`.
    #[must_use]
    pub fn in_russian(self) -> String {
        let words = match self {
            Self::Status(status) => return status.to_string(),
            Self::Version(status, true) => return format!("{status}, названа версия 13"),
            Self::Version(status, false) => return format!("{status}, версия не названа"),
            Self::Stays => "осталось открытым",
            Self::GoesOn => "продолжается",
            Self::Close(code) => return format!("close {code}"),
            Self::CloseWithoutEnd(code) => return format!("close {code}, но не конец"),
            Self::Pong(true) => "pong",
            Self::Pong(false) => "pong с другим содержимым",
            Self::End => "конец",
            Self::EndWithoutClose => "конец без кадра закрытия",
            Self::Cut => "конец соединения",
            Self::Broken(violation) => {
                return format!("сервер ошибся сам: {}", violation.in_russian());
            }
            Self::Silence => "тишина",
            Self::Unfinished(torn) => return format!("кадр без конца: {}", part_in_russian(torn)),
            Self::Unanswered => "ответа нет",
            Self::NotOpened => "не пустили",
            Self::Gone => "сервера больше нет",
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Reaction as R;
    use crate::frame::{Torn, Violation};

    #[test]
    fn every_reaction_has_its_russian_twin() {
        let torn = R::Unfinished(Torn { header: None, received: 1 });
        for reaction in [
            R::Version(400, true),
            R::Version(400, false),
            R::Stays,
            R::GoesOn,
            R::CloseWithoutEnd(1000),
            R::Pong(false),
            R::End,
            R::EndWithoutClose,
            R::Cut,
            R::Broken(Violation::CloseOneByte),
            R::Silence,
            torn,
            R::Unanswered,
            R::NotOpened,
            R::Gone,
        ] {
            let russian = reaction.in_russian().replace("(RFC 6455", "");
            let words = russian.split_whitespace();
            let mut english =
                words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            let left = english.find(|word| !["close", "pong"].contains(word));
            assert_eq!(left, None, "{russian}");
            assert_ne!(russian, reaction.to_string());
        }
    }
}
