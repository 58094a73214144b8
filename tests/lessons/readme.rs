//! The READMEs are the map, and the map shows what is there.

use ws101::settings::Settings;

use crate::{LANGUAGES, lessons, none, read, readmes};

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

#[test]
fn the_map_names_every_piece() {
    let library = read("src/lib.rs");
    let modules =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: Vec<_> = modules.collect();
    for page in readmes() {
        let named: Vec<_> = page.code().into_iter().map(|(_, code)| code).collect();
        for module in &modules {
            assert!(named.contains(module), "{} does not name `{module}`", page.path);
        }
    }
}

#[test]
fn the_settings_are_those_of_the_code() {
    let source = read("src/settings.rs");
    let literals = source.split('"').skip(1).step_by(2);
    let mut names: Vec<_> = literals.filter(|literal| is_name(literal)).collect();
    names.sort_unstable();
    names.dedup();
    let mut complaints = Vec::new();
    for (page, header) in readmes().iter().zip(["Name", "Имя"]) {
        let rows = page.table(header);
        let mut told: Vec<_> = rows.iter().map(|(_, row)| row[0].trim_matches('`')).collect();
        told.sort_unstable();
        if told != names {
            complaints
                .push(page.at(1, format_args!("\n  tells of {told:?}\n  code has {names:?}")));
        }
        for (at, row) in &rows {
            let cells = [row[0], row[1]].map(|cell| cell.trim_matches('`'));
            if !is_default(cells[0], cells[1]) {
                complaints.push(page.at(*at, format_args!("{cells:?} is not the default")));
            }
        }
        for (at, code) in page.code() {
            let words = code.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
            let unknown = words.filter(|word| word.starts_with("WS_") && !names.contains(word));
            complaints.extend(
                unknown.map(|word| page.at(at, format_args!("no setting is called {word}"))),
            );
        }
    }
    none(&complaints);
}

fn is_name(literal: &str) -> bool {
    literal.starts_with(|char: char| char.is_ascii_uppercase())
        && literal
            .chars()
            .all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_')
}

/// Whether the setting has this default: naming it in the environment changes nothing. What has no
/// default is a list, and takes a name.
fn is_default(name: &str, value: &str) -> bool {
    let set = |value: &str| {
        let lookup = |known: &'static str| (known == name).then(|| value.to_owned());
        Settings::default().with(lookup).ok()
    };
    let default = Some(Settings::default());
    if value.is_empty() {
        let named = set("http://class.example");
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
fn both_readmes_say_the_same() {
    let [one, other] = readmes();
    let marks = |line: &&str| line.bytes().take_while(|&byte| byte == b'#').count();
    let shape = |page: &crate::markdown::Page| {
        let prose = page.prose().into_iter().map(|(_, line)| line);
        let prose = prose.filter(|line| {
            line.starts_with('#') || line.starts_with('|') || line.starts_with("- ")
        });
        prose.map(|line| (marks(&line), line.matches('|').count())).collect::<Vec<_>>()
    };
    assert_eq!(shape(&one), shape(&other), "headings, rows or points differ");
    let [ones, others] = [&one, &other].map(|page| {
        page.fences()
            .into_iter()
            .map(|fence| (fence.info.to_owned(), fence.body.join("\n")))
            .collect::<Vec<_>>()
    });
    assert_eq!(ones, others, "commands differ");
}
