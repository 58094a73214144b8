//! The page's headers, and its answers to what it does not have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use ws101::chat::NAME_CHARS;
use ws101::frontend::{Frontend, embedded};
use ws101::page::{file, page};
use ws101::server::serve;
use ws101::settings::Settings;
use ws101::shutdown::Shutdown;

/// What a page of two files answers, from disk.
async fn answers(requests: &[&str]) -> Vec<String> {
    let disk = tempfile::tempdir().unwrap();
    std::fs::write(disk.path().join("secret"), "beside the page").unwrap();
    let files = disk.path().join("page");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("index.html"), "<!doctype html><title>hi</title>").unwrap();
    std::fs::write(files.join("chat.js"), "export {}").unwrap();
    answers_of(&Frontend::Directory(files), requests).await
}

async fn answers_of(frontend: &Frontend, requests: &[&str]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::default();
    let routes = [page(frontend, "broadcast_server")];
    let serving = tokio::spawn(serve(&Settings::default(), listener, routes, shutdown.clone()));
    let mut answers = Vec::new();
    for request in requests {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let head =
            format!("{request} HTTP/1.1\r\nHost: class.test:8080\r\nConnection: close\r\n\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        let kept = answer.lines().filter(|line| {
            !["date:", "last-modified:", "accept-ranges:"].iter().any(|name| line.starts_with(name))
        });
        answers.push(kept.collect::<Vec<_>>().join("\n"));
    }
    shutdown.begin();
    serving.await.unwrap();
    answers
}

#[tokio::test]
async fn the_page_trusts_this_server_and_no_one_else() {
    let [answer] = &answers(&["GET /"]).await[..] else { unreachable!() };
    insta::assert_snapshot!(answer);
}

#[tokio::test]
async fn every_answer_is_strict_errors_included() {
    let requests =
        ["GET /chat.js", "GET /nothing", "POST /", "GET /../Cargo.toml", "GET /%2e%2e/x"];
    for (answer, status) in answers(&requests).await.iter().zip(["200", "404", "405", "404", "404"])
    {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        for header in
            ["content-security-policy: default-src 'none';", "x-content-type-options: nosniff"]
        {
            assert!(answer.contains(header), "{answer}");
        }
    }
}

#[tokio::test]
async fn nothing_beside_the_page_is_served() {
    let long = format!("GET /{}secret", "../".repeat(2_000));
    let paths = [
        "GET /..",
        "GET /../secret",
        "GET /./../secret",
        "GET /page/../../secret",
        "GET /%2e%2e/secret",
        "GET /%2e%2e%2fsecret",
        "GET /..%2fsecret",
        "GET /%252e%252e/secret",
        "GET /..%5csecret",
        "GET //etc/passwd",
        "GET /%2fetc%2fpasswd",
        "GET /../../../../../../../../etc/passwd",
        "GET /chat.js%00",
        "GET /chat.js/..",
        &long,
    ];
    for (answer, path) in answers(&paths).await.iter().zip(paths) {
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_page_is_told_what_to_speak() {
    let [answer] = &answers(&["GET /dialect.json"]).await[..] else { unreachable!() };
    assert!(answer.ends_with("\n\n{\"dialect\":\"broadcast_server\"}"), "{answer}");
}

#[tokio::test]
async fn a_file_by_name_is_one_of_the_pages_or_nothing() {
    let disk = Frontend::Directory(directory());
    for frontend in [disk, Frontend::Embedded] {
        let found = file(&frontend, "index.html", None).await;
        assert_eq!(found.status(), 200);
        assert_eq!(found.body(), include_bytes!("../../frontend/index.html"));
        assert_eq!(found.headers()["content-type"], "text/html; charset=utf-8");
        for name in ["../Cargo.toml", "..", "./index.html", "/etc/passwd", "..\\x", ".", ""] {
            assert_eq!(file(&frontend, name, None).await.status(), 404, "{name}");
        }
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend")
}

#[test]
fn every_file_of_the_page_is_embedded() {
    let mut files = 0;
    for entry in fs::read_dir(directory()).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            // The classroom's files are embedded in the command.
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let contents = fs::read(entry.path()).unwrap();
        assert!(embedded(&name) == Some(&contents), "add {name:?} to FILES in src/frontend.rs");
        files += 1;
    }
    assert!(files > 10, "{files}");
}

#[tokio::test]
async fn the_embedded_page_is_answered_as_the_one_on_disk() {
    let requests =
        ["GET /", "GET /chat.js", "HEAD /", "GET /nothing", "GET /dialect.json", "POST /"];
    let disk = answers_of(&Frontend::Directory(directory()), &requests).await;
    let embedded = answers_of(&Frontend::Embedded, &requests).await;
    for (disk, embedded) in disk.iter().zip(&embedded) {
        let (disk, contents) = disk.split_once("\n\n").unwrap_or((disk, ""));
        let (embedded, same_contents) = embedded.split_once("\n\n").unwrap_or((embedded, ""));
        assert_eq!(contents, same_contents);
        let disk: BTreeSet<_> = disk.lines().collect();
        let embedded: BTreeSet<_> = embedded.lines().collect();
        let added: Vec<_> = embedded.difference(&disk).collect();
        let missing: Vec<_> = disk.difference(&embedded).collect();
        // An embedded file names its character set, too: warp does not for files on disk.
        let named = missing.iter().map(|line| format!("{line}; charset=utf-8"));
        assert!(named.eq(added.iter().map(ToString::to_string)), "{missing:?} {added:?}");
    }
}

#[test]
fn the_page_knows_how_long_a_name_may_be() {
    let field = format!(r#"maxlength="{NAME_CHARS}""#);
    assert!(include_str!("../../frontend/index.html").contains(&field), "{field}");
    let texts = include_str!("../../frontend/texts.js").lines();
    let told: Vec<_> = texts.filter(|line| line.contains("name_invalid:")).collect();
    assert_eq!(told.len(), 2, "in each language");
    for line in told {
        assert!(line.contains(&format!(" {NAME_CHARS} ")), "{line}");
    }
}

/// The most bytes that a browser loads to show the chat.
const PAGE_BYTES: usize = 150_000;

/// Follows the page's links and its scripts' imports, but those that wait until somebody needs them.
#[test]
fn the_chat_is_a_light_page() {
    let mut open = vec!["index.html".to_owned()];
    let mut loaded = BTreeSet::new();
    let mut bytes = 0;
    while let Some(name) = open.pop() {
        if !loaded.insert(name.clone()) {
            continue;
        }
        let file = embedded(&name).unwrap_or_else(|| panic!("{name} is asked for"));
        bytes += file.len();
        let text = std::str::from_utf8(file).unwrap();
        for begin in ["href=\"/", "src=\"/", "from './", "import './"] {
            let after = text.split(begin).skip(1);
            let names = after.filter_map(|after| after.split(['"', '\'']).next());
            open.extend(names.filter(|name| name.contains('.')).map(str::to_owned));
        }
    }
    assert!(loaded.contains("teacher.js") && loaded.contains("styles.css"), "{loaded:?}");
    assert!(!loaded.contains("code.js"), "the projector's code is loaded for everybody");
    assert!(bytes <= PAGE_BYTES, "{bytes} bytes: {loaded:?}");
    println!("{bytes} bytes in {} files", loaded.len());
}
