//! The commands that the READMEs, `CONTRIBUTING.md` and `docs/` print work as written.
//!
//! They run in a copy of the repository that has what a clone has, with a target directory of its
//! own. What a page tells to do first is done first. A port of the page is replaced by a free one.
//! `cli/tests/others/guide.rs` does the same for `docs/testing.md`, and compares what is printed.

#![cfg(unix)]

#[path = "../bounded/mod.rs"]
mod bounded;
#[path = "../copy/mod.rs"]
mod copy;
mod justfile;
mod shell;

use std::path::Path;
use std::{fs, io};

use shell::{Clone, Outcome};

/// The pages, and the example that is listening while the page's `ws101` commands run.
const PAGES: &[(&str, &str)] = &[
    ("README.md", "full_chat"),
    ("README.ru.md", "full_chat"),
    ("CONTRIBUTING.md", "full_chat"),
    ("SECURITY.md", "full_chat"),
    ("docs/architecture.md", "full_chat"),
    ("docs/architecture.ru.md", "full_chat"),
    ("docs/classroom.md", "full_chat"),
    ("docs/classroom.ru.md", "full_chat"),
    ("docs/settings.md", "full_chat"),
    ("docs/settings.ru.md", "full_chat"),
    ("docs/numbers.md", "full_chat"),
    ("docs/protocol.md", "full_chat"),
    ("docs/protocol.ru.md", "full_chat"),
    ("docs/rfc6455.md", "full_chat"),
    ("docs/siege.md", "full_chat"),
    ("docs/sources.md", "full_chat"),
    ("docs/sources.ru.md", "full_chat"),
    ("docs/tap.md", "full_chat"),
    ("docs/tap.ru.md", "full_chat"),
    ("docs/wst.md", "raw_echo"),
    ("docs/wst.ru.md", "raw_echo"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a page's `sh` blocks, without remarks.
fn commands(page: &str) -> Vec<String> {
    let text =
        fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let mut inside = false;
    let mut commands = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let command = line.split("  #").next().unwrap_or_default().trim();
            commands.extend((!command.is_empty()).then(|| command.to_owned()));
        }
    }
    commands
}

/// The pages of `docs/` are all tried, here or by the test of `docs/testing.md`.
#[test]
fn every_page_is_tried() -> io::Result<()> {
    for entry in fs::read_dir(root().join("docs"))? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        let page = format!("docs/{name}");
        let is_page =
            page.strip_suffix(".md").is_some_and(|page| !page.starts_with("docs/testing"));
        assert!(!is_page || PAGES.iter().any(|(known, _)| *known == page), "{page} is not tried");
    }
    Ok(())
}

#[test]
fn every_command_works_in_a_fresh_clone() -> io::Result<()> {
    let clone = Clone::new(root())?;
    // `cargo test`, which CI runs, builds the examples.
    let built = clone.run("cargo build --quiet --examples")?;
    built.expect("cargo build --quiet --examples");
    let install = "cargo install --quiet --locked --path cli --debug --root installed";
    clone.run(install)?.expect(install);
    let mut wrong = Vec::new();
    for &(page, example) in PAGES {
        let mut server = None;
        for command in commands(page) {
            if command.starts_with("ws101") && server.is_none() {
                server = Some(clone.serve(example)?);
            }
            let port = server.as_ref().map(|server| server.port.as_str());
            if let Outcome::Failed(why) = clone.works(&command, port)? {
                wrong.push(format!("{page}: `{command}`: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// A learner's own program in `examples/` breaks no test, and one more lesson needs only files.
#[test]
fn files_that_are_added_break_nothing() -> io::Result<()> {
    let clone = Clone::new(root())?;
    fs::copy(root().join("examples/echo.rs"), clone.path.join("examples/mine.rs"))?;
    let number = copy::add_lesson(&clone.path)?;
    for command in [
        "UPDATE_EXCERPTS=1 cargo test --quiet --test lessons every_excerpt_is_verbatim",
        &format!("TWINS_AGREE={number} cargo test --quiet --test lessons neither_language"),
        "cargo test --quiet --test lessons --test ladder --test floors",
        "cargo build --quiet --example throwaway",
        &format!(
            "cargo run --quiet -p ws101-cli -- check {number} --cmd target/debug/examples/throwaway"
        ),
    ] {
        clone.run(command)?.expect(command);
    }
    Ok(())
}
