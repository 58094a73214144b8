//! The opening handshake (RFC 6455 §4).

use ws101::frame::Frame;

use crate::case::{ACCEPT, Case, KEY, Step, echoed, head, masked};
use crate::target::Target::{Echo, FullChat, RawEcho};

const READ: &str = "MUST let in a request that keeps every rule, however it is spelled";
const REFUSE: &str = "MUST stop and answer with an HTTP error if the request breaks a rule";

pub fn cases() -> Vec<Case> {
    [let_in(), refused(), agreed_on()].into_iter().flatten().collect()
}

fn let_in() -> Vec<Case> {
    let sound = |name: &str, changes: &[&str]| {
        Case::new(format!("s4_2_1_{name}"), READ).send(head(changes)).switched()
    };
    let line = format!("sec-websocket-key: {KEY}\r\nSEC-WEBSOCKET-VERSION: 13");
    vec![
        sound("as_in_the_rfc", &[]),
        sound("query", &["GET /chat?a=b&c=%20 HTTP/1.1"]),
        sound("absolute_uri", &["GET http://example.com/chat HTTP/1.1"]),
        sound("upgrade_in_capitals", &["Upgrade: WEBSOCKET"]),
        sound("upgrade_among_others", &["Upgrade: h2c, WebSocket"]),
        sound("connection_in_capitals", &["Connection: UPGRADE"]),
        sound("connection_among_others", &["Connection: keep-alive, Upgrade"]),
        sound("connection_over_two_lines", &["Connection: keep-alive\r\nConnection: upgrade"]),
        sound(
            "header_names_in_any_case",
            &["Sec-WebSocket-Key: ", "Sec-WebSocket-Version: ", &format!("Cookie: a=b\r\n{line}")],
        ),
        sound("spaces_around_values", &["Upgrade:  \t websocket \t "]),
        sound("host_with_a_port", &["Host: example.com:8080"]),
        sound("unknown_headers", &["X-Anything: at all", "Cookie: a=b"]),
        Case::new("s4_2_1_head_byte_by_byte", READ).byte_by_byte(head(&[])).switched(),
        Case::new(
            "s4_2_1_frame_right_behind_the_head",
            "MUST read frames from the first byte after the head",
        )
        .send([head(&[]).as_bytes(), &masked([Frame::text("hi"), Frame::ping("?")])].concat())
        .switched()
        .hears([echoed("hi"), Frame::pong("?")]),
        Case::new(
            "s4_2_2_half_a_frame_behind_the_head",
            "MUST read frames from the first byte after the head",
        )
        .send([head(&[]).as_bytes(), &masked([Frame::text("hi")])[..3]].concat())
        .switched()
        .send(masked([Frame::text("hi")]).slice(3..))
        .hears([echoed("hi")]),
    ]
}

fn refused() -> Vec<Case> {
    let broken = |name: &str, status: u16, changes: &[&str]| {
        Case::new(format!("s4_2_1_{name}"), REFUSE).send(head(changes)).refused(status)
    };
    let garbage = |name: &str, status: u16, bytes: &'static str| {
        Case::new(format!("s4_2_1_{name}"), REFUSE).send(bytes).refused(status)
    };
    let twice = |name: &str, rule, line: &str| {
        let changes = [&*format!("X-First: x\r\n{line}")];
        Case::new(name, rule).send(head(&changes)).refused(400)
    };
    vec![
        broken("method_post", 405, &["POST /chat HTTP/1.1"]),
        broken("method_in_small_letters", 405, &["get /chat HTTP/1.1"]),
        broken("http_1_0", 505, &["GET /chat HTTP/1.0"]),
        broken("http_2_0", 505, &["GET /chat HTTP/2.0"]),
        broken("host_missing", 400, &["Host: "]),
        twice("s4_2_1_host_repeated", REFUSE, "Host: example.org"),
        broken("upgrade_missing", 400, &["Upgrade: "]),
        broken("upgrade_to_something_else", 400, &["Upgrade: websockets"]),
        broken("connection_missing", 400, &["Connection: "]),
        broken("connection_without_upgrade", 400, &["Connection: keep-alive"]),
        broken("key_missing", 400, &["Sec-WebSocket-Key: "]),
        broken("key_of_no_bytes", 400, &["Sec-WebSocket-Key: =="]),
        broken("key_of_15_bytes", 400, &["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"]),
        broken("key_of_17_bytes", 400, &["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="]),
        broken("key_no_base64", 400, &["Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="]),
        twice(
            "s11_3_1_key_repeated",
            "MUST NOT come more than once: Sec-WebSocket-Key",
            &format!("Sec-WebSocket-Key: {KEY}"),
        ),
        broken("version_missing", 400, &["Sec-WebSocket-Version: "]),
        twice(
            "s11_3_5_version_repeated",
            "MUST NOT come more than once: Sec-WebSocket-Version in a request",
            "Sec-WebSocket-Version: 13",
        ),
        // `echo` has a page: this asks it for a file, as anybody may.
        broken(
            "nothing_of_a_websocket",
            426,
            &["Upgrade: ", "Connection: ", "Sec-WebSocket-Key: ", "Sec-WebSocket-Version: "],
        )
        .only(&[RawEcho, FullChat]),
        broken("folded_header", 400, &["X-Long: a\r\n b"]),
        broken("space_before_a_colon", 400, &["X-Odd : a"]),
        broken("head_too_large", 431, &[&format!("Cookie: {}", "x".repeat(20_000))]),
        garbage("garbage", 400, "hello?\r\n\r\n"),
        garbage("tls", 400, "\x16\x03\x01\x02\0\x01\0\x01"),
        garbage("http_2_preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]
}

/// Keys, versions, origins, resources, subprotocols and extensions (RFC 6455 §4.2.2, §4.4).
fn agreed_on() -> Vec<Case> {
    let version = |number: &str| {
        let rule = "MUST answer an unknown version with 426 and the versions known";
        Case::new(format!("s4_4_version_{number}"), rule)
            .send(head(&[&format!("Sec-WebSocket-Version: {number}")]))
            .refused_with(426, "sec-websocket-version", "13")
    };
    let v1 = "ws101.chat.v1";
    let protocol = "MUST choose one of the subprotocols offered, or none and say none";
    vec![
        version("0"),
        version("8"),
        version("14"),
        version("256"),
        Case::new("s4_2_2_accept_key", "MUST answer the key with the SHA-1 of it and of the GUID")
            .send(head(&["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]))
            .switched_with("HSmrc0sMlYUkAGmm5OPpG2HaGWk=", None),
        Case::new("s4_2_2_origin_of_this_host", "MAY let in by origin")
            .send(head(&["Origin: http://example.com"]))
            .switched(),
        Case::new("s10_2_foreign_origin", "SHOULD answer 403 to a page that is not wanted")
            .send(head(&["Origin: http://evil.test"]))
            .refused(403),
        Case::new("s4_2_2_unknown_resource", "MUST answer 404 where there is no WebSocket")
            .only(&[FullChat])
            .send(head(&["GET /nowhere HTTP/1.1"]))
            .refused(404),
        Case::new("s4_2_2_extensions_offered", "MUST NOT agree to an extension it does not speak")
            .send(head(&["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]))
            .switched(),
        Case::new("s4_2_2_subprotocol_unknown", protocol)
            .send(head(&["Sec-WebSocket-Protocol: soap, wamp"]))
            .switched()
            .except(
                FullChat,
                "whoever offers only what is not spoken here would misunderstand what is: 400",
                Step::Refused(400, None),
            ),
        Case::new("s4_2_2_subprotocol_known", protocol)
            .only(&[FullChat])
            .send(head(&["Sec-WebSocket-Protocol: soap, ws101.chat.v1"]))
            .switched_with(ACCEPT, Some(v1)),
        Case::new("s4_2_2_subprotocol_in_other_letters", protocol)
            .only(&[RawEcho, Echo])
            .send(head(&["Sec-WebSocket-Protocol: WS101.CHAT.V1"]))
            .switched(),
    ]
}
