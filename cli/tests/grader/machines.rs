//! What programs read: JSON, and `JUnit`'s XML.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::needs::Need::Python;
use super::needs::ensure_there;
use super::{PATIENCE, hostile, settled, ws101};

/// Runs the parametrised server as a learner would, and says where.
async fn running(words: &[&str]) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_ws101"));
    server.arg("broken").args(words).env("PORT", "0").stdout(Stdio::piped()).kill_on_drop(true);
    let mut server = server.spawn().expect("it starts");
    let mut said = BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let first = timeout(PATIENCE, said.next_line()).await.expect("it listens").expect("it says so");
    let first = first.expect("a line");
    let url = first.strip_prefix("listening on ").and_then(|url| url.strip_suffix("/ws"));
    (server, url.expect(&first).to_owned())
}

/// A report without what is different in every run.
fn steady(mut report: Value) -> Value {
    for test in report["tests"].as_array_mut().expect("there are tests") {
        assert!(test["milliseconds"].is_u64());
        test["milliseconds"] = json!(0);
        let wire = test["wire"].as_array().expect("what crossed the wire, line by line");
        assert_eq!(wire.is_empty(), test["status"] == "skip");
        if test["status"] == "pass" {
            test["wire"] = json!("…");
        } else if let Some(message) = test["message"].as_str() {
            // The lines behind the difference depend on when they were looked at.
            let seen = message.lines().find_map(|line| line.strip_prefix("  seen"));
            let seen = seen.map(|line| json!(line.trim_start()));
            let wire = test["wire"].as_array_mut().expect("lines");
            let end = wire.iter().position(|line| Some(line) == seen.as_ref());
            wire.truncate(end.map_or(usize::MAX, |at| at + 1));
        }
    }
    report
}

/// XML without its times.
fn timeless(xml: &str) -> String {
    let mut pieces = xml.split(" time=\"");
    let front = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(front, |out, piece| {
        let (time, rest) = piece.split_once('"').expect("a quote ends it");
        time.parse::<f64>().expect("a time is in seconds");
        out + " time=\"…\"" + rest
    })
}

#[tokio::test]
async fn programs_read_what_passed_failed_and_was_skipped() {
    // One client at a time speaks in it, so the order of what crossed the wire is the same each time.
    let (_server, url) = running(&["--break", "12.7"]).await;
    let words = ["check", "12", "--url", &url, "--seed", "1", "--lang", "en"];

    let graded = ws101(&[&words[..], &["--json"]].concat()).await;
    assert_eq!((graded.code, &*graded.err), (Some(1), ""));
    let report = steady(serde_json::from_str(&graded.out).expect("it is JSON, and nothing else"));
    insta::assert_snapshot!("json", settled(&format!("{report:#}")));

    let graded = ws101(&[&words[..], &["--junit"]].concat()).await;
    assert_eq!((graded.code, &*graded.err), (Some(1), ""));
    well_formed(&graded.out).await;
    insta::assert_snapshot!("junit", settled(&timeless(&graded.out)));
}

#[tokio::test]
async fn whatever_a_server_says_its_xml_is_well_formed() {
    for hostility in ["babbling", "garbled", "dying"] {
        let cmd = hostile(hostility);
        let graded = ws101(&["check", "2.1", "--cmd", &cmd, "--junit", "--lang", "ru"]).await;
        assert_eq!(graded.code, Some(1), "{hostility}: {}", graded.err);
        assert!(graded.out.contains("<failure "), "{hostility}: {}", graded.out);
        well_formed(&graded.out).await;
    }
}

/// As if the machine were busy: of three starts of a client, the first comes back too late.
#[cfg(unix)]
#[tokio::test]
async fn a_client_that_was_late_once_is_judged_again() {
    const LATE: &str = "export WS_RETRY_MS=1000000000 WS_RETRY_CAP_MS=1000000000";
    let directory = tempfile::tempdir().expect("there is room");
    let mark = directory.path().join("started");
    let cmd = format!("mkdir {} 2>/dev/null && {LATE}; exec {}", mark.display(), super::client(""));
    let graded = ws101(&["check", "10.1", "--client", &cmd, "--json"]).await;
    assert_eq!(graded.code, Some(0), "{}{}", graded.out, graded.err);
    let report: Value = serde_json::from_str(&graded.out).expect("it is JSON");
    assert_eq!(report["tests"][0]["unsteady"], json!(true), "{report:#}");
}

/// Asks Python's parser of XML.
async fn well_formed(xml: &str) {
    const PARSE: &str =
        "import sys, xml.sax; xml.sax.parse(sys.stdin.buffer, xml.sax.ContentHandler())";
    ensure_there(&[Python]).expect("the parser is there");
    let mut python = Command::new(Python.program());
    python.args(["-c", PARSE]).stdin(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut python = python.spawn().expect("python starts");
    let mut stdin = python.stdin.take().expect("it is piped");
    stdin.write_all(xml.as_bytes()).await.expect("it reads");
    drop(stdin);
    let parsed = timeout(PATIENCE, python.wait_with_output()).await.expect("it ends").unwrap();
    assert!(parsed.status.success(), "{}\n{xml}", String::from_utf8_lossy(&parsed.stderr));
}
