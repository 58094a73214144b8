//! The rules of RFC 6455 that the doctor tests, each on a connection of its own.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::SEC_WEBSOCKET_VERSION;
use tokio::time::Instant;

use super::cause::Cause;
use super::opening::{ask, open};
use super::reaction::Reaction;
use super::talk::{Talk, TalkEvent, closed};
use super::target::Target;
use crate::client::Answer;
use crate::frame::{Frame, Opcode, Torn};
use crate::handshake::VERSION;

/// How strictly a rule binds a server (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// MUST: a server that breaks it breaks the protocol.
    Must,
    /// SHOULD: a server may have a reason to do otherwise.
    Should,
}

/// One rule of RFC 6455.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The section that states it: `5.5.2`.
    pub section: &'static str,
    /// Whether it is a MUST or a SHOULD.
    pub level: Level,
    /// The rule as one sentence, in English.
    pub english: &'static str,
    /// The rule in Russian.
    pub russian: &'static str,
    question: Question,
}

/// Whether a server keeps one rule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleVerdict {
    /// The rule.
    pub rule: Rule,
    /// Whether the server keeps it; `None` if the test gave no answer.
    pub kept: Option<bool>,
    /// The server's reaction.
    pub seen: Reaction,
}

#[derive(Clone, Copy, Debug)]
enum Question {
    /// Sends a handshake with this change, and expects one of these statuses.
    Handshake(Spoiled, &'static [u16]),
    /// Sends a handshake in an unknown version, and expects a refusal that names version 13.
    Version,
    /// Sends frames that must not close the connection. If the server closes it, the second frames carry the
    /// same message without what the rule is about: a server that closes after them, too, minds the message.
    Stays(fn() -> Vec<u8>, fn() -> Vec<u8>),
    /// Sends frames that must close the connection with one of these codes, or without a close frame (§7.1.7).
    Fails(fn() -> Vec<u8>, &'static [u16]),
    /// Sends a ping with this many bytes, and expects a pong with the same payload.
    Pong(usize),
    /// Sends a close frame, and expects a close frame with the same code, then the end of the connection.
    Close(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoiled {
    Without(&'static str),
    With(&'static [(&'static str, &'static str)]),
    Method(&'static str),
}

/// The payload of a ping that is sent last: its pong shows that the server has read all before it.
const FENCE: &str = "ws101 fence";

/// A version of the protocol that does not exist; 7 and 8 are drafts that some servers still accept.
const UNSPOKEN: &str = "99";

/// How long after its pong a server may still close: some servers answer a ping at once, and check
/// the message before it later.
const LATE_CLOSE: Duration = Duration::from_millis(500);

/// How long after its close frame a server may keep the connection open.
const CLOSING: Duration = Duration::from_secs(3);

const fn must(
    section: &'static str,
    english: &'static str,
    russian: &'static str,
    question: Question,
) -> Rule {
    Rule { section, level: Level::Must, english, russian, question }
}

const fn should(
    section: &'static str,
    english: &'static str,
    russian: &'static str,
    question: Question,
) -> Rule {
    Rule { section, level: Level::Should, english, russian, question }
}

fn masked(frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
    frames.into_iter().flat_map(|frame| frame.masked([1, 2, 3, 4]).to_bytes()).collect()
}

pub(super) const RULES: [Rule; 21] = [
    must(
        "4.2.1",
        "a handshake without a key is refused",
        "рукопожатие без ключа отвергают",
        Question::Handshake(Spoiled::Without("Sec-WebSocket-Key"), &[400, 426]),
    ),
    must(
        "4.2.1",
        "a key that is not 16 bytes is refused",
        "ключ не из 16 байт отвергают",
        Question::Handshake(Spoiled::With(&[("Sec-WebSocket-Key", "c2hvcnQ=")]), &[400]),
    ),
    must(
        "4.2.1",
        "a handshake by POST is refused",
        "рукопожатие методом POST отвергают",
        Question::Handshake(Spoiled::Method("POST"), &[400, 404, 405, 426, 501]),
    ),
    must(
        "4.2.2",
        "a version that nobody speaks is refused, and the one that is spoken is named",
        "неизвестную версию отвергают и называют свою",
        Question::Version,
    ),
    must(
        "4.2.1",
        "Upgrade and Connection may be in any case",
        "Upgrade и Connection можно писать любыми буквами",
        Question::Handshake(
            Spoiled::With(&[("Upgrade", "WebSocket"), ("Connection", "UPGRADE")]),
            &[101],
        ),
    ),
    must(
        "5.1",
        "a frame without a mask closes the connection",
        "после кадра без маски соединение закрывают",
        Question::Fails(|| Frame::text("bare").to_bytes().to_vec(), &[1002]),
    ),
    must(
        "5.2",
        "a reserved bit closes the connection",
        "после зарезервированного бита соединение закрывают",
        Question::Fails(|| masked([Frame::text("x").rsv(4)]), &[1002]),
    ),
    must(
        "5.2",
        "a reserved opcode closes the connection",
        "после зарезервированного opcode соединение закрывают",
        Question::Fails(|| masked([Frame::new(Opcode::Reserved(3), "x")]), &[1002]),
    ),
    should(
        "5.2",
        "a length of more than 63 bits closes the connection",
        "после длины больше 63 бит соединение закрывают",
        Question::Fails(|| [&[0x82, 0xff][..], &[0xff; 8], &[0; 4]].concat(), &[1002, 1009]),
    ),
    must(
        "5.4",
        "a message in fragments does not close the connection",
        "сообщение по частям не закрывает соединение",
        Question::Stays(
            || {
                masked([
                    Frame::text("ws").unfinished(),
                    Frame::ping("between"),
                    Frame::new(Opcode::Continuation, "101"),
                ])
            },
            || masked([Frame::text("ws101")]),
        ),
    ),
    must(
        "5.4",
        "a continuation of nothing closes the connection",
        "после продолжения без начала соединение закрывают",
        Question::Fails(|| masked([Frame::new(Opcode::Continuation, "x")]), &[1002]),
    ),
    must(
        "5.4",
        "a message inside a message closes the connection",
        "после сообщения внутри сообщения соединение закрывают",
        Question::Fails(|| masked([Frame::text("a").unfinished(), Frame::text("b")]), &[1002]),
    ),
    must(
        "5.5",
        "a control frame of more than 125 bytes closes the connection",
        "после управляющего кадра длиннее 125 байт соединение закрывают",
        Question::Fails(|| masked([Frame::ping(vec![b'x'; 126])]), &[1002]),
    ),
    must(
        "5.5",
        "a control frame in fragments closes the connection",
        "после управляющего кадра по частям соединение закрывают",
        Question::Fails(|| masked([Frame::ping("x").unfinished()]), &[1002]),
    ),
    must(
        "5.5.1",
        "a close frame is answered with its code",
        "на кадр закрытия отвечают тем же кодом",
        Question::Close(1000),
    ),
    must(
        "5.5.1",
        "a close frame of one byte is an error",
        "кадр закрытия из одного байта — ошибка",
        Question::Fails(|| masked([Frame::new(Opcode::Close, "x")]), &[1002]),
    ),
    must(
        "5.5.2",
        "a ping is answered with its payload",
        "на ping отвечают тем же содержимым",
        Question::Pong(4),
    ),
    must(
        "5.5.2",
        "a ping of 125 bytes is answered, too",
        "на ping из 125 байт тоже",
        Question::Pong(125),
    ),
    must(
        "5.5.3",
        "an unsolicited pong does not close the connection",
        "непрошеный pong не закрывает соединение",
        Question::Stays(|| masked([Frame::pong("here")]), Vec::new),
    ),
    must(
        "7.4.1",
        "a close code that may not be sent is an error",
        "запрещённый код закрытия — ошибка",
        Question::Fails(|| masked([Frame::close(1005, "")]), &[1002]),
    ),
    must(
        "8.1",
        "text that is not UTF-8 closes the connection",
        "после текста не в UTF-8 соединение закрывают",
        Question::Fails(|| masked([Frame::text(&b"\xc3\x28"[..])]), &[1007]),
    ),
];

impl Rule {
    /// Whether the test does what a client may do. A server that ends of that ends of anything.
    pub(super) fn is_gentle(&self) -> bool {
        matches!(self.question, Question::Stays(..) | Question::Pong(_) | Question::Close(_))
    }

    /// The cause if this test has ended the whole server.
    pub(super) fn death(&self) -> Cause {
        let Self { section, english, russian, question, .. } = *self;
        let frame = match question {
            Question::Fails(bytes, _) => Some(bytes()),
            _ => None,
        };
        Cause::DiedOf { section, english, russian, frame }
    }

    /// Tests it at `peer`, on a connection of its own.
    pub(super) async fn test(self, target: &Target, peer: SocketAddr) -> Observed {
        match self.question {
            Question::Handshake(spoiled, right) => handshake(target, peer, spoiled, right).await,
            Question::Version => version(target, peer).await,
            Question::Stays(bytes, same) => stays(target, peer, &bytes(), &same()).await,
            Question::Fails(bytes, codes) => fails(target, peer, &bytes(), codes).await,
            Question::Pong(size) => pong(target, peer, size).await,
            Question::Close(code) => close(target, peer, code).await,
        }
    }
}

/// Whether a rule is kept, and the reaction of the server.
pub(super) type Observed = (Option<bool>, Reaction);

async fn handshake(target: &Target, peer: SocketAddr, spoiled: Spoiled, right: &[u16]) -> Observed {
    let request = target.request();
    let request = match spoiled {
        Spoiled::Without(name) => request.without(name),
        Spoiled::With(headers) => {
            headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        }
        Spoiled::Method(name) => request.method(name),
    };
    match ask(target, peer, &request).await {
        Some((_, Answer::Response { response, .. })) => {
            let status = response.status().as_u16();
            let kept = right.contains(&status);
            // Any other 4xx refuses the handshake, too.
            let refused = !right.contains(&101) && (400..500).contains(&status);
            (Some(kept || refused), Reaction::Status(status))
        }
        Some((_, Answer::Eof | Answer::Reset)) => (Some(!right.contains(&101)), Reaction::Cut),
        _ => (None, Reaction::Unanswered),
    }
}

/// RFC 6455 §4.2.2 suggests 426 and requires the header `Sec-WebSocket-Version`.
async fn version(target: &Target, peer: SocketAddr) -> Observed {
    let request = target.request().header("Sec-WebSocket-Version", UNSPOKEN);
    match ask(target, peer, &request).await {
        Some((_, Answer::Response { response, .. })) => {
            let status = response.status().as_u16();
            let named = response.headers().get_all(SEC_WEBSOCKET_VERSION).iter();
            let mut named =
                named.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
            let is_named = named.any(|one| one.trim() == VERSION);
            let kept = is_named && (400..500).contains(&status);
            (Some(kept), Reaction::Version(status, is_named))
        }
        Some((_, Answer::Eof | Answer::Reset)) => (Some(false), Reaction::Cut),
        _ => (None, Reaction::Unanswered),
    }
}

async fn stays(target: &Target, peer: SocketAddr, bytes: &[u8], same: &[u8]) -> Observed {
    let Some(mut talk) = open(target, peer).await else { return not_opened() };
    talk.send(bytes).await;
    match reaction(&mut talk, target.timeout).await {
        Reaction::GoesOn => (Some(true), Reaction::Stays),
        other => {
            let Some(mut talk) = open(target, peer).await else { return (Some(false), other) };
            talk.send(same).await;
            match reaction(&mut talk, target.timeout).await {
                Reaction::GoesOn => (Some(false), other),
                // It minds the message, and has understood both in the same way.
                Reaction::Close(code) if code != 1002 && other == Reaction::Close(code) => {
                    (Some(true), other)
                }
                // It minds the message, and the test does not tell whether this rule is broken.
                _ => (None, other),
            }
        }
    }
}

async fn fails(target: &Target, peer: SocketAddr, bytes: &[u8], codes: &[u16]) -> Observed {
    let Some(mut talk) = open(target, peer).await else { return not_opened() };
    talk.send(bytes).await;
    let mut reaction = reaction(&mut talk, target.timeout).await;
    if reaction == Reaction::GoesOn {
        reaction = match read_reaction(&mut talk, LATE_CLOSE).await {
            Reaction::Silence => Reaction::GoesOn,
            end => end,
        };
    }
    let kept = match reaction {
        Reaction::EndWithoutClose => true,
        Reaction::Close(code) => codes.contains(&code),
        _ => false,
    };
    (Some(kept), reaction)
}

async fn pong(target: &Target, peer: SocketAddr, size: usize) -> Observed {
    let Some(mut talk) = open(target, peer).await else { return not_opened() };
    let payload = vec![b'7'; size];
    talk.send_frame(Frame::ping(payload.clone())).await;
    let deadline = Instant::now() + target.timeout;
    loop {
        match talk.receive(deadline).await {
            TalkEvent::Frame(frame) if frame.header.opcode == Opcode::Pong => {
                let same = frame.payload == payload;
                return (Some(same), Reaction::Pong(same));
            }
            TalkEvent::Frame(frame) if closed(&frame).is_none() => {}
            TalkEvent::Frame(_) | TalkEvent::Broken(_) | TalkEvent::End(_) => {
                return (Some(false), Reaction::End);
            }
            TalkEvent::Nothing(begun) => return (Some(false), silence(begun)),
        }
    }
}

async fn close(target: &Target, peer: SocketAddr, code: u16) -> Observed {
    let Some(mut talk) = open(target, peer).await else { return not_opened() };
    talk.send_frame(Frame::close(code, "")).await;
    let deadline = Instant::now() + target.timeout;
    loop {
        match talk.receive(deadline).await {
            TalkEvent::Frame(frame) => {
                if let Some((answered, _)) = closed(&frame) {
                    let ended =
                        matches!(talk.receive(Instant::now() + CLOSING).await, TalkEvent::End(_));
                    let kind = if ended { Reaction::Close } else { Reaction::CloseWithoutEnd };
                    return (Some(answered == code && ended), kind(answered));
                }
            }
            TalkEvent::Broken(_) | TalkEvent::End(_) => {
                return (Some(false), Reaction::EndWithoutClose);
            }
            TalkEvent::Nothing(begun) => return (Some(false), silence(begun)),
        }
    }
}

/// The reaction of a server that sent no whole frame.
fn silence(begun: Option<Torn>) -> Reaction {
    begun.map_or(Reaction::Silence, Reaction::Unfinished)
}

/// Sends a ping, and waits for the pong or the end of the connection. Not cancel safe.
async fn reaction(talk: &mut Talk, timeout: Duration) -> Reaction {
    talk.send_frame(Frame::ping(FENCE)).await;
    read_reaction(talk, timeout).await
}

/// Waits for the pong, or for the end of the connection. Not cancel safe.
async fn read_reaction(talk: &mut Talk, timeout: Duration) -> Reaction {
    let deadline = Instant::now() + timeout;
    loop {
        match talk.receive(deadline).await {
            TalkEvent::Frame(frame) => {
                if let Some((code, _)) = closed(&frame) {
                    return Reaction::Close(code);
                }
                if frame.header.opcode == Opcode::Pong && frame.payload == FENCE {
                    return Reaction::GoesOn;
                }
            }
            TalkEvent::Broken(violation) => return Reaction::Broken(violation),
            TalkEvent::End(_) => return Reaction::EndWithoutClose,
            TalkEvent::Nothing(begun) => return silence(begun),
        }
    }
}

fn not_opened() -> Observed {
    (None, Reaction::NotOpened)
}
