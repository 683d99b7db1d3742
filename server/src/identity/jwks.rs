//! Keys that clients publish, fetched and kept for a while
//! (<https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys>).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use tokio::sync::Mutex;

use super::answer::{Answered, Refusal};
use super::fetch::Fetcher;

/// How long keys are believed.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How long a key that is missing, or keys that could not be fetched, are not asked for again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// Places whose keys are kept; beyond that, they are fetched anew.
const PLACES_MAX: usize = 10_000;

/// What was fetched when; nothing where that failed.
struct Fetched {
    /// The last attempt.
    at: Timestamp,
    /// When the keys were fetched.
    believed: Timestamp,
    keys: Option<JwkSet>,
}

/// What is known of a place. Whoever fetches holds it, and all others wait for the same answer.
type Known = Arc<Mutex<Option<Fetched>>>;

/// Sets of keys by where they are published.
pub(super) struct PublishedKeys {
    fetcher: Fetcher,
    places: Mutex<HashMap<Box<str>, Known>>,
}

impl PublishedKeys {
    pub(super) fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            places: Mutex::default(),
        }
    }

    /// The keys published there. They are fetched again when they are old, or when one is missing among them.
    pub(super) async fn of(&self, uri: &str, kid: &str, now: Timestamp) -> Answered<JwkSet> {
        let known = self.place(uri).await;
        let mut known = known.lock().await;
        let fresh = known.as_ref().filter(|fetched| {
            let age = now.duration_since(fetched.at);
            let has_key = fetched
                .keys
                .as_ref()
                .is_some_and(|keys| keys.find(kid).is_some());
            // The clock may have been set back.
            let believed = now.duration_since(fetched.believed);
            !age.is_negative() && (age < PATIENCE || believed < KEPT && has_key)
        });
        let keys = match fresh {
            Some(fetched) => fetched.keys.clone(),
            None => {
                // What was believed until now goes on where the place cannot be reached for a moment.
                let kept = known.as_ref().filter(|fetched| {
                    let age = now.duration_since(fetched.believed);
                    !age.is_negative() && age < KEPT
                });
                let kept =
                    kept.and_then(|fetched| fetched.keys.clone().zip(Some(fetched.believed)));
                let (keys, believed) = match (self.fetch(uri).await, kept) {
                    (Some(keys), _) => (Some(keys), now),
                    (None, Some((keys, believed))) => (Some(keys), believed),
                    (None, None) => (None, now),
                };
                *known = Some(Fetched {
                    at: now,
                    believed,
                    keys: keys.clone(),
                });
                keys
            }
        };
        keys.ok_or_else(|| Refusal::client("the keys of this client cannot be fetched"))
    }

    async fn place(&self, uri: &str) -> Known {
        let mut places = self.places.lock().await;
        if let Some(known) = places.get(uri) {
            return Arc::clone(known);
        }
        if places.len() >= PLACES_MAX {
            places.clear();
        }
        let known = Known::default();
        places.insert(uri.into(), Arc::clone(&known));
        known
    }

    async fn fetch(&self, uri: &str) -> Option<JwkSet> {
        let bytes = match self.fetcher.get(uri).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "the keys of a client cannot be fetched");
                return None;
            }
        };
        let keys = serde_json::from_slice(&bytes);
        keys.inspect_err(|error| tracing::warn!(%error, "the keys of a client cannot be read"))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const SET: &str = r#"{"keys":[{"kty":"EC","crv":"P-384","kid":"a","x":"AA","y":"AA"}]}"#;

    /// Where keys are published, and how often they were asked for.
    async fn publisher(status: &'static str, body: String) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/keys", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let head = format!(
                    "HTTP/1.1 {status}\r\nlocation: /other\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _read = stream.read(&mut [0; 4096]).await;
                let _written = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        (uri, asked)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn many_who_ask_at_once_fetch_once() {
        let (uri, asked) = publisher("200 OK", SET.to_owned()).await;
        let keys = PublishedKeys::new(Fetcher::new(true));
        let all = (0..20).map(|_| keys.of(&uri, "a", at(0)));
        for keys in futures_util::future::join_all(all).await {
            assert!(keys.unwrap().find("a").is_some());
        }
        let check = async |kid: &str, seconds: i64, fetched: usize| {
            keys.of(&uri, kid, at(seconds)).await.unwrap();
            assert_eq!(asked.load(Ordering::SeqCst), fetched, "{kid} {seconds}");
        };
        check("a", 299, 1).await;
        check("a", 300, 2).await;
        // A key that is not there is asked for every thirty seconds at most.
        check("b", 329, 2).await;
        check("b", 330, 3).await;
        check("b", 331, 3).await;
        // A clock that was set back makes nothing old young.
        check("a", -1, 4).await;
    }

    #[tokio::test]
    async fn what_fails_is_not_asked_again_at_once() {
        let large = format!("{}{}", " ".repeat(256 * 1024), SET);
        for (status, body) in [
            ("500 Internal Server Error", SET.to_owned()),
            ("302 Found", String::new()),
            ("200 OK", "nothing".to_owned()),
            ("200 OK", large),
        ] {
            let (uri, asked) = publisher(status, body).await;
            let keys = PublishedKeys::new(Fetcher::new(true));
            for (seconds, fetched) in [(0, 1), (29, 1), (30, 2)] {
                assert!(keys.of(&uri, "a", at(seconds)).await.is_err(), "{status}");
                assert_eq!(asked.load(Ordering::SeqCst), fetched, "{status} {seconds}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_believed_goes_on_while_its_place_cannot_be_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/keys", listener.local_addr().unwrap());
        let once = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = SET.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            let _read = stream.read(&mut [0; 4096]).await;
            stream
                .write_all(format!("{head}{SET}").as_bytes())
                .await
                .unwrap();
        });
        let keys = PublishedKeys::new(Fetcher::new(true));
        let has_key = async |kid: &str, seconds: i64| {
            let known = keys.of(&uri, kid, at(seconds)).await;
            known.map(|keys| keys.find(kid).is_some()).ok()
        };
        assert_eq!(has_key("a", 0).await, Some(true));
        once.await.unwrap();
        assert_eq!(has_key("b", 30).await, Some(false), "asked for in vain");
        assert_eq!(has_key("a", 31).await, Some(true));
        assert_eq!(has_key("a", 299).await, Some(true));
        assert_eq!(has_key("a", 300).await, None, "too old");
    }

    #[tokio::test]
    async fn keys_inside_are_not_fetched_without_the_setting() {
        let (uri, asked) = publisher("200 OK", SET.to_owned()).await;
        let keys = PublishedKeys::new(Fetcher::new(false));
        assert!(keys.of(&uri, "a", at(0)).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}
