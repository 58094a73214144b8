//! Scenarios in the wire language.

use ws101::wst::{FILE_LIMIT, Scenario};

/// The size of the text that [`any`] makes by repeating its input, in bytes. libFuzzer has a limit
/// for the time of one input, so a parser that is not linear fails.
const REPEATED: usize = 64 * 1024;

/// Takes any bytes as a scenario, once and many times over.
pub fn any(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    is_parsed_or_refused(&text);
    if !text.is_empty() {
        is_parsed_or_refused(&text.repeat(REPEATED / text.len()));
    }
}

/// A scenario is printed as text that parses into the same scenario. Any other text is refused: the
/// error is one line, and names a place in the text.
///
/// # Panics
///
/// The property does not hold.
pub fn is_parsed_or_refused(text: &str) {
    match text.parse::<Scenario>() {
        Ok(scenario) => is_printed(&scenario),
        Err(error) => {
            let line = text.lines().nth(error.line - 1).unwrap_or_default();
            assert!(error.column <= line.chars().count() + 1, "{error}");
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}

/// A scenario is printed as text that parses into the same scenario, unless the text is longer than
/// a file may be: printing aligns columns, so it can make a text longer.
///
/// # Panics
///
/// The property does not hold.
pub fn is_printed(scenario: &Scenario) {
    let text = scenario.to_string();
    if text.len() > FILE_LIMIT {
        return;
    }
    let again: Scenario = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&again, scenario, "{text}");
    assert_eq!(again.to_string(), text);
}
