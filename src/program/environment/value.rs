//! Reads the values of settings. Each error says what the value may be.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::frontend::Frontend;
use crate::log::Format;
use crate::settings::{KEY_CHARS_MAX, KEY_CHARS_MIN, Key};

/// The longest time that a setting may name: a week, in milliseconds.
const MAX_MS: u64 = 7 * 24 * 60 * 60 * 1000;

pub(super) type Read = Result<(), String>;

pub(super) fn number<N>(text: &str, range: RangeInclusive<N>, to: &mut N) -> Read
where
    N: FromStr + PartialOrd + Display,
{
    let number = text.parse().ok().filter(|number| range.contains(number));
    let wanted = || format!("a whole number from {} to {}", range.start(), range.end());
    *to = number.ok_or_else(wanted)?;
    Ok(())
}

/// A time from `least` to a week, in milliseconds.
pub(super) fn time(text: &str, least: u64, to: &mut Duration) -> Read {
    let ms = text.parse().ok().filter(|ms| (least..=MAX_MS).contains(ms));
    let wanted = || format!("a number of milliseconds from {least} to {MAX_MS}");
    *to = ms.map(Duration::from_millis).ok_or_else(wanted)?;
    Ok(())
}

/// Items with commas between them. Any text is a list.
pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// One of the first of each two names; the second is its older spelling.
pub(super) fn one_of(text: &str, choice: &[(&str, &str)], to: &mut String) -> Read {
    let found = choice.iter().find(|(new, old)| text == *new || text == *old);
    let wanted = || choice.iter().map(|(new, _)| *new).collect::<Vec<_>>().join(" or ");
    let (new, _) = found.ok_or_else(wanted)?;
    (*new).clone_into(to);
    Ok(())
}

/// A secret. The error does not repeat it.
pub(super) fn key(text: &str, to: &mut Option<Key>) -> Read {
    if !(KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&text.chars().count()) {
        return Err(format!("a key of {KEY_CHARS_MIN} to {KEY_CHARS_MAX} characters"));
    }
    *to = Some(Key::new(text));
    Ok(())
}

pub(super) fn frontend(text: &str, to: &mut Frontend) -> Read {
    let path = PathBuf::from(text);
    if !path.join("index.html").is_file() {
        return Err("a directory with an index.html".to_owned());
    }
    *to = Frontend::Directory(path);
    Ok(())
}

/// The file of a history, in a program that can have one.
pub(super) fn history(text: &str, to: &mut Option<PathBuf>) -> Read {
    if !cfg!(feature = "sqlite") {
        return Err("possible here: build the program with `--features sqlite`".to_owned());
    }
    *to = Some(PathBuf::from(text));
    Ok(())
}

pub(super) fn log_format(text: &str, to: &mut Format) -> Read {
    *to = match text {
        "text" => Format::Text,
        "json" => Format::Json,
        _ => return Err("text or json".to_owned()),
    };
    Ok(())
}

pub(super) fn host(text: &str, to: &mut IpAddr) -> Read {
    let address = match text {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        other => other.parse().ok(),
    };
    let wanted = || "an address such as 127.0.0.1, 0.0.0.0 or ::1".to_owned();
    *to = address.ok_or_else(wanted)?;
    Ok(())
}
