//! What is said: the same bytes by every server, so that none has less to carry.

/// Begins the number by which a message is known again; no server says it by itself.
pub const MARK: u8 = b'#';

/// How many hexadecimal digits follow the mark.
const DIGITS: usize = 8;

/// A message's content: its number, and `padding` bytes.
pub fn content(number: u32, padding: usize) -> String {
    format!("{}{number:0DIGITS$x}{:.<padding$}", char::from(MARK), "")
}

/// The number of the message that a server's frame carries; `None` if it speaks of something else.
pub fn number(payload: &[u8]) -> Option<u32> {
    let mark = memchr::memchr(MARK, payload)?;
    let digits = payload.get(mark + 1..)?.get(..DIGITS)?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// What a client of the chat's `/ws` sends; `{}` stands for the content.
pub const TEMPLATE: &str = r#"{"type":"message","content":"{}"}"#;

/// Before and after the content, as the chat says it at `/ws`: field by field and byte by byte as long.
const SAID: (&str, &str) = (
    r#"{"connectionId":"0123456789abcdef0123456789abcdef","content":""#,
    concat!(
        r#"","id":"0123456789abcdef0123456789abcdef","seq":1000,"#,
        r#""timestamp":"2026-01-01T12:00:00.000Z","type":"message","username":"Гость 1"}"#
    ),
);

/// A content as everyone hears it.
pub fn said(content: &str) -> String {
    [SAID.0, content, SAID.1].concat()
}

/// The content of what a client sent, without reading the JSON: the floor does no work that it can avoid.
pub fn content_of(payload: &[u8]) -> Option<&str> {
    let mark = memchr::memchr(MARK, payload)?;
    let end = mark + memchr::memchr(b'"', &payload[mark..])?;
    str::from_utf8(&payload[mark..end]).ok()
}
