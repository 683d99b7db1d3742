//! Where the references of a resource must lead, where `VESTA_REFERENCES` asks for it
//! (<https://hl7.org/fhir/R4/references.html#literal>).

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use fhir::ids::ResourceKey;
use fhir::outcome::Issue;

use super::own_definition;
use crate::error::{Error, ErrorKind, Result};

/// Resources that must exist, and what is to be said where one does not.
#[derive(Clone, Debug, Default)]
pub struct RequiredTargets(Vec<(ResourceKey, Issue)>);

impl RequiredTargets {
    /// Those that references of a resource lead to; our own definitions are always there.
    pub fn new(mut references: Vec<(ResourceKey, Issue)>) -> Self {
        references.retain(|(key, _)| own_definition(key).is_none());
        Self(references)
    }

    /// Whether nothing needs to be there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What must be there.
    pub fn keys(&self) -> impl Iterator<Item = &ResourceKey> {
        self.0.iter().map(|(key, _)| key)
    }

    /// What is to be said where these are absent.
    pub fn issues(&self, absent: &HashSet<ResourceKey>) -> Vec<Issue> {
        let broken = self.0.iter().filter(|(key, _)| absent.contains(key));
        broken.map(|(_, issue)| issue.clone()).collect()
    }

    /// Refuses, 422, a write that refers to what is absent.
    pub fn refuse(&self, absent: &HashSet<ResourceKey>) -> Result<()> {
        let issues = self.issues(absent);
        match issues.is_empty() {
            true => Ok(()),
            false => Err(Error::with_issues(ErrorKind::Invalid, issues)),
        }
    }
}
