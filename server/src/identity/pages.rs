//! The pages that people see: HTML, without script but where an authenticator is asked, under a policy that lets in nothing
//! else.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::answer::{Answered, Refusal, log};
use super::encounters::EncounterLine;
use super::records::PatientLine;
use super::replies::Words;
use crate::error::{Error, ErrorKind};

const STYLE: &str = include_str!("../../templates/style.css");

/// The one style sheet, by its hash.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

/// A page, and where a form on it may lead in the end: to the app that waits for the answer.
pub(super) struct Page<'a> {
    target: Option<&'a str>,
    /// The one script that runs on it, if any does.
    script: Option<&'a str>,
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
struct SecondFactorPage<'a> {
    style: &'a str,
    it: &'a SecondFactor<'a>,
}

/// What the page says on which a second factor is shown.
pub(super) struct SecondFactor<'a> {
    pub(super) csrf: &'a str,
    pub(super) request: &'a str,
    pub(super) problem: &'a str,
    /// Whether it may be a code.
    pub(super) has_codes: bool,
    /// Where it may be a passkey; empty where there is none.
    pub(super) passkey: &'a str,
}

#[derive(Template)]
#[template(path = "passkey.html")]
struct PasskeyPage<'a> {
    style: &'a str,
    it: &'a Passkey<'a>,
}

/// What the page says on which a passkey is made or shown.
pub(super) struct Passkey<'a> {
    pub(super) title: &'a str,
    pub(super) button: &'a str,
    pub(super) action: &'a str,
    pub(super) csrf: &'a str,
    /// What the authenticator is asked, as JSON.
    pub(super) options: &'a str,
    pub(super) request: &'a str,
    pub(super) problem: &'a str,
    pub(super) asks_name: bool,
    /// Where a code is asked for instead; empty where there is none.
    pub(super) other: &'a str,
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
#[template(path = "encounters.html")]
struct Encounters<'a> {
    style: &'a str,
    client: &'a str,
    patient: &'a PatientLine,
    links: &'a [(String, &'a EncounterLine)],
    without: &'a str,
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
    pub(super) encounter: Option<&'a EncounterLine>,
    pub(super) sees: &'a [String],
    pub(super) notes: &'a [&'static str],
}

#[derive(Template)]
#[template(path = "reply.html")]
struct ReplyPage<'a> {
    style: &'a str,
    it: &'a Reply<'a>,
}

/// What the page says on which a patient answers to a message.
pub(super) struct Reply<'a> {
    pub(super) language: &'a str,
    pub(super) words: &'a Words,
    /// What the message says.
    pub(super) told: &'a str,
    /// What came of the answer, or why there can be none.
    pub(super) note: &'a str,
    pub(super) is_problem: bool,
    /// The secret of the link, where there is a question.
    pub(super) key: &'a str,
    pub(super) ask: &'a str,
    pub(super) accept: &'a str,
    pub(super) decline: &'a str,
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
    /// Whether there can be passkeys.
    pub(super) has_passkeys: bool,
    pub(super) passkeys: &'a [PasskeyLine],
}

/// A passkey of somebody.
pub(super) struct PasskeyLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) since: String,
    pub(super) used: String,
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
        Self {
            target,
            script: None,
        }
    }

    /// A page with a script, which is at that URL.
    pub(super) fn with_script(url: &'a str) -> Self {
        Self {
            target: None,
            script: Some(url),
        }
    }

    pub(super) fn login(&self, it: &Login<'_>) -> Answered {
        self.render(&LoginPage { style: STYLE, it })
    }

    pub(super) fn second_factor(&self, it: &SecondFactor<'_>) -> Answered {
        self.render(&SecondFactorPage { style: STYLE, it })
    }

    pub(super) fn passkey(&self, it: &Passkey<'_>) -> Answered {
        self.render(&PasskeyPage { style: STYLE, it })
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

    pub(super) fn encounters(
        &self,
        client: &str,
        patient: &PatientLine,
        links: &[(String, &EncounterLine)],
        without: &str,
    ) -> Answered {
        self.render(&Encounters {
            style: STYLE,
            client,
            patient,
            links,
            without,
        })
    }

    pub(super) fn consent(&self, it: &Consent<'_>) -> Answered {
        self.render(&ConsentPage { style: STYLE, it })
    }

    pub(super) fn account(&self, it: &Account<'_>) -> Answered {
        self.render(&AccountPage { style: STYLE, it })
    }

    pub(super) fn reply(&self, it: &Reply<'_>) -> Answered {
        self.render(&ReplyPage { style: STYLE, it })
    }

    fn render(&self, template: &impl Template) -> Answered {
        let html = template.render().map_err(Error::internal)?;
        let mut response = Response::new(Bytes::from(html));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'{}{}; form-action 'self'{}{}; frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH,
            if self.script.is_some() {
                "; script-src "
            } else {
                ""
            },
            self.script.unwrap_or_default(),
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
        Refusal::Server(error) if let ErrorKind::Throttled { retry_after_s } = error.kind() => {
            return throttled(retry_after_s);
        }
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

/// The page that tells a person to wait.
fn throttled(retry_after_s: u32) -> Answered {
    let text = format!(
        "There are too many requests at this moment. Try again in {retry_after_s} seconds."
    );
    let mut response = Page::to(None).message("Please wait", &text, "")?;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    Ok(response)
}
