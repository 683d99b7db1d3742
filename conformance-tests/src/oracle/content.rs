//! The words of a whole resource, for `_content` (<https://hl7.org/fhir/R4/search.html#content>).

use std::collections::BTreeSet;

use super::compare::{Truth, and};
use super::folding::fold;
use crate::json::Json;

/// Elements that hold what people write and read.
const SAID: [&str; 10] = [
    "display",
    "text",
    "title",
    "name",
    "family",
    "given",
    "description",
    "comment",
    "conclusion",
    "city",
];

/// Whether all words of a query occur. Which of a resource's strings are its content is not said: of what stands elsewhere
/// than in [`SAID`], or only as a part of a word, the answer is open.
pub fn holds(resource: &Json, query: &str) -> Truth {
    let (mut sure, mut all) = (BTreeSet::new(), String::new());
    collect(resource, "", &mut sure, &mut all);
    let occurs = |word: &str| {
        let word = fold(word);
        match (sure.contains(&word), all.contains(&word)) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => None,
        }
    };
    query.split(' ').map(occurs).fold(Some(true), and)
}

fn collect(value: &Json, name: &str, sure: &mut BTreeSet<String>, all: &mut String) {
    match value {
        Json::String(text) => {
            let folded = fold(text);
            if SAID.contains(&name) {
                let words = folded.split(|letter: char| !letter.is_alphanumeric());
                sure.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
            all.push('\n');
            all.push_str(&folded);
        }
        Json::Array(items) => {
            for item in items {
                collect(item, name, sure, all);
            }
        }
        Json::Object(members) => {
            for (name, member) in members {
                // What a Bundle or Parameters brings is found where it is stored, or here as well.
                let mut brought = BTreeSet::new();
                let is_brought = ["resource", "outcome"].contains(&name.as_str());
                let sure = if is_brought { &mut brought } else { &mut *sure };
                collect(member, name, sure, all);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A word of what is said in a resource, in plain letters.
pub fn plain_words(resource: &Json) -> Vec<String> {
    let (mut sure, mut all) = (BTreeSet::new(), String::new());
    collect(resource, "", &mut sure, &mut all);
    let is_plain = |word: &String| {
        let is_operator = ["and", "or", "not", "near"].contains(&word.as_str());
        word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_operator
    };
    sure.into_iter().filter(is_plain).collect()
}
