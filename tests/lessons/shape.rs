//! The lessons look alike: the same files, the same blocks, few words, in each language.

use crate::markdown::Page;
use crate::names::{anchors, is_setting};
use crate::{LANGUAGES, lessons, none, read, root};

/// What a lesson is made of, after its title and the sentence that says what one will see.
pub const BLOCKS: [[&str; 2]; 12] = [
    ["Run it", "Запустите"],
    ["Who talks", "Кто с кем говорит"],
    ["The idea", "Идея"],
    ["The code", "Код"],
    ["On the wire", "Что идёт по сети"],
    ["Try", "Попробуйте"],
    ["The trap", "Ловушка"],
    ["Exercise", "Упражнение"],
    ["Check", "Проверка"],
    ["Hints", "Подсказки"],
    ["Quiz", "Вопросы"],
    ["Further", "Дальше"],
];

/// How many words a lesson may have, its code apart, and its quiz: that is a game after the lesson.
const WORDS: usize = 900;

/// How many words a sentence may have.
const SENTENCE: usize = 20;

/// From a nudge to almost the answer.
const HINTS: usize = 3;

/// The claims in a quiz: what people believe, right or wrong.
const QUESTIONS: usize = 3;

/// Words that make a learner feel slow, as whole words.
const SCORN: &[&str] = &[
    "simply",
    "simple",
    "just",
    "easy",
    "easily",
    "obviously",
    "merely",
    "trivial",
    "просто",
    "легко",
    "очевидно",
    "элементарно",
    "всего лишь",
];

#[test]
fn every_lesson_has_its_example() {
    for lesson in lessons(LANGUAGES[0]) {
        let example = format!("examples/{}.rs", lesson.example);
        assert!(root().join(&example).exists(), "{} has no {example}", lesson.page.path);
    }
}

#[test]
fn every_lesson_is_there_in_both_languages() {
    let [first, second] = LANGUAGES.map(|language| {
        let names = lessons(language).into_iter();
        names.map(|lesson| lesson.name()).collect::<Vec<_>>()
    });
    assert_eq!(first, second);
}

#[test]
fn every_lesson_has_the_same_blocks() {
    let mut complaints = Vec::new();
    for (column, language) in LANGUAGES.into_iter().enumerate() {
        for lesson in lessons(language) {
            let number = format!("{}. ", lesson.number);
            let titles = lesson.page.headings(1);
            if titles.len() != 1 || !titles[0].starts_with(&number) {
                complaints
                    .push(lesson.page.at(1, format_args!("the title begins with `# {number}`")));
            }
            let (blocks, wanted) = (lesson.page.headings(2), BLOCKS.map(|block| block[column]));
            if blocks != wanted {
                complaints.push(
                    lesson.page.at(1, format_args!("\n  has   {blocks:?}\n  wants {wanted:?}")),
                );
            }
        }
    }
    none(&complaints);
}

/// Checks numbered `N.1`, `N.2`, …, the command that judges them, and hints. Lesson 0 is judged by eye.
#[test]
fn every_exercise_can_be_checked() {
    let mut complaints = Vec::new();
    for lesson in LANGUAGES.into_iter().flat_map(lessons) {
        let (page, number) = (&lesson.page, lesson.number);
        let blocks = page.blocks();
        // Where one is missing, another test says so.
        let Some([exercise, check, hints, quiz]) = blocks.get(8..12) else { continue };
        let rows = exercise.lines.iter().filter_map(|line| {
            let cell = line.strip_prefix("| ")?.split(' ').next()?;
            cell.starts_with(|char: char| char.is_ascii_digit()).then_some(cell)
        });
        let rows: Vec<_> = rows.collect();
        let wanted: Vec<_> = (1..=rows.len()).map(|row| format!("{number}.{row}")).collect();
        if rows.is_empty() || rows != wanted {
            complaints.push(page.at(exercise.line, format_args!("the checks are {rows:?}")));
        }
        let command = format!("-- check {number} ");
        if number > 0 && !check.lines.iter().any(|line| line.contains(&command)) {
            complaints.push(page.at(check.line, format_args!("nothing says `{command}`")));
        }
        for (block, kind, wanted) in [(hints, "hints", HINTS), (quiz, "questions", QUESTIONS)] {
            let given = block.lines.iter().filter(|line| line.starts_with("<details><summary>"));
            let given = given.count();
            if given != wanted {
                complaints.push(page.at(block.line, format_args!("{given} {kind}, not {wanted}")));
            }
        }
    }
    none(&complaints);
}

/// The checks that `ws101 check` has are those that a lesson promises, and lead back to it.
#[test]
fn every_check_is_told_of_in_its_lesson() {
    let mut complaints = Vec::new();
    for lesson in LANGUAGES.into_iter().flat_map(lessons).filter(|lesson| lesson.number > 0) {
        let path = format!("cli/checks/{}.wst", lesson.name());
        let (page, scenario) = (&lesson.page, read(&path));
        let begins = format!("{}.", lesson.number);
        let checks =
            scenario.lines().filter_map(|line| line.strip_prefix("== ")?.split(' ').next());
        let checks: Vec<_> = checks.filter(|check| check.starts_with(&begins)).collect();
        let mut told: Vec<_> = page.table("Check").into_iter().map(|(_, row)| row[0]).collect();
        told.extend(page.table("Проверка").into_iter().map(|(_, row)| row[0]));
        if told != checks {
            complaints.push(page.at(1, format_args!("\n  tells of {told:?}\n  {path} {checks:?}")));
        }
        let headings = anchors(page);
        let leads = (1..).zip(scenario.lines());
        let leads = leads.filter_map(|(at, line)| Some((at, line.strip_prefix("@lesson #")?)));
        // Scenarios name headings in the first language.
        let lost = leads.filter(|(_, heading)| !headings.contains(&(*heading).to_owned()));
        if page.path.starts_with("lessons/en/") {
            let lost =
                lost.map(|(at, heading)| format!("{path}:{at}: {}: no #{heading}", page.path));
            complaints.extend(lost);
        }
    }
    none(&complaints);
}

/// A lesson has its server started as the checks ask for.
#[test]
fn every_setting_of_a_check_is_the_lessons() {
    let mut complaints = Vec::new();
    for lesson in LANGUAGES.into_iter().flat_map(lessons).filter(|lesson| lesson.number > 0) {
        let path = format!("cli/checks/{}.wst", lesson.name());
        let scenario = read(&path);
        let asked = scenario.lines().filter_map(|line| line.strip_prefix("@env "));
        let asked: Vec<_> = asked.map(|setting| setting.replace(' ', "=")).collect();
        let blocks = lesson.page.blocks();
        let Some(check) = blocks.get(9) else { continue };
        let block = Page { path: lesson.page.path.clone(), lines: check.lines.clone() };
        for (at, code) in block.code() {
            let told = code.split_whitespace().filter(|word| is_setting(word));
            let wrong = told.filter(|setting| !asked.iter().any(|known| known == setting));
            complaints.extend(wrong.map(|setting| {
                let why = format_args!("`{setting}`: {path} asks for {asked:?}");
                lesson.page.at(check.line + at - 1, why)
            }));
        }
    }
    none(&complaints);
}

/// What is typed and what is seen does not depend on the language; pictures have words in them.
#[test]
fn every_lesson_shows_the_same_in_both_languages() {
    let [first, second] = LANGUAGES.map(lessons);
    let mut complaints = Vec::new();
    for (one, other) in first.iter().zip(&second) {
        let [one, other] = [one, other].map(|lesson| {
            let fences = lesson.page.fences().into_iter();
            (&lesson.page, fences.filter(|fence| fence.info != "mermaid").collect::<Vec<_>>())
        });
        let marks = [&one.0, &other.0].map(|page| {
            let marks = page.lines.iter().filter(|line| line.starts_with("<!--"));
            // Those of blocks name the other language.
            marks.filter(|line| !line.starts_with("<!-- block:")).collect::<Vec<_>>()
        });
        if one.1.len() != other.1.len() || marks[0] != marks[1] {
            complaints
                .push(other.0.at(1, "has other blocks of code, or other marks, than its twin"));
        }
        for (fence, twin) in one.1.iter().zip(&other.1) {
            if (fence.info, &fence.body) != (twin.info, &twin.body) {
                complaints.push(
                    other.0.at(twin.line, format_args!("is not {}:{}", one.0.path, fence.line)),
                );
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_lesson_is_short_and_kind() {
    let mut complaints = Vec::new();
    for lesson in LANGUAGES.into_iter().flat_map(lessons) {
        let paragraphs = lesson.page.paragraphs();
        let blocks = lesson.page.blocks();
        let is_quiz = |line: usize| {
            blocks
                .get(11)
                .is_some_and(|quiz| (quiz.line..quiz.line + quiz.lines.len()).contains(&line))
        };
        let read = paragraphs.iter().filter(|(line, _)| !is_quiz(*line));
        let words: usize = read.map(|(_, text)| count(text)).sum();
        if words > WORDS {
            complaints.push(lesson.page.at(1, format_args!("{words} words; {WORDS} may be read")));
        }
        for (at, text) in &paragraphs {
            for sentence in text.split_inclusive(['.', '?', '!', ':', ';']) {
                let words = count(sentence);
                if words > SENTENCE {
                    complaints.push(lesson.page.at(*at, format_args!("{words} words:{sentence}")));
                }
            }
            let lower =
                format!(" {} ", text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " "));
            for word in SCORN.iter().filter(|word| lower.contains(&format!(" {word} "))) {
                complaints.push(lesson.page.at(*at, format_args!("`{word}` teaches nothing")));
            }
        }
    }
    none(&complaints);
}

fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}
