//! The grader is graded: by servers that are right, wrong in one thing, or hostile.

mod broken;
mod hostile;
#[path = "../lessons/mod.rs"]
mod lessons;
mod machines;
#[path = "../../../tests/needs/mod.rs"]
mod needs;
mod refusals;
mod reports;

use std::env::consts::EXE_EXTENSION;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use lessons::lessons_of;

/// How long any call of the command may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a call of the command came to.
struct Graded {
    code: Option<i32>,
    out: String,
    err: String,
}

/// How often a program is checked on a machine that is too busy to tell, and what is said of such a machine.
const TRIES: usize = 4;
const UNKNOWN: [&str; 2] = ["not known on this machine", "на этой машине не узнать"];

/// Runs `ws101` with these words. On a machine that is too busy to tell it is run again.
async fn ws101(words: &[&str]) -> Graded {
    let mut tries = 1;
    loop {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
        command.args(words);
        let graded = graded(command).await;
        if tries == TRIES || !UNKNOWN.iter().any(|unknown| graded.out.contains(unknown)) {
            return graded;
        }
        tries += 1;
    }
}

/// What a command comes to that is, or becomes, `ws101`.
async fn graded(mut command: Command) -> Graded {
    // What a program that fails says would else end in where it was, line by line.
    command.env("LC_ALL", "C").env("RUST_BACKTRACE", "0").env_remove("CARGO");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let Output { status, stdout, stderr } = output;
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("it is text"));
    assert!(!err.contains("panicked"), "{command:?}: {err}");
    Graded { code: status.code(), out, err }
}

/// The command that starts the parametrised server.
fn server(words: &str) -> String {
    format!("{} broken {words}", env!("CARGO_BIN_EXE_ws101"))
}

/// The command that starts a program that is no server at all.
fn hostile(hostility: &str) -> String {
    format!("{} {hostility}", built("ws101-hostile").display())
}

/// The command that starts the client that comes back.
fn client(words: &str) -> String {
    format!("{} {words}", built("ws101-client").display())
}

/// `target/debug/examples/NAME`, if it is of today.
fn built(name: &str) -> PathBuf {
    let fix = "cargo build -p ws101-cli --examples";
    let target = Path::new(env!("CARGO_BIN_EXE_ws101")).parent().expect("it is in a directory");
    let path = target.join("examples").join(name).with_extension(EXE_EXTENSION);
    let changed = |file: &str| fs::metadata(file).and_then(|file| file.modified());
    let built = changed(&path.to_string_lossy()).unwrap_or_else(|_| panic!("not built: {fix}"));
    // cargo writes beside it what it was built from: `program: file file …`
    let sources = fs::read_to_string(path.with_extension("d")).expect("cargo wrote it");
    for source in sources.split_whitespace().skip(1) {
        let is_fresh = changed(source).is_ok_and(|at| at <= built);
        assert!(is_fresh, "{source} is newer than {name}: {fix}");
    }
    path
}

/// A text without what is different in every run: the programs' directory, ids, ports, waits.
fn settled(text: &str) -> String {
    const BEFORE_IDS: &str = "\"id\":\"";
    const BEFORE_NUMBERS: [&str; 5] = ["127.0.0.1:", "PORT=", "\"uptime\":", "# ", "# через "];
    let examples = built("ws101-hostile").with_file_name("");
    let programs = Path::new(env!("CARGO_BIN_EXE_ws101")).with_file_name("");
    let text = text.replace(&*examples.to_string_lossy(), "");
    let text = text.replace(&*programs.to_string_lossy(), "");
    let mut settled = String::new();
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_made = is_word && settled.ends_with(BEFORE_IDS);
        let is_chance = BEFORE_NUMBERS.iter().any(|front| settled.ends_with(front));
        settled.push_str(match (is_id || is_made, is_number && is_chance) {
            (true, _) => "<id>",
            (_, true) => "<n>",
            _ => word,
        });
        settled.push_str(&piece[word.len()..]);
    }
    settled
}

/// The numbers of the lessons that have checks, and a server here.
fn lessons() -> Vec<u32> {
    let mut broken = std::process::Command::new(env!("CARGO_BIN_EXE_ws101"));
    let last = broken.args(["broken", "--lessons"]).output();
    lessons_of(&last.expect("it runs").stdout)
}
