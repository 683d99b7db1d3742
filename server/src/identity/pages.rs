//! The pages that people see: HTML without script, under a policy that lets in nothing else.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::answer::{Answered, Refusal, log};
use super::records::PatientLine;
use crate::error::Error;

const STYLE: &str = include_str!("../../templates/style.css");

/// The one style sheet, by its hash.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// A page, and where a form on it may lead in the end: to the app that waits for the answer.
pub(super) struct Page<'a> {
    target: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    style: &'a str,
    it: &'a Login<'a>,
}

/// What the page says on which somebody logs in.
pub(super) struct Login<'a> {
    pub(super) csrf: &'a str,
    pub(super) request: &'a str,
    pub(super) problem: &'a str,
    /// Where else that can be done: links and names.
    pub(super) providers: &'a [(String, &'a str)],
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor<'a> {
    style: &'a str,
    csrf: &'a str,
    request: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    style: &'a str,
    title: &'a str,
    text: &'a str,
    /// What the form repeats by which somebody goes back to the login, where that helps.
    csrf: &'a str,
}

#[derive(Template)]
#[template(path = "patients.html")]
struct Patients<'a> {
    style: &'a str,
    client: &'a str,
    search: &'a str,
    hidden: &'a [(String, String)],
    links: &'a [(String, &'a PatientLine)],
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    style: &'a str,
    it: &'a Consent<'a>,
}

/// What the page says on which somebody decides.
pub(super) struct Consent<'a> {
    pub(super) csrf: &'a str,
    pub(super) request: &'a str,
    pub(super) client: &'a str,
    /// Whether the app has registered itself.
    pub(super) is_unchecked: bool,
    pub(super) host: &'a str,
    pub(super) person: &'a str,
    pub(super) patient: Option<&'a PatientLine>,
    pub(super) sees: &'a [String],
    pub(super) notes: &'a [&'static str],
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    style: &'a str,
    it: &'a Account<'a>,
}

/// What the page says on which somebody sees the apps that act for them.
pub(super) struct Account<'a> {
    pub(super) csrf: &'a str,
    pub(super) person: &'a str,
    pub(super) apps: &'a [App],
}

/// An app that acts for somebody.
pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) sees: Vec<String>,
}

impl<'a> Page<'a> {
    /// A page whose forms lead to us, and from us to nobody but this origin.
    pub(super) fn to(target: Option<&'a str>) -> Self {
        Self { target }
    }

    pub(super) fn login(&self, it: &Login<'_>) -> Answered {
        self.render(&LoginPage { style: STYLE, it })
    }

    pub(super) fn second_factor(&self, csrf: &str, request: &str, problem: &str) -> Answered {
        self.render(&SecondFactor {
            style: STYLE,
            csrf,
            request,
            problem,
        })
    }

    pub(super) fn message(&self, title: &str, text: &str, csrf: &str) -> Answered {
        self.render(&Message {
            style: STYLE,
            title,
            text,
            csrf,
        })
    }

    pub(super) fn patients(
        &self,
        client: &str,
        search: &str,
        hidden: &[(String, String)],
        links: &[(String, &PatientLine)],
    ) -> Answered {
        self.render(&Patients {
            style: STYLE,
            client,
            search,
            hidden,
            links,
        })
    }

    pub(super) fn consent(&self, it: &Consent<'_>) -> Answered {
        self.render(&ConsentPage { style: STYLE, it })
    }

    pub(super) fn account(&self, it: &Account<'_>) -> Answered {
        self.render(&AccountPage { style: STYLE, it })
    }

    fn render(&self, template: &impl Template) -> Answered {
        let html = template.render().map_err(Error::internal)?;
        let mut response = Response::new(Bytes::from(html));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{}{}; frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH,
            if self.target.is_some() { " " } else { "" },
            self.target.unwrap_or_default(),
        );
        let policy = HeaderValue::from_str(&policy).map_err(Error::internal)?;
        let headers = response.headers_mut();
        headers.insert("content-security-policy", policy);
        for (name, value) in [
            (CONTENT_TYPE.as_str(), "text/html; charset=utf-8"),
            (CACHE_CONTROL.as_str(), "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            headers.insert(
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        Ok(response)
    }
}

/// The same page, said to somebody who has not shown who they are.
pub(super) fn unauthorized(mut response: Response<Bytes>) -> Response<Bytes> {
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response
}

/// The page that tells a person why something is not done.
pub(super) fn refused(refusal: &Refusal) -> Answered {
    let (status, text) = match refusal {
        Refusal::OAuth {
            status,
            description,
            ..
        } => (*status, description.as_str()),
        Refusal::Server(error) => {
            log(error);
            (
                error.status(),
                "The server is busy, or has failed. Try again in a while.",
            )
        }
    };
    let mut response = Page::to(None).message("This did not work", text, "")?;
    *response.status_mut() = status;
    Ok(response)
}
