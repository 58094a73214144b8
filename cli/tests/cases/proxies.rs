//! nginx, `HAProxy` and Caddy before a sound server, set up wrong in each of the usual ways.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::case::{Case, ill, source, started, well};
use super::echoing::echoing;
use super::needs::Need::{self, Caddy, Haproxy, Nginx};
use super::needs::ensure_there;
use super::port::Port;
use super::scripts::LARGE;

const QUIET: &[&str] = &["--quiet", "4"];
const IDLE: &str = "without a close frame: somebody on the way has an idle timeout";
const IDLE_RU: &str = "кто-то по дороге рвёт молчащие соединения";
const LINES: &str = "in nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`";
const LINES_RU: &str = "для nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`";

pub const NGINX: &[Case] = &[
    well("right", "/chat"),
    ill("http10", "/chat", LINES, LINES_RU),
    ill("bare", "/chat", LINES, LINES_RU),
    ill("cleared", "/chat", LINES, LINES_RU),
    ill(
        "keyless",
        "/chat",
        "the server finds the handshake wrong",
        "серверу не нравится рукопожатие",
    ),
    ill("acceptless", "/chat", "`Sec-WebSocket-Accept` is missing", "`Sec-WebSocket-Accept` нет"),
    ill("idle", "/chat", IDLE, IDLE_RU).with(QUIET),
    ill(
        "location",
        "/chat",
        "there is nothing at /chat: there is a WebSocket at /ws",
        "по пути /chat ничего нет, зато WebSocket есть по пути /ws",
    ),
    ill("slash", "/chat", "there is nothing at /chat", "по пути /chat ничего нет"),
    ill("files", "/chat", "there is nothing at /chat", "по пути /chat ничего нет"),
    ill(
        "spa",
        "/chat",
        "/chat is answered with a page, not a WebSocket",
        "по пути /chat отвечает страница, а не WebSocket",
    ),
    ill(
        "nobody",
        "/chat",
        "finds nobody behind it (502 Bad Gateway)",
        "за ним никого нет (502 Bad Gateway)",
    ),
    ill(
        "mute",
        "/chat",
        "the server behind it does not in time (504 Gateway Timeout)",
        "сервер за ним вовремя не отвечает (504 Gateway Timeout)",
    ),
    ill(
        "secure",
        "/chat",
        "the WebSocket has moved to wss://127.0.0.1/chat",
        "WebSocket переехал: wss://127.0.0.1/chat",
    ),
    ill(
        "login",
        "/chat",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    ),
    ill(
        "denied",
        "/chat",
        "the server forbids it (403): 403 Forbidden",
        "сервер запрещает (403): 403 Forbidden",
    ),
    ill(
        "busy",
        "/chat",
        "the server has no room now (503 Service Unavailable): try again in 20 s",
        "у сервера сейчас нет мест (503 Service Unavailable): попробуйте через 20 с",
    ),
    ill(
        "dropped",
        "/chat",
        "closes the connection without an answer",
        "сервер закрывает соединение, не ответив",
    ),
    ill(
        "small",
        "/chat",
        "the request is too large for the server (400 Bad Request)",
        "запрос для сервера слишком большой (400 Bad Request)",
    )
    .with(&["--header", LARGE]),
    ill("http2", "/chat", "only HTTP/2 is spoken there", "тут говорят только по HTTP/2"),
];

pub const HAPROXY: &[Case] = &[
    well("right", "/chat"),
    ill(
        "nobody",
        "/chat",
        "finds nobody behind it (503 Service Unavailable)",
        "за ним никого нет (503 Service Unavailable)",
    ),
    ill("idle", "/chat", IDLE, IDLE_RU).with(QUIET),
    ill(
        "mute",
        "/chat",
        "the server behind it does not in time (504 Gateway Timeout)",
        "сервер за ним вовремя не отвечает (504 Gateway Timeout)",
    ),
    ill(
        "denied",
        "/chat",
        "the server forbids it (403): 403 Forbidden Request forbidden by administrative rules.",
        "сервер запрещает (403): 403 Forbidden Request forbidden by administrative rules.",
    ),
    ill(
        "secure",
        "/chat",
        "the WebSocket has moved to wss://127.0.0.1",
        "WebSocket переехал: wss://127.0.0.1",
    ),
    ill(
        "login",
        "/chat",
        "the server wants to know who is asking (401",
        "сервер спрашивает, кто вы (401",
    ),
    ill(
        "limited",
        "/chat",
        "the server takes no more requests from you now (429 Too Many Requests): try again in 5 s",
        "сервер сейчас не принимает от вас новых запросов (429 Too Many Requests): попробуйте через 5 с",
    ),
    ill(
        "bare",
        "/chat",
        "the server never saw `Upgrade: websocket`",
        "сервер не увидел `Upgrade: websocket`",
    ),
    ill(
        "soup",
        "/chat",
        "chose subprotocol \"soup\", which was not offered",
        "выбрал подпротокол \"soup\", которого ему не предлагали",
    ),
    ill("dropped", "/chat", "says nothing for 3s", "молчит 3 с"),
    ill("path", "/chat", "there is nothing at /chat", "по пути /chat ничего нет"),
    ill("tcp", "/chat", "without an answer", "не ответив"),
    ill("http2", "/chat", "only HTTP/2 is spoken there", "тут говорят только по HTTP/2"),
];

pub const CADDY: &[Case] = &[
    well("right", "/chat"),
    ill(
        "nobody",
        "/chat",
        "finds nobody behind it (502 Bad Gateway)",
        "за ним никого нет (502 Bad Gateway)",
    ),
    ill(
        "mute",
        "/chat",
        "the server behind it does not in time (504 Gateway Timeout)",
        "сервер за ним вовремя не отвечает (504 Gateway Timeout)",
    ),
    ill(
        "spa",
        "/chat",
        "/chat is answered with a page, not a WebSocket",
        "по пути /chat отвечает страница, а не WebSocket",
    ),
    ill("files", "/chat", "there is nothing at /chat", "по пути /chat ничего нет"),
    ill(
        "routed",
        "/chat",
        "/chat is answered with 200 OK and no content, not a WebSocket: there is one at /ws",
        "по пути /chat приходит 200 OK без содержимого, а WebSocket — по пути /ws",
    ),
    ill(
        "routeless",
        "/chat",
        "Caddy answers so where no route has the path",
        "так отвечает Caddy, если для пути нет маршрута",
    ),
    well("acceptless", "/chat"),
    ill(
        "bare",
        "/chat",
        "the server never saw `Upgrade: websocket`: a proxy on the way (Caddy",
        "сервер не увидел `Upgrade: websocket`: его убрал прокси по дороге (Caddy",
    ),
    ill(
        "keyless",
        "/chat",
        "the server finds the handshake wrong",
        "серверу не нравится рукопожатие",
    ),
    ill(
        "secure",
        "/chat",
        "the WebSocket has moved to wss://127.0.0.1/chat",
        "WebSocket переехал: wss://127.0.0.1/chat",
    ),
    ill(
        "denied",
        "/chat",
        "the server forbids it (403): not for you",
        "сервер запрещает (403): not for you",
    ),
    ill(
        "dropped",
        "/chat",
        "closes the connection without an answer",
        "сервер закрывает соединение, не ответив",
    ),
];

/// A server that reads and never answers.
async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                while tcp.read(&mut [0; 1024]).await.is_ok_and(|size| size > 0) {}
            });
        }
    });
    address
}

/// Starts a proxy with `name`, in which each mode of the cases has a port; gives the ports.
async fn behind(
    need: Need,
    name: &str,
    cases: &[Case],
    folder: &Path,
    arguments: &[&str],
) -> (Child, BTreeMap<&'static str, u16>) {
    ensure_there(&[need]).unwrap();
    let held: Vec<_> = cases.iter().map(|_| Port::free().unwrap()).collect();
    let mut ports: BTreeMap<_, _> =
        cases.iter().zip(&held).map(|(case, port)| (case.mode, port.number)).collect();
    ports.insert("upstream", echoing("/chat").await.port());
    ports.insert("silent", silent().await.port());
    let text = std::fs::read_to_string(source(name)).unwrap();
    let text = text.replace("FOLDER", &folder.display().to_string());
    let text = ports
        .iter()
        .fold(text, |text, (mode, port)| text.replace(&format!("{{{mode}}}"), &port.to_string()));
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(need.program());
    command.args(arguments).arg(&file);
    (started(command, ports["right"]).await, ports)
}

async fn are_told(cases: &[Case], ports: &BTreeMap<&'static str, u16>) {
    let mut faults = Vec::new();
    for case in cases {
        println!("{}", case.mode);
        faults.extend(case.faults(ports[case.mode]).await);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_told_of_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    std::fs::copy(source("upgrade.conf"), folder.path().join("upgrade.conf")).unwrap();
    std::fs::write(folder.path().join("nobody"), "").unwrap();
    let log = format!("{path}/error.log");
    let arguments = ["-p", &path, "-e", &log, "-c"];
    let (_child, ports) = behind(Nginx, "nginx.conf", NGINX, folder.path(), &arguments).await;
    are_told(NGINX, &ports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_is_told_apart_from_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-db", "-f"];
    let (_child, ports) = behind(Haproxy, "haproxy.cfg", HAPROXY, folder.path(), &arguments).await;
    are_told(HAPROXY, &ports).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_is_told_of_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "--adapter", "caddyfile", "--config"];
    let (_child, ports) = behind(Caddy, "Caddyfile", CADDY, folder.path(), &arguments).await;
    are_told(CADDY, &ports).await;
}
