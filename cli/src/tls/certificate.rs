//! Describes a certificate, and finds its fault.

use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, Error};
use webpki::EndEntityCert;
use ws101::client::{CertificateFault, Fact};
use ws101::escape::Shown;
use ws101::timestamp;

use super::trust::Trust;

/// The common name, as a part of a name in DER: the object identifier 2.5.4.3 (RFC 5280 §A.1).
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

/// How many names of a certificate are told.
const NAMES: usize = 8;

impl Trust {
    /// The first fault of a certificate that `host` showed, if a browser refuses it.
    pub(super) fn fault(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        host: &str,
    ) -> Option<CertificateFault> {
        let parsed = match ParsedCertificate::try_from(shown) {
            Ok(parsed) => parsed,
            Err(error) => return Some(told(&error, shown, host)),
        };
        let known = self.provider.signature_verification_algorithms.all;
        let chain =
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, now, known);
        let chain = match chain {
            // A server's own certificate that the user named. Its dates were looked at before.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            )) if self.named.iter().any(|named| named == shown) => Ok(()),
            chain => chain,
        };
        let judged = chain.and_then(|()| verify_server_name(&parsed, name));
        judged.err().map(|error| told(&error, shown, host))
    }
}

/// The certificate in a line: its subject, its issuer, its names.
pub(super) fn described(shown: &CertificateDer<'_>) -> Option<Fact> {
    let parsed = EndEntityCert::try_from(shown).ok()?;
    let names: Vec<_> = parsed.valid_dns_names().take(NAMES).collect();
    let names = Shown::of(&names.join(", "));
    let (subject, issuer) = (common_name(parsed.subject()), common_name(parsed.issuer()));
    Some(Fact::Certificate { subject, issuer, names })
}

fn told(error: &Error, shown: &CertificateDer<'_>, host: &str) -> CertificateFault {
    let Error::InvalidCertificate(error) = error else {
        return CertificateFault::Other(Shown::of(&error.to_string()));
    };
    let parsed = EndEntityCert::try_from(shown).ok();
    let issuer = parsed.as_ref().map(|parsed| parsed.issuer());
    let is_self_signed = parsed.as_ref().is_some_and(|parsed| parsed.subject() == parsed.issuer());
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            CertificateFault::Expired(date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            CertificateFault::NotYetValid(date(*not_before))
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.iter().take(NAMES).map(|name| bare(name).to_owned()).collect();
            CertificateFault::OtherName { host: host.to_owned(), names }
        }
        CertificateError::UnknownIssuer | CertificateError::Other(_) if is_self_signed => {
            CertificateFault::SelfSigned
        }
        CertificateError::UnknownIssuer => {
            CertificateFault::UnknownIssuer(common_name(issuer.unwrap_or_default()))
        }
        other => CertificateFault::Other(Shown::of(&other.to_string())),
    }
}

/// `DnsName("localhost")` without what is around the name.
fn bare(name: &str) -> &str {
    name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")")).unwrap_or(name)
}

/// Up to the second: `2026-01-01T12:00:00Z`.
fn date(time: UnixTime) -> String {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    timestamp::of(time.unwrap_or(SystemTime::UNIX_EPOCH)).replace(".000Z", "Z")
}

/// The common name within a name in DER.
fn common_name(name: &[u8]) -> Option<Shown> {
    let at = name.windows(COMMON_NAME.len()).position(|part| part == COMMON_NAME);
    // Behind the identifier stand a tag and a length; a name of more than 127 bytes is not shown.
    match name.get(at? + COMMON_NAME.len()..)? {
        [_, size @ 0..128, text @ ..] => text.get(..usize::from(*size)).map(Shown::of),
        _ => None,
    }
}
