//! Observations by their codes, where equality is transitive.

use std::collections::HashMap;

use fhir::json::Value;
use fhir::resource::Resource;

/// One way in which a code can be equal to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// System and code; either may be missing.
    Coding(Option<Box<str>>, Option<Box<str>>),
    /// The text of a code without codings.
    Text(Box<str>),
    /// Neither.
    Nameless,
}

/// Groups that grow together as codings turn out to be equal.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The observation that first had a name.
    named: HashMap<Name, usize>,
    /// For each observation one of its group; the group's first points at itself.
    parents: Vec<usize>,
}

impl Groups {
    /// Adds the next observation.
    pub(super) fn add(&mut self, observation: &Resource) {
        let own = self.parents.len();
        self.parents.push(own);
        for name in names(observation) {
            match self.named.get(&name) {
                Some(other) => self.join(*other, own),
                None => {
                    self.named.insert(name, own);
                }
            }
        }
    }

    /// The group of an observation, by the place it was added at.
    pub(super) fn of(&self, place: usize) -> usize {
        let mut current = place;
        while let Some(parent) = self
            .parents
            .get(current)
            .filter(|parent| **parent != current)
        {
            current = *parent;
        }
        current
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        let (first, last) = (one.min(other), one.max(other));
        if let Some(parent) = self.parents.get_mut(last) {
            *parent = first;
        }
    }
}

fn names(observation: &Resource) -> Vec<Name> {
    let code = observation.get("code");
    let text = |value: Value<'_>, name: &str| -> Option<Box<str>> {
        value
            .get(name)
            .and_then(Value::string)
            .map(|text| text.as_ref().into())
    };
    let codings = code.and_then(|code| code.get("coding"));
    let names: Vec<Name> = codings
        .into_iter()
        .flat_map(Value::items)
        .map(|coding| Name::Coding(text(coding, "system"), text(coding, "code")))
        .filter(|name| *name != Name::Coding(None, None))
        .collect();
    if !names.is_empty() {
        return names;
    }
    match code.and_then(|code| text(code, "text")) {
        Some(text) => vec![Name::Text(text)],
        None => vec![Name::Nameless],
    }
}
