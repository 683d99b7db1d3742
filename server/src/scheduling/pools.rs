//! Where what a visit takes up may be taken from: Groups, Locations and Organizations (server/SCHEDULING.md, what is offered).

use std::collections::{BTreeMap, BTreeSet};

use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::Requirement;

use super::Actor;

/// Locations within Locations, looked at upwards.
pub(crate) const LEVELS: usize = 6;

/// What has to be known of the pools that requirements draw from.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    /// Members of Groups, by `[type]/[id]`.
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Locations above those that are asked about.
    above: BTreeMap<String, Resource>,
}

impl Pools {
    /// Those of some Groups, and of the Locations above others.
    pub(crate) fn new<'a>(
        groups: impl IntoIterator<Item = (&'a String, &'a Resource)>,
        above: BTreeMap<String, Resource>,
    ) -> Self {
        let groups = groups.into_iter();
        Self {
            groups: groups
                .map(|(key, group)| (key.clone(), members(group)))
                .collect(),
            above,
        }
    }

    /// The Groups that have to be known.
    pub(crate) fn groups(requirements: &[Requirement]) -> impl Iterator<Item = String> + '_ {
        let pools = requirements.iter().filter_map(|one| one.pool.clone());
        pools.filter(|pool| pool.starts_with("Group/"))
    }

    /// Whether Locations above others have to be known.
    pub(crate) fn looks_up(requirements: &[Requirement]) -> bool {
        let draws = |pool: &String| pool.starts_with("Location/");
        requirements
            .iter()
            .any(|one| one.pool.as_ref().is_some_and(draws))
    }

    /// The place that something is in or stands in.
    pub(crate) fn up(resource: &Resource) -> Option<String> {
        let actor = Actor::new(resource);
        actor.part_of().or_else(|| actor.stands_in())
    }

    /// Whether an actor meets what a requirement of a HealthcareService asks for on a day, and is taken from where it says.
    pub(crate) fn meets<'a>(
        &'a self,
        requirement: &Requirement,
        (key, resource): (&str, &Resource),
        service: &str,
        day: jiff::civil::Date,
        stored: impl Fn(&str) -> Option<&'a Resource>,
    ) -> bool {
        let actor = Actor::new(resource);
        let is_of = |pool: &String| self.is_of(key, resource, pool, &stored);
        actor.meets(requirement, service, day) && requirement.pool.as_ref().is_none_or(is_of)
    }

    /// Whether an actor is of a pool: named by it, a member of the Group, or a place within the place.
    fn is_of<'a>(
        &'a self,
        key: &str,
        resource: &Resource,
        pool: &str,
        stored: impl Fn(&str) -> Option<&'a Resource>,
    ) -> bool {
        let actor = Actor::new(resource);
        if let Some(members) = self.groups.get(pool) {
            return members.contains(key) || members.contains(&actor.busy_as(key));
        }
        if actor.is_of(pool) {
            return true;
        }
        let mut above = Self::up(resource);
        for _ in 0..LEVELS {
            match above {
                Some(place) if place == pool => return true,
                Some(place) => {
                    let place = self.above.get(&place).or_else(|| stored(&place));
                    above = place.and_then(|place| Actor::new(place).part_of());
                }
                None => return false,
            }
        }
        false
    }
}

fn members(group: &Resource) -> BTreeSet<String> {
    let members = group.get("member").into_iter().flat_map(Value::items);
    let members = members.filter(|one| one.get("inactive").and_then(Value::boolean) != Some(true));
    let entities = members.filter_map(|one| one.at(&["entity", "reference"])?.string());
    entities.map(Into::into).collect()
}
