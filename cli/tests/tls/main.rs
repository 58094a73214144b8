//! `wss://` in every command, against rustls, Node, Python and nginx: the certificate is judged, and what
//! is behind it.

mod certificates;
mod http2;
mod matrix;
mod mortal;
mod mutual;
#[path = "../../../tests/needs/mod.rs"]
mod needs;
#[path = "../../src/port.rs"]
mod port;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use certificates::{Authority, Kind};
use needs::Need::{self, Nginx, Node, Python};
use needs::{clients, ensure_there};
use port::Port;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
    copy_bidirectional,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use ws101::handshake::Policy;
use ws101::limits::HEAD_DEADLINE;
use ws101::upgrade::{accept, config};
use ws101::{close, echo::echo};

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An echo at /ws on one connection.
async fn echoes(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let policy = Policy { paths: vec!["/ws".into()], ..Policy::default() };
    let Ok(accepted) = accept(io, &policy, HEAD_DEADLINE).await else { return };
    let mut socket = accepted.into_socket(config(1 << 16)).await;
    let ended = echo(&mut socket, str::to_owned).await;
    close::reply(&mut socket, ended, close::CLOSE_DEADLINE).await;
}

/// An echo at /ws behind TLS, with this kind of certificate.
async fn serving(authority: &Authority, kind: Kind) -> SocketAddr {
    serving_as(authority.server(kind)).await
}

/// An echo at /ws behind this TLS.
async fn serving_as(config: ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                echoes(tls).await;
            });
        }
    });
    address
}

/// A server that does the same to each connection.
async fn rigid<F: Future<Output = ()> + Send + 'static>(
    act: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(act(tcp));
        }
    });
    address
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
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(&[&out[..], err].concat()).into_owned()
}

/// The address with the name that the certificates are for.
fn url(address: SocketAddr, scheme: &str) -> String {
    format!("{scheme}://localhost:{}/ws", address.port())
}

/// The doctor's words in each language; it must fail with the same exit code.
async fn diagnosed(url: &str, more: &[&str]) -> (String, String) {
    let mut both = Vec::new();
    for lang in ["en", "ru"] {
        let arguments = [&["doctor", url, "--timeout", "2", "--lang", lang][..], more].concat();
        let output = run(&arguments, "").await;
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        both.push(told);
    }
    let russian = both.pop().unwrap();
    (both.pop().unwrap(), russian)
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_good_certificate_every_rule_is_tested() {
    let authority = Authority::new();
    let url = url(serving(&authority, Kind::Good).await, "wss");
    let output = run(&["doctor", &url, "--cacert", authority.file()], "").await;
    let told = told(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for part in [
        "it opens and answers",
        "TLS 1.3, ALPN http/1.1",
        "certificate of \"ws101 server\", issued by \"ws101 authority\", for localhost",
        "ok   MUST   8.1",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("? "), "nothing is unlooked at: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_browsers_refuse_is_told_in_words() {
    let authority = Authority::new();
    let file = authority.file();
    for (kind, more, english, russian) in [
        (
            Kind::Expired,
            &["--cacert", file][..],
            "the certificate expired at 2021-01-01T00:00:00Z",
            "сертификат истёк 2021-01-01T00:00:00Z",
        ),
        (
            Kind::NotYetValid,
            &["--cacert", file],
            "the certificate is not valid before 2099-01-01T00:00:00Z",
            "сертификат начнёт действовать только 2099-01-01T00:00:00Z",
        ),
        (
            Kind::Misnamed,
            &["--cacert", file],
            "the certificate is not for \"localhost\", it is for example.test, www.example.test",
            "сертификат выдан не для \"localhost\", а для example.test, www.example.test",
        ),
        (
            Kind::Good,
            &[],
            "the certificate is issued by \"ws101 authority\", which this computer does not know",
            "сертификат выдал \"ws101 authority\", здесь его не знают",
        ),
        (
            Kind::SelfSigned,
            &[],
            "the certificate is self-signed, and browsers refuse it",
            "сертификат самоподписанный, браузер его не примет",
        ),
        (
            Kind::Nameless,
            &["--cacert", file],
            "it names nobody in subjectAltName, and browsers ignore the common name",
            "в subjectAltName нет ни одного имени, а common name браузеры не читают",
        ),
    ] {
        let url = url(serving(&authority, kind).await, "wss");
        let told = diagnosed(&url, more).await;
        assert!(told.0.contains(english), "{kind:?}: {}", told.0);
        assert!(told.1.contains(russian), "{kind:?}: {}", told.1);
        assert!(!told.0.contains("RFC 6455\n"), "no rule is judged there: {}", told.0);

        let output = run(&["doctor", &url, "--insecure", "--lang", "en"], "").await;
        let told = self::told(&output);
        assert_eq!(output.status.code(), Some(0), "{kind:?}: {told}");
        assert!(told.contains("--insecure: no certificate is checked"), "a warning: {told}");
        assert!(told.contains("; accepted by --insecure"), "and the fault: {told}");
        let output = run(&["connect", &url, "--insecure", "--lang", "ru"], "").await;
        let told = self::told(&output);
        assert_eq!(told.matches("--insecure: сертификаты не проверяются").count(), 1, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_certificate_may_be_named() {
    let authority = Authority::new();
    for kind in [Kind::SelfSigned, Kind::SelfSignedAuthority] {
        let url = url(serving(&authority, kind).await, "wss");
        let own = authority.own_file(kind);
        let output = run(&["doctor", &url, "--cacert", &own, "--lang", "en"], "").await;
        assert_eq!(output.status.code(), Some(0), "{kind:?}: {}", told(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_speaks_tls() {
    let authority = Authority::new();
    let url = url(serving(&authority, Kind::Good).await, "wss");
    let trust = ["--cacert", authority.file(), "--lang", "en"];
    let connected = run(&[&["connect", &url][..], &trust].concat(), "hello\n").await;
    assert!(told(&connected).contains("you << text \"hello\""), "{}", told(&connected));
    assert!(told(&connected).contains("# TLS 1.3, ALPN http/1.1"), "{}", told(&connected));

    let checked = run(&[&["check", "1.1", "--url", &url][..], &trust].concat(), "").await;
    assert!(told(&checked).contains("1.1"), "{}", told(&checked));

    let acts = "bob -> GET /ws\nbob >> text \"hi\"\nbob >> close 1000\n";
    let recorded = run(&["record", &url, "--cacert", authority.file()], acts).await;
    assert_eq!(recorded.status.code(), Some(0), "{}", told(&recorded));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hi.wst").into_os_string().into_string().unwrap();
    std::fs::write(&file, &recorded.stdout).unwrap();
    let played = run(&["play", &file, "--url", &url, "--cacert", authority.file()], "").await;
    assert_eq!(played.status.code(), Some(0), "{}", told(&played));

    let mut tap = Command::new(env!("CARGO_BIN_EXE_ws101"));
    tap.args(["tap", "0", &url]).args(trust).stdin(Stdio::null()).kill_on_drop(true);
    let mut tap = tap.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = BufReader::new(tap.stderr.take().unwrap()).lines();
    let first = timeout(PATIENCE, first.next_line()).await.unwrap().unwrap().unwrap();
    let at = first.split("ws://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let connected = run(&["connect", &format!("ws://{at}"), "--lang", "en"], "hello\n").await;
    assert!(told(&connected).contains("you << text \"hello\""), "{}", told(&connected));
    let mut lines = BufReader::new(tap.stdout.take().unwrap()).lines();
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().expect("it tells");
        if line.expect("it goes on") == "c1 << text \"hello\"" {
            break;
        }
    }

    let refused = run(&["play", &file, "--url", &url], "").await;
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("which this computer does not know"), "{}", told(&refused));
    let refused = run(&["check", "1.1", "--url", &url, "--lang", "ru"], "").await;
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("здесь его не знают"), "{}", told(&refused));
}

/// The command that shows a failure once more reaches the same server, and tells it in the same language.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_to_watch_a_failure_keeps_the_way() {
    let authority = Authority::new();
    let (file, address) = (authority.file(), serving(&authority, Kind::Good).await);
    let port = address.port();
    let fixed = format!("chat.test:{port}:127.0.0.1");
    let url = format!("wss://localhost:{port}/ws");
    let way = ["--resolve", &fixed, "--cacert", file, "--insecure", "--lang", "ru"];
    let output = run(&[&["check", "3.1", "--url", &url][..], &way].concat(), "").await;
    let told = told(&output);
    let watch = told.lines().find(|line| line.contains("Увидеть")).unwrap_or_default();
    let kept =
        format!("--url {url} --resolve {fixed} --cacert '{file}' --insecure --lang ru --seed");
    assert!(watch.contains(&kept), "{kept}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_scheme_is_told() {
    let authority = Authority::new();
    let secure = serving(&authority, Kind::Good).await;
    let told = diagnosed(&url(secure, "ws"), &[]).await;
    assert!(told.0.contains("TLS is spoken there: use wss://"), "{}", told.0);
    assert!(told.1.contains("тут говорят по TLS: нужно wss://"), "{}", told.1);

    let answers: [&[u8]; 3] =
        [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.test ESMTP\r\n", b""];
    for answer in answers {
        let plain = rigid(move |mut tcp| async move {
            let mut first = [0; 1024];
            let n = tcp.read(&mut first).await.unwrap_or_default();
            // A server that ends at once what is no HTTP, and answers what is.
            let is_get = first[..n].starts_with(b"GET");
            let said = if is_get { &b"HTTP/1.1 404 Not Found\r\n\r\n"[..] } else { answer };
            let _ = tcp.write_all(said).await;
        })
        .await;
        let told = diagnosed(&url(plain, "wss"), &[]).await;
        assert!(told.0.contains("no TLS is spoken there: use ws://"), "{answer:?}: {}", told.0);
        assert!(told.1.contains("тут нет TLS: нужно ws://"), "{answer:?}: {}", told.1);
    }
}

/// A sentence comes within the patience, however hostile the server is in the handshake.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_handshake_ends_in_a_sentence() {
    let silent =
        rigid(
            |mut tcp| async move { while tcp.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {} },
        )
        .await;
    // Records of a handshake without end: a certificate of 1 MB, and then of any size.
    let endless = rigid(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 1024]).await;
        let record = [&[0x16, 3, 3, 0x40, 0, 11, 0x0f, 0xff, 0xff][..], &[0; 0x4000 - 4]].concat();
        while tcp.write_all(&record).await.is_ok() {}
    })
    .await;
    // One byte a second of a record that is sound so far.
    let slow = rigid(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 1024]).await;
        for byte in [0x16, 3, 3, 0x40, 0].into_iter().chain([2; 600]) {
            if tcp.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    for (address, english) in [
        (silent, "the TLS handshake then does not end in time"),
        (endless, "the TLS handshake fails"),
        (slow, "the TLS handshake then does not end in time"),
    ] {
        let began = Instant::now();
        let told = diagnosed(&url(address, "wss"), &[]).await;
        assert!(told.0.contains(english), "{}", told.0);
        assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    }
}

/// An HTTP proxy that lets in by the login `ann:secret`, and connects every name to this computer.
async fn proxy() -> SocketAddr {
    rigid(|mut tcp| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if tcp.read_buf(&mut head).await.unwrap_or_default() == 0 {
                return;
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let port = head.split(' ').nth(1).and_then(|host| host.rsplit_once(':'));
        let port: u16 = port.and_then(|(_, port)| port.parse().ok()).unwrap_or_default();
        let answer = match head.contains("Proxy-Authorization: Basic YW5uOnNlY3JldA==") {
            true => "HTTP/1.1 200 Connection established\r\n\r\n",
            false => "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        };
        let _ = tcp.write_all(answer.as_bytes()).await;
        if answer.contains("200")
            && let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await
        {
            let _ = copy_bidirectional(&mut tcp, &mut far).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_may_be_fixed_or_lead_through_a_proxy() {
    let authority = Authority::new();
    let port = serving(&authority, Kind::Misnamed).await.port();
    let url = format!("wss://example.test:{port}/ws");
    let fixed = format!("example.test:{port}:127.0.0.1");
    let trust = ["--cacert", authority.file(), "--lang", "en"];
    let output = run(&[&["doctor", &url, "--resolve", &fixed][..], &trust].concat(), "").await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));

    let proxy = proxy().await;
    let with = format!("http://ann:secret@{proxy}");
    let output = run(&[&["doctor", &url, "--proxy", &with][..], &trust].concat(), "").await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(!told(&output).contains("secret"), "{}", told(&output));

    let without = format!("http://{proxy}");
    let told = diagnosed(&url, &["--proxy", &without]).await;
    assert!(told.0.contains("the proxy wants a login (407)"), "{}", told.0);
    assert!(told.1.contains("прокси требует входа (407)"), "{}", told.1);
    let nobody = diagnosed(&url, &["--proxy", "http://127.0.0.1:1"]).await;
    assert!(nobody.0.contains("the proxy cannot be reached"), "{}", nobody.0);
    let unknown = diagnosed(&url, &["--proxy", "http://proxy.invalid:3128"]).await;
    assert!(unknown.0.contains("there is no host \"proxy.invalid\""), "{}", unknown.0);
    let no_proxy = rigid(|tcp| async move { drop(tcp) }).await;
    let no_proxy = diagnosed(&url, &["--proxy", &format!("http://{no_proxy}")]).await;
    assert!(no_proxy.0.contains("does not answer CONNECT by HTTP"), "{}", no_proxy.0);
    let silent = rigid(|tcp| async move {
        sleep(PATIENCE).await;
        drop(tcp);
    });
    let silent = diagnosed(&url, &["--proxy", &format!("http://{}", silent.await)]).await;
    assert!(silent.0.contains("the proxy says nothing"), "{}", silent.0);
    assert!(silent.1.contains("прокси молчит"), "{}", silent.1);
}

/// Starts `program` with a certificate and its key; its first line is the port.
async fn started(need: Need, source: &str, files: (String, String)) -> (Child, SocketAddr) {
    started_with(need, source, files, &[]).await
}

/// The same with variables in the environment.
async fn started_with(
    need: Need,
    source: &str,
    files: (String, String),
    variables: &[(&str, &str)],
) -> (Child, SocketAddr) {
    ensure_there(&[need]).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    let mut command = Command::new(need.program());
    command.arg(format!("{path}/{source}")).args([files.0, files.1]).kill_on_drop(true);
    command.envs(variables.iter().copied());
    command.env("NODE_PATH", clients().join("node_modules")).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    (child, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

/// Writes the configuration of a proxy with its words in capitals filled in; gives the file, and where the
/// proxy will listen.
fn behind(
    text: &str,
    (certificate, key): &(String, String),
    folder: &Path,
    upstream: SocketAddr,
    name: &str,
) -> (PathBuf, SocketAddr) {
    let held = Port::free().unwrap();
    let port = held.number;
    let text = text
        .replace("FOLDER", &folder.display().to_string())
        .replace("CERTIFICATE", certificate)
        .replace("KEY", key)
        .replace("PORT", &port.to_string())
        .replace("UPSTREAM", &upstream.to_string());
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    (file, SocketAddr::from(([127, 0, 0, 1], port)))
}

async fn listens(address: SocketAddr) {
    let listening = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, listening).await.expect("it listens");
}

/// Starts nginx before an echo; the folder is for its files, `more` stands behind `ssl`.
async fn behind_nginx(files: (String, String), folder: &Path, more: &str) -> (Child, SocketAddr) {
    ensure_there(&[Nginx]).unwrap();
    let text = include_str!("nginx.conf").replace("MORE", more);
    let upstream = rigid(echoes).await;
    let (file, address) = behind(&text, &files, folder, upstream, "nginx.conf");
    let mut command = Command::new(Nginx.program());
    command.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    command.kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    listens(address).await;
    (child, address)
}

async fn is_judged_right(start: impl AsyncFn((String, String)) -> (Child, SocketAddr)) {
    let authority = Authority::new();
    for (kind, english) in [
        (Kind::Good, "it opens and answers"),
        (Kind::Expired, "the certificate expired at 2021-01-01T00:00:00Z"),
        (Kind::Misnamed, "the certificate is not for \"localhost\""),
        (Kind::SelfSigned, "the certificate is self-signed"),
    ] {
        let (_child, address) = start(authority.files(kind)).await;
        let arguments = ["--cacert", authority.file(), "--lang", "en"];
        let output = run(&[&["doctor", &url(address, "wss")][..], &arguments].concat(), "").await;
        let told = told(&output);
        assert!(told.contains(english), "{kind:?}: {told}");
        let is_good = kind == Kind::Good;
        // Python's websockets does not name the version that it speaks.
        let failed: Vec<_> = told.lines().filter(|line| line.contains("FAIL")).collect();
        assert!(failed.iter().all(|line| line.contains("4.2.2")), "{kind:?}: {told}");
        let is_passed = is_good && failed.is_empty();
        assert_eq!(output.status.success(), is_passed, "{kind:?}: {told}");
        assert_eq!(told.contains("MUST   8.1"), is_good, "{kind:?}: {told}");
        if is_good {
            let told = diagnosed(&url(address, "ws"), &[]).await;
            assert!(told.0.contains("TLS is spoken there: use wss://"), "{}", told.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_judged_right() {
    let folder = tempfile::tempdir().unwrap();
    is_judged_right(async |files| behind_nginx(files, folder.path(), "").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_is_judged_right() {
    is_judged_right(async |files| started(Node, "server.js", files).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_is_judged_right() {
    is_judged_right(async |files| started(Python, "server.py", files).await).await;
    // OpenSSL serves a certificate of 1 MB.
    let authority = Authority::new();
    let (_child, address) = started(Python, "server.py", authority.files(Kind::Megabyte)).await;
    let told = diagnosed(&url(address, "wss"), &["--cacert", authority.file()]).await;
    assert!(told.0.contains("the TLS handshake fails"), "{}", told.0);
}
