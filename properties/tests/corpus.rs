//! Runs the fuzz targets on stable Rust and without a fuzzer: each over its corpus, once.

use std::fs;
use std::path::{Path, PathBuf};

use ws101_properties::TARGETS;

/// The size to which each input is repeated, in bytes: a parser that takes the square of the time
/// takes minutes here, not a moment.
const LONG: usize = 1024 * 1024;

fn fuzz(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_input_of_every_corpus_passes() {
    for (name, target) in TARGETS {
        let files = fuzz(&format!("corpus/{name}"));
        assert!(!files.is_empty(), "no input for {name}");
        for file in files {
            println!("{}", file.display());
            let bytes = fs::read(&file).unwrap();
            target(&bytes);
            target(&bytes.repeat(LONG / bytes.len().max(1)));
        }
    }
}

/// `cargo test` does not compile the files for the fuzzer, since libFuzzer is built from C++. So each
/// is one call of a function of [`TARGETS`], and this test compares names.
#[test]
fn each_target_has_a_file_for_the_fuzzer_and_a_corpus() {
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let names = TARGETS.map(|(name, _)| name);
    for folder in ["fuzz_targets", "corpus"] {
        assert_eq!(fuzz(folder).iter().map(stem).collect::<Vec<_>>(), names, "fuzz/{folder}");
    }
    let manifest = include_str!("../../fuzz/Cargo.toml");
    let list = include_str!("../src/lib.rs");
    for (name, file) in names.iter().zip(fuzz("fuzz_targets")) {
        let bin = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&bin), "fuzz/Cargo.toml has no [[bin]] for {name}");
        let text = fs::read_to_string(file).unwrap();
        let called =
            text.split_once("ws101_properties::").and_then(|(_, call)| call.split_once('('));
        let (function, _) = called.unwrap_or_else(|| panic!("{name} calls no target"));
        let row = format!("(\"{name}\", {function}),");
        assert!(
            list.contains(&row),
            "fuzz_targets/{name}.rs calls {function}, which is another target"
        );
    }
}
