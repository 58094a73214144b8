//! `--save`: a tap's session as a scenario that `ws101 play` plays.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tokio::time::Instant;
use ws101::proxy::{Event, Totals};
use ws101::scenario::FILE_LIMIT;
use ws101::wst::{Action, Item, LineWriter, Modifiers, Payload};

use super::lines::{Lines, remark};
use super::output::Output;
use super::words;
use crate::lang::Lang;
use crate::output::print_error;
use crate::pauses::Pauses;
use crate::request::Secrets;

/// A file, or its text in memory, that is written while the session goes on.
pub struct Save<W> {
    file: W,
    name: String,
    lines: Lines,
    pauses: Pauses,
    secrets: Secrets,
    written: usize,
    lang: Lang,
}

impl Save<BufWriter<File>> {
    /// A new file at `path` for a session with `server`.
    pub fn new(path: &Path, server: &str, secrets: Secrets, lang: Lang) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::create(path).with_context(|| name.clone())?;
        Self::into(BufWriter::new(file), name, server, secrets, lang)
    }
}

impl<W: Write + Send> Save<W> {
    /// Writes a session with `server` into `file`, which errors call `name`.
    pub fn into(file: W, name: String, server: &str, secrets: Secrets, lang: Lang) -> Result<Self> {
        let lines = Lines::new(LineWriter::replayable(), lang);
        let pauses = Pauses::since(Instant::now());
        let mut save = Self { file, name, lines, pauses, secrets, written: 0, lang };
        save.write(&remark(&format!("ws101 tap, {server}")))?;
        Ok(save)
    }

    /// The file that it writes.
    pub fn into_inner(self) -> W {
        self.file
    }

    /// Adds a line.
    pub fn write(&mut self, item: &Item) -> Result<()> {
        let line = self.secrets.hide(&item.to_line());
        self.written += line.len() + 1;
        writeln!(self.file, "{line}").with_context(|| self.name.clone())
    }
}

impl<W: Write + Send> Output for Save<W> {
    fn event(&mut self, event: &Event) -> Result<()> {
        for item in self.lines.of(event) {
            let item = match (&item, is_playable(&item)) {
                (Item::Comment(_), _) => item,
                (_, false) => remark(&item.to_line()),
                (Item::Action(..), true) => {
                    if let Some(wait) = self.pauses.wait(event.at) {
                        self.write(&wait)?;
                    }
                    self.pauses.told(event.at);
                    item
                }
                _ => {
                    let timing = self.pauses.within(event.at);
                    self.pauses.told(event.at);
                    item.with(Modifiers { timing, wire: None })
                }
            };
            self.write(&item)?;
        }
        // A frame that is here can be read there at once: whoever is killed leaves a whole session.
        self.file.flush().with_context(|| self.name.clone())
    }

    fn end(&mut self, totals: &Totals) -> Result<()> {
        self.write(&remark(&words::summary(totals, self.lang)))?;
        self.file.flush().with_context(|| self.name.clone())?;
        if self.written > FILE_LIMIT {
            print_error(format_args!("{}", words::too_long(&self.name, self.lang)));
        }
        Ok(())
    }
}

/// Whether the player can do what a line says: it has the bytes of what is sent.
fn is_playable(item: &Item) -> bool {
    match item {
        Item::Action(_, Action::SendPart(..)) => false,
        Item::Action(_, Action::Send(pattern, _)) => {
            !matches!(pattern.payload, Payload::Digest(..))
        }
        _ => true,
    }
}
