//! One sentence for each header of a handshake.

/// Explains what the header called `name` is for, in one sentence. The name may be in any case;
/// `None` for a header that is not known here.
#[must_use]
pub fn explain(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "host" => "which of the sites at this address the client wants (RFC 9110 §7.2)",
        "upgrade" => "the protocol to switch this connection to: websocket (RFC 6455 §4.1)",
        "connection" => {
            "says that Upgrade is meant for this connection only, so that no proxy passes it on \
             unread (RFC 9110 §7.6.1)"
        }
        "sec-websocket-key" => {
            "16 random bytes in base64, no secret: the answer must show that they were read \
             (RFC 6455 §4.1)"
        }
        "sec-websocket-accept" => {
            "the base64 of SHA-1 of the key and a fixed text: proof that the server read the \
             request and speaks WebSocket (RFC 6455 §4.2.2)"
        }
        "sec-websocket-version" => {
            "13, the only version there is; a server that refuses another names it (RFC 6455 §4.4)"
        }
        "sec-websocket-protocol" => {
            "subprotocols: what the messages will mean; the client offers some, the server picks \
             one or none (RFC 6455 §1.9)"
        }
        "sec-websocket-extensions" => {
            "changes to the framing itself, such as compression by permessage-deflate; without an \
             answer there are none (RFC 6455 §9)"
        }
        "origin" => {
            "the site whose page opens the connection: the browser writes it, the page cannot \
             (RFC 6455 §10.2)"
        }
        "user-agent" => "what program the client says it is (RFC 9110 §10.1.5)",
        "cookie" => {
            "what this site's cookies say; a browser sends them whichever site the page is from, \
             which is why Origin must be judged (RFC 6265 §4.2)"
        }
        "authorization" => "credentials, which a page's script cannot set here (RFC 9110 §11.6.2)",
        "cache-control" | "pragma" => "asks caches on the way not to answer (RFC 9111 §5.2, §5.4)",
        "accept" | "accept-encoding" | "accept-language" => {
            "what form of answer the client likes; browsers always say so, here it matters little \
             (RFC 9110 §12.5)"
        }
        "sec-fetch-dest" | "sec-fetch-mode" | "sec-fetch-site" | "sec-fetch-storage-access" => {
            "the browser tells what the request is for and from where (Fetch Metadata)"
        }
        "date" => "when the server answered (RFC 9110 §6.6.1)",
        "server" => "what program the server says it is (RFC 9110 §10.2.4)",
        "allow" => "the methods that would have been fine here (RFC 9110 §10.2.1)",
        "content-type" => "what the body of a refusal is written in (RFC 9110 §8.3)",
        "content-length" => "how many bytes of body follow; a 101 has none (RFC 9110 §8.6)",
        "retry-after" => "how many seconds to wait before trying again (RFC 9110 §10.2.3)",
        _ => return None,
    })
}
