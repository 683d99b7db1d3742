//! Changing a document by splicing its text: whatever is not named survives byte for byte.

use std::ops::Range;

use super::{Kind, Value, quoted};

/// Non-overlapping replacements of spans of one text.
#[derive(Debug, Default)]
pub struct Splices {
    splices: Vec<(Range<u32>, String)>,
}

impl Splices {
    /// Replaces a value by JSON text.
    pub fn replace(&mut self, value: Value<'_>, json: impl Into<String>) {
        self.splices.push((value.span(), json.into()));
    }

    /// Replaces a span of bytes by text.
    pub fn replace_span(&mut self, span: Range<u32>, text: impl Into<String>) {
        self.splices.push((span, text.into()));
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// The text with all replacements made. Overlapping spans are a fault of the caller; the later one is dropped.
    pub fn apply(mut self, text: &str) -> String {
        self.splices.sort_by_key(|(span, _)| (span.start, span.end));
        let added: usize = self
            .splices
            .iter()
            .map(|(_, replacement)| replacement.len())
            .sum();
        let mut out = String::with_capacity(text.len() + added);
        let mut at = 0;
        for (span, replacement) in self.splices {
            let (start, end) = (span.start as usize, span.end as usize);
            if start < at {
                debug_assert!(false, "splices overlap");
                continue;
            }
            out.push_str(&text[at..start]);
            out.push_str(&replacement);
            at = end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// The document's text with a member of `object` set to JSON text: replaced where it stands, else added at the end.
pub fn set_member(object: Value<'_>, name: &str, json: &str) -> String {
    let mut splices = Splices::default();
    match object.get(name) {
        Some(old) => splices.replace(old, json),
        None => {
            let end = object.span().end - 1;
            let comma = if object.members().next().is_some() {
                ","
            } else {
                ""
            };
            splices.replace_span(end..end, format!("{comma}{}:{json}", quoted(name)));
        }
    }
    splices.apply(object.document().text())
}

/// The document's text without a member of `object`; unchanged where there is none.
pub fn remove_member(object: Value<'_>, name: &str) -> String {
    let text = object.document().text();
    let Some(value) = object.get(name) else {
        return text.to_owned();
    };
    // The key is the string node right before its value on the tape.
    let key = Value::new(object.document(), value.index() - 1).span();
    cut(object, key.start..value.span().end)
}

/// The document's text with an item put before the item at `place`, or at the end where `place` is the length.
/// `None` where `place` lies beyond the end.
pub fn insert_item(array: Value<'_>, place: usize, json: &str) -> Option<String> {
    let length = array.items().count();
    let mut splices = Splices::default();
    if let Some(item) = array.items().nth(place) {
        let start = item.span().start;
        splices.replace_span(start..start, format!("{json},"));
    } else if place == length && array.kind() == Kind::Array {
        let end = array.span().end - 1;
        let comma = if length > 0 { "," } else { "" };
        splices.replace_span(end..end, format!("{comma}{json}"));
    } else {
        return None;
    }
    Some(splices.apply(array.document().text()))
}

/// The document's text without an item; `None` where there is no such item.
pub fn remove_item(array: Value<'_>, place: usize) -> Option<String> {
    let item = array.items().nth(place)?;
    Some(cut(array, item.span()))
}

/// The document's text with one value replaced.
pub fn replace(value: Value<'_>, json: &str) -> String {
    let mut splices = Splices::default();
    splices.replace(value, json);
    splices.apply(value.document().text())
}

/// Cuts a span out of a container together with one of the commas beside it.
fn cut(container: Value<'_>, span: Range<u32>) -> String {
    let text = container.document().text();
    let (start, end) = (span.start as usize, span.end as usize);
    let after = text[end..].trim_start();
    if let Some(rest) = after.strip_prefix(',') {
        return format!("{}{}", &text[..start], rest.trim_start());
    }
    let before = text[..start].trim_end();
    let before = before.strip_suffix(',').unwrap_or(before);
    format!("{before}{}", &text[end..])
}
