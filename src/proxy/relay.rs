//! Carries the bytes of one connection both ways.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::event::What;
use super::faults::Running;
use super::faulty;
use super::options::Options;
use super::send::{READ_SIZE, send};
use super::watcher::Watcher;
use crate::client::{ConnectError, Connection, RouteFuture};
use crate::fault::Refusal;
use crate::frame::Role;
use crate::handshake::{HEAD_LIMIT, asks, parse_request, plain_answer};
use crate::stream::{LINGER, linger};

/// How long a client may take to send a head that is changed, or that is answered by the proxy itself.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Connects to the server, once for each client.
pub type Dial =
    Arc<dyn Fn() -> RouteFuture<'static, Result<Box<dyn Connection>, ConnectError>> + Send + Sync>;

/// Carries the bytes of `client` to the server and back until both directions have ended, or one fails.
/// `first` are the head and what came behind it, if they are read already.
pub(super) async fn relay(
    mut client: TcpStream,
    first: Option<(Bytes, Bytes)>,
    options: &Options,
    dial: &Dial,
    watch: &Watcher,
) {
    let Options { rewrite, faults, site, .. } = options;
    let is_read = first.is_some();
    let (mut head, mut rest) = first.unwrap_or_default();
    let mut entered = None;
    if !rewrite.is_nothing() || !faults.is_nothing() || site.is_some() {
        if !is_read {
            match read_head(&mut client).await {
                Some(read) => (head, rest) = read,
                None => return watch.ended(Role::Client, None),
            }
        }
        entered = asked(&head).and_then(|path| faults.enter(watch.number(), &path));
        if !rewrite.is_nothing() || site.is_some() {
            head = rewrite.apply(&head);
        }
    }
    let running = entered.as_ref().map(|entered| &*entered.running);
    let refusal = running.and_then(|running| running.line().refusal());
    if let (Some((refusal, fault)), Some(running)) = (refusal, running) {
        watch.saw(Role::Client, &head, None).await;
        watch.tell(What::Fault(fault)).await;
        return refuse(client, refusal, running, watch).await;
    }
    match (dial().await, running) {
        (Ok(server), Some(line)) => faulty::carry(client, server, &head, &rest, line, watch).await,
        (Ok(server), None) => carry(client, server, &[head, rest].concat(), watch).await,
        (Err(error), _) => unreachable(client, &head, error, watch).await,
    }
}

/// The path that a head asks a WebSocket for.
fn asked(head: &[u8]) -> Option<String> {
    let (request, _) = parse_request(head).ok().flatten()?;
    asks(request.headers()).then(|| request.uri().path().to_owned())
}

/// Refuses a request as a fault says.
async fn refuse(mut client: TcpStream, refusal: Refusal, running: &Running, watch: &Watcher) {
    match refusal {
        Refusal::Status(status) => {
            answer(client, status, "ws101 tap: refused, as a fault says\n", Some(watch)).await;
        }
        Refusal::Nothing => {
            let mut unread = vec![0; READ_SIZE];
            // Until the client leaves, or the rule is undone.
            while running.line().refusal().is_some() {
                tokio::select! {
                    read = client.read(&mut unread) => match read {
                        Ok(0) | Err(_) => break,
                        Ok(_) => {}
                    },
                    () = running.news(Role::Client) => {}
                }
            }
            watch.ended(Role::Client, None);
        }
    }
}

/// Both directions, in one task. An error in one of them resets both connections, as the peer did.
async fn carry(mut client: TcpStream, server: Box<dyn Connection>, early: &[u8], watch: &Watcher) {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let ended = {
        let (mut from_client, mut to_client) = client.split();
        let up = async {
            if !early.is_empty() {
                send(&mut to_server, early).await?;
                watch.saw(Role::Client, early, None).await;
            }
            copy(&mut from_client, &mut to_server, Role::Client, watch).await
        };
        let down = copy(&mut from_server, &mut to_client, Role::Server, watch);
        tokio::try_join!(up, down)
    };
    if ended.is_err() {
        let _ = client.set_zero_linger();
        from_server.unsplit(to_server).reset();
    }
}

/// Copies one direction to its end. Each piece is sent on before it is looked at. Not cancel safe.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    sender: Role,
    watch: &Watcher,
) -> io::Result<()> {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let size = match from.read(&mut buffer).await {
            Ok(0) => {
                // An error means that the receiver is gone, which the other direction sees.
                let _ = to.shutdown().await;
                watch.ended(sender, None);
                return Ok(());
            }
            Ok(size) => size,
            Err(error) => {
                watch.ended(sender, Some(error.kind()));
                return Err(error);
            }
        };
        let bytes = &buffer[..size];
        if let Err(error) = send(to, bytes).await {
            let receiver = if sender == Role::Client { Role::Server } else { Role::Client };
            watch.ended(receiver, Some(error.kind()));
            return Err(error);
        }
        watch.saw(sender, bytes, None).await;
    }
}

/// Reads the head of a request, and what came behind it. Bytes that are no head are given as they are;
/// `None` if the client sends nothing more in time.
pub(super) async fn read_head(client: &mut TcpStream) -> Option<(Bytes, Bytes)> {
    let mut read = BytesMut::new();
    let reading = async {
        loop {
            match parse_request(&read) {
                Ok(Some((_, size))) => return Some(size),
                Ok(None) if read.len() < HEAD_LIMIT => {}
                _ => return Some(read.len()),
            }
            if !client.read_buf(&mut read).await.is_ok_and(|size| size > 0) {
                return None;
            }
        }
    };
    let size = timeout(HEAD_DEADLINE, reading).await.ok().flatten()?;
    let rest = read.split_off(size);
    Some((read.freeze(), rest.freeze()))
}

/// Answers 502, once the request is read.
async fn unreachable(mut client: TcpStream, head: &[u8], error: ConnectError, watch: &Watcher) {
    if !head.is_empty() {
        watch.saw(Role::Client, head, None).await;
    } else if let Some((head, _)) = read_head(&mut client).await {
        watch.saw(Role::Client, &head, None).await;
    }
    let text = format!("ws101 tap: the server cannot be reached: {error}\n");
    watch.tell(What::Unreachable(Arc::new(error))).await;
    answer(client, 502, &text, None).await;
}

/// Answers a request by the proxy itself, and ends the connection. It is shown if `watch` is given.
pub(super) async fn answer(
    mut client: TcpStream,
    status: u16,
    text: &str,
    watch: Option<&Watcher>,
) {
    let bytes = plain_answer(status, text);
    if timeout(HEAD_DEADLINE, send(&mut client, &bytes)).await.is_ok() {
        if let Some(watch) = watch {
            watch.saw(Role::Server, &bytes, None).await;
            watch.ended(Role::Server, None);
        }
        linger(&mut client, LINGER).await;
    }
}
