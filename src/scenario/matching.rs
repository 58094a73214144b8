//! Compares a received event with the expected one.

use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::build::header_name;
use super::detail::Detail;
use super::inbox::{Arrival, Arrived};
use super::json::{Path, is_digest};
use super::mismatch::Mismatch;
use super::names::CAPTURED_LIMIT;
use super::text::within_limit;
use super::{End, FramePattern, Kind, Names, Observation, PartialFrame, Payload, ResponsePattern};
use crate::client::ResponseFault;
use crate::frame::{Frame, Opcode, Torn};
use crate::wst::{Part, Text};

type MatchResult = Result<(), Mismatch>;

/// The most characters of two texts that are shown, from the first difference on.
const PARTED_SHOWN: usize = 24;

/// Compares `arrival` with an expectation. If it matches, the names that it captures are added to `names`.
pub(super) fn matches(wanted: &Observation, arrival: &Arrival, names: &mut Names) -> MatchResult {
    let known = names.mark();
    let verdict = match (wanted, &arrival.what) {
        (Observation::Missed(_), Arrived::Missed) => Ok(()),
        (_, Arrived::Missed) => Err(Mismatch::Flood),
        (Observation::Panicked(wanted), Arrived::Panicked(found)) => {
            differs_unless(wanted.matches(found, names), || Detail::Pattern(wanted.to_string()))
        }
        (_, Arrived::Panicked(_)) => Err(Mismatch::Panicked),
        (Observation::Answer(answer), Arrived::Answer(response, faults, body)) => {
            answered(answer, response, faults, body, names)
        }
        (Observation::Stray(payload), Arrived::Stray(bytes)) => {
            carries(payload, Opcode::Binary, &plain(bytes), names)
        }
        (Observation::Frame(shape), Arrived::Frame(frame)) => framed(shape, frame, names),
        (Observation::Torn(part), Arrived::Torn(torn)) => torn_as(*part, *torn),
        (Observation::End(wanted), Arrived::End(end))
            if wanted == end || *wanted == End::Any && *end != End::Refused =>
        {
            Ok(())
        }
        // Compared as printed, because several error kinds are printed alike.
        (Observation::End(wanted), Arrived::Failed(kind))
            if wanted.to_string() == End::Failed(*kind).to_string() =>
        {
            Ok(())
        }
        (Observation::End(_), Arrived::End(_)) => Err(Mismatch::Other),
        (_, Arrived::End(End::Eof | End::Reset)) => Err(Mismatch::Ended),
        _ => Err(unfinished(&arrival.what).unwrap_or(Mismatch::Other)),
    };
    let verdict = match verdict {
        Ok(()) if !names.fit() => Err(Mismatch::Captured(CAPTURED_LIMIT)),
        verdict => verdict,
    };
    if verdict.is_err() {
        names.forget(known);
    }
    verdict
}

/// The mismatch of a head or a frame of which only a part came.
pub(super) fn unfinished(what: &Arrived) -> Option<Mismatch> {
    match what {
        Arrived::Torn(torn) => Some(Mismatch::Torn(*torn)),
        Arrived::Stray(bytes) if bytes.starts_with(b"HTTP/") => {
            Some(Mismatch::TornHead(bytes.split_inclusive(|&byte| byte == b'\n').count()))
        }
        _ => None,
    }
}

fn torn_as(wanted: PartialFrame, torn: Torn) -> MatchResult {
    let seen = PartialFrame::from(torn);
    differs_unless(wanted == PartialFrame::Any || wanted == seen, || {
        let seen = seen.to_string();
        Detail::Torn(seen.strip_prefix("torn ").unwrap_or(&seen).to_owned())
    })
}

fn answered(
    answer: &ResponsePattern,
    response: &http::Response<()>,
    faults: &[ResponseFault],
    body: &Bytes,
    names: &mut Names,
) -> MatchResult {
    let status = response.status();
    differs_unless(answer.statuses.contains(&status.as_u16()), || Detail::Status(status.as_u16()))?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    for (short, wanted) in &answer.headers {
        let name = header_name(short);
        match header(&name) {
            None => return Err(Mismatch::Differs(Detail::NoHeader(name))),
            Some(value) => differs_unless(wanted.matches(value, names), || Detail::Header {
                name: name.clone(),
                found: value.to_owned(),
                wanted: wanted.to_string(),
            })?,
        }
    }
    if status == StatusCode::SWITCHING_PROTOCOLS {
        switched(answer, faults)?;
    }
    let end = body.trim_ascii_end().len();
    match &answer.body {
        Payload::Unsaid | Payload::Any => Ok(()),
        wanted => carries(wanted, Opcode::Text, &plain(&body.slice(..end)), names),
    }
}

/// A 101 must have every fault that the scenario names, and no other fault that browsers refuse (RFC 6455 §4.1).
fn switched(answer: &ResponsePattern, faults: &[ResponseFault]) -> MatchResult {
    let parts = || faults.iter().filter_map(ResponseFault::part);
    for fault in faults.iter().filter(|fault| fault.is_fatal()) {
        let is_named = fault.part().is_some_and(|part| answer.faults.contains(&part));
        differs_unless(is_named, || Detail::of(fault))?;
    }
    for wanted in &answer.faults {
        differs_unless(parts().any(|part| part == *wanted), || Detail::Sound(*wanted))?;
    }
    Ok(())
}

fn framed(shape: &FramePattern, frame: &Frame, names: &mut Names) -> MatchResult {
    let header = &frame.header;
    let opcode = match shape.kind {
        Kind::Json => Opcode::Text,
        Kind::Frame(opcode) => opcode,
    };
    if opcode != header.opcode {
        return Err(Mismatch::Opcode { found: header.opcode, wanted: opcode });
    }
    differs_unless(shape.rsv == header.rsv, || Detail::Reserved {
        found: header.rsv,
        wanted: shape.rsv,
    })?;
    let fin = shape.fin.unwrap_or(true);
    differs_unless(fin == header.fin, || Detail::Fin(header.fin))?;
    differs_unless(shape.wrong_mask == header.mask.is_some(), || Detail::Masked)?;
    let size = shape.header.map_or(header.is_minimal(), |size| size == header.size);
    differs_unless(size, || Detail::LongHeader(header.size))?;
    carries(&shape.payload, opcode, frame, names)
}

/// The bytes as a binary frame, so that they are compared as a payload.
fn plain(bytes: &Bytes) -> Frame {
    Frame::binary(bytes.clone())
}

fn carries(wanted: &Payload, opcode: Opcode, frame: &Frame, names: &mut Names) -> MatchResult {
    let found = &frame.payload;
    match wanted {
        Payload::Any => Ok(()),
        Payload::Unsaid if [Opcode::Ping, Opcode::Pong].contains(&opcode) => Ok(()),
        Payload::Unsaid => same(b"", frame),
        Payload::Bytes(bytes, times) => same_repeated(bytes, *times, frame),
        Payload::Text(text, times) => match text.fill(names) {
            Ok(whole) if *times != 1 || frame.digest.is_some() => {
                same_repeated(whole.as_bytes(), *times, frame)
            }
            Err(why) if *times != 1 => Err(why),
            _ => {
                let found = readable(found)?;
                differs_unless(text.matches(found, names), || match text.fill(names) {
                    Ok(wanted) => parted(&wanted, found),
                    Err(_) => Detail::Pattern(text.to_string()),
                })
            }
        },
        Payload::OpenBytes(text) => {
            let mut bytes = Text::default();
            bytes.extend_bytes(found);
            let is_whole = frame.digest.is_none();
            let bytes = match &bytes.0[..] {
                [Part::Plain(bytes)] => bytes,
                _ => "",
            };
            differs_unless(is_whole && text.matches(bytes, names), || {
                Detail::OpenBytes(wanted.to_string())
            })
        }
        Payload::Json(json) => {
            let found = readable(found)?;
            let value = serde_json::from_str(found)
                .map_err(|error| Mismatch::Differs(Detail::NoJson(error.to_string())))?;
            json.matches(&value, &Path::Root, names).map_err(Mismatch::Differs)
        }
        Payload::Close(codes, reason) => {
            let Some((code, text)) = frame.close_code() else {
                return Err(Mismatch::Differs(Detail::NoCode));
            };
            differs_unless(codes.contains(&code), || Detail::Code(code))?;
            let Some(wanted) = reason else { return Ok(()) };
            let text = readable(text)?;
            differs_unless(wanted.matches(text, names), || Detail::Reason(text.to_owned()))
        }
        Payload::Digest(len, front) => {
            let digest = frame.digest.unwrap_or_else(|| Sha256::digest(found).into());
            differs_unless(frame.header.len == *len, || Detail::Length {
                found: frame.header.len,
                wanted: *len,
            })?;
            differs_unless(is_digest(front, &digest), || Detail::Bytes)
        }
    }
}

/// Whether the payload is `bytes`, `times` times.
///
/// The lengths are compared first, so that up to [`PAYLOAD_LIMIT`](crate::wst::PAYLOAD_LIMIT) are
/// only allocated if the lengths agree.
fn same_repeated(bytes: &[u8], times: usize, frame: &Frame) -> MatchResult {
    let wanted = bytes.len().saturating_mul(times);
    within_limit(wanted)?;
    let wanted = wanted as u64;
    let found = frame.header.len;
    differs_unless(found == wanted, || Detail::Length { found, wanted })?;
    same(&bytes.repeat(times), frame)
}

/// Whether the payload is exactly `wanted`, even if only its first bytes were kept.
fn same(wanted: &[u8], frame: &Frame) -> MatchResult {
    let fits = match frame.digest {
        Some(digest) => digest == <[u8; 32]>::from(Sha256::digest(wanted)),
        None => frame.payload == wanted,
    };
    differs_unless(fits, || {
        let found = frame.header.len;
        let wanted_len = wanted.len() as u64;
        if found != wanted_len {
            return Detail::Length { found, wanted: wanted_len };
        }
        let pairs = frame.payload.iter().zip(wanted).enumerate();
        let other = pairs.map(|(at, (&found, &wanted))| (at, found, wanted));
        match { other }.find(|(_, found, wanted)| found != wanted) {
            Some((at, found, wanted)) => Detail::Byte { at, found, wanted },
            None => Detail::Bytes,
        }
    })
}

/// The first difference between two texts.
fn parted(wanted: &str, found: &str) -> Detail {
    let pairs = wanted.chars().zip(found.chars());
    let same = pairs.take_while(|(wanted, found)| wanted == found).count();
    let rest = |text: &str| {
        let rest: String = text.chars().skip(same).take(PARTED_SHOWN).collect();
        let is_all = text.chars().nth(same + PARTED_SHOWN).is_none();
        if is_all { rest } else { rest + "…" }
    };
    Detail::Text { at: same + 1, found: rest(found), wanted: rest(wanted) }
}

fn readable(bytes: &[u8]) -> Result<&str, Mismatch> {
    str::from_utf8(bytes).map_err(|error| Mismatch::Differs(Detail::NoText(error.valid_up_to())))
}

fn differs_unless(fits: bool, how: impl FnOnce() -> Detail) -> MatchResult {
    if fits { Ok(()) } else { Err(Mismatch::Differs(how())) }
}
