//! The index, the speaker notes and the plans agree: every lesson is there, and its minutes add up.

use crate::markdown::Page;
use crate::shape::BLOCKS;
use crate::{LANGUAGES, lessons, none};

/// How long a class is, and how much of a day is for lessons, in minutes.
const CLASS: usize = 90;
const DAY: usize = 300;

/// Each language's index, and the headers of its table and of the plans'.
const INDEXES: [(&str, &str, [&str; 3]); 2] = [
    ("en", "lessons/README.md", ["Lesson", "Class", "Day"]),
    ("ru", "lessons/README.ru.md", ["Урок", "Занятие", "День"]),
];

/// The indexes and all notes.
pub fn pages() -> Vec<Page> {
    let indexes = INDEXES.map(|(_, path, _)| Page::read(path));
    let notes = LANGUAGES.into_iter().flat_map(|language| {
        let names = lessons(language).into_iter().map(|lesson| lesson.name());
        names.chain(["README".to_owned()]).map(move |name| notes(language, &name))
    });
    indexes.into_iter().chain(notes).collect()
}

fn notes(language: &str, name: &str) -> Page {
    Page::read(&format!("lessons/{language}/notes/{name}.md"))
}

/// The header of the notes' table.
fn header(language: &str) -> &'static str {
    if language == "en" { "Minutes" } else { "Минуты" }
}

/// What the notes of a lesson give its blocks, together.
pub fn minutes(language: &str, name: &str) -> usize {
    let page = notes(language, name);
    page.table(header(language)).iter().map(|(line, row)| number(&page, *line, row[0])).sum()
}

fn number(page: &Page, line: usize, cell: &str) -> usize {
    cell.parse().unwrap_or_else(|_| panic!("{}", page.at(line, format_args!("{cell}: no number"))))
}

#[test]
fn notes_give_minutes_to_every_block() {
    let mut complaints = Vec::new();
    for (column, language) in LANGUAGES.into_iter().enumerate() {
        for lesson in lessons(language) {
            let page = notes(language, &lesson.name());
            let rows = page.table(header(language));
            let blocks: Vec<_> = rows.iter().flat_map(|(_, row)| row[1].split(", ")).collect();
            if blocks != BLOCKS.map(|block| block[column]) {
                complaints.push(page.at(1, format_args!("the blocks are {blocks:?}")));
            }
            let twins = LANGUAGES.map(|language| minutes(language, &lesson.name()));
            if twins[0] != twins[1] {
                complaints.push(page.at(1, format_args!("{twins:?} minutes in the two languages")));
            }
        }
    }
    none(&complaints);
}

/// A page that begins with its minutes has those of its notes.
#[test]
fn the_first_lines_of_a_lesson_have_the_minutes_of_its_notes() {
    let mut complaints = Vec::new();
    for (language, minute) in LANGUAGES.into_iter().zip([" minutes", " минут"]) {
        for lesson in lessons(language) {
            let hook = lesson.page.blocks()[0].lines.join(" ");
            let noted = minutes(language, &lesson.name());
            if hook.contains(minute) && !hook.contains(&format!(" {noted}{minute}")) {
                complaints.push(lesson.page.at(1, format_args!("the notes have {noted}{minute}")));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_index_tells_of_every_lesson() {
    let mut complaints = Vec::new();
    for (language, path, [header, ..]) in INDEXES {
        let (page, lessons) = (Page::read(path), lessons(language));
        let rows = page.table(header);
        assert_eq!(rows.len(), lessons.len(), "{path} has not as many rows as there are lessons");
        for ((line, row), lesson) in rows.iter().zip(&lessons) {
            let (number_, name) = (lesson.number, lesson.name());
            let link = format!("]({language}/{name}.md)");
            if !row[0].starts_with(&format!("[{number_}. ")) || !row[0].ends_with(&link) {
                complaints.push(page.at(*line, format_args!("lesson {number_} belongs here")));
            }
            let noted = minutes(language, &name);
            if number(&page, *line, row[2]) != noted {
                complaints.push(page.at(*line, format_args!("the notes have {noted} minutes")));
            }
            let needs = row[3].split(", ").filter(|need| !need.is_empty());
            let needs: Vec<_> = needs.map(|need| number(&page, *line, need)).collect();
            if needs.iter().any(|need| *need >= number_) {
                complaints.push(page.at(*line, "a lesson needs earlier ones only"));
            }
        }
        let total: usize = rows.iter().map(|(line, row)| number(&page, *line, row[2])).sum();
        if !page.lines.iter().any(|line| line.contains(&format!(" {total}"))) {
            complaints.push(page.at(1, format_args!("the minutes are {total} in all")));
        }
    }
    none(&complaints);
}

/// The lessons in the plan of the classes.
pub fn planned(language: &str) -> Vec<usize> {
    let header = if language == "en" { "Class" } else { "Занятие" };
    let page = notes(language, "README");
    let rows = page.table(header).into_iter();
    let numbers = rows.flat_map(|(line, row)| {
        let cells: Vec<_> = row[1].split(", ").map(|cell| number(&page, line, cell)).collect();
        cells
    });
    numbers.collect()
}

/// A lesson that is in no plan is said to be so in the list of the notes: `lists.rs`.
#[test]
fn plans_hold_no_lesson_twice_and_no_more_than_their_time() {
    let mut complaints = Vec::new();
    for (language, _, [_, class, day]) in INDEXES {
        let (page, lessons) = (notes(language, "README"), lessons(language));
        for (header, limit, parts) in [(class, CLASS, 7), (day, DAY, 2)] {
            let rows = page.table(header);
            let mut planned = Vec::new();
            for (line, row) in &rows {
                let numbers: Vec<_> =
                    row[1].split(", ").map(|cell| number(&page, *line, cell)).collect();
                let there = lessons.iter().filter(|lesson| numbers.contains(&lesson.number));
                let takes: usize = there.map(|lesson| minutes(language, &lesson.name())).sum();
                if number(&page, *line, row[2]) != takes || takes > limit {
                    complaints.push(page.at(
                        *line,
                        format_args!("these lessons take {takes} minutes; {limit} are there"),
                    ));
                }
                planned.extend(numbers);
            }
            let known = |number| lessons.iter().any(|lesson| lesson.number == number);
            let is_plan = planned.is_sorted_by(|one, next| one < next)
                && planned.iter().all(|number| known(*number))
                && planned == self::planned(language);
            if !is_plan || rows.len() != parts {
                complaints.push(page.at(1, format_args!("{header}: {planned:?}")));
            }
        }
    }
    none(&complaints);
}
