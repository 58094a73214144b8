//! The lists of lessons and of settings. Those of lessons are made from the names and the words of
//! the lessons' own pages, those of settings from the table in the code.
//!
//! ```text
//! <!-- list: NAME -->                    what `NAME` is made of stands beside it in `list`;
//! a table or a list                      the header of a table is kept as it is
//! <!-- /list -->
//! ```
//!
//! A lesson's notes say what belongs into the lists: what one learns, which lessons it needs, and
//! its idea. So a new lesson needs no line in any list.

use ws101::program::{VARIABLES, Variable};

use crate::markdown::Page;
use crate::minutes::{minutes, planned};
use crate::{LANGUAGES, Lesson, lessons};

/// What the notes call the words of the lists, in each language: learn, needs, idea, in no plan.
const WORDS: [[&str; 4]; 2] =
    [["Learn", "Needs", "Idea", ", in no plan"], ["Учим", "После", "Суть", ", ни в одном плане"]];

/// The lines of a list as they should be, given the lines of today.
pub fn list(name: &str, path: &str, today: &[String]) -> Result<Vec<String>, String> {
    let column = usize::from(path.contains("/ru/") || path.ends_with(".ru.md"));
    let language = LANGUAGES[column];
    let words = WORDS[column];
    let lessons = lessons(language);
    let rows: Vec<_> = match name {
        "ladder" => {
            lessons.iter().map(|one| ladder(one, &notes(language, one, words[2]))).collect()
        }
        "index" => lessons.iter().map(|one| index(language, words, one)).collect(),
        "notes" => {
            let planned = planned(language);
            let row = |one: &Lesson| {
                let unplanned = if planned.contains(&one.number) { "" } else { words[3] };
                format!("- [{}]({}.md){unplanned}", title(one), one.name())
            };
            return Ok(lessons.iter().map(row).collect());
        }
        "minutes" => {
            let total: usize = lessons.iter().map(|one| minutes(language, &one.name())).sum();
            return Ok(today.iter().map(|line| with_number(line, total)).collect());
        }
        "settings" => VARIABLES.iter().map(|one| setting(one, language)).collect(),
        _ => return Err("the lists are ladder, index, notes, minutes and settings".to_owned()),
    };
    let header = today.get(..2).ok_or("a table begins with its header")?;
    Ok(header.iter().cloned().chain(rows).collect())
}

fn ladder(lesson: &Lesson, idea: &str) -> String {
    let (number, example, name) = (lesson.number, &lesson.example, lesson.name());
    let pages = LANGUAGES.map(|language| format!("[{language}](lessons/{language}/{name}.md)"));
    format!("| {number} | [`{example}`](examples/{example}.rs) | {idea} | {} |", pages.join(" · "))
}

fn index(language: &str, words: [&str; 4], lesson: &Lesson) -> String {
    let [learn, needs, ..] = words.map(|word| notes(language, lesson, word));
    let name = lesson.name();
    let takes = minutes(language, &name);
    format!("| [{}]({language}/{name}.md) | {learn} | {takes} | {needs} |", title(lesson))
}

fn setting(variable: &Variable, language: &str) -> String {
    let Variable { name, default, examples, .. } = variable;
    let default = if default.is_empty() { String::new() } else { format!(" `{default}`") };
    let sets = if language == "ru" { variable.russian } else { variable.english };
    format!("| `{name}` |{default} | {examples} | {sets} |")
}

/// `5. Broadcast`, of `# 5. Broadcast: everyone hears, you too`.
fn title(lesson: &Lesson) -> String {
    let heading = lesson.page.headings(1).first().copied().unwrap_or_default();
    match heading.split_once(':') {
        Some((title, _)) => title.to_owned(),
        None => heading.split_inclusive('?').next().unwrap_or_default().to_owned(),
    }
}

/// What stands behind `- **word:**` in a lesson's notes.
fn notes(language: &str, lesson: &Lesson, word: &str) -> String {
    let page = Page::read(&format!("lessons/{language}/notes/{}.md", lesson.name()));
    let front = format!("- **{word}:**");
    let found = page.lines.iter().find_map(|line| line.strip_prefix(&front));
    found.map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// The line with this number in the place of its own.
fn with_number(line: &str, number: usize) -> String {
    let digits = |c: char| c.is_ascii_digit();
    let Some(start) = line.find(digits) else { return line.to_owned() };
    let end = line[start..].find(|c| !digits(c)).map_or(line.len(), |length| start + length);
    format!("{}{number}{}", &line[..start], &line[end..])
}

/// Every lesson says what the lists need.
#[test]
fn notes_say_what_belongs_into_the_lists() {
    for (language, words) in LANGUAGES.into_iter().zip(WORDS) {
        for lesson in lessons(language) {
            for word in [words[0], words[2]] {
                let said = notes(language, &lesson, word);
                assert!(!said.is_empty(), "{language}: the notes of {} lack {word}", lesson.name());
            }
        }
    }
}
