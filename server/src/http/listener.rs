//! The socket: HTTP/1.1 and HTTP/2, in the clear or through TLS, until the process is told to stop.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;

use super::mutual::{MutualAcceptor, tls_config};
use crate::error::{Error, ErrorKind, Result};

/// Where certificate and key stand, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The authorities that sign certificates of clients, where clients show any.
    pub client_authorities: Option<PathBuf>,
}

/// A bound socket that nobody answers yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
}

impl Listener {
    /// Takes the address, and reads certificate and key.
    pub async fn bind(address: SocketAddr, tls: Option<&TlsFiles>) -> Result<Self> {
        let unusable = |error: std::io::Error| {
            let sentence = format!("{address} cannot be listened on: {error}");
            Error::new(ErrorKind::Unavailable, sentence).caused_by(error)
        };
        let tls = match tls {
            Some(files) => Some(tls_config(files).await?),
            None => None,
        };
        let socket = TcpListener::bind(address).map_err(unusable)?;
        socket.set_nonblocking(true).map_err(unusable)?;
        let address = socket.local_addr().map_err(unusable)?;
        Ok(Self {
            socket,
            address,
            tls,
        })
    }

    /// The address it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` ends; then requests under way have `grace` to finish.
    pub async fn serve(
        self,
        router: Router,
        grace: Duration,
        shutdown: impl Future<Output = ()>,
    ) -> Result<()> {
        let handle = Handle::new();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = async {
            match self.tls {
                Some(tls) => {
                    let acceptor = MutualAcceptor::new(tls);
                    let mut server = axum_server::from_tcp(self.socket)?.acceptor(acceptor);
                    bound(server.http_builder());
                    server.handle(handle.clone()).serve(service).await
                }
                None => {
                    let mut server = axum_server::from_tcp(self.socket)?;
                    bound(server.http_builder());
                    server.handle(handle.clone()).serve(service).await
                }
            }
        };
        let stopped = async {
            shutdown.await;
            handle.graceful_shutdown(Some(grace));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            result = served => result.map_err(Error::internal),
            () = stopped => Ok(()),
        }
    }
}

/// How long a client may take to send the head of a request. A slow body is bounded by the timeout of the request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// Most streams that one HTTP/2 connection may open at a time.
const STREAMS_MAX: u32 = 256;

/// Bounds what one connection may hold up.
fn bound(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(HEAD_TIMEOUT);
}
