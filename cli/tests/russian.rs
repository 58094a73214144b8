//! Under `--lang ru` every command speaks Russian, but for the wire language and what a program printed.

#[path = "echoing/mod.rs"]
mod echoing;

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Words that Russian keeps: terms, and names of browsers, headers, commands and lessons. Other words must
/// stand in quotes, in backquotes, or in a line of the wire language.
const TERMS: [&str; 21] = [
    "broadcast",
    "chromium",
    "close",
    "connection",
    "content",
    "firefox",
    "header",
    "heartbeat",
    "host",
    "https",
    "mixed",
    "opcode",
    "ping",
    "pong",
    "reconnect",
    "securityerror",
    "seed",
    "text",
    "tls",
    "upgrade",
    "websocket",
];

/// The English words of a text in Russian.
fn english(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines().filter(|line| !is_wire(line.trim())) {
        // The forms of the wire language follow; `src/wst/russian.rs` tests their words.
        let line = line.split("ожидалось:").next().unwrap_or_default();
        let quoted = |quote: char, line: &str| -> String {
            line.split(quote).step_by(2).collect::<Vec<_>>().join(" ")
        };
        let plain = quoted('`', &quoted('"', line));
        // Options, addresses, paths and settings.
        let plain = plain.split_whitespace().filter(|word| {
            let is_named =
                word.contains(['/', '_', '=', '<', '{', '$', '#']) || word.contains("--");
            !is_named
        });
        for part in
            plain.flat_map(|word| word.split(|c: char| !c.is_ascii_alphabetic() && c != '-'))
        {
            let lower = part.to_ascii_lowercase();
            let is_word = part.len() > 2 && part.chars().any(|c| c.is_ascii_lowercase());
            if is_word && !TERMS.contains(&&*lower) && !part.contains('-') {
                words.push(format!("{part} in: {line}"));
            }
        }
    }
    words
}

/// Whether a line is of the wire language, or what the server sent: `bob << ping`, `-- wait 1s`, `← HTTP/1.1`.
fn is_wire(line: &str) -> bool {
    let marks = [" << ", " >> ", " -> ", " <- ", " -- "];
    line.starts_with("-- ")
        || line.starts_with("← ")
        || marks.iter().any(|mark| line.contains(mark))
}

async fn told(arguments: &[&str], typed: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).args(["--lang", "ru"]).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that does not read its input may have ended.
    let _ = input.write_all(typed.as_bytes()).await;
    drop(input);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn english_words_are_found() {
    assert_eq!(english("nothing came").len(), 2);
    assert!(english("на ping нет ответа, \"hello there\", `Upgrade: websocket`").is_empty());
    assert!(english("bob << text \"hi\"").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_speaks_russian() {
    let address = echoing::echoing("/ws").await;
    let url = format!("ws://{address}/ws");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let silent = file("silent.wst", "bob -> GET /ws\nbob <- 101\nbob << ping\n");
    let mistaken = file("mistaken.wst", "bob -> GET /ws\nbob << txt \"hi\"\n");
    let unknown_note = file("note.wst", "@sometimes\nbob -> GET /ws\n");
    let mut faults = Vec::new();
    for (arguments, typed) in [
        (&["doctor", &url][..], ""),
        (&["doctor", "ws://127.0.0.1:1/ws", "--page", "https://page.test/"], ""),
        (&["doctor", "ws://a.test/ws", "--page", "https://page.test/"], ""),
        (&["connect", &url], "hi\n/help\n/close x\n/nope\n/binary x\n/ping a\n"),
        (&["connect", "ws://127.0.0.1:1/"], ""),
        (&["check", "5.1", "--url", &url, "--wire"], ""),
        (&["check", "7", "--url", &url, "--hints", "9"], ""),
        (&["check", "99", "--url", &url], ""),
        (&["check", "5.99", "--url", &url], ""),
        (&["check", "5", "--client", "nope"], ""),
        (&["check", "10", "--client", "nope"], ""),
        (&["check", "10", "--client", "true"], ""),
        (&["check", "5", "--cmd", "nope"], ""),
        (&["check", "5", "--cmd", "true"], ""),
        (&["check", "5", "--cmd", "true", "--insecure"], ""),
        (&["check", "10", "--client", "true", "--header", "X-A: b"], ""),
        (&["play", &silent, "--url", &url], ""),
        (&["play", "no/where.wst", "--url", &url], ""),
        (&["record", &url], "bob -> GET /ws\nbob >> text \"hi\"\n"),
        (&["record", &url], ""),
        // Mistakes of a file.
        (&["play", &mistaken, "--url", &url], ""),
        (&["play", &unknown_note, "--url", &url], ""),
        (&["record", &url], "bob => GET /ws\n"),
        // Mistakes of the command line.
        (&["check"], ""),
        (&["chekc", "5"], ""),
        (&["check", "5", "--url"], ""),
        (&["check", "5", "--url", "localhost:8080"], ""),
        (&["check", "5", "--url", &url, "--cmd", "true"], ""),
        (&["check", "5", "--url", &url, "--urll", "x"], ""),
        (&["check", "5", "--url", &url, "--seed", "many"], ""),
        (&["check", "5", "--url", &url, "--seed", "1", "--seed", "2"], ""),
        (&["play", &silent, "--url", &url, "--times", "0"], ""),
        (&["connect", "ws://localhost/#part"], ""),
        (&["connect", "ws://ann:hush@localhost/"], ""),
        (&["connect", &url, "--header", "none"], ""),
        (&["connect", &url, "--cookie", "none"], ""),
        (&["connect", &url, "--user", "none"], ""),
        (&["connect", &url, "--resolve", "none"], ""),
        (&["connect", &url, "--proxy", "none"], ""),
        (&["doctor", &url, "--page", "none"], ""),
        (&["doctor", "--class", "--on", "203.0.113.1", "--port", "0"], ""),
        (&["doctor", "--class", "--json"], ""),
        (&["tap", "none", &url], ""),
        (&["tap", "0", &url, "--host", ""], ""),
        // Errors of the system, of TLS and of its files.
        (&["doctor", &url.replace("ws:", "wss:")], ""),
        (&["connect", &url.replace("ws:", "wss:")], ""),
        (&["connect", &url, "--cacert", &silent], ""),
        (&["connect", &url, "--cacert", "no/where.pem"], ""),
        (&["tap", "0", &url, "--save", "no/where.wst"], ""),
        (&["record", &url, "--out", "no/where.wst"], "bob -> GET /ws\nbob >> text \"hi\"\n"),
        (&["lesson", "99"], ""),
        (&["lesson", "1", "--mine", "nope", "--once", "--port", "0"], ""),
        (&["lesson", "1", "--mine", "true", "--once", "--port", "0"], ""),
        (&["start", "99", "--in", "python"], ""),
        (&["start", "2", "--in", "cobol"], ""),
    ] {
        let told = told(arguments, typed).await;
        assert!(!told.is_empty(), "{arguments:?}");
        faults.extend(english(&told).into_iter().map(|fault| format!("{arguments:?}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
