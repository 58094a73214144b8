//! The text of messages. Every server sends the same number of bytes, so that costs can be compared.

/// The character before a message's number. No server sends it for another reason.
pub const MARK: u8 = b'#';

/// How many hexadecimal digits follow the mark.
const DIGITS: usize = 8;

/// A message's content: its number, and `padding` bytes.
pub fn content(number: u32, padding: usize) -> String {
    format!("{}{number:0DIGITS$x}{:.<padding$}", char::from(MARK), "")
}

/// The number of the message in a server's frame; `None` if the frame has none.
pub fn number(payload: &[u8]) -> Option<u32> {
    let mark = memchr::memchr(MARK, payload)?;
    let digits = payload.get(mark + 1..)?.get(..DIGITS)?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// The message of a client of the chat's `/ws`; `{}` stands for the content.
pub const TEMPLATE: &str = r#"{"type":"message","content":"{}"}"#;

/// The text before and after the content: as long as in the chat's messages at `/ws`.
const SAID: (&str, &str) = (
    r#"{"connectionId":"0123456789abcdef0123456789abcdef","content":""#,
    concat!(
        r#"","id":"0123456789abcdef0123456789abcdef","seq":1000,"#,
        r#""timestamp":"2026-01-01T12:00:00.000Z","type":"message","username":"Гость 1"}"#
    ),
);

/// The message that every client receives for a content.
pub fn said(content: &str) -> String {
    [SAID.0, content, SAID.1].concat()
}

/// The content of a client's message, found without parsing the JSON, to keep the floor's cost low.
pub fn content_of(payload: &[u8]) -> Option<&str> {
    let mark = memchr::memchr(MARK, payload)?;
    let end = mark + memchr::memchr(b'"', &payload[mark..])?;
    str::from_utf8(&payload[mark..end]).ok()
}
