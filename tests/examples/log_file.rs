//! The log in a file, as text and as JSON: rotated, unreadable, on a full disk.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::eventually;
use super::logs::{CLIENTS, plant, visit};
use super::program::{self, PATIENCE, Port, examples, fails, socket_path};

/// An example whose log is in a file.
struct Logging {
    child: Child,
    port: Port,
}

impl Logging {
    async fn start(example: &str, file: &Path, format: &str) -> Self {
        let port = Port::reserve().unwrap();
        let number = port.number();
        let file = file.to_str().unwrap();
        let settings = [("PORT", &*number), ("WS_LOG_FILE", file), ("WS_LOG_FORMAT", format)];
        let mut command = program::command(&[], example, &settings);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let listens = async {
            while TcpStream::connect(port.address).await.is_err() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, listens).await.unwrap_or_else(|_| panic!("{example} does not listen"));
        Self { child, port }
    }

    fn address(&self) -> SocketAddr {
        self.port.address
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// SIGTERM. Gives its exit code, and what it wrote to standard output and error.
    async fn stop(self) -> (Option<i32>, String, String) {
        self.signal("TERM").await;
        let ended = timeout(PATIENCE, self.child.wait_with_output()).await.expect("it ends");
        let ended = ended.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// Waits until the file holds `text`.
async fn holds(file: &Path, text: &str) {
    let what = format!("{} holds {text:?}", file.display());
    eventually(&what, || read(file).contains(text)).await;
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ws101.log");
    (folder, file)
}

#[tokio::test]
async fn each_example_writes_json_whatever_a_client_says() {
    for example in examples() {
        let (_folder, file) = folder();
        let logging = Logging::start(&example, &file, "json").await;
        plant(logging.address(), &example).await;
        holds(&file, &format!("://{}", logging.address())).await;
        // One that does not drain ends without its last lines.
        let (_, stdout, stderr) = logging.stop().await;
        assert_eq!(stdout, "", "{example}");
        assert_eq!(stderr, format!("the log is in {}\n", file.display()), "{example}");
        let log = read(&file);
        let odd = log.chars().find(|&char| char != '\n' && ws101::escape::acts(char));
        assert_eq!(odd, None, "{example}: {log:?}");
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| {
                panic!("{example}: {error}: {line}");
            });
            let keys: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
            let mut expected = ["time", "level", "target", "message", "fields"].map(str::to_owned);
            expected.sort_unstable();
            assert_eq!(keys, expected, "{example}");
        }
    }
}

/// As `logrotate` does it: rename, then SIGHUP, which ends no example any more.
#[tokio::test]
async fn a_file_that_was_rotated_away_is_opened_anew() {
    for example in ["full_chat", "echo", "raw_echo", "shutdown"] {
        let (folder, file) = folder();
        let old = folder.path().join("ws101.log.1");
        let logging = Logging::start(example, &file, "text").await;
        holds(&file, "://").await;
        fs::rename(&file, &old).unwrap();
        logging.signal("HUP").await;
        holds(&file, "SIGHUP: the log goes on here\n").await;
        assert!(!read(&old).contains("SIGHUP"), "{example}: {}", read(&old));
        let visited = visit(logging.address(), socket_path(example), 1).await;
        assert_eq!(visited, Ok(()), "{example}");
        logging.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_anew_leaves_the_log_in_the_old_one() {
    let (folder, file) = folder();
    let logging = Logging::start("full_chat", &file, "text").await;
    let moved = folder.path().with_extension("moved");
    fs::rename(folder.path(), &moved).unwrap();
    logging.signal("HUP").await;
    holds(&moved.join("ws101.log"), "SIGHUP: the log goes on here\n").await;
    let (code, _, stderr) = logging.stop().await;
    assert_eq!(code, Some(0));
    let told = format!(
        "log: cannot reopen {}: No such file or directory (os error 2); the log stays in the file that it had\n",
        file.display()
    );
    assert!(stderr.ends_with(&told), "{stderr}");
    assert!(read(&moved.join("ws101.log")).ends_with("had not left in time\n"));
    fs::remove_dir_all(moved).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_ends_nothing() {
    for example in examples() {
        let logging = Logging::start(&example, Path::new("/dev/full"), "json").await;
        for name in 0..if example == "poll_vs_push" { 0 } else { 20 } {
            let visited = visit(logging.address(), socket_path(&example), name).await;
            assert_eq!(visited, Ok(()), "{example}: client {name}");
        }
        let (_, _, stderr) = logging.stop().await;
        let told = "log: cannot write to /dev/full: No space left on device (os error 28); \
            until it can, lines are lost and counted\n";
        assert_eq!(stderr, format!("the log is in /dev/full\n{told}"), "{example}");
    }
}

/// The system lets a program that opens a FIFO wait for its reader.
#[tokio::test]
async fn a_fifo_that_nobody_reads_holds_nothing_up() {
    for example in ["full_chat", "raw_echo"] {
        let (_folder, file) = folder();
        let made = Command::new("mkfifo").arg(&file).status().await.unwrap();
        assert!(made.success());
        let logging = Logging::start(example, &file, "text").await;
        for name in 0..CLIENTS {
            let visited = visit(logging.address(), socket_path(example), name).await;
            assert_eq!(visited, Ok(()), "{example}: client {name}");
        }
        let (code, ..) = logging.stop().await;
        if example == "full_chat" {
            assert_eq!(code, Some(0));
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_told_at_the_start() {
    let (folder, file) = folder();
    let directory = folder.path().to_str().unwrap();
    let missing = file.join("missing.log");
    let missing = missing.to_str().unwrap();
    for (path, why) in [
        (directory, "Is a directory (os error 21)"),
        (missing, "No such file or directory (os error 2)"),
    ] {
        let ended = fails("echo", &[("WS_LOG_FILE", path)]).await;
        assert_eq!(ended.code, Some(1));
        let told =
            format!("Error: WS_LOG_FILE={path:?} is not a file that can be written: {why}\n");
        assert_eq!(ended.said, told);
    }
}
