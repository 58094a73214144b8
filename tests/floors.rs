//! Holds the architecture: a module uses only the floors below its own, no files use one another in a
//! circle, every public asynchronous function tells whether it is cancel safe, and only printers print.

#[path = "floors/cancelling.rs"]
mod cancelling;
#[path = "floors/circles.rs"]
mod circles;
#[path = "floors/names.rs"]
mod names;
#[path = "floors/printing.rs"]
mod printing;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use circles::Crate;

/// The floors from the lowest up: bytes, streams, pieces, talk, servers, rooms. Every module of
/// `src/` must be in this list.
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
        "broker",
        "client",
        "crowd",
        "echo",
        "close",
        "fault",
        "heartbeat",
        "history",
        "page",
        "shutdown",
        "stats",
        "upgrade",
    ],
    &["proxy", "room", "session", "settings", "transcript"],
    &["scenario", "server"],
    &["chat", "doctor", "endpoint", "program"],
];

/// The files that write to standard output or error. All others print through them.
const PRINTERS: [&str; 3] = [
    "src/log.rs",
    "cli/src/output.rs",
    // The guard tells the command with one byte that it is ready.
    "cli/src/guard.rs",
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

/// The modules of this crate that a file names in its code. Comments do not count.
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
        // A method that is named `exit` ends no process, as that of a tracing subscriber.
        let is_code =
            |line: &&str| !line.trim_start().starts_with("//") && !line.contains("fn exit(");
        for line in text.lines().filter(is_code).filter(|_| module != "program") {
            let effect = effects.into_iter().find(|effect| line.contains(effect));
            assert_eq!(effect, None, "{module}: {line}");
        }
    }
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    let mut wrong = Vec::new();
    for directory in ["src", "cli/src"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let files = sources(&root).into_iter().map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&file).unwrap())
        });
        let files: Vec<_> = files.collect();
        let files = Crate::of(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        for circle in files.circles() {
            wrong.push(format!("a circle in {directory}:\n{}", files.explained(&circle)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_public_async_function_tells_whether_it_is_cancel_safe() {
    let mut silent = BTreeMap::new();
    let modules = modules();
    for (module, text) in &modules {
        let functions = cancelling::undocumented(text);
        if !functions.is_empty() {
            silent.entry(module.as_str()).or_insert_with(Vec::new).extend(functions);
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn only_the_printers_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in ["src", "examples", "cli/src"].iter().flat_map(|folder| sources(&root.join(folder)))
    {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let is_source = file.extension().is_some_and(|extension| extension == "rs");
        if is_source && !PRINTERS.contains(&&*name) {
            let text = fs::read_to_string(&file).unwrap();
            found.extend(printing::raw(&text).iter().map(|line| format!("{name}, {line}")));
        }
    }
    assert!(found.is_empty(), "print with `log!`, in the command with `print_lines!`: {found:#?}");
}
