//! The questions of a lesson: each sentence of its quiz, with the three answers that stand in its notes.

use std::array::from_fn;

use super::vote::{ANSWERS, Question, Said};
use crate::lang::Lang;
use crate::pages::Page;

/// The marks of answers in the notes: of one that is right, and of one that is not.
const RIGHT: &str = "- [x] ";
const WRONG: &str = "- [ ] ";

/// A sentence of the quiz in one language.
struct Sentence {
    text: String,
    answers: Vec<String>,
    right: usize,
    why: String,
}

/// The questions of a lesson.
pub fn questions(page: Page) -> Vec<Question> {
    let english = sentences(page.notes(Lang::En), page.text(Lang::En));
    let russian = sentences(page.notes(Lang::Ru), page.text(Lang::Ru));
    let both = english.into_iter().zip(russian);
    let whole = both.filter(|(en, ru)| {
        en.answers.len() == ANSWERS && ru.answers.len() == ANSWERS && en.right == ru.right
    });
    whole.map(|(en, ru)| question(en, ru)).collect()
}

fn question(mut en: Sentence, mut ru: Sentence) -> Question {
    let said =
        |en: &mut String, ru: &mut String| Said { en: std::mem::take(en), ru: std::mem::take(ru) };
    Question {
        ask: said(&mut en.text, &mut ru.text),
        answers: from_fn(|at| said(&mut en.answers[at], &mut ru.answers[at])),
        right: en.right,
        why: said(&mut en.why, &mut ru.why),
    }
}

/// The sentences of the notes, each below a heading, with what the page says about it.
fn sentences(notes: &str, page: &str) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = Vec::new();
    for line in notes.lines() {
        if let Some(text) = line.strip_prefix("### ") {
            let why = folded(page, text);
            sentences.push(Sentence { text: text.to_owned(), answers: Vec::new(), right: 0, why });
        }
        let Some(sentence) = sentences.last_mut() else { continue };
        if let Some(answer) = line.strip_prefix(RIGHT) {
            sentence.right = sentence.answers.len();
            sentence.answers.push(answer.to_owned());
        } else if let Some(answer) = line.strip_prefix(WRONG) {
            sentence.answers.push(answer.to_owned());
        }
    }
    sentences
}

/// The text that the page folds below this summary.
fn folded(page: &str, summary: &str) -> String {
    let front = format!("<details><summary>{summary}</summary>");
    let behind = page.split_once(&front).map_or("", |(_, behind)| behind);
    let text = behind.split_once("</details>").map_or("", |(text, _)| text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{ANSWERS, RIGHT, questions, sentences};
    use crate::lang::Lang;
    use crate::pages::PAGES;

    #[test]
    fn every_sentence_of_every_quiz_has_three_answers_and_one_is_right_in_both_languages() {
        for page in PAGES {
            for lang in [Lang::En, Lang::Ru] {
                let (name, text) = (page.name, page.text(lang));
                let quiz = text.split_once("<!-- block: quiz").expect(name).1;
                let quiz = quiz.split("<details><summary>").skip(1);
                let quiz: Vec<_> = quiz.filter_map(|one| one.split("</summary>").next()).collect();
                let found = sentences(page.notes(lang), text);
                let texts: Vec<_> = found.iter().map(|one| &*one.text).collect();
                assert_eq!(texts, quiz, "{name}: the notes ask what the page asks");
                assert!(found.iter().all(|one| one.answers.len() == ANSWERS), "{name}");
                assert!(found.iter().all(|one| !one.why.is_empty()), "{name}");
                assert_eq!(page.notes(lang).matches(RIGHT).count(), quiz.len(), "{name}");
            }
            let all = questions(*page);
            assert_eq!(all.len(), 3, "{}: the same answer is right in both languages", page.name);
            assert!(all.iter().all(super::Question::is_well), "{}", page.name);
        }
    }
}
