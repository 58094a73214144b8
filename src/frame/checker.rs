//! The rules of RFC 6455 §5 and the checks for them.

use super::{Frame, Header, Opcode, Violation};

/// The side that sends the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that sent the request. It must mask.
    Client,
    /// The side that answered 101. It must not mask.
    Server,
}

/// Checks the frames of one sender, in their order, and names the rule that a frame breaks.
///
/// It checks only what RFC 6455 forbids. Messages of any size pass. So do pings, pongs and a second
/// Close after a Close: §5.5.1 forbids only data there, and §5.5.2 demands a pong.
#[derive(Clone, Debug)]
pub struct Checker {
    sender: Role,
    message: Option<OpenMessage>,
    closed: bool,
}

/// A fragmented message whose last frame has not come.
#[derive(Clone, Debug)]
struct OpenMessage {
    /// Present while the message is text that can be checked for UTF-8.
    text: Option<Utf8>,
}

impl Checker {
    /// A checker of all frames from `sender`, starting with the first after the handshake.
    #[must_use]
    pub fn new(sender: Role) -> Self {
        Self { sender, message: None, closed: false }
    }

    /// Checks the sender's next frame.
    ///
    /// After a violation it goes on with the next frame as if the receiver had accepted this one.
    /// If a [`Decoder`](super::Decoder) kept only the first bytes of a text, neither that frame nor
    /// the rest of its message is checked for UTF-8.
    ///
    /// # Errors
    ///
    /// The first rule that the frame breaks.
    pub fn check(&mut self, frame: &Frame) -> Result<(), Violation> {
        // Both always run, because the second keeps the state of the message.
        let alone = self.judge_alone(frame);
        let among_others = self.judge_among_others(frame);
        alone.and(among_others)
    }

    /// Checks a header whose payload has not arrived. It changes no state.
    ///
    /// A frame that announces 2^64 - 1 bytes is never whole, so [`check`](Self::check) never sees it.
    ///
    /// # Errors
    ///
    /// The first rule that the header breaks, with any payload.
    pub fn check_header(&self, header: &Header) -> Result<(), Violation> {
        self.judge_header(header)?;
        match header.opcode {
            opcode if !opcode.is_control() && self.closed => Err(Violation::AfterClose(opcode)),
            Opcode::Continuation if self.message.is_none() => Err(Violation::NothingToContinue),
            opcode @ (Opcode::Text | Opcode::Binary) if self.message.is_some() => {
                Err(Violation::Interrupted(opcode))
            }
            _ => Ok(()),
        }
    }

    /// Checks a header without regard to the frames before it.
    fn judge_header(&self, header: &Header) -> Result<(), Violation> {
        if header.rsv != 0 {
            return Err(Violation::ReservedBits(header.rsv));
        }
        if let Opcode::Reserved(bits) = header.opcode {
            return Err(Violation::ReservedOpcode(bits));
        }
        match (self.sender, header.mask) {
            (Role::Client, None) => return Err(Violation::Unmasked),
            (Role::Server, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        if header.len >> 63 != 0 {
            return Err(Violation::LengthTopBit(header.len));
        }
        if !header.is_minimal() {
            return Err(Violation::LengthNotMinimal(header.len));
        }
        if header.opcode.is_control() {
            if header.len > 125 {
                return Err(Violation::ControlTooLong(header.opcode, header.len));
            }
            if !header.fin {
                return Err(Violation::ControlFragmented(header.opcode));
            }
        }
        Ok(())
    }

    /// Checks a frame without regard to the frames before it.
    fn judge_alone(&self, frame: &Frame) -> Result<(), Violation> {
        let header = &frame.header;
        self.judge_header(header)?;
        match frame.close_code() {
            None if header.opcode == Opcode::Close && header.len == 1 => {
                Err(Violation::CloseOneByte)
            }
            Some((code, _)) if !may_be_sent(code) => Err(Violation::CloseCode(code)),
            Some((_, reason)) if frame.digest.is_none() && str::from_utf8(reason).is_err() => {
                Err(Violation::CloseReasonNotUtf8)
            }
            _ => Ok(()),
        }
    }

    /// Checks a frame against the frames before it, and keeps the state of the message.
    fn judge_among_others(&mut self, frame: &Frame) -> Result<(), Violation> {
        let opcode = frame.header.opcode;
        let fin = frame.header.fin;
        let started = self.message.is_some();
        let closed = self.closed;
        self.closed |= opcode == Opcode::Close;
        match opcode {
            Opcode::Text => self.message = Some(OpenMessage { text: Some(Utf8::default()) }),
            Opcode::Binary => self.message = Some(OpenMessage { text: None }),
            Opcode::Continuation => {}
            // Control frames may come between the fragments of a message (RFC 6455 §5.4).
            _ => return Ok(()),
        }
        let is_text = self.message.as_mut().is_none_or(|message| message.add(frame));
        if fin {
            self.message = None;
        }

        match (opcode, started) {
            _ if closed => Err(Violation::AfterClose(opcode)),
            (Opcode::Continuation, false) => Err(Violation::NothingToContinue),
            (Opcode::Text | Opcode::Binary, true) => Err(Violation::Interrupted(opcode)),
            _ if !is_text => Err(Violation::TextNotUtf8),
            _ => Ok(()),
        }
    }
}

impl OpenMessage {
    /// Adds a frame; false if the message is text and no longer valid UTF-8.
    fn add(&mut self, frame: &Frame) -> bool {
        if frame.digest.is_some() {
            self.text = None;
        }
        let Some(text) = &mut self.text else { return true };
        let fine = text.add(&frame.payload) && !(frame.header.fin && text.is_cut());
        if !fine {
            // Reported once: the fragments after this one are not checked.
            self.text = None;
        }
        fine
    }
}

/// Whether a close frame may carry `code` (RFC 6455 §7.4.1, §7.4.2, and IANA's registry for 1012-1014).
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Validates UTF-8 that comes in pieces: a fragment may end inside a character (RFC 6455 §5.6).
#[derive(Clone, Debug, Default)]
struct Utf8 {
    /// The first bytes of an incomplete character, at most three between two pieces.
    begun: [u8; 4],
    len: usize,
}

impl Utf8 {
    /// Adds `bytes`; false if the bytes so far cannot begin valid UTF-8.
    fn add(&mut self, mut bytes: &[u8]) -> bool {
        while self.len > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return true };
            self.begun[self.len] = byte;
            bytes = rest;
            match str::from_utf8(&self.begun[..=self.len]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => self.len += 1,
                Err(_) => return false,
            }
        }
        match str::from_utf8(bytes) {
            Ok(_) => true,
            Err(error) if error.error_len().is_none() => {
                let cut = &bytes[error.valid_up_to()..];
                self.begun[..cut.len()].copy_from_slice(cut);
                self.len = cut.len();
                true
            }
            Err(_) => false,
        }
    }

    /// Whether the last character is incomplete.
    fn is_cut(&self) -> bool {
        self.len > 0
    }
}
