//! Binary in its own format: content in, content out (<https://hl7.org/fhir/R4/binary.html#rest>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fhir::json::{Document, Value, Writer};

use crate::error::{Error, Result};

/// What a Binary holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) content_type: String,
    pub(super) security_context: Option<String>,
    pub(super) data: Vec<u8>,
}

/// The Binary that holds a body of another type.
pub(super) fn wrapped(
    id: Option<&str>,
    content_type: &str,
    security_context: Option<&str>,
    data: &[u8],
) -> String {
    let mut writer = Writer::with_capacity(data.len() / 3 * 4 + 256);
    writer.object(|binary| {
        binary.string("resourceType", "Binary");
        binary.optional("id", id);
        binary.string("contentType", content_type);
        if let Some(reference) = security_context {
            binary.object("securityContext", |context| {
                context.string("reference", reference);
            });
        }
        binary.string("data", &STANDARD.encode(data));
    });
    writer.finish()
}

/// The type of a stored Binary's content, before anything is decoded.
pub(super) fn content_type(binary: &Document) -> Option<String> {
    let content_type = binary.root().get("contentType").and_then(Value::string)?;
    Some(content_type.into_owned())
}

/// The content of a stored Binary.
pub(super) fn content(binary: Bytes) -> Result<Content> {
    let binary = Document::parse(binary).map_err(Error::internal)?;
    let text = |path: &[&str]| binary.root().at(path).and_then(Value::string);
    let mut encoded = text(&["data"]).unwrap_or_default().into_owned();
    // FHIR allows white space within base64.
    encoded.retain(|character| !character.is_ascii_whitespace());
    let data = STANDARD.decode(encoded).map_err(Error::internal)?;
    Ok(Content {
        content_type: content_type(&binary).unwrap_or_default(),
        security_context: text(&["securityContext", "reference"]).map(Into::into),
        data,
    })
}
