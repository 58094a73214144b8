//! The time of day in the format of the messages.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last moment that the format can write, in seconds since 1970: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

/// The present time: `2026-01-01T12:00:00.000Z` (RFC 3339, UTC, milliseconds).
///
/// It is the server's clock, never a client's. The clock may be set back, so measure durations with
/// tokio's `Instant` instead.
#[must_use]
pub fn now() -> String {
    of(SystemTime::now())
}

/// `time` in the same format. A time before 1970 becomes its first moment, a time after 9999 its
/// last second.
#[must_use]
pub fn of(time: SystemTime) -> String {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_1970.as_secs().min(LAST);
    let (year, month, day) = date(seconds / 86_400);
    let hour = seconds / 3600 % 24;
    let minute = seconds / 60 % 60;
    let second = seconds % 60;
    let millis = since_1970.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The moment that [`of`] wrote as `text`, to the millisecond. `None` for a text of another form.
#[must_use]
pub fn read(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The inverse of `date`.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = (days * 24 + number(11, 13)?) * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let time = UNIX_EPOCH + Duration::from_millis(seconds * 1000 + number(20, 23)?);
    (of(time) == text).then_some(time)
}

/// The date that is `days` after 1970-01-01, in the Gregorian calendar.
///
/// This is `civil_from_days` of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms". It
/// counts in years that begin on 1 March, so that the leap day is the last day of a year, and in
/// eras of 400 years, which all have the same number of days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // March is 0. Five months from March or August have 153 days together.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (400 * era + year_of_era + u64::from(month <= 2), month, day)
}
