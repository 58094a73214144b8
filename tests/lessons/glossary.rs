//! One word for one thing, in each language, and none before the lesson that explains it.
//!
//! The glossaries are tables: the word, its English twin where it has another
//! one, the number of its lesson, what it is. In its lesson a word is bold.

use crate::markdown::Page;
use crate::{lessons, none, pages};

/// Each language's glossary, and where in a row the number of the lesson stands.
pub const GLOSSARIES: [(&str, &str, &str, usize); 2] =
    [("en", "lessons/GLOSSARY.md", "Word", 1), ("ru", "lessons/GLOSSARY.ru.md", "Слово", 2)];

/// Words that others use for what has a name here.
const RIVALS: &[(&str, &str)] = &[
    ("фрейм", "кадр"),
    ("хендшейк", "рукопожатие"),
    ("бродкаст", "рассылка"),
    ("хартбит", "проверка связи"),
    ("пинг", "ping"),
    ("понг", "pong"),
    ("опкод", "код операции"),
];

/// How many letters a word may have after its stem: `кадр`, `кадрами`.
const ENDING: usize = 3;

struct Entry {
    line: usize,
    word: String,
    english: String,
    lesson: usize,
}

fn entries(page: &Page, header: &str, column: usize) -> Vec<Entry> {
    let rows = page.table(header).into_iter();
    rows.map(|(line, row)| Entry {
        line,
        word: row[0].to_owned(),
        english: row[column - 1].to_owned(),
        lesson: row[column].parse().unwrap_or_else(|_| panic!("{}", page.at(line, "no lesson"))),
    })
    .collect()
}

/// A word or a few, without the endings that a language gives them.
fn stems(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let ends = |char: char| "aeiouyаеёийоуыьэюя".contains(char);
    let stem = |word: &str| match word.to_lowercase() {
        short if short.chars().count() < 4 => short,
        long => long.trim_end_matches(ends).to_owned(),
    };
    words.map(stem).collect()
}

/// Whether `text` has the words of these stems, side by side.
fn has(text: &str, stems: &[String]) -> bool {
    let lower = text.to_lowercase();
    let words = lower.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<_> = words.collect();
    words.windows(stems.len()).any(|window| {
        window.iter().zip(stems).all(|(word, stem)| {
            let ending = word.strip_prefix(stem.as_str()).map(|ending| ending.chars().count());
            ending.is_some_and(|ending| ending <= ENDING)
        })
    })
}

/// What is bold in a page.
fn bold(page: &Page) -> Vec<&str> {
    let prose = page.prose().into_iter();
    prose.flat_map(|(_, line)| line.split("**").skip(1).step_by(2)).collect()
}

/// The page without the names of other pages: to say what a lesson is called is not to use its words.
fn without_titles(page: &Page) -> Page {
    let lines = page.lines.iter().map(|line| {
        let mut parts = line.split("](");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let (target, rest) = part.split_once(')').unwrap_or(("", part));
            let title = text.rfind('[').filter(|_| target.contains(".md"));
            text[..title.unwrap_or(text.len())].to_owned() + rest
        })
    });
    Page { path: page.path.clone(), lines: lines.collect() }
}

#[test]
fn every_word_is_explained_before_it_is_used() {
    let mut complaints = Vec::new();
    for (language, path, header, column) in GLOSSARIES {
        let (glossary, lessons) = (Page::read(path), lessons(language));
        for Entry { line, word, lesson, .. } in entries(&glossary, header, column) {
            let stems = stems(&word);
            let explains = lessons.iter().find(|one| one.number == lesson);
            if !explains.is_some_and(|one| bold(&one.page).iter().any(|text| has(text, &stems))) {
                let why = format_args!("lesson {lesson} does not introduce **{word}**");
                complaints.push(glossary.at(line, why));
            }
            for early in lessons.iter().filter(|one| one.number < lesson) {
                let used = without_titles(&early.page)
                    .paragraphs()
                    .into_iter()
                    .filter(|(_, text)| has(text, &stems));
                complaints.extend(used.map(|(at, _)| {
                    early.page.at(at, format_args!("`{word}` is explained in lesson {lesson} only"))
                }));
            }
        }
    }
    none(&complaints);
}

#[test]
fn both_glossaries_have_the_same_words() {
    let [english, russian] = GLOSSARIES.map(|(_, path, header, column)| {
        let entries = entries(&Page::read(path), header, column);
        entries.into_iter().map(|entry| (entry.english, entry.lesson)).collect::<Vec<_>>()
    });
    assert_eq!(english, russian);
    assert!(
        english.is_sorted_by_key(|(_, lesson)| *lesson),
        "the words stand in the lessons' order"
    );
}

#[test]
fn one_thing_has_one_name() {
    let mut complaints = Vec::new();
    for page in pages() {
        for (at, text) in page.paragraphs() {
            // In quotation marks it is named once, for readers who know it by this word.
            let used = |rival: &str| has(&text.replace(&format!("«{rival}»"), ""), &stems(rival));
            let rivals = RIVALS.iter().filter(|(rival, _)| used(rival));
            complaints.extend(
                rivals.map(|(rival, ours)| page.at(at, format_args!("{rival}: say {ours}"))),
            );
        }
    }
    none(&complaints);
}
