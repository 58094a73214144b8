//! What a command started ends with it, however the command ends; and a command always ends.
#![cfg(target_os = "linux")]

mod echoing;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use echoing::echoing;
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done` gives something.
async fn eventually<T>(what: &str, done: impl Fn() -> Option<T>) -> T {
    let polling = async {
        loop {
            if let Some(found) = done() {
                return found;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, polling).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// Whether a process runs; one that is dead and not yet reaped does not.
fn runs(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

fn ws101(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws101"));
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

async fn kill(command: &Child, signal: &str) {
    let id = command.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
}

/// The child of a command. It writes down its number and those of its descendants, and never listens.
///
/// It ignores SIGTERM, SIGHUP and SIGINT. One descendant is in its group, one is stopped, one has a
/// session of its own, and one is a daemon: its parent has exited, and it has a session of its own.
const CHILD: &str = r#"
trap '' TERM HUP INT
sleep 600 &
in_group=$!
sleep 600 &
stopped=$!
kill -STOP $stopped
setsid sh -c 'echo $$ > IDS.session; exec sleep 600' &
python3 -c '
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.chdir("/")
with open("IDS.daemon.new", "w") as file: file.write(str(os.getpid()))
os.rename("IDS.daemon.new", "IDS.daemon")
time.sleep(600)
'
until test -s IDS.session && test -s IDS.daemon; do sleep 0.02; done
echo $$ $in_group $stopped $(cat IDS.session IDS.daemon) > IDS.new
mv IDS.new IDS
"#;

/// The last command of the child.
#[derive(Clone, Copy, Debug)]
enum Last {
    Waits,
    /// It stops all processes of its group, the guard among them.
    StopsItsGroup,
}

/// Starts a command with this child, signals the command, and waits until all are gone.
async fn all_end(folder: &Path, arguments: &[&str], signal: &str, last: Last) {
    let name = format!("{}{}{signal}{last:?}", arguments[0], arguments[2]);
    let (ids, script) = (folder.join(&name), folder.join(format!("{name}.sh")));
    let last = match last {
        Last::Waits => "wait\n",
        Last::StopsItsGroup => "kill -STOP 0\n",
    };
    let text = CHILD.replace("IDS", ids.to_str().unwrap()) + last;
    fs::write(&script, text).unwrap();
    let child = format!("sh {}", script.display());
    let arguments: Vec<_> =
        arguments.iter().map(|word| if *word == "CHILD" { &*child } else { *word }).collect();
    let mut command = ws101(&arguments).spawn().unwrap();
    let ids = eventually("the child runs", || fs::read_to_string(&ids).ok()).await;
    let ids: Vec<_> = ids.split_whitespace().collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| runs(id)), "{arguments:?}: {ids:?}");
    kill(&command, signal).await;
    timeout(PATIENCE, command.wait()).await.expect("the command ends").unwrap();
    for id in ids {
        let what = format!("{arguments:?}, {signal}: process {id} ends");
        eventually(&what, || (!runs(id)).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_child_survives_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wst");
    fs::write(&file, "a -> GET /ws\n").unwrap();
    let file = file.to_str().unwrap();
    let commands = [
        vec!["play", file, "--cmd", "CHILD"],
        vec!["record", "--cmd", "CHILD", file],
        vec!["check", "3", "--cmd", "CHILD"],
        vec!["check", "10", "--client", "CHILD"],
    ];
    for signal in ["-KILL", "-HUP", "-TERM", "-INT"] {
        let all =
            commands.iter().map(|arguments| all_end(folder.path(), arguments, signal, Last::Waits));
        join_all(all).await;
    }
    for signal in ["-KILL", "-TERM"] {
        all_end(folder.path(), &commands[0], signal, Last::StopsItsGroup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nobody_reads_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wst");
    fs::write(&file, "a -> GET /ws\na <- 101\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        vec!["doctor", "ws://127.0.0.1:1/ws"],
        vec!["connect", "ws://127.0.0.1:1/ws"],
        vec!["play", file, "--url", "ws://127.0.0.1:1/ws"],
        vec!["check", "3.1", "--url", "ws://127.0.0.1:1/ws"],
        vec!["check", "3.1", "--url", "ws://127.0.0.1:1/ws", "--json"],
        vec!["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = ws101(&arguments);
        let mut command = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut stderr = command.stderr.take().unwrap();
        let ended = async {
            stderr.read_to_string(&mut said).await.unwrap();
            command.wait().await.unwrap()
        };
        let ended = timeout(PATIENCE, ended).await.expect("it ends");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert_ne!(ended.code(), Some(101), "{arguments:?}: {said}");
    }
    // Nor does it panic where its complaints go nowhere.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = ws101(&["play", "/nowhere", "--url", "ws://127.0.0.1:1/"]).stderr(writer).status();
    let ended = timeout(PATIENCE, ended).await.expect("it ends").unwrap();
    assert_eq!(ended.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_that_nobody_reads_does_not_hold_the_command_up() {
    for arguments in
        [vec!["play", "/nowhere", "--url", "ws://127.0.0.1:1/"], vec!["play", "--no-such-option"]]
    {
        let (reader, mut writer) = std::io::pipe().unwrap();
        // A pipe of Linux holds so much, and takes no byte more.
        writer.write_all(&vec![b'x'; 64 * 1024]).unwrap();
        let ended = ws101(&arguments).stderr(writer).status();
        let ended = timeout(PATIENCE, ended).await.expect("it ends").unwrap();
        assert_eq!(ended.code(), Some(2), "{arguments:?}");
        drop(reader);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_for_a_reader_ends_when_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.wst");
    // More than a pipe holds, told at the end.
    fs::write(&file, format!("{}a -> GET /ws\n", "# a remark, told again\n".repeat(10_000)))
        .unwrap();
    let started = folder.path().join("started");
    let child =
        format!("echo > {}; exec python3 -m http.server $PORT --bind 127.0.0.1", started.display());
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = ws101(&["play", file.to_str().unwrap(), "--cmd", &child, "--wire"]);
    let mut command = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    eventually("the server was started", || started.exists().then_some(())).await;
    // Once the pipe is full: the command writes no more, whatever it does.
    let full = || (pending(&reader) >= 60_000).then_some(());
    eventually("the pipe is full", full).await;
    kill(&command, "-TERM").await;
    let mut said = String::new();
    let mut stderr = command.stderr.take().unwrap();
    let ended = async {
        stderr.read_to_string(&mut said).await.unwrap();
        command.wait().await.unwrap()
    };
    let ended = timeout(PATIENCE, ended).await.expect("SIGTERM ends it");
    assert_eq!(ended.code(), Some(2));
    // It ended by itself, and not by the deadline of a command that hangs.
    assert!(said.contains("nobody reads standard output"), "{said:?}");
}

/// A full disk, for one. Nobody may take half a report for a whole one.
#[tokio::test]
async fn a_report_that_cannot_be_written_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = ws101(&["doctor", "ws://127.0.0.1:1/ws"]);
    let command = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let ended = timeout(PATIENCE, command.wait_with_output()).await.expect("it ends").unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("standard output"), "{said}");
}

/// How many bytes wait in a pipe.
fn pending(reader: &std::io::PipeReader) -> u64 {
    rustix::io::ioctl_fionread(reader).unwrap()
}

/// A file may be a pipe or a device that does not end. The pipe tells whether the command read on.
#[tokio::test]
async fn a_file_without_an_end_is_refused_and_not_read_on() {
    let (playing, trusting) = ("/dev/stdin", ["--cacert", "/dev/stdin", "wss://127.0.0.1:1/"]);
    for (arguments, told) in [
        (vec!["play", playing, "--url", "ws://127.0.0.1:1/"], "1048576 bytes"),
        ([&["doctor"], &trusting[..]].concat(), "1 MiB"),
        (vec!["connect", "ws://ECHO/ws"], "1 MiB"),
    ] {
        let url = format!("ws://{}/ws", echoing("/ws").await);
        let arguments: Vec<_> =
            arguments.iter().map(|word| if word.contains("ECHO") { &*url } else { word }).collect();
        let mut command = ws101(&[&arguments[..], &["--lang", "en"]].concat());
        let mut command = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut endless = command.stdin.take().unwrap();
        let writing = async {
            let piece = vec![b'a'; 64 * 1024];
            // 32 MiB: more than pipes hold.
            for _ in 0..512 {
                if endless.write_all(&piece).await.is_err() {
                    return true;
                }
            }
            false
        };
        let is_refused = timeout(PATIENCE, writing).await.expect("it reads or ends");
        drop(endless);
        let ended = timeout(PATIENCE, command.wait_with_output()).await.expect("it ends").unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(is_refused, "{arguments:?} read on: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}

/// A server whose port the server of another command takes before it can listen. Started again, on
/// another port, it serves.
const DISPLACED: &str = r#"
if test -e other.id; then exec python3 -m http.server "$PORT" --bind 127.0.0.1; fi
mkdir other
WS101_GUARD=other setsid python3 -m http.server "$PORT" --bind 127.0.0.1 --directory other &
echo $! > other.id
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $PORT))"; do sleep 0.02; done
echo 'the port is in use'
exit 1
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_another_command_is_not_judged_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server.sh");
    fs::write(&script, DISPLACED).unwrap();
    fs::write(
        folder.path().join("a.wst"),
        "a -> GET /server.sh no-upgrade\na <- 200 ...\na -- eof\n",
    )
    .unwrap();
    let arguments = ["play", "a.wst", "--cmd", "sh server.sh"];
    let mut play = ws101(&arguments);
    let playing = play.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = timeout(PATIENCE, playing.output()).await.expect("it ends").unwrap();
    let other = fs::read_to_string(folder.path().join("other.id")).unwrap();
    let killed = Command::new("kill").arg(other.trim()).status().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{errors}");
    assert!(killed.success(), "the other server was alone at its port to the end");
}
