//! `Sec-WebSocket-Extensions`, in requests and in answers (RFC 6455 §9.1).

use std::fmt;

/// One extension of a list: `permessage-deflate; server_max_window_bits=10`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The name, as it was written. Names are compared byte for byte.
    pub name: String,
    /// The parameters in their order, each with its value if it has one. A value that was quoted
    /// stands here without its quotes.
    pub parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// The extensions that the value of one header lists, in their order.
    ///
    /// `None` if the list is empty or breaks the grammar of RFC 6455 §9.1 anywhere. It costs one
    /// pass over `list`.
    #[must_use]
    pub fn parse_list(list: &str) -> Option<Vec<Self>> {
        let mut rest = list;
        let mut extensions = Vec::new();
        loop {
            let mut extension = Self { name: token(&mut rest)?, parameters: Vec::new() };
            while eat(&mut rest, ';') {
                let name = token(&mut rest)?;
                let value = if eat(&mut rest, '=') { Some(value(&mut rest)?) } else { None };
                extension.parameters.push((name, value));
            }
            extensions.push(extension);
            if !eat(&mut rest, ',') {
                return rest.is_empty().then_some(extensions);
            }
        }
    }
}

/// As a header writes it. Every value that [`Extension::parse_list`] gives needs no quotes.
impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Takes a token and the blanks around it.
fn token(rest: &mut &str) -> Option<String> {
    let text = rest.trim_start_matches([' ', '\t']);
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    let (token, behind) = text.split_at(end);
    *rest = behind.trim_start_matches([' ', '\t']);
    (!token.is_empty()).then(|| token.to_owned())
}

/// Takes a token, or a quoted string that holds one.
fn value(rest: &mut &str) -> Option<String> {
    let Some(mut text) = rest.trim_start_matches([' ', '\t']).strip_prefix('"') else {
        return token(rest);
    };
    let mut value = String::new();
    loop {
        let mut char = take(&mut text)?;
        match char {
            '"' => break,
            '\\' => char = take(&mut text)?,
            _ => {}
        }
        value.push(char);
    }
    *rest = text.trim_start_matches([' ', '\t']);
    (!value.is_empty() && value.bytes().all(is_token)).then_some(value)
}

fn take(text: &mut &str) -> Option<char> {
    let mut chars = text.chars();
    let char = chars.next();
    *text = chars.as_str();
    char
}

fn eat(rest: &mut &str, wanted: char) -> bool {
    let behind = rest.strip_prefix(wanted);
    *rest = behind.unwrap_or(rest);
    behind.is_some()
}
