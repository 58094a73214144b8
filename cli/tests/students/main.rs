//! Students' programs, written from the lessons' pages alone: right ones in five languages, which pass, and the
//! same with one mistake each, which fail the exercise that is about it.
//!
//! A mistake is a branch in a program of this folder: `wrong("5.2 leaves the sender out")`. Its first word is
//! the exercise that must fail, with commas if others must fail with it; no other may. So a new row is a new
//! branch. `cargo test -p ws101-cli --test students` plays another part of the rows every day, and with
//! `STUDENTS=all` all of them, in some ten minutes.

// The programs read their memory from /proc.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

#[path = "../../../tests/needs/mod.rs"]
mod needs;

use needs::Need::{Node, Python};
use needs::{Need, clients, ensure_there};

/// How many programs are checked at once: the checks mostly wait.
const AT_ONCE: usize = 12;

/// How many mistakes are tried in one run, unless all are.
const SAMPLE: usize = 90;

/// A program of a student.
struct Program {
    file: &'static str,
    /// The program that runs it; `None` for Perl, which every Unix has.
    need: Option<Need>,
    /// The lessons that it is for.
    lessons: std::ops::RangeInclusive<u32>,
    is_client: bool,
}

const fn server(
    file: &'static str,
    need: Option<Need>,
    lessons: std::ops::RangeInclusive<u32>,
) -> Program {
    Program { file, need, lessons, is_client: false }
}

const fn client(file: &'static str, need: Need) -> Program {
    Program { file, need: Some(need), lessons: 10..=10, is_client: true }
}

const PROGRAMS: [Program; 6] = [
    server("echo.pl", None, 1..=3),
    server("sockets.py", Some(Python), 1..=3),
    server("talk.py", Some(Python), 4..=12),
    server("talk.js", Some(Node), 3..=10),
    client("client.py", Python),
    client("client.js", Node),
];

/// A program, a lesson, a mistake if there is one, and the exercises that must fail.
struct Row {
    program: &'static Program,
    lesson: u32,
    mistake: String,
    fails: BTreeSet<String>,
}

impl Program {
    /// Without a mistake it passes each of its lessons.
    fn right(&'static self) -> impl Iterator<Item = Row> {
        let lessons = self.lessons.clone();
        lessons.map(move |lesson| Row {
            program: self,
            lesson,
            mistake: String::new(),
            fails: BTreeSet::new(),
        })
    }

    /// Its mistakes, as its source names them.
    fn wrong(&'static self) -> Result<Vec<Row>> {
        let source = fs::read_to_string(folder().join(self.file))?;
        let mistakes = source.split("wrong(\"").skip(1);
        let mistakes: BTreeSet<_> = mistakes.filter_map(|rest| rest.split('"').next()).collect();
        let rows = mistakes.into_iter().map(|mistake| {
            let (numbers, _) = mistake.split_once(' ').context("a mistake has words")?;
            let fails: BTreeSet<_> = numbers.split(',').map(str::to_owned).collect();
            let (lesson, _) = numbers.split_once('.').context("it begins with an exercise")?;
            let lesson = lesson.parse()?;
            ensure!(self.lessons.contains(&lesson), "{}: {mistake}", self.file);
            Ok(Row { program: self, lesson, mistake: mistake.to_owned(), fails })
        });
        rows.collect()
    }

    fn command(&self, lesson: u32) -> String {
        let runs = self
            .need
            .map_or_else(|| "perl".to_owned(), |need| need.program().display().to_string());
        let file = self.file;
        if self.is_client { format!("{runs} {file}") } else { format!("{runs} {file} {lesson}") }
    }
}

impl Row {
    /// The fault of the verdict; `None` if it is right.
    fn complaint(&self) -> Option<String> {
        let option = if self.program.is_client { "--client" } else { "--cmd" };
        let command = self.program.command(self.lesson);
        let lesson = self.lesson.to_string();
        let mut check = Command::new(env!("CARGO_BIN_EXE_ws101"));
        check.args(["check", &lesson, option, &command, "--json", "--lang", "en"]);
        check.current_dir(folder()).stdin(Stdio::null());
        check.env("WRONG", &self.mistake).env("NODE_PATH", clients().join("node_modules"));
        let output = check.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        let this = format!("WRONG={:?} ws101 check {lesson} {option} {command:?}", self.mistake);
        let Ok(report) = serde_json::from_str::<Value>(&told) else {
            return Some(format!("{this}: no report: {said}"));
        };
        let tests = report["tests"].as_array().into_iter().flatten();
        let failed = tests.filter(|test| test["status"] == "fail");
        let number = |test: &Value| Some(test["name"].as_str()?.split(' ').next()?.to_owned());
        let (failed, why): (BTreeSet<_>, Vec<_>) = failed
            .filter_map(|test| Some((number(test)?, test["message"].as_str().unwrap_or_default())))
            .unzip();
        (failed != self.fails)
            .then(|| format!("{this} fails {failed:?}, not {:?}: {}", self.fails, why.join("\n")))
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/students"))
}

/// Checks them all, [`AT_ONCE`] at a time, and fails with every wrong verdict.
fn check(rows: &[Row]) {
    let turn = AtomicUsize::new(0);
    let complaints = thread::scope(|scope| {
        let work = || {
            let next = || rows.get(turn.fetch_add(1, Ordering::Relaxed));
            // Told at once, so that a run that is ended early tells them, too.
            let complaints = std::iter::from_fn(next).filter_map(Row::complaint);
            complaints.inspect(|complaint| eprintln!("{complaint}")).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{} of {}: {complaints:#?}", complaints.len(), rows.len());
}

#[test]
fn right_programs_pass() -> Result<()> {
    ensure_there(&[Node, Python])?;
    check(&PROGRAMS.iter().flat_map(Program::right).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn every_mistake_fails_its_own_exercise() -> Result<()> {
    ensure_there(&[Node, Python])?;
    let all: Vec<_> = PROGRAMS.iter().map(Program::wrong).collect::<Result<_>>()?;
    let mut rows: Vec<_> = all.into_iter().flatten().collect();
    assert!(rows.len() >= 200, "there are {} mistakes", rows.len());
    if env::var("STUDENTS").is_ok_and(|which| which == "all") {
        check(&rows);
        return Ok(());
    }
    // Another part every day, from all programs and lessons.
    let parts = rows.len().div_ceil(SAMPLE);
    let day = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / (24 * 60 * 60);
    let part = usize::try_from(day)? % parts;
    let mut at = 0..;
    rows.retain(|_| at.next().is_some_and(|at: usize| at % parts == part));
    check(&rows);
    Ok(())
}
