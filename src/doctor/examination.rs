//! An examination under way, and what it shows of the server's answers.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_ENCODING, DATE, SEC_WEBSOCKET_ACCEPT, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, Response, StatusCode};

use super::evidence::Evidence;
use super::target::Target;
use crate::client::{Answer, status_named};
use crate::escape::{HIDDEN, Hex, Shown, is_secret, without_secret_parameters};
use crate::transcript::Chunks;

/// How many bytes are shown of an answer that is not HTTP.
pub(super) const SHOWN: usize = 32;

/// How many headers of an answer are evidence, and how much of each.
const HEADERS: usize = 24;
const HEADER_SHOWN: usize = 200;

/// The headers of a 101 that are evidence only if they are wrong: each fault tells the value.
const JUDGED: [HeaderName; 3] = [CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE];

/// One examination. Each file of this module adds the steps of one kind.
pub(super) struct Examination<'t> {
    pub target: &'t Target,
    pub evidence: Vec<Evidence>,
}

impl Examination<'_> {
    pub(super) fn note(&mut self, step: Evidence) {
        self.evidence.push(step);
    }

    /// Notes what the server sent.
    pub(super) fn received(&mut self, text: String) {
        self.note(Evidence::Received(text));
    }

    /// An answer with its headers, as evidence; a cookie is a secret.
    pub(super) fn show(&mut self, answer: &Answer) {
        match answer {
            Answer::Response { response, rest, .. } => {
                self.show_response(response);
                let status = response.status();
                let is_text = !status.is_informational()
                    && !response.headers().contains_key(CONTENT_ENCODING);
                let said = quoted(&body(response, rest));
                if is_text && !said.as_str().is_empty() {
                    self.received(format!("← {said}"));
                }
            }
            Answer::Garbage(bytes) => self.received(format!("← {}", Hex::new(bytes, SHOWN))),
            Answer::Torn(bytes, _) => {
                self.received(format!("← {}", Shown::new(bytes, HEADER_SHOWN)));
            }
            Answer::Endless | Answer::Silence | Answer::Eof | Answer::Reset => {
                self.note(Evidence::Answer(answer.into()));
            }
        }
    }

    pub(super) fn show_response(&mut self, response: &Response<()>) {
        let status = status_named(response.status());
        self.received(format!("← {:?} {status}", response.version()));
        let is_101 = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let is_told = |name: &HeaderName| *name != DATE && !(is_101 && JUDGED.contains(name));
        let told = response.headers().iter().filter(|(name, _)| is_told(name));
        for (name, value) in told.take(HEADERS) {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match is_secret(name.as_str()) {
                true => HIDDEN.to_owned(),
                false => without_secret_parameters(&value),
            };
            self.received(format!("  {name}: {}", Shown::new(&value, HEADER_SHOWN)));
        }
    }
}

/// The text as one line that is safe to print; of an HTML page its title, or its text if it has none.
pub(super) fn quoted(bytes: &[u8]) -> Shown {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if !text.starts_with('<') {
        return Shown::of(text);
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| Some(at + lower[at..].find('>')? + 1));
    let title = title.and_then(|from| Some(&text[from..from + lower[from..].find("</title")?]));
    title.map_or_else(|| Shown::of(&without_tags(text)), |title| Shown::of(title.trim()))
}

/// The words of an HTML page.
fn without_tags(page: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let words: Vec<_> = parts.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// The body of an answer, without the chunks that it came in.
pub(super) fn body(response: &Response<()>, rest: &Bytes) -> Bytes {
    if !response.headers().contains_key(TRANSFER_ENCODING) {
        return rest.clone();
    }
    let mut chunks = Chunks::default();
    chunks.read(rest);
    chunks.whole.freeze()
}
