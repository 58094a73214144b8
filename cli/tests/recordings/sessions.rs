//! Sessions with real servers of Node are recorded, play 20 times each beside a busy core, and do not play
//! with a server that answers something else.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use anyhow::{Result, ensure};

use super::needs::Need::Node;
use super::needs::with;
use super::{folder, ws101};

/// A core that has nothing else to do for as long as a test has this.
struct BusyCore(Arc<AtomicBool>);

impl BusyCore {
    /// The one busy core of all tests of this program that run.
    fn shared() -> Arc<Self> {
        static ONE: Mutex<Weak<BusyCore>> = Mutex::new(Weak::new());
        let mut one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        one.upgrade().unwrap_or_else(|| {
            let busy = Arc::new(Self::spin());
            *one = Arc::downgrade(&busy);
            busy
        })
    }

    fn spin() -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let until = is_over.clone();
        thread::spawn(move || {
            while !until.load(Relaxed) {
                std::hint::spin_loop();
            }
        });
        Self(is_over)
    }
}

impl Drop for BusyCore {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Records the session of this name, plays it, and plays it to the altered server. The recording has
/// these lines, and the report of `record` these.
async fn is_recorded_and_played(name: &str, lines: &[&str], told: &[&str]) -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let sessions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/sessions");
        let (acts, server) = (format!("{name}.wst"), format!("{name}.mjs"));
        for file in [&acts, &server] {
            fs::copy(sessions.join(file), folder.path().join(file))?;
        }
        let busy = BusyCore::shared();
        let cmd = format!("node {server}");
        let record = ["record", "--cmd", &cmd, &acts, "--out", "recorded.wst"];
        let said = ws101(folder.path(), &record).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        for line in lines {
            ensure!(recorded.contains(line), "no {line:?} in\n{recorded}");
        }
        for sentence in told {
            ensure!(said.out.contains(sentence), "no {sentence:?} in\n{}", said.out);
        }
        let play = ["play", "recorded.wst", "--times", "20", "--cmd", &cmd];
        let said = ws101(folder.path(), &play).await?;
        ensure!(said.code == Some(0), "{}{}\n{recorded}", said.out, said.err);
        drop(busy);
        let altered = format!("ALTERED=1 exec node {server}");
        let said = ws101(folder.path(), &["play", "recorded.wst", "--cmd", &altered]).await?;
        ensure!(said.code == Some(1), "{}{}\n{recorded}", said.out, said.err);
        ensure!(said.out.contains("  because   "), "{}", said.out);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn socket_io() -> Result<()> {
    let welcome = r#"ann << text "42[\"welcome\",{\"id\":\"<ann>\",\"text\":\"hello\"}]""#;
    let lines = [
        welcome,
        r#"ann << text "40{\"sid\":\"<ann>\"}""#,
        r#"bob << text "42[\"said\",{\"from\":\"<ann>\",\"text\":\"hi all\",\"at\":<*>}]""#,
        r#"bob << text "437[42]""#,
        "bob << binary 01 02 ff",
    ];
    is_recorded_and_played("socketio", &lines, &[welcome]).await
}

#[tokio::test]
async fn graphql_transport_ws() -> Result<()> {
    let lines = [
        r#"ann << json {"id":"4","payload":{"data":{"countdown":{"at":<*>,"id":<ann>,"left":3}}},"type":"next"}"#,
        r#"cat << close 4403 "Forbidden""#,
    ];
    is_recorded_and_played("graphql", &lines, &[]).await
}

#[tokio::test]
async fn stomp() -> Result<()> {
    let connected = r#"ann << text "CONNECTED\nsession:<*>\nserver:ours\nheart-beat:0,0\nversion:1.1\n\n\u0000""#;
    is_recorded_and_played("stomp", &[connected], &[connected]).await
}

#[tokio::test]
async fn mqtt() -> Result<()> {
    // The number of a message, and the ends without a close frame.
    let lines = ["ann << binary <*>", "ann -- end", "bob << close 1000", "cat << binary 04"];
    is_recorded_and_played("mqtt", &lines, &["ann << binary <*>", "ann -- end"]).await
}

#[tokio::test]
async fn y_websocket() -> Result<()> {
    // The length, and the random number of the author, which has four or five bytes.
    let document = ["ann << binary 00 01 <*>", "<*> 00 04 01 01 74 05 68 65 6c 6c 6f 00\n"];
    let edit = "ann << binary 00 02 0d 01 01 07 00 04 01 01 74 03 61 62 63 00\n";
    is_recorded_and_played("yjs", &[document[0], document[1], edit], &document).await
}

#[tokio::test]
async fn rpc_websockets() -> Result<()> {
    let lines = [
        r#"ann << json {"id":2,"jsonrpc":"2.0","result":{"at":<*>,"pid":<*>}}"#,
        r#"ann << json {"notification":"news","params":["rain"]}"#,
    ];
    is_recorded_and_played("rpc", &lines, &lines[..1]).await
}

#[tokio::test]
async fn a_server_that_pings_every_40_ms() -> Result<()> {
    let told = "the server pings on its own, so the file leaves pings out: @ignore ping";
    let lines = ["@ignore ping", "ann << text \"one\"", "ann << pong \"three\""];
    is_recorded_and_played("pings", &lines, &[told]).await
}
