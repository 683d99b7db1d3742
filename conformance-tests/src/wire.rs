//! Requests and answers: the HTTP client, and the content codings.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{Read, Write};
use std::time::Duration;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use crate::case::Coding;
use crate::json::{self, Json};

/// Longer than any answer may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A request, ready to be sent.
#[derive(Debug, Default)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// Over HTTP/2 without upgrade.
    pub http2: bool,
}

impl Request {
    /// A request without body that asks for JSON.
    pub fn new(method: &str, url: String) -> Self {
        let headers = vec![("Accept".to_owned(), "application/fhir+json".to_owned())];
        Self {
            method: method.to_owned(),
            url,
            headers,
            ..Self::default()
        }
    }

    /// The same with a header set.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a body.
    pub fn with_body(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.with("Content-Type", content_type)
    }
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as it travelled.
    pub body: Vec<u8>,
}

impl Answer {
    /// The values of a header, joined by commas as HTTP allows.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as text, its gzip coding undone.
    pub fn text(&self) -> Result<Cow<'_, str>, String> {
        if self.header("Content-Encoding").as_deref() == Some("gzip") {
            let mut decoded = String::new();
            let read = GzDecoder::new(self.body.as_slice()).read_to_string(&mut decoded);
            read.map_err(|error| format!("not gzip of UTF-8: {error}"))?;
            return Ok(decoded.into());
        }
        let text =
            std::str::from_utf8(&self.body).map_err(|error| format!("not UTF-8: {error}"))?;
        Ok(text.into())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Json, String> {
        json::read(&self.text()?).map_err(|error| error.to_string())
    }

    /// The beginning of the body, to be shown in a report.
    pub fn excerpt(&self) -> String {
        let text = self
            .text()
            .unwrap_or_else(|error| format!("({error})").into());
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        one_line.chars().take(300).collect()
    }
}

/// The HTTP client: one pool of connections for all cases.
#[derive(Clone, Debug)]
pub struct Client {
    http1: reqwest::Client,
    http2: reqwest::Client,
}

impl Client {
    /// Makes the client; it follows no redirects and undoes no content coding.
    pub fn new() -> Result<Self, String> {
        // A second installation fails and changes nothing.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(TIMEOUT)
        };
        let failed = |error: reqwest::Error| format!("no HTTP client: {error}");
        Ok(Self {
            http1: builder().http1_only().build().map_err(failed)?,
            http2: builder().http2_prior_knowledge().build().map_err(failed)?,
        })
    }

    /// Sends a request and reads the answer whole.
    pub async fn send(&self, request: Request) -> Result<Answer, String> {
        let failed = |error: reqwest::Error| {
            let mut message = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                message = format!("{message}: {cause}");
                source = cause.source();
            }
            format!("no answer: {message}")
        };
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| format!("`{}` is no method", request.method))?;
        let client = if request.http2 {
            &self.http2
        } else {
            &self.http1
        };
        let mut builder = client.request(method, &request.url);
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect();
        let body = response.bytes().await.map_err(failed)?.to_vec();
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// A body in a content coding, and the coding's name.
pub fn encoded(body: &[u8], coding: Coding) -> Result<(Vec<u8>, &'static str), String> {
    match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let written = encoder.write_all(body).and_then(|()| encoder.finish());
            Ok((written.map_err(|error| error.to_string())?, "gzip"))
        }
        Coding::Zstd => Ok((zstd_frame(body)?, "zstd")),
    }
}

/// A Zstandard frame of raw blocks (RFC 8878, section 3.1): valid, and needs no compressor.
fn zstd_frame(body: &[u8]) -> Result<Vec<u8>, String> {
    const BLOCK_MAX: usize = 128 * 1024;
    let size = u32::try_from(body.len()).map_err(|error| error.to_string())?;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    frame.extend(size.to_le_bytes());
    let blocks = body.len().div_ceil(BLOCK_MAX).max(1);
    for number in 0..blocks {
        let block = &body[number * BLOCK_MAX..body.len().min((number + 1) * BLOCK_MAX)];
        let last = u32::from(number + 1 == blocks);
        let length = u32::try_from(block.len()).map_err(|error| error.to_string())?;
        frame.extend(&(length << 3 | last).to_le_bytes()[..3]);
        frame.extend(block);
    }
    Ok(frame)
}
