//! Close frames (RFC 6455 §5.5.1, §7.4).

use ws101::frame::{Checker, Frame, Header, Opcode, Role, Violation};

/// Takes any bytes as the payload of a close frame, from a client and from a server.
///
/// # Panics
///
/// The checker does not apply the rules of §5.5.1 and §7.4, or its text for the close frame of the
/// answer cannot be sent.
pub fn any(payload: &[u8]) {
    let unmasked = Frame::new(Opcode::Close, payload.to_vec());
    let masked = unmasked.clone().masked([0x5a, 0, 0xff, 1]);
    for (frame, sender) in [(masked, Role::Client), (unmasked, Role::Server)] {
        let bytes = frame.to_bytes();
        assert_eq!(Header::parse(&bytes), Some(frame.header));
        let verdict = Checker::new(sender).check(&frame);
        assert_eq!(verdict.is_ok(), is_allowed(payload), "{payload:02x?}: {verdict:?}");
        if let Err(violation) = verdict {
            is_told_in_a_close_frame(violation);
        }
    }
}

/// The rules for the payload, in the order of the RFC: nothing, or a code that may be sent and a
/// reason in UTF-8, in at most 125 bytes.
fn is_allowed(payload: &[u8]) -> bool {
    let Some((code, reason)) = payload.split_first_chunk() else { return payload.is_empty() };
    let code = u16::from_be_bytes(*code);
    // 1004 is reserved; 1005, 1006 and 1015 are never sent; nothing below 3000 is free.
    let is_code = (1000..=1014).contains(&code) && !(1004..=1006).contains(&code)
        || (3000..5000).contains(&code);
    payload.len() <= 125 && is_code && std::str::from_utf8(reason).is_ok()
}

/// The reason for a broken rule fits into a close frame of its own, which breaks no rule.
fn is_told_in_a_close_frame(violation: Violation) {
    let reason = violation.reason();
    let payload = [&violation.code().to_be_bytes(), reason.as_bytes()].concat();
    assert!(is_allowed(&payload) && reason.is_ascii(), "{reason}");
    assert!(!violation.to_string().contains(char::is_control), "{violation}");
}
