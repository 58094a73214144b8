//! Which WebSockets a page may open, in Chromium and by the doctor.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use ws101::address::Address;
use ws101::client::{ConnectError, Connection, Route, RouteFuture, Tcp};
use ws101::doctor::{Cause, ContentPolicy, Evidence, Page, Target, examine};
use ws101::frame::Frame;
use ws101::handshake::AcceptKey;

use crate::devtools::{Browser, Tab};
use crate::needs::Need::Chromium;
use crate::needs::ensure_there;

/// Names of this domain are on this computer, for Chromium and for the doctor.
const NAMES: &str = "--host-resolver-rules=MAP *.test 127.0.0.1";

/// For the browser to tell what it does with a socket, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// Serves a page to every request, and a WebSocket that says hello to every handshake.
async fn stage() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // Errors are a client's that has gone.
            tokio::spawn(async move { drop(answer(tcp).await) });
        }
    });
    Ok(address)
}

async fn answer(mut tcp: TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        // TLS is not spoken here.
        if tcp.read_buf(&mut request).await? == 0 || request[0] != b'G' {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let key = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let Some(key) = key else {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\
            Connection: close\r\n\r\n";
        return tcp.write_all(page.as_bytes()).await;
    };
    let accept = AcceptKey::derive(key).accept;
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    tcp.write_all(&[head.as_bytes(), &Frame::text("hello").to_bytes()].concat()).await?;
    while tcp.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

/// The outcome of `new WebSocket(url)` in a tab: `opens`, `throws`, or `fails`.
async fn opened(tab: &Tab, url: &str) -> Result<String> {
    let script = format!(
        "new Promise((told) => {{
            try {{
                const socket = new WebSocket({});
                socket.onmessage = () => {{ socket.close(); told('opens'); }};
                socket.onclose = () => told('fails');
            }} catch (error) {{
                told(error.name === 'SecurityError' ? 'throws' : String(error));
            }}
        }})",
        json!(url)
    );
    Ok(tab.eval(&script).await?.as_str().context("no answer")?.to_owned())
}

async fn with_flags(flags: &[&str], test: impl AsyncFnOnce(&Browser) -> Result<()>) -> Result<()> {
    ensure_there(&[Chromium])?;
    let browser = Browser::launch_with(flags).await?;
    let outcome = test(&browser).await;
    let closed = browser.close().await;
    outcome.and(closed)
}

/// Whether a policy forbids `new WebSocket(url)` in a tab: if not, the browser tells of a new socket. What
/// becomes of the socket is not waited for, because browsers delay those of a page where many fail.
async fn is_forbidden(tab: &Tab, url: &str) -> Result<bool> {
    let before = tab.sockets().len();
    let script = format!(
        "window.forbidden = false;
         document.addEventListener('securitypolicyviolation', () => {{ forbidden = true; }});
         new WebSocket({}); 0",
        json!(url)
    );
    tab.eval(&script).await?;
    let told = async {
        loop {
            match tab.eval("forbidden").await?.as_bool() {
                Some(true) => return anyhow::Ok(true),
                _ if tab.sockets().len() > before => return Ok(false),
                _ => sleep(LOOK).await,
            }
        }
    };
    timeout(PATIENCE, told).await.context("neither a socket nor a violation")?
}

/// Policies, `PORT` is that of the page of HTTP; whether each lets the page at `a.test` open each target.
const POLICIES: [&str; 34] = [
    "connect-src 'self'",
    "connect-src 'SELF'",
    "connect-src *",
    "connect-src http:",
    "connect-src https:",
    "connect-src ws:",
    "connect-src wss:",
    "CONNECT-SRC WS:",
    "connect-src a.test",
    "connect-src a.test:PORT",
    "connect-src a.test:*",
    "connect-src *:PORT",
    "connect-src http://a.test:PORT",
    "connect-src https://a.test:PORT",
    "connect-src ws://a.test",
    "connect-src ws://A.test:PORT",
    "connect-src ws://a.test:*",
    "connect-src ws://*.test:PORT",
    "connect-src ws://*.a.test:PORT",
    "connect-src ws://*:PORT",
    "connect-src ws://a.test:PORT/x",
    "connect-src ws://a.test:PORT/%78?y#z",
    "connect-src ws://a.test:PORT/y",
    "connect-src ws://a.test:PORT/",
    "connect-src wss://a.test:PORT",
    "connect-src wss://a.test:* ws://b.test:*",
    "connect-src 'none'",
    "connect-src 'none' ws:",
    "connect-src",
    "default-src 'none'",
    "default-src 'none'; connect-src ws:",
    "script-src 'none'",
    "connect-src ws: ; connect-src 'none'",
    "connect-src ws:, connect-src 'none'",
];

#[tokio::test]
async fn a_policy_permits_what_it_permits_in_a_browser() -> Result<()> {
    with_flags(&[NAMES], async |browser| {
        let (own, other) = (stage().await?.port(), stage().await?.port());
        let tab = browser.tab().await?;
        let mut wrong = Vec::new();
        for (scheme, policy) in
            ["http", "https"].into_iter().flat_map(|scheme| POLICIES.map(|policy| (scheme, policy)))
        {
            let policy = policy.replace("PORT", &own.to_string());
            let headers = json!([{ "name": "Content-Security-Policy", "value": policy }]);
            let (page, targets) = match scheme {
                "http" => (
                    format!("http://a.test:{own}/"),
                    ["a.test:OWN/x", "a.test:OTHER/x", "b.test:OWN/x"]
                        .map(|at| format!("ws://{at}")),
                ),
                _ => (
                    "https://a.test/".to_owned(),
                    ["a.test/x", "b.test/x", "a.test:OWN/x"].map(|at| format!("wss://{at}")),
                ),
            };
            tab.go_to_made(&page, &headers).await?;
            for target in targets {
                let target =
                    target.replace("OWN", &own.to_string()).replace("OTHER", &other.to_string());
                let seen = is_forbidden(&tab, &target).await?;
                let (at, address): (Page, Address) = (page.parse()?, target.parse()?);
                let ours = ContentPolicy::parse_header(&policy)
                    .find_map(|policy| policy.forbids(&at, &address));
                if seen != ours.is_some() {
                    wrong
                        .push(format!("{page} {policy:?} {target}: forbids {seen}, ours {ours:?}"));
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}

/// The way to names of `test`: the page is at another address than the server, if one is given.
#[derive(Debug)]
struct Named(Option<Ipv4Addr>);

impl Route for Named {
    fn resolve<'r>(&'r self, at: &'r Address) -> RouteFuture<'r, io::Result<Vec<SocketAddr>>> {
        let is_page = at.host == "page.test";
        let ip = self.0.filter(|_| is_page).unwrap_or(Ipv4Addr::LOCALHOST);
        Box::pin(async move { Ok(vec![SocketAddr::from((ip, at.port))]) })
    }

    fn connect<'r>(
        &'r self,
        peer: SocketAddr,
        address: &'r Address,
        limit: Duration,
    ) -> RouteFuture<'r, Result<Box<dyn Connection>, ConnectError>> {
        // A public address is that of the stage.
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, peer.port()));
        Box::pin(async move { Tcp.connect(local, address, limit).await })
    }
}

async fn examined(page: &str, target: &str, is_at: Option<Ipv4Addr>) -> Result<(String, bool)> {
    let target = Target {
        page: Some(page.parse()?),
        route: Arc::new(Named(is_at)),
        timeout: Duration::from_secs(2),
        ..Target::new(target.parse()?)
    };
    let diagnosis = examine(&target).await;
    let asks = diagnosis.evidence.iter().any(|step| matches!(step, Evidence::AsksUser { .. }));
    let verdict = match &diagnosis.cause {
        Some(Cause::MixedContent(_)) => "throws",
        Some(Cause::ContentPolicy { .. }) => "forbidden",
        Some(Cause::LocalNetwork { .. }) => "fails",
        _ => "opens",
    };
    Ok((verdict.to_owned(), asks))
}

#[tokio::test]
async fn a_page_of_https_opens_what_it_opens_in_a_browser() -> Result<()> {
    with_flags(&[NAMES], async |browser| {
        let port = stage().await?.port();
        let tab = browser.tab().await?;
        for (host, thrown) in [
            ("page.test", true),
            ("a.test", true),
            ("127.0.0.1", false),
            ("127.0.0.2", false),
            ("localhost", false),
            ("[::1]", false),
            ("192.168.255.255", false),
            ("10.255.255.255", false),
            ("8.8.8.8", true),
        ] {
            let url = format!("ws://{host}:{port}/");
            tab.go_to_made("https://page.test/", &json!([])).await?;
            // Some are nowhere, and what comes of them is not waited for.
            let script = format!(
                "(() => {{ try {{ new WebSocket('{url}'); return false; }}
                    catch (error) {{ return error.name === 'SecurityError'; }} }})()"
            );
            ensure!(tab.eval(&script).await? == json!(thrown), "Chromium, {url}");
            let (ours, _) = examined("https://page.test/", &url, None).await?;
            ensure!((ours == "throws") == thrown, "the doctor, {url}: {ours}");
        }
        let (seen, _) =
            examined(&format!("http://page.test:{port}/"), &format!("ws://a.test:{port}/"), None)
                .await?;
        ensure!(seen == "opens", "a page of HTTP may: {seen}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_public_page_reaches_the_local_network_as_in_a_browser() -> Result<()> {
    let (own, other) = (stage().await?.port(), stage().await?.port());
    let space = format!("--ip-address-space-overrides=127.0.0.1:{own}=public");
    with_flags(&[NAMES, &space], async |browser| {
        let target = format!("ws://localhost:{other}/");
        let public = Some(Ipv4Addr::new(8, 8, 8, 8));
        let http = format!("http://page.test:{own}/");
        let tab = browser.open(&http).await?;
        ensure!(opened(&tab, &target).await? == "fails", "Chromium lets no page of HTTP");
        ensure!(examined(&http, &target, public).await? == ("fails".to_owned(), false));
        ensure!(examined(&http, &target, None).await? == ("opens".to_owned(), false));

        // Nobody answers the question here, so it is answered before.
        let secure = "https://page.test/";
        tab.go_to_made(secure, &json!([])).await?;
        ensure!(opened(&tab, &target).await? == "fails", "Chromium asks, and nobody is there");
        browser.permit("loopback-network").await?;
        tab.go_to_made(secure, &json!([])).await?;
        let seen = opened(&tab, &target).await?;
        ensure!(seen == "opens", "the user has permitted it: {seen}");
        ensure!(examined(secure, &target, public).await? == ("opens".to_owned(), true));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_may_have_its_sockets_upgraded() -> Result<()> {
    with_flags(&[NAMES], async |browser| {
        let port = stage().await?.port();
        let tab = browser.tab().await?;
        let headers =
            json!([{ "name": "Content-Security-Policy", "value": "upgrade-insecure-requests" }]);
        for (host, scheme) in [("a.test", "wss"), ("localhost", "ws"), ("127.0.0.1", "ws")] {
            tab.go_to_made(&format!("http://page.test:{port}/"), &headers).await?;
            let url: Value = tab.eval(&format!("new WebSocket('ws://{host}:{port}/').url")).await?;
            ensure!(url == json!(format!("{scheme}://{host}:{port}/")), "{url}");
        }
        Ok(())
    })
    .await
}
