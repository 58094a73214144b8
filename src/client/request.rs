//! The request of an opening handshake, valid or wrong on purpose.

use bytes::Bytes;

use crate::handshake::parse_request;
use crate::wst::USUAL_HEADERS;

/// The request of an opening handshake. It is valid until a method of it changes a part.
///
/// ```
/// use ws101::client::Request;
///
/// let as_a_page_would = Request::new("/ws?name=bob")
///     .subprotocol("ws101.chat.v1")
///     .header("Origin", "http://localhost:8080");
/// let too_old = Request::new("/ws").header("Sec-WebSocket-Version", "8");
/// let keyless = Request::new("/ws").without("Sec-WebSocket-Key");
/// let garbage = Request::raw(&b"\x16\x03\x01"[..]);
/// ```
#[derive(Clone, Debug)]
pub struct Request(RequestForm);

#[derive(Clone, Debug)]
enum RequestForm {
    Lines { method: String, target: String, headers: Vec<(String, String)> },
    Raw(Bytes),
}

impl Request {
    /// A GET of `target`, a path with or without a query, with the headers that RFC 6455 §4.1 requires.
    #[must_use]
    pub fn new(target: &str) -> Self {
        Self(RequestForm::Lines {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: USUAL_HEADERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        })
    }

    /// These bytes and no others, sent as they are.
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self(RequestForm::Raw(bytes.into()))
    }

    /// The same with another method than GET.
    #[must_use]
    pub fn method(mut self, name: &str) -> Self {
        if let RequestForm::Lines { method, .. } = &mut self.0 {
            name.clone_into(method);
        }
        self
    }

    /// The same with one more header, or with another value for one that is there.
    ///
    /// Without it, `Host` is the address of the server; in process it is `ws101.test`. To send a
    /// header twice, use [`raw`](Self::raw).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let RequestForm::Lines { headers, .. } = &mut self.0 {
            match headers.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(name)) {
                Some((_, present)) => value.clone_into(present),
                None => headers.push((name.to_owned(), value.to_owned())),
            }
        }
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let RequestForm::Lines { headers, .. } = &mut self.0 {
            headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        }
        self
    }

    /// The same with an offer of these subprotocols: separated by commas, the preferred one first.
    #[must_use]
    pub fn subprotocol(self, names: &str) -> Self {
        self.header("Sec-WebSocket-Protocol", names)
    }

    /// The bytes of the request; `host` is the value of the `Host` header, unless one was set.
    #[must_use]
    pub fn to_bytes(&self, host: &str) -> Bytes {
        match &self.0 {
            RequestForm::Raw(bytes) => bytes.clone(),
            RequestForm::Lines { method, target, headers } => {
                let mut lines = vec![format!("{method} {target} HTTP/1.1\r\n")];
                lines.extend(headers.iter().map(|(name, value)| {
                    let value = if name == "Host" && value.is_empty() { host } else { value };
                    format!("{name}: {value}\r\n")
                }));
                (lines.concat() + "\r\n").into()
            }
        }
    }
}

impl From<&str> for Request {
    fn from(target: &str) -> Self {
        Self::new(target)
    }
}

/// The request `head` with these headers in place of others of the same name; bytes that are no whole
/// head stay as they are.
#[must_use]
pub fn with_headers(head: Bytes, headers: &[(String, String)]) -> Bytes {
    let Ok(Some((_, size))) = parse_request(&head) else { return head };
    if headers.is_empty() {
        return head;
    }
    let is_replaced = |line: &[u8]| {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        headers.iter().any(|(given, _)| name.eq_ignore_ascii_case(given.as_bytes()))
    };
    let mut lines = head[..size].split_inclusive(|&byte| byte == b'\n');
    let mut whole: Vec<u8> = lines.next().unwrap_or_default().to_vec();
    let kept = lines.filter(|line| !line.trim_ascii().is_empty() && !is_replaced(line));
    kept.for_each(|line| whole.extend_from_slice(line));
    for (name, value) in headers {
        whole.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(&head[size..]);
    whole.into()
}
