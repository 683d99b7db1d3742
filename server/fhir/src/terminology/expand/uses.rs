//! What an expansion was made of, for its parameters.

use std::collections::BTreeSet;

use crate::terminology::code_system::CodeSystem;
use crate::terminology::value_set::ValueSet;

/// Names and canonicals of expansion parameters: `used-codesystem`, `used-valueset`, `warning-draft` …
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    pub(super) parameters: BTreeSet<(String, String)>,
    /// Code systems of which only a part is here.
    pub(super) fragments: BTreeSet<Box<str>>,
    /// Whether a code was taken for the same in several versions.
    pub(super) merged: bool,
}

impl Uses {
    pub(super) fn code_system(&mut self, system: &CodeSystem, user: &ValueSet) {
        let canonical = system.canonical().to_string();
        self.add("used-codesystem", &canonical);
        if let Some(word) = system.standing.warning(Some(&user.standing)) {
            self.add(&format!("warning-{word}"), &canonical);
        }
        if &*system.content == "fragment" {
            self.add("used-fragment", &canonical);
            self.fragments.insert(system.url.clone());
        }
    }

    pub(super) fn supplement(&mut self, system: &CodeSystem) {
        self.add("used-supplement", &system.canonical().to_string());
    }

    pub(super) fn value_set(&mut self, value_set: &ValueSet, user: Option<&ValueSet>) {
        if value_set.url.is_none() {
            return;
        }
        let canonical = value_set.named();
        if user.is_some() {
            self.add("used-valueset", &canonical);
        }
        let warning = value_set.standing.warning(user.map(|user| &user.standing));
        if let Some(word) = warning {
            self.add(&format!("warning-{word}"), &canonical);
        }
    }

    fn add(&mut self, name: &str, canonical: &str) {
        self.parameters
            .insert((name.to_owned(), canonical.to_owned()));
    }
}
