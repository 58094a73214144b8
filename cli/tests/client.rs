//! `check 10 --client`: clients that come back, right and wrong ones.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

const CHECKS: [&str; 7] = ["10.1", "10.2", "10.3", "10.4", "10.5", "10.6", "10.7"];

fn ws101(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).env("LC_ALL", "C").env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command.output().expect("it runs")
}

/// `target/debug/examples/ws101-client`, which `cargo build -p ws101-cli --examples` makes.
fn client() -> String {
    let target = Path::new(env!("CARGO_BIN_EXE_ws101")).parent().expect("it is in a directory");
    let path = target.join("examples/ws101-client").display().to_string();
    path + std::env::consts::EXE_SUFFIX
}

/// The checks that this client fails; all are tried.
fn failed(client: &str) -> Vec<String> {
    let output = ws101(&["check", "10", "--client", client, "--json"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{client}: {error}: {said}{output:?}"));
    let tests = report["tests"].as_array().expect("there are tests");
    let number = |test: &Value| {
        test["name"].as_str().and_then(|name| name.split(' ').next()).expect("a name").to_owned()
    };
    assert_eq!(tests.iter().map(number).collect::<Vec<_>>(), CHECKS);
    let failed = tests.iter().filter(|test| test["status"] != "pass");
    let failed: Vec<_> = failed.map(number).collect();
    assert_eq!(output.status.code(), Some(i32::from(!failed.is_empty())));
    failed
}

#[test]
fn a_client_that_comes_back_as_it_should_passes() {
    assert!(failed(&client()).is_empty());
}

#[test]
#[ignore = "it takes minutes: just steady"]
fn a_client_that_comes_back_as_it_should_passes_fifty_times() {
    for _ in 0..50 {
        assert!(failed(&client()).is_empty());
    }
}

#[test]
fn every_fault_is_caught_by_its_own_check_and_no_other() {
    thread::scope(|scope| {
        for check in CHECKS {
            scope.spawn(move || {
                assert_eq!(failed(&format!("{} --break {check}", client())), [check]);
            });
        }
    });
}

#[test]
fn what_cannot_be_judged_is_told_in_a_line_and_exit_code_2() {
    let mut all = String::new();
    let calls: [&[&str]; 6] = [
        &["check", "5", "--client", "true"],
        &["check", "10.8", "--client", "true"],
        &["check", "10.1", "--cmd", "true"],
        &["check", "10", "--client", "no-such-program-here"],
        &["check", "10", "--client", "echo 'I give up' >&2; exit 3"],
        &["check", "10", "--client", "true", "--cmd", "true"],
    ];
    for call in calls {
        let output = ws101(call);
        assert_eq!(output.status.code(), Some(2), "{call:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        all.extend([&call.join(" "), "\n", &said, "\n"]);
    }
    insta::assert_snapshot!(all);
}
