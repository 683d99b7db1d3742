//! The words of a resource, for `_text` and `_content` (<https://hl7.org/fhir/R4/search.html#content>).
//!
//! A word is a run of letters and digits of folded text ([`super::fold`]); all else only separates.

use super::fold::fold;
use crate::json::{Kind, Value};

/// Members whose texts are no words: names of systems and places, references, binary data, ids, the type.
const NO_WORDS: [&str; 9] = [
    "system",
    "url",
    "reference",
    "data",
    "id",
    "resourceType",
    "valueBase64Binary",
    "defaultValueBase64Binary",
    "valueReference",
];

/// Elements of XHTML that stand within a word's line; all others separate words.
const INLINE: [&str; 27] = [
    "a", "abbr", "acronym", "b", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "kbd",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "ins",
    "del",
];

/// The words of a text, with one blank between two.
pub fn words(text: &str) -> String {
    let mut words = Words::default();
    words.add(text);
    words.text
}

/// The words of a resource's narrative.
pub fn narrative(resource: Value<'_>) -> String {
    let mut words = Words::default();
    let div = resource.at(&["text", "div"]).and_then(Value::string);
    if let Some(div) = div {
        words.add(&shown(&div));
    }
    words.text
}

/// All words of a resource, contained ones included. The resources that a Bundle or Parameters (`is_carrier`) brings are
/// not its own text: they have words where they are stored.
pub fn content(resource: Value<'_>, is_carrier: bool) -> String {
    let mut words = Words {
        is_carrier,
        ..Words::default()
    };
    words.below(resource);
    words.text
}

/// How many words there are in a text of [`words`].
pub(super) fn count(words: &str) -> usize {
    words.split_ascii_whitespace().count()
}

#[derive(Default)]
struct Words {
    text: String,
    is_carrier: bool,
}

impl Words {
    fn below(&mut self, value: Value<'_>) {
        for (name, member) in value.members() {
            let is_carried = self.is_carrier && is_carried(&name);
            if !(is_carried || NO_WORDS.contains(&&*name)) {
                self.member(&name, member);
            }
        }
    }

    fn member(&mut self, name: &str, value: Value<'_>) {
        match value.kind() {
            Kind::String => {
                let text = value.string().unwrap_or_default();
                match name {
                    "div" => self.add(&shown(&text)),
                    _ => self.add(&text),
                }
            }
            Kind::Object => self.below(value),
            Kind::Array => value.items().for_each(|item| self.member(name, item)),
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }

    fn add(&mut self, text: &str) {
        if text.is_ascii() {
            self.letters(text.chars().map(|letter| letter.to_ascii_lowercase()));
        } else {
            self.letters(fold(text).chars());
        }
    }

    fn letters(&mut self, letters: impl Iterator<Item = char>) {
        let mut is_gap = !self.text.is_empty();
        for letter in letters {
            if !letter.is_alphanumeric() {
                is_gap = !self.text.is_empty();
                continue;
            }
            if is_gap {
                self.text.push(' ');
                is_gap = false;
            }
            self.text.push(letter);
        }
    }
}

/// Whether a member of a Bundle or Parameters holds a resource of its own.
pub(super) fn is_carried(name: &str) -> bool {
    matches!(name, "resource" | "outcome")
}

/// What a reader sees of XHTML.
fn shown(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(place) = rest.find(['<', '&']) {
        out.push_str(&rest[..place]);
        rest = match rest.as_bytes().get(place) {
            Some(b'<') => markup(&rest[place + 1..], &mut out),
            _ => entity(&rest[place + 1..], &mut out),
        };
    }
    out.push_str(rest);
    out
}

/// Goes behind a tag, comment or section, which began before the text.
fn markup<'t>(text: &'t str, out: &mut String) -> &'t str {
    let behind = |text: &'t str, end: &str| text.split_once(end).map_or("", |(_, rest)| rest);
    if let Some(comment) = text.strip_prefix("!--") {
        return behind(comment, "-->");
    }
    if let Some(section) = text.strip_prefix("![CDATA[") {
        let (shown, rest) = section.split_once("]]>").unwrap_or((section, ""));
        out.push_str(shown);
        return rest;
    }
    let tag = text.strip_prefix('/').unwrap_or(text);
    let end = tag.find(|letter: char| !letter.is_ascii_alphanumeric());
    let (name, attributes) = tag.split_at(end.unwrap_or(tag.len()));
    if !INLINE.contains(&name) {
        out.push(' ');
    }
    let mut quote = None;
    for (place, letter) in attributes.char_indices() {
        match (quote, letter) {
            (None, '>') => return &attributes[place + 1..],
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    ""
}

/// Resolves what stands behind an ampersand; what is unknown separates words.
fn entity<'t>(text: &'t str, out: &mut String) -> &'t str {
    // The longest is `&#x10FFFF;`.
    let end = text.bytes().take(12).position(|byte| byte == b';');
    let Some((name, rest)) = end.and_then(|end| Some((text.get(..end)?, text.get(end + 1..)?)))
    else {
        out.push('&');
        return text;
    };
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
    let letter = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16),
                None => number(digits, 10),
            }
            .and_then(char::from_u32),
            None => None,
        },
    };
    out.push(letter.unwrap_or(' '));
    rest
}

#[cfg(test)]
mod tests;
