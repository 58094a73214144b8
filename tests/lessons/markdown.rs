//! As much Markdown as the pages use.

use crate::read;

/// One page, as lines.
pub struct Page {
    pub path: String,
    pub lines: Vec<String>,
}

/// A fenced block: ```` ```info ````.
pub struct Fence<'p> {
    /// Where its first line is, counted from 1.
    pub line: usize,
    pub info: &'p str,
    pub body: Vec<&'p str>,
    /// Whether a mark stands over it, so that it is an excerpt.
    pub marked: bool,
}

/// A heading of level two and what stands below it; first of all, what stands above the first.
pub struct Block {
    /// Where its heading is, counted from 1.
    pub line: usize,
    pub lines: Vec<String>,
}

impl Page {
    pub fn read(path: &str) -> Self {
        Self { path: path.into(), lines: read(path).lines().map(str::to_owned).collect() }
    }

    /// A complaint about a line of this page, counted from 1, under the heading it stands below.
    pub fn at(&self, line: usize, complaint: impl std::fmt::Display) -> String {
        let above = self.prose().into_iter().take_while(|(at, _)| *at <= line);
        let heading = above.filter_map(|(_, line)| line.strip_prefix("## ")).last();
        let heading = heading.map(|heading| format!("{heading}: ")).unwrap_or_default();
        format!("{}:{line}: {heading}{complaint}", self.path)
    }

    pub fn fences(&self) -> Vec<Fence<'_>> {
        let mut found = Vec::new();
        let mut open: Option<Fence<'_>> = None;
        let mut marked = false;
        for (at, line) in (1..).zip(&self.lines) {
            match (line.strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    open = Some(Fence { line: at + 1, info, body: Vec::new(), marked });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (None, Some(fence)) => fence.body.push(line),
                (None, None) => {}
            }
            marked = line.starts_with("<!--");
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path);
        found
    }

    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![Block { line: 1, lines: Vec::new() }];
        let headings: Vec<_> =
            self.prose().into_iter().filter(|(_, l)| l.starts_with("## ")).collect();
        for (at, line) in (1..).zip(&self.lines) {
            if headings.iter().any(|(heading, _)| *heading == at) {
                blocks.push(Block { line: at, lines: Vec::new() });
            }
            blocks.last_mut().expect("there is a first").lines.push(line.clone());
        }
        blocks
    }

    /// The lines that are neither in a fence nor a comment, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut fenced = false;
        let outside = (1..).zip(&self.lines).filter(|(_, line)| {
            let fence = line.starts_with("```");
            fenced ^= fence;
            !fence && !fenced && !line.starts_with("<!--")
        });
        outside.map(|(at, line)| (at, line.as_str())).collect()
    }

    /// The headings of `level`, without their marks.
    pub fn headings(&self, level: usize) -> Vec<&str> {
        let marks = "#".repeat(level) + " ";
        self.prose().into_iter().filter_map(|(_, line)| line.strip_prefix(&marks)).collect()
    }

    /// What is written as code: the lines of fences, and the spans between backticks.
    pub fn code(&self) -> Vec<(usize, &str)> {
        let fenced = self.fences().into_iter().flat_map(|fence| (fence.line..).zip(fence.body));
        let spans = self
            .prose()
            .into_iter()
            .flat_map(|(at, line)| line.split('`').skip(1).step_by(2).map(move |span| (at, span)));
        fenced.chain(spans).collect()
    }

    /// The targets of `[text](target)` and `![text](target)`.
    pub fn links(&self) -> Vec<(usize, &str)> {
        let lines = self.prose().into_iter();
        lines
            .flat_map(|(at, line)| {
                let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
                targets.map(move |(target, _)| (at, target))
            })
            .collect()
    }

    /// The cells of a table's rows, and the numbers of their lines, where `header` is the first header.
    pub fn table(&self, header: &str) -> Vec<(usize, Vec<&str>)> {
        self.tables(header).into_iter().next().unwrap_or_default()
    }

    /// The rows of each table whose first header is `header`.
    pub fn tables(&self, header: &str) -> Vec<Vec<(usize, Vec<&str>)>> {
        let rows = self.prose().into_iter().map(|(at, line)| {
            let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
            (at, cells.map(|cells| cells.split('|').map(str::trim).collect::<Vec<_>>()))
        });
        let rows: Vec<_> = rows.collect();
        let blocks = rows.split(|(_, cells)| cells.is_none());
        let blocks = blocks.map(|block| {
            block.iter().filter_map(|(at, cells)| Some((*at, cells.clone()?))).collect::<Vec<_>>()
        });
        let blocks = blocks.filter(|block| block.first().is_some_and(|(_, row)| row[0] == header));
        blocks.map(|mut block| block.split_off(block.len().min(2))).collect()
    }

    /// Prose as a reader meets it: paragraphs, list items and cells, code spans being one word each.
    pub fn paragraphs(&self) -> Vec<(usize, String)> {
        let mut found: Vec<(usize, String)> = Vec::new();
        let mut goes_on = false;
        for (at, line) in self.prose() {
            let text = line.trim_start_matches(['-', '>', ' ']);
            let begins = text.is_empty() || line.starts_with(['-', '#', '|', '>']);
            match found.last_mut() {
                Some((_, paragraph)) if goes_on && !begins => {
                    *paragraph += " ";
                    *paragraph += text;
                }
                _ => found.push((at, text.to_owned())),
            }
            goes_on = !text.is_empty() && !line.starts_with(['#', '|']);
        }
        for (_, paragraph) in &mut found {
            *paragraph = plain(paragraph);
        }
        found
    }
}

/// Without code, link targets and marks.
fn plain(text: &str) -> String {
    let code = text.split('`').enumerate();
    let text: String = code.map(|(at, part)| if at % 2 == 1 { "code" } else { part }).collect();
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    rest.fold(first, |text, part| text + part).replace(['[', ']', '*', '|', '#'], " ")
}
