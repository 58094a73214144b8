//! The architecture, enforced: a module uses only the floors below its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. To move in, a module needs a floor.
const FLOORS: &[&[&str]] = &[
    &[
        "address",
        "close_code",
        "escape",
        "frame",
        "frontend",
        "handshake",
        "id",
        "name",
        "receipts",
        "timestamp",
        "typed",
    ],
    &["limits", "log", "stream", "tap", "wst"],
    &[
        "blocking",
        "broadcast",
        "client",
        "crowd",
        "echo",
        "goodbye",
        "heartbeat",
        "history",
        "page",
        "settings",
        "shutdown",
        "stats",
        "upgrade",
    ],
    &["room", "server", "session", "transcript"],
    &["chat", "doctor", "endpoint", "program", "scenario"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn sources(at: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(sources(&entry)) } else { found.push(entry) }
    }
    found
}

/// The top-level module a file belongs to: `src/frame/header.rs` is `frame`.
fn module(file: &Path) -> String {
    let inside = file.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let first = inside.components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The modules of this crate that code, not comments, names.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.collect();
    let paths = code.split("crate::").skip(1);
    let names = paths.flat_map(|path| match path.strip_prefix('{') {
        Some(list) => outermost(list).split(',').map(first).collect(),
        None => vec![first(path)],
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// `a, b::, e` of `a, b::{C, D}, e};`.
fn outermost(list: &str) -> String {
    let mut depth = 1;
    let mut outer = String::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 1 => outer.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    outer
}

/// `hub` of `hub::Member`.
fn first(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_import_escapes() {
    let text = "
        use crate::frame::{Frame, Opcode};
        // use crate::room;
        use crate::{
            chat,
            tap::{Event, watch::{Side, Way}}, id::Id,
        };
        fn noted(open: crate::stats::Open, page: Page) {}";
    let names = ["chat", "frame", "id", "stats", "tap"];
    assert_eq!(used(text), names.map(str::to_owned).into());
}

fn modules() -> Vec<(String, String)> {
    let files = sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    let files = files.into_iter().map(|file| (module(&file), fs::read_to_string(&file).unwrap()));
    files.filter(|(module, _)| module != "lib").collect()
}

#[test]
fn nobody_looks_up_or_sideways() {
    for (module, text) in modules() {
        let own = floor(&module).unwrap_or_else(|| panic!("{module} has no floor: give it one"));
        for name in used(&text).into_iter().filter(|name| *name != module) {
            let below = floor(&name).is_some_and(|other| other < own);
            assert!(below, "{module} (floor {own}) uses {name} (floor {:?})", floor(&name));
        }
    }
}

#[test]
fn every_floor_is_lived_on() {
    let there: BTreeSet<_> = modules().into_iter().map(|(module, _)| module).collect();
    let listed: BTreeSet<_> =
        FLOORS.iter().flat_map(|f| f.iter().map(ToString::to_string)).collect();
    assert_eq!(there, listed);
}

#[test]
fn the_ground_floor_waits_for_nothing() {
    for (module, text) in modules() {
        if floor(&module) == Some(0) {
            assert!(!text.contains("tokio::"), "{module} is on floor 0, which has no tokio");
        }
    }
}

#[test]
fn the_map_in_lib_rs_names_every_module() {
    let map = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    for module in FLOORS.iter().flat_map(|floor| floor.iter()) {
        assert!(map.contains(&format!("| [`{module}`] |")), "lib.rs does not list {module}");
    }
}

/// Reading the environment, ending the process and changing its limits are for programs: a piece
/// gets what it needs as a parameter.
#[test]
fn only_program_knows_the_process() {
    let effects = ["env::var", "current_exe", "exit(", "rlimit::", "tokio::signal", "socket2::"];
    for (module, text) in modules() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|_| module != "program") {
            let effect = effects.into_iter().find(|effect| line.contains(effect));
            assert_eq!(effect, None, "{module}: {line}");
        }
    }
}
