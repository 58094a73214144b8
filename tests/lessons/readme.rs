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
    let source = read("src/program/environment.rs");
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
            let value = default(row[0].trim_matches('`')).unwrap_or_default();
            if row[1].trim_matches('`') != value {
                complaints.push(page.at(*at, format_args!("the default is {value:?}")));
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

/// As one would write it in the environment.
fn default(name: &str) -> Option<String> {
    let settings = Settings::default();
    Some(match name {
        "HOST" => settings.host.to_string(),
        "PORT" => settings.port.to_string(),
        "PORT_004" => settings.port_004.to_string(),
        "WS_ROOT_DIALECT" => settings.root_dialect,
        "WS_HEARTBEAT_MS" => settings.heartbeat.as_millis().to_string(),
        "WS_PONG_TIMEOUT_MS" => settings.pong_timeout.as_millis().to_string(),
        "WS_IDLE_MS" => settings.idle.as_millis().to_string(),
        "WS_STATS_MS" => settings.stats.as_millis().to_string(),
        "WS_DRAIN_MS" => settings.drain.as_millis().to_string(),
        "WS_HEAD_MS" => settings.head.as_millis().to_string(),
        "WS_KEEP_ALIVE_MS" => settings.keep_alive.as_millis().to_string(),
        "WS_HELLO_MS" => settings.hello.as_millis().to_string(),
        "WS_MESSAGE_MS" => settings.message.as_millis().to_string(),
        "WS_WRITE_MS" => settings.write.as_millis().to_string(),
        "WS_CLOSE_MS" => settings.close.as_millis().to_string(),
        "WS_MAX_MESSAGE_BYTES" => settings.max_message_bytes.to_string(),
        "WS_MAX_QUEUE_BYTES" => settings.max_queue_bytes.to_string(),
        "WS_MAX_CONNECTIONS" => settings.max_connections.to_string(),
        "WS_MAX_PER_ADDRESS" => settings.max_per_address.to_string(),
        "WS_ARRIVALS" => settings.arrivals.to_string(),
        "WS_RATE" => settings.rate.to_string(),
        "WS_BYTES" => settings.bytes.to_string(),
        "WS_ROOM_BYTES" => settings.room_bytes.to_string(),
        "WS_ORIGINS" => settings.origins.join(","),
        "WS_HOSTS" => settings.hosts.join(","),
        _ => return None,
    })
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
