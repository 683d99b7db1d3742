//! The calendars of a clinic, read and understood: when who or what can be booked (server/SCHEDULING.md, policies and calendars).

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals, Schedule};

/// A calendar that is understood.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The Schedule.
    pub(crate) key: ResourceKey,
    /// What it says.
    pub(crate) schedule: Schedule,
    /// The kinds of visit it is for; without any, for all.
    service_types: Vec<Coding>,
    /// What free Slots open.
    pub(crate) free: Intervals,
}

impl Calendar {
    /// Whether visits of a HealthcareService of these types may be put into it.
    fn takes(&self, service_types: &[Coding]) -> bool {
        self.service_types.is_empty()
            || self
                .service_types
                .iter()
                .any(|one| service_types.contains(one))
    }
}

/// All that one question needs of them.
#[derive(Debug, Default)]
pub(crate) struct Calendars {
    /// By `[type]/[id]` of their actors.
    pub(crate) by_actor: BTreeMap<String, Vec<Calendar>>,
    /// What was not understood, and therefore counts as closed, and why.
    pub(crate) faults: Vec<(ResourceKey, String)>,
}

impl Calendars {
    /// Reads those of Schedules.
    pub(crate) fn of(schedules: impl IntoIterator<Item = (ResourceKey, Resource)>) -> Self {
        let mut calendars = Self::default();
        for (key, resource) in schedules {
            match Schedule::of(resource.root()) {
                Ok(Some(schedule)) => {
                    let service_types = resource.get("serviceType");
                    let service_types = service_types.into_iter().flat_map(Value::items);
                    let calendar = Calendar {
                        key,
                        service_types: service_types.flat_map(Coding::all).collect(),
                        free: Intervals::default(),
                        schedule,
                    };
                    let actor = calendar.schedule.actor.clone();
                    calendars.by_actor.entry(actor).or_default().push(calendar);
                }
                Ok(None) => {}
                Err(fault) => calendars.faults.push((key, fault.to_string())),
            }
        }
        calendars
    }

    /// Notes what free Slots of Schedules open.
    pub(crate) fn open_by_slots(&mut self, mut slots: BTreeMap<String, Vec<Interval>>) {
        for calendar in self.by_actor.values_mut().flatten() {
            let free = slots.remove(&calendar.key.to_string());
            calendar.free = free.into_iter().flatten().collect();
        }
    }

    /// When an actor can be booked for a HealthcareService of these types, or, without one, for any.
    pub(crate) fn open(
        &self,
        actor: &str,
        window: Interval,
        service: Option<(&str, &[Coding])>,
    ) -> Intervals {
        let calendars = self.by_actor.get(actor).into_iter().flatten();
        let taken = calendars.filter(|one| service.is_none_or(|(_, types)| one.takes(types)));
        let named = service.map(|(named, _)| named);
        let open = taken.map(|one| one.schedule.open(window, named, &one.free));
        open.reduce(|all, one| all.union(&one)).unwrap_or_default()
    }
}
