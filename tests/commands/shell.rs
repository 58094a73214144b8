//! A copy of the repository, and a shell in it.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use crate::justfile::Recipe;
use crate::{bounded, copy};

/// For a program to print its first line, on a busy machine.
const FIRST_LINE: Duration = Duration::from_secs(60);

/// For a command to end: the longest builds a package and all below it.
const END: Duration = Duration::from_mins(10);

/// How long a program that prints nothing has to go on, to be taken for one that works.
const RUNNING: Duration = Duration::from_secs(10);

/// The server that `docs/numbers.md` measures beside ours, and the number of its process.
const PEER_ADDRESS: &str = "ws://127.0.0.1:9000/";
const PEER_PROCESS: &str = "4711";

/// What came of a command.
#[derive(Debug)]
pub enum Outcome {
    Worked,
    Failed(String),
}

impl Outcome {
    /// Panics if the command failed.
    pub fn expect(self, command: &str) {
        if let Self::Failed(why) = self {
            panic!("{command}: {why}");
        }
    }
}

/// A running example, killed when it is dropped.
pub struct Server {
    pub port: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables that cargo reads in the copy as well: where its packages are, and how CI builds.
const KEPT: [&str; 3] = ["CARGO_HOME", "CARGO_INCREMENTAL", "CARGO_PROFILE_DEV_DEBUG"];

/// The copy. Its target directory outlives it, so that a second run builds less.
pub struct Clone {
    pub path: PathBuf,
    home: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// There is one copy at a time, in one place.
static TURN: Mutex<()> = Mutex::new(());

/// Fills a target directory with the dependencies that were `built` for this test.
///
/// Cargo knows a package of this repository by its folder, so it builds those anew in the copy.
fn seed(target: &Path, built: &Path) -> io::Result<()> {
    fs::create_dir_all(target.join("debug/deps"))?;
    for folder in [".fingerprint", "build"] {
        // With their times, by which cargo knows what is up to date.
        copied(&[built.join(folder)], &target.join("debug"))?;
    }
    // Without the programs, which only packages of this repository have.
    let libraries: Result<Vec<_>, _> = fs::read_dir(built.join("deps"))?
        .map(|entry| Ok::<_, io::Error>(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some()))
        .collect();
    copied(&libraries?, &target.join("debug/deps"))
}

fn copied(paths: &[PathBuf], folder: &Path) -> io::Result<()> {
    let status = Command::new("cp").arg("-a").args(paths).arg(folder).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("cp fails")) }
}

impl Clone {
    pub fn new(root: &Path) -> io::Result<Self> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clone-target");
        let path = kept.with_file_name("clone");
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debug");
        if !kept.exists() && built.exists() {
            seed(&kept, &built)?;
        }
        fs::create_dir_all(&kept)?;
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        copy::tree(root, &path)?;
        std::os::unix::fs::symlink(kept, path.join("target"))?;
        let home = tempfile::tempdir()?;
        // As VS Code makes it.
        fs::create_dir_all(home.path().join(".vscode/extensions"))?;
        Ok(Self { path, home, _turn: turn })
    }

    /// A shell that carries out `command` as a person at a terminal in the clone would.
    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        // What cargo sets for a test is not set in a terminal.
        for (name, _) in env::vars_os() {
            let is_cargos = name.to_string_lossy().starts_with("CARGO_");
            let is_kept = KEPT.iter().any(|kept| name == *kept);
            if is_cargos && !is_kept {
                shell.env_remove(name);
            }
        }
        let installed = self.path.join("installed/bin");
        let old = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([installed].into_iter().chain(env::split_paths(&old)));
        shell.args(["-c", command]).current_dir(&self.path).stdin(Stdio::null());
        shell.env("PATH", path.unwrap_or(old)).env_remove("UPDATE_EXCERPTS").env("LANG", "C");
        shell
    }

    /// Carries out a command, and waits until it ends.
    pub fn run(&self, command: &str) -> io::Result<Outcome> {
        Self::ended(&mut self.shell(command))
    }

    fn ended(shell: &mut Command) -> io::Result<Outcome> {
        let ended = bounded::run(shell, END)?;
        Ok(if ended.succeeded() {
            Outcome::Worked
        } else {
            let status = ended.status.map_or("it does not end".into(), |status| status.to_string());
            Outcome::Failed(format!("{status}: {}", ended.said))
        })
    }

    /// Starts an example, and waits until it says where it listens.
    pub fn serve(&self, example: &str) -> io::Result<Server> {
        let mut shell = self.shell(&format!("exec target/debug/examples/{example}"));
        shell.env("PORT", "0").env("PORT_PYTHON_CHAT", "0").stdout(Stdio::piped());
        let mut child = shell.spawn()?;
        let first = first_line(child.stdout.take());
        let mut server = Server { port: String::new(), child };
        let first = first.recv_timeout(FIRST_LINE).map_err(io::Error::other)?;
        port(&first).ok_or_else(|| io::Error::other(first.clone()))?.clone_into(&mut server.port);
        Ok(server)
    }

    /// Tries a command of a page, in the way that its kind can be tried.
    pub fn works(&self, command: &str, port: Option<&str>) -> io::Result<Outcome> {
        // Settings in front of a command do not change its kind.
        let is_setting = |word: &&str| word.contains('=');
        let words = command.split_whitespace().map(|word| word.trim_matches('`'));
        let words: Vec<_> = words.skip_while(is_setting).collect();
        match words[..] {
            // CI runs the same line, or the line without `--quiet`.
            _ if self.is_in_ci(command) => Ok(Outcome::Worked),
            // The page names a server of the reader's own by its address and its process.
            ["cargo", "run", .., address, _, process]
                if address == PEER_ADDRESS && process == PEER_PROCESS =>
            {
                let peer = self.serve("full_chat")?;
                let here = command.replace(PEER_ADDRESS, &format!("ws://127.0.0.1:{}/", peer.port));
                self.starts(&here.replace(PEER_PROCESS, &peer.child.id().to_string()))
            }
            // A program that goes on: it has to start.
            ["cargo", "run", ..] => self.starts(command),
            // A server of the reader's own.
            ["cargo", "test", ..] => self.run(&format!(
                "cargo test --no-run {}",
                words[2..].join(" ").split(" -- ").next().unwrap_or_default()
            )),
            // Done once, before all pages, into a directory of the clone.
            ["cargo", "install", "--locked", "--path", "cli"] | ["just"] => Ok(Outcome::Worked),
            ["cargo", ..] => self.run(command),
            ["bash", script] if self.path.join(script).exists() => Ok(Outcome::Worked),
            ["just", recipe, ..] => self.recipe(recipe, &words[2..]),
            // It waits for a second device.
            ["ws101", "doctor", "--class", ..] => self.goes_on(command),
            ["ws101", "tap", listen, ..] => self.taps(command, listen, port),
            ["ws101", ..] => {
                let command = port.map_or(command.to_owned(), |port| command.replace("8080", port));
                Self::ended(self.shell(&command).env("LC_ALL", "C"))
            }
            _ => Self::ended(self.shell(command).env("HOME", self.home.path())),
        }
    }

    /// Starts a tap on any free port: it has to say where it listens.
    fn taps(&self, command: &str, listen: &str, port: Option<&str>) -> io::Result<Outcome> {
        let here = port.map_or(command.to_owned(), |port| command.replace("8080", port));
        let here = here.replacen(listen, "0", 1);
        let mut shell = self.shell(&format!("exec {here}"));
        let mut child = shell.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let first = first_line(child.stderr.take()).recv_timeout(FIRST_LINE);
        child.kill()?;
        child.wait()?;
        Ok(match first {
            Ok(line) if line.starts_with("tap: ") => Outcome::Worked,
            other => Outcome::Failed(format!("it does not listen: {other:?}")),
        })
    }

    fn is_in_ci(&self, command: &str) -> bool {
        let ci = fs::read_to_string(self.path.join(".ci/run")).unwrap_or_default();
        let plain = command.replace(" --quiet", "");
        ci.lines().any(|line| line == command || line == plain)
    }

    fn recipe(&self, name: &str, arguments: &[&str]) -> io::Result<Outcome> {
        let justfile = fs::read_to_string(self.path.join("justfile"))?;
        let Some(recipe) = Recipe::find(&justfile, name) else {
            return Ok(Outcome::Failed("there is no such recipe".to_owned()));
        };
        let commands = match recipe.commands(arguments) {
            Ok(commands) => commands,
            Err(why) => return Ok(Outcome::Failed(why)),
        };
        for command in commands {
            // The other lines of recipes are run by CI, or change the tree that they are in.
            if command.starts_with("cargo run")
                && let Outcome::Failed(why) = self.starts(&command)?
            {
                return Ok(Outcome::Failed(why));
            }
        }
        Ok(Outcome::Worked)
    }

    /// Builds a program, without optimisation, and starts it: it has to print a line, or to be
    /// running still after `RUNNING`. A program that does not take its arguments ends at once.
    fn starts(&self, command: &str) -> io::Result<Outcome> {
        // Any free port will do, whichever the page names.
        let words = command.replace(" --release", "");
        let words = words.split_whitespace().filter(|word| !word.starts_with("PORT="));
        let command = words.collect::<Vec<_>>().join(" ");
        let program = command.split(" -- ").next().unwrap_or_default();
        let build = program.replacen("cargo run", "cargo build --quiet", 1);
        if let Outcome::Failed(why) = self.run(&build)? {
            return Ok(Outcome::Failed(why));
        }
        self.goes_on(&command.replacen("cargo run", "exec cargo run --quiet", 1))
    }

    /// Starts a program: it has to print a line, or to be running still after `RUNNING`.
    fn goes_on(&self, command: &str) -> io::Result<Outcome> {
        let mut shell = self.shell(command);
        shell.env("PORT", "0").env("PORT_PYTHON_CHAT", "0").process_group(0);
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let first = first_line(child.stdout.take()).recv_timeout(RUNNING);
        let ended = if first.is_ok() { None } else { child.try_wait()? };
        bounded::end(&mut child)?;
        Ok(match ended {
            Some(status) => Outcome::Failed(format!("it prints nothing: {status}")),
            None => Outcome::Worked,
        })
    }
}

/// The port in the line of an example that says where it listens: `open http://127.0.0.1:8080 …`.
fn port(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("127.0.0.1:")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()
}

/// The first line that comes out of a pipe. What follows is read and dropped.
fn first_line(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (saying, first) = mpsc::channel();
    thread::spawn(move || {
        let lines = pipe.map(BufReader::new).into_iter().flat_map(BufRead::lines);
        for line in lines.map_while(Result::ok) {
            let _ = saying.send(line);
        }
    });
    first
}
