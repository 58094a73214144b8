//! `--watch`: checks again whenever a file of the learner's folder changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

/// The pause between two looks at the folder.
const LOOK: Duration = Duration::from_millis(250);

/// How many files are watched, and how deep below the folder they may lie.
const FILES: usize = 10_000;
const DEPTH: usize = 12;

/// Folders that programs write into, and not learners.
const SKIPPED: [&str; 9] =
    ["__pycache__", "bin", "build", "coverage", "dist", "node_modules", "obj", "target", "venv"];

/// The properties of a file that a change of it shows in.
type Stamp = (Option<SystemTime>, u64);

/// The files of a folder, and when each was changed last.
pub struct Watch {
    folder: PathBuf,
    files: BTreeMap<PathBuf, Stamp>,
    /// The files that changed during the last run of the checks.
    wrote: BTreeSet<PathBuf>,
    /// The files that every run changes: the server writes them.
    ignored: BTreeSet<PathBuf>,
}

impl Watch {
    /// Remembers the state of the files in `folder`. Hidden files and [`SKIPPED`] folders are left out.
    pub fn of(folder: &Path) -> Self {
        let mut watch = Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            wrote: BTreeSet::new(),
            ignored: BTreeSet::new(),
        };
        watch.files = watch.look();
        watch
    }

    /// How many files are watched.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Takes down what changed while the checks ran. A file that changes in two runs in a row is written by
    /// the program under test, and is left out from now on. Returns whether any other has changed.
    pub fn has_changed_meanwhile(&mut self) -> bool {
        let now = self.look();
        let changed = changes(&self.files, &now);
        self.ignored.extend(changed.intersection(&self.wrote).cloned());
        let is_changed = changed.iter().any(|path| !self.ignored.contains(path));
        (self.files, self.wrote) = (now, changed);
        self.files.retain(|path, _| !self.ignored.contains(path));
        is_changed
    }

    /// Waits until a file has changed, and until the folder has stayed the same for one look: editors write
    /// in several steps. Cancel safe: what has changed is seen by the next call.
    pub async fn changed(&mut self) {
        let mut before = self.look();
        loop {
            sleep(LOOK).await;
            let now = self.look();
            if now == before && now != self.files {
                self.files = now;
                return;
            }
            before = now;
        }
    }

    fn look(&self) -> BTreeMap<PathBuf, Stamp> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(self.folder.clone(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            // A folder that is gone, or may not be read, has no files.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let (name, path) = (entry.file_name(), entry.path());
                let name = name.to_string_lossy();
                let Ok(about) = entry.metadata() else { continue };
                if name.starts_with('.') || self.ignored.contains(&path) {
                    continue;
                }
                if about.is_dir() && depth < DEPTH && !SKIPPED.contains(&&*name) {
                    folders.push((path, depth + 1));
                } else if about.is_file() {
                    files.insert(path, stamp(&about));
                }
                if files.len() >= FILES {
                    return files;
                }
            }
        }
        files
    }
}

fn stamp(about: &Metadata) -> Stamp {
    (about.modified().ok(), about.len())
}

/// The files that are new, gone, or different.
fn changes(before: &BTreeMap<PathBuf, Stamp>, now: &BTreeMap<PathBuf, Stamp>) -> BTreeSet<PathBuf> {
    let differs = |path: &&PathBuf| before.get(*path) != now.get(*path);
    before.keys().chain(now.keys()).filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn what_every_run_writes_is_not_watched_and_an_edit_during_a_run_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("server.py", "1");
        fs::create_dir(folder.path().join("node_modules")).unwrap();
        let mut watch = Watch::of(folder.path());
        assert_eq!(watch.count(), 1);
        write("node_modules/a.js", "1");
        write(".server.py.swp", "1");
        assert!(!watch.has_changed_meanwhile(), "neither is the learner's");
        write("log.txt", "1");
        assert!(watch.has_changed_meanwhile(), "it may be the learner's");
        write("log.txt", "12");
        assert!(!watch.has_changed_meanwhile(), "the program writes it each time");
        write("log.txt", "123");
        write("server.py", "12");
        assert!(watch.has_changed_meanwhile(), "the learner's file changed");
    }

    #[tokio::test]
    async fn a_change_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::of(folder.path());
        let write = async {
            sleep(LOOK).await;
            fs::write(folder.path().join("server.js"), "1").unwrap();
        };
        let ((), ()) = tokio::join!(write, watch.changed());
        assert_eq!(watch.count(), 1);
        let again = timeout(3 * LOOK, watch.changed()).await;
        assert!(again.is_err(), "nothing has changed since");
    }
}
