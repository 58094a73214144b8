//! The rules of RFC 6455 that a frame can break, each with a sentence that explains it.

use super::Opcode;

/// The rule of RFC 6455 that a frame breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Reserved bits are set (4 is RSV1, 1 is RSV3).
    #[error(
        "reserved bits {0:03b} are set: they stay 000 unless an extension was agreed on in the handshake (RFC 6455 §5.2)"
    )]
    ReservedBits(u8),
    /// The opcode is reserved.
    #[error("opcode {0:#x} is reserved: a frame is one of 0x0-0x2 and 0x8-0xa (RFC 6455 §5.2)")]
    ReservedOpcode(u8),
    /// A client sent an unmasked frame.
    #[error("the frame is not masked: a client masks every frame it sends (RFC 6455 §5.1)")]
    Unmasked,
    /// A server sent a masked frame.
    #[error("the frame is masked: a server never masks (RFC 6455 §5.1)")]
    Masked,
    /// The length has bit 63 set.
    #[error("the length {0:#x} has its highest bit set, which must be 0 (RFC 6455 §5.2)")]
    LengthTopBit(u64),
    /// The length takes more bytes than it needs.
    #[error(
        "the length {0} takes more bytes than it needs: up to 125 none, up to 65535 two, above eight (RFC 6455 §5.2)"
    )]
    LengthNotMinimal(u64),
    /// A control frame has more than 125 bytes.
    #[error("a {0} frame carries {1} bytes: a control frame carries at most 125 (RFC 6455 §5.5)")]
    ControlTooLong(Opcode, u64),
    /// A control frame has FIN clear.
    #[error("a {0} frame has FIN clear: a control frame is never fragmented (RFC 6455 §5.5)")]
    ControlFragmented(Opcode),
    /// A continuation outside a fragmented message.
    #[error(
        "a continuation without a start: the first frame of a message says text or binary (RFC 6455 §5.4)"
    )]
    NothingToContinue,
    /// A new message inside a fragmented one.
    #[error(
        "a {0} frame inside a fragmented message: its fragments come one after the other, only control frames between (RFC 6455 §5.4)"
    )]
    Interrupted(Opcode),
    /// A text message that is not UTF-8.
    #[error(
        "the text is not UTF-8: all of a text message must be, whichever way it is cut (RFC 6455 §8.1)"
    )]
    TextNotUtf8,
    /// A close frame of one byte: half a code.
    #[error("a close frame of 1 byte: it is empty or begins with a code of 2 (RFC 6455 §5.5.1)")]
    CloseOneByte,
    /// A code that no close frame may carry.
    #[error(
        "close code {0} may not be sent: 1000-1003, 1007-1014 and 3000-4999 may (RFC 6455 §7.4)"
    )]
    CloseCode(u16),
    /// A close reason that is not UTF-8.
    #[error("the close reason is not UTF-8, which a reason must be (RFC 6455 §5.5.1)")]
    CloseReasonNotUtf8,
    /// A data frame after a Close.
    #[error("a {0} frame after a close frame: Close is the last word about data (RFC 6455 §5.5.1)")]
    AfterClose(Opcode),
}

impl Violation {
    /// The close code for it: 1007 for text that is not UTF-8, else 1002 (RFC 6455 §7.4.1).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => 1007,
            _ => 1002,
        }
    }

    /// The section of RFC 6455 with the rule: `§5.5.1`.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Unmasked | Self::Masked => "§5.1",
            Self::ReservedBits(_)
            | Self::ReservedOpcode(_)
            | Self::LengthTopBit(_)
            | Self::LengthNotMinimal(_) => "§5.2",
            Self::NothingToContinue | Self::Interrupted(_) => "§5.4",
            Self::ControlTooLong(..) | Self::ControlFragmented(_) => "§5.5",
            Self::CloseOneByte | Self::CloseReasonNotUtf8 | Self::AfterClose(_) => "§5.5.1",
            Self::CloseCode(_) => "§7.4",
            Self::TextNotUtf8 => "§8.1",
        }
    }

    /// The rule as a close reason: ASCII, and short enough for a control frame.
    #[must_use]
    pub fn reason(self) -> String {
        let whole = self.to_string();
        // Up to the explanation or the section, which is added in ASCII.
        let broken = whole.split([':', '(']).next().unwrap_or_default().trim_end();
        format!("{broken} (RFC 6455 {})", self.section().trim_start_matches('§'))
    }
}

impl Violation {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(self) -> String {
        let broken = match self {
            Self::ReservedBits(bits) => format!(
                "зарезервированные биты равны {bits:03b}: без договорённости о расширении там 000"
            ),
            Self::ReservedOpcode(opcode) => {
                format!("opcode {opcode:#x} зарезервирован: бывают 0x0-0x2 и 0x8-0xa")
            }
            Self::Unmasked => "кадр без маски: клиент маскирует каждый кадр".to_owned(),
            Self::Masked => "кадр с маской: сервер никогда не маскирует".to_owned(),
            Self::LengthTopBit(len) => {
                format!("в длине {len:#x} старший бит равен 1, а должен быть 0")
            }
            Self::LengthNotMinimal(len) => format!(
                "длина {len} занимает больше байт, чем нужно: до 125 ни одного, до 65535 два, дальше восемь"
            ),
            Self::ControlTooLong(opcode, len) => {
                format!("в кадре {opcode} {len} байт: в управляющем кадре их не больше 125")
            }
            Self::ControlFragmented(opcode) => {
                format!("у кадра {opcode} FIN равен 0: управляющий кадр не дробят")
            }
            Self::NothingToContinue => {
                "продолжение без начала: первый кадр сообщения — text или binary".to_owned()
            }
            Self::Interrupted(opcode) => format!(
                "кадр {opcode} внутри сообщения по частям: части идут подряд, между ними только управляющие кадры"
            ),
            Self::TextNotUtf8 => {
                "текст не в UTF-8: таким должно быть всё сообщение, как его ни дроби".to_owned()
            }
            Self::CloseOneByte => {
                "кадр закрытия из одного байта: он пуст или начинается с кода из двух".to_owned()
            }
            Self::CloseCode(code) => {
                format!("код закрытия {code} слать нельзя: можно 1000-1003, 1007-1014 и 3000-4999")
            }
            Self::CloseReasonNotUtf8 => "причина закрытия не в UTF-8".to_owned(),
            Self::AfterClose(opcode) => {
                format!("кадр {opcode} после кадра закрытия: данные кончаются на нём")
            }
        };
        format!("{broken} (RFC 6455 {})", self.section())
    }
}
