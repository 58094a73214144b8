//! The certificates that a command trusts: those of this computer, and those of a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::form::Form;

/// The most bytes of a file with certificates: the platform's own have a quarter of that.
const FILE_LIMIT: u64 = 1024 * 1024;

/// The certificates that all connections of one command trust.
#[derive(Clone, Debug)]
pub struct Trust {
    pub provider: Arc<CryptoProvider>,
    pub roots: Arc<RootCertStore>,
    /// Certificates that the user named: trusted even where one is a server's own.
    pub named: Arc<Vec<CertificateDer<'static>>>,
    pub is_insecure: bool,
}

impl Trust {
    /// Trusts the roots of this computer and those in the file `cacert`; if `is_insecure`, anyone.
    pub fn new(cacert: Option<&Path>, is_insecure: bool) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        // Without roots every certificate is of an unknown issuer, and the doctor says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let named = cacert.map(read).transpose()?.unwrap_or_default();
        roots.add_parsable_certificates(named.iter().cloned());
        Ok(Self {
            provider: Arc::new(ring::default_provider()),
            roots: Arc::new(roots),
            named: Arc::new(named),
            is_insecure,
        })
    }
}

/// The certificates of a file in PEM.
fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let of = || format!("--cacert {}", file.display());
    let mut bytes = Vec::new();
    // A device or a pipe does not tell its size.
    let source = File::open(file).with_context(of)?;
    let size = source.take(FILE_LIMIT + 1).read_to_end(&mut bytes).with_context(of)?;
    let is_small = size as u64 <= FILE_LIMIT;
    ensure!(
        is_small,
        Form::new(
            format!("{}: more than 1 MiB is no file of certificates", of()),
            format!("{}: файл сертификатов не бывает больше 1 МиБ", of()),
        )
    );
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| {
        Form::new(format!("{}: {error}", of()), format!("{}: это не PEM", of()))
    })?;
    ensure!(
        !found.is_empty(),
        Form::new(
            format!("{}: there is no certificate in it: it must be PEM", of()),
            format!("{}: в нём нет сертификата, а нужен PEM", of()),
        )
    );
    Ok(found)
}
