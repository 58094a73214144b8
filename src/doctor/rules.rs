//! Rules of RFC 6455, asked of a server one connection each.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::SEC_WEBSOCKET_VERSION;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Patient;
use super::cause::part;
use super::knock::knock;
use super::talk::{Heard, Talk, closed};
use crate::client::{Answer, Asked, Request, ResponseFault};
use crate::frame::{Frame, Opcode, Torn, Violation};
use crate::handshake::VERSION;

/// How much a server is bound by a rule (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// There is no way around it.
    Must,
    /// There may be reasons not to.
    Should,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Where it stands: `5.5.2`.
    pub section: &'static str,
    /// How firm it is.
    pub level: Level,
    /// What a server does that keeps it.
    pub english: &'static str,
    /// The same in Russian.
    pub russian: &'static str,
    ask: Ask,
}

/// Whether a rule is kept.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which one.
    pub rule: Rule,
    /// Whether it is; `None` where that could not be found out.
    pub kept: Option<bool>,
    /// What the server did: `close 1002`, `426`, `end without a close frame`, `silence`.
    pub seen: String,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    /// A handshake spoiled so, and the statuses that are right.
    Handshake(Spoiled, &'static [u16]),
    /// A handshake in a version nobody speaks, and a refusal that names ours.
    Version,
    /// Frames that are no reason to hang up.
    Stays(fn() -> Vec<u8>),
    /// Frames that are, with these codes; a bare end of the connection will do (§7.1.7).
    Fails(fn() -> Vec<u8>, &'static [u16]),
    /// A ping, and its pong with the same payload.
    Pong(usize),
    /// A close frame, and its answer with the same code, and then the end.
    Close(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoiled {
    Without(&'static str),
    With(&'static [(&'static str, &'static str)]),
    Method(&'static str),
}

/// What tells that a server is done with all that came before.
const FENCE: &str = "ws101 fence";

/// A version of the protocol that never was: 7 and 8 are drafts that some still speak.
const UNSPOKEN: &str = "99";

/// How long after its pong a server may still end it: some answer a ping at once, and look later
/// at the message that came before.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

const CUT: &str = "end of the connection";
const UNANSWERED: &str = "no answer";

/// How long after its close frame a server may keep the connection.
const CLOSING: Duration = Duration::from_secs(3);

const fn must(
    section: &'static str,
    english: &'static str,
    russian: &'static str,
    ask: Ask,
) -> Rule {
    Rule { section, level: Level::Must, english, russian, ask }
}

const fn should(
    section: &'static str,
    english: &'static str,
    russian: &'static str,
    ask: Ask,
) -> Rule {
    Rule { section, level: Level::Should, english, russian, ask }
}

fn masked(frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
    frames.into_iter().flat_map(|frame| frame.masked([1, 2, 3, 4]).to_bytes()).collect()
}

const RULES: [Rule; 21] = [
    must(
        "4.2.1",
        "a handshake without a key is refused",
        "рукопожатие без ключа отвергают",
        Ask::Handshake(Spoiled::Without("Sec-WebSocket-Key"), &[400, 426]),
    ),
    must(
        "4.2.1",
        "a key that is not 16 bytes is refused",
        "ключ не из 16 байт отвергают",
        Ask::Handshake(Spoiled::With(&[("Sec-WebSocket-Key", "c2hvcnQ=")]), &[400]),
    ),
    must(
        "4.2.1",
        "a handshake by POST is refused",
        "рукопожатие методом POST отвергают",
        Ask::Handshake(Spoiled::Method("POST"), &[400, 404, 405, 426, 501]),
    ),
    must(
        "4.2.2",
        "a version that nobody speaks is refused, and the one that is spoken is named",
        "неизвестную версию отвергают и называют свою",
        Ask::Version,
    ),
    must(
        "4.2.1",
        "Upgrade and Connection may be in any case",
        "Upgrade и Connection можно писать любыми буквами",
        Ask::Handshake(
            Spoiled::With(&[("Upgrade", "WebSocket"), ("Connection", "UPGRADE")]),
            &[101],
        ),
    ),
    must(
        "5.1",
        "a frame without a mask closes the connection",
        "после кадра без маски соединение закрывают",
        Ask::Fails(|| Frame::text("bare").to_bytes().to_vec(), &[1002]),
    ),
    must(
        "5.2",
        "a reserved bit closes the connection",
        "после зарезервированного бита соединение закрывают",
        Ask::Fails(|| masked([Frame::text("x").rsv(4)]), &[1002]),
    ),
    must(
        "5.2",
        "a reserved opcode closes the connection",
        "после зарезервированного opcode соединение закрывают",
        Ask::Fails(|| masked([Frame::new(Opcode::Reserved(3), "x")]), &[1002]),
    ),
    should(
        "5.2",
        "a length of more than 63 bits closes the connection",
        "после длины больше 63 бит соединение закрывают",
        Ask::Fails(|| [&[0x82, 0xff][..], &[0xff; 8], &[0; 4]].concat(), &[1002, 1009]),
    ),
    must(
        "5.4",
        "a message in fragments is no reason to hang up",
        "сообщение по частям — не повод бросать трубку",
        Ask::Stays(|| {
            masked([
                Frame::text("ws").unfinished(),
                Frame::ping("between"),
                Frame::new(Opcode::Continuation, "101"),
            ])
        }),
    ),
    must(
        "5.4",
        "a continuation of nothing closes the connection",
        "после продолжения без начала соединение закрывают",
        Ask::Fails(|| masked([Frame::new(Opcode::Continuation, "x")]), &[1002]),
    ),
    must(
        "5.4",
        "a message inside a message closes the connection",
        "после сообщения внутри сообщения соединение закрывают",
        Ask::Fails(|| masked([Frame::text("a").unfinished(), Frame::text("b")]), &[1002]),
    ),
    must(
        "5.5",
        "a control frame of more than 125 bytes closes the connection",
        "после управляющего кадра длиннее 125 байт соединение закрывают",
        Ask::Fails(|| masked([Frame::ping(vec![b'x'; 126])]), &[1002]),
    ),
    must(
        "5.5",
        "a control frame in fragments closes the connection",
        "после управляющего кадра по частям соединение закрывают",
        Ask::Fails(|| masked([Frame::ping("x").unfinished()]), &[1002]),
    ),
    must(
        "5.5.1",
        "a close frame is answered with its code",
        "на кадр закрытия отвечают тем же кодом",
        Ask::Close(1000),
    ),
    must(
        "5.5.1",
        "a close frame of one byte is an error",
        "кадр закрытия из одного байта — ошибка",
        Ask::Fails(|| masked([Frame::new(Opcode::Close, "x")]), &[1002]),
    ),
    must(
        "5.5.2",
        "a ping is answered with its payload",
        "на ping отвечают тем же содержимым",
        Ask::Pong(4),
    ),
    must("5.5.2", "a ping of 125 bytes too", "на ping из 125 байт тоже", Ask::Pong(125)),
    must(
        "5.5.3",
        "a pong that nobody asked for is no reason to hang up",
        "непрошеный pong — не повод бросать трубку",
        Ask::Stays(|| masked([Frame::pong("here")])),
    ),
    must(
        "7.4.1",
        "a close code that may not be sent is an error",
        "запрещённый код закрытия — ошибка",
        Ask::Fails(|| masked([Frame::close(1005, "")]), &[1002]),
    ),
    must(
        "8.1",
        "text that is not UTF-8 closes the connection",
        "после текста не в UTF-8 соединение закрывают",
        Ask::Fails(|| masked([Frame::text(&b"\xc3\x28"[..])]), &[1007]),
    ),
];

/// Asks `peer` about every rule, all at once; the verdicts come in the order of [`RULES`].
///
/// Cancel safe: dropping the future ends every question.
pub(super) async fn judge(patient: &Patient, peer: SocketAddr) -> Vec<Verdict> {
    let mut asked = JoinSet::new();
    for (index, &rule) in RULES.iter().enumerate() {
        let patient = patient.clone();
        asked.spawn(async move { (index, verdict(&patient, peer, rule).await) });
    }
    let mut verdicts = asked.join_all().await;
    verdicts.sort_by_key(|(index, _)| *index);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// Asks `peer` about one rule, on a connection of its own.
async fn verdict(patient: &Patient, peer: SocketAddr, rule: Rule) -> Verdict {
    let (kept, seen) = match rule.ask {
        Ask::Handshake(spoiled, right) => handshake(patient, peer, spoiled, right).await,
        Ask::Version => version(patient, peer).await,
        Ask::Stays(bytes) => stays(patient, peer, &bytes()).await,
        Ask::Fails(bytes, codes) => fails(patient, peer, &bytes(), codes).await,
        Ask::Pong(size) => pong(patient, peer, size).await,
        Ask::Close(code) => close(patient, peer, code).await,
    };
    Verdict { rule, kept, seen }
}

type Seen = (Option<bool>, String);

async fn handshake(patient: &Patient, peer: SocketAddr, spoiled: Spoiled, right: &[u16]) -> Seen {
    let request = patient.request();
    let request = match spoiled {
        Spoiled::Without(name) => request.without(name),
        Spoiled::With(headers) => {
            headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        }
        Spoiled::Method(name) => request.method(name),
    };
    match ask(patient, peer, &request).await {
        Some((_, Answer::Response { response, .. })) => {
            let status = response.status().as_u16();
            let kept = right.contains(&status);
            // A refusal in other words is a refusal.
            let refused = !right.contains(&101) && (400..500).contains(&status);
            (Some(kept || refused), status.to_string())
        }
        Some((_, Answer::Eof | Answer::Reset)) => (Some(!right.contains(&101)), CUT.to_owned()),
        _ => (None, UNANSWERED.to_owned()),
    }
}

/// 426 is what the RFC proposes, the header is what it demands.
async fn version(patient: &Patient, peer: SocketAddr) -> Seen {
    let request = patient.request().header("Sec-WebSocket-Version", UNSPOKEN);
    match ask(patient, peer, &request).await {
        Some((_, Answer::Response { response, .. })) => {
            let status = response.status().as_u16();
            let named = response.headers().get_all(SEC_WEBSOCKET_VERSION).iter();
            let mut named =
                named.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
            let is_named = named.any(|one| one.trim() == VERSION);
            let seen = if is_named { "names 13" } else { "names none" };
            (Some(is_named && (400..500).contains(&status)), format!("{status}, {seen}"))
        }
        Some((_, Answer::Eof | Answer::Reset)) => (Some(false), CUT.to_owned()),
        _ => (None, UNANSWERED.to_owned()),
    }
}

async fn stays(patient: &Patient, peer: SocketAddr, bytes: &[u8]) -> Seen {
    let Some(mut talk) = open(patient, peer).await else { return closed_door() };
    talk.send(bytes).await;
    match outcome(&mut talk, patient.patience).await {
        Outcome::Alive => (Some(true), "stays".to_owned()),
        // Whoever does not like the message says so: that is no breach of this rule.
        Outcome::Closed(code @ (1003 | 1007..=1009 | 1011 | 4000..)) => {
            (None, format!("close {code}"))
        }
        other => (Some(false), other.to_string()),
    }
}

async fn fails(patient: &Patient, peer: SocketAddr, bytes: &[u8], codes: &[u16]) -> Seen {
    let Some(mut talk) = open(patient, peer).await else { return closed_door() };
    talk.send(bytes).await;
    let mut outcome = outcome(&mut talk, patient.patience).await;
    if outcome == Outcome::Alive {
        outcome = match listen(&mut talk, AFTERTHOUGHT).await {
            Outcome::Silence => Outcome::Alive,
            end => end,
        };
    }
    let kept = match outcome {
        Outcome::Alive | Outcome::Silence | Outcome::Unfinished(_) | Outcome::Broken(_) => {
            Some(false)
        }
        Outcome::Ended => Some(true),
        Outcome::Closed(code) => Some(codes.contains(&code)),
    };
    (kept, outcome.to_string())
}

async fn pong(patient: &Patient, peer: SocketAddr, size: usize) -> Seen {
    let Some(mut talk) = open(patient, peer).await else { return closed_door() };
    let payload = vec![b'7'; size];
    talk.say(Frame::ping(payload.clone())).await;
    let deadline = Instant::now() + patient.patience;
    loop {
        match talk.hear(deadline).await {
            Heard::Frame(frame) if frame.header.opcode == Opcode::Pong => {
                let same = frame.payload == payload;
                let seen = if same { "pong" } else { "pong with another payload" };
                return (Some(same), seen.to_owned());
            }
            Heard::Frame(frame) if closed(&frame).is_none() => {}
            Heard::Frame(_) | Heard::Broken(_) | Heard::End(_) => {
                return (Some(false), "end".to_owned());
            }
            Heard::Nothing(begun) => return (Some(false), silence(begun)),
        }
    }
}

async fn close(patient: &Patient, peer: SocketAddr, code: u16) -> Seen {
    let Some(mut talk) = open(patient, peer).await else { return closed_door() };
    talk.say(Frame::close(code, "")).await;
    let deadline = Instant::now() + patient.patience;
    loop {
        match talk.hear(deadline).await {
            Heard::Frame(frame) => {
                if let Some((answered, _)) = closed(&frame) {
                    let ended = matches!(talk.hear(Instant::now() + CLOSING).await, Heard::End(_));
                    let seen =
                        format!("close {answered}{}", if ended { "" } else { ", and no end" });
                    return (Some(answered == code && ended), seen);
                }
            }
            Heard::Broken(_) | Heard::End(_) => {
                return (Some(false), "end without a close frame".to_owned());
            }
            Heard::Nothing(begun) => return (Some(false), silence(begun)),
        }
    }
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It answers pings.
    Alive,
    Closed(u16),
    /// It breaks a rule itself.
    Broken(Violation),
    Ended,
    Silence,
    /// A frame that does not end, of which so much came.
    Unfinished(Torn),
}

/// What a server did that said nothing whole.
fn silence(begun: Option<Torn>) -> String {
    begun.map_or(Outcome::Silence, Outcome::Unfinished).to_string()
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Alive => f.write_str("goes on"),
            Self::Closed(code) => write!(f, "close {code}"),
            Self::Broken(violation) => write!(f, "an error of its own: {violation}"),
            Self::Ended => f.write_str("end without a close frame"),
            Self::Silence => f.write_str("silence"),
            Self::Unfinished(begun) => write!(f, "a frame without an end: {}", part(*begun)),
        }
    }
}

/// Asks by a ping whether it is still there, and waits for the answer or the end.
async fn outcome(talk: &mut Talk, patience: Duration) -> Outcome {
    talk.say(Frame::ping(FENCE)).await;
    listen(talk, patience).await
}

/// Waits for the pong, or the end.
async fn listen(talk: &mut Talk, patience: Duration) -> Outcome {
    let deadline = Instant::now() + patience;
    loop {
        match talk.hear(deadline).await {
            Heard::Frame(frame) => {
                if let Some((code, _)) = closed(&frame) {
                    return Outcome::Closed(code);
                }
                if frame.header.opcode == Opcode::Pong && frame.payload == FENCE {
                    return Outcome::Alive;
                }
            }
            Heard::Broken(violation) => return Outcome::Broken(violation),
            Heard::End(_) => return Outcome::Ended,
            Heard::Nothing(Some(begun)) => return Outcome::Unfinished(begun),
            Heard::Nothing(None) => return Outcome::Silence,
        }
    }
}

fn closed_door() -> Seen {
    (None, "not let in".to_owned())
}

async fn open(patient: &Patient, peer: SocketAddr) -> Option<Talk> {
    let request = patient.request();
    let asked = Asked::of(&request.to_bytes(&patient.address.authority()));
    let (tcp, answer) = ask(patient, peer, &request).await?;
    let is_refused = answer.faults(&asked).iter().any(ResponseFault::is_fatal);
    match answer {
        Answer::Response { rest, .. } if !is_refused => {
            Some(Talk::new(tcp, &rest, patient.patience))
        }
        _ => None,
    }
}

async fn ask(
    patient: &Patient,
    peer: SocketAddr,
    request: &Request,
) -> Option<(tokio::net::TcpStream, Answer)> {
    let bytes = request.to_bytes(&patient.address.authority());
    knock(peer, &bytes, patient.patience).await.ok()
}
