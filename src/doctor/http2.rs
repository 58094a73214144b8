//! The HTTP/2 of a server behind TLS, in words.

use std::fmt;

/// The HTTP/2 of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Http2 {
    /// TLS does not agree on it.
    NotOffered,
    /// TLS agrees on it, and the server does not begin it.
    NotSpoken,
    /// It is spoken, and no WebSocket can be asked for by it.
    WithoutWebSockets,
    /// It is spoken, with WebSockets.
    WithWebSockets,
}

impl Http2 {
    /// The line in Russian.
    #[must_use]
    pub fn in_russian(self) -> &'static str {
        match self {
            Self::NotOffered => "HTTP/2 сервер не предлагает: WebSocket идёт по HTTP/1.1",
            Self::NotSpoken => {
                "! по TLS сервер соглашается на HTTP/2, а кадра SETTINGS не шлёт: браузеры попросят WebSocket по HTTP/1.1"
            }
            Self::WithoutWebSockets => {
                "HTTP/2 есть, но без WebSocket (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441): браузер просит его по HTTP/1.1, отдельным соединением"
            }
            Self::WithWebSockets => {
                "HTTP/2 есть, и с WebSocket (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441): браузер, у которого уже есть такое соединение, попросит его там, методом CONNECT"
            }
        }
    }
}

impl fmt::Display for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOffered => "HTTP/2 is not offered: WebSockets go by HTTP/1.1",
            Self::NotSpoken => {
                "! TLS agrees on HTTP/2, and the server sends no SETTINGS: browsers ask for WebSockets by HTTP/1.1"
            }
            Self::WithoutWebSockets => {
                "HTTP/2 is offered, without WebSockets (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441): browsers ask for them by HTTP/1.1, on a connection of their own"
            }
            Self::WithWebSockets => {
                "HTTP/2 is offered, with WebSockets (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441): a browser that has such a connection already asks there, by CONNECT"
            }
        })
    }
}
