//! Real sockets: HTTP/1.1, HTTP/2, TLS, and the end of a process.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::error::ErrorKind;
use crate::http::{Listener, TlsFiles};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<()>>,
}

async fn start(tls: Option<&TlsFiles>) -> Running {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, tls).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Server::new(|_| Ok(read(PATIENT))).router;
    let served = tokio::spawn(listener.serve(router, Duration::from_secs(5), async {
        let _ended = stopped.await;
    }));
    Running {
        address,
        stop,
        served,
    }
}

/// Says something on a socket from a thread of its own, and reads until the other side closes or `enough` bytes came.
async fn exchange<S: Read + Write + Send + 'static>(
    mut stream: S,
    said: &'static [u8],
    enough: usize,
) -> Vec<u8> {
    let exchanged = tokio::task::spawn_blocking(move || {
        stream.write_all(said).unwrap();
        stream.flush().unwrap();
        let mut heard = vec![0; enough];
        let mut length = 0;
        while length < enough {
            match stream.read(&mut heard[length..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => length += count,
            }
        }
        heard.truncate(length);
        heard
    });
    exchanged.await.unwrap()
}

const GET: &[u8] = b"GET /fhir/Patient/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/// The preface of HTTP/2 and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const SETTINGS_FRAME: u8 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_http_are_answered_until_the_process_stops() {
    let server = start(None).await;
    let heard = exchange(TcpStream::connect(server.address).unwrap(), GET, 4096).await;
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    assert!(heard.ends_with(PATIENT), "{heard}");
    let frame = exchange(TcpStream::connect(server.address).unwrap(), PREFACE, 9).await;
    assert_eq!(frame[3], SETTINGS_FRAME);
    server.stop.send(()).unwrap();
    server.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).is_err());
}

/// A certificate for `localhost` in files that live as long as the value.
struct Files {
    folder: PathBuf,
    tls: TlsFiles,
    certificate: String,
}

impl Files {
    fn new(name: &str) -> Self {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = std::env::temp_dir().join(format!("vesta-{name}-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let tls = TlsFiles {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        let certificate = signed.cert.pem();
        std::fs::write(&tls.certificate, &certificate).unwrap();
        std::fs::write(&tls.key, signed.signing_key.serialize_pem()).unwrap();
        Self {
            folder,
            tls,
            certificate,
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_answered_in_the_version_the_client_negotiates() {
    let files = Files::new("tls");
    let server = start(Some(&files.tls)).await;
    let connect = |protocol: &[u8]| {
        let mut roots = RootCertStore::empty();
        let pem = files.certificate.as_bytes();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_slice(pem).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(connection, TcpStream::connect(server.address).unwrap())
    };
    let heard = exchange(connect(b"http/1.1"), GET, 4096).await;
    assert!(String::from_utf8(heard).unwrap().ends_with(PATIENT));
    let frame = exchange(connect(b"h2"), PREFACE, 9).await;
    assert_eq!(frame[3], SETTINGS_FRAME);
    server.stop.send(()).unwrap();
    server.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_listener_that_cannot_be_made_says_why() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let taken = Listener::bind(any, None).await.unwrap();
    let error = Listener::bind(taken.address(), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&taken.address().to_string()));
    let files = Files::new("missing");
    let missing = TlsFiles {
        certificate: files.folder.join("nothing.pem"),
        ..files.tls.clone()
    };
    let error = Listener::bind(any, Some(&missing)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadValue);
    assert!(error.to_string().contains("nothing.pem"));
}
