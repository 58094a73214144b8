//! No verdict is green over a server that one frame ended, whatever the command and the way to end.

#[path = "../../../tests/needs/mod.rs"]
mod needs;
#[path = "../../src/port.rs"]
mod port;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use needs::Need::Node;
use needs::{clients, with};
use port::Port;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a command is run on a machine that is too busy to tell, and what it says then.
const TRIES: usize = 4;
const UNKNOWN: [&str; 2] = ["not known on this machine", "на этой машине не узнать"];

/// A scenario that ends the servers of `dies.mjs`, and compares nothing.
const BYE: &str = "@open\nbob -> GET /ws\nbob >> text \"bye\"\n";

/// A scenario that the servers of `late.mjs` pass, if nobody looks at what they do later.
const HI: &str = "bob -> GET /ws\nbob <- 101\nbob >> text \"hi\"\nbob << text \"Принято: hi\"\n";

/// A folder with the servers, in which Node finds `ws`.
fn folder() -> Result<TempDir> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dead");
    let folder = tempfile::tempdir()?;
    for file in fs::read_dir(here)? {
        let file = file?;
        fs::copy(file.path(), folder.path().join(file.file_name()))?;
    }
    std::os::unix::fs::symlink(clients().join("node_modules"), folder.path().join("node_modules"))?;
    fs::write(folder.path().join("bye.wst"), BYE)?;
    fs::write(folder.path().join("hi.wst"), HI)?;
    Ok(folder)
}

/// The exit code of the command in `folder`, and its output.
async fn ws101(folder: &Path, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("LC_ALL").env("LANG", "C");
    let output = timeout(PATIENCE, command.output()).await??;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8(said)?))
}

/// The output of the command, after a check that it ends red and says all `words`. On a machine that is too busy
/// to tell it is run again.
async fn is_red(folder: &Path, arguments: &[&str], words: &[&str]) -> Result<String> {
    let (mut code, mut said) = ws101(folder, arguments).await?;
    for _ in 1..TRIES {
        if code != Some(2) || !UNKNOWN.iter().any(|unknown| said.contains(unknown)) {
            break;
        }
        (code, said) = ws101(folder, arguments).await?;
    }
    ensure!(code == Some(1), "{arguments:?}: exit code {code:?}\n{said}");
    for word in words {
        ensure!(said.contains(word), "{arguments:?} does not say {word:?}:\n{said}");
    }
    Ok(said)
}

#[tokio::test]
async fn a_lesson_is_not_passed_by_a_server_that_it_ended() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let check = ["check", "2", "--cmd", "node lesson2_crash.mjs", "--lang"];
        let stack = "Invalid WebSocket frame: MASK must be set";
        let english =
            "one frame ended your whole server (exit status: 1): A >> text unmasked \"hi\"";
        let russian =
            "один кадр завершил весь ваш сервер (код выхода 1): A >> text unmasked \"hi\"";
        is_red(folder.path(), &[&check[..], &["en"]].concat(), &[english, stack]).await?;
        is_red(folder.path(), &[&check[..], &["ru"]].concat(), &[russian, stack]).await?;
        // Something starts it again, and the next check meets a fresh one.
        let again = "while true; do node lesson2_crash.mjs; done";
        let words = ["something started it again: A >> text unmasked \"hi\"", stack];
        is_red(folder.path(), &["check", "2.4", "--cmd", again], &words).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_scenario_is_not_passed_by_a_server_that_it_ended() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let frame = "one frame ended your whole server";
        let last = "bob >> text \"bye\"";
        // They wait more than they work.
        let modes = [
            ("crash", "(exit status: 1)", "(код выхода 1)"),
            ("clean", "(exit status: 0)", "(код выхода 0)"),
            ("late", "(exit status: 3)", "(код выхода 3)"),
            ("hangs", "the server hangs: a new connection got no answer", "сервер завис"),
            ("deaf", "accepts no connection any more", "больше не принимает соединений"),
            ("poisoned", "opens no WebSocket any more (500", "больше не открывает WebSocket (500"),
            ("locked", "the server hangs: a new connection got no answer", "сервер завис"),
        ];
        let told = modes.map(|(mode, english, russian)| {
            let folder = folder.path();
            async move {
                let cmd = format!("MODE={mode} exec node dies.mjs");
                let play = ["play", "bye.wst", "--cmd", &cmd];
                is_red(folder, &play, &[english, last, "FAILED"]).await?;
                let play = [&play[..], &["--lang", "ru"]].concat();
                is_red(folder, &play, &[russian, last, "НЕ ПРОШЛО"]).await
            }
        });
        try_join_all(told).await?;
        let again = "while true; do MODE=crash node dies.mjs; done";
        let words = [frame, "something started it again", last, "these are its last words"];
        is_red(folder.path(), &["play", "bye.wst", "--cmd", again], &words).await?;
        Ok(())
    })
    .await
}

/// A server that the test starts, and its address.
struct Running {
    port: u16,
    url: String,
    server: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.server.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Running {
    async fn start(folder: &Path, script: &str, mode: &str) -> Result<Self> {
        let mut node = Command::new(Node.program());
        node.arg(script).env("MODE", mode);
        Self::spawn(folder, node).await
    }

    /// Starts it by a command of the shell.
    async fn by_shell(folder: &Path, command: &str) -> Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        Self::spawn(folder, shell).await
    }

    async fn spawn(folder: &Path, mut command: Command) -> Result<Self> {
        let held = Port::free()?;
        let port = held.number;
        command.current_dir(folder).env("PORT", port.to_string());
        let server = command.process_group(0).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        let listens = async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, listens).await?;
        Ok(Self { port, url: format!("ws://127.0.0.1:{port}/ws"), server })
    }
}

#[tokio::test]
async fn a_server_elsewhere_is_looked_after_too() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let words = ["accepts no connection any more; the last that it got: bob >> text \"bye\""];
        for mode in ["crash", "deaf"] {
            let server = Running::start(folder.path(), "dies.mjs", mode).await?;
            is_red(folder.path(), &["play", "bye.wst", "--url", &server.url], &words).await?;
        }
        let server = Running::start(folder.path(), "dies.mjs", "hangs").await?;
        let words = ["the server hangs", "bob >> text \"bye\""];
        is_red(folder.path(), &["play", "bye.wst", "--url", &server.url], &words).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_server_does_after_the_last_line_is_seen() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let modes = [
            ("again", "bob << text \"again\""),
            ("closes", "bob << close 1011"),
            ("drops", "bob -- eof"),
            ("dies", "bob -- eof"),
        ];
        let seen = modes.map(|(mode, late)| {
            let folder = folder.path();
            async move {
                let words = ["bob nothing more", late];
                let cmd = format!("MODE={mode} exec node late.mjs");
                is_red(folder, &["play", "hi.wst", "--cmd", &cmd], &words).await?;
                let server = Running::start(folder, "late.mjs", mode).await?;
                is_red(folder, &["play", "hi.wst", "--url", &server.url], &words).await?;
                let cmd = format!("AFTER=150 {cmd}");
                is_red(folder, &["check", "2.1", "--cmd", &cmd], &["FAIL"]).await
            }
        });
        try_join_all(seen).await?;
        // A server may ask at any time whether its client lives.
        let (code, said) =
            ws101(folder.path(), &["play", "hi.wst", "--cmd", "MODE=pings exec node late.mjs"])
                .await?;
        ensure!(code == Some(0), "{said}");
        Ok(())
    })
    .await
}

/// A slow line delays the answers to our own pings, too.
#[tokio::test]
async fn a_server_whose_bytes_come_one_by_one_is_right() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let slow = format!("@timeout 60s\n{HI}");
        fs::write(folder.path().join("slow.wst"), slow)?;
        let play = ["play", "slow.wst", "--cmd", "MODE=dribbles exec node late.mjs"];
        let (code, said) = ws101(folder.path(), &play).await?;
        ensure!(code == Some(0), "{said}");
        Ok(())
    })
    .await
}

/// Node takes `localhost` for the address of IPv6, where the system names that first.
#[tokio::test]
async fn a_server_on_ipv6_only_is_told_where_to_listen() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        for (lang, words) in
            [("en", "alone: let it listen on 127.0.0.1"), ("ru", "пусть слушает 127.0.0.1")]
        {
            let play = ["play", "hi.wst", "--cmd", "HOST=::1 exec node late.mjs", "--lang", lang];
            let (code, said) = ws101(folder.path(), &play).await?;
            ensure!(code == Some(2) && said.contains(words), "{code:?} {said}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_server_in_the_background_is_sent_to_the_foreground() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        for (lang, words) in
            [("en", "start it in the foreground"), ("ru", "запустите его на переднем плане")]
        {
            let play = ["play", "hi.wst", "--cmd", "MODE=background node late.mjs", "--lang", lang];
            let (code, said) = ws101(folder.path(), &play).await?;
            ensure!(matches!(code, Some(1 | 2)) && said.contains(words), "{code:?} {said}");
        }
        Ok(())
    })
    .await
}

/// A proxy in front of the server on this port. While nobody listens there, it answers `absent`, and
/// closes the connection.
async fn proxy(port: u16, absent: &'static str) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                } else {
                    let _ = near.read(&mut [0; 1024]).await;
                    let _ = near.write_all(absent.as_bytes()).await;
                }
            });
        }
    });
    Ok(address)
}

#[tokio::test]
async fn a_proxy_that_outlives_the_server_hides_no_death() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let bad_gateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
        for (absent, english, russian) in [
            (
                bad_gateway,
                "the proxy no longer reaches the server (it answers 502)",
                "прокси больше не может связаться с сервером (он отвечает 502)",
            ),
            (
                "",
                "the server accepts no connection any more",
                "сервер больше не принимает соединений",
            ),
        ] {
            for (lang, words) in [("en", english), ("ru", russian)] {
                let server = Running::start(folder.path(), "dies.mjs", "crash").await?;
                let url = format!("ws://{}/ws", proxy(server.port, absent).await?);
                let play = ["play", "bye.wst", "--url", &url, "--lang", lang];
                is_red(folder.path(), &play, &[words, "bob >> text \"bye\""]).await?;
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_doctor_tells_a_crash_from_a_refusal() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        for (lang, words) in [
            ("en", ["one frame ended your whole server", "a frame without a mask"]),
            ("ru", ["один кадр завершил весь ваш сервер", "кадра без маски"]),
        ] {
            let script = "crash_on_bad_frame.mjs";
            let server = Running::start(folder.path(), script, "").await?;
            let doctor = ["doctor", &server.url, "--lang", lang];
            let said = is_red(folder.path(), &doctor, &words).await?;
            // It keeps the rules that it could be asked about.
            ensure!(said.matches("FAIL").count() == 1, "{said}");
        }
        for (lang, words) in [
            ("en", ["one request ended your whole server", "a handshake by POST"]),
            ("ru", ["один запрос завершил весь ваш сервер", "рукопожатие методом POST"]),
        ] {
            let server = Running::start(folder.path(), "post.mjs", "").await?;
            is_red(folder.path(), &["doctor", &server.url, "--lang", lang], &words).await?;
        }
        // Something starts it again, so each new connection opens.
        let again = "while true; do node crash_on_bad_frame.mjs; done";
        let server = Running::by_shell(folder.path(), again).await?;
        let words = ["one frame ended your whole server", "RFC 6455 §5"];
        is_red(folder.path(), &["doctor", &server.url, "--lang", "en"], &words).await?;
        // One that refuses in order is well, although it keeps its connections to itself.
        let server = Running::start(folder.path(), "dies.mjs", "crash").await?;
        let (_, said) = ws101(folder.path(), &["doctor", &server.url, "--lang", "en"]).await?;
        ensure!(said.contains("it opens and answers"), "{said}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn notes_about_the_process_are_done_or_refused() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let cmd = "MODE=crash exec node dies.mjs";
        let connect = "bob -> GET /ws\nbob <- 101\n";
        let file = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        // Node ends by SIGTERM itself, so it has no exit code.
        file("stop.wst", &format!("== one\n{connect}\n== two\n@signal TERM @exits 3s\nbob -- end\n"))?;
        let (code, said) = ws101(folder.path(), &["play", "stop.wst", "--cmd", cmd]).await?;
        ensure!(code == Some(0), "{said}");
        file("code.wst", &format!("== one\n{connect}\n== two\n@signal TERM @exits 3s 0\nbob -- end\n"))?;
        let words = ["there is no exit code: a signal ended the server"];
        is_red(folder.path(), &["play", "code.wst", "--cmd", cmd], &words).await?;
        file("env.wst", &format!("@env MODE crash\n@open\n{connect}bob >> text \"bye\"\n"))?;
        let words = ["these are its last words"];
        is_red(folder.path(), &["play", "env.wst", "--cmd", "node dies.mjs"], &words).await?;
        file("same.wst", &format!("@distinct id @open\n{connect}bob >> text \"a\"\nbob << text \"<id>\"\nbob >> text \"a\"\nbob << text \"<id1>\"\n"))?;
        let words = ["2 clients have one id, \"a\"", "@distinct id"];
        is_red(folder.path(), &["play", "same.wst", "--cmd", cmd], &words).await?;
        for (name, note) in [
            ("stop.wst", "@signal TERM needs --cmd"),
            ("env.wst", "@env MODE crash needs --cmd"),
        ] {
            let url = ["play", name, "--url", "ws://127.0.0.1:1/"];
            let (code, said) = ws101(folder.path(), &url).await?;
            ensure!(code == Some(2) && said.contains(note), "{said}");
        }
        file("client.wst", &format!("@client returns\n{connect}"))?;
        let (code, said) = ws101(folder.path(), &["play", "client.wst", "--cmd", cmd]).await?;
        ensure!(code == Some(2) && said.contains("ws101 check --client"), "{said}");
        Ok(())
    })
    .await
}
