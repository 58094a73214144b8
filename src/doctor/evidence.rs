//! The evidence of an examination: what was sent and what came, in both languages, safe to print.

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;

use super::http2::Http2;
use super::manner::Manner;
use crate::address::Address;
use crate::client::{Answer, ConnectError, Fact, ResponseFault, error_in_russian, status_named};

/// One step of an examination, in one line or two: a request (`→`), an answer (`←`), a finding.
///
/// Its text is English; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The server's headers, frames or other bytes, the same in every language.
    Received(String),
    /// TCP connects to this address, and all that lies over it.
    Connected(SocketAddr),
    /// No connection to this address.
    NotConnected(SocketAddr, Arc<ConnectError>),
    /// A finding of the route: TLS and its certificate.
    Route(Fact),
    /// A request of the page that opens the WebSocket; its status, `None` if it cannot be fetched.
    PageFetched {
        /// The page.
        page: String,
        /// The answer.
        seen: Option<Seen>,
    },
    /// Whether the page is there by HTTPS, where browsers look first.
    HttpsFirst {
        /// The page by HTTPS.
        page: String,
        /// Whether TLS is spoken there with a good certificate.
        is_there: bool,
    },
    /// The page has browsers open this address instead.
    Upgraded(Address),
    /// Chrome asks the user before the page may connect.
    AsksUser {
        /// The page.
        page: String,
        /// The address of the server.
        peer: SocketAddr,
    },
    /// The first request, as Chromium sends it.
    Request {
        /// The path.
        path: String,
        /// The value of `Host`.
        host: String,
    },
    /// The answer to it, where no bytes came, or too many.
    Answer(Seen),
    /// The same request in another manner; the answer, or `None` if it opens the WebSocket.
    Again(How, Option<Seen>),
    /// A request at another path or with another origin.
    Elsewhere {
        /// The path.
        path: String,
        /// The `Origin`.
        origin: Option<String>,
        /// The answer.
        seen: Seen,
        /// It is a 101 that browsers refuse.
        is_faulty: bool,
    },
    /// A request of the page at `/`.
    Page(Seen),
    /// A TLS handshake was begun; whether the server answers by TLS.
    Tls(bool),
    /// HTTP/2 was begun; whether the server answers by HTTP/2.
    Http2(bool),
    /// The HTTP/2 of a server behind TLS.
    OfHttp2(Http2),
    /// A request without TLS; whether the server answers by HTTP.
    WithoutTls(bool),
    /// Compression is agreed upon, and the doctor asks once more without it.
    Compressed,
    /// A fault of the 101.
    Fault(ResponseFault),
    /// Two addresses of one host give different answers.
    Differ {
        /// The host.
        host: String,
        /// The address that is examined.
        peer: SocketAddr,
        /// The other address.
        other: SocketAddr,
        /// The answer of the other.
        seen: Seen,
    },
}

/// How a request differs from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// In another manner.
    Manner(Manner),
    /// A plain request with one header of browsers.
    With(&'static str, &'static str),
}

/// An answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// A response with this status.
    Status(StatusCode),
    /// Bytes that are no HTTP.
    NotHttp,
    /// A head that is too long.
    Endless,
    /// A part of a head.
    Torn,
    /// Nothing.
    Silence,
    /// The end of the connection.
    Eof,
    /// A reset.
    Reset,
    /// The connection was not made.
    NotConnected(ErrorKind),
}

impl From<&Answer> for Seen {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Response { response, .. } => Self::Status(response.status()),
            Answer::Garbage(_) => Self::NotHttp,
            Answer::Endless => Self::Endless,
            Answer::Torn(..) => Self::Torn,
            Answer::Silence => Self::Silence,
            Answer::Eof => Self::Eof,
            Answer::Reset => Self::Reset,
        }
    }
}

impl Seen {
    /// The word for an answer, or for the reason that there is none.
    pub(super) fn of<T>(answer: &Result<(T, Answer), ConnectError>) -> Self {
        match answer {
            Ok((_, answer)) => answer.into(),
            Err(error) => Self::NotConnected(error.kind()),
        }
    }

    /// The word in Russian.
    #[must_use]
    pub fn in_russian(self) -> String {
        match self {
            Self::Status(status) => status_named(status),
            Self::NotHttp => "не HTTP".to_owned(),
            Self::Endless => "заголовки без конца".to_owned(),
            Self::Torn => "часть ответа".to_owned(),
            Self::Silence => "ответа нет".to_owned(),
            Self::Eof => "конец соединения".to_owned(),
            Self::Reset => "сброс соединения".to_owned(),
            Self::NotConnected(kind) => error_in_russian(kind),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => f.write_str(&status_named(*status)),
            Self::NotHttp => f.write_str("no HTTP"),
            Self::Endless => f.write_str("a head without end"),
            Self::Torn => f.write_str("a part of an answer"),
            Self::Silence => f.write_str("no answer"),
            Self::Eof => f.write_str("the end of the connection"),
            Self::Reset => f.write_str("a reset"),
            Self::NotConnected(kind) => write!(f, "{kind}"),
        }
    }
}

impl How {
    fn in_russian(self) -> String {
        match self {
            Self::Manner(Manner::Plain) => " простым запросом".to_owned(),
            Self::Manner(manner) => format!(", как {}", manner.in_russian()),
            Self::With(name, value) => format!(" простым запросом с {name}: {value}"),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manner(manner) => write!(f, "{manner}"),
            Self::With(name, value) => write!(f, "{} with {name}: {value}", Manner::Plain),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received(text) => f.write_str(text),
            Self::Connected(peer) => write!(f, "connected to {peer}"),
            Self::NotConnected(peer, why) => write!(f, "{peer}: {why}"),
            Self::Route(fact) => write!(f, "{fact}"),
            Self::PageFetched { page, seen: Some(seen) } => write!(f, "→ GET {page}\n← {seen}"),
            Self::PageFetched { page, seen: None } => {
                write!(f, "→ GET {page}\n! the page cannot be fetched, so its policy is not known")
            }
            Self::HttpsFirst { page, is_there: true } => {
                write!(f, "browsers open {page} first, and it is there")
            }
            Self::HttpsFirst { page, is_there: false } => {
                write!(f, "browsers try {page} first, and it is not there")
            }
            Self::Upgraded(address) => {
                write!(
                    f,
                    "the page has `upgrade-insecure-requests`: browsers open {address} instead"
                )
            }
            Self::AsksUser { page, peer } => write!(
                f,
                "! {page} is public, and {peer} is in the local network: Chrome since 147 asks the user first"
            ),
            Self::Request { path, host } => {
                write!(f, "→ GET {path} HTTP/1.1, Host: {host}, as Chromium asks")
            }
            Self::Answer(seen) => write!(f, "← {seen}"),
            Self::Again(how, None) => write!(f, "→ the same as {how}: let in"),
            Self::Again(how, Some(seen)) => write!(f, "→ the same as {how}\n← {seen}"),
            Self::Elsewhere { path, origin, seen, is_faulty } => {
                let faulty = if *is_faulty { ", which browsers refuse" } else { "" };
                write!(f, "→ GET {path}{}\n← {seen}{faulty}", from(origin.as_deref()))
            }
            Self::Page(seen) => write!(f, "→ GET / without an upgrade\n← {seen}"),
            Self::Tls(is_spoken) => {
                write!(f, "→ TLS ClientHello\n← {}", if *is_spoken { "TLS" } else { "no TLS" })
            }
            Self::Http2(is_spoken) => {
                let seen = if *is_spoken { "HTTP/2" } else { "no HTTP/2" };
                write!(f, "→ PRI * HTTP/2.0\n← {seen}")
            }
            Self::OfHttp2(http2) => write!(f, "{http2}"),
            Self::WithoutTls(is_http) => {
                write!(f, "→ GET without TLS\n← {}", if *is_http { "HTTP" } else { "no HTTP" })
            }
            Self::Compressed => {
                f.write_str("compression is agreed upon; → GET once more, without it")
            }
            Self::Fault(fault) if fault.is_fatal() => {
                write!(f, "! {fault}: browsers close the connection")
            }
            Self::Fault(fault) => write!(f, "! {fault}: browsers forgive it"),
            Self::Differ { host, peer, other, seen } => {
                write!(f, "! {host} is {peer} and {other}, and they differ: there {seen}")
            }
        }
    }
}

impl Evidence {
    /// The same in Russian. What the server sent stays as it is.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Received(text) => text.clone(),
            Self::Connected(peer) => format!("соединились с {peer}"),
            Self::NotConnected(peer, why) => format!("{peer}: {}", why.in_russian()),
            Self::Route(fact) => fact.in_russian(),
            Self::PageFetched { page, seen: Some(seen) } => {
                format!("→ GET {page}\n← {}", seen.in_russian())
            }
            Self::PageFetched { page, seen: None } => {
                format!("→ GET {page}\n! страницу получить не удалось, её правила неизвестны")
            }
            Self::HttpsFirst { page, is_there: true } => {
                format!("браузер сначала откроет {page}, и там есть ответ")
            }
            Self::HttpsFirst { page, is_there: false } => {
                format!("браузер сначала попробует {page}, но там ответа нет")
            }
            Self::Upgraded(address) => {
                format!(
                    "у страницы есть `upgrade-insecure-requests`: браузер откроет вместо этого {address}"
                )
            }
            Self::AsksUser { page, peer } => format!(
                "! {page} из интернета, а {peer} — в локальной сети: Chrome начиная со 147 сначала спросит пользователя"
            ),
            Self::Request { path, host } => {
                format!("→ GET {path} HTTP/1.1, Host: {host}, как Chromium")
            }
            Self::Answer(seen) => format!("← {}", seen.in_russian()),
            Self::Again(how, None) => format!("→ то же{}: пустили", how.in_russian()),
            Self::Again(how, Some(seen)) => {
                format!("→ то же{}\n← {}", how.in_russian(), seen.in_russian())
            }
            Self::Elsewhere { path, origin, seen, is_faulty } => {
                let faulty = if *is_faulty {
                    ", но такой браузер не примет"
                } else {
                    ""
                };
                let (from, seen) = (from(origin.as_deref()), seen.in_russian());
                format!("→ GET {path}{from}\n← {seen}{faulty}")
            }
            Self::Page(seen) => format!("→ GET / без upgrade\n← {}", seen.in_russian()),
            Self::Tls(is_spoken) => {
                format!("→ TLS ClientHello\n← {}", if *is_spoken { "TLS" } else { "не TLS" })
            }
            Self::Http2(is_spoken) => {
                let seen = if *is_spoken { "HTTP/2" } else { "не HTTP/2" };
                format!("→ PRI * HTTP/2.0\n← {seen}")
            }
            Self::OfHttp2(http2) => http2.in_russian().to_owned(),
            Self::WithoutTls(is_http) => {
                format!("→ GET без TLS\n← {}", if *is_http { "HTTP" } else { "не HTTP" })
            }
            Self::Compressed => "договорились о сжатии; → GET ещё раз, без него".to_owned(),
            Self::Fault(fault) if fault.is_fatal() => {
                format!("! {}: браузер закроет соединение", fault.in_russian())
            }
            Self::Fault(fault) => format!("! {}: браузеры это прощают", fault.in_russian()),
            Self::Differ { host, peer, other, seen } => format!(
                "! {host} — это {peer} и {other}, и отвечают они по-разному: там {}",
                seen.in_russian()
            ),
        }
    }
}

fn from(origin: Option<&str>) -> String {
    origin.map_or(String::new(), |origin| format!(", Origin: {origin}"))
}
