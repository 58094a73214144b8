//! A copy of the repository, as a fresh clone has it, with a thirteenth lesson if one is wanted.

// No test uses all of it.
#![allow(dead_code)]

use std::fs;
use std::io::Result;
use std::path::Path;

/// Directories that no clone has, and that are large.
const NOT_COPIED: [&str; 5] = ["target", ".git", "node_modules", ".venv", "__pycache__"];

/// The lesson that the new one is made of, and what the new one is called.
const OLD: &str = "03_echo";
const NEW: &str = "13_throwaway";

/// Copies the files below `from`, without what was built or installed there.
pub fn tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if NOT_COPIED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Adds lesson 13 to the repository at `root`: an example, a page and notes in two languages, and
/// the checks. It changes no file that is there.
pub fn add_lesson(root: &Path) -> Result<()> {
    let new = |path: &str| {
        let old = root.join(path.replace(NEW, OLD).replace("throwaway", "echo"));
        let text = fs::read_to_string(old)?;
        let text = text.replace(OLD, NEW).replace("--example echo", "--example throwaway");
        // Its number in the heading, in the commands and in the checks.
        let text = text.replace("# 3. ", "# 13. ").replace("lesson 3", "lesson 13");
        let text = text.replace("check 3 ", "check 13 ").replace("| 3.", "| 13.");
        fs::write(root.join(path), text.replace("== 3.", "== 13."))
    };
    new("examples/throwaway.rs")?;
    for language in ["en", "ru"] {
        new(&format!("lessons/{language}/{NEW}.md"))?;
        new(&format!("lessons/{language}/notes/{NEW}.md"))?;
    }
    new(&format!("cli/checks/{NEW}.wst"))
}
