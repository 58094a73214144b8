//! The command as people run it: its words, its exit codes, and what it leaves behind.

mod lessons;
#[path = "../src/port.rs"]
mod port;

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use lessons::lessons;
use port::Port;

/// How often a check is run on a machine that is too busy to tell.
const TRIES: usize = 4;

fn ws101(arguments: &[&str]) -> Output {
    let run = || command(arguments).env_remove("CARGO").output().expect("it runs");
    let is_known = |output: &Output| {
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        !["not known on this machine", "на этой машине не узнать"]
            .iter()
            .any(|unknown| said.contains(unknown))
    };
    let mut outputs = (0..TRIES).map(|_| run());
    outputs.find(is_known).unwrap_or_else(run)
}

/// As `cargo run` starts it.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).env_remove("LC_ALL").env("LANG", "C").stdin(Stdio::null());
    command.env("CARGO", "cargo");
    command
}

/// `target/debug/examples/NAME`, which `cargo build --examples` makes.
fn example(name: &str) -> String {
    let this = std::env::current_exe().unwrap();
    let path: PathBuf = this.ancestors().nth(2).unwrap().join("examples").join(name);
    let path = format!("{}{EXE_SUFFIX}", path.display());
    assert!(fs::exists(&path).unwrap(), "{name} is not built: cargo build --examples");
    path
}

/// What it said, and its exit code, without what differs from run to run and from machine to machine.
fn told(output: &Output) -> String {
    let said = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    let mut told = String::new();
    for line in said.lines() {
        let line = line.replace(&example(""), "examples/");
        // `  ok    1.4 a title     131 ms`
        let line = match line.strip_suffix(" ms") {
            Some(front) => front.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end(),
            None => &line,
        };
        told.extend([line, "\n"]);
    }
    told + &format!("exit code {}\n", output.status.code().unwrap_or(-1))
}

#[test]
fn every_example_passes_its_lesson() {
    for (number, name) in lessons() {
        passes(number, &name);
    }
}

/// With more of them at once than there are processors.
#[test]
#[ignore = "it takes many minutes: just steady"]
fn every_example_passes_its_lesson_fifty_times() {
    for _ in 0..50 {
        thread::scope(|scope| {
            for (number, name) in lessons() {
                scope.spawn(move || passes(number, &name));
            }
        });
    }
}

fn passes(number: u32, name: &str) {
    let output = ws101(&["check", &number.to_string(), "--cmd", &example(name)]);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(0), "{name}:\n{told}");
    assert!(told.contains(" 0 skipped"), "{name}:\n{told}");
}

#[test]
fn a_server_that_someone_else_runs_is_checked_but_for_its_end() {
    for (number, name, expected) in [
        (5, "broadcast", "5 passed, 0 failed, 0 skipped"),
        (12, "full_chat", "7 passed, 0 failed, 1 skipped"),
    ] {
        let held = Port::free().unwrap();
        let port = held.number;
        let mut server = Command::new(example(name));
        server.env("PORT", port.to_string()).env("PORT_PYTHON_CHAT", "0").stdout(Stdio::null());
        let mut server = server.spawn().unwrap();
        wait_for(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let output =
            ws101(&["check", &number.to_string(), "--url", &format!("ws://localhost:{port}")]);
        server.kill().unwrap();
        server.wait().unwrap();
        let told = told(&output);
        assert!(told.contains(expected), "{told}");
        assert_eq!(output.status.code(), Some(0), "{told}");
    }
}

#[test]
fn the_first_failure_is_told_in_full_and_the_others_in_a_line() {
    let echo = example("echo");
    for lang in ["en", "ru"] {
        let output = ws101(&["check", "5", "--cmd", &echo, "--seed", "41", "--lang", lang]);
        insta::assert_snapshot!(format!("a_failure_{lang}"), told(&output));
    }
}

#[test]
fn whoever_runs_it_by_cargo_is_told_how_to_watch_it_by_cargo() {
    let output = command(&["check", "5.1", "--cmd", &example("echo")]).output().expect("it runs");
    let told = told(&output);
    assert!(told.contains("Watch it  cargo run -p ws101-cli -- check 5.1 --cmd"), "{told}");
}

#[test]
fn programs_read_json_and_junit() {
    let raw_echo = example("raw_echo");
    for format in ["json", "junit"] {
        let output =
            ws101(&["check", "1.4", "--cmd", &raw_echo, "--seed", "41", &format!("--{format}")]);
        let mut told = told(&output);
        if format == "json" {
            let (json, code) = told.split_once('\n').unwrap();
            let mut json: serde_json::Value = serde_json::from_str(json).unwrap();
            json["tests"][0]["milliseconds"] = 0.into();
            told = format!("{json:#}\n{code}");
        } else {
            let (front, rest) = told.split_once(" time=\"").unwrap();
            told = format!("{front} time=\"…{}", &rest[rest.find('"').unwrap()..]);
        }
        insta::assert_snapshot!(format!("for_programs_{format}"), told);
    }
}

#[test]
fn what_cannot_run_is_told_in_a_line_and_exit_code_2() {
    let mut all = String::new();
    let broken = tempfile::NamedTempFile::new().unwrap();
    fs::write(broken.path(), "bob -> GET /\nbob << tex \"hi\"\n").unwrap();
    let broken = broken.path().display().to_string();
    let calls: [&[&str]; 12] = [
        &["check", "99", "--cmd", "true"],
        &["check", "5.9", "--cmd", "true"],
        &["check", "5", "--cmd", "no-such-program-here --port"],
        &["check", "5", "--cmd", "echo 'I give up' >&2; exit 3"],
        &["check", "5", "--cmd", " "],
        &["check", "5", "--url", "ws://127.0.0.1:1"],
        &["check", "5", "--url", "wss://localhost"],
        &["check", "5", "--url", "localhost:8080"],
        &["connect", "ftp://localhost:8080/ws"],
        &["record", "acts.wst"],
        &["play", "no-such-file.wst", "--url", "ws://127.0.0.1:1"],
        &["play", &broken, "--url", "ws://127.0.0.1:1"],
    ];
    for call in calls {
        let output = ws101(call);
        assert_eq!(output.status.code(), Some(2), "{call:?}");
        let said = String::from_utf8(output.stderr).unwrap().replace(&broken, "broken.wst");
        let call = call.join(" ").replace(&broken, "broken.wst");
        all.extend([&call, "\n", &said, "\n"]);
    }
    insta::assert_snapshot!(all);
}

/// The exit code is the program's, though a shell started it and was told to end as well.
#[cfg(unix)]
#[test]
fn a_command_in_quotes_ends_as_its_program_does() {
    let output = ws101(&["check", "9.5", "--cmd", &format!("'{}'", example("shutdown"))]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let output = ws101(&["check", "9.5", "--cmd", &format!("'{}'; exit 3", example("shutdown"))]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
}

/// Even a shell's children are gone afterwards, whatever became of the check.
#[cfg(target_os = "linux")]
#[test]
fn no_process_is_left_behind() {
    let mark = format!("{}.25", 100_000 + std::process::id());
    let command = format!("sleep {mark} & exec {}", example("echo"));
    let output = ws101(&["check", "3.2", "--cmd", &command]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let output = ws101(&["check", "3", "--cmd", &format!("sleep {mark} & exit 1")]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    wait_for(|| {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut commands =
            processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        let is_ours =
            |line: Vec<u8>| String::from_utf8_lossy(&line).starts_with(&format!("sleep\0{mark}"));
        !commands.any(is_ours)
    });
}

#[cfg(unix)]
#[test]
fn a_started_server_gets_a_port_that_no_other_program_is_given() {
    let told = told(&ws101(&["check", "2", "--cmd", "echo port $PORT; exit 1"]));
    let port = told.lines().find_map(|line| line.trim().strip_prefix("port "));
    let port: u16 = port.expect(&told).parse().unwrap();
    assert!((20_000..30_000).contains(&port), "{port}");
}

#[test]
fn a_recording_passes_until_the_server_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (acts, file) = (folder.path().join("acts.wst"), folder.path().join("recorded.wst"));
    fs::write(&acts, "== hi\nann -> GET /ws\nbob -> GET /ws\nbob >> json {\"type\":\"user\",\"content\":\"hi\"}\n")
        .unwrap();
    let held = Port::free().unwrap();
    let port = held.number;
    let url = format!("ws://localhost:{port}");
    let (acts, file) = (acts.to_str().unwrap(), file.to_str().unwrap());
    let run = |name: &str, arguments: &[&str]| {
        let mut server = Command::new(example(name));
        let mut server =
            server.env("PORT", port.to_string()).stdout(Stdio::null()).spawn().unwrap();
        wait_for(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let output = ws101(arguments);
        server.kill().unwrap();
        server.wait().unwrap();
        (output.status.code(), told(&output))
    };
    let recorded = run("broadcast", &["record", &url, acts, "--out", file]);
    assert_eq!(recorded.0, Some(0), "{}", recorded.1);
    insta::assert_snapshot!(fs::read_to_string(file).unwrap());
    let same = run("broadcast", &["play", file, "--url", &url]);
    assert_eq!(same.0, Some(0), "{}", same.1);
    let other = run("echo", &["play", file, "--url", &url]);
    assert_eq!(other.0, Some(1), "{}", other.1);
    let accepted = run("echo", &["play", file, "--url", &url, "--accept"]);
    assert_eq!(accepted.0, Some(0), "{}", accepted.1);
    let again = run("echo", &["play", file, "--url", &url]);
    assert_eq!(again.0, Some(0), "{}", again.1);
}

fn wait_for(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never happened");
}

/// `--watch` checks again when a file of the folder changes, and a signal ends it.
#[cfg(target_os = "linux")]
#[test]
fn a_change_in_the_folder_is_checked_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let cmd = example("raw_echo");
    let mut watching = command(&["check", "2.1", "--cmd", &cmd, "--watch"]);
    watching.current_dir(folder.path()).stdout(Stdio::piped());
    let mut watching = watching.spawn().unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut rounds = 0;
    for line in lines {
        let line = line.unwrap();
        assert!(!line.contains('\u{1b}'), "only a terminal is cleared: {line}");
        if !line.starts_with("waiting for a change") {
            continue;
        }
        rounds += 1;
        if rounds == 2 {
            let pid = watching.id().to_string();
            assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        } else {
            fs::write(folder.path().join("server.py"), "").unwrap();
        }
    }
    assert_eq!(rounds, 2);
    assert_eq!(watching.wait().unwrap().code(), Some(0), "the last run passed");
}
