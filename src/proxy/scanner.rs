//! Finds heads, bodies and the limits of frames in what crosses a connection, without decoding a payload.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};

use super::body::Body;
use crate::frame::{Headers, Role};
use crate::handshake::{HEAD_LIMIT, asks, parse_request, parse_response};
use crate::tap::EARLY_LIMIT;

/// The most requests that wait for their answers; of more, the answers are not told apart.
const PIPELINED: usize = 64;

/// The most bytes that are kept of bytes that are not HTTP.
const STRAY_KEPT: usize = 1024;

/// A piece of one direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The head of a request or a response; whether it asks for a WebSocket or opens one.
    Head(Bytes, bool),
    /// Bytes of the body of a response.
    Body(Bytes),
    /// The end of the body of a response.
    BodyEnd,
    /// Bytes of frames. The first such piece, and the first behind a gap, begins a frame.
    Frames(Bytes),
    /// The first bytes of a direction that is not HTTP.
    Stray(Bytes),
}

/// Both directions of one connection.
#[derive(Debug)]
pub(super) struct Scanner {
    client: Side,
    server: Side,
    /// The requests without an answer: whether one is HEAD, and whether it asks for a WebSocket.
    asked: VecDeque<(bool, bool)>,
}

/// The bytes that one direction carries now.
#[derive(Debug)]
enum Side {
    Head(BytesMut),
    /// Bytes behind a request for a WebSocket and before its answer.
    Early(BytesMut),
    Body(Body),
    Frames(Headers),
    /// Bytes that are not looked at.
    Opaque,
}

impl Scanner {
    pub(super) fn new() -> Self {
        let side = || Side::Head(BytesMut::new());
        Self { client: side(), server: side(), asked: VecDeque::new() }
    }

    /// The headers of the frames of this direction, once it carries frames.
    pub(super) fn frames(&mut self, sender: Role) -> Option<&mut Headers> {
        match self.side(sender) {
            Side::Frames(headers) => Some(headers),
            _ => None,
        }
    }

    /// Gives the pieces of the next `bytes` from `sender`, and of the other direction if they decide what
    /// it carries. Bytes of frames are given as they are, and are for [`frames`](Self::frames) to read.
    pub(super) fn feed(&mut self, sender: Role, bytes: &[u8], out: &mut Vec<(Role, Piece)>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let side = self.side(sender);
            match side {
                Side::Head(head) => {
                    let before = head.len();
                    head.extend_from_slice(&rest[..rest.len().min(HEAD_LIMIT - before)]);
                    let head = std::mem::take(head);
                    match self.head(sender, &head, out) {
                        Some(0) => {
                            *self.side(sender) = Side::Head(head);
                            return;
                        }
                        Some(end) => rest = &rest[end - before..],
                        None => {
                            let kept = Bytes::copy_from_slice(&head[..head.len().min(STRAY_KEPT)]);
                            out.push((sender, Piece::Stray(kept)));
                            *self.side(sender) = Side::Opaque;
                            return;
                        }
                    }
                }
                Side::Early(early) if early.len() + rest.len() <= EARLY_LIMIT => {
                    early.extend_from_slice(rest);
                    return;
                }
                Side::Early(_) => *side = Side::Opaque,
                Side::Body(body) => {
                    let (taken, left) = rest.split_at(body.take(rest));
                    let is_over = body.is_over();
                    if sender == Role::Server {
                        out.push((sender, Piece::Body(Bytes::copy_from_slice(taken))));
                        out.extend(is_over.then_some((sender, Piece::BodyEnd)));
                    }
                    if is_over {
                        *side = Side::Head(BytesMut::new());
                    }
                    rest = left;
                }
                Side::Frames(_) => {
                    out.push((sender, Piece::Frames(Bytes::copy_from_slice(rest))));
                    return;
                }
                Side::Opaque => return,
            }
        }
    }

    /// Reads a head: gives its size, 0 if it is incomplete, `None` if there is none.
    fn head(&mut self, sender: Role, head: &[u8], out: &mut Vec<(Role, Piece)>) -> Option<usize> {
        match sender {
            Role::Client => {
                let Some((request, size)) = parse_request(head).ok()? else { return Some(0) };
                let is_upgrade = asks(request.headers());
                out.push((sender, Piece::Head(Bytes::copy_from_slice(&head[..size]), is_upgrade)));
                if self.asked.len() < PIPELINED {
                    self.asked.push_back((request.method() == Method::HEAD, is_upgrade));
                }
                let body = Body::of_request(request.headers());
                self.client = match is_upgrade {
                    true => Side::Early(BytesMut::new()),
                    false if body.is_over() => Side::Head(BytesMut::new()),
                    false => Side::Body(body),
                };
                Some(size)
            }
            Role::Server => {
                let Some((response, size)) = parse_response(head).ok()? else { return Some(0) };
                let status = response.status();
                let is_open = status == StatusCode::SWITCHING_PROTOCOLS;
                out.push((sender, Piece::Head(Bytes::copy_from_slice(&head[..size]), is_open)));
                if status.is_informational() && !is_open {
                    // Another one follows for the same request (RFC 9110 §15.2).
                    self.server = Side::Head(BytesMut::new());
                    out.push((sender, Piece::BodyEnd));
                    return Some(size);
                }
                let (to_head, _) = self.asked.pop_front().unwrap_or_default();
                let body = Body::of_response(status, to_head, response.headers());
                let is_over = body.is_over();
                self.server = match is_open {
                    true => Side::Frames(Headers::default()),
                    false if is_over => Side::Head(BytesMut::new()),
                    false => Side::Body(body),
                };
                if is_over && !is_open {
                    out.push((sender, Piece::BodyEnd));
                }
                if let Side::Early(early) = &mut self.client {
                    let early = std::mem::take(early);
                    self.client = match is_open {
                        true => Side::Frames(Headers::default()),
                        false => Side::Head(BytesMut::new()),
                    };
                    self.feed(Role::Client, &early, out);
                } else if is_open {
                    // A server that opens what nobody asked for: its frames are shown all the same.
                    self.client = Side::Frames(Headers::default());
                }
                Some(size)
            }
        }
    }

    fn side(&mut self, sender: Role) -> &mut Side {
        match sender {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Role, Scanner};

    const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    const OPEN: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    /// The events of a conversation in which each side's bytes come in pieces of `size`.
    fn seen(said: &[(Role, &[u8])], size: usize) -> Vec<(Role, String)> {
        let (mut scanner, mut out) = (Scanner::new(), Vec::new());
        for (sender, bytes) in said {
            for piece in bytes.chunks(size) {
                scanner.feed(*sender, piece, &mut out);
            }
        }
        let mut told: Vec<(Role, String)> = Vec::new();
        for (sender, piece) in out {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (kind, text) = match &piece {
                Piece::Head(bytes, is_ws) => {
                    let line = text(bytes).lines().next().unwrap_or_default().to_owned();
                    told.push((sender, format!("head {line} {is_ws}")));
                    continue;
                }
                Piece::Body(bytes) => ("body ", text(bytes)),
                Piece::BodyEnd => ("end", String::new()),
                Piece::Frames(bytes) => ("frames ", text(bytes)),
                Piece::Stray(bytes) => ("stray ", text(bytes)),
            };
            match told.last_mut() {
                Some((last, line)) if *last == sender && line.starts_with(kind) => *line += &text,
                _ => told.push((sender, format!("{kind}{text}"))),
            }
        }
        told
    }

    #[test]
    fn pages_on_a_kept_connection_and_then_a_websocket() {
        use Role::{Client, Server};
        let said: &[(Role, &[u8])] = &[
            (Client, b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
            (Server, b"HTTP/1.1 100 Continue\r\n\r\n"),
            (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
            (Client, b"HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"),
            (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
            (Client, UPGRADE),
            (Client, b"early"),
            (Server, OPEN),
            (Server, b"frame"),
            (Client, b" late"),
        ];
        let whole = seen(said, usize::MAX);
        let expected = [
            (Client, "head POST /a HTTP/1.1 false"),
            (Server, "head HTTP/1.1 100 Continue false"),
            (Server, "end"),
            (Server, "head HTTP/1.1 200 OK false"),
            (Server, "body hi"),
            (Server, "end"),
            (Client, "head HEAD /b HTTP/1.1 false"),
            (Server, "head HTTP/1.1 200 OK false"),
            (Server, "end"),
            (Client, "head GET /ws HTTP/1.1 true"),
            (Server, "head HTTP/1.1 101 Switching Protocols true"),
            (Client, "frames early"),
            (Server, "frames frame"),
            (Client, "frames  late"),
        ];
        assert_eq!(whole, expected.map(|(role, text)| (role, text.to_owned())));
        for size in [1, 2, 3, 7, 50] {
            assert_eq!(seen(said, size), whole, "{size}");
        }
    }

    #[test]
    fn bytes_that_are_not_http_are_shown_once_and_then_passed() {
        let said: &[(Role, &[u8])] = &[(Role::Client, b"SSH-2.0\r\n\r\n"), (Role::Client, b"more")];
        assert_eq!(seen(said, 64), [(Role::Client, "stray SSH-2.0\r\n\r\n".to_owned())]);
        // A refused request for a WebSocket leaves HTTP behind it.
        let said: &[(Role, &[u8])] = &[
            (Role::Client, UPGRADE),
            (Role::Server, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            (Role::Client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ];
        assert_eq!(seen(said, 64)[3], (Role::Client, "head GET / HTTP/1.1 false".to_owned()));
    }
}
