//! One resource there and back: PUT and GET as JSON, then GET, PUT as XML, and GET as JSON again.

use crate::json::{self, Json};
use crate::wire::{Answer, Client, Request};

/// What became of a resource that did not come back equal.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// The server refused the resource as JSON with a 4xx.
    Refused(String),
    /// Anything else: other content, another status, no answer.
    Different(String),
}

const JSON: &str = "application/fhir+json; charset=utf-8";
const XML: &str = "application/fhir+xml; charset=utf-8";

/// Stores a resource and compares what comes back.
pub async fn round_trip(
    client: &Client,
    base: &str,
    kind: &str,
    id: &str,
    text: String,
) -> Result<(), Problem> {
    let different = |why: String| Problem::Different(why);
    let url = format!("{base}/{kind}/{id}");
    let original = json::read(&text).map_err(|error| different(error.to_string()))?;
    let original = json::without_version(original);

    let put = Request::new("PUT", url.clone())
        .with("Prefer", "return=minimal")
        .with_body(JSON, text.into_bytes());
    let answer = client.send(put).await.map_err(different)?;
    if (400..500).contains(&answer.status) {
        return Err(Problem::Refused(format!(
            "{}: {}",
            answer.status,
            answer.excerpt()
        )));
    }
    success(&answer, "PUT as JSON").map_err(different)?;
    reads_equal(client, &url, &original, "JSON")
        .await
        .map_err(different)?;

    let get = Request::new("GET", url.clone()).with("Accept", "application/fhir+xml");
    let xml = client.send(get).await.map_err(different)?;
    success(&xml, "GET as XML").map_err(different)?;
    if !is_xml(&xml) {
        return Err(different(format!("GET as XML: no XML: {}", xml.excerpt())));
    }
    let put = Request::new("PUT", url.clone())
        .with("Prefer", "return=minimal")
        .with_body(XML, xml.body);
    let answer = client.send(put).await.map_err(different)?;
    success(&answer, "PUT as XML").map_err(different)?;
    reads_equal(client, &url, &original, "XML")
        .await
        .map_err(different)
}

fn is_xml(answer: &Answer) -> bool {
    let labelled = answer
        .header("Content-Type")
        .is_some_and(|value| value.contains("xml"));
    labelled && answer.body.trim_ascii_start().starts_with(b"<")
}

async fn reads_equal(client: &Client, url: &str, original: &Json, via: &str) -> Result<(), String> {
    let answer = client.send(Request::new("GET", url.to_owned())).await?;
    success(&answer, "GET")?;
    let read = json::without_version(answer.json()?);
    match json::difference(original, &read) {
        None => Ok(()),
        Some(difference) => {
            let difference: String = difference.chars().take(400).collect();
            Err(format!("after {via} another resource: {difference}"))
        }
    }
}

fn success(answer: &Answer, what: &str) -> Result<(), String> {
    match answer.status {
        200 | 201 => Ok(()),
        status => Err(format!("{what}: {status}: {}", answer.excerpt())),
    }
}
