//! What a client shows of itself while it connects (<https://www.rfc-editor.org/rfc/rfc8705>).

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use webpki::EndEntityCert;

/// A certificate whose key the client holds, and which an authority that is trusted for clients has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: CertificateThumbprint,
    names: Vec<Box<str>>,
}

/// The SHA-256 of a certificate, by which tokens are bound to it (`x5t#S256`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateThumbprint(pub [u8; 32]);

impl ClientCertificate {
    /// Reads one that TLS has verified; nothing where it cannot be read.
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let read = EndEntityCert::try_from(certificate).ok()?;
        let names = read.valid_dns_names().chain(read.valid_uri_names());
        Some(Self {
            thumbprint: CertificateThumbprint(Sha256::digest(certificate).into()),
            names: names.map(Into::into).collect(),
        })
    }

    /// The one that tokens are bound to.
    pub fn thumbprint(&self) -> CertificateThumbprint {
        self.thumbprint
    }

    /// Whether it is the certificate of this name: a `dNSName` or a URI of its subjectAltName, letter by letter.
    pub fn is_of(&self, name: &str) -> bool {
        self.names.iter().any(|own| **own == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_of_the_names_it_has() {
        let names = ["lab.example".to_owned(), "*.wild.example".to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        let uri = "urn:example:connector".try_into().unwrap();
        parameters.subject_alt_names.push(rcgen::SanType::URI(uri));
        let key = rcgen::KeyPair::generate().unwrap();
        let made = parameters.self_signed(&key).unwrap();
        let read = ClientCertificate::read(made.der()).unwrap();
        for name in ["lab.example", "urn:example:connector", "*.wild.example"] {
            assert!(read.is_of(name), "{name}");
        }
        // Names are not resolved, as that of a server is: what is registered is what there is.
        for name in ["LAB.example", "a.wild.example", "example", ""] {
            assert!(!read.is_of(name), "{name}");
        }
        let expected: [u8; 32] = Sha256::digest(made.der()).into();
        assert_eq!(read.thumbprint(), CertificateThumbprint(expected));
        assert!(ClientCertificate::read(&CertificateDer::from(vec![0; 20])).is_none());
    }
}
