//! The page for engineers, carried out: each command on it is run, and says what the page says.
//!
//! A block of `sh` is run in one folder, in the order of the page; the block of `console` behind
//! it is what it says. What begins with `PORT=` goes on running. In a conversation by hand the
//! page's own `>>` lines are typed, each once everything above it was seen.
//! `UPDATE_EXCERPTS=1` writes the page anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::needs::Need::Python;
use crate::needs::with;
use crate::port::Port;

const PAGES: [&str; 2] = ["docs/testing.md", "docs/testing.ru.md"];

/// How long one command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The port on the page.
const PORT: &str = "8765";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of a page and what they say, with the place of that in its lines.
pub struct Said {
    pub commands: String,
    pub console: Option<(usize, String)>,
}

pub fn said(page: &str) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    let mut open: Option<(&str, usize, Vec<&str>)> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info, at + 1, Vec::new())),
            (None, Some((_, _, body))) => body.push(line),
            (Some(_), Some(_)) => {
                let Some((info, start, body)) = open.take() else { continue };
                let body: String = body.iter().flat_map(|line| [line, "\n"]).collect();
                match (info, all.last_mut()) {
                    ("sh", _) => all.push(Said { commands: body, console: None }),
                    ("console", Some(last)) => last.console = Some((start, body)),
                    _ => {}
                }
            }
            (None, None) => {}
        }
    }
    all
}

/// Without what differs from run to run and from machine to machine.
pub fn steady(text: &str) -> String {
    let line = |line: &str| {
        let (front, unit) = match line.strip_suffix(" ms") {
            Some(front) => (front.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end(), " ms"),
            None => (line, ""),
        };
        let cut = |front, mark| str::split_once(front, mark).map_or(front, |(front, _)| front);
        let front = ["Python/", "Date: ", "-Key: ", "-Accept: "].into_iter().fold(front, cut);
        format!("{front}{unit}\n")
    };
    text.lines().map(line).collect()
}

/// Whoever reads the page, with a folder and a terminal or two.
struct Reader {
    folder: tempfile::TempDir,
    port: String,
    servers: Vec<Child>,
}

impl Reader {
    fn shell(&self, commands: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &commands.replace(PORT, &self.port)]).current_dir(self.folder.path());
        let command = Path::new(env!("CARGO_BIN_EXE_ws101")).parent().map(Path::to_owned);
        let python = Python.program().parent().map(Path::to_owned);
        let old = std::env::var_os("PATH").unwrap_or_default();
        let path = command.into_iter().chain(python).chain(std::env::split_paths(&old));
        shell.env("PATH", std::env::join_paths(path).unwrap_or(old)).env("LC_ALL", "C");
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        shell
    }

    /// Carries out one block; what it says.
    async fn run(&mut self, block: &Said) -> Result<String> {
        let commands = block.commands.replace("--times 100", "--times 3");
        if commands.starts_with("PORT=") {
            self.servers.push(self.shell(&format!("exec env {commands}")).spawn()?);
            let up = async {
                while TcpStream::connect(format!("127.0.0.1:{}", self.port)).await.is_err() {
                    sleep(Duration::from_millis(30)).await;
                }
            };
            timeout(PATIENCE, up).await.context("the server never listens")?;
            return Ok(String::new());
        }
        let text = if let Some((_, console)) = &block.console
            && commands.starts_with("ws101 connect")
        {
            self.talk(&commands, console).await?
        } else {
            let output = timeout(PATIENCE, self.shell(&commands).output()).await;
            String::from_utf8(output.with_context(|| commands.clone())??.stdout)?
        };
        Ok(text.replace(&self.port, PORT).replace("3 times", "100 times"))
    }

    /// Types what the page says is sent.
    async fn talk(&self, command: &str, page: &str) -> Result<String> {
        let mut child = self.shell(&format!("exec {command}")).stdin(Stdio::piped()).spawn()?;
        let mut keyboard = child.stdin.take();
        let mut screen = BufReader::new(child.stdout.take().context("it is piped")?).lines();
        let mut seen = String::new();
        for line in page.lines() {
            if let (Some(sent), Some(keys)) = (line.strip_prefix("you >> "), &mut keyboard) {
                let quoted = sent
                    .split_once(" \"")
                    .and_then(|(kind, rest)| Some((kind, rest.strip_suffix('"')?)));
                match quoted {
                    Some(("text", text)) => keys.write_all(format!("{text}\n").as_bytes()).await?,
                    Some((kind, text)) => {
                        keys.write_all(format!("/{kind} {text}\n").as_bytes()).await?;
                    }
                    None if sent.starts_with("json ") => {
                        keys.write_all(format!("{}\n", &sent["json ".len()..]).as_bytes()).await?;
                    }
                    None => drop(keyboard.take()),
                }
            }
            let next = timeout(PATIENCE, screen.next_line()).await.context(line.to_owned())??;
            seen += &(next.unwrap_or_default() + "\n");
        }
        Ok(seen)
    }
}

/// The same commands, and the same answers, in every language.
#[test]
fn both_languages_show_the_same() {
    let [one, other] = PAGES.map(|page| fs::read_to_string(root().join(page)).unwrap());
    let shown = |page: &str| -> Vec<_> {
        said(page).into_iter().map(|s| (s.commands, s.console.map(|(_, text)| text))).collect()
    };
    assert_eq!(shown(&one), shown(&other));
}

#[tokio::test]
async fn every_command_says_what_the_page_says() -> Result<()> {
    with(&[Python], async || {
        let page = fs::read_to_string(root().join(PAGES[0]))?;
        let folder = tempfile::tempdir()?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/others");
        // As in a clone, from which the page copies it.
        let others = folder.path().join("cli/tests/others");
        fs::create_dir_all(&others)?;
        fs::copy(here.join("counter.py"), others.join("counter.py"))?;
        let held = Port::free()?;
        let port = held.number.to_string();
        let mut reader = Reader { folder, port, servers: Vec::new() };
        let mut stale = Vec::new();
        for block in said(&page) {
            let is = reader.run(&block).await?;
            let Some((at, told)) = block.console else { continue };
            if steady(&told) != steady(&is) {
                stale.push((at, told, is));
            }
        }
        if std::env::var_os("UPDATE_EXCERPTS").is_some() {
            return renew(&PAGES, &stale);
        }
        agree(PAGES[0], &stale)
    })
    .await
}

/// Fails with every place where the page says something else.
pub fn agree(page: &str, stale: &[(usize, String, String)]) -> Result<()> {
    let differ = stale.iter().map(|(at, told, is)| {
        format!("{page}:{}\n  the page says\n{told}\n  it says\n{is}", at + 1)
    });
    let differ: Vec<_> = differ.collect();
    ensure!(differ.is_empty(), "{}", differ.join("\n"));
    Ok(())
}

/// Writes what was said into the pages.
pub fn renew(pages: &[&str], stale: &[(usize, String, String)]) -> Result<()> {
    for page in pages {
        let mut text = fs::read_to_string(root().join(page))?;
        for (_, told, is) in stale {
            let (old, new) = (format!("```console\n{told}```\n"), format!("```console\n{is}```\n"));
            text = text.replacen(&old, &new, 1);
        }
        fs::write(root().join(page), text)?;
    }
    Ok(())
}
