//! One more lesson is files, and no line in any list: the tests pass in a copy that has one.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::{copy, root};

/// Runs tests of this program in the copy, and fails with what they say.
fn run(copy: &Path, setting: Option<(&str, &str)>, arguments: &[&str]) {
    let mut tests = Command::new(env::current_exe().unwrap());
    tests.args(arguments).env("CARGO_MANIFEST_DIR", copy).env_remove("UPDATE_EXCERPTS");
    let output = tests.envs(setting).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_throwaway_lesson_needs_no_line_in_any_list() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path();
    copy::tree(root(), copy).unwrap();
    let number = copy::add_lesson(copy).unwrap();
    run(copy, Some(("UPDATE_EXCERPTS", "1")), &["every_excerpt_is_verbatim"]);
    run(copy, Some(("TWINS_AGREE", &number.to_string())), &["neither_language_falls_behind"]);
    run(copy, None, &["--skip", "throwaway"]);
    for list in ["README.md", "README.ru.md", "lessons/README.md", "lessons/en/notes/README.md"] {
        let text = fs::read_to_string(copy.join(list)).unwrap();
        assert!(
            text.contains(&format!("{number:02}_throwaway.md")),
            "{list} does not list the lesson"
        );
    }
}
