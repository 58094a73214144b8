//! The checks that a learner has passed, kept in a file of the folder where they are run.
//!
//! ```text
//! # What has passed: `ws101 check` writes it. It can be deleted.
//! handshake = [1, 2, 3, 4]
//! broadcast = [1, 2]
//! ```
//!
//! A line has a lesson's name, and the numbers of its checks: 2 is check 5.2 as long as `broadcast` is
//! lesson 5. So the file stays right when lessons are numbered anew. It is TOML, of which only such lines
//! are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, anyhow, ensure};

use crate::check::Lesson;
use crate::lang::Lang;

/// The name of the file.
pub const FILE: &str = ".progress.toml";

/// The longest file that is read, in bytes. A lesson takes a line.
const LONGEST: u64 = 64 * 1024;

const HEAD: &str = "# What has passed: `ws101 check` writes it. It can be deleted.\n";

/// Which checks have passed, of each lesson by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Progress {
    passed: BTreeMap<String, BTreeSet<usize>>,
}

/// The number of a check within its lesson: 3 of `5.3`.
fn within(check: &str) -> Option<usize> {
    check.split_once('.').and_then(|(_, number)| number.parse().ok())
}

impl Progress {
    /// Reads the file in `folder`. Without a file nothing has passed.
    ///
    /// # Errors
    ///
    /// There is something that is not such a file: the sentence is in `lang`.
    pub fn read(folder: &Path, lang: Lang) -> Result<Self> {
        let path = folder.join(FILE);
        let found = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            found => found,
        };
        let unreadable = lang.pick(format!("{FILE} cannot be read"), format!("{FILE} не читается"));
        // A pipe by this name would block the reader.
        let is_file = found.with_context(|| unreadable.clone())?.is_file();
        ensure!(is_file, unreadable);
        let mut text = String::new();
        let read = || File::open(path)?.take(LONGEST + 1).read_to_string(&mut text);
        ensure!(
            read().context(unreadable)? as u64 <= LONGEST,
            lang.pick(
                format!("{FILE} has more than {LONGEST} bytes: delete it to begin anew"),
                format!("в {FILE} больше {LONGEST} байт: чтобы начать заново, удалите его"),
            )
        );
        Self::parse(&text, lang)
    }

    fn parse(text: &str, lang: Lang) -> Result<Self> {
        let mut progress = Self::default();
        for (at, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, numbers) = list(line).ok_or_else(|| {
                anyhow!(lang.pick(
                    format!(
                        "{FILE}:{at} is not like `broadcast = [1, 2]`: mend the line, or delete the file to begin anew"
                    ),
                    format!(
                        "{FILE}:{at} не похожа на `broadcast = [1, 2]`: исправьте строку или удалите файл, чтобы начать заново"
                    ),
                ))
            })?;
            progress.passed.entry(name.to_owned()).or_default().extend(numbers);
        }
        Ok(progress)
    }

    /// Adds the checks with these numbers, such as 5.3.
    pub fn add<'a>(&mut self, lesson: &Lesson, checks: impl IntoIterator<Item = &'a str>) {
        let passed = self.passed.entry(lesson.name.to_owned()).or_default();
        passed.extend(checks.into_iter().filter_map(within));
    }

    /// Whether the check with this number, such as 5.3, has passed.
    pub fn has(&self, lesson: &Lesson, check: &str) -> bool {
        let passed = self.passed.get(lesson.name);
        within(check).is_some_and(|number| passed.is_some_and(|passed| passed.contains(&number)))
    }

    /// How many of a lesson's checks have passed, and how many it has.
    pub fn count(&self, lesson: &Lesson) -> (usize, usize) {
        let checks = lesson.checks();
        let passed = checks.iter().filter(|check| self.has(lesson, &check.number));
        (passed.count(), checks.len())
    }

    /// Writes the file in `folder`, in the place of the one before.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let line = |(name, passed): (&String, &BTreeSet<usize>)| {
            let numbers: Vec<_> = passed.iter().map(ToString::to_string).collect();
            (!numbers.is_empty()).then(|| format!("{name} = [{}]\n", numbers.join(", ")))
        };
        let lines: Vec<_> = self.passed.iter().filter_map(line).collect();
        let text = HEAD.to_owned() + &lines.concat();
        // Renamed into its place, so that no reader finds half a file.
        let new = NewFile(folder.join(format!("{FILE}.{}", process::id())));
        File::create_new(&new.0)?.write_all(text.as_bytes())?;
        fs::rename(&new.0, folder.join(FILE))
    }
}

/// The name and the numbers of `broadcast = [1, 2]`.
fn list(line: &str) -> Option<(&str, Vec<usize>)> {
    let (name, list) = line.split_once('=')?;
    let name = name.trim();
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let numbers = list.trim().strip_prefix('[')?.strip_suffix(']')?.split(',').map(str::trim);
    let numbers = numbers.filter(|number| !number.is_empty()).map(|number| number.parse().ok());
    Some((name, numbers.collect::<Option<_>>()?))
}

/// A file that is removed unless it was renamed.
struct NewFile(PathBuf);

impl Drop for NewFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILE, HEAD, LONGEST, Progress};
    use crate::check::Lesson;
    use crate::lang::Lang::{En, Ru};

    fn lesson(number: usize) -> &'static Lesson {
        Lesson::find(number).expect("it has checks")
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut progress = Progress::read(folder.path(), En).unwrap();
        assert_eq!(progress, Progress::default());
        progress.add(lesson(5), ["5.1", "5.3"]);
        progress.add(lesson(10), ["10.11"]);
        progress.add(lesson(1), []);
        progress.write(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, format!("{HEAD}broadcast = [1, 3]\nreconnect = [11]\n"));
        let mut read = Progress::read(folder.path(), En).unwrap();
        assert!(read.has(lesson(5), "5.3") && !read.has(lesson(5), "5.2"));
        assert_eq!((read.count(lesson(5)), read.count(lesson(4))), ((2, 5), (0, 5)));
        read.add(lesson(5), ["5.2"]);
        read.write(folder.path()).unwrap();
        assert_eq!(Progress::read(folder.path(), En).unwrap().count(lesson(5)), (3, 5));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// A lesson of a newer version, and what people write by hand.
    #[test]
    fn lines_of_other_lessons_stay() {
        let progress =
            Progress::parse("\n  # mine\nlesson_x=[ 2,1, ]\nbroadcast = []\n", En).unwrap();
        let folder = tempfile::tempdir().unwrap();
        progress.write(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, format!("{HEAD}lesson_x = [1, 2]\n"));
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        for line in
            ["broadcast", "broadcast = 1", "= [1]", "a b = [1]", "a = [-1]", "a = [1", "[a]"]
        {
            let text = format!("# one\n{line}\n");
            for (lang, says) in [(En, ".progress.toml:2 is not"), (Ru, ".progress.toml:2 не")] {
                let read = Progress::parse(&text, lang).unwrap_err().to_string();
                assert!(read.starts_with(says), "{line}: {read}");
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let said = || Progress::read(folder.path(), En).unwrap_err().to_string();
        fs::write(&path, "#".repeat(usize::try_from(LONGEST).unwrap() + 1)).unwrap();
        assert!(said().ends_with("bytes: delete it to begin anew"), "{}", said());
        fs::write(&path, [0xFF]).unwrap();
        assert_eq!(said(), ".progress.toml cannot be read");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(said(), ".progress.toml cannot be read");
    }
}
