//! The lines of a tap in the terminal, with the bytes of each frame if they are wanted.

use anyhow::Result;
use ws101::escape::Hex;
use ws101::frame::Frame;
use ws101::proxy::{Event, Totals, What};
use ws101::wst::{Item, LineWriter};

use super::lines::{Lines, remark};
use super::output::Output;
use super::words;
use crate::lang::Lang;
use crate::output::try_lines;
use crate::request::Secrets;

/// How many bytes of a payload are shown.
const PAYLOAD_SHOWN: usize = 32;

/// The terminal, or whatever reads standard output.
pub struct Terminal {
    lines: Lines,
    has_hex: bool,
    secrets: Secrets,
    lang: Lang,
}

impl Terminal {
    /// Shows the bytes of frames if `has_hex`; `secrets` are shown as `<secret>`.
    pub fn new(has_hex: bool, secrets: Secrets, lang: Lang) -> Self {
        Self { lines: Lines::new(LineWriter::literal(), lang), has_hex, secrets, lang }
    }

    fn print(&self, item: &Item) -> Result<()> {
        Ok(try_lines(format_args!("{}", self.secrets.hide(&item.to_line())))?)
    }
}

impl Output for Terminal {
    fn event(&mut self, event: &Event) -> Result<()> {
        for item in self.lines.of(event) {
            self.print(&item)?;
        }
        if let (What::Frame { frame, .. }, true) = (&event.what, self.has_hex) {
            for line in hex(frame, self.lang) {
                self.print(&remark(&line))?;
            }
        }
        Ok(())
    }

    fn end(&mut self, totals: &Totals) -> Result<()> {
        self.print(&remark(&words::summary(totals, self.lang)))
    }
}

/// The parts of a frame, each with its bytes, its meaning and the section of RFC 6455.
fn hex(frame: &Frame, lang: Lang) -> Vec<String> {
    let header = &frame.header;
    let bytes = frame.to_bytes();
    let key = header.mask.map_or(0, |key| key.len());
    let (head, payload) = bytes.split_at(header.size.min(bytes.len()));
    let (first, rest) = head.split_at(1);
    let (length, key) = rest.split_at(rest.len() - key);
    let part = |bytes: &[u8], meaning: &str| {
        format!("    {:12} {meaning}", Hex::new(bytes, PAYLOAD_SHOWN).to_string())
    };
    let (fin, mask) = (u8::from(header.fin), u8::from(header.mask.is_some()));
    let (opcode, name) = (header.opcode.bits(), header.opcode.to_string());
    let length_word = lang.pick("length", "длина");
    let mut parts = vec![
        part(first, &format!("fin={fin} rsv={:03b} opcode={opcode:x} {name} §5.2", header.rsv)),
        part(length, &format!("mask={mask} {length_word}={} §5.2", header.len)),
    ];
    if !key.is_empty() {
        parts.push(part(key, lang.pick("masking key §5.3", "ключ маски §5.3")));
    }
    if !payload.is_empty() {
        parts.push(part(payload, lang.pick("payload", "payload (данные)")));
    }
    if !payload.is_empty() && !key.is_empty() {
        parts.push(part(&frame.payload, lang.pick("unmasked §5.3", "без маски §5.3")));
    }
    parts
}

#[cfg(test)]
mod tests {
    use ws101::frame::Frame;

    use super::hex;
    use crate::lang::Lang;

    #[test]
    fn the_bytes_of_a_frame_stand_beside_their_meaning() {
        // The masked "Hello" of RFC 6455 §5.7.
        let lines = hex(&Frame::text("Hello").masked([0x37, 0xfa, 0x21, 0x3d]), Lang::En);
        assert_eq!(
            lines,
            [
                "    81           fin=1 rsv=000 opcode=1 text §5.2",
                "    85           mask=1 length=5 §5.2",
                "    37 fa 21 3d  masking key §5.3",
                "    7f 9f 4d 51 58 payload",
                "    48 65 6c 6c 6f unmasked §5.3",
            ]
        );
        let long = hex(&Frame::binary(vec![0; 256]).unfinished(), Lang::Ru);
        assert_eq!(
            long[..2],
            [
                "    02           fin=0 rsv=000 opcode=2 binary §5.2",
                "    7e 01 00     mask=0 длина=256 §5.2"
            ]
        );
        assert_eq!(hex(&Frame::ping(""), Lang::En).len(), 2);
    }
}
