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

use axum::http::Response;

use super::*;
use crate::auth::{Access, CertificateThumbprint, ClientCertificate, Pace, Paces, Reason};
use crate::error::ErrorKind;
use crate::http::{Admission, Listener, TlsFiles};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<()>>,
}

async fn start(tls: Option<&TlsFiles>) -> Running {
    start_with(tls, Server::new(|_| Ok(read(PATIENT)))).await
}

async fn start_with(tls: Option<&TlsFiles>, server: Server) -> Running {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, tls).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(
        listener.serve(server.router, Duration::from_secs(5), async {
            let _ended = stopped.await;
        }),
    );
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
        // Where the other side has refused, nothing is heard.
        let _said = stream.write_all(said).and_then(|()| stream.flush());
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
const GET_AS_ONE: &[u8] = b"GET /fhir/Patient/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nConnection: close\r\n\r\n";
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
            client_authorities: None,
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

/// An authority, and a certificate that it has signed for a client.
struct Signed {
    authority: String,
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: rustls::pki_types::PrivateKeyDer<'static>,
}

impl Signed {
    fn new(name: &str) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = parameters.self_signed(&key).unwrap().pem();
        let issuer = rcgen::Issuer::new(parameters, key);
        let own = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&own, &issuer).unwrap();
        Self {
            authority,
            certificate: certificate.der().clone(),
            key: rustls::pki_types::PrivateKeyDer::try_from(own.serialize_der()).unwrap(),
        }
    }
}

/// A token that is in force, where this certificate is shown with it.
fn bound_to(own: CertificateThumbprint) -> Admission {
    Admission {
        is_page: |_| false,
        authorize: Arc::new(|_| async { Response::new(Bytes::new()) }.boxed()),
        admit: Arc::new(move |_, shown| {
            let access = (shown == Some(own)).then(|| Access::system(Reason::AuthDisabled));
            async move { Ok(access) }.boxed()
        }),
        paces: Arc::new(Paces {
            of_client: Pace::of_minute(0),
            of_user: Pace::of_minute(0),
            of_address: Pace::of_minute(0),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_that_a_client_shows_goes_with_its_requests() {
    let files = Files::new("mutual");
    let client = Signed::new("lab.example");
    let authorities = files.folder.join("authorities.pem");
    std::fs::write(&authorities, &client.authority).unwrap();
    let tls = TlsFiles {
        client_authorities: Some(authorities),
        ..files.tls.clone()
    };
    let own = ClientCertificate::read(&client.certificate).unwrap();
    let server = Server::admitting(settings(), Some(bound_to(own.thumbprint())), |_| {
        Ok(read(PATIENT))
    });
    let server = start_with(Some(&tls), server).await;
    let ask = async |shown: Option<&Signed>| {
        let mut roots = RootCertStore::empty();
        let pem = files.certificate.as_bytes();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_slice(pem).unwrap())
            .unwrap();
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let config = match shown {
            Some(one) => builder
                .with_client_auth_cert(vec![one.certificate.clone()], one.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = StreamOwned::new(connection, TcpStream::connect(server.address).unwrap());
        let heard = exchange(stream, GET_AS_ONE, 4096).await;
        String::from_utf8(heard).unwrap()
    };
    assert!(ask(Some(&client)).await.ends_with(PATIENT));
    assert!(ask(None).await.starts_with("HTTP/1.1 401 "));
    // Of the same name, signed by somebody else: it does not come to a request.
    assert_eq!(ask(Some(&Signed::new("lab.example"))).await, "");
    server.stop.send(()).unwrap();
    server.served.await.unwrap().unwrap();
}
