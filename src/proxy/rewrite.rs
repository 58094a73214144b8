//! Changes the heads of requests on their way to the server.

use bytes::Bytes;

use crate::client::with_headers;
use crate::handshake::{asks, parse_request};

/// The headers that every request gets, in place of the client's own of the same name.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    headers: Vec<(String, String)>,
}

impl Rewrite {
    /// Every request gets these headers, in place of those of the same name.
    #[must_use]
    pub fn new(headers: Vec<(String, String)>) -> Self {
        Self { headers }
    }

    /// Whether requests stay as they are.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.headers.is_empty()
    }

    /// The changed `head`. A request for a page is made the last of its connection, because only the first
    /// head of a connection is changed.
    pub(super) fn apply(&self, head: &[u8]) -> Bytes {
        let is_upgrade =
            matches!(parse_request(head), Ok(Some((request, _))) if asks(request.headers()));
        let mut headers = self.headers.clone();
        // Only a page's client names an origin for a reason of its own: a page has none for itself.
        let has_origin = has(head, "Origin");
        headers
            .retain(|(name, _)| is_upgrade || has_origin || !name.eq_ignore_ascii_case("Origin"));
        if !is_upgrade {
            headers.push(("Connection".to_owned(), "close".to_owned()));
        }
        with_headers(Bytes::copy_from_slice(head), &headers)
    }
}

fn has(head: &[u8], name: &str) -> bool {
    matches!(parse_request(head), Ok(Some((request, _))) if request.headers().contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::Rewrite;

    #[test]
    fn a_handshake_gets_the_headers_and_a_page_ends_its_connection() {
        let headers = [("Host", "b.test"), ("Origin", "http://b.test")];
        let rewrite =
            Rewrite::new(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let changed = rewrite.apply(
            b"GET /ws HTTP/1.1\r\nhost: a\r\nOrigin: http://a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        );
        assert_eq!(
            changed,
            "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: b.test\r\nOrigin: http://b.test\r\n\r\n"
        );
        let changed = rewrite.apply(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(changed, "GET / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n");
    }
}
