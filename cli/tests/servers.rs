//! Correct servers in Node, Python and Go, and clients in Node and Python, written from the lessons' cards alone:
//! each passes every lesson.

// Python and Go read their memory from /proc.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::Result;

mod lessons;
#[path = "../../tests/needs/mod.rs"]
mod needs;

use lessons::lessons_of;
use needs::Need::{Go, Node, Python};
use needs::{GO, Need, clients, ensure_there};

/// How many lessons are checked at once: the checks mostly wait.
const AT_ONCE: usize = 6;

#[test]
fn node_passes_every_lesson() -> Result<()> {
    ensure_there(&[Node])?;
    every_lesson_passes(&[&program(Node), "server.js"], &sources("servers"))
}

#[test]
fn python_passes_every_lesson() -> Result<()> {
    ensure_there(&[Python])?;
    every_lesson_passes(&[&program(Python), "server.py"], &sources("servers"))
}

#[test]
fn go_passes_every_lesson() -> Result<()> {
    ensure_there(&[Go])?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = target.join("server").display().to_string();
    let built = run("go", &["build", "-o", &server, "server.go"], &sources("servers"))?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    every_lesson_passes(&[&server], target)
}

#[test]
fn a_client_in_node_comes_back() -> Result<()> {
    ensure_there(&[Node])?;
    passes(10, "--client", &format!("{} client.js", program(Node)), &sources("clients"));
    Ok(())
}

#[test]
fn a_client_in_python_comes_back() -> Result<()> {
    ensure_there(&[Python])?;
    passes(10, "--client", &format!("{} client.py", program(Python)), &sources("clients"));
    Ok(())
}

fn program(language: Need) -> String {
    language.program().display().to_string()
}

/// Checks the server that this command starts with every lesson that has checks, up to the last lesson that
/// the server has.
fn every_lesson_passes(server: &[&str], folder: &Path) -> Result<()> {
    let last = run(server[0], &[&server[1..], &["--lessons"]].concat(), folder)?;
    let lessons = Mutex::new(lessons_of(&last.stdout).into_iter());
    let next = || lessons.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(lesson) = next() {
                    let command = format!("{} --lesson {lesson}", server.join(" "));
                    passes(lesson, "--cmd", &command, folder);
                }
            });
        }
    });
    Ok(())
}

fn passes(lesson: u32, option: &str, command: &str, folder: &Path) {
    let arguments = ["check", &lesson.to_string(), option, command, "--lang", "en"];
    let output = run(env!("CARGO_BIN_EXE_ws101"), &arguments, folder).unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{command}\n{told}{said}");
    assert!(told.contains(" passed, 0 failed, 0 skipped"), "{command}\n{told}");
}

fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Runs a program where each language finds its library.
fn run(program: &str, arguments: &[&str], folder: &Path) -> std::io::Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("NODE_PATH", clients().join("node_modules"));
    command.envs(GO);
    command.output()
}
