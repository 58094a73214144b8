//! `ws101 start`: writes a folder with a server that runs, to begin a lesson with.

mod language;

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::check::Lesson;
use crate::exit::Exit;
use crate::invocation;
use crate::lang::Lang;
use crate::output::print_lines;
use language::Language;

/// The files of `lessons/answers` and `lessons/start`, by their paths in `lessons/`: `build.rs` lists them.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Write a folder with a server to begin a lesson with: `ws101 start 5 --in python`.
///
/// The server runs, and fails the first check of its lesson. Where a lesson goes on from an
/// earlier one, it is a server that passes the earlier one's checks. Exit codes: 0 written, 2 not.
#[derive(Args)]
pub struct Start {
    /// A lesson, such as 5
    lesson: usize,
    /// The folder to write, which must not exist yet [default: lesson-5 for lesson 5]
    folder: Option<PathBuf>,
    /// The programming language of the server
    #[arg(long = "in", value_enum, value_name = "LANGUAGE")]
    language: Language,
    /// The language of what is printed; by default that of LANG
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// A program of a lesson, as `lessons/` has it.
struct Program {
    text: &'static str,
    /// The lesson whose checks it passes, if it is an answer.
    answers: Option<usize>,
}

/// The first lesson whose servers use a library.
const WITH_LIBRARY: usize = 3;

/// The lesson whose server this lesson goes on with.
fn base(lesson: usize) -> usize {
    match lesson {
        10 => 7,
        11 => 6,
        13 | 15 => 3,
        14 => 5,
        _ => lesson.saturating_sub(1),
    }
}

fn file(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}

/// The program that a learner of `lesson` begins with: one of its own, or the answer of the lesson
/// that it goes on from.
fn program(lesson: usize, name: &str, language: Language) -> Option<Program> {
    let name = format!("{name}.{}", language.extension());
    let own = |lesson: usize| file(&format!("start/{lesson:02}/{name}"));
    let plain = |text| Program { text, answers: None };
    let answer = |lesson: usize| {
        let text = file(&format!("answers/{lesson:02}/{name}"))?;
        Some(Program { text, answers: Some(lesson) })
    };
    own(lesson).map(plain).or_else(|| answer(base(lesson)))
}

impl Start {
    pub fn run(self) -> Result<Exit> {
        let number = self.lesson;
        let lang = self.lang.unwrap_or_else(Lang::of_environment);
        let lesson = Lesson::named(&number.to_string(), lang)?;
        let folder = self.folder.unwrap_or_else(|| format!("lesson-{number}").into());
        let language = self.language;
        let checks = lesson.checks();
        let first = |of_clients| checks.iter().find(|check| check.is_of_clients() == of_clients);
        let mut written = Vec::new();
        for (name, check) in [("server", first(false)), ("client", first(true))] {
            let Some(check) = check else { continue };
            let program = program(number, name, language).with_context(|| {
                lang.pick(
                    format!("lesson {number} has no {name} in this language"),
                    format!("в уроке {number} на этом языке нет {name}"),
                )
            })?;
            written.push((name, &check.number, program));
        }
        create(&folder, lang)?;
        for (name, _, program) in &written {
            write(&folder, &language.path(name), program.text, lang)?;
        }
        let (of, libraries) = language.libraries();
        let has_libraries = number >= WITH_LIBRARY || language == Language::Rust;
        if has_libraries {
            let text = file(&format!("start/{of}/{libraries}")).unwrap_or_default();
            write(&folder, libraries, text, lang)?;
        }

        let shown = quoted(&folder);
        for (name, check, program) in &written {
            let path = folder.join(language.path(name));
            let path = path.display();
            match (lang, program.answers) {
                (Lang::En, None) => print_lines!("{path} runs, and fails check {check}."),
                (Lang::En, Some(before)) => print_lines!(
                    "{path} passes the checks of lesson {before}, and fails check {check}."
                ),
                (Lang::Ru, None) => print_lines!("{path} работает и не проходит проверку {check}."),
                (Lang::Ru, Some(before)) => print_lines!(
                    "{path} проходит проверки урока {before} и не проходит проверку {check}."
                ),
            }
        }
        print_lines!("");
        if let Some(install) = language.install(&shown).filter(|_| has_libraries) {
            step(lang.pick("install", "установить"), &install);
        }
        for (name, ..) in &written {
            let run = language.run(&shown, name);
            let build = if language == Language::Rust { " --build" } else { "" };
            let option = if *name == "client" { "--client" } else { "--cmd" };
            if *name == "server" {
                step(lang.pick("run", "запустить"), &run);
            }
            let other = lang.option().map(|option| format!(" {option}")).unwrap_or_default();
            let ws101 = invocation::name();
            let check = format!("{ws101} check {number} {option} \"{run}\"{build}{other}");
            step(lang.pick("check", "проверить"), &check);
        }
        step(lang.pick("read", "читать"), &lesson.page("", lang));
        Ok(Exit::Passed)
    }
}

fn step(word: &str, command: &str) {
    print_lines!("  {word:10} {command}");
}

/// Makes the folder. One that exists stays as it is.
fn create(folder: &Path, lang: Lang) -> Result<()> {
    let shown = folder.display();
    match fs::create_dir(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(lang.pick(
            format!("{shown} exists already, and stays as it is: name another folder"),
            format!("{shown} уже есть и остаётся как есть: назовите другую папку"),
        )),
        Err(error) => Err(error).with_context(|| {
            lang.pick(format!("cannot make {shown}"), format!("не удалось создать {shown}"))
        }),
    }
}

fn write(folder: &Path, name: &str, text: &str, lang: Lang) -> Result<()> {
    let path = folder.join(name);
    let written = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        File::create_new(&path)?.write_all(text.as_bytes())
    };
    written().with_context(|| lang.cannot_write(&path))
}

/// The folder as a shell takes it: in single quotes if it has other than plain characters.
fn quoted(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    let is_plain = |char: char| char.is_alphanumeric() || "/._-\\:".contains(char);
    if text.chars().all(is_plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{FILES, Language, WITH_LIBRARY, base, program, quoted};
    use crate::check::Lesson;

    /// `your server of lesson 6`, or a link to that lesson.
    #[test]
    fn a_lesson_goes_on_from_the_server_that_its_page_names() {
        let (first, last) = Lesson::numbers();
        for number in first..=last {
            let lesson = Lesson::find(number).expect("it has checks");
            let page = lesson.page("", crate::lang::Lang::En);
            let text = std::fs::read_to_string(format!("../{page}")).expect(&page);
            let Some((_, rest)) = text.split_once("our server of ") else { continue };
            let named = rest.trim_start_matches('[').trim_start_matches("lesson ");
            let named: String = named.chars().take_while(char::is_ascii_digit).collect();
            assert_eq!(named, base(number).to_string(), "{page}");
        }
    }

    #[test]
    fn every_lesson_has_a_program_to_begin_with_in_every_language() {
        let (first, last) = Lesson::numbers();
        for number in first..=last {
            let lesson = Lesson::find(number).expect("it has checks");
            for language in Language::value_variants() {
                for check in lesson.checks() {
                    let name = if check.is_of_clients() { "client" } else { "server" };
                    assert!(program(number, name, *language).is_some(), "{number} {language:?}");
                }
                if number != WITH_LIBRARY && number > 1 {
                    let begun = program(number, "server", *language).expect("it is there");
                    assert_eq!(begun.answers, Some(base(number)), "{number} {language:?}");
                }
            }
        }
    }

    #[test]
    fn the_libraries_of_rust_are_those_of_this_workspace() {
        let written = FILES.iter().find(|(name, _)| *name == "start/rust/Cargo.toml");
        let written = written.expect("it is there").1;
        let manifests = ["../Cargo.toml", "Cargo.toml"]
            .map(|path| std::fs::read_to_string(path).expect(path))
            .concat();
        let dependencies = written.split("[dependencies]\n").nth(1).expect("it has some");
        let dependencies: Vec<_> =
            dependencies.lines().take_while(|line| !line.is_empty()).collect();
        assert!(dependencies.len() > 3);
        for line in dependencies {
            let (name, version) = line.split_once(" = ").expect(line);
            let version = version.split('"').nth(1).expect(line);
            let known =
                [format!("{name} = \"{version}\""), format!("{name} = {{ version = \"{version}\"")];
            assert!(known.iter().any(|known| manifests.contains(known)), "{line}");
        }
    }

    #[test]
    fn folders_are_quoted_for_a_shell() {
        assert_eq!(quoted("lesson-5".as_ref()), "lesson-5");
        assert_eq!(quoted("урок 5".as_ref()), "'урок 5'");
        assert_eq!(quoted("it's".as_ref()), "'it'\\''s'");
    }
}
