//! What is wrong with a client, in two languages.

use std::time::Duration;

use super::super::words::Lang;

/// What is wrong with a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It has ended, and was to come back.
    Ended,
    /// It did not come back in so long.
    Away(Duration),
    /// What it asks for is not what a client must.
    Handshake(String),
    /// So often it waited, never longer than this, and the limit had grown to that.
    Short { times: usize, longest: Duration, limit: Duration },
    /// It waited longer than it may, once as long as this.
    Long { longest: Duration, limit: Duration },
    /// Twice it was started, and waited so long and so long before the same attempts.
    Alike { pairs: Vec<[Duration; 2]> },
    /// All waits were between these two, and the limit was that.
    Narrow { least: Duration, most: Duration, limit: Duration },
    /// It came back after this close code.
    Returned(u16),
    /// It knocked so often at a door that never opened.
    Stubborn(usize),
    /// What it says it has seen, and what it has.
    Position { said: String, seen: String },
}

/// How many pairs of waits are quoted.
const QUOTED: usize = 4;

impl Failure {
    /// The failure as a sentence.
    pub fn told(&self, lang: Lang) -> String {
        let ms = |time: &Duration| format!("{} {}", time.as_millis(), lang.pick("ms", "мс"));
        match self {
            Self::Ended => lang.pick(
                "the client ended instead of coming back".to_owned(),
                "клиент закончил работу, а должен был вернуться".to_owned(),
            ),
            Self::Away(patience) => lang.pick(
                format!("the client did not come back in {}", ms(patience)),
                format!("клиент не вернулся за {}", ms(patience)),
            ),
            Self::Handshake(why) => {
                lang.pick(format!("the client's request: {why}"), format!("запрос клиента: {why}"))
            }
            Self::Short { times, longest, limit } => lang.pick(
                format!(
                    "the waits do not grow: of {times} that might be {} long, the longest was {}",
                    ms(limit),
                    ms(longest)
                ),
                format!(
                    "ожидания не растут: из {times}, каждое до {}, самое долгое {}",
                    ms(limit),
                    ms(longest)
                ),
            ),
            Self::Long { longest, limit } => lang.pick(
                format!("a wait of {}, and WS_RETRY_CAP_MS is {}", ms(longest), limit.as_millis()),
                format!("ожидание {}, а WS_RETRY_CAP_MS равен {}", ms(longest), limit.as_millis()),
            ),
            Self::Alike { pairs } => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .rev()
                    .take(QUOTED)
                    .map(|[first, second]| format!("{}/{}", first.as_millis(), second.as_millis()))
                    .collect();
                let pairs = pairs.join(", ");
                lang.pick(
                    format!("both runs wait alike, in ms: {pairs}"),
                    format!("оба запуска ждут одинаково, в мс: {pairs}"),
                )
            }
            Self::Narrow { least, most, limit } => lang.pick(
                format!(
                    "all waits were between {} and {}: they are to be random from 0 to {}",
                    ms(least),
                    ms(most),
                    ms(limit)
                ),
                format!(
                    "все ожидания между {} и {}, а нужны случайные от 0 до {}",
                    ms(least),
                    ms(most),
                    ms(limit)
                ),
            ),
            Self::Returned(code) => lang.pick(
                format!("the client came back after close {code}, which is final"),
                format!("клиент вернулся после close {code}, а это окончательно"),
            ),
            Self::Stubborn(tries) => lang.pick(
                format!("the client was told 404, and came {tries} times"),
                format!("клиенту отвечали 404, а он приходил: {tries}"),
            ),
            Self::Position { said, seen } => lang.pick(
                format!("the client came back with {said}, and it had seen {seen}"),
                format!("клиент вернулся с {said}, а видел {seen}"),
            ),
        }
    }
}
