//! Servers with one mistake, in the place of the lesson's: the class finds out which.

use std::array::from_fn;

use anyhow::{Context, Result};
use rand::seq::{IndexedRandom, SliceRandom};

use super::vote::{ANSWERS, Question, Said};
use crate::broken::LAST;
use crate::check::{Lesson, LessonCheck};
use crate::form::Form;
use crate::program::quoted;

/// A mistake: the check that the server fails, and its title.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// `7.3`
    pub check: String,
    pub title: Said,
}

/// The mistakes that there are a server for in this lesson.
pub fn mistakes(lesson: usize) -> Vec<Mistake> {
    let lesson = Lesson::find(lesson).filter(|lesson| lesson.number <= LAST);
    let checks = lesson.map_or_else(Vec::new, Lesson::checks);
    checks.into_iter().filter(|check| !check.is_of_clients()).map(mistake).collect()
}

fn mistake(check: LessonCheck) -> Mistake {
    let title = Said { ru: check.russian_title().to_owned(), en: check.title };
    Mistake { check: check.number, title }
}

/// One of them, or any.
///
/// # Errors
///
/// There is no such mistake in this lesson.
pub fn choose(lesson: usize, check: Option<&str>) -> Result<Mistake, Form> {
    let all = mistakes(lesson);
    let found = match check {
        Some(check) => all.into_iter().find(|mistake| mistake.check == check),
        None => all.choose(&mut rand::rng()).cloned(),
    };
    found.ok_or_else(|| {
        Form::new(
            "this lesson has no such server with a mistake",
            "для этого урока нет такого сервера с ошибкой",
        )
    })
}

/// The command that starts the server with this mistake.
pub fn command(mistake: &Mistake) -> Result<String> {
    let program = std::env::current_exe()?;
    let program = program.to_str().context("the path of this program is no text")?;
    Ok(format!("{} broken --break {}", quoted(program), mistake.check))
}

/// The question which of three promises a server does not keep.
///
/// # Errors
///
/// There are too few promises to choose from.
pub fn question(lesson: usize, mistake: &Mistake) -> Result<Question, Form> {
    // A lesson with few checks borrows those of the lessons before.
    let mut others = Vec::new();
    for number in (1..=lesson).rev() {
        others.extend(mistakes(number).into_iter().filter(|other| other.check != mistake.check));
        if others.len() >= ANSWERS - 1 {
            break;
        }
    }
    if others.len() < ANSWERS - 1 {
        return Err(Form::new(
            "there are too few promises to choose from",
            "обещаний слишком мало, выбирать не из чего",
        ));
    }
    others.shuffle(&mut rand::rng());
    let right = rand::random_range(0..ANSWERS);
    others.insert(right, mistake.clone());
    let answers = from_fn(|at| others[at].title.clone());
    Ok(Question {
        ask: Said {
            en: "A server with one mistake runs now. Which promise does it break?".to_owned(),
            ru: "Сейчас работает сервер с одной ошибкой. Какое обещание он нарушает?".to_owned(),
        },
        answers,
        right,
        why: Said {
            en: format!("It fails check {}: {}.", mistake.check, mistake.title.en),
            ru: format!("Он не проходит проверку {}: {}.", mistake.check, mistake.title.ru),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{ANSWERS, Said, choose, mistakes, question};
    use crate::broken::LAST;

    #[test]
    fn every_mistake_of_every_lesson_can_be_asked_about() {
        for lesson in 1..=LAST {
            for mistake in mistakes(lesson) {
                let Said { en, ru } = &mistake.title;
                assert!(!en.is_empty() && !ru.is_empty() && !ru.starts_with("затем"), "{ru}");
                let asked = question(lesson, &mistake).unwrap();
                assert!(asked.is_well() && asked.answers[asked.right] == mistake.title);
                for at in 1..ANSWERS {
                    assert!(!asked.answers[..at].contains(&asked.answers[at]), "{asked:?}");
                }
                let found = choose(lesson, Some(&mistake.check)).unwrap();
                assert_eq!(found.check, mistake.check);
            }
            assert!(choose(lesson, None).is_ok(), "{lesson}");
        }
        assert!(choose(0, None).is_err() && choose(3, Some("7.3")).is_err());
    }
}
