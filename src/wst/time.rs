//! Times as the language writes them: `200ms`, `1.5s`, `19s..21s`.

use std::time::Duration;

/// `200ms`, `1.5s`, `2m`; at most a day, at least a millisecond or nothing.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let scale = match &text[digits..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    let exact = Duration::try_from_secs_f64(text[..digits].parse::<f64>().ok()? * scale).ok()?;
    let millis = (exact + Duration::from_micros(500)).as_millis();
    let time = Duration::from_millis(u64::try_from(millis).ok()?);
    (time <= LONGEST).then_some(time)
}

/// `19s..21s`, or `2s` for all up to it.
pub(super) fn range(text: &str) -> Option<(Duration, Duration)> {
    match text.split_once("..") {
        None => Some((Duration::ZERO, duration(text)?)),
        Some((from, to)) => {
            let from = duration(from)?;
            let to = duration(to)?;
            (from <= to).then_some((from, to))
        }
    }
}

pub(super) fn print_range(from: Duration, to: Duration) -> String {
    if from.is_zero() { seconds(to) } else { format!("{}..{}", seconds(from), seconds(to)) }
}

/// `25s`, `1.5s`, `40ms`.
pub(crate) fn seconds(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (secs, 0) => format!("{secs}s"),
        (0, millis) => format!("{millis}ms"),
        (secs, millis) => format!("{secs}.{millis:03}").trim_end_matches('0').to_owned() + "s",
    }
}

/// A time as exactly as a transcript shows it: in tenths of a second, below 950 ms in hundredths.
///
/// A transcript waits a millisecond for silence after each action. An event that an earlier action
/// caused comes earlier by these milliseconds; rounding hides them.
pub(crate) fn moment(time: Duration) -> Duration {
    let grain = if time < Duration::from_millis(950) { 10 } else { 100 };
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX - grain);
    Duration::from_millis((millis + grain / 2) / grain * grain)
}
