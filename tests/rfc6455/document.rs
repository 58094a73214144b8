//! `docs/rfc6455.md`: the cases as a table, and the table as it is in the file.

use std::fmt::Write;
use std::fs;

use crate::case::Case;
use crate::target::{TARGETS, Target};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rfc6455.md");

const HEAD: &str = "\
# RFC 6455, rule by rule

`just sync` writes this page from the cases in `tests/rfc6455/`. `cargo test --test rfc6455` plays
them over real sockets. Each case is named after its section. A number in a cell refers to a known
exception, listed below the table. Exceptions are played too: a test fails when one no longer holds.

";

/// One row for all cases of one rule that end alike in all targets.
fn document(cases: &[Case]) -> String {
    let mut reasons = Vec::new();
    let mut rows: Vec<(Vec<u8>, String, String, Vec<String>)> = Vec::new();
    for case in cases {
        let section = case.section();
        let order = section.split('.').filter_map(|number| number.parse().ok()).collect();
        let rule = format!("{section} | {}", case.rule);
        let marks = TARGETS.map(|target| mark(case, target, &mut reasons)).join(" | ");
        let name = format!("`{}`", case.name);
        match rows.iter_mut().find(|(_, other, ends, _)| *other == rule && *ends == marks) {
            Some((.., names)) => names.push(name),
            None => rows.push((order, rule, marks, vec![name])),
        }
    }
    rows.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let targets = TARGETS.map(|target| format!("`{target}`")).join(" | ");
    let mut text = format!("{HEAD}| § | Rule | {targets} | Cases |\n");
    text += "| --- | --- | --- | --- | --- | --- |\n";
    for (_, rule, marks, names) in rows {
        writeln!(text, "| {rule} | {marks} | {} |", names.join(" ")).unwrap();
    }
    text += "\nKnown exceptions:\n\n";
    for (number, reason) in (1..).zip(reasons) {
        writeln!(text, "{number}. {reason}.").unwrap();
    }
    text
}

/// What a target makes of a case; an exception is numbered by its reason.
fn mark(case: &Case, target: Target, reasons: &mut Vec<&'static str>) -> String {
    if let Some(known) = case.exceptions.iter().find(|known| known.target == target) {
        let at = reasons.iter().position(|reason| *reason == known.reason);
        let at = at.unwrap_or(reasons.len());
        if at == reasons.len() {
            reasons.push(known.reason);
        }
        return format!("no ({})", at + 1);
    }
    if case.targets.contains(&target) { "yes" } else { "–" }.to_owned()
}

#[test]
fn the_table_is_that_of_the_cases() {
    let fresh = document(&crate::cases());
    if std::env::var_os("UPDATE_EXCERPTS").is_some() {
        fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        fs::write(FILE, fresh).unwrap();
        return;
    }
    let written = fs::read_to_string(FILE).unwrap_or_default().replace("\r\n", "\n");
    let mut lines = written.lines().zip(fresh.lines()).enumerate();
    if let Some((at, (is, wanted))) = lines.find(|(_, (is, wanted))| is != wanted) {
        panic!("docs/rfc6455.md:{}: `just sync` renews it\n  is    {is}\n  cases {wanted}", at + 1);
    }
    assert_eq!(written.len(), fresh.len(), "docs/rfc6455.md: `just sync` renews it");
}
