//! The words keep their promises: lessons and READMEs quote, name and link only what is there.
//!
//! Text, code, tests and translations walk apart unless a test holds them together.

#[path = "../copy/mod.rs"]
mod copy;
mod excerpts;
mod glossary;
mod hand_hub;
mod lists;
mod markdown;
mod minutes;
mod names;
mod readme;
mod shape;
mod throwaway;
mod twins;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use markdown::Page;

/// The languages of the lessons; the first is also that of `README.md`.
const LANGUAGES: [&str; 2] = ["en", "ru"];

/// The directory of the package. Cargo names it when it runs a test, and `throwaway.rs` names another.
fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let named = std::env::var_os("CARGO_MANIFEST_DIR");
        named.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).into()
    });
    &ROOT
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in a directory, sorted.
fn listed(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(directory));
    let entries = entries.unwrap_or_else(|error| panic!("{directory}: {error}"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All files below a directory.
fn below(directory: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(path) } else { vec![path] }).collect()
}

/// `lessons/en/03_echo.md`, taken apart.
struct Lesson {
    number: usize,
    example: String,
    page: Page,
}

impl Lesson {
    /// `03_echo`, which is also what its notes are called.
    fn name(&self) -> String {
        format!("{:02}_{}", self.number, self.example)
    }
}

fn lessons(language: &str) -> Vec<Lesson> {
    let directory = format!("lessons/{language}");
    let lesson = |file: String| {
        let parts = file.strip_suffix(".md").and_then(|name| name.split_once('_'));
        let parts = parts.and_then(|(number, name)| Some((number.parse().ok()?, name.to_owned())));
        let (number, example) =
            parts.unwrap_or_else(|| panic!("{directory}/{file} is not called NN_example.md"));
        Lesson { number, example, page: Page::read(&format!("{directory}/{file}")) }
    };
    // Beside the pages there are their notes.
    let pages = listed(&directory).into_iter().filter(|file| file != "notes");
    pages.map(lesson).collect()
}

fn readmes() -> [Page; 2] {
    ["README.md", "README.ru.md"].map(Page::read)
}

/// For engineers. What its commands say is held by a test of the command: `cli/tests/others/guide.rs`.
fn guides() -> [Page; 2] {
    ["docs/testing.md", "docs/testing.ru.md"].map(Page::read)
}

/// The table of settings, which `readme.rs` compares with the code.
fn settings() -> [Page; 2] {
    ["docs/settings.md", "docs/settings.ru.md"].map(Page::read)
}

/// The modules and the walks through them, which `readme.rs` compares with the code.
fn architecture() -> [Page; 2] {
    ["docs/architecture.md", "docs/architecture.ru.md"].map(Page::read)
}

/// Every page there is.
fn pages() -> Vec<Page> {
    let lessons = LANGUAGES.into_iter().flat_map(lessons).map(|lesson| lesson.page);
    let glossaries = glossary::GLOSSARIES.map(|(_, path, _, _)| Page::read(path));
    let docs = guides().into_iter().chain(settings()).chain(architecture());
    lessons.chain(readmes()).chain(docs).chain(glossaries).chain(minutes::pages()).collect()
}

/// Fails with all that is wrong, not only the first of it.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
