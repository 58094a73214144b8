//! Judges the answer to an opening handshake (RFC 6455 §4.1).

use std::collections::BTreeSet;

use http::header::{
    CONNECTION, CONTENT_DISPOSITION, CONTENT_LENGTH, LOCATION, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, Response, StatusCode, Version};

use super::ResponseFault;
use super::extensions;
use crate::handshake::{AcceptKey, Extension, parse_request, parse_response};

/// The parts of a request that decide whether an answer is right: key, subprotocols, extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The value that `Sec-WebSocket-Accept` must have; `None` if the request has no key.
    accept: Option<String>,
    subprotocols: Vec<String>,
    extensions: Vec<Extension>,
}

impl Asked {
    /// Reads them from the head of a request; all are empty if `head` is no request.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        let Ok(Some((request, _))) = parse_request(head) else { return Self::default() };
        let headers = request.headers();
        let key = headers.get(SEC_WEBSOCKET_KEY).map(|key| key.to_str().unwrap_or("(no text)"));
        let offered = values(headers, &SEC_WEBSOCKET_EXTENSIONS);
        Self {
            accept: key.map(|key| AcceptKey::derive(key).accept),
            subprotocols: listed(&values(headers, &SEC_WEBSOCKET_PROTOCOL)).collect(),
            extensions: offered
                .iter()
                .filter_map(|list| Extension::parse_list(list))
                .flatten()
                .collect(),
        }
    }
}

/// Every fault of `head`, the answer to the request `asked`; bytes behind the head are ignored.
///
/// A WebSocket opens if none of the faults [is fatal](ResponseFault::is_fatal): Chromium, tried
/// with each of them, opens and refuses the same answers. It reads at most 16 KiB and a hundred
/// header lines, where Chromium reads 256 KiB.
#[must_use]
pub fn judge_response(asked: &Asked, head: &[u8]) -> Vec<ResponseFault> {
    match parse_response(head) {
        Err(error) => vec![ResponseFault::NotHttp(error)],
        Ok(None) => vec![ResponseFault::Incomplete],
        Ok(Some((response, size))) => judge(asked, &response, &head[..size]),
    }
}

fn judge(asked: &Asked, response: &Response<()>, head: &[u8]) -> Vec<ResponseFault> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return vec![ResponseFault::Status(response.status())];
    }
    let headers = response.headers();
    let mut faults = Vec::new();
    if response.version() == Version::HTTP_10 {
        faults.push(ResponseFault::OldHttp);
    }
    upgrade(headers, &mut faults);
    accept(asked, headers, &mut faults);
    chosen_extensions(asked, headers, &mut faults);
    chosen_subprotocol(asked, headers, &mut faults);
    framing(headers, &mut faults);
    lines(head, &mut faults);
    faults
}

/// RFC 6455 §4.1, points 2 and 3.
fn upgrade(headers: &HeaderMap, faults: &mut Vec<ResponseFault>) {
    let upgrades = values(headers, &UPGRADE);
    if upgrades.len() > 1 {
        faults.push(ResponseFault::Repeated("Upgrade"));
    }
    if !upgrades.iter().any(|value| value.eq_ignore_ascii_case("websocket")) {
        let found = upgrades.first().cloned();
        faults.push(ResponseFault::Lacks { header: "Upgrade", wanted: "websocket", found });
    }
    let connections = values(headers, &CONNECTION);
    if !listed(&connections).any(|one| one.eq_ignore_ascii_case("upgrade")) {
        let found = (!connections.is_empty()).then(|| connections.join(", "));
        faults.push(ResponseFault::Lacks { header: "Connection", wanted: "Upgrade", found });
    }
}

/// RFC 6455 §4.1, point 4.
fn accept(asked: &Asked, headers: &HeaderMap, faults: &mut Vec<ResponseFault>) {
    let found = values(headers, &SEC_WEBSOCKET_ACCEPT);
    if found.len() > 1 {
        faults.push(ResponseFault::Repeated("Sec-WebSocket-Accept"));
    }
    let is_right = |value: &String| asked.accept.as_ref() == Some(value);
    if found.is_empty() || !found.iter().all(is_right) {
        let wrong = found.iter().find(|value| !is_right(value)).cloned();
        let wanted = asked.accept.clone().unwrap_or_default();
        faults.push(ResponseFault::Accept { found: wrong, wanted });
    }
}

/// The most faults of extensions that are reported: a head has room for thousands, and one is fatal.
const EXTENSION_FAULTS: usize = 16;

/// RFC 6455 §4.1, point 5.
fn chosen_extensions(asked: &Asked, headers: &HeaderMap, faults: &mut Vec<ResponseFault>) {
    let mut known = BTreeSet::new();
    let mut judged = |chosen: Extension| {
        let name = &chosen.name;
        let mut offers = asked.extensions.iter().filter(|offer| offer.name == *name).peekable();
        if !known.insert(name.clone()) {
            Some(ResponseFault::ExtensionRepeated(chosen.name))
        } else if offers.peek().is_none() {
            Some(ResponseFault::ExtensionUnasked(chosen.name))
        } else {
            extensions::unfit(&chosen, offers)
        }
    };
    let lists = values(headers, &SEC_WEBSOCKET_EXTENSIONS).into_iter();
    let found = lists.flat_map(|list| match Extension::parse_list(&list) {
        Some(chosen) => chosen.into_iter().filter_map(&mut judged).collect(),
        None => vec![ResponseFault::ExtensionsMalformed(list)],
    });
    faults.extend(found.take(EXTENSION_FAULTS));
}

/// RFC 6455 §4.1, point 6; a client that offers subprotocols fails if none is chosen (the
/// WHATWG's WebSockets standard, "establish a WebSocket connection").
fn chosen_subprotocol(asked: &Asked, headers: &HeaderMap, faults: &mut Vec<ResponseFault>) {
    let chosen = values(headers, &SEC_WEBSOCKET_PROTOCOL);
    if chosen.len() > 1 {
        faults.push(ResponseFault::Repeated("Sec-WebSocket-Protocol"));
    }
    if chosen.is_empty() && !asked.subprotocols.is_empty() {
        faults.push(ResponseFault::SubprotocolIgnored(asked.subprotocols.join(", ")));
    }
    let unasked = chosen.into_iter().filter(|name| !asked.subprotocols.contains(name));
    faults.extend(unasked.map(ResponseFault::SubprotocolUnasked));
}

/// A 101 has no body (RFC 9110 §15.2, RFC 9112 §6.1). Browsers refuse these headers if their
/// values contradict each other.
fn framing(headers: &HeaderMap, faults: &mut Vec<ResponseFault>) {
    let has_coding = headers.contains_key(TRANSFER_ENCODING);
    for (name, shown) in
        [(CONTENT_LENGTH, "Content-Length"), (TRANSFER_ENCODING, "Transfer-Encoding")]
    {
        if headers.contains_key(&name) {
            faults.push(ResponseFault::Body(shown));
        }
    }
    for (name, shown) in [
        (CONTENT_LENGTH, "Content-Length"),
        (LOCATION, "Location"),
        (CONTENT_DISPOSITION, "Content-Disposition"),
    ] {
        let mut found = values(headers, &name);
        if name == CONTENT_LENGTH {
            // A length beside a transfer coding is ignored (RFC 9112 §6.3).
            found.retain(|_| !has_coding);
            found = found.iter().flat_map(|list| list.split(',')).map(trimmed).collect();
        }
        if found.windows(2).any(|pair| pair[0] != pair[1]) {
            faults.push(ResponseFault::Contradictory(shown));
        }
    }
}

/// Faults in the lines of the head that a parser forgives and that a server must not send.
fn lines(head: &[u8], faults: &mut Vec<ResponseFault>) {
    let start = head.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or_default();
    let lines: Vec<_> = head[start..].split_inclusive(|&byte| byte == b'\n').collect();
    if lines.iter().any(|line| !line.ends_with(b"\r\n")) {
        faults.push(ResponseFault::BareLineFeed);
    }
    let is_fold = |line: &&&[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
    let fields = lines.iter().skip(1).filter(|line| !line.trim_ascii().is_empty());
    if fields.clone().any(|line| is_fold(&line)) {
        faults.push(ResponseFault::Folded);
    }
    let is_field = |line: &&[u8]| {
        let name = line.iter().position(|&byte| byte == b':').map(|end| &line[..end]);
        let fits = |byte: u8| byte == b'\t' || byte == b'\r' || byte == b'\n' || byte >= b' ';
        name.is_some_and(|name| HeaderName::from_bytes(name).is_ok())
            && line.iter().all(|&b| fits(b))
    };
    if fields.filter(|line| !is_fold(line)).any(|line| !is_field(line)) {
        faults.push(ResponseFault::Garbled);
    }
}

/// All values of a header, as text, without blanks around them.
fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values.map(|value| trimmed(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn trimmed(value: &str) -> String {
    value.trim_matches([' ', '\t']).to_owned()
}

/// The items of comma-separated lists; empty items are ignored (RFC 9110 §5.6.1).
fn listed(values: &[String]) -> impl Iterator<Item = String> {
    let items = values.iter().flat_map(|list| list.split(',')).map(trimmed);
    items.filter(|item| !item.is_empty())
}
