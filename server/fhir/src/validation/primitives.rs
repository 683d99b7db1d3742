//! The values primitive types allow (<https://hl7.org/fhir/R4/datatypes.html#primitive>).

use crate::definitions::primitive::PrimitiveType;
use crate::ids::ResourceId;
use crate::json::{Kind, Value};
use crate::outcome::IssueType;
use crate::time;

/// Characters a string may have: 1024 * 1024.
const LENGTH_MAX: usize = 1024 * 1024;

type Fault = (IssueType, &'static str);

/// What is wrong with a value of a primitive type.
pub(super) fn fault(primitive: PrimitiveType, value: Value<'_>) -> Option<Fault> {
    use PrimitiveType as P;
    let kind = match primitive {
        P::Boolean => Kind::Boolean,
        P::Decimal | P::Integer | P::PositiveInt | P::UnsignedInt => Kind::Number,
        _ => Kind::String,
    };
    if value.kind() != kind {
        return Some((IssueType::Structure, wrong_kind(kind, value.kind())));
    }
    let found = match kind {
        Kind::Number => number(primitive, value.number().unwrap_or_default()),
        Kind::String => text(primitive, &value.string()?),
        _ => None,
    };
    found.map(|text| (IssueType::Value, text))
}

fn wrong_kind(expected: Kind, found: Kind) -> &'static str {
    match (expected, found) {
        (_, Kind::Null) => "null is no value: leave the element out",
        (Kind::Boolean, _) => "must be true or false, without quotes",
        (Kind::Number, _) => "must be a JSON number, without quotes",
        _ => "must be a JSON string",
    }
}

fn number(primitive: PrimitiveType, digits: &str) -> Option<&'static str> {
    let least = match primitive {
        PrimitiveType::PositiveInt => 1,
        PrimitiveType::UnsignedInt => 0,
        PrimitiveType::Integer => i32::MIN,
        // The parser has checked the grammar and the length.
        _ => return None,
    };
    let in_range = digits.parse::<i32>().is_ok_and(|number| number >= least);
    match (primitive, in_range && digits != "-0") {
        (_, true) => None,
        (PrimitiveType::PositiveInt, _) => Some("must be a whole number from 1 to 2147483647"),
        (PrimitiveType::UnsignedInt, _) => Some("must be a whole number from 0 to 2147483647"),
        _ => Some("must be a whole number from -2147483648 to 2147483647"),
    }
}

fn text(primitive: PrimitiveType, text: &str) -> Option<&'static str> {
    use PrimitiveType as P;
    if text.is_empty() {
        return Some("a value must not be empty");
    }
    if text.as_bytes().contains(&0xEF) && text.contains(['\u{FFFE}', '\u{FFFF}']) {
        return Some("U+FFFE and U+FFFF are no characters, and XML has no place for them");
    }
    let date = |read: Result<_, time::TimeError>, form: &'static str| match read {
        Ok(_) => None,
        Err(time::TimeError::Calendar) => Some("the calendar has no such day"),
        Err(time::TimeError::Syntax) => Some(form),
    };
    match primitive {
        P::String | P::Markdown => prose(text),
        P::Code => (!is_code(text))
            .then_some("a code has no white space at its ends, and single spaces only within"),
        P::Uri | P::Url | P::Canonical => has_space(text).then_some("a URI has no white space"),
        P::Id => {
            (!ResourceId::is_valid(text)).then_some("an id is 1 to 64 letters, digits, '-' or '.'")
        }
        P::Oid => (!is_oid(text)).then_some("must be of the form urn:oid:1.2.3"),
        P::Uuid => (!is_uuid(text))
            .then_some("must be of the form urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
        P::Base64Binary => (!is_base64(text)).then_some("must be base64"),
        P::Date => date(
            time::parse_date(text).map(|_| ()),
            "must be a date: YYYY, YYYY-MM or YYYY-MM-DD",
        ),
        P::DateTime => date(
            time::parse_date_time(text).map(|_| ()),
            "must be a date, or a date with time, seconds and offset: YYYY-MM-DDThh:mm:ss+zz:zz",
        ),
        P::Instant => date(
            time::parse_instant(text).map(|_| ()),
            "must be an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz",
        ),
        P::Time => date(
            time::parse_time(text).map(|_| ()),
            "must be a time of day: hh:mm:ss",
        ),
        P::Boolean | P::Decimal | P::Integer | P::PositiveInt | P::UnsignedInt | P::Xhtml => None,
    }
}

fn prose(text: &str) -> Option<&'static str> {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    if text.len() > LENGTH_MAX && text.chars().count() > LENGTH_MAX {
        return Some("a string has at most 1048576 characters");
    }
    if text.bytes().any(is_control) {
        return Some("a string has no control characters except tab, newline and return");
    }
    if text.as_bytes()[0].is_ascii_whitespace() && text.trim_ascii().is_empty() {
        return Some("a string must not be white space only");
    }
    None
}

/// White space as the specification's patterns mean it (`\s`).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

fn has_space(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 || is_space(byte))
}

/// `[^\s]+(\s[^\s]+)*`
fn is_code(text: &str) -> bool {
    text.split(|character: char| character.is_ascii() && is_space(character as u8))
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte >= 0x20))
}

/// `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`
fn is_oid(text: &str) -> bool {
    let Some(arcs) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let is_arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    let Some((first, rest)) = arcs.split_once('.') else {
        return false;
    };
    matches!(first, "0" | "1" | "2") && rest.split('.').all(is_arc)
}

/// `urn:uuid:` and 8-4-4-4-12 hexadecimal digits in lower case.
fn is_uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// Groups of four of the alphabet, white space anywhere, padding at the end only.
fn is_base64(text: &str) -> bool {
    let mut count = 0usize;
    let mut padding = 0usize;
    for byte in text.bytes() {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            byte if is_space(byte) => continue,
            _ => return false,
        }
        count += 1;
    }
    count > 0 && count.is_multiple_of(4) && padding <= 2
}
