//! The faults of a client, as sentences in two languages.

use std::time::Duration;

use crate::lang::Lang;

/// A fault of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It exited instead of reconnecting.
    Ended,
    /// It did not reconnect within this time.
    Away(Duration),
    /// Its request is not a valid handshake: why.
    Handshake(String),
    /// Of so many waits the longest was too short: the limit had grown, the waits had not.
    Short { times: usize, longest: Duration, limit: Duration },
    /// An early wait was this long, and it may be as long as the limit: it did not begin small.
    Hasty { wait: Duration, limit: Duration },
    /// The longest wait was longer than the limit.
    Long { longest: Duration, limit: Duration },
    /// Two runs waited equally long before the same attempts.
    Alike { pairs: Vec<[Duration; 2]> },
    /// All waits were between these two, where random ones spread from 0 to the limit.
    Narrow { least: Duration, most: Duration, limit: Duration },
    /// It reconnected after this close code, which is final.
    Returned(u16),
    /// It made so many attempts though it got 404 each time.
    Stubborn(usize),
    /// The position it asked for, and the one it should have asked for.
    Position { said: String, seen: String },
}

/// How many pairs of waits are quoted.
const QUOTED: usize = 4;

impl Failure {
    /// Whether the client was late, which a busy machine can cause, too.
    pub const fn is_of_lateness(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Hasty { .. } | Self::Long { .. })
    }

    /// The failure as a sentence.
    pub fn told(&self, lang: Lang) -> String {
        let ms = |time: &Duration| format!("{} {}", time.as_millis(), lang.pick("ms", "мс"));
        match self {
            Self::Ended => lang.pick(
                "the client ended instead of coming back".to_owned(),
                "клиент закончил работу, а должен был вернуться".to_owned(),
            ),
            Self::Away(timeout) => lang.pick(
                format!("the client did not come back in {}", ms(timeout)),
                format!("клиент не вернулся за {}", ms(timeout)),
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
            Self::Hasty { wait, limit } => lang.pick(
                format!(
                    "the waits do not grow: one of the first two was {} already, where {} are the most",
                    ms(wait),
                    ms(limit)
                ),
                format!(
                    "ожидания не растут: уже одно из первых двух длилось {}, а там самое большее {}",
                    ms(wait),
                    ms(limit)
                ),
            ),
            Self::Long { longest, limit } => lang.pick(
                format!(
                    "the client waited for {} at least, and WS_RETRY_CAP_MS is {}",
                    ms(longest),
                    limit.as_millis()
                ),
                format!(
                    "клиент ждал не меньше {}, а WS_RETRY_CAP_MS равен {}",
                    ms(longest),
                    limit.as_millis()
                ),
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
