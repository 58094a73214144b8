//! Servers of other projects, tested as their engineers would: recorded, played until nobody
//! doubts it, and caught when a line of them is changed.

mod guide;
mod lesson;
#[path = "../../../tests/needs/mod.rs"]
mod needs;
#[path = "../../src/port.rs"]
mod port;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Result, ensure};
use needs::Need::{self, Node, Python};
use needs::{clients, with};
use tokio::process::Command;

/// A server, and the line of it that somebody will change.
struct Other {
    language: Need,
    file: &'static str,
    line: &'static str,
    changed: &'static str,
}

const BROADCAST: Other = Other {
    language: Node,
    file: "broadcast.js",
    line: "client !== socket && client.readyState",
    changed: "client.readyState",
};
const COUNTER: Other =
    Other { language: Python, file: "counter.py", line: "value += 1", changed: "value += 2" };

impl Other {
    /// Records it, plays it so often, changes the line, and plays it again: what is said of that.
    async fn recorded_and_caught(&self, times: &str) -> Result<[String; 2]> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/others");
        let folder = tempfile::tempdir()?;
        let source = fs::read_to_string(here.join(self.file))?;
        ensure!(source.contains(self.line), "{} has no {}", self.file, self.line);
        fs::write(folder.path().join(self.file), &source)?;
        let cmd = format!("{} {}", self.language.program().display(), self.file);
        let acts = here.join(self.file).with_extension("wst").display().to_string();
        let run = |arguments: Vec<&str>| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
            command.args(arguments).args(["--cmd", &cmd]).current_dir(folder.path());
            command.env("NODE_PATH", clients().join("node_modules")).stdin(Stdio::null());
            async move {
                let output = command.kill_on_drop(true).output().await?;
                let said = String::from_utf8([output.stdout, output.stderr].concat())?;
                anyhow::Ok((output.status.code(), said))
            }
        };
        let (code, said) = run(vec!["record", &acts, "--out", "recorded.wst"]).await?;
        ensure!(code == Some(0), "{said}");
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        let (code, said) = run(vec!["play", "recorded.wst", "--times", times]).await?;
        ensure!(code == Some(0), "{said}");
        fs::write(folder.path().join(self.file), source.replace(self.line, self.changed))?;
        let (code, said) = run(vec!["play", "recorded.wst"]).await?;
        ensure!(code == Some(1), "{said}");
        let said = said.rsplit_once(", ").map_or(&*said, |(said, _)| said);
        Ok([recorded, said.to_owned()])
    }
}

#[tokio::test]
async fn a_broadcast_with_ws() -> Result<()> {
    with(&[Node], async || {
        let [recorded, caught] = BROADCAST.recorded_and_caught("3").await?;
        insta::assert_snapshot!("broadcast_recorded", recorded);
        insta::assert_snapshot!("broadcast_caught", caught);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_counter_with_websockets() -> Result<()> {
    with(&[Python], async || {
        let [recorded, caught] = COUNTER.recorded_and_caught("3").await?;
        insta::assert_snapshot!("counter_recorded", recorded);
        insta::assert_snapshot!("counter_caught", caught);
        Ok(())
    })
    .await
}

/// A server that stumbles says more of it than the wire does.
#[tokio::test]
async fn a_traceback_is_shown_with_the_check_that_caused_it() -> Result<()> {
    with(&[Python], async || {
        let counter = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/others/counter.py");
        let cmd = format!("{} {}", Python.program().display(), counter.display());
        let mut check = Command::new(env!("CARGO_BIN_EXE_ws101"));
        check.args(["check", "3.1", "--lang", "en", "--cmd", &cmd]).stdin(Stdio::null());
        let said = String::from_utf8(check.output().await?.stdout)?;
        ensure!(said.contains("the server says") && said.contains("JSONDecodeError"), "{said}");
        Ok(())
    })
    .await
}

/// A minute or two: `cargo test -p ws101-cli --test others -- --ignored`.
#[tokio::test]
#[ignore = "it takes minutes: just steady"]
async fn a_hundred_times_without_a_difference() -> Result<()> {
    with(&[Node, Python], async || {
        BROADCAST.recorded_and_caught("100").await?;
        COUNTER.recorded_and_caught("100").await?;
        Ok(())
    })
    .await
}
