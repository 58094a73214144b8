//! Whatever a server does, there is a verdict in time, and nobody is left behind.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Graded, PATIENCE, graded, hostile, server, ws101};

/// What each kind of hostility is blamed for.
const HOSTILE: [(&str, &str); 7] = [
    ("silent", "nothing came in 3s"),
    ("babbling", "something else came"),
    ("header", "the head of an answer has no blank line at its end"),
    ("flood", "it is \"more\", not \"Принято: Привет\""),
    ("huge", "the frame promises 4294967296 bytes"),
    ("garbled", "byte 0 is no UTF-8"),
    ("dying", "the server has ended (exit status: 1)"),
];

/// Which exit codes each kind of hostility may come to as a client: with those that come to a
/// handshake and come back there may be nothing wrong.
const CLIENTS: [(&str, &[i32]); 7] = [
    ("silent", &[2]),
    ("babbling", &[2]),
    ("header", &[2]),
    ("flood", &[0, 1]),
    ("huge", &[0, 1]),
    ("garbled", &[0, 1]),
    ("dying", &[1]),
];

/// The check gives up after 3 s, and looks for 5 s whether the server still serves. On a busy machine both take
/// up to six times as long, as `strain.rs` says, and a check that fails is played up to three times.
const VERDICT: Duration = Duration::from_secs(150);

/// Between two looks at what another process is to do.
#[cfg(unix)]
const GLANCE: Duration = Duration::from_millis(10);

/// Of virtual memory: too little for whoever believes in a length of 4 GiB.
const KIBIBYTES: &str = "3145728";

/// How often a verdict is asked for on a machine that is too busy to tell.
const TRIES: usize = 4;

/// What `ws101` makes of these words with little memory, and in time.
async fn limited(words: &[&str]) -> Graded {
    let mut graded = limited_once(words).await;
    for _ in 1..TRIES {
        if !graded.out.contains("not known on this machine") {
            break;
        }
        graded = limited_once(words).await;
    }
    graded
}

async fn limited_once(words: &[&str]) -> Graded {
    let ws101 = env!("CARGO_BIN_EXE_ws101");
    let mut limited = Command::new(ws101);
    if cfg!(target_os = "linux") {
        limited = Command::new("sh");
        limited.args(["-c", "ulimit -v $0 && exec \"$@\"", KIBIBYTES, ws101]);
    }
    limited.args(words).args(["--lang", "en"]);
    let began = Instant::now();
    let graded = graded(limited).await;
    assert!(began.elapsed() < VERDICT, "{words:?}: {:?}", began.elapsed());
    graded
}

#[tokio::test]
async fn whatever_a_server_does_there_is_a_verdict_in_time() {
    let all = HOSTILE.map(|(hostility, blame)| async move {
        let cmd = hostile(hostility);
        let graded = limited(&["check", "2.1", "--cmd", &cmd]).await;
        assert_eq!(graded.code, Some(1), "{hostility}: {}{}", graded.out, graded.err);
        assert!(graded.out.contains(blame), "{hostility}: {}", graded.out);
    });
    JoinSet::from_iter(all).join_all().await;
}

#[tokio::test]
async fn whatever_a_client_does_there_is_a_verdict_in_time() {
    let all = CLIENTS.map(|(hostility, codes)| async move {
        let client = hostile(hostility);
        let graded = limited(&["check", "10.1", "--client", &client]).await;
        let is_right = graded.code.is_some_and(|code| codes.contains(&code));
        assert!(is_right, "{hostility}: {:?}: {}{}", graded.code, graded.out, graded.err);
    });
    JoinSet::from_iter(all).join_all().await;
}

/// A shell script that leaves a child behind, whose number it writes into `child`.
#[cfg(unix)]
struct Parent {
    directory: TempDir,
    cmd: String,
}

#[cfg(unix)]
impl Parent {
    /// The child hears SIGTERM, and stays.
    fn becoming(server: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("child");
        let file = file.display();
        let stubborn = "(trap '' TERM; exec sleep 600)";
        let cmd = format!("{stubborn} & echo $! > {file}.new; mv {file}.new {file}; exec {server}");
        Self { directory, cmd }
    }

    /// The child's number, as soon as it has one.
    async fn child(&self) -> String {
        let file = self.directory.path().join("child");
        let written = async {
            while !file.exists() {
                sleep(GLANCE).await;
            }
        };
        timeout(PATIENCE, written).await.expect("it starts");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// Waits until nobody runs under the child's number, or one who is dead and not yet buried.
    async fn loses_its_child(&self) {
        let child = self.child().await;
        let gone = async {
            loop {
                let mut listing = Command::new("ps");
                let listed = listing.args(["-o", "stat=", "-p", &child]).output().await;
                let listed = listed.expect("there is ps").stdout;
                if listed.is_empty() || listed.trim_ascii().starts_with(b"Z") {
                    return;
                }
                sleep(GLANCE).await;
            }
        };
        // Killed is not dead yet, but soon.
        timeout(VERDICT, gone).await.unwrap_or_else(|_| panic!("{} lives on", self.cmd));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_is_left_behind() {
    let endings =
        [server("--lesson 2"), hostile("silent"), hostile("dying"), server("--lesson 99")];
    let gone = endings.map(|cmd| async move {
        let parent = Parent::becoming(&cmd);
        ws101(&["check", "2.1", "--cmd", &parent.cmd]).await;
        parent.loses_its_child().await;
        let parent = Parent::becoming(&cmd);
        ws101(&["check", "10.1", "--client", &parent.cmd]).await;
        parent.loses_its_child().await;
    });
    JoinSet::from_iter(gone).join_all().await;
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_is_left_behind_by_an_interrupted_grader() {
    let parent = Parent::becoming(&hostile("silent"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(["check", "2.1", "--cmd", &parent.cmd, "--lang", "en"]).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let grading = command.spawn().unwrap();
    let id = grading.id().expect("it runs").to_string();
    parent.child().await;
    let killed = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
    assert!(killed.success());
    let output = timeout(PATIENCE, grading.wait_with_output()).await.expect("it ends").unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "ws101: interrupted by Ctrl-C\n");
    parent.loses_its_child().await;
}
