//! Certificates of every kind, made for one test.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, IsCa, Issuer,
    KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

/// A certificate for `localhost`, and its fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Good,
    Expired,
    NotYetValid,
    /// It is for other names.
    Misnamed,
    /// It has a common name only.
    Nameless,
    SelfSigned,
    /// Self-signed, and marked as an authority's, as `openssl req -x509` makes it.
    SelfSignedAuthority,
    /// Sound, but for an extension of 1 MB.
    Megabyte,
}

/// An authority that issues certificates, and a folder with files of them.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
    file: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "ws101 authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("authority.pem");
        std::fs::write(&path, certificate.pem()).unwrap();
        let file = path.into_os_string().into_string().unwrap();
        Self { issuer: Issuer::new(params, key), folder, file }
    }

    /// The file of the authority's own certificate.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file of the latest self-signed certificate of this kind.
    pub fn own_file(&self, kind: Kind) -> String {
        self.path(kind).into_os_string().into_string().unwrap()
    }

    /// The files of a certificate of this kind and of its key, for programs in other languages.
    #[allow(dead_code)] // Only the tests of other languages use it.
    pub fn files(&self, kind: Kind) -> (String, String) {
        let (certificate, key) = self.issue(kind);
        let (cert, pem) = (self.path(kind), self.folder.path().join(format!("{kind:?}.key")));
        std::fs::write(&cert, certificate.pem()).unwrap();
        std::fs::write(&pem, key.serialize_pem()).unwrap();
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        (text(cert), text(pem))
    }

    fn path(&self, kind: Kind) -> PathBuf {
        self.folder.path().join(format!("{kind:?}.pem"))
    }

    /// A server with a certificate of this kind.
    pub fn server(&self, kind: Kind) -> ServerConfig {
        self.server_that(kind, ALL_VERSIONS, Arc::new(NoClientAuth))
    }

    /// A server with a good certificate that asks its clients for one, over one version of TLS.
    pub fn asking_server(
        &self,
        version: &'static SupportedProtocolVersion,
        must_have_one: bool,
    ) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.file).unwrap()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let judge = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        let judge = if must_have_one { judge } else { judge.allow_unauthenticated() };
        self.server_that(Kind::Good, &[version], judge.build().unwrap())
    }

    fn server_that(
        &self,
        kind: Kind,
        versions: &[&'static SupportedProtocolVersion],
        judge: Arc<dyn ClientCertVerifier>,
    ) -> ServerConfig {
        let (certificate, key) = self.issue(kind);
        std::fs::write(self.path(kind), certificate.pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(judge)
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    fn issue(&self, kind: Kind) -> (Certificate, KeyPair) {
        let names: &[&str] = match kind {
            Kind::Misnamed => &["example.test", "www.example.test"],
            Kind::Nameless => &[],
            _ => &["localhost"],
        };
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "ws101 server");
        let (from, until) = match kind {
            Kind::Expired => (2020, 2021),
            Kind::NotYetValid => (2099, 2100),
            _ => (2020, 2099),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        if kind == Kind::SelfSignedAuthority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if kind == Kind::Megabyte {
            let large = vec![4; 1 << 20];
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], large));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match kind {
            Kind::SelfSigned | Kind::SelfSignedAuthority => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        (certificate.unwrap(), key)
    }
}
