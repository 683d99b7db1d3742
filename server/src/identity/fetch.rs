//! What others publish, fetched: within a time, up to a size, without redirects, and not from inside the network this
//! server stands in, unless a setting allows that. Whoever registers an address could reach with it what only this server can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::accounts::is_protected;

/// How long fetching may take, from the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest text.
const BYTES_MAX: usize = 256 * 1024;

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfetched {
    #[error("it is not behind TLS")]
    Unprotected,
    #[error("it is at an address that is not public")]
    Internal,
    #[error("it is too long")]
    TooLong,
    #[error("what is there has failed: {0}")]
    Broken(http::StatusCode),
    #[error(transparent)]
    Failed(#[from] reqwest::Error),
}

/// Fetches what others publish.
#[derive(Debug)]
pub(super) struct Fetcher {
    allows_internal: bool,
    client: OnceLock<reqwest::Client>,
}

impl Fetcher {
    /// One that fetches from inside too, where that is allowed.
    pub(super) fn new(allows_internal: bool) -> Self {
        Self {
            allows_internal,
            client: OnceLock::new(),
        }
    }

    /// What is published there.
    pub(super) async fn get(&self, uri: &str) -> Result<Vec<u8>, Unfetched> {
        let url = self.checked(uri)?;
        let response = self.client()?.get(url).send().await?;
        bounded(response.error_for_status()?).await
    }

    /// What is answered there to a request, whatever the status.
    pub(super) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unfetched> {
        let (head, body) = request.into_parts();
        let url = self.checked(&head.uri.to_string())?;
        let asked = self.client()?.request(head.method, url);
        let answered = asked.headers(head.headers).body(body).send().await?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answered.status();
        *response.headers_mut() = answered.headers().clone();
        *response.body_mut() = bounded(answered).await?;
        Ok(response)
    }

    /// A place that may be asked.
    fn checked(&self, uri: &str) -> Result<Url, Unfetched> {
        let url = Url::parse(uri).map_err(|_| Unfetched::Unprotected)?;
        if !is_protected(&url) {
            return Err(Unfetched::Unprotected);
        }
        // An address is not asked for by name; it is read as the one who connects reads it.
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_internal = host.parse().is_ok_and(|address| !is_public(address));
        if (is_internal || url.scheme() == "http") && !self.allows_internal {
            return Err(Unfetched::Internal);
        }
        Ok(url)
    }

    fn client(&self) -> Result<&reqwest::Client, Unfetched> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // TLS may have been set up for the listener already; the second time changes nothing.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        if !self.allows_internal {
            builder = builder.dns_resolver(Arc::new(PublicNames));
        }
        let client = builder.build()?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The body, up to where it is too long.
async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, Unfetched> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > BYTES_MAX {
            return Err(Unfetched::TooLong);
        }
    }
    Ok(bytes)
}

/// Knows names by their public addresses alone. What is looked up is what is connected to.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            match public.is_empty() {
                true => Err(Box::from(Unfetched::Internal)),
                false => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one of the internet
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry/>, <https://www.iana.org/assignments/iana-ipv6-special-registry/>).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network; 100.64/10 of carriers; protocols; benchmarks; multicast, reserved, broadcast.
        (0 | 224.., _, _) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _) => true,
        _ => false,
    };
    !(is_special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    let octets = address.octets();
    let last = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
    match (a, b, c) {
        // An address of version 4 inside one of version 6: by translation, 6to4.
        (0x64, 0xff9b, 0) => is_public_v4(last),
        (0x2002, _, _) => is_public_v4(Ipv4Addr::new(octets[2], octets[3], octets[4], octets[5])),
        // Teredo and other protocols; documentation.
        (0x2001, 0..=0x1ff | 0xdb8, _) | (0x3fff, 0..=0xfff, _) => false,
        // Global unicast; all else, mapped addresses of version 4 among it, is not.
        (0x2000..=0x3fff, _, _) => true,
        _ => address.to_ipv4_mapped().is_some_and(is_public_v4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_networks_inside_are_not_public() {
        let check = |text: &str, expected: bool| {
            assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
        };
        for public in [
            "1.1.1.1",
            "100.63.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "193.0.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ] {
            check(public, true);
        }
        for internal in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
        ] {
            check(internal, false);
        }
    }

    #[tokio::test]
    async fn nothing_is_fetched_from_inside_however_it_is_written() {
        let fetcher = Fetcher::new(false);
        for uri in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1:8443/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/latest/meta-data",
            "https://user@10.0.0.1/",
            "http://127.0.0.1/",
            "http://localhost/",
        ] {
            let refused = fetcher.get(uri).await;
            assert!(
                matches!(refused, Err(Unfetched::Internal)),
                "{uri} {refused:?}"
            );
        }
        // A name that leads inside is found out when it is looked up.
        let Err(Unfetched::Failed(error)) = fetcher.get("https://localhost/").await else {
            panic!("fetched by name");
        };
        let said = format!("{error:?}");
        assert!(said.contains("Internal"), "{said}");
        for uri in [
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "x",
            "",
        ] {
            for fetcher in [Fetcher::new(false), Fetcher::new(true)] {
                let refused = fetcher.get(uri).await;
                assert!(
                    matches!(refused, Err(Unfetched::Unprotected)),
                    "{uri} {refused:?}"
                );
            }
        }
    }
}
