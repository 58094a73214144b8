//! The READMEs and `docs/` agree with the code: lessons, modules, functions and settings.

use std::collections::BTreeSet;
use std::fs;

use ws101::program::{VARIABLES, Variable, settings_from};
use ws101::settings::Settings;

use crate::markdown::Page;
use crate::{LANGUAGES, architecture, guides, lessons, none, read, readmes, root, settings};

#[test]
fn the_map_leads_to_every_lesson() {
    for page in readmes() {
        let links: Vec<_> = page.links().into_iter().map(|(_, target)| target).collect();
        for lesson in LANGUAGES.into_iter().flat_map(lessons) {
            let path = &lesson.page.path;
            assert!(links.contains(&path.as_str()), "{} does not link to {path}", page.path);
        }
    }
}

/// `docs/architecture.md` has each module on its floor, as `src/lib.rs` has it.
#[test]
fn the_table_of_modules_is_that_of_the_library() {
    let library = read("src/lib.rs");
    let mut wanted = Vec::new();
    let mut floor = "";
    for row in library.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let module = cells[1].strip_prefix("[`").and_then(|cell| cell.strip_suffix("`]"));
        let Some(module) = module else { continue };
        if !cells[0].is_empty() {
            floor = cells[0];
        }
        wanted.push((floor, module));
    }
    wanted.sort_unstable();
    let modules =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: BTreeSet<_> = modules.collect();
    assert_eq!(modules, wanted.iter().map(|(_, module)| *module).collect(), "src/lib.rs");
    for (page, header) in architecture().iter().zip(["Floor", "Этаж"]) {
        let rows = page.table(header);
        let mut told: Vec<_> =
            rows.iter().map(|(_, row)| (row[0], row[1].trim_matches('`'))).collect();
        told.sort_unstable();
        assert_eq!(told, wanted, "{}", page.path);
    }
}

/// Each walk is a table: a file, a function in it, and what happens there.
#[test]
fn the_walks_name_files_and_functions_that_exist() {
    let mut complaints = Vec::new();
    for (page, header) in architecture().iter().zip(["File", "Файл"]) {
        let tables = page.tables(header);
        assert_eq!(tables.len(), 3, "{} has three walks", page.path);
        for (at, row) in tables.concat() {
            let [file, function] = [row[0], row[1]].map(|cell| cell.trim_matches('`'));
            let Ok(source) = fs::read_to_string(root().join(file)) else {
                complaints.push(page.at(at, format_args!("{file} does not exist")));
                continue;
            };
            if !has_function(&source, function) {
                complaints.push(page.at(at, format_args!("{file} has no function {function}")));
            }
        }
        for (at, code) in page.code() {
            if is_path(code) && !root().join(code).exists() {
                complaints.push(page.at(at, format_args!("{code} does not exist")));
            }
        }
    }
    none(&complaints);
}

/// `src/session.rs` or `frontend/`, and no address or sentence.
fn is_path(code: &str) -> bool {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_./".contains(char);
    code.contains('/') && code.chars().all(is_plain) && !code.starts_with('/')
}

/// Whether a source in Rust or JavaScript defines `function`, which is `name` or `Type::name`.
fn has_function(source: &str, function: &str) -> bool {
    let (of, name) = function.split_once("::").unwrap_or(("", function));
    let defines = |line: &str| {
        let mut words = line.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        let is_defined = words.any(|word| word == "fn" || word == "function");
        is_defined && words.next() == Some(name)
    };
    source.contains(of) && source.lines().any(defines)
}

#[test]
fn functions_are_found_by_their_whole_names() {
    let source = "impl Scenario {\n    pub(super) fn from_str(text: &str) {}\n}";
    assert!(has_function(source, "Scenario::from_str"));
    assert!(has_function("function message(event) {", "message"));
    assert!(!has_function(source, "from"));
    assert!(!has_function(source, "Step::from_str"));
    assert!(!has_function("    // the fn of from_str", "from_str"));
}

/// The tables of settings are lists (`lists.rs`), so they name what the code has.
#[test]
fn every_setting_has_its_default_and_no_other_is_named() {
    let mut complaints = Vec::new();
    for Variable { name, default, .. } in VARIABLES {
        if !is_default(name, default) {
            complaints.push(format!("{name}: {default:?} is not the default"));
        }
    }
    // Clients that a lesson asks for have settings of their own.
    let pages = readmes().into_iter().chain(guides()).chain(settings()).chain(architecture());
    for page in pages {
        for (at, code) in page.code() {
            let words = code.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
            let is_known = |word: &&str| VARIABLES.iter().any(|variable| variable.name == *word);
            let unknown = words.filter(|word| word.starts_with("WS_") && !is_known(word));
            complaints.extend(
                unknown.map(|word| page.at(at, format_args!("no setting is called {word}"))),
            );
        }
    }
    none(&complaints);
}

/// Whether the setting has this default: naming it in the environment changes nothing. What has no
/// default takes a name.
fn is_default(name: &str, value: &str) -> bool {
    let set = |value: &str| {
        let lookup = |known: &'static str| (known == name).then(|| value.to_owned());
        settings_from(Settings::default(), lookup).ok()
    };
    let default = Some(Settings::default());
    if value.is_empty() {
        let named = set(match name {
            "WS_FRONTEND" => "frontend",
            "WS_HISTORY" => "chat.db",
            "WS_LOG_FILE" => "ws101.log",
            // Origins and hosts.
            _ => "http://class.example",
        });
        if name == "WS_HISTORY" && !cfg!(feature = "sqlite") {
            return named.is_none();
        }
        return named.is_some() && named != default;
    }
    set(value) == default
}

#[test]
fn the_rust_asked_for_is_the_rust_needed() {
    let manifest = read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let wanted = format!(" {} ", version.expect("it is stated").trim_matches('"'));
    for page in readmes() {
        assert!(page.lines.iter().any(|line| line.contains(&wanted)), "{}: no{wanted}", page.path);
    }
}

/// The same chapters, commands and tables in both languages.
#[test]
fn both_languages_say_the_same() {
    let indexes = ["lessons/README.md", "lessons/README.ru.md"].map(Page::read);
    for [one, other] in [readmes(), settings(), architecture(), indexes] {
        say_the_same(&one, &other);
    }
}

fn say_the_same(one: &Page, other: &Page) {
    let marks = |line: &&str| line.bytes().take_while(|&byte| byte == b'#').count();
    let shape = |page: &Page| {
        let prose = page.prose().into_iter().map(|(_, line)| line);
        let prose = prose.filter(|line| {
            line.starts_with('#') || line.starts_with('|') || line.starts_with("- ")
        });
        prose.map(|line| (marks(&line), line.matches('|').count())).collect::<Vec<_>>()
    };
    assert_eq!(shape(one), shape(other), "{}: headings, rows or points differ", other.path);
    let [ones, others] = [one, other].map(|page| {
        page.fences()
            .into_iter()
            .map(|fence| (fence.info.to_owned(), fence.body.join("\n")))
            .collect::<Vec<_>>()
    });
    assert_eq!(ones, others, "{}: commands differ", other.path);
}
