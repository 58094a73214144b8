//! Answers to an opening handshake, each odd in one way, and whether a browser opens the WebSocket.
//!
//! [`cases`] says what Chromium does with each; `tests/browser` asks it again. `server.rs` beside
//! this file is a server that gives the answer whose number is the path.

use std::fmt::Write;

use ws101::handshake::AcceptKey;

/// The subprotocols that a client offers where a case is about them.
pub const OFFERED: [&str; 2] = ["chat", "news"];

/// One odd answer.
pub struct Case {
    /// The head, without the blank line at its end; `{accept}` stands for what follows from the key.
    pub head: String,
    /// Whether the client offers [`OFFERED`].
    pub offers: bool,
    /// Whether Chromium opens the WebSocket.
    pub opens: bool,
    /// Why we refuse it though Chromium opens it.
    pub departs: Option<&'static str>,
}

impl Case {
    /// Whether we open it, if the request offers what Chromium offers.
    pub fn is_sound(&self) -> bool {
        self.opens && self.departs.is_none()
    }

    /// The head as bytes, Latin-1 as on the wire, for the client with this key.
    pub fn to_bytes(&self, key: &str) -> Vec<u8> {
        let accept = AcceptKey::derive(key).accept;
        let (front, back) = accept.split_at(5);
        let other_case: String = accept
            .chars()
            .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        let head = self.head.replace("{accept}", &accept).replace("{other case}", &other_case);
        let head = head.replace("{front}", front).replace("{back}", back);
        let blank = if head.contains("\r\n") { "\r\n" } else { "\n" };
        (head + blank).chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
    }
}

const LINE: &str = "HTTP/1.1 101 Switching Protocols";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const ACCEPT: &str = "Sec-WebSocket-Accept: {accept}";

fn head(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |mut head, line| {
        let _ = write!(head, "{line}\r\n");
        head
    })
}

/// A sound head with `more` lines behind it.
fn with(more: &str) -> String {
    head(&[LINE, UPGRADE, CONNECTION, ACCEPT, more])
}

/// All cases. `true` is what Chromium opens.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |opens, head| cases.push(Case { head, offers: false, opens, departs: None });
    add(true, head(&[LINE, UPGRADE, CONNECTION, ACCEPT]));
    add(false, head(&[LINE, CONNECTION, ACCEPT]));
    add(false, head(&[LINE, UPGRADE, ACCEPT]));
    add(false, head(&[LINE, UPGRADE, CONNECTION]));
    for (opens, value) in UPGRADES {
        add(opens, head(&[LINE, value, CONNECTION, ACCEPT]));
    }
    for (opens, value) in CONNECTIONS {
        add(opens, head(&[LINE, UPGRADE, value, ACCEPT]));
    }
    for (opens, value) in ACCEPTS {
        add(opens, head(&[LINE, UPGRADE, CONNECTION, value]));
    }
    for (opens, value) in EXTENSIONS {
        add(opens, with(&format!("Sec-WebSocket-Extensions: {value}")));
    }
    for (opens, line) in LINES {
        add(opens, head(&[line, UPGRADE, CONNECTION, ACCEPT]));
    }
    for (opens, more) in MORE {
        add(opens, with(more));
    }
    for (opens, whole) in WHOLE {
        add(opens, whole.to_owned());
    }
    add(true, with("").replace("\r\n\r\n", "\r\n").replace("\r\n", "\n"));
    for (opens, more) in SUBPROTOCOLS {
        let lines = [LINE, UPGRADE, CONNECTION, ACCEPT];
        let head = if more.is_empty() { head(&lines) } else { with(more) };
        cases.push(Case { head, offers: true, opens, departs: None });
    }
    let mut depart = |why, head| {
        cases.push(Case { head, offers: false, opens: true, departs: Some(why) });
    };
    for line in FOREIGN {
        depart("it is not HTTP/1.0 or HTTP/1.1", head(&[line, UPGRADE, CONNECTION, ACCEPT]));
    }
    depart("a CR alone within a line", with("X-Odd: a\rb"));
    depart("more than a hundred header lines", with(&["X-More: y"; 120].join("\r\n")));
    depart("more than 16 KiB", with(&format!("X-Long: {}", "y".repeat(20_000))));
    cases
}

const UPGRADES: [(bool, &str); 18] = [
    (true, "Upgrade: WebSocket"),
    (true, "UPGRADE: WEBSOCKET"),
    (true, "Upgrade: \t websocket \t"),
    (true, "Upgrade:\r\n websocket"),
    (true, "Upgrade: websocket\r\n "),
    (true, "Upgrade : websocket"),
    (true, "Upgrade\t: websocket"),
    (false, "Upgrade: websocket\r\nUpgrade: websocket"),
    (false, "Upgrade: websocket\r\nUpgrade: h2c"),
    (false, "Upgrade: websocket, h2c"),
    (false, "Upgrade: h2c, websocket"),
    (false, "Upgrade: h2c"),
    (false, "Upgrade: websocket/13"),
    (false, "Upgrade: websocket,"),
    (false, "Upgrade:"),
    (false, "Upgrade: \"websocket\""),
    (false, "Upgrade: web\u{1}socket"),
    (false, " Upgrade: websocket"),
];

const CONNECTIONS: [(bool, &str); 18] = [
    (true, "Connection: upgrade"),
    (true, "connection: UPGRADE"),
    (true, "Connection: keep-alive, Upgrade"),
    (true, "Connection: keep-alive,Upgrade"),
    (true, "Connection: Upgrade, keep-alive"),
    (true, "Connection: close, Upgrade"),
    (true, "Connection: Upgrade,"),
    (true, "Connection: keep-alive\r\nConnection: Upgrade"),
    (true, "Connection: Upgrade\r\nConnection: Upgrade"),
    (true, "Connection: keep-alive,\r\n Upgrade"),
    (false, "Connection: close"),
    (false, "Connection: keep-alive"),
    (false, "Connection:"),
    (false, "Connection: Upgraded"),
    (false, "Connection: \"Upgrade\""),
    (false, "Connection: keep-alive Upgrade"),
    (false, "Connection: websocket"),
    (false, " Connection: Upgrade"),
];

const ACCEPTS: [(bool, &str); 15] = [
    (true, "Sec-WebSocket-Accept:{accept}"),
    (true, "sec-websocket-ACCEPT: {accept}"),
    (true, "Sec-WebSocket-Accept:  \t {accept} \t"),
    (true, "Sec-WebSocket-Accept:\r\n {accept}"),
    (false, "Sec-WebSocket-Accept: {front}\r\n {back}"),
    (false, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    (false, "Sec-WebSocket-Accept: {other case}"),
    (false, "Sec-WebSocket-Accept: {accept}x"),
    (false, "Sec-WebSocket-Accept: {accept}, {accept}"),
    (false, "Sec-WebSocket-Accept: \"{accept}\""),
    (false, "Sec-WebSocket-Accept:"),
    (false, "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept: {accept}"),
    (false, "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept: no"),
    (false, "Sec-WebSocket-Accept: no\r\nSec-WebSocket-Accept: {accept}"),
    (false, "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept:"),
];

/// Chromium offers `permessage-deflate; client_max_window_bits`.
const EXTENSIONS: [(bool, &str); 52] = [
    (true, "permessage-deflate"),
    (true, "permessage-deflate; server_no_context_takeover"),
    (true, "permessage-deflate ; server_no_context_takeover"),
    (true, "permessage-deflate;\r\n server_no_context_takeover"),
    (true, "permessage-deflate; client_no_context_takeover"),
    (true, "permessage-deflate; server_max_window_bits=8"),
    (true, "permessage-deflate; server_max_window_bits=10"),
    (true, "permessage-deflate; server_max_window_bits=15"),
    (true, "permessage-deflate; server_max_window_bits=\"10\""),
    (true, "permessage-deflate; server_max_window_bits=\"1\\0\""),
    (true, "permessage-deflate;server_max_window_bits = 10"),
    (true, "permessage-deflate; client_max_window_bits=10"),
    (
        true,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15",
    ),
    (false, "x-unknown"),
    (false, "x-unknown; a=b"),
    (false, "perframe-deflate"),
    (false, "x-webkit-deflate-frame"),
    (false, "PerMessage-Deflate"),
    (false, "\"permessage-deflate\""),
    (false, "permessage-deflate, permessage-deflate"),
    (false, "permessage-deflate, x-unknown"),
    (false, "permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate"),
    (false, "permessage-deflate\r\nSec-WebSocket-Extensions:"),
    (false, "permessage-deflate; frobnicate"),
    (false, "permessage-deflate; frobnicate=1"),
    (false, "permessage-deflate; x=\"a b\""),
    (false, "permessage-deflate; Server_No_Context_Takeover"),
    (false, "permessage-deflate; server_no_context_takeover=1"),
    (false, "permessage-deflate; server_no_context_takeover=\"\""),
    (false, "permessage-deflate; client_no_context_takeover; client_no_context_takeover"),
    (false, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10"),
    (false, "permessage-deflate; server_max_window_bits"),
    (false, "permessage-deflate; server_max_window_bits="),
    (false, "permessage-deflate; server_max_window_bits=\"\""),
    (false, "permessage-deflate; server_max_window_bits=7"),
    (false, "permessage-deflate; server_max_window_bits=16"),
    (false, "permessage-deflate; server_max_window_bits=08"),
    (false, "permessage-deflate; server_max_window_bits=010"),
    (false, "permessage-deflate; server_max_window_bits=+9"),
    (false, "permessage-deflate; server_max_window_bits=9x"),
    (false, "permessage-deflate; server_max_window_bits=x"),
    (false, "permessage-deflate; client_max_window_bits"),
    (false, "permessage-deflate; client_max_window_bits=7"),
    (false, "permessage-deflate; client_max_window_bits=08"),
    (false, ""),
    (false, ";;;"),
    (false, "permessage-deflate,"),
    (false, "permessage-deflate ,"),
    (false, ",permessage-deflate"),
    (false, "permessage-deflate;"),
    (false, "permessage-deflate;;server_no_context_takeover"),
    (false, "permessage-deflate server_no_context_takeover"),
];

const LINES: [(bool, &str); 22] = [
    (true, "HTTP/1.0 101 Switching Protocols"),
    (true, "HTTP/1.1 101"),
    (true, "HTTP/1.1 101 "),
    (true, "HTTP/1.1 101 OK"),
    (true, "HTTP/1.1 101 Web Socket Protocol Handshake"),
    (true, "HTTP/1.1 101 \u{d0}\u{9f}"),
    (true, "HTTP/1.1  101 Switching Protocols"),
    (true, "\r\nHTTP/1.1 101 Switching Protocols"),
    (true, "\r\n\r\nHTTP/1.1 101 Switching Protocols"),
    (false, "HTTP/1.1 100 Continue"),
    (false, "HTTP/1.1 102 Processing"),
    (false, "HTTP/1.1 200 OK"),
    (false, "HTTP/1.1 201 Created"),
    (false, "HTTP/1.1 204 No Content"),
    (false, "HTTP/1.1 302 Found\r\nLocation: /0"),
    (false, "HTTP/1.1 426 Upgrade Required"),
    (false, "HTTP/1.1 1010 Switching Protocols"),
    (false, "HTTP/1.1 99 Switching Protocols"),
    (false, "HTTP/1.1\t101 Switching Protocols"),
    (false, "ICY 101 OK"),
    (false, "hello\r\nHTTP/1.1 101 Switching Protocols"),
    (false, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols"),
];

/// First lines that Chromium takes for HTTP.
const FOREIGN: [&str; 7] = [
    "HTTP/1.2 101 Switching Protocols",
    "HTTP/2 101 Switching Protocols",
    "HTTP/0.9 101 Switching Protocols",
    "http/1.1 101 Switching Protocols",
    "HTTP/1.1 101x Switching Protocols",
    "HTTP 101 Switching Protocols",
    "  HTTP/1.1 101 Switching Protocols",
];

const MORE: [(bool, &str); 36] = [
    (false, "Sec-WebSocket-Protocol: chat"),
    (false, "Sec-WebSocket-Protocol:"),
    (true, "Content-Length: 0"),
    (true, "Content-Length: 7"),
    (true, "Content-Length: -1"),
    (true, "Content-Length: 5\r\nContent-Length: 5"),
    (true, "Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked"),
    (false, "Content-Length: 5\r\nContent-Length: 6"),
    (false, "Content-Length: 5\r\nContent-Length: 05"),
    (false, "Content-Length: 5\r\nContent-Length:"),
    (false, "Content-Length: 5, 6"),
    (false, "Content-Length: x\r\nContent-Length: y"),
    (true, "Transfer-Encoding: chunked"),
    (true, "Transfer-Encoding: gzip"),
    (true, "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip"),
    (true, "Location: /elsewhere"),
    (true, "Location: /a\r\nLocation: /a"),
    (false, "Location: /a\r\nLocation: /b"),
    (false, "Content-Disposition: a\r\nContent-Disposition: b"),
    (true, "Content-Type: text/html"),
    (true, "Set-Cookie: a=b"),
    (true, "Sec-WebSocket-Version: 13"),
    (true, "Sec-WebSocket-Version: 8"),
    (true, "Sec-WebSocket-Key: abc"),
    (true, "X-Empty:"),
    (true, "X-Odd: \u{ff}\u{fe}"),
    (true, "X-Odd: a\u{1}b"),
    (false, "X-Odd: a\u{0}b"),
    (true, "X-Odd : a"),
    (true, "X Odd: a"),
    (true, "X(Odd): a"),
    (true, "X\u{1}: a"),
    (true, "no colon here"),
    (true, ": nameless"),
    (true, "X-Folded: a\r\n b"),
    (true, "X-Folded: a\r\n\tb"),
];

const WHOLE: [(bool, &str); 3] = [
    (
        true,
        "HTTP/1.1 101\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n",
    ),
    (
        true,
        "HTTP/1.1 101 x\r\nUpgrade: websocket\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n",
    ),
    (false, "HTTP/1.0 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n"),
];

const SUBPROTOCOLS: [(bool, &str); 13] = [
    (true, "Sec-WebSocket-Protocol: chat"),
    (true, "Sec-WebSocket-Protocol: news"),
    (true, "Sec-WebSocket-Protocol:  chat "),
    (true, "Sec-WebSocket-Protocol:\r\n chat"),
    (false, ""),
    (false, "Sec-WebSocket-Protocol:"),
    (false, "Sec-WebSocket-Protocol: soup"),
    (false, "Sec-WebSocket-Protocol: CHAT"),
    (false, "Sec-WebSocket-Protocol: chat, news"),
    (false, "Sec-WebSocket-Protocol: \"chat\""),
    (false, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: news"),
    (false, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat"),
    (false, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol:"),
];
