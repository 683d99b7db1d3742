//! From the requirements of a kind of visit to candidates with their open and busy times.

use std::collections::{BTreeMap, BTreeSet};

use fhir::resource::Resource;
use fhir::scheduling::{
    Candidate, Coding, Interval, Intervals, Need, Policy, Requirement, RequirementKind,
};
use jiff::{SignedDuration, Timestamp, civil};

use super::read_all;
use crate::error::Result;
use crate::operations::OperationContext;
use crate::scheduling::{Actor, Calendars, LEVELS, Pools};
use crate::store::BusyLane;

/// What a visit is wanted to be.
#[derive(Debug)]
pub(in crate::operations) struct Wanted<'a> {
    /// `[type]/[id]` of the HealthcareService.
    pub(in crate::operations) service: &'a str,
    /// Its types.
    pub(in crate::operations) service_types: &'a [Coding],
    /// How it is booked.
    pub(in crate::operations) policy: &'a Policy,
    /// What it needs.
    pub(in crate::operations) requirements: &'a [Requirement],
    /// Those who were named, best first: `PractitionerRole/…` or `Practitioner/…`, `Location/…`, `Device/…`.
    pub(in crate::operations) named: &'a [String],
    /// Organizations that staff are of.
    pub(in crate::operations) organizations: &'a [String],
    /// Specialties that staff have, best first.
    pub(in crate::operations) specialties: &'a [Coding],
    /// Lanes beyond the capacity that may be used.
    pub(in crate::operations) overbook: u32,
    /// Within which time.
    pub(in crate::operations) window: Interval,
}

/// Needs with their candidates, and who each candidate is.
#[derive(Debug, Default)]
pub(in crate::operations) struct Needs {
    /// One for each of what is required.
    pub(in crate::operations) needs: Vec<Need>,
    /// `[type]/[id]` of the candidates of each.
    pub(in crate::operations) keys: Vec<Vec<String>>,
}

impl Needs {
    /// The need that visits are told apart by: the first of staff, or else the first.
    pub(in crate::operations) fn leading(&self) -> Option<usize> {
        let is_staff =
            |keys: &Vec<String>| keys.iter().any(|key| key.starts_with("PractitionerRole/"));
        let first = (!self.needs.is_empty()).then_some(0);
        self.keys.iter().position(is_staff).or(first)
    }
}

/// Who and what could take part, without what is open and busy.
struct Actors<'a> {
    resources: &'a BTreeMap<String, Resource>,
    pools: Pools,
}

/// The needs of a visit. `busy` answers when actors are busy.
pub(in crate::operations) async fn needs(
    cx: OperationContext<'_>,
    calendars: &Calendars,
    wanted: &Wanted<'_>,
) -> Result<Needs> {
    let resources = read_all(cx, calendars.by_actor.keys().cloned()).await?;
    let actors = Actors {
        pools: pools(cx, wanted.requirements, &resources).await?,
        resources: &resources,
    };
    let day = wanted.window.start.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut chosen: Vec<(usize, Vec<String>)> = Vec::new();
    for (place, requirement) in wanted.requirements.iter().enumerate() {
        let keys = actors.of(requirement, wanted, day);
        for _ in 0..requirement.count {
            chosen.push((place, keys.clone()));
        }
    }
    let is_place = |place: usize| wanted.requirements[place].kind == RequirementKind::Location;
    let places = chosen.iter().filter(|(place, _)| is_place(*place));
    let places: BTreeSet<String> = places.flat_map(|(_, keys)| keys).cloned().collect();
    if !prefer(wanted, &resources, &mut chosen) {
        return Ok(Needs::default());
    }
    let busy_as = |key: &String| Some(Actor::new(resources.get(key)?).busy_as(key));
    let people: BTreeSet<String> = chosen
        .iter()
        .flat_map(|(_, keys)| keys)
        .filter_map(busy_as)
        .collect();
    let people: Vec<String> = people.into_iter().collect();
    let around = SignedDuration::from_hours(48);
    let window = Interval {
        start: wanted
            .window
            .start
            .checked_sub(around)
            .unwrap_or(Timestamp::MIN),
        end: wanted
            .window
            .end
            .checked_add(around)
            .unwrap_or(Timestamp::MAX),
    };
    let busy = cx.store.busy(&people, window, cx.request.now).await?;
    Ok(with_times(
        calendars,
        wanted,
        &resources,
        &chosen,
        &Known {
            people,
            places,
            busy,
        },
    ))
}

impl Actors<'_> {
    /// Those who meet a requirement.
    fn of(&self, requirement: &Requirement, wanted: &Wanted<'_>, day: civil::Date) -> Vec<String> {
        let is_staff = requirement.kind == RequirementKind::PractitionerRole;
        let is_asked = |actor: Actor<'_>| {
            let has = actor.specialties();
            let organization = actor.organization();
            let is_of = |wanted: &String| organization.as_ref() == Some(wanted);
            (wanted.specialties.is_empty()
                || wanted.specialties.iter().any(|one| has.contains(one)))
                && (wanted.organizations.is_empty() || wanted.organizations.iter().any(is_of))
        };
        let meeting = self.resources.iter().filter(|(key, resource)| {
            let actor = Actor::new(resource);
            let stored = |key: &str| self.resources.get(key);
            let pools = &self.pools;
            pools.meets(requirement, (key, resource), wanted.service, day, stored)
                && (!is_staff || is_asked(actor))
        });
        meeting.map(|(key, _)| key.clone()).collect()
    }
}

/// What has to be known of the pools that requirements draw from.
async fn pools(
    cx: OperationContext<'_>,
    requirements: &[Requirement],
    resources: &BTreeMap<String, Resource>,
) -> Result<Pools> {
    let groups = read_all(cx, Pools::groups(requirements)).await?;
    let mut found: BTreeMap<String, Resource> = BTreeMap::new();
    if !Pools::looks_up(requirements) {
        return Ok(Pools::new(&groups, found));
    }
    for _ in 0..LEVELS {
        let next: BTreeSet<String> = resources
            .values()
            .chain(found.values())
            .filter_map(Pools::up)
            .collect();
        let is_new = |key: &String| !found.contains_key(key) && !resources.contains_key(key);
        let next: Vec<String> = next.into_iter().filter(is_new).collect();
        if next.is_empty() {
            break;
        }
        found.extend(read_all(cx, next).await?);
    }
    Ok(Pools::new(&groups, found))
}

/// Keeps those who were named where they can take part; `false` where somebody was named who can nowhere.
fn prefer(
    wanted: &Wanted<'_>,
    resources: &BTreeMap<String, Resource>,
    chosen: &mut [(usize, Vec<String>)],
) -> bool {
    let kind = |named: &str| {
        named
            .split('/')
            .next()
            .map(|kind| kind.replace("PractitionerRole", "Practitioner"))
    };
    let mut kinds: Vec<Option<String>> = wanted.named.iter().map(|named| kind(named)).collect();
    kinds.sort();
    kinds.dedup();
    kinds.into_iter().all(|of_kind| {
        let named: Vec<&String> = wanted
            .named
            .iter()
            .filter(|named| kind(named) == of_kind)
            .collect();
        let is_meant = |key: &String| {
            let person = resources.get(key).map(|one| Actor::new(one).busy_as(key));
            named
                .iter()
                .position(|named| *named == key || Some(*named) == person.as_ref())
        };
        let mut can = false;
        for (_, keys) in chosen.iter_mut() {
            let mut meant: Vec<(usize, String)> = keys
                .iter()
                .filter_map(|key| Some((is_meant(key)?, key.clone())))
                .collect();
            if !meant.is_empty() {
                meant.sort();
                *keys = meant.into_iter().map(|(_, key)| key).collect();
                can = true;
            }
        }
        can
    })
}

/// What is known of those who would do.
struct Known {
    /// Those who are busy, in order.
    people: Vec<String>,
    /// The places that the visit may take, wanted or not.
    places: BTreeSet<String>,
    /// When they are busy.
    busy: Vec<BusyLane>,
}

/// The candidates with their times.
fn with_times(
    calendars: &Calendars,
    wanted: &Wanted<'_>,
    resources: &BTreeMap<String, Resource>,
    chosen: &[(usize, Vec<String>)],
    known: &Known,
) -> Needs {
    let who = |name: &str| known.people.binary_search_by(|one| (**one).cmp(name)).ok();
    // A place that no visit of the kind takes binds nothing; what stands in one that is not wanted is not used.
    let room = |name: &String| who(name).or(known.places.contains(name).then_some(usize::MAX));
    let service = (wanted.service, wanted.service_types);
    let mut found = Needs::default();
    let mut made: BTreeMap<&String, Candidate> = BTreeMap::new();
    for (place, keys) in chosen {
        let requirement = &wanted.requirements[*place];
        let candidates = keys.iter().filter_map(|key| {
            let actor = Actor::new(resources.get(key)?);
            let candidate = made.entry(key).or_insert_with(|| {
                let person = actor.busy_as(key);
                let lanes = actor.capacity().saturating_add(wanted.overbook);
                Candidate {
                    who: who(&person).unwrap_or(usize::MAX),
                    stands_in: actor.stands_in().and_then(|name| room(&name)),
                    open: calendars.open(key, wanted.window, Some(service)),
                    lanes: lanes_of(&known.busy, &person, lanes),
                    rank: 0,
                }
            });
            let named = wanted
                .named
                .iter()
                .position(|one| one == key || *one == actor.busy_as(key));
            let specialties = actor.specialties();
            let special = wanted
                .specialties
                .iter()
                .position(|one| specialties.contains(one));
            let able = able(actor, requirement);
            Some(Candidate {
                rank: named.or(special).unwrap_or(0),
                open: able.map_or(candidate.open.clone(), |able| candidate.open.within(able)),
                ..candidate.clone()
            })
        });
        let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
        found.needs.push(Need {
            candidates: candidates.collect(),
            before: minutes(wanted.policy.before(requirement)),
            after: minutes(wanted.policy.after(requirement)),
            is_place: requirement.kind == RequirementKind::Location,
        });
        found.keys.push(keys.clone());
    }
    found
}

/// When somebody has what a requirement asks to be able to do, where that ends.
fn able(actor: Actor<'_>, requirement: &Requirement) -> Option<Interval> {
    let end = actor.able_until(requirement)?.tomorrow().ok()?;
    let end = end.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Interval {
        start: Timestamp::MIN,
        end,
    })
}

/// When each lane of an actor is busy. What stands beyond them leaves no room in any: it was given more than there is now.
pub(in crate::operations) fn lanes_of(
    busy: &[BusyLane],
    actor: &str,
    lanes: u32,
) -> Vec<Intervals> {
    let of_actor = || busy.iter().filter(|one| one.actor == actor);
    let beyond = of_actor().filter(|one| one.lane >= lanes);
    let beyond: Intervals = beyond.flat_map(|one| one.times.iter()).collect();
    let of = |lane: u32| {
        let mut found = of_actor().filter(|one| one.lane == lane);
        let times = found.next().map(|one| one.times.clone());
        times.unwrap_or_default().union(&beyond)
    };
    (0..lanes).map(of).collect()
}
