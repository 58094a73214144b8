//! The time of day in the format of the messages.

use std::time::{Duration, SystemTime};

use ws101::timestamp;

const DAY: u64 = 86_400;

fn at(seconds: u64) -> String {
    timestamp::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

#[test]
fn known_moments_are_written_as_everywhere() {
    assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
    assert_eq!(at(1_234_567_890), "2009-02-13T23:31:30.000Z");
    assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.000Z");
    assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.000Z");
    let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(1_999_999);
    assert_eq!(timestamp::of(moment), "1970-01-01T00:00:01.999Z", "milliseconds are cut");
}

/// Counts the days of four centuries as RFC 3339 (Appendix C) has them, in which every case of a
/// leap year comes.
#[test]
fn every_day_of_four_centuries_follows_the_day_before_it() {
    let mut days = 0;
    for year in 1970..2370 {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if is_leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(months) {
            for day in 1..=length {
                let text = format!("{year}-{month:02}-{day:02}T00:00:00.000Z");
                assert_eq!(at(days * DAY), text);
                let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(days * DAY);
                assert_eq!(timestamp::read(&text), Some(moment));
                days += 1;
            }
        }
    }
}

#[test]
fn what_was_written_is_read_and_nothing_else() {
    let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_234_567_890_987);
    assert_eq!(timestamp::read(&timestamp::of(moment)), Some(moment));
    for other in [
        "",
        "yesterday",
        "1969-12-31T23:59:59.000Z",
        "2023-02-29T00:00:00.000Z",
        "2023-13-01T00:00:00.000Z",
        "2023-00-01T00:00:00.000Z",
        "2023-01-00T00:00:00.000Z",
        "2023-01-01T24:00:00.000Z",
        "2023-01-01T00:00:00Z",
        "2023-01-01T00:00:00.000+01",
        "2023-01-01T00:00:00.000Z ",
        "２０２３-01-01T00:00:00.000Z",
    ] {
        assert_eq!(timestamp::read(other), None, "{other}");
    }
}

#[test]
fn a_time_outside_of_the_format_is_written_as_its_nearest() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(timestamp::of(before), "1970-01-01T00:00:00.000Z");
    assert_eq!(at(253_402_300_799), "9999-12-31T23:59:59.000Z");
    assert_eq!(at(253_402_300_800), "9999-12-31T23:59:59.000Z");
}
