//! The options of a request: the same for every command, sent as given, and secrets are shown by none.

use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use ws101::frame::{Decoder, Frame, Opcode};
use ws101::handshake::AcceptKey;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The heads of all requests that a server got.
type Heads = Arc<Mutex<Vec<String>>>;

/// A server that opens every WebSocket, keeps the head of its request, sends messages back, and sets a
/// cookie that repeats one it got.
async fn telling() -> (SocketAddr, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Heads::default());
    let all = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let all = all.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if tcp.read_buf(&mut head).await? == 0 {
                        return Ok(());
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                all.lock().unwrap().push(head.clone());
                let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
                let accept = AcceptKey::derive(line("Sec-WebSocket-Key: ").unwrap_or("")).accept;
                let chosen = line("Sec-WebSocket-Protocol: ").map_or(String::new(), |names| {
                    format!("Sec-WebSocket-Protocol: {}\r\n", names.split(',').next().unwrap_or(""))
                });
                let answer = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
                     Set-Cookie: id=hush-new\r\n\
                     X-Auth-Token: hush-f\r\nLocation: /x?token=hush-g&room=5\r\nX-Seen: {}\r\n{chosen}\r\n",
                    line("Cookie: ").unwrap_or("no cookie"),
                );
                tcp.write_all(answer.as_bytes()).await?;
                let mut decoder = Decoder::new(1024);
                let mut received = vec![0; 1024];
                loop {
                    let size = tcp.read(&mut received).await?;
                    decoder.push(&received[..size]);
                    while let Some(frame) = decoder.next_frame() {
                        let is_close = frame.header.opcode == Opcode::Close;
                        let answer = match frame.header.opcode {
                            Opcode::Ping => Frame::pong(frame.payload),
                            opcode => Frame::new(opcode, frame.payload),
                        };
                        tcp.write_all(&answer.to_bytes()).await?;
                        if is_close {
                            return std::io::Result::Ok(());
                        }
                    }
                    if size == 0 {
                        return Ok(());
                    }
                }
            });
        }
    });
    (address, heads)
}

async fn run(arguments: &[&str], typed: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).env("LC_ALL", "C").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let _ = keyboard.write_all(typed.as_bytes()).await;
    drop(keyboard);
    timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

const ACTS: &str = "bob -> GET /ws\nbob >> text \"hi\"\nbob >> close 1000\n";

/// The options, each with a secret of its own, and the lines that they make.
const OPTIONS: [&str; 14] = [
    "--header",
    "X-Room: 5",
    "--header",
    "X-Api-Key: hush-a",
    "--cookie",
    "session=hush-b",
    "--cookie",
    "lang=hush-c",
    "--user",
    "ann:hush-d",
    "--origin",
    "https://example.test",
    "--subprotocol",
    "chat, news",
];

/// How a recording shows them.
const RECORDED_WITH: &str = "# recorded with --header 'X-Room: 5' --header 'X-Api-Key: <secret>' --cookie session=<secret> --cookie lang=<secret> --user ann:<secret> --origin https://example.test --subprotocol 'chat, news'\n";

const LINES: [&str; 6] = [
    "X-Room: 5",
    "X-Api-Key: hush-a",
    "Cookie: session=hush-b; lang=hush-c",
    "Authorization: Basic YW5uOmh1c2gtZA==",
    "Origin: https://example.test",
    "Sec-WebSocket-Protocol: chat, news",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_sends_the_options_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acts.wst").into_os_string().into_string().unwrap();
    std::fs::write(
        &file,
        "bob -> GET /ws\nbob <- 101 ...\nbob >> text \"no\"\nbob << text \"yes\"\n",
    )
    .unwrap();
    for (command, typed, shown) in [
        ("connect", "hi\n", "Authorization: Basic <secret>"),
        ("doctor", "", "RFC 6455"),
        ("record", ACTS, RECORDED_WITH),
        ("record --url", ACTS, RECORDED_WITH),
        ("play", "", "FAILED"),
        ("check", "", "1.1"),
    ] {
        let (address, heads) = telling().await;
        let url = format!("ws://{address}/ws?token=hush-e&room=5");
        let place: Vec<&str> = match command {
            "play" => vec![&file, "--url", &url],
            "check" => vec!["1.1", "--url", &url, "--lang", "en", "--wire"],
            _ => vec![&url],
        };
        let command: Vec<&str> = command.split(' ').collect();
        let output = run(&[&command[..], &place, &OPTIONS].concat(), typed).await;
        let command = command.join(" ");
        let told = told(&output);
        assert!(told.contains(shown), "{command}: {told}");
        for secret in ["hush-", "YW5uOmh1c2gtZA"] {
            assert!(!told.contains(secret), "{command} shows {secret}: {told}");
        }
        let heads = heads.lock().unwrap();
        // A connection that only looks whether somebody listens sends nothing.
        assert!(!heads.is_empty(), "{command}: {told}");
        for line in LINES {
            let is_sent = |head: &&String| head.lines().any(|sent| sent.eq_ignore_ascii_case(line));
            assert!(heads.iter().any(|head| is_sent(&head)), "{command}: {line}: {heads:#?}");
        }
    }
}

/// A recording made with options plays with the same options.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_with_options_plays() {
    let (address, _) = telling().await;
    let url = format!("ws://{address}/ws");
    let recorded = run(&[&["record", &url][..], &OPTIONS].concat(), ACTS).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acts.wst").into_os_string().into_string().unwrap();
    std::fs::write(&file, &recorded.stdout).unwrap();
    let played = run(&[&["play", &file, "--url", &url][..], &OPTIONS].concat(), "").await;
    assert_eq!(played.status.code(), Some(0), "{}{}", told(&recorded), told(&played));
}

/// A file that cannot be written is told at once, and no file is left by the look.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_has_no_place_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let (address, heads) = telling().await;
    let url = format!("ws://{address}/ws");
    for out in [place(""), place("no/such.wst")] {
        let output = run(&["record", &url, "--out", &out, "--lang", "en"], ACTS).await;
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&out), "{said}");
        assert!(heads.lock().unwrap().is_empty(), "the server was asked: {said}");
    }
    let out = place("new.wst");
    let output = run(&["record", "ws://127.0.0.1:1/", "--out", &out], ACTS).await;
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(!std::fs::exists(&out).unwrap(), "a file without a recording");
}

/// A file in which nobody does anything, such as one that was cut off, passes with no server.
#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_without_an_action_is_no_test() {
    let (address, _) = telling().await;
    let url = format!("ws://{address}/ws");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.wst").into_os_string().into_string().unwrap();
    for text in ["", "# remark\n", "== one\n", "== one\n-- wait 1ms\n"] {
        std::fs::write(&file, text).unwrap();
        let output = run(&["play", &file, "--url", &url, "--lang", "en"], "").await;
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{text:?}: {said}");
        assert!(said.contains("nobody does anything"), "{text:?}: {said}");
    }
    // A byte order mark is no part of the first line.
    std::fs::write(&file, "\u{feff}== one\nbob -> GET /ws\nbob <- 101 ...\n").unwrap();
    let output = run(&["play", &file, "--url", &url], "").await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_scenario_is_told_by_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("odd.wst").into_os_string().into_string().unwrap();
    let long = "#".repeat(2 << 20);
    for (text, english, russian) in [
        (
            "bob -> GET /ws\rbob <- 101\r",
            "line 1, column 15: expected lines that end with \\n or \\r\\n: this file has \\r alone",
            "строки с концом \\n или \\r\\n: в этом файле стоит одно \\r",
        ),
        (
            &long,
            "expected a file of at most 1048576 bytes, found more",
            "файл не длиннее: 1048576 байт; найдено: больше",
        ),
        (
            "bob -> GET /ws\n-- wait 48h\n",
            "up to a day, found \"48h\"",
            "не больше суток; найдено: \"48h\"",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        for (lang, words) in [("en", english), ("ru", russian)] {
            let output =
                run(&["play", &file, "--url", "ws://127.0.0.1:1/ws", "--lang", lang], "").await;
            let said = told(&output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }
}

/// An option in a wrong form is told in one line, with the right form, and no secret in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_is_told_in_one_line() {
    for (option, value, form) in [
        ("--header", "Authorization hush", "write it as 'Name: value'"),
        ("--header", "Odd Name: hush", "write it as 'Name: value'"),
        ("--header", "X: hush\r\nY: hush", "write it as 'Name: value'"),
        ("--cookie", "hush", "write it as NAME=VALUE, such as session=abc"),
        ("--user", "hush", "write it as name:password"),
        (
            "--resolve",
            "localhost",
            "write it as HOST:PORT:ADDRESS, such as example.com:443:127.0.0.1",
        ),
        ("--resolve", "localhost:x:127.0.0.1", "write it as HOST:PORT:ADDRESS"),
        (
            "--proxy",
            "https://hush@localhost",
            "write it as http://host:port or http://name:password",
        ),
        ("--proxy", "hush", "write it as http://host:port or http://name:password"),
        ("--cacert", "/no/such/file.pem", "--cacert /no/such/file.pem"),
        ("--hedder", "hush", "'--header'"),
        ("--origin", "https://a.test\r\nX: 1", "write it in one line"),
        ("--subprotocol", "chat\nX: 1", "write it in one line"),
    ] {
        let output = run(&["doctor", "ws://127.0.0.1:1/ws", option, value], "").await;
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{option}: {said}");
        assert!(said.contains(form), "{option}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{option}: {said}");
        assert!(!said.contains("hush"), "{option}: {said}");
    }
}

/// `record` takes the server as `play` and `check` do, by an option; a server that is named not once is an error.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_plays_takes_its_server_by_an_option() {
    let (address, _) = telling().await;
    let url = format!("ws://{address}/ws");
    let recorded = run(&["record", "--url", &url], ACTS).await;
    assert_eq!(recorded.status.code(), Some(0), "{}", told(&recorded));
    for (arguments, form) in [
        (&["record"][..], "<--url <URL>|--cmd <COMMAND>|URL>"),
        (&["record", "--url", &url, "--cmd", "true"], "'--cmd <COMMAND>'"),
        (&["record", "--url", &url, &url, "acts.wst"], "named twice"),
        (&["play", "acts.wst"], "<--url <URL>|--cmd <COMMAND>>"),
        (&["doctor", "--url", &url], "unexpected argument '--url' found\n"),
    ] {
        let output = run(arguments, ACTS).await;
        let said = told(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(form), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    }
}

/// A login in an address is refused as browsers refuse it, and not shown, nor are secrets in a query.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_told_without_its_secrets() {
    for url in
        ["ws://ann:hush@localhost/ws", "ws://localhost:99999/?token=hush", "ws://x/?key=hush#a"]
    {
        for arguments in [
            vec!["doctor", url],
            vec!["connect", url],
            vec!["record", url],
            vec!["play", "x.wst", "--url", url],
            vec!["check", "1", "--url", url],
        ] {
            let output = run(&arguments, ACTS).await;
            let said = told(&output);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(!said.contains("hush"), "{arguments:?}: {said}");
        }
    }
}

/// Values of one name are one list, for every command.
#[tokio::test(flavor = "multi_thread")]
async fn headers_of_one_name_are_sent_as_a_list() {
    let (address, heads) = telling().await;
    let url = format!("ws://{address}/ws");
    let options = [
        "--header",
        "X-Room: 5",
        "--header",
        "x-room: 6",
        "--header",
        "Cookie: a=1",
        "--cookie",
        "b=2",
    ];
    for command in ["connect", "record", "doctor"] {
        let output = run(&[&[command, &url][..], &options].concat(), ACTS).await;
        let head = heads.lock().unwrap().drain(..).next_back().unwrap();
        for line in ["X-Room: 5, 6", "Cookie: a=1; b=2"] {
            let is_sent = head.lines().any(|sent| sent == line);
            assert!(is_sent, "{command}: {line}: {head}{}", told(&output));
        }
    }
}

/// A recording has `<secret>` in the place of a token of the address, which has it again when it is played.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_plays_with_the_token_of_the_address() {
    let (address, heads) = telling().await;
    for path in ["/ws", "/chat"] {
        let url = format!("ws://{address}{path}?token=hush-e&room=5");
        let recorded = run(&["record", &url], ACTS).await;
        assert!(!told(&recorded).contains("hush"), "{}", told(&recorded));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acts.wst").into_os_string().into_string().unwrap();
        let changed = String::from_utf8_lossy(&recorded.stdout).replace("\"hi\"", "\"ho\"");
        std::fs::write(&file, changed.replacen("\"ho\"", "\"hi\"", 1)).unwrap();
        let accepted = run(&["play", &file, "--url", &url, "--accept"], "").await;
        assert_eq!(accepted.status.code(), Some(0), "{}", told(&accepted));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("hush") && text.contains("<secret>"), "{text}");
        heads.lock().unwrap().clear();
        let played = run(&["play", &file, "--url", &url], "").await;
        assert_eq!(played.status.code(), Some(0), "{}{text}", told(&played));
        let head = heads.lock().unwrap().drain(..).next_back().unwrap();
        let line = format!("GET {path}?token=hush-e&room=5 HTTP/1.1");
        assert_eq!(head.lines().next(), Some(&*line));
    }
}

/// A request has the target and the host that a browser makes of an address.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_sent_as_browsers_send_it() {
    let (address, heads) = telling().await;
    let port = address.port();
    for (typed, line) in [
        (
            format!("WS://LocalHost:{port}/чат?name=Боб"),
            "GET /%D1%87%D0%B0%D1%82?name=%D0%91%D0%BE%D0%B1 HTTP/1.1".to_owned(),
        ),
        (format!("http://127.1:{port}/a b"), format!("Host: 127.0.0.1:{port}")),
    ] {
        let output = run(&["connect", &typed], "").await;
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let head = heads.lock().unwrap().pop().unwrap();
        assert!(head.contains(&line), "{typed}: {head}");
    }
    let fragment = run(&["connect", &format!("ws://{address}/#a")], "").await;
    assert_eq!(fragment.status.code(), Some(2), "{}", told(&fragment));
    assert!(told(&fragment).contains("no #fragment"), "{}", told(&fragment));
}

/// The doctor's report for programs, of a server that opens and of a port that nobody listens at.
#[tokio::test]
async fn the_doctor_tells_programs_the_same_as_people() {
    let (address, _) = telling().await;
    let options = ["--cookie", "id=hush-hush", "--lang", "ru", "--json"];
    let url = format!("ws://{address}/ws?token=hushhush");
    let output = run(&[&["doctor", &url][..], &options].concat(), "").await;
    assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]), "it breaks rules");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("<secret>") && !text.contains("hush"), "{text}");
    let told: Value = serde_json::from_str(&text).expect("JSON, and nothing else");
    assert_eq!((&told["version"], &told["status"]), (&json!(1), &json!("fail")));
    assert_eq!(told["url"], json!(format!("ws://{address}/ws?token=<secret>")));
    assert_eq!(
        (&told["cause"], &told["message"]),
        (&Value::Null, &json!("открывается и отвечает"))
    );
    assert_eq!(told["evidence"][0], json!(format!("соединились с {address}")));
    let unmasked = told["rules"].as_array().unwrap().iter().find(|rule| rule["rfc"] == "5.1");
    let broken = json!({"name": "после кадра без маски соединение закрывают", "rfc": "5.1",
        "level": "MUST", "status": "fail", "seen": "продолжается"});
    assert_eq!(unmasked, Some(&broken));

    let output = run(&["doctor", "ws://127.0.0.1:1/", "--json", "--lang", "en"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON, and nothing else");
    let cause = &told["cause"];
    assert_eq!(cause["id"], "connection-refused");
    assert_eq!(cause["english"], told["message"]);
    assert!(cause["russian"].as_str().unwrap().contains("никто не слушает"), "{cause}");
    assert_eq!((&told["status"], &told["rules"]), (&json!("fail"), &json!([])));
}
