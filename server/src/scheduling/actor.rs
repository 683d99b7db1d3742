//! Somebody or something that can be booked: in whose name it is busy, how many visits it takes, what it is
//! (server/SCHEDULING.md, what is offered).

use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Requirement, RequirementKind};
use jiff::civil;

use super::canonical;

const CAPACITY: &str = canonical!("capacity");
const COMPETENCY: &str = canonical!("competency");
/// More than that have the time of nobody at once.
const CAPACITY_MAX: u32 = 1000;
const COMPETENCIES: &str = "https://vesta.example/fhir/CodeSystem/competency";

/// An actor of a calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor<'a> {
    resource: &'a Resource,
}

impl<'a> Actor<'a> {
    pub(crate) fn new(resource: &'a Resource) -> Self {
        Self { resource }
    }

    /// `[type]/[id]` of whoever is busy with a visit: the person, not one of the person's roles.
    pub(crate) fn busy_as(self, key: &str) -> String {
        self.reference("practitioner")
            .unwrap_or_else(|| key.to_owned())
    }

    /// How many visits it takes at once.
    pub(crate) fn capacity(self) -> u32 {
        let extensions = self
            .resource
            .get("extension")
            .into_iter()
            .flat_map(Value::items);
        let mut capacity = extensions.filter(|one| text(*one, "url").as_deref() == Some(CAPACITY));
        let capacity = capacity
            .next()
            .and_then(|one| one.get("valuePositiveInt")?.number());
        let capacity = capacity.and_then(|number| number.parse().ok());
        capacity.map_or(1, |capacity: u32| capacity.min(CAPACITY_MAX))
    }

    /// Whether it is in use.
    pub(crate) fn is_in_use(self) -> bool {
        let status = text(self.resource.root(), "status");
        match self.resource.resource_type().name() {
            "Device" => status.as_deref() == Some("active"),
            "Location" => status.is_none_or(|status| status == "active"),
            _ => self.resource.get("active").and_then(Value::boolean) != Some(false),
        }
    }

    /// The place it stands in.
    pub(crate) fn stands_in(self) -> Option<String> {
        match self.resource.resource_type().name() {
            "Device" => self.reference("location"),
            _ => None,
        }
    }

    /// Whether it is what a requirement of a HealthcareService asks for, but for the pool it is taken from.
    pub(crate) fn meets(self, requirement: &Requirement, service: &str, day: civil::Date) -> bool {
        if self.resource.resource_type().name() != requirement.kind.name() || !self.is_in_use() {
            return false;
        }
        match requirement.kind {
            RequirementKind::PractitionerRole => {
                let has_role = |one: &Coding| {
                    one.system == crate::auth::STAFF_ROLE && one.code == requirement.role
                };
                let services = self.references("healthcareService");
                self.codings("code").iter().any(has_role)
                    && (services.is_empty() || services.iter().any(|one| one == service))
                    && is_any(&requirement.specialty, &self.codings("specialty"))
                    && is_any(&requirement.capability, &self.able(day))
            }
            RequirementKind::Location | RequirementKind::Device => {
                is_any(&requirement.capability, &self.codings("type"))
            }
        }
    }

    /// Whether it is taken from a Location or an Organization by naming it.
    pub(crate) fn is_of(self, pool: &str) -> bool {
        let named = [
            "organization",
            "managingOrganization",
            "owner",
            "partOf",
            "location",
        ];
        named
            .iter()
            .any(|member| self.references(member).iter().any(|one| one == pool))
    }

    /// What it is part of.
    pub(crate) fn part_of(self) -> Option<String> {
        self.reference("partOf")
    }

    /// Whether it is of an Organization.
    pub(crate) fn organization(self) -> Option<String> {
        self.reference("organization")
    }

    /// What it has of one of these.
    pub(crate) fn specialties(self) -> Vec<Coding> {
        self.codings("specialty")
    }

    /// The last day on which somebody has what a requirement asks to be able to do, where there is one.
    pub(crate) fn able_until(self, requirement: &Requirement) -> Option<civil::Date> {
        if requirement.kind != RequirementKind::PractitionerRole {
            return None;
        }
        let asked = self.competencies();
        let asked = asked
            .into_iter()
            .filter(|(code, _)| requirement.capability.contains(code));
        let until: Option<Vec<civil::Date>> = asked.map(|(_, until)| until).collect();
        until?.into_iter().max()
    }

    /// What a role may do, and until which day.
    fn competencies(self) -> Vec<(Coding, Option<civil::Date>)> {
        let extensions = self
            .resource
            .get("extension")
            .into_iter()
            .flat_map(Value::items);
        let competencies =
            extensions.filter(|one| text(*one, "url").as_deref() == Some(COMPETENCY));
        let read = |competency: Value<'_>| {
            let parts = || {
                competency
                    .get("extension")
                    .into_iter()
                    .flat_map(Value::items)
            };
            let part = |name: &str, member: &str| {
                let mut parts = parts().filter(|one| text(*one, "url").as_deref() == Some(name));
                parts.next().and_then(|one| text(one, member))
            };
            let until = part("valid-until", "valueDate");
            let until = until.map(|until| until.parse().ok());
            // Until a day that is none: never.
            let until = until.map(|until| until.unwrap_or(civil::Date::MIN));
            let code = Coding {
                system: COMPETENCIES.to_owned(),
                code: part("code", "valueCode")?,
            };
            Some((code, until))
        };
        competencies.filter_map(read).collect()
    }

    /// What a role may do on a day.
    fn able(self, day: civil::Date) -> Vec<Coding> {
        let all = self.competencies().into_iter();
        let valid = all.filter(|(_, until)| until.is_none_or(|until| day <= until));
        valid.map(|(code, _)| code).collect()
    }

    fn codings(self, member: &str) -> Vec<Coding> {
        let concepts = self.resource.get(member).into_iter().flat_map(Value::each);
        concepts.flat_map(Coding::all).collect()
    }

    fn references(self, member: &str) -> Vec<String> {
        let references = self.resource.get(member).into_iter().flat_map(Value::each);
        references
            .filter_map(|one| text(one, "reference"))
            .collect()
    }

    fn reference(self, member: &str) -> Option<String> {
        self.references(member).into_iter().next()
    }
}

fn is_any(wanted: &[Coding], has: &[Coding]) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| has.contains(one))
}

fn text(value: Value<'_>, member: &str) -> Option<String> {
    value.get(member).and_then(Value::string).map(Into::into)
}
