//! A question to the class: three answers, one vote a phone, and the result when it is closed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use ws101::serde::{Deserialize, Serialize};

use super::seats::VIEWERS;

/// How many answers a question has.
pub const ANSWERS: usize = 3;

/// The most votes on a question.
const VOTES: usize = 1024;

/// The longest text of a question, in bytes.
const TEXT: usize = 2 * 1024;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
pub struct Said {
    pub en: String,
    pub ru: String,
}

/// A question, which of its answers is right, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(crate = "ws101::serde", deny_unknown_fields)]
pub struct Question {
    pub ask: Said,
    pub answers: [Said; ANSWERS],
    pub right: usize,
    pub why: Said,
}

impl Question {
    /// Whether the right answer is one of them, and no text is too long.
    pub fn is_well(&self) -> bool {
        let texts = self.answers.iter().chain([&self.ask, &self.why]);
        let is_short = |said: &Said| said.en.len() <= TEXT && said.ru.len() <= TEXT;
        self.right < ANSWERS && texts.into_iter().all(is_short)
    }
}

/// Why a vote does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVote {
    #[error("this question is not asked any more")]
    Over,
    #[error("this phone has answered already")]
    Twice,
    #[error("a question has the answers 0 to 2")]
    NoSuchAnswer,
    #[error("too many votes")]
    TooMany,
}

impl NoVote {
    /// The sentence in Russian.
    pub fn in_russian(self) -> &'static str {
        match self {
            Self::Over => "голосование по этому вопросу закончилось",
            Self::Twice => "этот телефон уже ответил",
            Self::NoSuchAnswer => "у вопроса только ответы 0, 1 и 2",
            Self::TooMany => "голосов слишком много",
        }
    }
}

/// The question that is asked, or was asked last.
#[derive(Default)]
pub struct Vote {
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    /// The number of the question: 0 before the first.
    id: u64,
    question: Option<Question>,
    is_open: bool,
    /// The answer of each phone, by the name of its ballot.
    votes: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
}

impl Vote {
    /// Asks a question in place of the one before; gives its number.
    pub fn ask(&self, question: Question) -> u64 {
        let mut asked = self.asked();
        let id = asked.id + 1;
        *asked = Asked { id, question: Some(question), is_open: true, ..Asked::default() };
        id
    }

    /// Ends the vote, so that the result is told; a question whose vote has ended goes away.
    /// `false` if there is none.
    pub fn close(&self) -> bool {
        let mut asked = self.asked();
        if !asked.is_open {
            return asked.question.take().is_some();
        }
        asked.is_open = false;
        true
    }

    /// Counts the answer of a phone.
    ///
    /// # Errors
    ///
    /// The vote is over, this phone has voted, or there are too many votes.
    pub fn count(&self, id: u64, ballot: &str, from: IpAddr, answer: usize) -> Result<(), NoVote> {
        let mut asked = self.asked();
        let of_address = asked.addresses.get(&from).copied().unwrap_or_default();
        match () {
            () if !asked.is_open || asked.id != id => return Err(NoVote::Over),
            () if answer >= ANSWERS => return Err(NoVote::NoSuchAnswer),
            () if asked.votes.contains_key(ballot) => return Err(NoVote::Twice),
            () if asked.votes.len() >= VOTES || of_address >= VIEWERS => {
                return Err(NoVote::TooMany);
            }
            () => {}
        }
        asked.votes.insert(ballot.to_owned(), answer);
        asked.addresses.insert(from, of_address + 1);
        Ok(())
    }

    /// The question for pages. Which answer is right, and what was answered, is told when the vote is over.
    pub fn told(&self) -> Value {
        let asked = self.asked();
        let Some(question) = &asked.question else { return Value::Null };
        let mut told = json!({
            "id": asked.id,
            "ask": question.ask,
            "answers": question.answers,
            "votes": asked.votes.len(),
            "open": asked.is_open,
        });
        if !asked.is_open {
            let votes_for = |answer| asked.votes.values().filter(|vote| **vote == answer).count();
            told["tally"] = (0..ANSWERS).map(votes_for).collect();
            told["right"] = question.right.into();
            told["why"] = json!(question.why);
        }
        told
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{NoVote, Question, Said, VIEWERS, Vote};

    const SCHOOL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1));

    fn question() -> Question {
        let said = |text: &str| Said { en: text.to_owned(), ru: text.to_owned() };
        Question { ask: said("?"), answers: ["a", "b", "c"].map(said), right: 1, why: said("so") }
    }

    #[test]
    fn a_phone_votes_once_while_the_vote_is_open() {
        let vote = Vote::default();
        assert_eq!(vote.count(0, "one", SCHOOL, 1), Err(NoVote::Over));
        let id = vote.ask(question());
        assert_eq!(vote.count(id, "one", SCHOOL, 1), Ok(()));
        assert_eq!(vote.count(id, "one", SCHOOL, 0), Err(NoVote::Twice));
        assert_eq!(vote.count(id, "two", SCHOOL, 3), Err(NoVote::NoSuchAnswer));
        assert_eq!(vote.count(id + 1, "two", SCHOOL, 0), Err(NoVote::Over));
        assert_eq!(vote.told().get("right"), None, "it is open");
        assert_eq!(vote.told().get("tally"), None, "it is open");

        assert!(vote.close());
        assert_eq!(vote.count(id, "two", SCHOOL, 0), Err(NoVote::Over));
        let told = vote.told();
        assert_eq!((&told["right"], &told["tally"]), (&1.into(), &vec![0, 1, 0].into()));
        assert!(vote.close() && !vote.close());
        assert!(vote.told().is_null());
    }

    #[test]
    fn one_address_has_no_more_votes_than_a_class() {
        let vote = Vote::default();
        let id = vote.ask(question());
        for ballot in 0..VIEWERS {
            assert_eq!(vote.count(id, &ballot.to_string(), SCHOOL, 2), Ok(()));
        }
        assert_eq!(vote.count(id, "one more", SCHOOL, 2), Err(NoVote::TooMany));
        let elsewhere = Ipv4Addr::new(192, 168, 1, 2).into();
        assert_eq!(vote.count(id, "one more", elsewhere, 2), Ok(()));
    }
}
