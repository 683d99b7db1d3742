//! What is asked of the authorization server, and what it answers: forms in; JSON, pages and redirects out.

use std::net::IpAddr;

use bytes::Bytes;
use fhir::form;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName,
    LOCATION, SET_COOKIE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auth::{ClientCertificate, is_bounded};
use crate::error::Error;

/// The most parameters of a query or a form.
const PARAMETERS_MAX: usize = 64;

/// One request, as far as the authorization server looks at it.
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// Behind the FHIR base.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
    pub(super) now: Timestamp,
    /// Whoever is at the other end of the connection.
    pub(super) address: Option<IpAddr>,
    /// The certificate it has shown.
    pub(super) certificate: Option<&'a ClientCertificate>,
}

/// Why something is not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An error of OAuth 2.0 (<https://www.rfc-editor.org/rfc/rfc6749#section-5.2>).
    OAuth {
        status: StatusCode,
        error: &'static str,
        description: String,
    },
    /// A fault of the server.
    Server(Error),
}

/// What answers a request, or why none does.
pub(super) type Answered<T = Response<Bytes>> = Result<T, Refusal>;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl Refusal {
    /// A refusal with status 400.
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self::OAuth {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    /// The client has not proved who it is.
    pub(super) fn client(description: impl Into<String>) -> Self {
        Self::OAuth {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: description.into(),
        }
    }

    /// The answer where a client asks, not a person.
    pub(super) fn as_json(&self) -> Response<Bytes> {
        match self {
            Self::OAuth {
                status,
                error,
                description,
            } => {
                let body = json!({"error": error, "error_description": description});
                let mut response = json_with(*status, &body);
                if *status == StatusCode::UNAUTHORIZED {
                    let basic = HeaderValue::from_static("Basic realm=\"vesta\"");
                    response.headers_mut().insert(WWW_AUTHENTICATE, basic);
                }
                response
            }
            Self::Server(error) => {
                log(error);
                let (status, word) = of_server(error);
                json_with(
                    status,
                    &json!({"error": word, "error_description": error.to_string()}),
                )
            }
        }
    }
}

/// The cause of a fault, once.
pub(super) fn log(error: &Error) {
    if error.status().is_server_error() {
        tracing::error!(%error, cause = ?error.cause(), "the authorization server failed");
    } else {
        tracing::warn!(%error, "the authorization server refused");
    }
}

fn of_server(error: &Error) -> (StatusCode, &'static str) {
    match error.status() {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}

/// Names and values, each name once. What has no value is not there. Passwords and codes are among them, so it is never
/// shown.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a query or a body (<https://www.rfc-editor.org/rfc/rfc6749#section-3.1>).
    pub(super) fn parse(text: &str) -> Answered<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in form::pairs(text) {
            let (name, value) =
                pair.map_err(|error| Refusal::new("invalid_request", error.to_string()))?;
            let problem = if pairs.len() == PARAMETERS_MAX {
                Some("there are more than 64 parameters")
            } else if name.contains('\0') || value.contains('\0') {
                Some("a parameter has a character that no text has")
            } else if pairs.iter().any(|(known, _)| *known == name) {
                Some("a parameter is there more than once")
            } else {
                None
            };
            if let Some(problem) = problem {
                return Err(Refusal::new("invalid_request", problem));
            }
            pairs.push((name, value));
        }
        pairs.retain(|(_, value)| !value.is_empty());
        Ok(Self(pairs))
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(own, _)| own == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// The value of a name that must be there.
    pub(super) fn need(&self, name: &str) -> Answered<&str> {
        self.get(name)
            .ok_or_else(|| Refusal::new("invalid_request", format!("{name} is missing")))
    }

    /// The value of `scope`, which has an end.
    pub(super) fn scope(&self) -> Answered<Option<&str>> {
        match self.get("scope") {
            Some(text) if !is_bounded(text) => Err(Refusal::new(
                "invalid_scope",
                "there are more than 100 scopes, or more than 4096 letters of them",
            )),
            text => Ok(text),
        }
    }

    /// The value of `scope`, which must be there.
    pub(super) fn need_scope(&self) -> Answered<&str> {
        self.need("scope")?;
        Ok(self.scope()?.unwrap_or_default())
    }

    /// All of it but some names, as a query.
    pub(super) fn query_without(&self, left_out: &[&str]) -> String {
        let kept = self.0.iter().map(|(name, value)| (&**name, &**value));
        let kept: Vec<(&str, &str)> = kept.filter(|(name, _)| !left_out.contains(name)).collect();
        with_query("", &kept)
    }
}

impl Asked<'_> {
    /// The body as a form.
    pub(super) fn form(&self) -> Answered<Form> {
        let content_type = self.header(CONTENT_TYPE).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let wanted = "the body must be application/x-www-form-urlencoded";
            return Err(Refusal::new("invalid_request", wanted));
        }
        let text = std::str::from_utf8(self.body)
            .map_err(|_| Refusal::new("invalid_request", "the body is not UTF-8"))?;
        Form::parse(text)
    }

    /// The text of a header that is there once.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The value of a cookie; none where several of that name are sent.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(COOKIE).iter();
        let mut values = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(own, _)| *own == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// What stands behind `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// JSON that nobody keeps, for any origin: no cookie counts here.
pub(super) fn json_with(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Sends the browser on, always with GET.
pub(super) fn redirect(location: &str) -> Answered {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(location).map_err(Error::internal)?;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Sets a cookie beside an answer.
pub(super) fn set_cookie(response: &mut Response<Bytes>, cookie: &str) -> Answered<()> {
    let cookie = HeaderValue::from_str(cookie).map_err(Error::internal)?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(())
}

/// A URL with parameters added to its query.
pub(super) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = url.to_owned();
    let mut separator = match url.contains('?') {
        true => '&',
        false => '?',
    };
    for (name, value) in pairs {
        out.push(separator);
        out.push_str(name);
        out.push('=');
        out.push_str(&encoded(value));
        separator = '&';
    }
    out
}

/// A text as it may stand in a query.
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a String does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
