//! Languages that are asked for, and the text that answers them best (<https://hl7.org/fhir/R4/languages.html>).

use super::code_system::CodeSystem;
use super::concept::{Concept, Designation};

/// Languages in the order they are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages {
    wanted: Vec<Box<str>>,
    /// Whether a text in another language is worse than none: `*;q=0`.
    only: bool,
    text: Box<str>,
}

impl Languages {
    /// Reads language tags, or what a header `Accept-Language` has. `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let mut wanted: Vec<(u32, Box<str>)> = Vec::new();
        let mut said: Vec<String> = Vec::new();
        let mut only = false;
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (tag, weight) = part.split_once(';').unwrap_or((part, ""));
            let (tag, weight) = (tag.trim(), weight.trim());
            let quality = weight.strip_prefix("q=").map_or(Some(1000), thousandths)?;
            said.push(if weight.is_empty() {
                tag.to_owned()
            } else {
                format!("{tag}; {weight}")
            });
            match (tag, quality) {
                ("*", 0) => only = true,
                ("*", _) | (_, 0) => {}
                _ if is_tag(tag) => wanted.push((quality, tag.into())),
                _ => return None,
            }
        }
        // Stable: what is wanted equally stays in its order.
        wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
        Some(Self {
            wanted: wanted.into_iter().map(|(_, tag)| tag).collect(),
            only,
            text: said.join(if only { ", " } else { "," }).into(),
        })
    }

    /// Whether none is asked for.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// What was asked for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tags, for a sentence.
    pub fn summary(&self) -> String {
        match self.wanted.is_empty() {
            true => "--".to_owned(),
            false => self.wanted.join(","),
        }
    }

    /// Whether a text of that language answers any of them. A text of no said language answers all.
    pub fn accept(&self, language: Option<&str>) -> bool {
        let Some(language) = language else {
            return true;
        };
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| answers(wanted, language))
    }

    /// The text for a concept, and whether it is the display of the code system.
    pub fn display<'a>(
        &self,
        system: &CodeSystem,
        concept: &'a Concept,
        more: &'a [Designation],
    ) -> Option<(&'a str, bool)> {
        let base = concept.display.as_deref();
        if self.wanted.is_empty() {
            return base.map(|text| (text, true));
        }
        let said = self.said(system, concept, more);
        let language = system.language.as_deref();
        // A text whose language nobody tells may be in any, also in one of these.
        let unsaid = || base.filter(|_| !self.only || language.is_none());
        said.or_else(|| unsaid().map(|text| (text, true)))
    }

    /// The text for a concept that says to be in one of the languages, and whether it is the display of the code system.
    pub(super) fn said<'a>(
        &self,
        system: &CodeSystem,
        concept: &'a Concept,
        more: &'a [Designation],
    ) -> Option<(&'a str, bool)> {
        let texts = || {
            let all = concept.designations.iter().chain(more);
            all.filter(|one| one.is_display())
        };
        for wanted in &self.wanted {
            let language = system.language.as_deref();
            if let Some(base) = concept.display.as_deref()
                && language.is_some_and(|language| answers(wanted, language))
            {
                return Some((base, true));
            }
            let exact = texts().find(|one| one.language.as_deref() == Some(wanted));
            let near = || {
                texts().find(|one| {
                    let language = one.language.as_deref();
                    language.is_some_and(|language| answers(wanted, language))
                })
            };
            if let Some(found) = exact.or_else(near) {
                return Some((&found.value, false));
            }
        }
        None
    }
}

/// Whether a text in a language is an answer to who wants another: the same one, one of its regions, or the language of
/// the region that is wanted.
fn answers(wanted: &str, language: &str) -> bool {
    is_region(wanted, language) || is_region(language, wanted)
}

/// Whether a tag is another one, or begins with it: `de-CH` is of `de`.
fn is_region(language: &str, region: &str) -> bool {
    let head = region.get(..language.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(language))
        && matches!(region.as_bytes().get(language.len()), None | Some(b'-'))
}

fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// `0.5` as 500.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = whole.parse().ok()?;
    let digits = format!("{part:0<3}");
    let part: u32 = digits.get(..3)?.parse().ok()?;
    whole
        .checked_mul(1000)?
        .checked_add(part)
        .filter(|sum| *sum <= 1000)
}
