//! A connection to the doctor of a class: the teacher's page, the page of the phone, and its WebSocket.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ws101::frame::{Checker, Decoder, Frame, Opcode, Role};
use ws101::handshake::{Policy, asks, encode, is_private};
use ws101::http::header::HOST;
use ws101::http::{Method, Request, StatusCode};
use ws101::id;
use ws101::stream::{Io, LINGER, Rewind, linger, within};
use ws101::upgrade::{Head, read_head, refuse};

use super::super::sighting::Step;
use super::state::Classroom;
use crate::class::{Files, PATIENCE, Reply, answer, foreign, lang_of};
use crate::code;
use crate::lang::Lang;

/// The first byte of TLS: a handshake record (RFC 8446 §5.1).
const TLS: u8 = 0x16;

/// The path of the WebSocket.
const SOCKET: &str = "/ws";

/// The longest message of a phone.
const LONGEST: usize = 1024;

/// How long a phone may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Serves one request and ends the connection. A device is another one if its address is not the one that
/// it connected to.
pub async fn serve(classroom: Arc<Classroom>, tcp: TcpStream, peer: IpAddr) {
    let Ok(local) = tcp.local_addr() else { return };
    let device = (peer.to_canonical() != local.ip().to_canonical()).then(|| peer.to_canonical());
    let saw = |step| {
        if let Some(device) = device {
            classroom.saw(step, device);
        }
    };
    let mut first = [0];
    match timeout(PATIENCE, tcp.peek(&mut first)).await {
        Ok(Ok(1)) if first == [TLS] => return saw(Step::AskedForTls),
        Ok(Ok(1)) => {}
        _ => return,
    }
    // A refusal of a malformed head is sent already.
    let Ok(Head { request, bytes, size, io }) = read_head(tcp, PATIENCE).await else { return };
    let io = Rewind::new(&bytes[size..], io);
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default().to_owned();
    if !is_private(&host) {
        saw(Step::AskedByName);
    }
    let lang = lang_of(request.headers(), classroom.lang);
    if let Some(refusal) = foreign(request.headers(), &host, lang) {
        return answer(io, &host, refusal).await;
    }
    if asks(request.headers()) {
        // An error is the end of its connection: it comes back by itself.
        let _ = talk(&request, io, &saw).await;
        return;
    }
    let reply = page(&classroom, &request, device.is_none(), lang).await;
    let is_phone = request.uri().path() == "/phone";
    answer(io, &host, reply).await;
    if is_phone {
        saw(Step::Loaded);
    }
}

async fn page(classroom: &Classroom, request: &Request<()>, is_near: bool, lang: Lang) -> Reply {
    let nothing = || {
        let sentence = lang.pick("the doctor has no such page", "такой страницы у доктора нет");
        Reply::error(StatusCode::NOT_FOUND, sentence)
    };
    if request.method() != Method::GET {
        return Reply::method("GET", lang);
    }
    let name = match request.uri().path() {
        "/state.json" if is_near => return Reply::ok(&classroom.state()),
        "/join.svg" => return Reply::file("join.svg", code::picture(&classroom.url).into()),
        "/" if is_near => "room.html",
        "/" | "/phone" => "device.html",
        path => path.trim_start_matches('/'),
    };
    Files::Embedded.read(name).await.map_or_else(nothing, |contents| Reply::file(name, contents))
}

/// Takes a frame of the phone, sends one with a random text, and waits until the phone repeats that.
async fn talk(request: &Request<()>, mut io: impl Io, saw: &impl Fn(Step)) -> io::Result<()> {
    let policy = Policy { paths: vec![SOCKET.into()], ..Policy::default() };
    let agreement = match policy.answer(request) {
        Ok(agreement) => agreement,
        Err(rejection) => {
            refuse(io, rejection).await;
            return Ok(());
        }
    };
    write(&mut io, &encode(&agreement.to_response())).await?;
    saw(Step::Opened);
    let secret = id::random();
    let mut decoder = Decoder::new(LONGEST);
    let mut checker = Checker::new(Role::Client);
    let mut bytes = [0; LONGEST];
    loop {
        while let Some(frame) = decoder.next_frame() {
            let reply = match (checker.check(&frame), frame.header.opcode) {
                (Err(violation), _) => Frame::close(violation.code(), ""),
                (Ok(()), Opcode::Close) => Frame::new(Opcode::Close, frame.payload.clone()),
                (Ok(()), Opcode::Ping) => Frame::pong(frame.payload.clone()),
                (Ok(()), Opcode::Text) => {
                    let told: Value = serde_json::from_slice(&frame.payload).unwrap_or_default();
                    let has_heard = told["heard"] == *secret;
                    saw(if has_heard { Step::Heard } else { Step::Sent });
                    let done = json!({"type": "done"});
                    let ask = json!({"type": "repeat", "text": secret});
                    Frame::text(if has_heard { done } else { ask }.to_string())
                }
                _ => continue,
            };
            write(&mut io, &reply.to_bytes()).await?;
            if reply.header.opcode == Opcode::Close {
                linger(&mut io, LINGER).await;
                return Ok(());
            }
        }
        let read = timeout(SILENCE, io.read(&mut bytes)).await.map_err(io::Error::from)??;
        if read == 0 {
            return Ok(());
        }
        decoder.push(&bytes[..read]);
    }
}

async fn write(io: &mut impl Io, bytes: &[u8]) -> io::Result<()> {
    within(PATIENCE, async {
        io.write_all(bytes).await?;
        io.flush().await
    })
    .await
}
