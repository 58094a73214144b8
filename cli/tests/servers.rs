//! Correct servers in Node, Python and Go, and clients in Node and Python, written from the lessons' cards alone:
//! each passes every lesson.

// Python and Go read their memory from /proc.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::Result;

#[path = "../../tests/needs/mod.rs"]
mod needs;

use needs::Need::{Go, Node, Python};
use needs::{GO, Need, clients, ensure_there};

/// How many lessons are checked at once: the checks mostly wait.
const LANES: u32 = 6;

#[test]
fn node_passes_every_lesson() -> Result<()> {
    ensure_there(&[Node])?;
    every_lesson_passes(&format!("{} server.js", program(Node)), &sources("servers"));
    Ok(())
}

#[test]
fn python_passes_every_lesson() -> Result<()> {
    ensure_there(&[Python])?;
    every_lesson_passes(&format!("{} server.py", program(Python)), &sources("servers"));
    Ok(())
}

#[test]
fn go_passes_every_lesson() -> Result<()> {
    ensure_there(&[Go])?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let server = target.join("server").display().to_string();
    let built = run("go", &["build", "-o", &server, "server.go"], &sources("servers"))?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    every_lesson_passes("./server", target);
    Ok(())
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

fn every_lesson_passes(server: &str, folder: &Path) {
    thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                for lesson in (1..=12).filter(|lesson| lesson % LANES == lane) {
                    passes(lesson, "--cmd", &format!("{server} --lesson {lesson}"), folder);
                }
            });
        }
    });
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
