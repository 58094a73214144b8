//! A file that `record` writes can be played, misses no late answer, and shows what was loosened.

#[path = "../../../tests/needs/mod.rs"]
mod needs;
mod sessions;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use needs::Need::Node;
use needs::{clients, with};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

/// How long a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

const HI: &str = "== bob says hi\nbob -> GET /ws\nbob >> text \"hi\"\n";

/// The output of a command, and its exit code.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with the servers, in which Node finds `ws`.
fn folder() -> Result<TempDir> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let folder = tempfile::tempdir()?;
    for name in ["ids.mjs", "habits.mjs"] {
        fs::copy(here.join(name), folder.path().join(name))?;
    }
    std::os::unix::fs::symlink(clients().join("node_modules"), folder.path().join("node_modules"))?;
    Ok(folder)
}

async fn ws101(folder: &Path, arguments: &[&str]) -> Result<Said> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("LC_ALL").env("LANG", "C");
    let output = timeout(PATIENCE, command.output()).await??;
    let text = |bytes| String::from_utf8(bytes);
    Ok(Said { code: output.status.code(), out: text(output.stdout)?, err: text(output.stderr)? })
}

/// Records these acts with a server of this habit.
async fn record(folder: &Path, habit: &str, acts: &str) -> Result<Said> {
    fs::write(folder.join("acts.wst"), acts)?;
    let cmd = format!("HABIT={habit} exec node habits.mjs");
    ws101(folder, &["record", "--cmd", &cmd, "acts.wst", "--out", "recorded.wst"]).await
}

#[tokio::test]
async fn values_of_any_shape_are_loosened_and_shown() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let kinds = [
            "uuid", "nanoid", "hex8", "hex16", "objectid", "ms", "s", "float", "iso", "rfc2822",
            "jwt", "pid", "uptime", "rand", "port", "phx",
        ];
        let asks = kinds.map(|kind| format!("bob >> text \"{kind}\"\n")).concat();
        fs::write(folder.path().join("acts.wst"), format!("bob -> GET /\n{asks}"))?;
        let cmd = ["--cmd", "node ids.mjs"];
        let record = ["record", "acts.wst", "--out", "recorded.wst"];
        let said = ws101(folder.path(), &[&record[..], &cmd[..]].concat()).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        for line in [
            "bob << json {\"nanoid\":<*>}",
            "bob << json {\"ms\":<*>}",
            "bob << json {\"objectid\":<*>}",
            "bob << json {\"pid\":<*>}",
            "bob << json [\"1\",<*>,\"room:lobby\",\"phx_reply\",{\"status\":\"ok\"}]",
        ] {
            ensure!(recorded.contains(line), "{line}\n{recorded}");
            ensure!(said.out.contains(&format!("  {line}\n")), "{line} is not shown: {}", said.out);
        }
        ensure!(
            recorded.contains("bob << json {\"jwt\":\"eyJhbGciOiJIUzI1NiJ9.<*>.<*>\"}"),
            "{recorded}"
        );
        let play = ["play", "recorded.wst", "--times", "20"];
        let said = ws101(folder.path(), &[&play[..], &cmd[..]].concat()).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn texts_and_ends_are_loosened_too() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let said = record(folder.path(), "texts", HI).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        ensure!(recorded.contains("bob << text \"hi 0{\\\"sid\\\":\\\"0.<*>"), "{recorded}");
        let said = record(folder.path(), "ends", HI).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        ensure!(recorded.contains("bob -- end\n"), "{recorded}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_late_answer_is_recorded_and_an_order_that_differs_is_refused() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let said = record(folder.path(), "late", HI).await?;
        ensure!(said.code == Some(0) && said.out.contains("answers came late"), "{}", said.out);
        let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
        ensure!(recorded.starts_with("@quiet "), "{recorded}");
        ensure!(recorded.ends_with("bob << text \"hi back\"\n"), "{recorded}");
        let said = record(folder.path(), "orders", HI).await?;
        ensure!(said.code == Some(1) && said.out.contains("in two orders"), "{}", said.out);
        let said = record(folder.path(), "crash", HI).await?;
        let words = "one frame ended your whole server (exit status: 1): bob >> text \"hi\"";
        ensure!(said.code == Some(1) && said.out.contains(words), "{}{}", said.out, said.err);
        ensure!(said.out.contains("these are its last words"), "{}", said.out);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_server_that_never_is_silent_is_told_what_to_leave_out() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        for (habit, note, code) in [("pings", "@ignore ping", 0), ("ticks", "@ignore type=tick", 1)] {
            let said = record(folder.path(), habit, HI).await?;
            ensure!(said.code == Some(code) && said.out.contains(note), "{habit}: {}", said.out);
            let said = record(folder.path(), habit, &format!("{note}\n{HI}")).await?;
            ensure!(said.code == Some(0), "{habit}: {}{}", said.out, said.err);
            let recorded = fs::read_to_string(folder.path().join("recorded.wst"))?;
            ensure!(recorded == format!("{note}\n\n== bob says hi\nbob -> GET /ws\nbob <- 101\nbob >> text \"hi\"\nbob << text \"hi back\"\n"), "{recorded}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn accepting_changes_what_differs_and_nothing_else() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let before = "\
            # by hand\n\n== bob says hi\nbob -> GET /ws\nbob <- 101\nbob << ? ping\nbob >> text \"hi\"\n\
            bob << text \"hi <*>\"\n\n== bob says more\nbob >> text \"one\"\nbob << text \"<word> back\"\n\
            bob >> text \"two\"\nbob << text \"two forth\"\nbob >> text \"three\"\nbob << ~ text \"three <*>\"\n";
        fs::write(folder.path().join("by_hand.wst"), before)?;
        let cmd = "HABIT=none exec node habits.mjs";
        let accept = ["play", "by_hand.wst", "--accept", "--cmd", cmd];
        let said = ws101(folder.path(), &accept).await?;
        ensure!(said.code == Some(0), "{}{}", said.out, said.err);
        let after = fs::read_to_string(folder.path().join("by_hand.wst"))?;
        ensure!(after == before.replace("two forth", "two back"), "{after}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_client_that_was_refused_cannot_speak_and_the_answer_is_shown() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let said = record(folder.path(), "none", "bob -> GET /full\nbob >> text \"hi\"\n").await?;
        ensure!(said.code == Some(2), "{}{}", said.out, said.err);
        let seen = "seen      bob <- 503";
        ensure!(said.err.contains(seen) && said.err.contains("has ended"), "{}", said.err);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_refused_handshake_costs_no_two_seconds() -> Result<()> {
    with(&[Node], async || {
        let folder = folder()?;
        let mut took = Vec::new();
        for acts in ["bob -> GET /refused\n", "bob -> GET /\n"] {
            let began = Instant::now();
            let said = record(folder.path(), "none", acts).await?;
            ensure!(said.code == Some(0), "{}{}", said.out, said.err);
            took.push(began.elapsed());
        }
        // 21 conversations each. A refused one waited for 2 s for the end of the connection, and 1 s at the end.
        ensure!(took[0] < took[1] * 3, "{took:?}");
        Ok(())
    })
    .await
}
