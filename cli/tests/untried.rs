//! The slow half of the tests, and the programs that it lacks here.
//!
//! `cargo test` runs this program as the last of all tests. It runs the examples in the library's
//! documentation, and then prints one line that says what was not tried and which command tries it. `cargo test -p ws101-cli --test untried -- --slow-half`
//! runs the slow half: each target whose programs are there, and then the line about the others.
//! [`LANES`] targets run at once, since most tests wait, and what a target printed stands together.
//! With `CI` set, a missing program is a failure.

#[path = "../../tests/bounded/mod.rs"]
mod bounded;
#[path = "../../tests/needs/mod.rs"]
mod needs;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use needs::CURE;
use needs::Need::{self, Caddy, Chromium, Go, Haproxy, Nginx, Node, Python};
use tokio::time::Instant;

/// The argument that runs the slow half.
const RUN: &str = "--slow-half";

/// How many targets of the slow half run at once. With more, they would wait for two cores.
const LANES: usize = 2;

/// How long one target may take: twice as long as the longest on two busy cores.
const LONGEST: Duration = Duration::from_mins(25);

/// A test target that `cargo test` leaves out, because it takes long or needs other programs.
struct Slow {
    package: &'static str,
    target: &'static str,
    /// For each program: the tests that need it, by a part of their names. Nothing stands for all.
    needs: &'static [(Need, &'static str)],
}

const fn slow(
    package: &'static str,
    target: &'static str,
    needs: &'static [(Need, &'static str)],
) -> Slow {
    Slow { package, target, needs }
}

/// The longest first, so that the lanes end together.
const SLOW: &[Slow] = &[
    slow("ws101", "commands", &[]),
    slow("ws101", "browser", &[(Chromium, "")]),
    slow("ws101-cli", "recordings", &[(Node, "")]),
    slow("ws101-cli", "answers", &[(Node, "node"), (Python, "python")]),
    slow(
        "ws101-cli",
        "tls",
        &[
            (Node, "node"),
            (Python, "python"),
            (Nginx, "nginx"),
            (Haproxy, "haproxy"),
            (Caddy, "caddy"),
        ],
    ),
    slow("ws101-cli", "students", &[(Node, ""), (Python, ""), (Go, "right")]),
    slow("ws101-cli", "check", &[]),
    slow(
        "ws101-cli",
        "cases",
        &[
            (Node, "node_"),
            (Python, "python_"),
            (Nginx, "nginx_"),
            (Haproxy, "haproxy_"),
            (Caddy, "caddy_"),
        ],
    ),
    slow("ws101-cli", "grader", &[(Python, "machines")]),
    slow("ws101-cli", "servers", &[(Node, "node"), (Python, "python"), (Go, "go_")]),
    slow("ws101-cli", "dead", &[(Node, "")]),
    slow("ws101-cli", "others", &[(Node, ""), (Python, "")]),
    slow("ws101-cli", "client", &[]),
    slow("ws101-cli", "russian", &[]),
    slow("ws101-cli", "strangers", &[]),
    slow("ws101", "doctor", &[]),
    slow("ws101-cli", "requests", &[]),
    slow("ws101", "in_process", &[]),
    slow("ws101-cli", "paste", &[]),
    slow("ws101-cli", "experiments", &[]),
    slow("ws101-cli", "responses", &[]),
    slow("ws101", "clients", &[(Node, ""), (Python, "")]),
    slow("ws101-cli", "mine", &[(Node, "node"), (Python, "python")]),
    slow("ws101-cli", "children", &[]),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let missing: Vec<_> = Need::ALL.into_iter().filter(|need| !need.is_there()).collect();
    if !arguments.iter().any(|argument| argument == RUN) {
        let passed = cargo("test", &["-p", "ws101", "--doc"]);
        println!("{}", not_run(&missing));
        return if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    // `cargo test --test NAME` does not build the programs that the tests start.
    if !cargo("build", &["--bins", "--examples", "-p", "ws101", "-p", "ws101-cli"]) {
        return ExitCode::FAILURE;
    }
    let failed = failed(&missing);
    for slow in &failed {
        println!("failed: cargo test -p {} --test {}", slow.package, slow.target);
    }
    if missing.is_empty() {
        println!("the slow half was tried in full");
    } else {
        println!("not tried: what needs {}. Install it: {CURE}", listed(&missing));
    }
    let is_ci = std::env::var_os("CI").is_some();
    if failed.is_empty() && (missing.is_empty() || !is_ci) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The line at the end of `cargo test`.
fn not_run(missing: &[Need]) -> String {
    let targets: Vec<_> = SLOW.iter().map(|slow| slow.target).collect();
    let targets = targets.join(", ");
    let run = format!("cargo test -p ws101-cli --test untried -- {RUN}");
    if missing.is_empty() {
        format!("not tried: the slow half ({targets}). Try it: {run}")
    } else {
        let missing = listed(missing);
        format!(
            "not tried: the slow half ({targets}), and {missing} missing for it. Try it: {CURE} && {run}"
        )
    }
}

/// The targets of the slow half that fail, without the tests whose programs are `missing`.
fn failed(missing: &[Need]) -> Vec<&'static Slow> {
    let next = Mutex::new(SLOW.iter());
    let lane = || {
        let targets = std::iter::from_fn(|| next.lock().expect("no lane panics").next());
        targets.filter(|slow| !slow.passes(missing)).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("no lane panics")).collect()
    })
}

fn listed(needs: &[Need]) -> String {
    let names: Vec<_> = needs.iter().map(|need| format!("{need:?}")).collect();
    names.join(", ")
}

impl Slow {
    /// Runs the tests whose programs are there, and says whether they pass.
    fn passes(&self, missing: &[Need]) -> bool {
        let lacks = self.needs.iter().filter(|(need, _)| missing.contains(need));
        let skipped: Vec<_> = lacks.map(|(_, tests)| *tests).collect();
        if skipped.contains(&"") {
            return true;
        }
        let mut arguments = vec!["-p", self.package, "--test", self.target, "--"];
        for part in skipped {
            arguments.extend(["--skip", part]);
        }
        println!("{} {} begins", self.package, self.target);
        let began = Instant::now();
        let ended = bounded::run(&mut command("test", &arguments), LONGEST);
        let took = began.elapsed().as_secs();
        // One call, so that the lines of two targets do not mix.
        match ended {
            Ok(ended) => {
                let over = if ended.status.is_none() { ", and it was ended" } else { "" };
                println!("{} {}, {took} s{over}\n{}", self.package, self.target, ended.said);
                ended.succeeded()
            }
            Err(error) => {
                println!("{} {}: {error}", self.package, self.target);
                false
            }
        }
    }
}

/// Runs a command of cargo, and says whether it succeeds.
fn cargo(name: &str, arguments: &[&str]) -> bool {
    command(name, arguments).status().is_ok_and(|status| status.success())
}

fn command(name: &str, arguments: &[&str]) -> Command {
    // Cargo names itself to the programs that it starts.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut run = Command::new(cargo);
    // The root of the workspace, so that settings of the command's package do not apply.
    run.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    run.args([name, "--quiet"]).args(arguments).stdin(Stdio::null());
    run
}
