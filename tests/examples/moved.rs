//! A program that was copied away from its checkout serves the page, and so does a directory.

use std::fs;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{PATIENCE, Program, fails};

/// The answer's head, in small letters, and its body as text.
async fn get(program: &Program, path: &str) -> (String, String) {
    let mut tcp = BufReader::new(TcpStream::connect(program.address).await.unwrap());
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let answer = async {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(tcp.read_line(&mut head).await.unwrap(), 0, "it ends within {head:?}");
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("it names a length").parse().unwrap()];
        tcp.read_exact(&mut body).await.unwrap();
        (head, String::from_utf8(body).unwrap())
    };
    timeout(PATIENCE, answer).await.expect("it answers in time")
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_copied_elsewhere_serves_the_page() {
    let index = include_str!("../../frontend/index.html");
    let race = include_str!("../../frontend/race.html");
    for (example, page) in [("full_chat", index), ("poll_vs_push", race)] {
        let elsewhere = tempfile::tempdir().unwrap();
        let copy = elsewhere.path().join("copy");
        // `sh` gets the path of the example as $0.
        let script = format!("cp \"$0\" {0} && cd / && exec {0}", copy.display());
        let program = Program::start_by(&["sh", "-c", &script], example, &[]).await;
        let (head, body) = get(&program, "/").await;
        assert!(head.starts_with("http/1.1 200 "), "{example}: {head}");
        // A file on disk has a time: this one comes from the program.
        assert!(!head.contains("last-modified:"), "{example}: {head}");
        assert_eq!(body, page, "{example}");
        let (head, body) = get(&program, "/styles.css").await;
        assert!(head.contains("content-type: text/css"), "{example}: {head}");
        assert_eq!(body, include_str!("../../frontend/styles.css"), "{example}");
        let (head, _) = get(&program, "/Cargo.toml").await;
        assert!(head.starts_with("http/1.1 404 "), "{example}: {head}");
    }
}

#[tokio::test]
async fn a_directory_of_ones_own_is_served_and_read_anew() {
    let page = tempfile::tempdir().unwrap();
    let files = [("index.html", "mine"), ("race.html", "mine")];
    for (name, text) in files {
        fs::write(page.path().join(name), text).unwrap();
    }
    let setting = [("WS_FRONTEND", page.path().to_str().unwrap())];
    for example in ["echo", "full_chat", "poll_vs_push"] {
        let program = Program::start(example, &setting).await;
        assert_eq!(get(&program, "/").await.1, "mine", "{example}");
        fs::write(page.path().join("new.js"), example).unwrap();
        assert_eq!(get(&program, "/new.js").await.1, example, "{example}");
    }
}

#[tokio::test]
async fn a_directory_without_a_page_is_refused_at_the_start() {
    let nothing = tempfile::tempdir().unwrap();
    let ended = fails("echo", &[("WS_FRONTEND", nothing.path().to_str().unwrap())]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.said.contains("is not a directory with an index.html"), "{}", ended.said);
}
