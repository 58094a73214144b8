//! Bytes in, bytes out: every answer to an opening handshake (RFC 6455 §4).

use ws101::handshake::{
    self, AcceptKey, Agreement, Extension, HEAD_LIMIT, HEADER_LIMIT, HeadError, Origins, Policy,
    Rejection,
};

/// A sound handshake, to be spoiled one line at a time.
const SOUND: &str = "GET /chat HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// What a raw server does with the bytes so far: the answer, one line a line, or that it waits.
fn answer(policy: &Policy, bytes: impl AsRef<[u8]>) -> String {
    let verdict = match handshake::parse_request(bytes.as_ref()) {
        Ok(None) => return "(waits for more)\n".to_owned(),
        Ok(Some((request, _))) => policy.answer(&request),
        Err(rejection) => Err(rejection),
    };
    shown(&handshake::encode(&handshake::response(&verdict)))
}

/// The status of that answer.
fn status(policy: &Policy, bytes: impl AsRef<[u8]>) -> String {
    answer(policy, bytes).split(' ').nth(1).unwrap().to_owned()
}

/// All of an answer's bytes, its line ends made visible.
fn shown(answer: &[u8]) -> String {
    str::from_utf8(answer).unwrap().replace('\r', r"\r").replace('\n', "\\n\n")
}

/// The sound handshake with `from` replaced by `to`.
fn spoiled(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from:?} is no part of it");
    SOUND.replacen(from, to, 1)
}

fn table(policy: &Policy, cases: &[(&str, String)]) -> String {
    let answers: Vec<_> =
        cases.iter().map(|(name, head)| format!("# {name}\n{}", answer(policy, head))).collect();
    answers.join("\n")
}

#[test]
fn a_sound_handshake_earns_101() {
    let policy =
        Policy { subprotocols: vec!["ws101.chat.v1".into(), "chat".into()], ..Policy::default() };
    let version = "Sec-WebSocket-Version: 13\r\n";
    let with = |line: &str| spoiled(version, &format!("{version}{line}\r\n"));
    let answers = table(
        &policy,
        &[
            ("as in the RFC", SOUND.to_owned()),
            (
                "any case, lists, several lines",
                spoiled(
                    "Upgrade: websocket\r\nConnection: Upgrade",
                    "UPGRADE: h2c, WebSocket\r\nconnection: keep-alive\r\nconnection: x, upgrade",
                ),
            ),
            ("bare line feeds", SOUND.replace("\r\n", "\n")),
            (
                "subprotocols offered: the server's preference decides",
                with("Sec-WebSocket-Protocol: chat, x\r\nSec-WebSocket-Protocol: ws101.chat.v1"),
            ),
            ("an empty offer is none", with("Sec-WebSocket-Protocol: ,")),
            (
                "compression offered: declined by silence",
                with("Sec-WebSocket-Extensions: permessage-deflate"),
            ),
        ],
    );
    insta::assert_snapshot!(answers);
}

/// No extension is known yet; a server that speaks one puts it into the agreement.
#[test]
fn the_101_names_the_extensions_that_were_agreed_on() {
    let mut agreement = Agreement::new("dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(agreement.to_response().headers().get("sec-websocket-extensions"), None);
    let list = r#"permessage-deflate ;server_max_window_bits="10"; x,second"#;
    agreement.extensions = Extension::parse_list(list).unwrap();
    let answer = handshake::encode(&agreement.to_response());
    let line = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; x, second";
    assert!(shown(&answer).contains(line), "{}", shown(&answer));
    for malformed in ["", "a,", "a;", "a b", "a; b=", "a; b=\"\"", "a; b=\"c"] {
        assert_eq!(Extension::parse_list(malformed), None, "{malformed:?}");
    }
    // A value that would end the line is left out.
    agreement.subprotocol = Some("a\r\nb".to_owned());
    assert_eq!(agreement.to_response().headers().get("sec-websocket-protocol"), None);
}

#[test]
fn a_refusal_says_what_to_do() {
    let policy = Policy {
        subprotocols: vec!["ws101.chat.v1".into(), "chat".into()],
        paths: vec!["/chat".into(), "/ws".into()],
        ..Policy::default()
    };
    let version = "Sec-WebSocket-Version: 13\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let with = |line: &str| spoiled(version, &format!("{version}{line}\r\n"));
    let answers = table(&policy, &[
        ("a browser's visit", "GET /chat HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("curl --http2", "GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n".to_owned()),
        ("POST", spoiled("GET", "POST")),
        ("an endless method", spoiled("GET", &"X".repeat(1000))),
        ("no Host", spoiled("Host: example.com\r\n", "")),
        ("two Hosts", with("Host: example.org")),
        ("an empty Host", spoiled("example.com", "")),
        ("no Upgrade", spoiled("Upgrade: websocket\r\n", "")),
        ("another Upgrade", spoiled("websocket", "websockets")),
        ("no Connection", spoiled("Connection: Upgrade\r\n", "")),
        ("another Connection", spoiled("Connection: Upgrade", "Connection: keep-alive")),
        ("no version", spoiled(version, "")),
        ("two versions", with("Sec-WebSocket-Version: 8")),
        ("version 8", spoiled("13", "8")),
        ("no key", spoiled(key, "")),
        ("two keys", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")),
        ("a key of 13 bytes", spoiled("dGhl", "")),
        ("a key of 18 bytes", spoiled("ZQ==", "ZQZQ")),
        ("a key that is no base64", spoiled("dGhl", "dG!l")),
        ("a foreign origin", with("Origin: https://evil.test")),
        ("two origins", with("Origin: http://example.com\r\nOrigin: http://example.com")),
        ("an origin that is not text", with("Origin: http://ex\u{202e}ample.com")),
        ("other subprotocols", with("Sec-WebSocket-Protocol: soap")),
        ("another path", spoiled("/chat", "/elsewhere?x=1")),
        ("another path, broken too", spoiled(key, "").replace("/chat", "/elsewhere")),
        ("HTTP/1.0", spoiled("HTTP/1.1", "HTTP/1.0")),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("garbage", "hello?\r\n\r\n".to_owned()),
        ("a TLS hello", "\x16\x03\x01\x02\0\x01".to_owned()),
        ("no version of HTTP", spoiled("HTTP/1.1", "HTPP/1.1")),
        ("a space in the path", spoiled("/chat", "/my chat")),
        ("a garbled path", spoiled("/chat", "chat://")),
        ("a folded header", with("X-Long: a\r\n  b")),
        ("a header without a colon", with("Upgrade")),
        ("a head too large", with(&format!("Cookie: {}", "x".repeat(HEAD_LIMIT)))),
        ("too many headers", with(&"X: y\r\n".repeat(HEADER_LIMIT))),
    ]);
    insta::assert_snapshot!(answers);
}

#[test]
fn a_request_from_another_http_server_is_judged_as_well() {
    let mut request = handshake::parse_request(SOUND.as_bytes()).unwrap().unwrap().0;
    *request.version_mut() = http::Version::HTTP_2;
    let refusal = Policy::default().answer(&request).map(|_| ());
    assert_eq!(refusal, Err(HeadError::HttpVersion.into()));
}

#[test]
fn whoever_is_too_slow_is_told() {
    insta::assert_snapshot!(shown(&handshake::encode(&Rejection::Timeout.to_response())));
}

#[test]
fn a_head_may_come_in_any_pieces() {
    for (head, verdict) in [
        (SOUND.to_owned(), None),
        (spoiled("HTTP/1.1", "HTTP/2.0"), Some(HeadError::HttpVersion)),
        ("\x16\x03\x01".to_owned(), Some(HeadError::Tls)),
    ] {
        let first = (0..=head.len())
            .map(|end| handshake::parse_request(&head.as_bytes()[..end]))
            .find(|verdict| !matches!(verdict, Ok(None)));
        match (first.expect("there is a verdict by the end"), verdict) {
            (Ok(Some((request, size))), None) => {
                assert_eq!((request.uri().path(), size), ("/chat", SOUND.len()));
            }
            (Err(found), Some(error)) => assert_eq!(found, Rejection::Head(error)),
            (found, wanted) => panic!("{found:?}, not {wanted:?}"),
        }
    }
}

#[test]
fn a_head_ends_within_its_limit_however_it_comes() {
    let head = |size: usize| {
        let line = "Cookie: \r\n\r\n";
        let cookie = "x".repeat(size - (SOUND.len() - 2) - line.len());
        format!("{}Cookie: {cookie}\r\n\r\n", &SOUND[..SOUND.len() - 2])
    };
    let read = |bytes: &str| {
        handshake::parse_request(bytes.as_bytes()).map(|head| head.map(|head| head.1))
    };
    assert_eq!(read(&head(HEAD_LIMIT)), Ok(Some(HEAD_LIMIT)));
    assert_eq!(read(&head(HEAD_LIMIT + 1)), Err(HeadError::TooLarge.into()));
    assert_eq!(read(&head(HEAD_LIMIT)[..HEAD_LIMIT - 1]), Ok(None));
    assert_eq!(read(&head(HEAD_LIMIT + 1)[..HEAD_LIMIT]), Err(HeadError::TooLarge.into()));
}

#[test]
fn a_response_is_read_too() {
    let head = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x00";
    let (response, size) = handshake::parse_response(head).unwrap().unwrap();
    assert_eq!((response.status().as_u16(), size), (101, head.len() - 2));
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(handshake::parse_response(&head[..size - 1]).unwrap().map(|head| head.1), None);
    for (bytes, text) in [
        (
            "GET / HTTP/1.1\r\n\r\n",
            "this is not HTTP/1.1: the first line names no version of HTTP (RFC 9112 §2.1)",
        ),
        (
            "HTTP/1.1 099 Odd\r\n\r\n",
            "this is not HTTP/1.1: the status is no number from 100 to 999 (RFC 9112 §2.1)",
        ),
    ] {
        let error = handshake::parse_response(bytes.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn the_accept_key_of_the_rfc_step_by_step() {
    // RFC 6455 §1.3.
    let steps = AcceptKey::derive("dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(steps.joined, "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    assert_eq!(steps.sha1[..4], [0xb3, 0x7a, 0x4f, 0x2c]);
    assert_eq!(steps.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn only_pages_that_belong_here_are_let_in() {
    let standard = Origins::default();
    for (origin, host, permitted) in [
        // The same host: the port counts, the case does not.
        ("http://example.com", "example.com", true),
        ("http://example.com", "EXAMPLE.com:80", true),
        ("https://Example.com", "example.com", true),
        ("https://example.com", "example.com:443", true),
        ("https://example.com", "example.com:80", false),
        ("http://example.com", "example.com:443", false),
        ("http://example.com:8080", "example.com:8080", true),
        ("http://example.com:81", "example.com", false),
        ("http://192.168.0.7:8080", "192.168.0.7:8080", true),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", true),
        ("http://[2001:db8::1]", "[2001:db8::2]", false),
        // This computer, on any port.
        ("http://localhost", "example.com", true),
        ("http://localhost:3000", "example.com", true),
        ("https://LOCALHOST:3000", "example.com", true),
        ("http://127.0.0.1:5500", "192.168.0.7:8080", true),
        ("http://127.255.0.9", "example.com", true),
        ("http://[::1]:3000", "example.com", true),
        // What only looks like it.
        ("http://localhost.evil.test", "example.com", false),
        ("http://localhost.", "example.com", false),
        ("http://example.com.", "example.com", false),
        ("http://example.com.evil.test", "example.com", false),
        ("http://evil.test/http://example.com", "example.com", false),
        ("http://evil.test#@example.com", "example.com", false),
        ("http://example.com@evil.test", "example.com", false),
        ("http://127.0.0.1.evil.test", "example.com", false),
        ("http://127.1", "example.com", false),
        ("http://128.0.0.1", "example.com", false),
        ("http://[::1", "example.com", false),
        ("http://::1", "example.com", false),
        ("http://[::1]x:80", "example.com", false),
        ("http://localhost:99999", "example.com", false),
        ("http://localhost:", "example.com", false),
        ("http://localhost:+80", "example.com", false),
        ("http://localhost/", "example.com", false),
        ("http://localhost ", "example.com", false),
        // Neither a page of this host nor of this computer.
        ("file://localhost", "example.com", false),
        ("chrome-extension://localhost", "localhost", false),
        ("null", "example.com", false),
        ("null", "null", false),
        ("http://a/b", "a/b", false),
        ("http://a b", "a b", false),
        ("example.com", "example.com", false),
        ("", "example.com", false),
        ("http://", "", false),
    ] {
        assert_eq!(standard.permit(origin, host), permitted, "{origin:?} at {host:?}");
        assert!(Origins::any().permit(origin, host));
    }
    let wider = Origins::allow(["null", "https://class.example"]);
    for (origin, permitted) in [
        ("null", true),
        ("https://class.example", true),
        ("HTTPS://class.example", true),
        ("https://class.example:8443", false),
        ("http://class.example", false),
        ("https://sub.class.example", false),
        ("http://localhost:3000", true),
    ] {
        assert_eq!(wider.permit(origin, "example.com"), permitted, "{origin:?}");
    }
}

/// RFC 9112 §3.2: what every request must keep, whatever it asks for.
#[test]
fn a_request_is_addressed_to_one_host_and_one_path() {
    let line = "GET /chat HTTP/1.1";
    for (from, to, expected) in [
        (line, "GET http://example.com/chat HTTP/1.1", "101"),
        (line, "GET //chat HTTP/1.1", "101"),
        (line, "GET /chat#a HTTP/1.1", "101"),
        (line, "GET /%ff%00%zz HTTP/1.1", "101"),
        (line, "CONNECT a:80 HTTP/1.1", "400"),
        (line, "CONNECT /chat HTTP/1.1", "400"),
        (line, "GET a:80 HTTP/1.1", "400"),
        (line, "GET a HTTP/1.1", "400"),
        (line, "GET * HTTP/1.1", "400"),
        (line, "GET http: HTTP/1.1", "400"),
        (line, "GET http://a@b/chat HTTP/1.1", "400"),
        (line, "GET http://[::1/chat HTTP/1.1", "400"),
        (line, "OPTIONS a:80 HTTP/1.1", "400"),
        (line, "OPTIONS * HTTP/1.1", "405"),
        (line, "HEAD /chat HTTP/1.1", "405"),
        (line, "GET /chat HTTP/1.0", "505"),
        ("Host: example.com\r\n", "", "400"),
        ("Host: example.com", "Host:", "400"),
        ("Host: example.com", "Host: a\r\nHost: a", "400"),
        ("Host: example.com", "Host: a, b", "400"),
        ("Host: example.com", "Host: a b", "400"),
        ("Host: example.com", "Host: a/b", "400"),
        ("Host: example.com", "Host: a@b", "400"),
        ("Host: example.com", "Host: ::1", "400"),
        ("Host: example.com", "Host: [a]", "400"),
        ("Host: example.com", "Host: a:80000", "400"),
        ("Host: example.com", "Host: \u{202e}", "400"),
        ("Host: example.com", "Host: example.com\r\nContent-Length: 0", "101"),
        ("Host: example.com", "Host: example.com\r\nContent-Length: 5", "400"),
        ("Host: example.com", "Host: example.com\r\nContent-Length: x", "400"),
        ("Host: example.com", "Host: example.com\r\nTransfer-Encoding: chunked", "400"),
    ] {
        let head = spoiled(from, to);
        let said = answer(&Policy::default(), &head);
        assert_eq!(said.split(' ').nth(1), Some(expected), "{to}: {said}");
        assert!(expected == "101" || said.contains("RFC "), "it teaches: {said}");
    }
}

#[test]
fn the_authority_of_an_absolute_target_counts_and_not_the_host() {
    let at_home = Policy { hosts: vec!["class.example".into()], ..Policy::default() };
    for (target, host, expected) in [
        ("http://class.example/chat", "evil.test", "101"),
        ("http://evil.test/chat", "class.example", "421"),
        ("/chat", "class.example", "101"),
    ] {
        let head = spoiled("/chat", target).replace("example.com", host);
        assert_eq!(status(&at_home, &head), expected, "{target} with Host: {host}");
        // The page of the host that counts is a page from here.
        let page = head.replacen("\r\n", "\r\nOrigin: http://class.example\r\n", 1);
        let ours = if expected == "101" { "101" } else { "403" };
        assert_eq!(status(&Policy::default(), &page), ours, "{target} with Host: {host}");
        let (mut request, _) = handshake::parse_request(head.as_bytes()).unwrap().unwrap();
        handshake::to_origin_form(&mut request).unwrap();
        assert_eq!(request.uri(), "/chat");
        assert_eq!(
            request.headers()["host"],
            if expected == "101" { "class.example" } else { "evil.test" }
        );
    }
}

#[test]
fn a_name_that_anyone_may_point_here_is_no_name_of_ours() {
    let anywhere = Policy::default();
    let at_home = Policy { hosts: vec!["class.example".into()], ..Policy::default() };
    for (host, ours) in [
        ("class.example", true),
        ("CLASS.example:8080", true),
        ("localhost:8080", true),
        ("127.0.0.1:8080", true),
        ("192.168.0.7", true),
        ("[::1]:8080", true),
        // A page of evil.test may have its own name point at 127.0.0.1.
        ("evil.test:8080", false),
        ("class.example.evil.test", false),
        ("localhost.evil.test", false),
        ("127.0.0.1.evil.test", false),
    ] {
        let head = spoiled("Host: example.com", &format!("Host: {host}"));
        assert_eq!(status(&at_home, &head), if ours { "101" } else { "421" }, "{host}");
        assert_eq!(status(&anywhere, &head), "101", "{host}");
    }
}

/// A page of evil.test may have its own name point at this computer, and is then of the same host.
#[test]
fn a_page_of_this_host_is_let_in_by_the_names_that_the_server_goes_by() {
    let anywhere = Policy::default();
    let at_home = Policy { hosts: vec!["class.example".into()], ..Policy::default() };
    for (host, [by_default, by_name]) in [
        ("127.0.0.1:8080", ["101", "101"]),
        ("192.168.0.7:8080", ["101", "101"]),
        ("[::1]:8080", ["101", "101"]),
        ("localhost:8080", ["101", "101"]),
        ("class.example", ["101", "101"]),
        ("teacher.local:8080", ["101", "421"]),
        ("evil.test:8080", ["101", "421"]),
        ("127.0.0.1.evil.test", ["101", "421"]),
    ] {
        let page = format!("Host: {host}\r\nOrigin: http://{host}");
        for (policy, status) in [(&anywhere, by_default), (&at_home, by_name)] {
            assert_eq!(self::status(policy, spoiled("Host: example.com", &page)), status, "{host}");
        }
    }
}

#[test]
fn every_header_of_both_heads_is_explained() {
    for name in [
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "sec-websocket-accept",
        "SEC-WEBSOCKET-VERSION",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Origin",
        "User-Agent",
        "Pragma",
        "Cache-Control",
        "Accept-Encoding",
        "Accept-Language",
        "Cookie",
        "Allow",
        "Content-Type",
        "Content-Length",
        "Date",
    ] {
        assert!(handshake::explain(name).is_some(), "{name}");
    }
    assert_eq!(handshake::explain("X-Anything"), None);
}
