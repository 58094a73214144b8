//! What a page names is there: files and headings behind links, examples, recipes, tests.

#[cfg(unix)]
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::markdown::Page;
use crate::{LANGUAGES, lessons, none, pages, read, root};

#[test]
fn every_link_leads_somewhere() {
    let mut complaints = Vec::new();
    for page in pages() {
        for (at, target) in page.links().into_iter().filter(|(_, target)| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let here = root().join(&page.path);
            let there = if file.is_empty() { here } else { here.parent().unwrap().join(file) };
            if !there.exists() {
                complaints.push(page.at(at, format_args!("{target}: there is no such file")));
            } else if !heading.is_empty()
                && !anchors(&Page::read(there.to_str().unwrap())).contains(&heading.to_owned())
            {
                complaints.push(page.at(at, format_args!("{target}: there is no such heading")));
            }
        }
    }
    none(&complaints);
}

/// The headings of a page as code hosts spell them behind `#`.
pub fn anchors(page: &Page) -> Vec<String> {
    let headings = (1..=6).flat_map(|level| page.headings(level));
    let kept = |char: &char| char.is_alphanumeric() || [' ', '-', '_'].contains(char);
    headings
        .map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>())
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

#[test]
fn every_command_exists() {
    let recipes = recipes();
    let numbers: Vec<_> = lessons(LANGUAGES[0]).iter().map(|lesson| lesson.number).collect();
    let mut complaints = Vec::new();
    for page in pages() {
        for (at, command) in page.code() {
            let mut words = command.split_whitespace().skip_while(|word| is_setting(word));
            let complaint = match (words.next(), words.next(), words.next()) {
                (Some("just"), Some(recipe), argument) => {
                    let number = argument.and_then(|argument| argument.parse::<usize>().ok());
                    let unknown = number.filter(|n| recipe == "lesson" && !numbers.contains(n));
                    match unknown {
                        _ if !recipes.iter().any(|known| known == recipe) => {
                            Some("justfile has no such recipe")
                        }
                        Some(_) => Some("there is no such lesson"),
                        None => None,
                    }
                }
                (Some("cargo"), Some(_), _) => {
                    let words: Vec<_> = command.split_whitespace().collect();
                    words.windows(2).find_map(|pair| missing(pair[0], pair[1]))
                }
                _ => None,
            };
            complaints.extend(complaint.map(|why| page.at(at, format_args!("`{command}`: {why}"))));
        }
    }
    none(&complaints);
}

/// The first line of every page says `just lesson N`. The recipe begins the lesson; with `--plain` it prints
/// the page's path and runs the example.
#[cfg(unix)]
#[test]
fn just_finds_every_lesson() {
    let directory = tempfile::tempdir().unwrap();
    let cargo = directory.path().join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho cargo \"$@\"\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", directory.path().display());
    for language in LANGUAGES {
        for lesson in lessons(language) {
            let number = lesson.number.to_string();
            let said = |options: &[&str]| {
                let mut shell = Command::new("sh");
                shell.args(["-c", &body("lesson"), "lesson", &number, language]).args(options);
                shell.current_dir(root()).env("PATH", &path);
                String::from_utf8(shell.output().unwrap().stdout).unwrap()
            };
            let plain = format!("{}\ncargo run --example {}\n", lesson.page.path, lesson.example);
            assert_eq!(said(&["--plain"]), plain, "just lesson {number} {language} --plain");
            let lesson =
                "cargo build --quiet -p ws101-cli\ncargo run --quiet -p ws101-cli -- lesson";
            let taught = format!("{lesson} {number} --lang {language} --lan\n");
            assert_eq!(said(&["--lan"]), taught, "just lesson {number} {language} --lan");
        }
    }
}

/// The lines of a recipe that is one script, which takes its arguments as a script does. So the recipe is
/// tried where `just` is not installed.
#[cfg(unix)]
fn body(recipe: &str) -> String {
    let text = read("justfile");
    let head = format!("{recipe} ");
    let lines = text.lines().skip_while(|line| !line.starts_with(&head)).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let script: String = lines.flat_map(|line| [line, "\n"]).collect();
    assert!(script.trim_start().starts_with("#!/bin/sh"), "{recipe} is one script");
    script
}

/// `PORT=8081` before a command.
pub fn is_setting(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

fn missing(option: &str, name: &str) -> Option<&'static str> {
    let there = |path: String| root().join(path).exists();
    match option {
        "--example" if !there(format!("examples/{name}.rs")) => Some("there is no such example"),
        "-p" if !packages().iter().any(|package| package == name) => {
            Some("there is no such package in the workspace")
        }
        // Cargo looks for it in the default package only.
        "--bin" if !there(format!("src/bin/{name}.rs")) => Some("there is no such program"),
        "--test"
            if !there(format!("tests/{name}.rs")) && !there(format!("tests/{name}/main.rs")) =>
        {
            Some("there is no such test")
        }
        _ => None,
    }
}

/// The names of the workspace's packages.
fn packages() -> Vec<String> {
    let root = read("Cargo.toml");
    let members = root.lines().find_map(|line| line.strip_prefix("members = "));
    let members = members.unwrap_or_default().split('"').skip(1).step_by(2);
    let name = |manifest: &str| {
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = "));
        name.unwrap_or_default().trim_matches('"').to_owned()
    };
    let named = members.map(|member| name(&read(&format!("{member}/Cargo.toml"))));
    named.chain([name(&root)]).collect()
}

/// The names of the recipes in `justfile`: `name arguments:`, at the left margin.
fn recipes() -> Vec<String> {
    let text = read("justfile");
    let heads =
        text.lines().filter(|line| line.starts_with(|char: char| char.is_ascii_lowercase()));
    let heads = heads.filter(|line| !line.contains(":=") && line.contains(':'));
    heads.filter_map(|line| Some(line.split([' ', ':']).next()?.to_owned())).collect()
}
