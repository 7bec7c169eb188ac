//! TLS by rustls with the `ring` provider: versions 1.2 and 1.3, verification always on.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use std::sync::Arc;

/// Who is trusted to sign certificates.
#[derive(Clone, Default)]
pub struct Roots {
    /// Leave out the system's store and trust the certificates in `pem` only.
    pub only_pem: bool,
    /// Certificates in PEM, trusted besides the system's.
    pub pem: Vec<u8>,
}

/// A client that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The given roots are not certificates in PEM.
    #[error("the given root certificates are not readable PEM certificates")]
    Roots,
    /// TLS itself refused its settings.
    #[error("TLS could not be set up")]
    Tls(#[from] Error),
}

pub(super) fn client_config(roots: &Roots) -> Result<Arc<ClientConfig>, SetupError> {
    let mut store = RootCertStore::empty();
    if !roots.only_pem {
        let system = rustls_native_certs::load_native_certs();
        let (added, _unreadable) = store.add_parsable_certificates(system.certs);
        if added == 0 {
            tracing::warn!(
                "no root certificates on this machine: https targets will fail; install the \
                 ca-certificates package"
            );
        }
    }
    for certificate in CertificateDer::pem_slice_iter(&roots.pem) {
        let certificate = certificate.map_err(|_| SetupError::Roots)?;
        store.add(certificate).map_err(|_| SetupError::Roots)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What went wrong, in words an operator can act on.
pub(super) fn words(error: &Error) -> String {
    let what = match error {
        Error::InvalidCertificate(certificate) => certificate_words(certificate),
        Error::NoCertificatesPresented => "the server showed no certificate",
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity,
        ) => "the server and Baton share no TLS version (1.2 or 1.3) or cipher",
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => "the server asks for a client certificate",
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the server does not know this host name"
        }
        Error::InvalidMessage(_) => "the server does not speak TLS on this port",
        other => return format!("TLS failed: {other}"),
    };
    format!("TLS failed: {what}")
}

fn certificate_words(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; check the clocks"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name"
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate has an unknown issuer: self-signed, or an intermediate \
             certificate is missing"
        }
        CertificateError::BadSignature => {
            "the server's certificate was not signed by the issuer it names"
        }
        CertificateError::Revoked => "the server's certificate was revoked",
        _ => "the server's certificate is not valid",
    }
}
