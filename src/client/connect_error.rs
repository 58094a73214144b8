//! Why a connection was not made.

use std::io;

use super::certificate::CertificateFault;
use super::russian::error_in_russian;
use crate::escape::Shown;

/// Why a [`Route`](super::Route) made no connection; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// An error of the system; `TimedOut` if it took too long.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The address is `wss://`, and this route has no TLS.
    #[error("this client speaks no TLS: use a route that does")]
    TlsNotSpoken,
    /// TLS was begun, and the peer sent something else.
    #[error("no TLS is spoken there")]
    NoTls,
    /// The handshake of TLS failed.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// TCP connects, and then the handshake of TLS does not end in time, or the peer ends it.
    #[error("the TLS handshake does not end: {0}")]
    TlsBroken(io::ErrorKind),
    /// The certificate is not one that a browser accepts.
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    /// The proxy did not connect.
    #[error(transparent)]
    Proxy(#[from] ProxyFault),
}

impl ConnectError {
    /// The kind of error of the system that comes closest.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io(error) => error.kind(),
            Self::TlsBroken(kind) => *kind,
            Self::TlsNotSpoken => io::ErrorKind::Unsupported,
            Self::NoTls | Self::Tls(_) | Self::Certificate(_) => io::ErrorKind::InvalidData,
            Self::Proxy(_) => io::ErrorKind::ConnectionAborted,
        }
    }

    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Io(error) => error_in_russian(error.kind()),
            Self::TlsNotSpoken => "этот клиент не умеет TLS".to_owned(),
            Self::NoTls => "тут нет TLS".to_owned(),
            Self::Tls(fault) => fault.in_russian(),
            Self::TlsBroken(io::ErrorKind::TimedOut) => {
                "рукопожатие TLS не закончилось вовремя".to_owned()
            }
            Self::TlsBroken(_) => "соединение оборвалось посреди рукопожатия TLS".to_owned(),
            Self::Certificate(fault) => fault.in_russian(),
            Self::Proxy(fault) => fault.in_russian(),
        }
    }
}

/// Why no agreement was found in a TLS handshake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server offers other protocols over TLS, such as HTTP/2 (ALPN).
    #[error("the TLS handshake fails: the server speaks no HTTP/1.1 over it (ALPN)")]
    NoHttp1,
    /// The server has no certificate for the name (SNI).
    #[error("the TLS handshake fails: the server has no certificate for that name (SNI)")]
    UnknownName,
    /// The server wants a certificate of the client.
    #[error("the TLS handshake fails: the server wants a certificate of the client")]
    ClientCertificate,
    /// The host cannot stand in a certificate.
    #[error("the TLS handshake fails: the host is no name of TLS")]
    NoName,
    /// The server answers `handshake_failure`.
    #[error(
        "the TLS handshake fails: the server has no cipher in common with browsers, or wants a certificate of the client"
    )]
    Refused,
    /// The server speaks only versions before TLS 1.2.
    #[error("the TLS handshake fails: the server speaks no TLS 1.2 or newer, as browsers demand")]
    OldVersion,
    /// Another reason, in words of the TLS library or of the peer's alert.
    #[error("the TLS handshake fails: {0}")]
    Other(Shown),
}

impl TlsFault {
    /// The sentence in Russian. The words of the TLS library stay English.
    #[must_use]
    pub fn in_russian(&self) -> String {
        let why = match self {
            Self::NoHttp1 => "по HTTP/1.1 сервер поверх TLS не говорит (ALPN)",
            Self::UnknownName => "у сервера нет сертификата на это имя (SNI)",
            Self::ClientCertificate => "сервер требует сертификат клиента",
            Self::NoName => "такого имени в сертификате быть не может",
            Self::Refused => {
                "у сервера нет общего с браузерами шифра, или он требует сертификат клиента"
            }
            Self::OldVersion => "сервер не умеет TLS 1.2 и новее, а браузерам нужны они",
            Self::Other(why) => return format!("рукопожатие TLS не удалось: `{why}`"),
        };
        format!("рукопожатие TLS не удалось: {why}")
    }
}

/// The refusal of a proxy to connect (RFC 9110 §9.3.6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyFault {
    /// It wants a login.
    #[error(
        "the proxy wants a login (407): give it in the address, --proxy http://name:password@host:port"
    )]
    Login,
    /// It refuses.
    #[error("the proxy does not connect there: it answers {0}")]
    Refused(u16),
    /// It answers with something else than HTTP.
    #[error("the proxy does not answer CONNECT by HTTP: is it an HTTP proxy?")]
    NotHttp,
    /// It lets a client connect and sends nothing in time.
    #[error("the proxy says nothing: no answer to CONNECT came in time")]
    Silent,
    /// Nobody listens at its address.
    #[error("the proxy cannot be reached: {0}")]
    Unreachable(io::ErrorKind),
}

impl ProxyFault {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Login => {
                "прокси требует входа (407): укажите его в адресе, --proxy http://имя:пароль@хост:порт"
                    .to_owned()
            }
            Self::Refused(status) => format!("прокси не соединяет: ответил {status}"),
            Self::NotHttp => "прокси отвечает на CONNECT не по HTTP: это точно HTTP-прокси?".to_owned(),
            Self::Silent => "прокси молчит: ответ на CONNECT вовремя не пришёл".to_owned(),
            Self::Unreachable(kind) => format!("до прокси не достучаться: {}", error_in_russian(*kind)),
        }
    }
}
