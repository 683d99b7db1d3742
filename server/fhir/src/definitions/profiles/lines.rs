//! What is derived from what: profiles from profiles, and at the end from types
//! (<https://hl7.org/fhir/R4/structuredefinition.html>).

use super::builder::{ProfileDraft, ProfilesBuilder};
use super::{AllowedType, Profiles};
use crate::definitions::structure::Structures;

/// The longest line of profiles that is followed.
const LINE_MAX: usize = 32;

pub(super) const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// What is derived from what.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) structures: &'a Structures,
    /// Profiles that are not merged yet.
    pub(super) builder: &'a ProfilesBuilder,
    pub(super) known: &'a Profiles,
}

impl Lines<'_> {
    /// A sentence where a profile is of another type than what it is derived from.
    pub(super) fn other_type(&self, draft: &ProfileDraft) -> Option<String> {
        let below = self
            .builder
            .below(&draft.base, self.structures, self.known)
            .map(|(type_name, _)| type_name);
        let below = below.or_else(|| core(&draft.base))?;
        let own = self.structures.by_name(&draft.type_name)?;
        let wanted = self.structures.by_name(below)?;
        let sentence = || format!("what it is derived from is a profile of {below}");
        (!self.structures.is_a(own, wanted)).then(sentence)
    }

    /// Whether what meets a profile or type meets one of others, too; what nobody knows may.
    pub(super) fn is_within(&self, canonical: &str, others: &[Box<str>]) -> bool {
        let bare = |url: &str| url.split('|').next().unwrap_or_default().to_owned();
        let others: Vec<String> = others.iter().map(|other| bare(other)).collect();
        let mut here = canonical.to_owned();
        for _ in 0..LINE_MAX {
            let url = bare(&here);
            if others.contains(&url) {
                return true;
            }
            if let Some((_, base)) = self.builder.below(&here, self.structures, self.known) {
                here = base.to_owned();
                continue;
            }
            let Some(own) = core(&url).and_then(|name| self.structures.by_name(name)) else {
                return true;
            };
            let mut types = others.iter().filter_map(|other| core(other));
            return types.any(|other| {
                let other = self.structures.by_name(other);
                other.is_some_and(|other| self.structures.is_a(own, other))
            });
        }
        true
    }

    /// Whether a type is one of others, or a special kind of one.
    fn is_a(&self, own: &str, other: &str) -> bool {
        let by_name = |name| self.structures.by_name(name);
        own == other
            || by_name(own)
                .zip(by_name(other))
                .is_some_and(|(own, other)| self.structures.is_a(own, other))
    }

    /// Whether a type with its profiles and targets is allowed by another.
    pub(super) fn is_allowed(&self, own: &AllowedType, other: &AllowedType) -> bool {
        let within = |own: &[Box<str>], other: &[Box<str>]| {
            let each = |url: &str| self.is_within(url, other);
            other.is_empty() || !own.is_empty() && own.iter().all(|url| each(url))
        };
        let modes = &other.aggregation;
        self.is_a(&own.name, &other.name)
            && within(&own.profiles, &other.profiles)
            && within(&own.targets, &other.targets)
            && (modes.is_empty()
                || !own.aggregation.is_empty()
                    && own.aggregation.iter().all(|mode| modes.contains(mode)))
    }
}

/// The name of the type whose own definition a canonical URL is.
fn core(url: &str) -> Option<&str> {
    url.split('|').next()?.strip_prefix(CORE)
}
