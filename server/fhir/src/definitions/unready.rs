//! Parameters that are defined and cannot be answered at the moment.

use std::collections::BTreeMap;

use crate::ids::ResourceType;

/// The parameters that are not answered, and why; most of the time there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unready {
    parameters: BTreeMap<ResourceType, BTreeMap<Box<str>, Reason>>,
}

/// Why a parameter is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not all resources have its values yet; so many of a hundred are looked at.
    Indexing(u8),
    /// This installation does without.
    SwitchedOff,
}

impl Unready {
    /// Everything that is defined is answered.
    pub const fn none() -> Self {
        Self {
            parameters: BTreeMap::new(),
        }
    }

    /// Adds a parameter of a type.
    pub fn add(&mut self, resource_type: ResourceType, code: &str, reason: Reason) {
        let parameters = self.parameters.entry(resource_type).or_default();
        parameters.insert(code.into(), reason);
    }

    /// Why a parameter of a type is not answered; nothing where it is.
    pub fn reason(&self, resource_type: ResourceType, code: &str) -> Option<Reason> {
        self.parameters.get(&resource_type)?.get(code).copied()
    }

    /// The parameters that are being indexed, by type.
    pub fn indexing(&self) -> impl Iterator<Item = (ResourceType, &str, u8)> {
        self.parameters.iter().flat_map(|(resource_type, of_type)| {
            of_type.iter().filter_map(|(code, reason)| match reason {
                Reason::Indexing(percent) => Some((*resource_type, &**code, *percent)),
                Reason::SwitchedOff => None,
            })
        })
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Indexing(percent) => write!(f, "is being indexed, {percent} % done; try later"),
            Self::SwitchedOff => {
                write!(f, "is not answered by this server (VESTA_FULL_TEXT=false)")
            }
        }
    }
}
