//! The faults of a server's certificate.

use crate::escape::Shown;

/// A fault of the certificate of a server, and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Its last day is past.
    #[error("the certificate expired at {0}: renew it, and reload the server")]
    Expired(String),
    /// Its first day is yet to come.
    #[error("the certificate is not valid before {0}: check the clocks of both computers")]
    NotYetValid(String),
    /// It is for other names.
    #[error(
        "the certificate is not for {host:?}{}",
        others(
            names,
            ", it is for ",
            ": it names nobody in subjectAltName, and browsers ignore the common name"
        )
    )]
    OtherName {
        /// The host that was asked for.
        host: String,
        /// The names that it is for.
        names: Vec<String>,
    },
    /// It is signed by its own key.
    #[error(
        "the certificate is self-signed, and browsers refuse it: use one that a known authority has signed, or for a test name the file by --cacert"
    )]
    SelfSigned,
    /// Its issuer is unknown here, or the server leaves out the certificates between.
    #[error(
        "the certificate is issued by {}, which this computer does not know: the server must send the whole chain, or name the authority's file by --cacert",
        issuer(.0.as_ref())
    )]
    UnknownIssuer(Option<Shown>),
    /// Another fault, in words of the TLS library.
    #[error("the certificate is not accepted: {0}")]
    Other(Shown),
}

fn others(names: &[String], before: &str, none: &str) -> String {
    match names {
        [] => none.to_owned(),
        names => format!("{before}{}", Shown::of(&names.join(", "))),
    }
}

impl CertificateFault {
    /// The sentence in Russian.
    #[must_use]
    pub fn in_russian(&self) -> String {
        match self {
            Self::Expired(at) => {
                format!("сертификат истёк {at}: обновите его и перезапустите сервер")
            }
            Self::NotYetValid(at) => {
                format!("сертификат начнёт действовать только {at}: проверьте часы обеих машин")
            }
            Self::OtherName { host, names } => format!(
                "сертификат выдан не для {host:?}{}",
                others(
                    names,
                    ", а для ",
                    ": в subjectAltName нет ни одного имени, а common name браузеры не читают"
                )
            ),
            Self::SelfSigned => {
                "сертификат самоподписанный, браузер его не примет: возьмите подписанный известным центром, а для проверки укажите файл в --cacert"
                    .to_owned()
            }
            Self::UnknownIssuer(issuer) => format!(
                "сертификат выдал {}, здесь его не знают: сервер должен присылать всю цепочку, или укажите файл этого центра в --cacert",
                issuer_in_russian(issuer.as_ref())
            ),
            Self::Other(why) => format!("сертификат не принят: `{why}`"),
        }
    }
}

/// The common name in a certificate, in quotes.
pub(super) fn issuer(name: Option<&Shown>) -> String {
    name.map_or("an authority without a name".to_owned(), |name| format!("\"{name}\""))
}

/// The same in Russian.
pub(super) fn issuer_in_russian(name: Option<&Shown>) -> String {
    name.map_or("центр без имени".to_owned(), |name| format!("\"{name}\""))
}
