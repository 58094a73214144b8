//! The parameters that an answer may give to `permessage-deflate` (RFC 7692 §7.1).

use std::collections::BTreeMap;

use super::ResponseFault;
use crate::handshake::Extension;

/// The one extension whose parameters are known here.
const DEFLATE: &str = "permessage-deflate";

const SERVER_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// The fault in the parameters of `chosen`; `None` if they fit one of the `offers` of its name.
///
/// Only the parameters of `permessage-deflate` are known. All parameters of other extensions fit.
pub(super) fn unfit<'o>(
    chosen: &Extension,
    offers: impl Iterator<Item = &'o Extension>,
) -> Option<ResponseFault> {
    if chosen.name != DEFLATE {
        return None;
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in &chosen.parameters {
        let shown = value.as_ref().map_or(name.clone(), |value| format!("{name}={value}"));
        let is_known = match (&name[..], value) {
            (SERVER_TAKEOVER | CLIENT_TAKEOVER, None) => true,
            (SERVER_BITS | CLIENT_BITS, Some(value)) => bits(value).is_some(),
            _ => false,
        };
        if !is_known || parameters.insert(&name[..], value.as_deref()).is_some() {
            return Some(ResponseFault::ExtensionParameter(shown));
        }
    }
    let mut last = None;
    for offer in offers {
        match against(&parameters, offer) {
            None => return None,
            fault => last = fault,
        }
    }
    last
}

/// The fault in the parameters as the answer to `offer` (RFC 7692 §7.1.1, §7.1.2).
fn against(parameters: &BTreeMap<&str, Option<&str>>, offer: &Extension) -> Option<ResponseFault> {
    let offered = |name: &str| offer.parameters.iter().find(|(known, _)| known == name);
    let chosen = |name: &str| parameters.get(name).copied().flatten().and_then(bits);
    let limit = |name: &str| offered(name)?.1.as_deref().and_then(bits);
    let too_wide = |name: &str| {
        let bits = chosen(name).filter(|&bits| bits > limit(name).unwrap_or(MOST_BITS))?;
        Some(ResponseFault::ExtensionParameter(format!("{name}={bits}")))
    };
    if offered(SERVER_TAKEOVER).is_some() && !parameters.contains_key(SERVER_TAKEOVER) {
        return Some(ResponseFault::ExtensionLacks(SERVER_TAKEOVER));
    }
    if limit(SERVER_BITS).is_some() && chosen(SERVER_BITS).is_none() {
        return Some(ResponseFault::ExtensionLacks(SERVER_BITS));
    }
    if let Some(bits) = chosen(CLIENT_BITS).filter(|_| offered(CLIENT_BITS).is_none()) {
        return Some(ResponseFault::ExtensionParameter(format!("{CLIENT_BITS}={bits}")));
    }
    too_wide(SERVER_BITS).or_else(|| too_wide(CLIENT_BITS))
}

/// The exponent of the largest window, 2^15 bytes (RFC 7692 §7.1.2).
const MOST_BITS: u8 = 15;

/// `8` to `15`, without a zero before it (RFC 7692 §7.1.2).
fn bits(value: &str) -> Option<u8> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|bits| is_number && (8..=MOST_BITS).contains(bits))
}
