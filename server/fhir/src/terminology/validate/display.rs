//! Whether the display that came with a code is one of its texts.

use crate::outcome::Severity;
use crate::terminology::code_system::CodeSystem;
use crate::terminology::concept::{Coding, Concept, Designation};
use crate::terminology::fault::Finding;
use crate::terminology::rule::Rule;

use super::trail::Seen;
use super::{Validation, at};

impl Validation<'_> {
    /// Whether a coding has no display, or one of its texts.
    pub(super) fn has_display(&self, coding: &Coding, seen: &Seen) -> bool {
        let (Some(display), Some(system), Some(concept)) =
            (&coding.display, &seen.system, &seen.concept)
        else {
            return true;
        };
        let languages = &self.sources.settings.languages;
        let accepted =
            |text: &Text<'_>| languages.accept(text.language) && is_same(text.text, display);
        texts(system, concept, &seen.texts).iter().any(accepted)
    }

    /// Says where the display of a coding is none of its concept.
    pub(super) fn check_display(&mut self, coding: &Coding, path: &str, seen: &Seen) {
        let (Some(display), Some(system), Some(concept)) =
            (&coding.display, &seen.system, &seen.concept)
        else {
            return;
        };
        let settings = self.sources.settings;
        let texts = texts(system, concept, &seen.texts);
        if texts.is_empty() {
            return;
        }
        if self.has_display(coding, seen) {
            return;
        }
        let accepted = |text: &&Text<'_>| settings.languages.accept(text.language);
        let named = format!("{}#{}", system.url, concept.code);
        let languages = settings.languages.summary();
        let mut severity = match settings.lenient_display {
            true => Severity::Warning,
            false => Severity::Error,
        };
        let mut valid: Vec<_> = texts
            .iter()
            .filter(accepted)
            .filter(|one| one.is_display)
            .collect();
        if valid.is_empty() {
            valid = texts.iter().filter(accepted).collect();
            if !valid.is_empty() {
                severity = Severity::Warning;
            }
        }
        let mut choices: Vec<String> = valid
            .iter()
            .map(|one| match one.language {
                Some(language) => format!("'{}' ({language})", one.text),
                None => format!("'{}'", one.text),
            })
            .collect();
        choices.dedup();
        let (rule, sentence) = match (choices.as_slice(), concept.display.as_deref()) {
            ([], Some(default)) if is_same(default, display) => {
                severity = Severity::Information;
                let sentence = format!(
                    "There are no valid display names found for the code {named} for language(s) '{languages}'. The display is '{default}' which is a valid display for the default language"
                );
                (Rule::DefaultDisplay, sentence)
            }
            ([], default) => {
                let sentence = format!(
                    "Wrong Display Name '{display}' for {named}. There are no valid display names found for language(s) '{languages}'. Default display is '{}'",
                    default.unwrap_or_default()
                );
                (Rule::NoDisplayInLanguage, sentence)
            }
            (choices, _) => {
                let valid = match choices {
                    [only] => only.clone(),
                    _ => format!("one of {} choices: {}", choices.len(), choices.join(" or ")),
                };
                let sentence = format!(
                    "Wrong Display Name '{display}' for {named}. Valid display is {valid} (for the language(s) '{languages}')"
                );
                (Rule::WrongDisplay, sentence)
            }
        };
        let finding = Finding::of(rule, sentence);
        let finding = finding.graded(severity).at(at(path, "display"));
        self.trail.note(finding, true);
    }
}

/// A text for a concept.
struct Text<'a> {
    language: Option<&'a str>,
    text: &'a str,
    is_display: bool,
}

/// The texts of a code system and of a value set for a concept, the display of the code system first.
fn texts<'a>(
    system: &'a CodeSystem,
    concept: &'a Concept,
    more: &'a [Designation],
) -> Vec<Text<'a>> {
    let base = concept.display.iter().map(|text| Text {
        language: system.language.as_deref(),
        text,
        is_display: true,
    });
    let others = concept.designations.iter().chain(more);
    let others = others.map(|one| Text {
        language: one.language.as_deref(),
        text: &one.value,
        is_display: one.is_display(),
    });
    base.chain(others).collect()
}

/// Case and the kind and number of blanks do not matter.
fn is_same(one: &str, other: &str) -> bool {
    let mut ours = one.split_whitespace().map(str::to_lowercase);
    let mut theirs = other.split_whitespace().map(str::to_lowercase);
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (one, other) if one == other => {}
            _ => return false,
        }
    }
}
