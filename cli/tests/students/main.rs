//! Students' programs, written from the lessons' pages alone: right ones in five languages, which pass, and the
//! same with one mistake each, which fail the exercise that is about it.
//!
//! A mistake is a branch in a program of this folder: `wrong("5.2 leaves the sender out")`. Its first word is
//! the exercise that must fail, with commas if others must fail with it, and with `?` behind those that may. No
//! other may fail. So a new row is a new branch.
//!
//! `cargo test -p ws101-cli --test students` plays one part of six, `STUDENTS=2` another part, and
//! `STUDENTS=all` all of them, in some twenty minutes.

// The programs read their memory from /proc.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

#[path = "../../../tests/needs/mod.rs"]
mod needs;

use needs::Need::{Go, Node, Python};
use needs::{GO, Need, clients, ensure_there};

/// How many programs are checked at once for each processor: the checks mostly wait.
const AT_ONCE: usize = 4;

/// Into how many parts the mistakes are divided, one of which a run tries, unless all are asked for.
const PARTS: usize = 6;

/// How often a program is checked on a machine that is too busy to tell.
const TRIES: usize = 4;

/// After how many programs the progress is told.
const TOLD: usize = 25;

/// A program of a student.
struct Program {
    file: &'static str,
    runs: Runs,
    /// The lessons that it is for.
    lessons: std::ops::RangeInclusive<u32>,
    is_client: bool,
}

/// How a program runs.
#[derive(Clone, Copy)]
enum Runs {
    /// Through this program of the tests.
    By(Need),
    /// Through Perl, which every Unix has.
    Perl,
    /// By itself, once this command has built it: the last words are the name of the result, and the source.
    Built(&'static [&'static str]),
}

use Runs::{Built, By, Perl};

const fn server(file: &'static str, runs: Runs, lessons: std::ops::RangeInclusive<u32>) -> Program {
    Program { file, runs, lessons, is_client: false }
}

const fn client(file: &'static str, need: Need) -> Program {
    Program { file, runs: By(need), lessons: 10..=10, is_client: true }
}

const PROGRAMS: [Program; 11] = [
    server("echo.pl", Perl, 1..=3),
    server("echo.go", Built(&["go", "build", "-o"]), 1..=3),
    server("echo.rs", Built(&["rustc", "--edition=2024", "-o"]), 1..=3),
    server("sockets.py", By(Python), 1..=3),
    server("talk.py", By(Python), 4..=12),
    server("talk.js", By(Node), 3..=10),
    server("sessions.py", By(Python), 13..=13),
    server("limits.py", By(Python), 14..=14),
    server("guess.py", By(Python), 15..=15),
    client("client.py", Python),
    client("client.js", Node),
];

/// A program, a lesson, a mistake if there is one, the exercises that must fail, and those that may.
struct Row {
    program: &'static Program,
    lesson: u32,
    mistake: String,
    fails: BTreeSet<String>,
    may_fail: BTreeSet<String>,
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
            may_fail: BTreeSet::new(),
        })
    }

    /// Its mistakes, as its source names them.
    fn wrong(&'static self) -> Result<Vec<Row>> {
        let source = fs::read_to_string(folder().join(self.file))?;
        let mistakes = source.split("wrong(\"").skip(1);
        let mistakes: BTreeSet<_> = mistakes.filter_map(|rest| rest.split('"').next()).collect();
        let rows = mistakes.into_iter().map(|mistake| {
            let (numbers, _) = mistake.split_once(' ').context("a mistake has words")?;
            let (may_fail, fails): (Vec<_>, Vec<_>) =
                numbers.split(',').partition(|number| number.ends_with('?'));
            let may_fail = may_fail.iter().map(|number| number.trim_end_matches('?').to_owned());
            let (fails, may_fail) =
                (fails.into_iter().map(str::to_owned).collect(), may_fail.collect());
            let (lesson, _) = numbers.split_once('.').context("it begins with an exercise")?;
            let lesson = lesson.parse()?;
            ensure!(self.lessons.contains(&lesson), "{}: {mistake}", self.file);
            Ok(Row { program: self, lesson, mistake: mistake.to_owned(), fails, may_fail })
        });
        rows.collect()
    }

    /// The file that [`Built`] programs are built into.
    fn built(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(self.file.replace('.', "-"))
    }

    /// Builds it if it must be built.
    fn build(&self) -> Result<()> {
        let Built(words) = self.runs else { return Ok(()) };
        let mut building = Command::new(words[0]);
        building.args(&words[1..]).arg(self.built()).arg(self.file).current_dir(folder());
        building.envs(GO);
        let output = building.output().with_context(|| format!("{words:?}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {said}", self.file);
        Ok(())
    }

    fn command(&self, lesson: u32) -> String {
        let file = self.file;
        let runs = match self.runs {
            By(need) => format!("{} {file}", need.program().display()),
            Perl => format!("perl {file}"),
            Built(_) => self.built().display().to_string(),
        };
        if self.is_client { runs } else { format!("{runs} {lesson}") }
    }
}

/// Whether `ws101 check` judged a program right.
enum Verdict {
    Right,
    /// It did not: a complaint.
    Wrong(String),
    /// The machine was too busy.
    Unknown,
}

impl Row {
    /// The complaint about a verdict, of [`TRIES`] at most if the machine is too busy to tell.
    fn complaint(&self) -> Option<String> {
        let mut verdicts = (0..TRIES).map(|_| self.verdict());
        let known = verdicts.find_map(|verdict| match verdict {
            Verdict::Right => Some(None),
            Verdict::Wrong(complaint) => Some(Some(complaint)),
            Verdict::Unknown => None,
        });
        known.unwrap_or_else(|| Some(format!("{:?}: never known on this machine", self.mistake)))
    }

    fn verdict(&self) -> Verdict {
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
            return Verdict::Wrong(format!("{this}: no report: {said}"));
        };
        let tests = report["tests"].as_array().into_iter().flatten();
        if tests.clone().any(|test| test["status"] == "error") {
            return Verdict::Unknown;
        }
        let failed = tests.filter(|test| test["status"] == "fail");
        let number = |test: &Value| Some(test["name"].as_str()?.split(' ').next()?.to_owned());
        let (failed, why): (BTreeSet<_>, Vec<_>) = failed
            .filter_map(|test| Some((number(test)?, test["message"].as_str().unwrap_or_default())))
            .unzip();
        let allowed = &self.fails | &self.may_fail;
        if failed.is_superset(&self.fails) && failed.is_subset(&allowed) {
            return Verdict::Right;
        }
        let why = why.join("\n");
        Verdict::Wrong(format!("{this} fails {failed:?}, not {:?}: {why}", self.fails))
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/students"))
}

/// Checks them all, some at a time, and fails with every wrong verdict.
fn check(rows: &[Row]) {
    let turn = AtomicUsize::new(0);
    let complaints = thread::scope(|scope| {
        let work = || {
            let next = || {
                let at = turn.fetch_add(1, Ordering::Relaxed);
                let row = rows.get(at)?;
                if at.is_multiple_of(TOLD) {
                    // The tests' harness would keep what is printed until the end.
                    let _ = writeln!(std::io::stderr(), "students: {at} of {}", rows.len());
                }
                Some(row)
            };
            // Told at once, so that a run that is ended early tells them, too.
            let complaints = std::iter::from_fn(next).filter_map(Row::complaint);
            complaints.inspect(|complaint| eprintln!("{complaint}")).collect::<Vec<_>>()
        };
        let at_once = AT_ONCE * thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{} of {}: {complaints:#?}", complaints.len(), rows.len());
}

#[test]
fn right_programs_pass() -> Result<()> {
    ensure_there(&[Go, Node, Python])?;
    PROGRAMS.iter().try_for_each(Program::build)?;
    let rows: Vec<_> = PROGRAMS.iter().flat_map(Program::right).collect();
    assert!(rows.len() >= 30, "there are {} right programs", rows.len());
    check(&rows);
    Ok(())
}

#[test]
fn every_mistake_fails_its_own_exercise() -> Result<()> {
    ensure_there(&[Node, Python])?;
    let all: Vec<_> = PROGRAMS.iter().map(Program::wrong).collect::<Result<_>>()?;
    let mut rows: Vec<_> = all.into_iter().flatten().collect();
    assert!(rows.len() >= 200, "there are {} mistakes", rows.len());
    let which = env::var("STUDENTS").unwrap_or_default();
    if which != "all" {
        // A part has mistakes of all programs and lessons. Which one is fixed: a run tells what the last told.
        let part = if which.is_empty() { 0 } else { which.parse::<usize>()? % PARTS };
        let mut at = 0..;
        rows.retain(|_| at.next().is_some_and(|at: usize| at % PARTS == part));
    }
    check(&rows);
    Ok(())
}
