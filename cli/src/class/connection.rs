//! A connection to the classroom: reads its one request, checks where it comes from, answers it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ws101::handshake::{asks, is_private};
use ws101::http::header::{CONTENT_LENGTH, HOST, ORIGIN};
use ws101::http::{HeaderMap, StatusCode};
use ws101::proxy::Visitor;
use ws101::stream::{LINGER, Rewind, linger};
use ws101::upgrade::{Head, read_head};

use super::reply::Reply;
use super::seats::VIEWERS;
use super::state::Class;
use super::visit::{Visit, lang_of};
use super::{routes, viewer};
use crate::lang::Lang;

/// The longest body of a request: a payload of a frame of 64 KiB as JSON, each byte escaped.
const BODY: usize = 512 * 1024;

/// How long a request may take, and each answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Serves one request and ends the connection.
pub async fn serve(class: Arc<Class>, visitor: Visitor) {
    let Visitor { io, peer, local } = visitor;
    // A refusal of a malformed head is sent already.
    let Ok(Head { request, bytes, size, mut io }) = read_head(io, PATIENCE).await else { return };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default().to_owned();
    let lang = lang_of(request.headers(), class.lang);
    if let Some(refusal) = foreign(request.headers(), &host, lang) {
        return answer(io, &host, refusal).await;
    }
    if asks(request.headers()) {
        let Some(_seat) = class.seats.take(peer.ip()) else {
            return answer(io, &host, crowded(lang)).await;
        };
        let io = Rewind::new(&bytes[size..], io);
        return viewer::watch(class, request, host, io).await;
    }
    let reading = timeout(PATIENCE, body(request.headers(), &bytes[size..], &mut io));
    let reply = match reading.await {
        Ok(Ok(Some(body))) => {
            let is_near = is_near(peer, local);
            let from = peer.ip().to_canonical();
            routes::answer(&class, Visit { request, body, is_near, from, lang }).await
        }
        Ok(Ok(None)) => Reply::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            &lang.pick(
                format!("a body has at most {BODY} bytes, and says how many"),
                format!("тело запроса — не больше {BODY} байт, и длина должна быть указана"),
            ),
        ),
        Ok(Err(_)) | Err(_) => return,
    };
    answer(io, &host, reply).await;
}

/// Whether a client is on the same computer, whichever of its addresses it used.
fn is_near(peer: SocketAddr, local: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback() || peer.ip() == local.ip()
}

/// The refusal of a page of another site, and of a name that any site could point here.
pub fn foreign(headers: &HeaderMap, host: &str, lang: Lang) -> Option<Reply> {
    if !is_private(host) {
        let sentence = lang.pick(
            "open the classroom by its address, such as 127.0.0.1 or 192.168.1.20",
            "откройте класс по адресу, например 127.0.0.1 или 192.168.1.20",
        );
        return Some(Reply::error(StatusCode::MISDIRECTED_REQUEST, sentence));
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let is_own = |origin: &[u8]| {
        origin.strip_prefix(b"http://").is_some_and(|own| own.eq_ignore_ascii_case(host.as_bytes()))
    };
    if origins.all(|origin| is_own(origin.as_bytes())) {
        return None;
    }
    let sentence = lang.pick(
        "a page of another site may not use the classroom",
        "странице другого сайта класс недоступен",
    );
    Some(Reply::error(StatusCode::FORBIDDEN, sentence))
}

/// The refusal of one viewer more than an address may have.
fn crowded(lang: Lang) -> Reply {
    let sentence = lang.pick(
        format!("{VIEWERS} pages of this address watch the class already: close some"),
        format!("с этого адреса за классом уже следят {VIEWERS} страниц: закройте лишние"),
    );
    Reply::error(StatusCode::TOO_MANY_REQUESTS, &sentence)
}

/// The body; `None` if it is too long, or does not say how long it is.
async fn body(
    headers: &HeaderMap,
    begun: &[u8],
    io: &mut Rewind<TcpStream>,
) -> io::Result<Option<Vec<u8>>> {
    if headers.contains_key("transfer-encoding") {
        return Ok(None);
    }
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let Ok(size) = told.unwrap_or("0").parse::<usize>() else { return Ok(None) };
    if size > BODY {
        return Ok(None);
    }
    let mut body = begun[..begun.len().min(size)].to_vec();
    let missing = size - body.len();
    let read = io.take(missing as u64).read_to_end(&mut body).await?;
    if read < missing { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(body)) }
}

/// Sends an answer and ends the connection.
pub async fn answer(mut io: Rewind<TcpStream>, host: &str, reply: Reply) {
    let bytes = reply.into_bytes(host);
    let sending = async {
        io.write_all(&bytes).await?;
        io.flush().await
    };
    if timeout(PATIENCE, sending).await.is_ok_and(|sent| sent.is_ok()) {
        linger(&mut io, LINGER).await;
    }
}
