//! HTTP/2 beside HTTP/1.1 behind TLS, with and without WebSockets over it (RFC 8441).

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::certificates::{Authority, Kind};
use super::needs::Need::{Caddy, Haproxy, Node};
use super::needs::ensure_there;
use super::{behind, behind_nginx, echoes, rigid, run, serving, started_with, told, url};

const NOT_OFFERED: [&str; 2] = ["HTTP/2 is not offered", "HTTP/2 сервер не предлагает"];
const WITHOUT: [&str; 2] =
    ["HTTP/2 is offered, without WebSockets", "HTTP/2 есть, но без WebSocket"];
const WITH: [&str; 2] = ["HTTP/2 is offered, with WebSockets", "HTTP/2 есть, и с WebSocket"];

/// The doctor finds the server well, and tells this of its HTTP/2.
async fn is_told(authority: &Authority, address: SocketAddr, words: [&str; 2]) {
    for (lang, words) in ["en", "ru"].into_iter().zip(words) {
        let arguments = ["--cacert", authority.file(), "--lang", lang];
        let output = run(&[&["doctor", &url(address, "wss")][..], &arguments].concat(), "").await;
        let told = told(&output);
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_http2_is_told() {
    let authority = Authority::new();
    is_told(&authority, serving(&authority, Kind::Good).await, NOT_OFFERED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_offers_http2_without_websockets() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let files = authority.files(Kind::Good);
    let (_child, address) = behind_nginx(files, folder.path(), " http2").await;
    is_told(&authority, address, WITHOUT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_offers_http2_with_and_without_websockets() {
    let authority = Authority::new();
    for (extended, words) in [("0", WITHOUT), ("1", WITH)] {
        let files = authority.files(Kind::Good);
        let (_child, address) =
            started_with(Node, "http2.js", files, &[("EXTENDED", extended)]).await;
        is_told(&authority, address, words).await;
    }
}

/// Starts a proxy before an echo. `text` is its configuration, with words in capitals for what is filled in.
async fn proxied(
    need: super::Need,
    text: &str,
    arguments: &[&str],
    authority: &Authority,
) -> (Child, SocketAddr, tempfile::TempDir) {
    ensure_there(&[need]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.files(Kind::Good);
    let both = folder.path().join("both.pem");
    let read = |file: &str| std::fs::read_to_string(file).unwrap();
    std::fs::write(&both, read(&certificate) + &read(&key)).unwrap();
    let text = text.replace("BOTH", &both.display().to_string());
    let upstream = rigid(echoes).await;
    let (file, address) = behind(&text, &(certificate, key), folder.path(), upstream, "proxy.conf");
    let mut command = Command::new(need.program());
    command.args(arguments).arg(file).env("HOME", folder.path());
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    super::listens(address).await;
    (child, address, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_offers_http2_with_websockets() {
    let authority = Authority::new();
    let text = include_str!("haproxy.cfg");
    let (_child, address, _folder) = proxied(Haproxy, text, &["-db", "-f"], &authority).await;
    is_told(&authority, address, WITH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_is_judged_right() {
    let authority = Authority::new();
    let text = include_str!("Caddyfile");
    let arguments = ["run", "--adapter", "caddyfile", "--config"];
    let (_child, address, _folder) = proxied(Caddy, text, &arguments, &authority).await;
    is_told(&authority, address, WITHOUT).await;
}
