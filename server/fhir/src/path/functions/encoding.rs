//! `encode`, `decode`, `escape` and `unescape` (<https://hl7.org/fhirpath/#additional-string-functions>).

use crate::json;
use crate::path::EvaluationError;

type Made = Result<Option<String>, EvaluationError>;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of a text as `hex`, `base64` or `urlbase64`.
pub(super) fn encode(text: &str, format: &str) -> Made {
    match format {
        "hex" => Ok(Some(
            text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        )),
        "base64" => Ok(Some(base64(text.as_bytes()))),
        "urlbase64" => Ok(Some(
            base64(text.as_bytes()).replace('+', "-").replace('/', "_"),
        )),
        _ => Err(EvaluationError::NotSupported("this format of 'encode'")),
    }
}

/// The text of `hex`, `base64` or `urlbase64`; nothing where it is none.
pub(super) fn decode(text: &str, format: &str) -> Made {
    let bytes = match format {
        "hex" => from_hex(text),
        "base64" if text.contains(['-', '_']) => None,
        "base64" => from_base64(text),
        "urlbase64" if text.contains(['+', '/']) => None,
        "urlbase64" => from_base64(&text.replace('-', "+").replace('_', "/")),
        _ => return Err(EvaluationError::NotSupported("this format of 'decode'")),
    };
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// A text as it stands in `html` or `json`.
pub(super) fn escape(text: &str, format: &str) -> Made {
    match format {
        "html" => Ok(Some(
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
        )),
        "json" => {
            let quoted = json::quoted(text);
            Ok(quoted
                .get(1..quoted.len().saturating_sub(1))
                .map(str::to_owned))
        }
        _ => Err(EvaluationError::NotSupported("this format of 'escape'")),
    }
}

/// The text that stands so in `html` or `json`; nothing where it is none.
pub(super) fn unescape(text: &str, format: &str) -> Made {
    match format {
        "html" => Ok(quick_xml::escape::unescape(text).ok().map(Into::into)),
        "json" => Ok(json::Document::parse(format!("\"{text}\""))
            .ok()
            .and_then(|document| document.root().string().map(Into::into))
            // A quotation mark needs no escape here: the text does not stand between two.
            .or_else(|| unescape_loose(text))),
        _ => Err(EvaluationError::NotSupported("this format of 'unescape'")),
    }
}

fn unescape_loose(text: &str) -> Option<String> {
    let parts: Option<Vec<String>> = text
        .split('"')
        .map(|part| {
            let document = json::Document::parse(format!("\"{part}\"")).ok()?;
            document.root().string().map(Into::into)
        })
        .collect();
    parts.map(|parts| parts.join("\""))
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let all = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place > chunk.len() {
                text.push('=');
            } else {
                let digit = (all >> (18 - 6 * place)) & 63;
                text.push(char::from(BASE64[digit as usize]));
            }
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in digits.as_bytes().chunks(4) {
        let mut all = 0u32;
        for digit in chunk {
            let value = BASE64.iter().position(|known| known == digit)?;
            all = all << 6 | u32::try_from(value).ok()?;
        }
        all <<= 6 * (4 - chunk.len());
        let kept = chunk.len().checked_sub(1).filter(|kept| *kept > 0)?;
        bytes.extend_from_slice(&all.to_be_bytes()[1..=kept]);
    }
    Some(bytes)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}
