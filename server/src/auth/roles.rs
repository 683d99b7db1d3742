//! Roles: what somebody's work in the clinic, or being a patient of it, allows at most. They are data, `roles/roles.toml`.

use std::sync::LazyLock;

use fhir::ids::ResourceType;
use serde::Deserialize;

use super::labels::needs_clearance;
use super::scopes::Scopes;

/// The codes of staff roles (`PractitionerRole.code`).
pub const STAFF_ROLE: &str = "https://vesta.example/fhir/CodeSystem/staff-role";

/// To whose data a role is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confinement {
    /// To that of the person who holds it.
    Own,
    /// To that of the patients in whose care teams the person is.
    CareTeam,
    /// To that of donors whose identity is known.
    IdentifiedDonors,
    /// To none.
    Everybody,
}

/// What a role may do beside what scopes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Book beyond capacity, as far as the policy of the visit lets anybody.
    Overbook,
    /// Say that a visit was entered in error.
    CorrectVisits,
    /// Book, extend or release what is held for somebody else.
    ReleaseHolds,
    /// Book at a time that is not offered.
    BookOutside,
    /// Open and block the time of calendars.
    KeepCalendars,
    /// Restrict the use of a patient's record, and lift that.
    Restrict,
    /// Let people log in, and register apps; lock and remove them.
    ManageAccounts,
}

/// One role.
#[derive(Clone, Debug)]
pub struct Role {
    /// The code.
    pub code: Box<str>,
    /// To whose data it is kept.
    pub confinement: Confinement,
    /// What it allows.
    pub scopes: Scopes,
    /// Whether who has it may open a record in an emergency.
    pub breaks_glass: bool,
    /// What it uses data for, where a token does not say.
    pub purpose: Option<Box<str>>,
    /// The codes of the security labels that it is cleared for.
    pub clearance: Vec<Box<str>>,
    /// Whether consents and restrictions do not close what it looks after.
    pub oversees: bool,
    /// What it may do beside.
    pub may: Vec<Act>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    shared: Vec<Box<str>>,
    withheld: Vec<Box<str>>,
    role: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: Box<str>,
    confinement: Confinement,
    #[serde(default)]
    breaks_glass: bool,
    purpose: Option<Box<str>>,
    #[serde(default)]
    clearance: Vec<Box<str>>,
    #[serde(default)]
    oversees: bool,
    #[serde(default)]
    may: Vec<Act>,
    scopes: String,
}

#[derive(Default)]
struct Roles {
    shared: Vec<ResourceType>,
    withheld: Vec<ResourceType>,
    roles: Vec<Role>,
}

const TEXT: &str = include_str!("roles/roles.toml");

/// A file that cannot be read allows nothing to anybody; a test reads it.
static ROLES: LazyLock<Roles> = LazyLock::new(|| read(TEXT).unwrap_or_default());

fn read(text: &str) -> Result<Roles, String> {
    let file: File = toml::from_str(text).map_err(|fault| fault.to_string())?;
    let types = |names: &[Box<str>]| {
        let one = |name: &str| {
            let known = ResourceType::parse(name);
            known.ok_or_else(|| format!("{name} is no type"))
        };
        let all = names.iter().map(|name| one(name));
        all.collect::<Result<Vec<_>, String>>()
    };
    let mut roles = Vec::new();
    for entry in file.role {
        let parsed = Scopes::parse(&entry.scopes);
        if let Some(dropped) = parsed.dropped.first() {
            return Err(format!("{}: {dropped} is no scope", entry.code));
        }
        let mut clearance = entry.clearance.iter();
        if let Some(code) = clearance.find(|code| !needs_clearance(code)) {
            return Err(format!("{}: {code} needs no clearance", entry.code));
        }
        roles.push(Role {
            code: entry.code,
            confinement: entry.confinement,
            scopes: parsed.scopes,
            breaks_glass: entry.breaks_glass,
            purpose: entry.purpose,
            clearance: entry.clearance,
            oversees: entry.oversees,
            may: entry.may,
        });
    }
    Ok(Roles {
        shared: types(&file.shared)?,
        withheld: types(&file.withheld)?,
        roles,
    })
}

impl Role {
    /// The role of a code.
    pub fn of(code: &str) -> Option<&'static Self> {
        ROLES.roles.iter().find(|role| &*role.code == code)
    }

    /// The role of patients, and of those who speak for them.
    pub fn patient() -> Option<&'static Self> {
        Self::of("patient")
    }
}

/// Whether resources of a type are the clinic's rather than anybody's: who is kept to some patients may see all of them.
pub(super) fn is_shared(resource_type: ResourceType) -> bool {
    ROLES.shared.contains(&resource_type)
}

/// Whether whoever is confined sees nothing of a type.
pub(super) fn is_withheld(resource_type: ResourceType) -> bool {
    ROLES.withheld.contains(&resource_type)
}

#[cfg(test)]
mod tests;
