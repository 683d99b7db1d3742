//! TLS by which clients may show certificates, too (<https://www.rfc-editor.org/rfc/rfc8705>): what was shown goes with each
//! request of the connection.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tower::Layer;

use super::listener::TlsFiles;
use crate::auth::ClientCertificate;
use crate::error::{Error, ErrorKind, Result};

/// The certificate of whoever is at the other end of a connection.
pub(super) type Shown = Option<Arc<ClientCertificate>>;

/// Accepts connections, and notes who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct MutualAcceptor(RustlsAcceptor);

impl MutualAcceptor {
    pub(super) fn new(config: RustlsConfig) -> Self {
        Self(RustlsAcceptor::new(config))
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for MutualAcceptor {
    type Stream = <RustlsAcceptor as Accept<TcpStream, S>>::Stream;
    type Service = AddExtension<S, Shown>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        async move {
            let (stream, service) = accepted.await?;
            let shown = stream.get_ref().1.peer_certificates();
            let own = shown.and_then(|chain| ClientCertificate::read(chain.first()?));
            let shown: Shown = own.map(Arc::new);
            Ok((stream, Extension(shown).layer(service)))
        }
        .boxed()
    }
}

/// How TLS is spoken: with the server's certificate, and, where there are authorities for them, with those of clients. A client
/// may show none; whether it needs one is asked where it says which client it is.
pub(super) async fn tls_config(files: &TlsFiles) -> Result<RustlsConfig> {
    // Only the first call of a process installs it; every other finds the same one.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Some(authorities) = &files.client_authorities else {
        let config = RustlsConfig::from_pem_file(&files.certificate, &files.key);
        return config.await.map_err(|error| unusable(files, error));
    };
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots(authorities)?))
        .allow_unauthenticated()
        .build()
        .map_err(|error| unreadable(authorities, error))?;
    let chain = CertificateDer::pem_file_iter(&files.certificate);
    let chain: std::result::Result<Vec<_>, _> =
        chain.map_err(|error| unusable(files, error))?.collect();
    let chain = chain.map_err(|error| unusable(files, error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(files, error))?;
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|error| unusable(files, error))?;
    // Each connection shows its certificate anew, so that one that has expired is refused.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// Whom certificates of clients are to be signed by.
fn roots(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, error))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| unreadable(path, error))?;
        let added = roots.add(certificate);
        added.map_err(|error| unreadable(path, error))?;
    }
    Ok(roots)
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let sentence = format!(
        "the authorities of clients, {}, cannot be used: {error}",
        path.display()
    );
    Error::new(ErrorKind::BadValue, sentence).caused_by(error)
}

fn unusable(files: &TlsFiles, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let sentence = format!(
        "certificate {} and key {} cannot be used: {error}",
        files.certificate.display(),
        files.key.display()
    );
    Error::new(ErrorKind::BadValue, sentence).caused_by(error)
}
