//! References to characters and the five predefined entities, in text and in attributes.

use std::borrow::Cow;

use super::characters::is_xml_character;
use super::error::XmlErrorKind;

/// The character behind `amp` or `#x1F` (<https://www.w3.org/TR/xml/#sec-references>).
pub(super) fn resolve_reference(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    is_xml_character(character).then_some(character)
}

/// Normalises and resolves the value of an attribute (<https://www.w3.org/TR/xml/#AVNormalize>).
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, XmlErrorKind> {
    let special = |byte: &u8| matches!(byte, b'&' | b'<' | b'\t' | b'\n' | b'\r');
    let Some(mut at) = raw.as_bytes().iter().position(special) else {
        return Ok(Cow::Borrowed(raw));
    };
    let mut out = String::with_capacity(raw.len());
    let mut from = 0;
    loop {
        out.push_str(&raw[from..at]);
        match raw.as_bytes()[at] {
            b'&' => {
                let reference = raw[at + 1..].split(';').next().unwrap_or_default();
                let end = at + 1 + reference.len();
                let known = resolve_reference(reference).filter(|_| end < raw.len());
                out.push(known.ok_or(XmlErrorKind::Entity)?);
                from = end + 1;
            }
            b'<' => return Err(XmlErrorKind::Syntax("'<' in the value of an attribute")),
            b'\r' if raw.as_bytes().get(at + 1) == Some(&b'\n') => {
                out.push(' ');
                from = at + 2;
            }
            _ => {
                out.push(' ');
                from = at + 1;
            }
        }
        match raw.as_bytes()[from..].iter().position(special) {
            Some(next) => at = from + next,
            None => break,
        }
    }
    out.push_str(&raw[from..]);
    Ok(Cow::Owned(out))
}
