//! Quoted code and quoted transcripts are what they quote, line for line.
//!
//! ```text
//! <!-- code: FILE: FIRST .. LAST -->     the lines of FILE from the first that contains FIRST
//! a fenced block                         to the next that ends with LAST; without `.. LAST` it is
//! <!-- /code -->                         one line. A LAST of `}` closes the block of FIRST
//!
//! <!-- wire: SNAPSHOT#STEP -->           a step of a snapshot below tests/, named as its file
//! a fenced block                         without `.snap`, the step as behind `== ` or `# `;
//! <!-- /wire -->                         without `#STEP` it is all of it
//! ```
//!
//! Code is moved to the left margin. `UPDATE_EXCERPTS=1` writes the pages anew.

use std::fs;

use crate::lists::list;
use crate::{below, none, pages, read, root};

#[test]
fn every_excerpt_is_verbatim() {
    let update = std::env::var_os("UPDATE_EXCERPTS").is_some();
    let mut complaints = Vec::new();
    for page in pages() {
        let (fresh, broken) = refreshed(&page.path, &page.lines);
        complaints.extend(broken.into_iter().map(|(line, why)| page.at(line, why)));
        if update {
            if fresh != page.lines {
                fs::write(root().join(&page.path), fresh.join("\n") + "\n").unwrap();
            }
        } else if let Some(at) = (0..).zip(&page.lines).find(|(at, l)| fresh.get(*at) != Some(l)) {
            let now = fresh.get(at.0).map_or("nothing", String::as_str);
            let why = "this excerpt is out of date, `just sync` renews it";
            complaints
                .push(page.at(at.0 + 1, format_args!("{why}\n  is     {}\n  source {now}", at.1)));
        } else if fresh.len() != page.lines.len() {
            complaints.push(page.at(page.lines.len(), "an excerpt is out of date: `just sync`"));
        }
    }
    none(&complaints);
}

/// The page with its excerpts as they should be, and the marks that cannot be followed.
fn refreshed(path: &str, lines: &[String]) -> (Vec<String>, Vec<(usize, String)>) {
    let (mut fresh, mut broken) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        fresh.push(line.clone());
        at += 1;
        if let Some(name) =
            line.strip_prefix("<!-- list: ").and_then(|rest| rest.strip_suffix(" -->"))
        {
            let end = lines[at..].iter().position(|line| line == "<!-- /list -->");
            let today = &lines[at..at + end.unwrap_or_default()];
            match end.ok_or("no <!-- /list -->".to_owned()).and_then(|_| list(name, path, today)) {
                Ok(list) => fresh.extend(list),
                Err(why) => {
                    broken.push((at, why));
                    fresh.extend(today.iter().cloned());
                }
            }
            at += today.len();
            continue;
        }
        let Some((kind, spec)) = mark(line) else {
            if line.starts_with("<!--")
                && !line.starts_with("<!-- block: ")
                && line != "<!-- /list -->"
            {
                let marks = "a comment that is no mark: code:, wire:, list: or block:";
                broken.push((at, marks.to_owned()));
            }
            continue;
        };
        let end = lines[at..].iter().position(|line| *line == format!("<!-- /{kind} -->"));
        let fenced = lines.get(at).is_some_and(|line| line.starts_with("```"));
        let Some(end) = end.map(|end| at + end).filter(|end| fenced && lines[end - 1] == "```")
        else {
            broken.push((at, format!("a mark is followed by a fenced block and <!-- /{kind} -->")));
            continue;
        };
        fresh.push(lines[at].clone());
        match if kind == "code" { code(spec) } else { wire(spec) } {
            Ok(quoted) => fresh.extend(quoted),
            Err(why) => {
                broken.push((at, why));
                fresh.extend(lines[at + 1..end - 1].iter().cloned());
            }
        }
        fresh.extend(lines[end - 1..=end].iter().cloned());
        at = end + 1;
    }
    (fresh, broken)
}

fn mark(line: &str) -> Option<(&'static str, &str)> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    ["code", "wire"]
        .into_iter()
        .find_map(|kind| Some((kind, inside.strip_prefix(kind)?.strip_prefix(": ")?)))
}

#[test]
fn code_is_quoted_not_copied() {
    let mut complaints = Vec::new();
    for page in pages() {
        let copied = page.fences().into_iter().filter(|f| f.info == "rust" && !f.marked);
        complaints
            .extend(copied.map(|fence| page.at(fence.line, "a mark says where this is from")));
    }
    none(&complaints);
}

/// `FILE: FIRST .. LAST`
fn code(spec: &str) -> Result<Vec<String>, String> {
    let (file, range) = spec.split_once(": ").ok_or("wanted: code: FILE: FIRST .. LAST")?;
    let (first, last) = range.split_once(" .. ").unwrap_or((range, ""));
    let text = fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
    let lines: Vec<_> = text.lines().collect();
    let start = lines.iter().position(|line| line.contains(first));
    let start = start.ok_or_else(|| format!("{file} has no line with `{first}`"))?;
    let indent = lines[start].len() - lines[start].trim_start().len();
    let closing = format!("{:indent$}}}", "");
    let is_end = |line: &&str| if last == "}" { **line == closing } else { line.ends_with(last) };
    let end = lines[start..].iter().position(is_end);
    let end = end.ok_or_else(|| format!("{file}: no line ends with `{last}` after `{first}`"))?;
    let quoted = &lines[start..=start + end];
    Ok(quoted.iter().map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect())
}

/// `SNAPSHOT#STEP`
fn wire(spec: &str) -> Result<Vec<String>, String> {
    let (name, step) = spec.split_once('#').map_or((spec, None), |(name, step)| (name, Some(step)));
    let file = format!("{name}.snap");
    let mut files = below(root().join("tests"));
    files.extend(below(root().join("docs/testing/tests")));
    files.retain(|path| path.file_name().is_some_and(|found| *found == *file));
    let [path] = &files[..] else {
        return Err(format!("{} files below tests/ are called {file}", files.len()));
    };
    let text = read(path.to_str().unwrap());
    // Behind insta's own head, which is between two lines of `---`.
    let body = text.lines().skip_while(|line| *line != "---").skip(1);
    let mut lines: Vec<_> = body.skip_while(|line| *line != "---").skip(1).collect();
    if let Some(step) = step {
        let title = |line: &str| {
            line.strip_prefix("== ").or_else(|| line.strip_prefix("# ")).map(str::to_owned)
        };
        let start = lines.iter().position(|line| title(line).is_some_and(|title| title == step));
        let start = start.ok_or_else(|| format!("{file} has no step `{step}`"))?;
        lines.drain(..=start);
        lines.truncate(lines.iter().position(|l| title(l).is_some()).unwrap_or(lines.len()));
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    Ok(lines.into_iter().map(str::to_owned).collect())
}
