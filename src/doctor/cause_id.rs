//! The identifiers of the causes, for programs.

use super::cause::Cause;
use crate::client::{CertificateFault, ProxyFault, ResponseFault};

impl Cause {
    /// A stable identifier for programs, in lower case with hyphens: `not-found`.
    #[must_use]
    #[allow(clippy::too_many_lines)] // One arm for each cause.
    pub fn id(&self) -> &'static str {
        match self {
            Self::MixedContent(_) => "mixed-content",
            Self::ContentPolicy { .. } => "content-security-policy",
            Self::LocalNetwork { .. } => "local-network-access",
            Self::NoSuchHost(_) => "no-such-host",
            Self::Refused(_) => "connection-refused",
            Self::Unreachable(..) => "unreachable",
            Self::Silent(_) => "silent",
            Self::HungUp => "hung-up",
            Self::Reset => "reset",
            Self::Torn(..) => "torn-head",
            Self::Echo => "tcp-echo",
            Self::NotHttp { .. } => "not-http",
            Self::Endless => "endless-head",
            Self::Tls => "tls-spoken",
            Self::NoTls => "no-tls",
            Self::TlsBroken(_) => "tls-broken",
            Self::TlsFailed(_) => "tls-failed",
            Self::TlsNotSpoken => "tls-unsupported",
            Self::Certificate(fault) => match fault {
                CertificateFault::Expired(_) => "certificate-expired",
                CertificateFault::NotYetValid(_) => "certificate-not-yet-valid",
                CertificateFault::OtherName { .. } => "certificate-other-name",
                CertificateFault::SelfSigned => "certificate-self-signed",
                CertificateFault::UnknownIssuer(_) => "certificate-unknown-issuer",
                CertificateFault::Other(_) => "certificate-refused",
            },
            Self::Proxy(fault) => match fault {
                ProxyFault::Login => "proxy-login",
                ProxyFault::Refused(_) => "proxy-refused",
                ProxyFault::NotHttp => "proxy-not-http",
                ProxyFault::Silent => "proxy-no-answer",
                ProxyFault::Unreachable(_) => "proxy-unreachable",
            },
            Self::Http2 => "http2-only",
            Self::NotFound { .. } => "not-found",
            Self::NoLibrary(_) => "uvicorn-without-library",
            Self::Page { .. } => "page",
            Self::Empty { .. } => "empty-answer",
            Self::Elsewhere { .. } => "elsewhere",
            Self::Destroyed(_) => "socket-destroyed",
            Self::Manner { .. } => "manner",
            Self::Sometimes(_) => "sometimes",
            Self::NoLonger(_) => "no-longer",
            Self::OldProxy { .. } => "proxy-http-1.0",
            Self::BadRequest(_) => "bad-request",
            Self::Login(_) => "login",
            Self::LoginRedirect(_) => "login-redirect",
            Self::Moved(_) => "moved",
            Self::OriginRefused(_) => "origin-refused",
            Self::OriginWanted => "origin-wanted",
            Self::Forbidden(_) => "forbidden",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::UpgradeSwallowed(_) => "upgrade-swallowed",
            Self::OtherVersion(_) => "other-version",
            Self::RequestTooLarge(_) => "request-too-large",
            Self::NetworkLogin => "network-login",
            Self::SocketIo => "socket-io",
            Self::TooLate => "request-timeout",
            Self::Misdirected(_) => "misdirected",
            Self::Busy { .. } => "busy",
            Self::NobodyBehind(_) => "nobody-behind-proxy",
            Self::Interim { .. } => "interim-answer",
            Self::ServerError(_) => "server-error",
            Self::OtherStatus(_) => "other-status",
            Self::Response(fault) => response(fault),
            Self::Closed { .. } => "closed-at-once",
            Self::HttpBehind(_) => "http-behind-101",
            Self::TextBehind(_) => "text-behind-101",
            Self::Chunked => "chunked-frames",
            Self::CompressesUnagreed => "compression-unagreed",
            Self::Cut => "cut-at-once",
            Self::Broken(_) => "protocol-error",
            Self::Unfinished { .. } => "frame-unfinished",
            Self::CutWithin(_) => "cut-within-frame",
            Self::DiedOf { .. } => "server-died-of",
            Self::LetsInNoMore { .. } => "lets-in-no-more",
            Self::Died => "server-died",
            Self::NoPong(_) => "no-pong",
            Self::IdleTimeout { .. } => "idle-timeout",
            Self::ClosedIdle { .. } => "closed-idle",
        }
    }
}

fn response(fault: &ResponseFault) -> &'static str {
    match fault {
        ResponseFault::OldHttp => "101-http-1.0",
        ResponseFault::Lacks { header: "Upgrade", .. } => "101-upgrade",
        ResponseFault::Lacks { .. } => "101-connection",
        ResponseFault::Accept { .. } => "101-accept",
        ResponseFault::Repeated(_) => "101-header-repeated",
        ResponseFault::SubprotocolIgnored(_) => "101-subprotocol-ignored",
        ResponseFault::SubprotocolUnasked(_) => "101-subprotocol-unasked",
        ResponseFault::ExtensionUnasked(_) => "101-extension-unasked",
        ResponseFault::ExtensionRepeated(_) => "101-extension-repeated",
        ResponseFault::ExtensionsMalformed(_) => "101-extensions-malformed",
        ResponseFault::ExtensionParameter(_) | ResponseFault::ExtensionLacks(_) => {
            "101-extension-parameter"
        }
        ResponseFault::Contradictory(_) => "101-header-contradictory",
        // The doctor makes causes of the faults above only: browsers forgive these, or it is no 101.
        ResponseFault::NoAnswer(_)
        | ResponseFault::NotHttp(_)
        | ResponseFault::Incomplete
        | ResponseFault::Status(_)
        | ResponseFault::Body(_)
        | ResponseFault::Folded
        | ResponseFault::BareLineFeed
        | ResponseFault::Garbled => "101-other",
    }
}
