//! The findings of a route while it connects.

use std::fmt;

use super::certificate::{CertificateFault, issuer, issuer_in_russian};
use crate::escape::Shown;

/// A finding of a route while it connected, as one line; [`in_russian`](Self::in_russian) says it in Russian.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// TLS is spoken.
    Tls {
        /// `TLS 1.3`.
        version: &'static str,
        /// The protocol that was agreed on (ALPN).
        alpn: Option<Shown>,
    },
    /// The server's certificate.
    Certificate {
        /// The common name of its subject.
        subject: Option<Shown>,
        /// The common name of its issuer.
        issuer: Option<Shown>,
        /// The names of hosts that it is for; empty if it has none.
        names: Shown,
    },
    /// A fault of the certificate that was overlooked on request.
    Overlooked(CertificateFault),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls { version, alpn: Some(alpn) } => write!(f, "{version}, ALPN {alpn}"),
            Self::Tls { version, alpn: None } => write!(f, "{version}, no ALPN"),
            Self::Certificate { subject, issuer: by, names } => {
                let (subject, by) = (issuer(subject.as_ref()), issuer(by.as_ref()));
                write!(f, "certificate of {subject}, issued by {by}{}", listed(", for ", names))
            }
            Self::Overlooked(fault) => write!(f, "! {fault}; accepted by --insecure"),
        }
    }
}

impl Fact {
    /// Whether TLS has agreed on this protocol.
    pub(crate) fn is_alpn(&self, protocol: &[u8]) -> bool {
        matches!(self, Self::Tls { alpn: Some(alpn), .. } if *alpn == Shown::of(protocol))
    }

    /// The line in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Tls { alpn: None, version } => format!("{version}, без ALPN"),
            Self::Tls { .. } => self.to_string(),
            Self::Certificate { subject, issuer, names } => format!(
                "сертификат: {}, выдал {}{}",
                issuer_in_russian(subject.as_ref()),
                issuer_in_russian(issuer.as_ref()),
                listed(", для ", names)
            ),
            Self::Overlooked(fault) => {
                format!("! {}; принят из-за --insecure", fault.in_russian())
            }
        }
    }
}

fn listed(before: &str, names: &Shown) -> String {
    let names = names.as_str();
    if names.is_empty() { String::new() } else { format!("{before}{names}") }
}
