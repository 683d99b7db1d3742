//! Where clients may be, and what they publish: the addresses that they are registered with.

use reqwest::Url;

/// Whether this may be where something is published: by TLS, or from this machine.
pub(crate) fn may_be_published_at(uri: &str) -> bool {
    let is_absolute = uri.starts_with("https://") || uri.starts_with("http://");
    is_absolute && Url::parse(uri).is_ok_and(|url| is_protected(&url))
}

/// Whether what comes from there cannot be changed on its way.
pub(crate) fn is_protected(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host_str().is_some_and(|host| !host.is_empty()),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")),
        _ => false,
    }
}

/// Where people may be sent: by https, on this machine, or into an app by a scheme of its own, which has a dot
/// (<https://www.rfc-editor.org/rfc/rfc8252#section-7.1>).
pub(crate) fn is_redirect_uri(uri: &str) -> bool {
    let is_clean = uri.bytes().all(|byte| byte.is_ascii_graphic())
        && !uri.contains(['#', '"', '\'', ';', ',', '\\', '@']);
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let is_allowed = match scheme {
        "https" | "http" => may_be_published_at(uri),
        scheme => {
            let is_name = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+".contains(&byte)
            };
            scheme.contains('.') && scheme.bytes().all(is_name) && !rest.is_empty()
        }
    };
    is_clean && is_allowed
}
