//! The requests about questions to the class: the teacher asks and ends a vote, and phones vote.

use serde_json::json;
use ws101::http::{Method, StatusCode};
use ws101::serde::Deserialize;

use super::reply::{Reply, parsed};
use super::server::State;
use super::state::Class;
use super::visit::Visit;
use super::vote::{NoVote, Question};
use super::{broken, quiz};
use crate::lang::Lang;

/// The cookie with the name of a phone's ballot.
pub const BALLOT: &str = "ws101_ballot";

/// The sentences of the quiz, and the mistakes that a server of this lesson can have.
pub fn list(class: &Class) -> Reply {
    let quiz: Vec<_> = quiz::questions(class.page).into_iter().map(|one| one.ask).collect();
    let mistakes = broken::mistakes(class.page.number).into_iter();
    let mistakes: Vec<_> =
        mistakes.map(|one| json!({"check": one.check, "title": one.title})).collect();
    Reply::ok(&json!({"quiz": quiz, "broken": mistakes}))
}

/// `{"quiz": 1}`, or a whole question.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde", untagged)]
enum Wanted {
    OfQuiz { quiz: usize },
    Own(Box<Question>),
}

/// Asks a question in place of the one before.
pub fn ask(class: &Class, body: &[u8], lang: Lang) -> Reply {
    let form = lang.pick(
        r#"{"quiz": 1}, or {"ask": TEXT, "answers": [TEXT, TEXT, TEXT], "right": 0, "why": TEXT} with {"en": "...", "ru": "..."} as a TEXT"#,
        r#"{"quiz": 1} или {"ask": TEXT, "answers": [TEXT, TEXT, TEXT], "right": 0, "why": TEXT}, где TEXT — {"en": "...", "ru": "..."}"#,
    );
    let question = match parsed(body, form, lang) {
        Ok(Wanted::OfQuiz { quiz }) => {
            let number = quiz.checked_sub(1);
            number.and_then(|at| quiz::questions(class.page).into_iter().nth(at))
        }
        Ok(Wanted::Own(question)) => Some(*question).filter(Question::is_well),
        Err(refusal) => return refusal,
    };
    let Some(question) = question else {
        let sentence = lang.pick("there is no such question: send", "такого вопроса нет: пришлите");
        return Reply::error(StatusCode::BAD_REQUEST, &format!("{sentence} {form}"));
    };
    let id = class.vote.ask(question);
    class.tell();
    Reply::json(StatusCode::CREATED, &json!({"id": id}))
}

/// Ends the vote; once more, and the question goes away.
pub fn close(class: &Class, lang: Lang) -> Reply {
    if !class.vote.close() {
        let sentence = lang.pick("no question is asked", "вопроса сейчас нет");
        return Reply::error(StatusCode::NOT_FOUND, sentence);
    }
    class.tell();
    Reply::ok(&class.vote.told())
}

/// `{"check": "7.3"}`; without it, any.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
struct Break {
    check: Option<String>,
}

/// Starts a server with a mistake, and asks the class for it.
pub async fn break_server(class: &Class, body: &[u8], lang: Lang) -> Result<State, Reply> {
    let form =
        lang.pick(r#"{"check": "7.3"}, or {} for any"#, r#"{"check": "7.3"} или {} для любой"#);
    let asked: Break = parsed(body, form, lang)?;
    let lesson = class.page.number;
    let starting = async {
        let mistake = broken::choose(lesson, asked.check.as_deref())?;
        let question = broken::question(lesson, &mistake)?;
        let state = class.server.replace(broken::command(&mistake)?).await?;
        class.vote.ask(question);
        Ok(state)
    };
    let started: anyhow::Result<State> = starting.await;
    started.map_err(|error| Reply::error(StatusCode::CONFLICT, &lang.error(&error)))
}

/// `{"question": 1, "answer": 0}`.
#[derive(Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
struct Answer {
    question: u64,
    answer: usize,
}

/// The name of a phone's ballot: it came with its page.
pub fn ballot(visit: &Visit) -> Option<&str> {
    let is_ours =
        |ballot: &&str| ballot.len() == 32 && ballot.bytes().all(|byte| byte.is_ascii_hexdigit());
    visit.cookie(BALLOT).filter(is_ours)
}

/// Counts the vote of a phone.
pub fn vote(class: &Class, visit: &Visit) -> Reply {
    let lang = visit.lang;
    if visit.request.method() != Method::POST {
        return Reply::method("POST", lang);
    }
    let answer: Answer = match parsed(&visit.body, r#"{"question": 1, "answer": 0}"#, lang) {
        Ok(answer) => answer,
        Err(refusal) => return refusal,
    };
    let Some(ballot) = ballot(visit) else {
        let sentence = lang.pick(
            "open /class/phone first, and let it keep its cookie",
            "сначала откройте /class/phone и разрешите этой странице cookie",
        );
        return Reply::error(StatusCode::FORBIDDEN, sentence);
    };
    match class.vote.count(answer.question, ballot, visit.from, answer.answer) {
        Ok(()) => {
            class.tell();
            Reply::ok(&json!({"answer": answer.answer}))
        }
        Err(error) => {
            let status = match error {
                NoVote::NoSuchAnswer => StatusCode::BAD_REQUEST,
                NoVote::TooMany => StatusCode::TOO_MANY_REQUESTS,
                NoVote::Over | NoVote::Twice => StatusCode::CONFLICT,
            };
            Reply::error(status, &lang.pick(error.to_string(), error.in_russian().to_owned()))
        }
    }
}
