//! Which names a Rust file uses, read from its text: imports and paths.

use std::collections::BTreeSet;

/// One name that a `use` brings in.
#[derive(Debug)]
pub struct Import {
    /// The name in this file: the last part of the path or the one after `as`; `*` for all.
    pub name: String,
    pub path: Vec<String>,
}

/// The code of a file, without comments, texts, characters and what stands behind `#[cfg(test)]`.
pub fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = skip(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    without_tests(&code)
}

/// The bytes of the comment, text or character that `rest` begins with; 0 if it begins with code.
fn skip(rest: &str, before: Option<char>) -> usize {
    let after = |start: usize, end: &str| {
        rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return after(2, "*/");
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    let fences = rest.strip_prefix('r').map_or(0, |r| r.len() - r.trim_start_matches('#').len());
    if rest.starts_with('r') && rest[1 + fences..].starts_with('"') && !before.is_some_and(is_word)
    {
        return after(2 + fences, &format!("\"{}", "#".repeat(fences)));
    }
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) | (Some('\''), _, Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

/// The bytes of a quotation that `rest` begins with, its quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

fn without_tests(code: &str) -> String {
    let mut parts = code.split("#[cfg(test)]");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + after_item(part))
}

/// What follows the first item of some code: the next `;`, or the block that begins before it.
fn after_item(code: &str) -> &str {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, ';' | '}') {
            return &code[at + 1..];
        }
    }
    ""
}

/// Takes the imports out of some code.
pub fn imports(code: &mut String) -> Vec<Import> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = code[from..].find("use ").map(|at| from + at) {
        from = at + "use ".len();
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let end = code[at..].find(';').map_or(code.len(), |end| at + end);
        collect(&[], &code[from..end], &mut found);
        code.replace_range(at..end, "");
        from = at;
    }
    found
}

/// The names of `a::{b, c::{self, d as e}}`.
fn collect(base: &[String], tree: &str, found: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some((path, list)) = tree.split_once('{') {
        let base = [base, &split(path)].concat();
        let list = list.strip_suffix('}').unwrap_or(list);
        for part in branches(list) {
            // A list on several lines ends with a comma.
            if !part.trim().is_empty() {
                collect(&base, part, found);
            }
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(p, a)| (p, Some(a.trim())));
    let mut path = [base, &split(path)].concat();
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        let name = alias.map_or(last, str::to_owned);
        path.retain(|part| part != "*");
        found.push(Import { name, path });
    }
}

/// The parts of a list between its outermost commas.
fn branches(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    list.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn split(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The paths of two parts and more in some code: `["super", "log", "Log"]`.
pub fn paths(code: &str) -> impl Iterator<Item = Vec<String>> {
    let runs = code.split(|c| !is_word(c) && c != ':');
    runs.filter(|run| run.contains("::")).map(split)
}

/// Every word in some code.
pub fn words(code: &str) -> BTreeSet<&str> {
    code.split(|c| !is_word(c)).collect()
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
