//! Settings from the environment: each variable is read, checked and put into its field.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::frontend::Frontend;
use crate::settings::{ROOT_DIALECTS, Settings};

/// The longest time that a setting may name: a week, in milliseconds.
const MAX_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// An environment variable with a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is not {wanted}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    wanted: String,
}

/// `defaults`, changed by the variables that `lookup` knows; an empty value changes nothing.
///
/// # Errors
///
/// The first variable with a value that cannot be used.
pub fn settings_from(
    defaults: Settings,
    lookup: impl Fn(&'static str) -> Option<String>,
) -> Result<Settings, SettingError> {
    let mut settings = defaults;
    let read = Reader { lookup };
    read.host("HOST", &mut settings.host)?;
    read.number("PORT", 0..=u16::MAX, &mut settings.port)?;
    read.number("PORT_004", 0..=u16::MAX, &mut settings.port_python_chat)?;
    read.number("PORT_PYTHON_CHAT", 0..=u16::MAX, &mut settings.port_python_chat)?;
    read.one_of("WS_ROOT_DIALECT", &ROOT_DIALECTS, &mut settings.root_dialect)?;
    read.time("WS_HEARTBEAT_MS", 0, &mut settings.heartbeat)?;
    read.time("WS_PONG_TIMEOUT_MS", 1, &mut settings.pong_timeout)?;
    read.time("WS_IDLE_MS", 0, &mut settings.idle)?;
    read.time("WS_STATS_MS", 1, &mut settings.stats)?;
    read.time("WS_DRAIN_MS", 0, &mut settings.drain)?;
    read.time("WS_HEAD_MS", 1, &mut settings.head)?;
    read.time("WS_KEEP_ALIVE_MS", 1, &mut settings.keep_alive)?;
    read.time("WS_HELLO_MS", 1, &mut settings.hello)?;
    read.time("WS_MESSAGE_MS", 1, &mut settings.message)?;
    read.time("WS_WRITE_MS", 1, &mut settings.write)?;
    read.time("WS_CLOSE_MS", 1, &mut settings.close)?;
    read.number("WS_MAX_MESSAGE_BYTES", 125..=1 << 30, &mut settings.max_message_bytes)?;
    read.number("WS_MAX_QUEUE_BYTES", 1024..=1 << 30, &mut settings.max_queue_bytes)?;
    read.number("WS_MAX_CONNECTIONS", 1..=1 << 20, &mut settings.max_connections)?;
    read.number("WS_MAX_PER_ADDRESS", 1..=1 << 20, &mut settings.max_per_address)?;
    read.number("WS_ARRIVALS", 0..=1_000_000, &mut settings.arrivals)?;
    read.number("WS_RATE", 0..=1_000_000, &mut settings.rate)?;
    read.number("WS_BYTES", 0..=1 << 30, &mut settings.bytes)?;
    read.number("WS_ROOM_BYTES", 0..=1 << 30, &mut settings.room_bytes)?;
    read.list("WS_ORIGINS", &mut settings.origins);
    read.list("WS_HOSTS", &mut settings.hosts);
    read.frontend("WS_FRONTEND", &mut settings.frontend)?;
    Ok(settings)
}

struct Reader<F> {
    lookup: F,
}

impl<F: Fn(&'static str) -> Option<String>> Reader<F> {
    fn value(&self, name: &'static str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn number<N>(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<N>,
        to: &mut N,
    ) -> Result<(), SettingError>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(value) = self.value(name) else { return Ok(()) };
        *to = value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            SettingError { name, value, wanted }
        })?;
        Ok(())
    }

    fn time(&self, name: &'static str, least: u64, to: &mut Duration) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let parsed = value.parse().ok().filter(|ms| (least..=MAX_MS).contains(ms));
        let wanted = || format!("a number of milliseconds from {least} to {MAX_MS}");
        *to = parsed.map(Duration::from_millis).ok_or_else(|| SettingError {
            name,
            value,
            wanted: wanted(),
        })?;
        Ok(())
    }

    fn list(&self, name: &'static str, to: &mut Vec<String>) {
        let Some(value) = self.value(name) else { return };
        let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
        *to = items.map(str::to_owned).collect();
    }

    fn one_of(
        &self,
        name: &'static str,
        choice: &[(&str, &str)],
        to: &mut String,
    ) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let found = choice.iter().find(|(new, old)| value == *new || value == *old);
        let (new, _) = found.ok_or_else(|| {
            let names: Vec<_> = choice.iter().map(|(new, _)| *new).collect();
            SettingError { name, value: value.clone(), wanted: names.join(" or ") }
        })?;
        (*new).clone_into(to);
        Ok(())
    }

    fn frontend(&self, name: &'static str, to: &mut Frontend) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let path = PathBuf::from(&value);
        if !path.join("index.html").is_file() {
            let wanted = "a directory with an index.html".to_owned();
            return Err(SettingError { name, value, wanted });
        }
        *to = Frontend::Directory(path);
        Ok(())
    }

    fn host(&self, name: &'static str, to: &mut IpAddr) -> Result<(), SettingError> {
        let Some(value) = self.value(name) else { return Ok(()) };
        let parsed = match value.as_str() {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            other => other.parse().ok(),
        };
        let wanted = || "an address such as 127.0.0.1, 0.0.0.0 or ::1".to_owned();
        *to = parsed.ok_or_else(|| SettingError { name, value, wanted: wanted() })?;
        Ok(())
    }
}
