//! The certificate that a server shows: until when it is valid, and what the machine's authorities say of it.
//!
//! The judge is the platform's own verifier; here its judgement is only written down, so that an expired certificate is
//! told from one of another name. A certificate that does not hold ends the connection, as it does for visitors.

use crate::incident::cell::{Certificate, Trust};
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The authorities that are trusted, read when they are first needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted {
    verifier: Arc<OnceLock<Result<Arc<dyn ServerCertVerifier>, String>>>,
    #[cfg(test)]
    roots: Vec<Vec<u8>>,
}

/// What was seen of a server's certificate on the way to its answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    seen: Arc<Mutex<Option<Certificate>>>,
}

impl Sight {
    /// The certificate, if one was shown.
    pub(super) fn certificate(&self) -> Option<Certificate> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trusted {
    #[cfg(test)]
    pub(super) fn these(roots: Vec<Vec<u8>>) -> Self {
        Self { roots, ..Self::default() }
    }

    /// A TLS configuration for one connection, and where to look for what was shown on it.
    ///
    /// # Errors
    /// Why this machine has no authorities to trust.
    pub(super) fn client(&self) -> Result<(ClientConfig, Sight), String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = self.verifier.get_or_init(|| self.load(&provider)).clone()?;
        let sight = Sight::default();
        let watching = Watching { judge, sight: sight.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(watching))
            .with_no_client_auth();
        Ok((config, sight))
    }

    fn load(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
        #[cfg(test)]
        if !self.roots.is_empty() {
            let mut store = rustls::RootCertStore::empty();
            for root in &self.roots {
                store.add(root.clone().into()).map_err(|error| error.to_string())?;
            }
            let builder = rustls::client::WebPkiServerVerifier::builder_with_provider(
                Arc::new(store),
                Arc::clone(provider),
            );
            return Ok(builder.build().map_err(|error| error.to_string())?);
        }
        let verifier = Verifier::new(Arc::clone(provider)).map_err(|error| error.to_string())?;
        Ok(Arc::new(verifier))
    }
}

/// Asks the judge, and writes down what it said.
#[derive(Debug)]
struct Watching {
    judge: Arc<dyn ServerCertVerifier>,
    sight: Sight,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged =
            self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let trust = match &judged {
            Ok(_) => Trust::Verified,
            Err(error) => trust_of(error),
        };
        if let Some(not_after) = not_after(end_entity) {
            let mut seen = self.sight.seen.lock().unwrap_or_else(PoisonError::into_inner);
            *seen = Some(Certificate { not_after, trust });
        }
        judged
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

fn trust_of(error: &Error) -> Trust {
    let Error::InvalidCertificate(why) = error else { return Trust::Untrusted };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Trust::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Trust::WrongName
        }
        _ => Trust::Untrusted,
    }
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(read.validity().not_after.timestamp()).ok()
}
