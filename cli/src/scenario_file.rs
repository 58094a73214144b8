//! Scenarios in files: read for `play` and `record`, and written by them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use ws101::client::error_in_russian;
use ws101::scenario::{FILE_LIMIT, Item, Scenario};

use crate::lang::Lang;

/// Reads a scenario; the error names the file and the place.
pub fn read(file: &Path, lang: Lang) -> Result<Scenario> {
    let text = fs::File::open(file).and_then(text_of).map_err(|error| {
        let file = file.display();
        anyhow!(lang.pick(
            match error.kind() {
                ErrorKind::InvalidData => {
                    format!("cannot read {file}: it is not UTF-8, so save it as UTF-8")
                }
                _ => format!("cannot read {file}: {error}"),
            },
            match error.kind() {
                ErrorKind::InvalidData => {
                    format!("не удалось прочитать {file}: это не UTF-8, сохраните файл в UTF-8")
                }
                kind => format!("не удалось прочитать {file}: {}", error_in_russian(kind)),
            },
        ))
    })?;
    text.parse().map_err(|error| anyhow!("{}: {}", file.display(), lang.mistake(&error)))
}

/// The text of a scenario. Of a source that has more, or no end, it reads one byte more than
/// [`FILE_LIMIT`], and the parser refuses that.
pub fn text_of(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_LIMIT {
        // It may end inside a character.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Fails if no client does anything: such a file, perhaps cut off, would pass with every server.
pub fn ensure_somebody_acts(scenario: &Scenario, lang: Lang) -> Result<()> {
    let mut lines = scenario.steps.iter().flat_map(|step| &step.lines);
    ensure!(
        lines.any(|line| matches!(line.item, Item::Action(..))),
        lang.pick(
            "nobody does anything: begin with bob -> GET /ws",
            "никто ничего не делает: начните с bob -> GET /ws",
        )
    );
    Ok(())
}

/// Fails if `file` cannot be written, so that nobody waits for what it is to hold. It changes no file.
pub fn ensure_writable(file: &Path, lang: Lang) -> Result<()> {
    let is_new = match fs::metadata(file) {
        Ok(known) if known.is_file() => false,
        // To open a pipe waits for its reader.
        Ok(known) if !known.is_dir() => return Ok(()),
        Ok(_) | Err(_) => true,
    };
    let opened = File::options().append(true).create(is_new).open(file);
    opened.with_context(|| lang.cannot_write(file))?;
    if is_new {
        fs::remove_file(file).with_context(|| lang.cannot_write(file))?;
    }
    Ok(())
}

/// Writes a scenario to a file; the error names the file.
pub fn write(file: &Path, scenario: &str, lang: Lang) -> Result<()> {
    fs::write(file, scenario).with_context(|| lang.cannot_write(file))
}
