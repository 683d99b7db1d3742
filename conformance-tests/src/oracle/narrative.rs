//! The words of the narrative, for `_text` (<https://hl7.org/fhir/R4/search.html#content>).

use std::collections::BTreeSet;

use super::compare::{Truth, and};
use super::definitions::text;
use super::folding::fold;
use crate::json::Json;

/// Whether all words of a query occur. Whether a tag inside a word ends it is not said, nor is what stands in comments:
/// where it matters, the answer is open.
pub fn holds(resource: &Json, query: &str) -> Truth {
    let Some(div) = resource.get("text").and_then(|one| text(one, "div")) else {
        return Some(false);
    };
    let (apart, together) = (words(div, " "), words(div, ""));
    let occurs = |word: &str| {
        let word = fold(word);
        match (apart.contains(&word), together.contains(&word)) {
            (true, true) => Some(true),
            (false, false) => Some(false),
            _ => None,
        }
    };
    query.split(' ').map(occurs).fold(Some(true), and)
}

/// The folded words of XHTML, where a tag stands for a text.
fn words(div: &str, tag: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    for (number, part) in div.split('<').enumerate() {
        match part.split_once('>') {
            Some((_, behind)) if number > 0 => plain.extend([tag, behind]),
            _ => plain.push_str(part),
        }
    }
    let decoded = ["lt", "gt", "quot", "apos", "nbsp", "#160", "#xA0"]
        .iter()
        .fold(plain, |plain, entity| {
            plain.replace(&format!("&{entity};"), " ")
        });
    let folded = fold(&decoded.replace("&amp;", "&"));
    let is_gap = |letter: char| !letter.is_alphanumeric();
    folded
        .split(is_gap)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Words of a narrative that any reader would call words: whole, in plain letters, between blanks.
pub fn plain_words(resource: &Json) -> Vec<String> {
    let div = resource
        .get("text")
        .and_then(|one| text(one, "div"))
        .unwrap_or_default();
    let is_plain = |word: &&str| {
        word.len() > 2
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !is_operator(word)
    };
    div.split_whitespace()
        .filter(is_plain)
        .map(str::to_owned)
        .collect()
}

fn is_operator(word: &str) -> bool {
    ["and", "or", "not", "near"].contains(&word.to_ascii_lowercase().as_str())
}
