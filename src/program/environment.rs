//! Settings from the environment: each variable is read, checked and put into its field.

mod value;
mod variables;

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

pub use variables::{VARIABLES, Variable};

use crate::settings::Settings;

/// An environment variable with a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is not {wanted}")]
pub struct SettingError {
    name: &'static str,
    value: String,
    wanted: String,
}

impl SettingError {
    /// The file `path`, which a variable names and the system refuses to open.
    pub(super) fn file(name: &'static str, path: &Path, error: &io::Error) -> Self {
        let value = path.to_string_lossy().into_owned();
        Self { name, value, wanted: format!("a file that can be written: {error}") }
    }
}

/// The variable whose value is in no error.
const SECRET: &str = "WS_TEACHER_KEY";

/// `defaults`, changed by the [`VARIABLES`] that `lookup` knows; an empty value changes nothing.
///
/// # Errors
///
/// The first variable with a value that cannot be used.
pub fn settings_from(
    defaults: Settings,
    lookup: impl Fn(&'static str) -> Option<String>,
) -> Result<Settings, SettingError> {
    let mut settings = defaults;
    for variable in VARIABLES {
        // The new name comes second, so that it wins.
        for name in variable.old_name.into_iter().chain([variable.name]) {
            let Some(value) = lookup(name) else { continue };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            (variable.read)(value, &mut settings).map_err(|wanted| SettingError {
                name,
                value: if name == SECRET { "…" } else { value }.to_owned(),
                wanted,
            })?;
        }
    }
    Ok(settings)
}

/// The number that `text` gives a variable of one program's own, which is not among the [`VARIABLES`]; `None` if
/// there is no text, or no word in it.
pub(super) fn number(
    name: &'static str,
    range: RangeInclusive<u64>,
    text: Option<String>,
) -> Result<Option<u64>, SettingError> {
    let text = text.unwrap_or_default();
    let value = text.trim();
    if value.is_empty() {
        return Ok(None);
    }
    let mut number = 0;
    let read = value::number(value, range, &mut number);
    read.map_err(|wanted| SettingError { name, value: value.to_owned(), wanted })?;
    Ok(Some(number))
}
