//! The list of checks in `tests/checks.md` names tests that there are, and every check.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CHECKS: usize = 72;
const THREATS: usize = 34;

#[test]
fn every_check_names_its_tests_or_what_is_missing() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = fs::read_to_string(tests.join("checks.md")).unwrap();
    let mut numbers = BTreeSet::new();
    for row in list.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let [_, number, _, held, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        if !number.starts_with(|first: char| first.is_ascii_digit() || first == 'S') {
            continue;
        }
        assert!(numbers.insert(number), "twice: {row}");
        let named: Vec<_> = held.split('`').filter_map(|name| name.split_once("::")).collect();
        assert!(!named.is_empty() || held.starts_with("none: "), "{row}");
        for (file, test) in named {
            let text = fs::read_to_string(tests.join(file));
            let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {test}()")), "no {test} in {file}");
        }
    }
    let wanted = (1..=CHECKS).map(|check| check.to_string());
    let wanted: BTreeSet<_> =
        wanted.chain((1..=THREATS).map(|threat| format!("S{threat}"))).collect();
    assert_eq!(numbers, wanted.iter().map(String::as_str).collect());
}
