//! The server under test: storing, reading all back, searching page by page.

use std::collections::BTreeSet;

use super::definitions::{members, text};
use crate::json::Json;
use crate::wire::{Answer, Client, Request};

/// The server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The HTTP client.
    pub client: Client,
    /// The base URL, without a slash at the end.
    pub base: String,
}

/// One page of results.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Matches as `Type/id`, in their order.
    pub matches: Vec<String>,
    /// What comes beside them.
    pub included: Vec<String>,
    /// `Bundle.total`
    pub total: Option<usize>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub enum Searched {
    /// All its pages.
    Pages(Vec<Page>),
    /// The server says that it does not support it, and why.
    NotSupported(String),
    /// Anything else.
    Failed(String),
}

/// No walk has more pages.
const PAGES_MAX: usize = 20_000;

impl Server {
    /// `GET` of a path below the base URL.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        let request = Request::new("GET", format!("{}/{path}", self.base));
        self.client.send(request).await
    }

    /// Stores a resource under its id; `false` is a refusal with a 4xx.
    pub async fn put(&self, key: &str, json: &Json) -> Result<Result<(), String>, String> {
        let body = json.to_string().replace("{base}", &self.base);
        let request = Request::new("PUT", format!("{}/{key}", self.base))
            .with("Prefer", "return=minimal")
            .with_body("application/fhir+json", body.into_bytes());
        let answer = self.client.send(request).await?;
        match answer.status {
            200 | 201 => Ok(Ok(())),
            400..=499 => Ok(Err(answer.excerpt())),
            status => Err(format!("PUT {key}: {status}: {}", answer.excerpt())),
        }
    }

    /// Every resource of a type, as the server shows it.
    pub async fn all(&self, kind: &str, count: usize) -> Result<Vec<Json>, String> {
        let mut found = Vec::new();
        let mut next = Some(format!("{}/{kind}?_count={count}", self.base));
        while let Some(url) = next {
            let answer = self.client.send(Request::new("GET", url)).await?;
            let bundle = success(&answer)?;
            for entry in members(&bundle, "entry") {
                found.extend(entry.get("resource").cloned());
            }
            next = link(&bundle, "next");
        }
        Ok(found)
    }

    /// All pages of what answers with a searchset, as they are.
    pub async fn bundles(&self, path: &str) -> Result<Vec<Json>, String> {
        let mut found = Vec::new();
        let mut next = Some(format!("{}/{path}", self.base));
        while let Some(url) = next.filter(|_| found.len() < PAGES_MAX) {
            let answer = self.client.send(Request::new("GET", url)).await?;
            let bundle = success(&answer)?;
            next = link(&bundle, "next");
            found.push(bundle);
        }
        Ok(found)
    }

    /// A search, and all its pages.
    pub async fn search(&self, path: &str, query: &str, post: bool) -> Result<Searched, String> {
        let request = match post {
            true => Request::new(
                "POST",
                format!("{}/{path}/_search", self.base).replace("//_", "/_"),
            )
            .with_body(
                "application/x-www-form-urlencoded",
                query.as_bytes().to_vec(),
            ),
            false => Request::new("GET", format!("{}/{path}?{query}", self.base)),
        };
        let mut answer = self.client.send(request).await?;
        if answer.status == 400 && is_not_supported(&answer) {
            return Ok(Searched::NotSupported(diagnostics(&answer)));
        }
        let (mut pages, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            let bundle = match success(&answer) {
                Ok(bundle) => bundle,
                Err(error) => {
                    return Ok(Searched::Failed(format!(
                        "page {}: {error}",
                        pages.len() + 1
                    )));
                }
            };
            match page(&bundle) {
                Ok(page) => pages.push(page),
                Err(error) => return Ok(Searched::Failed(error)),
            }
            let Some(next) = link(&bundle, "next") else {
                return Ok(Searched::Pages(pages));
            };
            if pages.len() > PAGES_MAX || !seen.insert(next.clone()) {
                return Ok(Searched::Failed("the pages never end".to_owned()));
            }
            answer = self.client.send(Request::new("GET", next)).await?;
        }
    }
}

/// The body of a good answer.
pub fn success(answer: &Answer) -> Result<Json, String> {
    match answer.status {
        200 => answer.json(),
        status => Err(format!("{status}: {}", answer.excerpt())),
    }
}

/// A link of a Bundle.
pub fn link(bundle: &Json, relation: &str) -> Option<String> {
    let links = members(bundle, "link").iter();
    let mut named = links.filter(|one| text(one, "relation") == Some(relation));
    named
        .next()
        .and_then(|one| text(one, "url"))
        .map(str::to_owned)
}

/// Matches and what is included, of one page.
pub fn page(bundle: &Json) -> Result<Page, String> {
    let mut page = Page {
        total: bundle
            .get("total")
            .and_then(|one| one.to_string().parse().ok()),
        ..Page::default()
    };
    for entry in members(bundle, "entry") {
        let resource = entry.get("resource").unwrap_or(&Json::Null);
        let (Some(kind), Some(id)) = (text(resource, "resourceType"), text(resource, "id")) else {
            continue;
        };
        let mode = entry.get("search").and_then(|one| text(one, "mode"));
        match mode {
            Some("match") => page.matches.push(format!("{kind}/{id}")),
            Some("include") => page.included.push(format!("{kind}/{id}")),
            Some("outcome") => {}
            _ => return Err(format!("{kind}/{id} has no search.mode")),
        }
    }
    Ok(page)
}

fn is_not_supported(answer: &Answer) -> bool {
    let outcome = answer.json().unwrap_or(Json::Null);
    let mut codes = members(&outcome, "issue")
        .iter()
        .filter_map(|one| text(one, "code"));
    codes.any(|code| code == "not-supported")
}

fn diagnostics(answer: &Answer) -> String {
    let outcome = answer.json().unwrap_or(Json::Null);
    let issue = members(&outcome, "issue").first();
    let said = issue
        .and_then(|one| text(one, "diagnostics"))
        .unwrap_or("not-supported");
    // Without the names that the query had: `'` quotes them.
    let parts = said.split('\'').enumerate();
    parts
        .map(|(number, part)| if number % 2 == 0 { part } else { "…" })
        .collect()
}
