//! Whether what was heard is what was to be heard.

use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::build::header_name;
use super::difference::Why;
use super::inbox::{Heard, What};
use super::json::is_digest;
use super::{Answer, End, Kind, Names, Payload, Shape, Sight};
use crate::frame::{Frame, Opcode, Torn};
use crate::transcript::remains;

type Verdict = Result<(), Why>;

/// Compares; `accept` is what the 101 must bring. Names are kept in `names` where it fits.
pub(super) fn matches(sight: &Sight, heard: &Heard, accept: &str, names: &mut Names) -> Verdict {
    let mut known = names.clone();
    let verdict = match (sight, &heard.what) {
        (_, What::Missed) => Err(Why::Flood),
        (Sight::Answer(answer), What::Answer(response, body)) => {
            answered(answer, response, body, accept, &mut known)
        }
        (Sight::Stray(payload), What::Stray(bytes)) => {
            carries(payload, Opcode::Binary, &plain(bytes), &mut known)
        }
        (Sight::Frame(shape), What::Frame(frame)) => framed(shape, frame, &mut known),
        (Sight::Torn(text), What::Torn(torn)) => torn_as(text, *torn),
        (Sight::End(wanted), What::End(end))
            if wanted == end || *wanted == End::Any && *end != End::Refused =>
        {
            Ok(())
        }
        _ => Err(Why::Other),
    };
    if verdict.is_ok() {
        *names = known;
    }
    verdict
}

fn torn_as(text: &str, torn: Torn) -> Verdict {
    let seen = remains(torn);
    let seen = seen.strip_prefix("torn ").unwrap_or(&seen);
    differs_unless(text == seen || text == "...", || format!("it is torn {seen}"))
}

fn answered(
    answer: &Answer,
    response: &http::Response<()>,
    body: &Bytes,
    accept: &str,
    names: &mut Names,
) -> Verdict {
    let status = response.status();
    differs_unless(answer.statuses.contains(&status.as_u16()), || {
        format!("the status is {}", status.as_u16())
    })?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    for (short, wanted) in &answer.headers {
        let name = header_name(short);
        match header(&name) {
            None => return Err(Why::Differs(format!("the header {name} is missing"))),
            Some(value) => differs_unless(wanted.matches(value, names), || {
                format!("the header {name} is \"{value}\", not {wanted}")
            })?,
        }
    }
    if status == StatusCode::SWITCHING_PROTOCOLS {
        switched(answer, &header, accept)?;
    }
    let end = body.trim_ascii_end().len();
    match &answer.body {
        Payload::Unsaid | Payload::Any => Ok(()),
        wanted => carries(wanted, Opcode::Text, &plain(&body.slice(..end)), names),
    }
}

/// What a client must check in a 101 (RFC 6455 §4.1).
fn switched<'h>(
    answer: &Answer,
    header: &impl Fn(&str) -> Option<&'h str>,
    accept: &str,
) -> Verdict {
    for (name, token) in [("Upgrade", "websocket"), ("Connection", "upgrade")] {
        let value = header(name).unwrap_or_default();
        let is_there = value.split(',').any(|word| word.trim().eq_ignore_ascii_case(token));
        differs_unless(is_there, || {
            format!("the header {name} is \"{value}\", and must say {token} (RFC 6455 §4.1)")
        })?;
    }
    let found = header("Sec-WebSocket-Accept").unwrap_or_default();
    differs_unless((found == accept) != answer.bad_accept, || {
        format!("Sec-WebSocket-Accept is \"{found}\", and must be \"{accept}\" (RFC 6455 §4.2.2)")
    })?;
    for (name, short) in
        [("Sec-WebSocket-Protocol", "subprotocol"), ("Sec-WebSocket-Extensions", "extensions")]
    {
        let asked = answer.headers.iter().any(|(wanted, _)| wanted == short);
        differs_unless(asked || header(name).is_none(), || {
            format!("the header {name} is there, and nobody asked for it (RFC 6455 §4.1)")
        })?;
    }
    Ok(())
}

fn framed(shape: &Shape, frame: &Frame, names: &mut Names) -> Verdict {
    let header = &frame.header;
    let opcode = match shape.kind {
        Kind::Json => Opcode::Text,
        Kind::Frame(opcode) => opcode,
    };
    if opcode != header.opcode {
        return Err(Why::Other);
    }
    differs_unless(shape.rsv == header.rsv, || {
        format!("the reserved bits are {}, not {} (RFC 6455 §5.2)", header.rsv, shape.rsv)
    })?;
    let fin = shape.fin.unwrap_or(true);
    differs_unless(fin == header.fin, || {
        format!("FIN is {}, not {} (RFC 6455 §5.4)", u8::from(header.fin), u8::from(fin))
    })?;
    differs_unless(shape.wrong_mask == header.mask.is_some(), || {
        "the frame is masked: a server never masks (RFC 6455 §5.1)".to_owned()
    })?;
    let size = shape.header.map_or(header.is_minimal(), |size| size == header.size);
    differs_unless(size, || {
        format!("the header has {} bytes, more than it needs (RFC 6455 §5.2)", header.size)
    })?;
    carries(&shape.payload, opcode, frame, names)
}

/// Bytes as if they were a frame's, to be compared like one's.
fn plain(bytes: &Bytes) -> Frame {
    Frame::binary(bytes.clone())
}

fn carries(wanted: &Payload, opcode: Opcode, frame: &Frame, names: &mut Names) -> Verdict {
    let found = &frame.payload;
    match wanted {
        Payload::Any => Ok(()),
        Payload::Unsaid if [Opcode::Ping, Opcode::Pong].contains(&opcode) => Ok(()),
        Payload::Unsaid => same(b"", frame),
        Payload::Bytes(bytes, times) => same(&bytes.repeat(*times), frame),
        Payload::Text(text, times) => match text.fill(names) {
            Ok(whole) if *times != 1 || frame.digest.is_some() => {
                same(whole.repeat(*times).as_bytes(), frame)
            }
            _ => {
                let found = readable(found)?;
                differs_unless(text.matches(found, names), || {
                    unlike(&text.fill(names).unwrap_or_default(), found)
                })
            }
        },
        Payload::Json(json) => {
            let found = readable(found)?;
            let value = serde_json::from_str(found)
                .map_err(|error| Why::Differs(format!("it is no JSON: {error}")))?;
            json.matches(&value, "$", names).map_err(Why::Differs)
        }
        Payload::Close(codes, reason) => {
            let Some((code, text)) = frame.close_code() else {
                return Err(Why::Differs("it carries no code".to_owned()));
            };
            differs_unless(codes.contains(&code), || format!("the code is {code}"))?;
            let Some(wanted) = reason else { return Ok(()) };
            let text = readable(text)?;
            differs_unless(wanted.matches(text, names), || format!("the reason is \"{text}\""))
        }
        Payload::Digest(len, front) => {
            let digest = frame.digest.unwrap_or_else(|| Sha256::digest(found).into());
            differs_unless(frame.header.len == *len, || {
                format!("it has {} bytes, not {len}", frame.header.len)
            })?;
            differs_unless(is_digest(front, &digest), || {
                "it has the right length, and other bytes".to_owned()
            })
        }
    }
}

/// Whether the payload is exactly `wanted`, also where only its front was kept.
fn same(wanted: &[u8], frame: &Frame) -> Verdict {
    let fits = match frame.digest {
        Some(digest) => digest == <[u8; 32]>::from(Sha256::digest(wanted)),
        None => frame.payload == wanted,
    };
    differs_unless(fits, || {
        if frame.header.len != wanted.len() as u64 {
            return format!("it has {} bytes, not {}", frame.header.len, wanted.len());
        }
        let at = frame.payload.iter().zip(wanted).position(|(found, wanted)| found != wanted);
        match at {
            Some(at) => format!("byte {at} is {:02x}, not {:02x}", frame.payload[at], wanted[at]),
            None => "it has the right length, and other bytes further on".to_owned(),
        }
    })
}

/// Where two texts part.
fn unlike(wanted: &str, found: &str) -> String {
    if wanted.is_empty() || wanted.len() > 200 || found.len() > 200 {
        return "the text is another".to_owned();
    }
    let same = wanted.chars().zip(found.chars()).take_while(|(wanted, found)| wanted == found);
    format!("the texts part at character {}", same.count() + 1)
}

fn readable(bytes: &[u8]) -> Result<&str, Why> {
    str::from_utf8(bytes).map_err(|error| {
        Why::Differs(format!("byte {} is no UTF-8 (RFC 6455 §8.1)", error.valid_up_to()))
    })
}

fn differs_unless(fits: bool, how: impl FnOnce() -> String) -> Verdict {
    if fits { Ok(()) } else { Err(Why::Differs(how())) }
}
