//! Whom attendant believes to be a provider: who has a certificate that the machine's own authorities signed, or, for servers of the clinic's own, the one
//! authority that their section names (`ca`), and nobody else then.
//!
//! Names, dates and signatures are always checked: nothing switches that off. A certificate that is not believed is an error that says why.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::{Deserialize, Serialize};

/// A file with the certificates of an authority, one or several in PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Authority(PathBuf);

impl Authority {
    /// The error is `what is wrong; what to do instead`.
    pub fn read(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let file = self.0.display();
        let mend = "name a file with the authority's certificate in PEM (-----BEGIN CERTIFICATE-----)";
        let found = CertificateDer::pem_file_iter(&self.0).and_then(Iterator::collect);
        let certificates: Vec<CertificateDer<'static>> =
            found.map_err(|error| format!("{file} cannot be read: {error}; {mend}"))?;
        if certificates.is_empty() {
            return Err(format!("there is no certificate in {file}; {mend}"));
        }
        Ok(certificates)
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        for certificate in self.read()? {
            roots
                .add(certificate)
                .map_err(|error| format!("{}: no authority's certificate: {error}", self.0.display()))?;
        }
        Ok(roots)
    }
}

/// What is wrong with a section's `ca`, as `key: what is wrong; what to write instead`.
pub fn check(section: &str, ca: Option<&Authority>, base_url: &str) -> Option<String> {
    let has_tls = ["wss:", "https:"].iter().any(|scheme| base_url.starts_with(scheme));
    let wrong = match ca?.roots() {
        Err(what) => what,
        Ok(_) if !has_tls => format!("{base_url} is without TLS; write wss:// or https:// there, or leave ca out"),
        Ok(_) => return None,
    };
    Some(format!("{section}.ca: {wrong}"))
}

/// For WebSockets. The error says what is wrong with this machine's certificates, or with those of `ca`.
pub fn client(ca: Option<&Authority>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?;
    let builder = match ca {
        Some(ca) => builder.with_root_certificates(ca.roots()?),
        None => builder
            .with_platform_verifier()
            .map_err(|error| format!("TLS cannot be used: {error}; install ca-certificates"))?,
    };
    Ok(builder.with_no_client_auth())
}

/// An HTTP/2 connection is asked so often whether it is there.
const ASKED_EVERY: Duration = Duration::from_secs(5);
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// The same for HTTP, to no other address than the one that is named: no redirect is followed. A connection over which nobody answers is ended before the next caller is put on it: all calls share one over HTTP/2.
pub fn http(builder: ClientBuilder, ca: Option<&Authority>) -> Result<ClientBuilder, String> {
    let builder = builder
        .redirect(Policy::none())
        .http2_keep_alive_interval(ASKED_EVERY)
        .http2_keep_alive_timeout(ANSWERED_WITHIN)
        .http2_keep_alive_while_idle(true);
    let Some(ca) = ca else { return Ok(builder) };
    let certificates = ca
        .read()?
        .into_iter()
        .map(|certificate| Certificate::from_der(&certificate).map_err(|error| format!("{}: {error}", ca.0.display())));
    Ok(builder.tls_certs_only(certificates.collect::<Result<Vec<_>, _>>()?))
}

/// Why a connection did not come about, if it was for the server's certificate.
pub fn refusal(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
            return Some(in_words(why));
        }
        // What an I/O error wraps is not its source, whose source is.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

const fn in_words(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is this machine's clock right?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than that of base_url"
        }
        CertificateError::UnknownIssuer => {
            "its certificate is from an authority that is not known; a server of your own: name its authority's file in ca"
        }
        CertificateError::Revoked => "its certificate was revoked",
        _ => "its certificate is not to be trusted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_cannot_be_used_is_told_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let wrong = |text: Option<&str>| {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            check("providers.deepgram", Some(&Authority(file.clone())), "wss://a.example").unwrap()
        };
        for text in [None, Some("no certificate"), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")]
        {
            let wrong = wrong(text);
            assert!(wrong.starts_with("providers.deepgram.ca: ") && wrong.contains("ca.pem"), "{wrong}");
        }
        assert_eq!(check("providers.deepgram", None, "ws://a.example"), None);
    }
}
