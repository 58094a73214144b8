//! A form that a value of the command line must have.

use std::error::Error;
use std::fmt;

/// A form that the value of an option must have, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    english: String,
    russian: String,
}

impl Form {
    /// The sentence in both languages.
    pub fn new(english: impl Into<String>, russian: impl Into<String>) -> Self {
        Self { english: english.into(), russian: russian.into() }
    }

    /// The English sentence.
    pub fn english(&self) -> &str {
        &self.english
    }

    /// The Russian sentence.
    pub fn russian(&self) -> &str {
        &self.russian
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl Error for Form {}
