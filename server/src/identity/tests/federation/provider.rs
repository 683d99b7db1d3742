//! A small OpenID Connect provider, on this machine.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::assertions::Keys;
use super::*;

/// The secret of this server there.
pub(super) const SECRET: &str = "a secret of both";

/// What it gives at the next exchange.
#[derive(Default)]
struct Pending {
    code: String,
    challenge: String,
    redirect_uri: String,
    id_token: String,
}

/// The provider.
pub(super) struct OpenIdProvider {
    pub(super) issuer: String,
    pub(super) keys: Keys,
    pending: Arc<Mutex<Pending>>,
    /// The keys that it publishes.
    pub(super) published: Arc<Mutex<String>>,
    /// Whether it answers nothing but that it has failed.
    pub(super) is_down: Arc<AtomicBool>,
}

/// How somebody is sent there.
pub(super) struct Departure(Vec<(String, String)>);

impl Departure {
    pub(super) fn get(&self, name: &str) -> &str {
        let pair = self.0.iter().find(|(own, _)| own == name);
        pair.map_or("", |(_, value)| value)
    }
}

impl OpenIdProvider {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let keys = Keys::new();
        let pending = Arc::new(Mutex::new(Pending::default()));
        let mut set = keys.set();
        set["keys"][1]["alg"] = json!("RS256");
        let published = Arc::new(Mutex::new(set.to_string()));
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES384"],
            "authorization_response_iss_parameter_supported": true,
        });
        let (held, shown) = (Arc::clone(&pending), Arc::clone(&published));
        let is_down = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&is_down);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = vec![0; 16 * 1024];
                let mut length = 0;
                let asked = loop {
                    length += stream.read(&mut read[length..]).await.unwrap();
                    let text = String::from_utf8_lossy(&read[..length]).into_owned();
                    if is_whole(&text) {
                        break text;
                    }
                };
                let keys = shown.lock().unwrap().clone();
                let (status, body) = match asked.split(' ').nth(1).unwrap() {
                    _ if fails.load(Ordering::Relaxed) => {
                        ("503 Service Unavailable", "<p>soon</p>".to_owned())
                    }
                    "/.well-known/openid-configuration" => ("200 OK", metadata.to_string()),
                    "/keys" => ("200 OK", keys),
                    "/token" => exchanged(&asked, &held.lock().unwrap()),
                    _ => ("404 Not Found", String::new()),
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _written = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            issuer,
            keys,
            pending,
            published,
            is_down,
        }
    }

    /// Where a browser was sent.
    pub(super) fn departure(&self, answer: &Answer) -> Departure {
        assert_eq!(answer.status, 303, "{answer:?}");
        let (endpoint, query) = answer.header(LOCATION).split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", self.issuer));
        Departure(form::pairs(query).map(|pair| pair.unwrap()).collect())
    }

    /// What it says of somebody who has logged in there.
    pub(super) fn claims(&self, departure: &Departure, server: &Server) -> Value {
        json!({
            "iss": self.issuer,
            "sub": "Subject-7",
            "aud": "vesta",
            "exp": server.now.as_second() + 300,
            "iat": server.now.as_second(),
            "auth_time": server.now.as_second() - 5,
            "nonce": departure.get("nonce"),
            "amr": ["pwd", "otp"],
            "name": "Anna Weiss",
            "fhirUser": format!("{BASE}/Practitioner/anna"),
            "staff_number": 7,
        })
    }

    /// Gives a code for an ID token.
    pub(super) fn grants(&self, departure: &Departure, id_token: String) {
        *self.pending.lock().unwrap() = Pending {
            code: "the code".to_owned(),
            challenge: departure.get("code_challenge").to_owned(),
            redirect_uri: departure.get("redirect_uri").to_owned(),
            id_token,
        };
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, length)| length.parse::<usize>().unwrap());
    body.len() >= length.sum()
}

/// Only who knows the secret, the code and its verifier gets the token, once.
fn exchanged(asked: &str, pending: &Pending) -> (&'static str, String) {
    use base64::Engine;
    let basic = base64::engine::general_purpose::STANDARD
        .encode(format!("vesta:{}", SECRET.replace(' ', "+")));
    let is_client = asked.contains(&format!("Basic {basic}"));
    let body = asked.split_once("\r\n\r\n").unwrap().1;
    let pairs: Vec<_> = form::pairs(body).map(|pair| pair.unwrap()).collect();
    let has = |name: &str, value: &str| pairs.iter().any(|(n, v)| n == name && v == value);
    let verifier = pairs.iter().find(|(name, _)| name == "code_verifier");
    let challenge = secret::challenge(&verifier.unwrap().1);
    let is_good = is_client
        && has("code", &pending.code)
        && has("redirect_uri", &pending.redirect_uri)
        && has("grant_type", "authorization_code")
        && challenge == pending.challenge;
    match is_good {
        true => {
            let tokens = json!({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": pending.id_token});
            ("200 OK", tokens.to_string())
        }
        false => (
            "400 Bad Request",
            json!({"error": "invalid_grant"}).to_string(),
        ),
    }
}
