//! TLS as browsers speak it: rustls, with the roots of this computer.

mod certificate;
mod mutual;
mod trust;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Waker, Poll, ready};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage,
    PeerIncompatible, ProtocolVersion, SignatureScheme,
};
use ws101::client::{CertificateFault, ConnectError, Connection, Fact, TlsFault};
use ws101::escape::Shown;

use mutual::NoCertificate;
use trust::Trust;

/// TLS for all connections of one command.
#[derive(Clone, Debug)]
pub struct Tls {
    trust: Trust,
}

impl Tls {
    /// Trusts the roots of this computer and those in the file `cacert`; if `is_insecure`, anyone.
    pub fn new(cacert: Option<&Path>, is_insecure: bool) -> Result<Self> {
        Ok(Self { trust: Trust::new(cacert, is_insecure)? })
    }

    /// Speaks TLS over `tcp` with `host`, with `protocol` on offer (ALPN). Cancel safe: a dropped call closes
    /// the connection.
    pub async fn connect(
        &self,
        tcp: TcpStream,
        host: &str,
        protocol: &[u8],
    ) -> Result<TlsConnection, ConnectError> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| ConnectError::from(TlsFault::NoName))?;
        let judge = Arc::new(Judge {
            trust: self.trust.clone(),
            host: host.to_owned(),
            seen: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(self.trust.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFault::Other(Shown::of(&error.to_string())))?;
        let no_certificate = Arc::new(NoCertificate::default());
        let mut config = config
            .dangerous()
            .with_custom_certificate_verifier(judge.clone())
            .with_client_cert_resolver(no_certificate.clone());
        config.alpn_protocols = vec![protocol.to_vec()];
        let mut io = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        let seen = std::mem::take(&mut *judge.seen.lock().unwrap_or_else(PoisonError::into_inner));
        if no_certificate.was_asked() {
            let refused = match &mut io {
                Ok(io) => mutual::goes_on(io).await.is_err(),
                // Our refusal of its certificate comes first.
                Err(error) => !matches!(cause(error), Some(Error::InvalidCertificate(_))),
            };
            if refused {
                return Err(TlsFault::ClientCertificate.into());
            }
        }
        match io {
            Ok(io) => Ok(TlsConnection { facts: facts(&io, seen), io, is_unflushed: false }),
            Err(error) => Err(reason(&error, seen.fault)),
        }
    }
}

/// The version of TLS, the protocol of the application, the certificate, and its fault if it was accepted.
fn facts(io: &TlsStream<TcpStream>, seen: Seen) -> Vec<Fact> {
    let (_, session) = io.get_ref();
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let alpn = session.alpn_protocol().map(Shown::of);
    let mut facts = vec![Fact::Tls { version, alpn }];
    facts.extend(seen.certificate);
    facts.extend(seen.fault.map(Fact::Overlooked));
    facts
}

/// The error of rustls in an error of its stream.
fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// Why a handshake failed.
fn reason(error: &io::Error, fault: Option<CertificateFault>) -> ConnectError {
    match (cause(error), fault) {
        (Some(Error::InvalidCertificate(_)), Some(fault)) => ConnectError::Certificate(fault),
        (
            Some(Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::UnknownProtocolVersion,
            )),
            _,
        ) => ConnectError::NoTls,
        (Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)), _) => {
            TlsFault::NoHttp1.into()
        }
        (Some(Error::AlertReceived(AlertDescription::UnrecognisedName)), _) => {
            TlsFault::UnknownName.into()
        }
        (Some(Error::AlertReceived(AlertDescription::HandshakeFailure)), _) => {
            TlsFault::Refused.into()
        }
        (
            Some(
                Error::AlertReceived(AlertDescription::ProtocolVersion)
                | Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig),
            ),
            _,
        ) => TlsFault::OldVersion.into(),
        (Some(error), _) => TlsFault::Other(Shown::of(&error.to_string())).into(),
        (None, _) => ConnectError::TlsBroken(error.kind()),
    }
}

/// The certificate of a handshake, and its fault.
#[derive(Debug, Default)]
struct Seen {
    certificate: Option<Fact>,
    fault: Option<CertificateFault>,
}

/// Judges the certificate of one connection, and remembers what it found.
#[derive(Debug)]
struct Judge {
    trust: Trust,
    host: String,
    seen: Mutex<Seen>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fault = self.trust.fault(end_entity, intermediates, server_name, now, &self.host);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.certificate = certificate::described(end_entity);
        seen.fault.clone_from(&fault);
        match fault {
            Some(_) if !self.trust.is_insecure => {
                // The reason stands in `seen`, in our words.
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.trust.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.trust.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A TLS connection. The end of TCP without a `close_notify` counts as the end, as browsers have it.
#[derive(Debug)]
pub struct TlsConnection {
    io: TlsStream<TcpStream>,
    facts: Vec<Fact>,
    /// Encrypted bytes wait for the socket.
    is_unflushed: bool,
}

impl TlsConnection {
    /// Goes on writing what waits, so that a caller that only reads sends it all the same.
    fn push_on(&mut self, cx: &mut Waker<'_>) {
        self.is_unflushed = self.is_unflushed && Pin::new(&mut self.io).poll_flush(cx).is_pending();
    }
}

impl Connection for TlsConnection {
    fn reset(self: Box<Self>) {
        let _ = self.io.get_ref().0.set_zero_linger();
    }

    fn facts(&self) -> Vec<Fact> {
        self.facts.clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Waker<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.push_on(cx);
        match ready!(Pin::new(&mut self.io).poll_read(cx, buf)) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            read => Poll::Ready(read),
        }
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Waker<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.is_unflushed = true;
        self.push_on(cx);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Waker<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Waker<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
