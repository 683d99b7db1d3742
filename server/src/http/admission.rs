//! Who asks: from `Authorization: Bearer` to a grant (<https://www.rfc-editor.org/rfc/rfc6750>), and the paths of the
//! authorization server beside those of the FHIR API.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION};
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, Method, Request as HttpRequest, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::mutual::Shown;
use super::response::{self, Reply};
use super::{BASE_PATH, Http, body, headers};
use crate::auth::{
    ACR_SECOND_FACTOR, Access, CertificateThumbprint, Paces, Reason, TooFast, network,
};
use crate::context::now;
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::route::Route;

/// The largest form that the authorization server reads.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// What answers for the authorization server. The path begins behind the FHIR base.
pub type Authorize =
    Arc<dyn Fn(HttpRequest<Bytes>) -> BoxFuture<'static, Response<Bytes>> + Send + Sync>;

/// What says what the holder of an access token may touch, by the token and the certificate that was shown; nothing where the
/// token is not in force, or is bound to another.
pub type Admit = Arc<
    dyn Fn(Box<str>, Option<CertificateThumbprint>) -> BoxFuture<'static, Result<Option<Access>>>
        + Send
        + Sync,
>;

/// What stands between requests and the FHIR API.
#[derive(Clone)]
pub struct Admission {
    /// What answers for the authorization server.
    pub authorize: Authorize,
    /// Whether a path behind the FHIR base is that of a page for people.
    pub is_page: fn(&str) -> bool,
    /// What knows access tokens.
    pub admit: Admit,
    /// How fast anybody may ask.
    pub paces: Arc<Paces>,
}

/// What whoever asks for a path may touch. What is not public needs a token that is in force.
pub(super) async fn access(http: &Http, route: &Route, head: &Head) -> Result<Access> {
    let Some(admission) = &http.parts.admission else {
        // The configuration refuses this mode on a public listener.
        return Ok(Access::system(Reason::AuthDisabled));
    };
    if matches!(route, Route::Metadata) {
        return Ok(Access::system(Reason::Public));
    }
    if route.is_public() {
        let pace = &admission.paces.of_address;
        let address = headers::address(&head.extensions);
        pace.take(&network(address), now()).map_err(too_fast)?;
        return Ok(Access::system(Reason::Public));
    }
    let shown = head.extensions.get::<Shown>().and_then(Option::as_ref);
    let certificate = shown.map(|one| one.thumbprint());
    let access = match bearer(&head.headers) {
        Ok(token) => (admission.admit)(token, certificate).await?.ok_or_else(|| {
            Error::new(
                ErrorKind::Unauthenticated,
                "the access token is unknown, expired or revoked",
            )
        }),
        Err(error) => Err(error),
    };
    let access = match access {
        Ok(access) => access,
        Err(error) => {
            // Strangers are as slow here as at the authorization server.
            let address = headers::address(&head.extensions);
            let pace = &admission.paces.of_address;
            pace.take(&network(address), now()).map_err(too_fast)?;
            return Err(error);
        }
    };
    if let Some(grant) = access.grant() {
        admission.paces.take(grant, now()).map_err(too_fast)?;
    }
    Ok(access)
}

fn too_fast(TooFast(retry_after_s): TooFast) -> Error {
    Error::new(
        ErrorKind::Throttled { retry_after_s },
        format!("there were too many requests: go on in {retry_after_s} seconds"),
    )
}

/// What stands behind `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Result<Box<str>> {
    let refused = |sentence| Err(Error::new(ErrorKind::Unauthenticated, sentence));
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return refused("this needs an access token: Authorization: Bearer …");
    };
    let pair = value.to_str().ok().and_then(|text| text.split_once(' '));
    match pair {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() =>
        {
            Ok(token.trim().into())
        }
        _ => refused("the Authorization header must be one, with Bearer and an access token"),
    }
}

/// What `WWW-Authenticate` says beside an error, where it says anything (<https://www.rfc-editor.org/rfc/rfc6750#section-3>,
/// <https://www.rfc-editor.org/rfc/rfc9470#section-3>).
pub(super) fn challenge(http: &Http, error: &Error, has_token: bool) -> Option<HeaderValue> {
    http.parts.admission.as_ref()?;
    let fixed = HeaderValue::from_static;
    match (error.kind(), has_token) {
        (ErrorKind::Unauthenticated, false) => Some(fixed("Bearer realm=\"fhir\"")),
        (ErrorKind::Unauthenticated, true) => {
            Some(fixed("Bearer realm=\"fhir\", error=\"invalid_token\""))
        }
        (ErrorKind::Forbidden, _) => {
            Some(fixed("Bearer realm=\"fhir\", error=\"insufficient_scope\""))
        }
        (ErrorKind::StepUp { max_age_s }, _) => {
            let challenge = format!(
                "Bearer realm=\"fhir\", error=\"insufficient_user_authentication\", acr_values=\"{ACR_SECOND_FACTOR}\", max_age={max_age_s}"
            );
            HeaderValue::from_str(&challenge).ok()
        }
        _ => None,
    }
}

/// Answers a request to the authorization server, whatever happens.
pub(super) async fn authorize(State(http): State<Arc<Http>>, request: Request) -> Response {
    let work = AssertUnwindSafe(passed_on(&http, request)).catch_unwind();
    let error = match tokio::time::timeout(http.settings.request_timeout, work).await {
        Ok(Ok(Ok(answer))) => return answer,
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => {
            tracing::error!("answering for the authorization server panicked");
            Error::internal("answering panicked")
        }
        Err(_) => Error::new(ErrorKind::Timeout, "the request took longer than it may"),
    };
    response::of_error(&http, &Reply::default(), &error).await
}

/// Whether a browser shows the answer to a person.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case("text/html"))
}

async fn passed_on(http: &Http, request: Request) -> Result<Response> {
    let unknown = || Error::new(ErrorKind::UnknownEndpoint, "there is nothing here");
    let admission = http.parts.admission.as_ref().ok_or_else(unknown)?;
    let address = headers::address(request.extensions());
    let pace = &admission.paces.of_address;
    let paced = pace.take(&network(address), now());
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix(BASE_PATH).unwrap_or(path);
    head.uri = path.parse::<Uri>().map_err(|_| unknown())?;
    let bytes = match paced {
        // Who sends slowly holds up nobody: the turn begins when all is there.
        Ok(()) => body::collect(&head.headers, body, FORM_BYTES_MAX).await?,
        // Somebody who looks at pages is told so on one.
        Err(fast) if (admission.is_page)(head.uri.path()) && wants_html(&head.headers) => {
            head.extensions.insert(fast);
            Bytes::new()
        }
        Err(fast) => return Err(too_fast(fast)),
    };
    let _turn = http.turns.acquire().await.map_err(Error::internal)?;
    if let Some(address) = address {
        head.extensions.insert(address);
    }
    let is_head = head.method == Method::HEAD;
    let answer = (admission.authorize)(HttpRequest::from_parts(head, bytes)).await;
    let (head, bytes) = answer.into_parts();
    let body = match is_head {
        true => Body::empty(),
        false => Body::from(bytes),
    };
    Ok((head, body).into_response())
}
