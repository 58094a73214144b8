//! The page of lesson 15, carried out: its recordings are made and played, and say what the page says.
//!
//! `UPDATE_EXCERPTS=1` writes the pages anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use tokio::time::timeout;

use super::guide::{Said, agree, renew, root, said, steady};

const PAGES: [&str; 2] = ["lessons/en/15_guess.md", "lessons/ru/15_guess.md"];

/// The commands of the page that begin like this go on, or have a test of their own.
const NOT_CARRIED_OUT: [&str; 3] =
    ["just lesson", "cargo run -p ws101-cli -- start", "cargo run -p ws101-cli -- check"];

/// How long one command may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// The line of the example that the page has changed.
const CHANGED: &str = "self.tries += 1;";

/// The example, which cargo builds if it is not of today.
async fn example() -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "guess"]).current_dir(root());
    let built = cargo.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let target = Path::new(env!("CARGO_BIN_EXE_ws101")).parent().context("a folder")?;
    Ok(target.join("examples/guess"))
}

/// Carries out commands of the page in `folder`, with the programs that are built; what they say.
async fn run(commands: &str, example: &Path, folder: &Path) -> Result<String> {
    let ws101 = env!("CARGO_BIN_EXE_ws101");
    // The path of the command itself ends with `target/debug/ws101`, so that is replaced first.
    let commands = commands
        .replace("target/debug/ws101", ws101)
        .replace("cargo run -p ws101-cli --", ws101)
        .replace("target/debug/examples/guess", &example.display().to_string());
    let mut shell = Command::new("sh");
    shell.args(["-c", &commands]).current_dir(folder).env("LC_ALL", "C").env_remove("WS_NUMBER");
    shell.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, shell.output()).await.with_context(|| commands.clone())??;
    Ok(String::from_utf8(output.stdout)?)
}

/// Without what differs from run to run: times, and the answer that chance gave in the first run.
fn without_chance(text: &str) -> String {
    let line =
        |line: &str| if line.starts_with("  # ") { "  #\n".to_owned() } else { steady(line) };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn the_commands_of_the_lesson_say_what_the_page_says() -> Result<()> {
    let page = fs::read_to_string(root().join(PAGES[0]))?;
    let example = example().await?;
    let folder = tempfile::tempdir()?;
    let is_tried =
        |block: &Said| !NOT_CARRIED_OUT.iter().any(|begin| block.commands.starts_with(begin));
    let mut stale = Vec::new();
    for block in said(&page).into_iter().filter(is_tried) {
        let is = run(&block.commands, &example, folder.path()).await?;
        ensure!(!is.is_empty(), "it says nothing: {}", block.commands);
        let (at, told) = block.console.with_context(|| format!("{}?", block.commands))?;
        if without_chance(&told) != without_chance(&is) {
            stale.push((at, told, is));
        }
    }
    if std::env::var_os("UPDATE_EXCERPTS").is_some() {
        return renew(&PAGES, &stale);
    }
    agree(PAGES[0], &stale)?;
    let recorded = fs::read_to_string(folder.path().join("game.wst"))?;
    let kept = fs::read_to_string(root().join("tests/game.wst"))?;
    ensure!(recorded == kept, "tests/game.wst is another recording:\n{recorded}");
    Ok(())
}

/// The job that the page shows plays a recording that passes.
#[tokio::test]
async fn the_job_of_the_lesson_passes() -> Result<()> {
    let job = fs::read_to_string(root().join("docs/testing/ci.yml"))?;
    let commands = job.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
    let play = commands.clone().find(|command| command.contains(" play "));
    ensure!(job.contains("env: { WS_NUMBER: 42 }"), "{job}");
    let play = format!("WS_NUMBER=42 {}", play.context("it plays something")?);
    let told = run(&play, &example().await?, &root()).await?;
    ensure!(told.starts_with("passed: 1 step, "), "{told}");
    ensure!(commands.clone().any(|command| command == "cargo test --test guess"), "{job}");
    Ok(())
}

#[test]
fn the_line_that_the_page_has_changed_is_there_once() -> Result<()> {
    let source = fs::read_to_string(root().join("examples/guess.rs"))?;
    assert_eq!(source.matches(CHANGED).count(), 1);
    for page in PAGES {
        let text = fs::read_to_string(root().join(page))?;
        ensure!(text.contains(&format!("`{CHANGED}`")), "{page} does not name {CHANGED}");
    }
    Ok(())
}
