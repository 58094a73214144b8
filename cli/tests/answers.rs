//! The program that a learner begins a lesson with runs and fails its first check, and the answers pass all checks.

#[path = "../../tests/needs/mod.rs"]
mod needs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use needs::Need::{self, Node, Python};
use needs::{clients, ensure_there};

/// How many programs are checked at once: the checks mostly wait.
const AT_ONCE: usize = 6;

/// The checks that pass before anything is written. A beginning fails all others of its lesson.
const PASSES: [&str; 10] =
    ["1.2", "3.4", "7.2", "7.5", "7.6", "9.3", "9.4", "10.5", "10.6", "14.5"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The lessons that have checks, from the names of their files.
fn lessons() -> Result<Vec<usize>> {
    let files = fs::read_dir(root().join("cli/checks"))?;
    let number = |file: std::io::Result<fs::DirEntry>| {
        let name = file?.file_name().into_string().ok().context("a name")?;
        Ok(name.split('_').next().context("a number")?.parse()?)
    };
    let mut numbers = files.map(number).collect::<Result<Vec<_>>>()?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// A program and the checks it is for.
struct Program {
    lesson: usize,
    command: String,
    is_client: bool,
}

impl Program {
    /// The checks with their results, in their order: `("5.3", true)`.
    fn results(&self) -> Result<Vec<(String, bool)>> {
        let option = if self.is_client { "--client" } else { "--cmd" };
        let mut check = Command::new(env!("CARGO_BIN_EXE_ws101"));
        check.args(["check", &self.lesson.to_string(), option, &self.command, "--json"]);
        // In a folder of its own, because a check remembers what passed.
        let folder = tempfile::tempdir()?;
        check.current_dir(folder.path()).stdin(Stdio::null());
        check.env("NODE_PATH", clients().join("node_modules"));
        let output = check.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let report: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{}: no report: {said}", self.command))?;
        let tests = report["tests"].as_array().context("there are tests")?;
        let result = |test: &Value| {
            let number = test["name"].as_str()?.split(' ').next()?.to_owned();
            Some((number, test["status"] == "pass"))
        };
        tests.iter().map(|test| result(test).context("a result")).collect()
    }

    /// It runs, the first check fails, and of the others only those of [`PASSES`] pass.
    fn begins(&self) -> Result<()> {
        let results = self.results()?;
        let passed: Vec<_> =
            results.iter().filter(|(_, passed)| *passed).map(|(number, _)| &**number).collect();
        let wanted: Vec<_> = results.iter().map(|(number, _)| &**number).collect();
        let wanted: Vec<_> = wanted.into_iter().filter(|number| PASSES.contains(number)).collect();
        ensure!(passed == wanted, "{} passes {passed:?}, not {wanted:?}", self.command);
        Ok(())
    }

    fn answers(&self) -> Result<()> {
        let failed: Vec<_> = self.results()?.into_iter().filter(|(_, passed)| !passed).collect();
        ensure!(failed.is_empty(), "{} fails {failed:?}", self.command);
        Ok(())
    }
}

/// Tries them all, [`AT_ONCE`] at a time, and fails with every complaint.
fn each(programs: &[Program], check: impl Fn(&Program) -> Result<()> + Sync) {
    assert!(!programs.is_empty());
    let turn = AtomicUsize::new(0);
    let complaints = thread::scope(|scope| {
        let work = || {
            let next = || programs.get(turn.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(next)
                .filter_map(|program| check(program).err().map(|error| format!("{error:#}")))
                .collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The programs in a folder: its server, and its client if there is one.
fn programs(folder: &Path, lesson: usize, need: Need, extension: &str) -> Vec<Program> {
    let program = |name: &str| {
        let file = folder.join(format!("{name}.{extension}"));
        let command = format!("{} {}", need.program().display(), file.display());
        file.exists().then_some(Program { lesson, command, is_client: name == "client" })
    };
    ["server", "client"].into_iter().filter_map(program).collect()
}

/// The programs that `ws101 start` writes for each lesson, in one folder each.
fn begun(language: &str) -> Result<(TempDir, Vec<(usize, PathBuf)>)> {
    let all = tempfile::tempdir()?;
    let mut folders = Vec::new();
    for lesson in lessons()? {
        let mut start = Command::new(env!("CARGO_BIN_EXE_ws101"));
        start.args(["start", &lesson.to_string(), "--in", language]);
        let output = start.current_dir(all.path()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folders.push((lesson, all.path().join(format!("lesson-{lesson}"))));
    }
    Ok((all, folders))
}

fn begins(language: &str, need: Need, extension: &str) -> Result<()> {
    ensure_there(&[need])?;
    let (_all, folders) = begun(language)?;
    let found = folders.iter();
    let found = found.flat_map(|(lesson, folder)| programs(folder, *lesson, need, extension));
    each(&found.collect::<Vec<_>>(), Program::begins);
    Ok(())
}

fn answers(need: Need, extension: &str) -> Result<()> {
    ensure_there(&[need])?;
    let mut found = Vec::new();
    for lesson in lessons()? {
        let folder = root().join(format!("lessons/answers/{lesson:02}"));
        let programs = programs(&folder, lesson, need, extension);
        ensure!(!programs.is_empty(), "lesson {lesson} has no answer in {extension}");
        found.extend(programs);
    }
    each(&found, Program::answers);
    Ok(())
}

#[test]
fn what_begins_in_python_fails_the_first_check() -> Result<()> {
    begins("python", Python, "py")
}

#[test]
fn what_begins_in_node_fails_the_first_check() -> Result<()> {
    begins("node", Node, "js")
}

#[test]
fn answers_in_python_pass() -> Result<()> {
    answers(Python, "py")
}

#[test]
fn answers_in_node_pass() -> Result<()> {
    answers(Node, "js")
}

/// The programs in Rust, as their text and their command. Each is an example of this package, so that cargo
/// builds it: `lessons/answers/05/server.rs` is `answer-05`, and `lessons/answers/10/client.rs` is `answer-10-client`.
fn in_rust() -> Result<Vec<(String, Program)>> {
    let target = Path::new(env!("CARGO_BIN_EXE_ws101")).parent().context("a folder")?;
    let mut found = Vec::new();
    for (folder, kind) in [("answers", "answer"), ("start", "start")] {
        for lesson in lessons()? {
            for (name, suffix) in [("server", ""), ("client", "-client")] {
                let path = root().join(format!("lessons/{folder}/{lesson:02}/{name}.rs"));
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let built = target.join(format!("examples/{kind}-{lesson:02}{suffix}"));
                ensure!(built.exists(), "{} is no example of this package", path.display());
                let command = built.display().to_string();
                found.push((text, Program { lesson, command, is_client: name == "client" }));
            }
        }
    }
    Ok(found)
}

#[test]
fn answers_in_rust_pass() -> Result<()> {
    let answers = in_rust()?.into_iter().map(|(_, program)| program);
    let answers: Vec<_> = answers.filter(|program| program.command.contains("/answer-")).collect();
    for lesson in lessons()? {
        let is_there = answers.iter().any(|program| program.lesson == lesson);
        ensure!(is_there, "lesson {lesson} has no answer in Rust");
    }
    each(&answers, Program::answers);
    Ok(())
}

#[test]
fn what_begins_in_rust_fails_the_first_check() -> Result<()> {
    let (_all, folders) = begun("rust")?;
    let known = in_rust()?;
    let built = |text: &str| {
        let same = known.iter().find(|(known, _)| known == text);
        let (_, program) = same.context("no example of this package is this program")?;
        anyhow::Ok(program.command.clone())
    };
    let mut found = Vec::new();
    for (lesson, folder) in folders {
        for (file, is_client) in [("src/main.rs", false), ("src/bin/client.rs", true)] {
            let Ok(text) = fs::read_to_string(folder.join(file)) else { continue };
            found.push(Program { lesson, command: built(&text)?, is_client });
        }
    }
    each(&found, Program::begins);
    Ok(())
}
