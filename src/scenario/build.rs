//! Makes the bytes that a client sends.

use bytes::{BufMut, Bytes, BytesMut};

use super::mismatch::Mismatch;
use super::text::within_limit;
use super::{Ask, FramePattern, Kind, Names, Payload};
use crate::address::encoded;
use crate::frame::{Frame, Opcode};
use crate::transcript::{MASK, Request};
use crate::wst::byte_string;

impl Ask {
    /// The request for `host`.
    ///
    /// # Errors
    ///
    /// A name that stands for nothing yet, or a head of more than
    /// [`PAYLOAD_LIMIT`](crate::wst::PAYLOAD_LIMIT).
    pub(super) fn to_bytes(&self, host: &str, names: &Names) -> Result<Bytes, Mismatch> {
        match self {
            Self::Raw(payload) => payload.to_bytes(names),
            Self::Usual { method, target, headers } => {
                let target = encoded(&target.fill(names)?);
                let mut bytes = target.len();
                let mut request = Request::new(&target).method(method);
                for (short, value) in headers {
                    let name = header_name(short);
                    let Some(value) = value else {
                        request = request.without(&name);
                        continue;
                    };
                    let value = value.fill(names)?;
                    bytes += value.len();
                    within_limit(bytes)?;
                    request = request.header(&name, &value);
                }
                Ok(request.to_bytes(host))
            }
        }
    }
}

/// A header's whole name: `key` is `Sec-WebSocket-Key`.
pub(super) fn header_name(short: &str) -> String {
    match short {
        "subprotocol" => "Sec-WebSocket-Protocol".to_owned(),
        "key" | "version" | "extensions" | "accept" => format!("Sec-WebSocket-{short}"),
        name => name.to_owned(),
    }
}

impl FramePattern {
    /// The frame or the fragments, masked with the fixed key unless they are to be unmasked.
    pub(super) fn to_bytes(&self, names: &Names) -> Result<Bytes, Mismatch> {
        let payload = self.payload.to_bytes(names)?;
        let opcode = match self.kind {
            Kind::Json => Opcode::Text,
            Kind::Frame(opcode) => opcode,
        };
        let mut out = BytesMut::new();
        let count = self.fragments.unwrap_or(1);
        for n in 0..count {
            let piece = payload.slice(payload.len() * n / count..payload.len() * (n + 1) / count);
            let opcode = if n == 0 { opcode } else { Opcode::Continuation };
            let mut frame = Frame::new(opcode, piece);
            if n == 0 {
                frame = frame.rsv(self.rsv);
            }
            if !self.wrong_mask {
                frame = frame.masked(MASK);
            }
            frame.header.fin = n + 1 == count && self.fin.unwrap_or(true);
            if let Some(len) = self.len {
                frame.header.len = len;
            }
            if let Some(size) = self.header {
                frame.header.size = size;
            }
            frame.encode(&mut out);
        }
        Ok(out.freeze())
    }

    /// The only encoding that matches this pattern from a server, if there is only one.
    pub(super) fn exactly(&self, names: &Names) -> Option<Bytes> {
        let Kind::Frame(opcode) = self.kind else { return None };
        let is_certain = match &self.payload {
            Payload::Unsaid => !opcode.is_control(),
            Payload::Text(..) | Payload::Bytes(..) => true,
            Payload::Close(codes, reason) => codes.len() == 1 && reason.is_some(),
            Payload::OpenBytes(text) => !text.has_placeholders(),
            Payload::Any | Payload::Digest(..) | Payload::Json(_) => false,
        };
        let payload = is_certain.then(|| self.payload.to_bytes(names).ok())??;
        let mut frame = Frame::new(opcode, payload).rsv(self.rsv);
        frame.header.fin = self.fin.unwrap_or(true);
        Some(frame.to_bytes())
    }
}

impl Payload {
    /// The bytes.
    ///
    /// # Errors
    ///
    /// A name that stands for nothing yet, bytes of which only the digest is written, or more bytes
    /// than [`PAYLOAD_LIMIT`](crate::wst::PAYLOAD_LIMIT).
    pub(super) fn to_bytes(&self, names: &Names) -> Result<Bytes, Mismatch> {
        Ok(match self {
            Self::Unsaid => Bytes::new(),
            Self::Any | Self::Digest(..) => return Err(Mismatch::NotWritten(self.to_string())),
            Self::Text(text, times) => {
                let once = text.fill(names)?;
                within_limit(once.len().saturating_mul(*times))?;
                once.repeat(*times).into()
            }
            Self::Bytes(bytes, times) => bytes.repeat(*times).into(),
            Self::OpenBytes(text) => byte_string(&text.fill(names)?).into(),
            Self::Json(json) => json.fill(names)?.into(),
            Self::Close(codes, reason) => {
                let mut out = BytesMut::new();
                out.put_u16(codes.first().copied().unwrap_or_default());
                if let Some(reason) = reason {
                    out.extend_from_slice(reason.fill(names)?.as_bytes());
                }
                out.freeze()
            }
        })
    }
}
