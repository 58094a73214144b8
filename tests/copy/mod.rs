//! A copy of the repository, as a fresh clone has it, with one more lesson if it is wanted.

// No test uses all of it.
#![allow(dead_code)]

use std::fs;
use std::io::Result;
use std::path::Path;

/// Directories that no clone has, and that are large.
const NOT_COPIED: [&str; 5] = ["target", ".git", "node_modules", ".venv", "__pycache__"];

/// The lesson that the new one is made of.
const OLD: &str = "03_echo";

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

/// Adds the next lesson to the repository at `root`: an example, a page and notes in two languages,
/// and the checks. It changes no file that is there. Returns the number of the lesson.
pub fn add_lesson(root: &Path) -> Result<usize> {
    let number = last_lesson(root)? + 1;
    let name = format!("{number:02}_throwaway");
    let new = |path: &str| {
        let old = root.join(path.replace(&name, OLD).replace("throwaway", "echo"));
        let text = fs::read_to_string(old)?;
        let text = text.replace(OLD, &name).replace("--example echo", "--example throwaway");
        // Its number in the heading, in the commands and in the checks.
        let numbered = ["# 3. ", "lesson 3", "check 3 ", "| 3.", "== 3."];
        let text = numbered.into_iter().fold(text, |text, three| {
            text.replace(three, &three.replace('3', &number.to_string()))
        });
        fs::write(root.join(path), text)
    };
    new("examples/throwaway.rs")?;
    for language in ["en", "ru"] {
        new(&format!("lessons/{language}/{name}.md"))?;
        new(&format!("lessons/{language}/notes/{name}.md"))?;
    }
    new(&format!("cli/checks/{name}.wst"))?;
    Ok(number)
}

/// The highest number of a lesson's page.
fn last_lesson(root: &Path) -> Result<usize> {
    let mut last = 0;
    for page in fs::read_dir(root.join("lessons/en"))? {
        let name = page?.file_name();
        let number = name.to_str().and_then(|name| name.split_once('_')?.0.parse().ok());
        last = last.max(number.unwrap_or_default());
    }
    Ok(last)
}
