//! Each server with each kind of certificate, before each command: the same words, the right exit code,
//! and `--insecure` warns and goes on.

use std::net::SocketAddr;

use tokio::process::Child;

use super::certificates::{Authority, Kind};
use super::needs::Need::{Node, Python};
use super::{behind_nginx, run, serving, started, told, url};

/// A certificate that is refused, and the reason in both languages.
const REFUSED: [(Kind, &str, &str); 3] = [
    (Kind::Expired, "the certificate expired at 2021-01-01", "сертификат истёк 2021-01-01"),
    (
        Kind::Misnamed,
        "the certificate is not for \"localhost\"",
        "сертификат выдан не для \"localhost\"",
    ),
    (Kind::SelfSigned, "the certificate is self-signed", "сертификат самоподписанный"),
];

/// A command, what is typed into it, and its exit codes at a good certificate and at a refused one.
pub struct Tried {
    words: &'static [&'static str],
    typed: &'static str,
    pub good: i32,
    pub refused: i32,
}

const ACTS: &str = "bob -> GET /ws\nbob >> text \"hi\"\nbob >> close 1000\n";

/// The scenario that every echo passes.
pub const PLAYED: &str = "bob -> GET /ws\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi\"\n\
    bob >> close 1000\nbob << close 1000\nbob -- end\n";

/// `FILE` is a scenario, `URL` the address.
pub const COMMANDS: [Tried; 5] = [
    Tried { words: &["doctor", "URL"], typed: "", good: 0, refused: 1 },
    Tried { words: &["connect", "URL"], typed: "hello\n", good: 0, refused: 1 },
    Tried { words: &["play", "FILE", "--url", "URL"], typed: "", good: 0, refused: 2 },
    Tried { words: &["check", "1.1", "--url", "URL"], typed: "", good: 0, refused: 2 },
    Tried { words: &["record", "URL"], typed: ACTS, good: 0, refused: 2 },
];

impl Tried {
    /// Runs it at `url`; gives its exit code and what it told.
    pub async fn run(&self, url: &str, file: &str, more: &[&str]) -> (Option<i32>, String) {
        let word = |&word: &&'static str| match word {
            "URL" => url.to_owned(),
            "FILE" => file.to_owned(),
            word => word.to_owned(),
        };
        let words: Vec<_> = self.words.iter().map(word).collect();
        let words: Vec<_> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let output = run(&words, self.typed).await;
        (output.status.code(), told(&output))
    }
}

/// Starts the server with each kind of certificate, and tries each command.
///
/// `names_no_version` is of a server that does not name the version that it speaks, which the doctor tells.
async fn is_told(
    start: impl AsyncFn(&Authority, Kind) -> (Option<Child>, SocketAddr),
    names_no_version: bool,
) {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hi.wst").into_os_string().into_string().unwrap();
    std::fs::write(&file, PLAYED).unwrap();
    let (_child, address) = start(&authority, Kind::Good).await;
    for tried in &COMMANDS {
        let trust = ["--cacert", authority.file(), "--lang", "en"];
        let (code, told) = tried.run(&url(address, "wss"), &file, &trust).await;
        let good = match tried.words[0] {
            "doctor" if names_no_version => 1,
            _ => tried.good,
        };
        assert_eq!(code, Some(good), "{:?} good: {told}", tried.words);
        assert!(!told.contains("certificate is"), "{:?} good: {told}", tried.words);
    }
    for (kind, english, russian) in REFUSED {
        let (_child, address) = start(&authority, kind).await;
        let url = url(address, "wss");
        for tried in &COMMANDS {
            for (lang, reason) in [("en", english), ("ru", russian)] {
                let trust = ["--cacert", authority.file(), "--lang", lang];
                let (code, told) = tried.run(&url, &file, &trust).await;
                assert_eq!(code, Some(tried.refused), "{:?} {kind:?}: {told}", tried.words);
                assert!(told.contains(reason), "{:?} {kind:?}: {told}", tried.words);
            }
            let insecure = ["--cacert", authority.file(), "--insecure", "--lang", "ru"];
            let (code, told) = tried.run(&url, &file, &insecure).await;
            assert_ne!(code, Some(2), "{:?} {kind:?}: {told}", tried.words);
            let warning = "--insecure: сертификаты не проверяются";
            assert_eq!(told.matches(warning).count(), 1, "{:?} {kind:?}: {told}", tried.words);
            let is_shown = matches!(tried.words[0], "doctor" | "connect");
            let shown = format!("! {russian}");
            assert_eq!(told.contains(&shown), is_shown, "{:?} {kind:?}: {told}", tried.words);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rustls_is_told_by_every_command() {
    is_told(async |authority, kind| (None, serving(authority, kind).await), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_told_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |authority: &Authority, kind| {
        let (child, address) = behind_nginx(authority.files(kind), folder.path(), "").await;
        (Some(child), address)
    };
    is_told(start, false).await;
}

/// A program of this folder.
async fn of_language(need: super::Need, source: &str, names_no_version: bool) {
    let start = async |authority: &Authority, kind| {
        let (child, address) = started(need, source, authority.files(kind)).await;
        (Some(child), address)
    };
    is_told(start, names_no_version).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_is_told_by_every_command() {
    of_language(Node, "server.js", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_websockets_is_told_by_every_command() {
    of_language(Python, "server.py", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_with_uvicorn_is_told_by_every_command() {
    of_language(Python, "asgi.py", true).await;
}
