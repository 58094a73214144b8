//! The causes of an answer that is no HTTP response: another protocol, TLS, or nothing at all.

use std::io::ErrorKind;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Response;

use super::cause::Cause;
use super::evidence::{Evidence, Seen};
use super::examination::{Examination, SHOWN, quoted};
use super::probe::{is_tls, plainly, probe, speaks_tls};
use crate::client::Answer;
use crate::escape::Shown;

/// The first bytes of a client of HTTP/2, with empty SETTINGS (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The first words of protocols that speak first, or refuse what is not theirs.
const BEGINNINGS: [(&str, &str); 10] = [
    ("SSH-", "SSH"),
    ("-ERR", "Redis"),
    ("220 ", "SMTP or FTP"),
    ("220-", "SMTP or FTP"),
    ("+OK", "POP3"),
    ("* OK", "IMAP"),
    ("RFB ", "VNC"),
    ("AMQP", "AMQP"),
    ("ERROR\r\n", "memcached"),
    ("RTSP/", "RTSP"),
];

impl Examination<'_> {
    /// The HTTP response with the bytes behind its head; the cause if the answer is no HTTP response.
    pub(super) async fn response(
        &mut self,
        peer: SocketAddr,
        answer: Answer,
    ) -> Result<(Response<()>, Bytes), Cause> {
        let cause = match answer {
            Answer::Response { response, rest, .. } => {
                return Ok((response, rest));
            }
            Answer::Garbage(bytes) => return Err(foreign(&bytes)),
            Answer::Endless => return Err(Cause::Endless),
            Answer::Torn(bytes, kind) => return Err(Cause::Torn(quoted(&bytes), kind)),
            Answer::Silence => Cause::Silent(self.target.timeout),
            Answer::Eof => Cause::HungUp,
            Answer::Reset => Cause::Reset,
        };
        // Many servers that expect TLS send nothing, or close the connection, when they get HTTP.
        if self.answers_tls(peer).await {
            return Err(Cause::Tls);
        }
        if matches!(cause, Cause::Silent(_)) {
            return Err(cause);
        }
        if !self.answers_pages(peer).await {
            return Err(if self.answers_http2(peer).await { Cause::Http2 } else { cause });
        }
        let path = self.target.address.target.clone();
        Err(match self.elsewhere(peer).await {
            Some(found) => Cause::Elsewhere { path, status: None, found },
            None => Cause::Destroyed(path),
        })
    }

    /// The cause of a handshake of TLS that ends without a word of TLS: HTTP may live there.
    pub(super) async fn no_tls(&mut self, peer: SocketAddr, kind: ErrorKind) -> Cause {
        let request = self.target.request().to_bytes(&self.target.address.authority());
        let answer = plainly(self.target, peer, &request).await;
        let is_http = matches!(answer, Some(Answer::Response { .. }));
        self.note(Evidence::WithoutTls(is_http));
        if is_http { Cause::NoTls } else { Cause::TlsBroken(kind) }
    }

    pub(super) async fn answers_tls(&mut self, peer: SocketAddr) -> bool {
        if self.target.address.tls {
            return false;
        }
        let tls = speaks_tls(self.target, peer).await;
        self.note(Evidence::Tls(tls));
        tls
    }

    /// Whether HTTP/2 is spoken to a client that begins with it (RFC 9113 §3.4).
    async fn answers_http2(&mut self, peer: SocketAddr) -> bool {
        let is_spoken = match plainly(self.target, peer, PREFACE).await {
            Some(Answer::Garbage(bytes)) => is_http2(&bytes),
            _ => false,
        };
        self.note(Evidence::Http2(is_spoken));
        is_spoken
    }

    /// Whether a request of a page is answered by HTTP.
    async fn answers_pages(&mut self, peer: SocketAddr) -> bool {
        let host = self.target.address.authority();
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let seen = Seen::of(&probe(self.target, peer, request.as_bytes()).await);
        self.note(Evidence::Page(seen));
        matches!(seen, Seen::Status(_))
    }
}

/// Whether these are the first bytes of HTTP/2: a SETTINGS frame on stream 0 (RFC 9113 §3.4).
fn is_http2(bytes: &[u8]) -> bool {
    matches!(bytes, [0, _, _, 4, 0, 0, 0, 0, 0, ..])
}

/// The cause for bytes that are not an HTTP response.
fn foreign(bytes: &[u8]) -> Cause {
    if is_tls(bytes) {
        return Cause::Tls;
    }
    if is_http2(bytes) || bytes.starts_with(b"HTTP/2") {
        return Cause::Http2;
    }
    if bytes.starts_with(b"GET ") {
        return Cause::Echo;
    }
    let known = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning.as_bytes()));
    let like = match bytes {
        [_, _, _, 0, 10, ..] => Some("MySQL"),
        _ => known.map(|(_, protocol)| *protocol),
    };
    Cause::NotHttp { said: Shown::new(bytes, SHOWN), like }
}
