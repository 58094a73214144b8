//! Why there is no recording, in English and Russian.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use super::super::super::mismatch::Difference;
use crate::wst::seconds;

/// The reason why there is no recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDeterministic {
    /// An action of the scenario cannot be done, such as sending on a closed connection.
    #[error("{0}")]
    Stuck(Box<Difference>),
    /// The error of the caller, who could not give a transcript.
    #[error("{0}")]
    Unserved(io::Error),
    /// The server is not well after a recording: the sentence of
    /// [`RecordedServer::after`](super::RecordedServer::after).
    #[error("{0}")]
    Unwell(String),
    /// The server has begun a head or a frame, and not ended it when the recording ended.
    #[error("not recorded, because the server ends in the middle: {0}")]
    Unfinished(Box<Difference>),
    /// A later recording has other events than the first, or the same in another order.
    #[error("{0}")]
    Differs(Box<Variance>),
    /// The server goes on sending when nobody does anything: what it sent last.
    #[error(
        "the server sends on its own, so no two recordings are the same: {line}\n{}",
        advice(.ignore.as_deref())
    )]
    NeverSilent {
        /// The line that came late.
        line: String,
        /// The note that leaves such lines out.
        ignore: Option<String>,
    },
    /// One event came when nobody waited any more. It may be an answer that takes its time.
    #[error("{line}\nThis came {after:.1?} after the last act. {}", late(*.after, .ignore.as_deref()))]
    Late {
        /// The line that came late.
        line: String,
        /// How long after the last action it came.
        after: Duration,
        /// The note that leaves such lines out.
        ignore: Option<String>,
    },
    /// The recording was played, and the server did something else.
    #[error("not recorded, because it does not play: {0}")]
    Unplayable(Box<Difference>),
}

fn advice(ignore: Option<&str>) -> String {
    match ignore {
        Some(note) => format!("If that does not matter, write {note} above the first step."),
        None => "Write @quiet and a time above the first step, such as @quiet 5s.".to_owned(),
    }
}

/// A quiet time that is long enough for an answer that has taken this time, in whole seconds.
fn enough(after: Duration) -> Duration {
    Duration::from_secs((after * 2).as_secs() + 1)
}

fn late(after: Duration, ignore: Option<&str>) -> String {
    let quiet = seconds(enough(after));
    let or = ignore.map_or(String::new(), |note| format!("; if it comes on its own, write {note}"));
    format!("If it answers, write @quiet {quiet} above the first step{or}.")
}

impl NotDeterministic {
    /// The reason in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Stuck(difference) => difference.in_russian(),
            Self::Unserved(error) => error.to_string(),
            Self::Unwell(sentence) => sentence.clone(),
            Self::Unfinished(difference) => {
                format!("не записано: сервер остановился на середине: {}", difference.in_russian())
            }
            Self::Differs(variance) => variance.in_russian(),
            Self::NeverSilent { line, ignore } => {
                let advice = match ignore {
                    Some(note) => format!("Если это неважно, напишите {note} над первым шагом."),
                    None => {
                        "Напишите над первым шагом @quiet и время, например @quiet 5s.".to_owned()
                    }
                };
                format!(
                    "сервер шлёт сообщения сам, поэтому двух одинаковых записей нет: {line}\n{advice}"
                )
            }
            Self::Late { line, after, ignore } => {
                let quiet = seconds(enough(*after));
                let or = ignore.as_ref().map_or(String::new(), |note| {
                    format!(", а если оно приходит само по себе — {note}")
                });
                format!(
                    "{line}\nЭто пришло через {:.1} с после последнего действия. Если это ответ, напишите над первым шагом @quiet {quiet}{or}.",
                    after.as_secs_f64()
                )
            }
            Self::Unplayable(difference) => format!(
                "не записано: при проигрывании записи сервер сделал другое: {}",
                difference.in_russian()
            ),
        }
    }
}

/// Two recordings of one scenario that do not have the same events in the same order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "recording {run} is not like the first{}:\n\
     the first:\n{}\nthe other:\n{}\n{}",
    within("in", step), indented(&self.first), indented(&self.other), self.english()
)]
#[non_exhaustive]
pub struct Variance {
    /// The number of the recording that differs, from 2.
    pub run: usize,
    /// The title of the first step that differs.
    pub step: String,
    /// The client's lines in it, in the first recording.
    pub first: Vec<String>,
    /// The client's lines in it, in the other recording.
    pub other: Vec<String>,
}

/// A kind of difference between two recordings.
enum Kind {
    Order,
    Events,
}

impl Variance {
    fn kind(&self) -> Kind {
        if self.first.len() == self.other.len() { Kind::Order } else { Kind::Events }
    }

    /// Whether the server has pinged in either recording.
    pub(super) fn has_pings(&self) -> bool {
        self.first.iter().chain(&self.other).any(|line| line.contains(" << ping"))
    }

    fn english(&self) -> &'static str {
        match self.kind() {
            Kind::Order => {
                "The same lines in two orders: mark them with ~, as in `bob << ~ text \"hi\"`."
            }
            Kind::Events => {
                "What may be missing is marked with ?, as in `bob << ? ping`. What comes later than 40 ms after its\n\
                 cause needs @quiet and a time, such as @quiet 300ms, above the first step.\n\
                 A server that remembers is to be left as it was found, or started anew each time (--cmd)."
            }
        }
    }

    fn in_russian(&self) -> String {
        let advice = match self.kind() {
            Kind::Order => {
                "Те же строки в другом порядке: пометьте их знаком ~, например `bob << ~ text \"hi\"`."
            }
            Kind::Events => {
                "То, чего может не быть, помечают знаком ?, например `bob << ? ping`. Если ответ приходит позже чем\n\
                 через 40 мс, напишите над первым шагом @quiet и время, например @quiet 300ms.\n\
                 Сервер, который помнит прошлое, оставляйте таким, каким он был, или запускайте каждый раз заново (--cmd)."
            }
        };
        format!(
            "запись {} не такая, как первая{}:\nпервая:\n{}\nдругая:\n{}\n{advice}",
            self.run,
            within("в шаге", &self.step),
            indented(&self.first),
            indented(&self.other),
        )
    }
}

fn within(place: &str, step: &str) -> String {
    if step.is_empty() { String::new() } else { format!(", {place} \"{step}\"") }
}

fn indented(lines: &[String]) -> String {
    let mut out = String::new();
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out.trim_end().to_owned()
}
