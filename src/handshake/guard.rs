//! The default security headers of an answer.

use http::HeaderMap;
use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The devices of a browser that a chat does not use.
const NO_DEVICES: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), usb=()";

/// Forbids a browser to load anything for the answer, and to show it inside another page.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the default security headers that `headers` does not have yet: a content security policy
/// that permits nothing, `nosniff`, no referrer, no sharing with windows of other origins, and no
/// device permissions.
pub fn guard(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, NO_PAGE),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, NO_DEVICES),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
