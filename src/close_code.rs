//! Every close code that this project knows (RFC 6455 §7.4, and IANA's registry of close codes).
//!
//! One table says what a code means, who may send it, and whether a client should come back.
//! The doctor and the tests of the page read it. The page has its own texts, because a
//! page says what the reader can do; a test compares them with this table.
//!
//! To add a code, add a row to [`TABLE`] in the order of codes, and its texts in both languages to
//! `frontend/texts.js`. After a code from 4000 to 4099 a client stays away, after one from 4100
//! on it comes back. Another code that means [`Then::Stop`] is also listed in `isFinal` in
//! `frontend/connection.js`.

use Sender::{Client, Either, Nobody, Server};
use Then::{Reconnect, Stop};

/// One close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseCode {
    /// The number that a close frame carries.
    pub code: u16,
    /// The registered name, or the name in this project's chat protocol.
    pub name: &'static str,
    /// The endpoints that may send it.
    pub sender: Sender,
    /// The advice to a client after it.
    pub then: Then,
    /// Its meaning, in a few English words.
    pub english: &'static str,
    /// Its meaning, in a few Russian words.
    pub russian: &'static str,
}

/// The endpoints that may send a close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Either endpoint.
    Either,
    /// A client only.
    Client,
    /// A server only.
    Server,
    /// Neither: an API reports it if no close frame with a code came (RFC 6455 §7.4.1).
    Nobody,
}

/// The advice to a client whose connection has ended with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Stay away: the next connection would end in the same way.
    Stop,
    /// Connect again, after a wait that grows and is random.
    Reconnect,
}

/// The highest code of this project's chat protocol that means [`Then::Stop`]: 4000 to 4099 do,
/// as in Pusher's protocol.
const LAST_FINAL_OF_CHAT: u16 = 4099;

/// The table, by code.
#[rustfmt::skip]
pub const TABLE: &[CloseCode] = &[
    known(1000, "normal closure", Either, Stop, "done", "всё сказано"),
    known(1001, "going away", Either, Reconnect, "going away", "сервер или страница уходит"),
    known(1002, "protocol error", Either, Stop, "you broke the protocol", "вы нарушили протокол"),
    known(1003, "unsupported data", Either, Stop, "this kind of data is not accepted", "такие данные не принимают"),
    known(1005, "no status received", Nobody, Reconnect, "no code was given", "кода не было"),
    known(1006, "abnormal closure", Nobody, Reconnect, "no close frame came", "кадра закрытия не было"),
    known(1007, "invalid frame payload data", Either, Stop, "text that is not UTF-8", "текст не в UTF-8"),
    known(1008, "policy violation", Either, Stop, "against the rules of this server", "против правил этого сервера"),
    known(1009, "message too big", Either, Reconnect, "too big", "слишком большое сообщение"),
    known(1010, "mandatory extension", Client, Stop, "an extension is missing", "не хватает расширения"),
    known(1011, "internal error", Either, Reconnect, "the server failed", "ошибка на сервере"),
    known(1012, "service restart", Server, Reconnect, "restarting", "сервер перезапускается"),
    known(1013, "try again later", Server, Reconnect, "try again later", "попробуйте позже"),
    known(1014, "bad gateway", Server, Reconnect, "nobody behind the proxy", "за прокси никого нет"),
    known(1015, "TLS handshake", Nobody, Reconnect, "TLS failed", "не вышло с TLS"),
    known(3000, "unauthorized", Server, Stop, "log in first", "сначала нужно войти"),
    known(3003, "forbidden", Server, Stop, "not allowed", "доступ запрещён"),
    known(3008, "timeout", Either, Reconnect, "it took too long", "слишком долго"),
    known(4001, "session_replaced", Server, Stop, "another connection took over this session", "эту сессию продолжает другое соединение"),
    known(4002, "version", Server, Stop, "another version of the protocol", "другая версия протокола"),
    known(4003, "kicked", Server, Stop, "shown out", "вас удалили из комнаты"),
    known(4004, "unauthorized", Server, Stop, "not allowed in", "вход не разрешён"),
    known(4006, "room_invalid", Server, Stop, "no name for a room", "такого названия комнаты быть не может"),
    known(4107, "hello_timeout", Server, Reconnect, "no hello came in time", "hello не пришло вовремя"),
];

const fn known(
    code: u16,
    name: &'static str,
    sender: Sender,
    then: Then,
    english: &'static str,
    russian: &'static str,
) -> CloseCode {
    CloseCode { code, name, sender, then, english, russian }
}

/// The row of `code`, if the table has one.
#[must_use]
pub fn find(code: u16) -> Option<&'static CloseCode> {
    TABLE.binary_search_by_key(&code, |known| known.code).ok().map(|at| &TABLE[at])
}

/// The advice to a client after `code`. After an unknown code it should connect again, except 4000-4099.
#[must_use]
pub fn then(code: u16) -> Then {
    match find(code) {
        Some(known) => known.then,
        None if (4000..=LAST_FINAL_OF_CHAT).contains(&code) => Stop,
        None => Reconnect,
    }
}

/// The meaning of `code`, in a few English words.
#[must_use]
pub fn english(code: u16) -> &'static str {
    match (find(code), code) {
        (Some(known), _) => known.english,
        (None, 3000..=3999) => "a library's own code",
        (None, 4000..=4999) => "this application's own code",
        _ => "no code that may be sent",
    }
}

/// The meaning of `code`, in a few Russian words.
#[must_use]
pub fn russian(code: u16) -> &'static str {
    match (find(code), code) {
        (Some(known), _) => known.russian,
        (None, 3000..=3999) => "код библиотеки",
        (None, 4000..=4999) => "код этого приложения",
        _ => "такой код слать нельзя",
    }
}
