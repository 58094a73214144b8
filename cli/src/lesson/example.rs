//! The example of a lesson: finds its repository, and builds it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::words;
use crate::lang::Lang;
use crate::output::print_error;
use crate::program::quoted;

/// How long a build may go on before it is told.
const QUIET: Duration = Duration::from_secs(2);

/// The longest build: a slow computer builds everything the first time.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How many lines are shown of a build that failed.
const LINES: usize = 30;

/// Builds the example of this name; gives the command that starts it.
pub async fn build(name: &str, lang: Lang) -> Result<String> {
    let root = repository(name).ok_or_else(|| anyhow!(words::no_repository(lang)))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&root).args([
        "build",
        "--quiet",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.args(["--example", name]);
    cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let building = cargo.spawn().context(words::no_cargo(lang))?.wait_with_output();
    let telling = async {
        sleep(QUIET).await;
        print_error(format_args!("{}", words::building(name, lang)));
        std::future::pending::<()>().await;
    };
    let built = tokio::select! {
        built = timeout(LONGEST, building) => built.context(words::slow_build(lang))??,
        () = telling => bail!(words::slow_build(lang)),
    };
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        let lines: Vec<_> = said.lines().take(LINES).collect();
        bail!("{}\n{}", words::not_built(name, lang), lines.join("\n"));
    }
    let said = String::from_utf8_lossy(&built.stdout);
    let program = said.lines().filter_map(|line| executable(line, name)).next_back();
    program.map(|path| quoted(&path)).context(words::not_built(name, lang))
}

/// The folder of the repository that has this example: the one that the command runs in, or the one that it was built in.
fn repository(name: &str) -> Option<PathBuf> {
    let is_ours = |path: &Path| {
        let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
        let example = path.join("examples").join(name).with_extension("rs");
        example.is_file() && manifest.lines().any(|line| line.trim() == "name = \"ws101\"")
    };
    let here = std::env::current_dir().ok()?;
    let above = here.ancestors().find(|path| is_ours(path)).map(Path::to_owned);
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().filter(|path| is_ours(path));
    above.or_else(|| built_in.map(Path::to_owned))
}

/// The program that a message of cargo names, if it is the example of this name.
fn executable(message: &str, name: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_it = message["target"]["name"] == name;
    message["executable"].as_str().filter(|_| is_it).map(str::to_owned)
}
