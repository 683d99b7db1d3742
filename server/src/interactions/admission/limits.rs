//! What closes records to a holder beside scope, role and compartment: labels of patients, consents, clearances
//! ([`Limits`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::hash;

use super::holder::{Holder, Staff};
use crate::auth::{
    ACT_REASON, Act, CodeSeeds, Confinement, Consented, Consents, FhirUser, Grant, Limits,
    NOT_RELEASED, Provision, Role, Use, VERY_RESTRICTED, not_cleared,
};
use crate::error::Result;
use crate::store::{Dated, MarkedPatients, OpenedRecord, ProvisionsFor};

/// What is found out about a holder's surroundings, once for all of their roles.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// Patients whose records are closed as a whole.
    pub(super) marked: MarkedPatients,
    /// The provisions that are about the holder.
    provisions: Vec<Provision>,
    /// The patients in whose care teams the holder is.
    pub(super) team: Vec<ResourceKey>,
    /// The patients whose records the holder has opened, and why.
    pub(super) opened: Vec<(ResourceKey, Box<str>)>,
    /// What the token says that data are used for, where it says what is known.
    purpose: Option<Box<str>>,
    unready: Arc<BTreeSet<ResourceType>>,
    codes: Arc<CodeSeeds>,
    is_closed_by_default: bool,
}

/// Opens a record to what the law has restricted: somebody's life.
const VITAL: &str = "ETREAT";
/// The purpose for which a restricted record is still there.
const LEGAL: &str = "HLEGAL";

impl Surroundings {
    /// What is around a client without a person.
    pub(super) async fn of_client(holder: &Holder<'_>, grant: &Grant) -> Result<Self> {
        let names = vec!["*".into(), "client".into()];
        Self::default().found(holder, grant, names, None).await
    }

    /// What is around a patient, or somebody who speaks for one.
    pub(super) async fn of_patient(
        holder: &Holder<'_>,
        grant: &Grant,
        user: &FhirUser,
        patient: &ResourceKey,
    ) -> Result<Self> {
        let mut names = vec!["*".into()];
        names.extend(written(holder, user.key()));
        let patients = std::slice::from_ref(patient);
        let around = Self::default();
        let mut around = around.found(holder, grant, names, Some(patients)).await?;
        if user.key() == patient {
            // Nobody is kept from what is their own.
            around.provisions.clear();
        }
        Ok(around)
    }

    /// What is around somebody who works here and has these roles.
    pub(super) async fn of_staff(
        holder: &Holder<'_>,
        grant: &Grant,
        staff: &Staff,
        roles: &[&Role],
    ) -> Result<Self> {
        let mut around = Self::default();
        let (team, teams) = holder.care_teams(staff).await?;
        around.team = team.into_iter().collect();
        if roles.iter().any(|role| role.breaks_glass) {
            let store = &holder.interactions.store;
            let opened = store
                .opened_records(staff.names.iter(), holder.cx.now)
                .await?;
            let is_open = |one: &OpenedRecord| {
                holder.moment.is_behind(one.opened) && !holder.moment.is_behind(one.ends)
            };
            let open = opened.into_iter().filter(is_open);
            around.opened = open.map(|one| (one.patient, one.reason)).collect();
        }
        let mut names: BTreeSet<String> = ["*".to_owned()].into();
        let all = staff.names.iter().chain(&teams);
        names.extend(all.flat_map(|key| written(holder, key)));
        let mut is_anybodys = false;
        for post in &staff.posts {
            let organizations = holder.organizations(post).await?;
            is_anybodys |= !organizations.is_empty();
            let own = organizations.iter().flat_map(|key| written(holder, key));
            names.extend(own);
            // In one role for one organization, in another for another.
            let named = post.names.iter().chain(&organizations).chain(&teams);
            for name in named.flat_map(|key| written(holder, key)) {
                names.extend(post.codes.iter().map(|code| format!("{code}@{name}")));
            }
        }
        if !is_anybodys {
            // Nobody knows whose they are, as of a client without a person.
            names.insert("client".to_owned());
        }
        let names = names.into_iter().collect();
        // Of all patients: what is somebody's in the care of the team may be another's as well.
        around.found(holder, grant, names, None).await
    }

    async fn found(
        mut self,
        holder: &Holder<'_>,
        grant: &Grant,
        names: Vec<String>,
        patients: Option<&[ResourceKey]>,
    ) -> Result<Self> {
        let interactions = holder.interactions;
        let purpose = grant.purpose.as_ref();
        let purpose = purpose.filter(|purpose| &*purpose.system == ACT_REASON);
        self.purpose = purpose.map(|purpose| purpose.code.clone());
        self.marked = interactions.store.marked_patients().await?;
        self.is_closed_by_default = interactions.consents_close;
        let asked = ProvisionsFor {
            names,
            patients,
            with_permits_alone: self.is_closed_by_default,
            now: holder.cx.now,
            base_url: &holder.cx.base_url,
        };
        let provisions = interactions.store.provisions(&asked).await?;
        let is_in_force = |one: &Dated| {
            let (starts, ends) = (one.starts, one.ends);
            starts.is_none_or(|starts| holder.moment.is_behind(starts))
                && ends.is_none_or(|ends| !holder.moment.is_behind(ends))
        };
        let in_force = provisions.into_iter().filter(is_in_force);
        self.provisions = in_force.map(|one| one.provision).collect();
        self.codes = interactions.definitions.code_seeds();
        let mut unready = interactions.definitions.unready_types();
        // Until it is known which patients are marked, nothing is known of what is theirs.
        if unready.iter().any(|one| one.name() == "Patient") {
            unready = ResourceType::all().collect();
        }
        self.unready = Arc::new(unready);
        Ok(self)
    }

    /// The compartments of the patients whom a role cares for.
    pub(super) fn cared_for(&self, role: Option<&Role>) -> Vec<i64> {
        let breaks_glass = role.is_some_and(|role| role.breaks_glass);
        let opened = self.opened.iter().filter(|_| breaks_glass);
        let opened = opened.map(|(patient, _)| patient);
        elements(self.team.iter().chain(opened))
    }

    /// The limits of a role; of a client without a person, where there is none.
    pub(super) fn limits(&self, role: Option<&Role>, own: Option<&ResourceKey>) -> Limits {
        let others =
            |marked: &[ResourceKey]| elements(marked.iter().filter(|key| Some(*key) != own));
        let sealed = others(&self.marked.sealed);
        let Some(role) = role else {
            return Limits {
                sealed,
                restricted: self.restricted(None),
                // What its scopes name, whoever registered it has cleared it for.
                labels: vec![hash::label(VERY_RESTRICTED.0, VERY_RESTRICTED.1)],
                ..self.consented_limits(None)
            };
        };
        if role.confinement == Confinement::Own {
            let mut labels = vec![hash::label(NOT_RELEASED.0, NOT_RELEASED.1)];
            let mut restricted = Vec::new();
            if own.is_none() {
                // Who speaks for a patient is not the patient.
                labels.extend(not_cleared(&role.clearance));
                restricted = self.restricted(None);
            }
            return Limits {
                sealed,
                restricted,
                labels,
                consents: Consents::of(&self.provisions, self.used(Some(role))),
                unready: Arc::clone(&self.unready),
                codes: Arc::clone(&self.codes),
                ..Limits::default()
            };
        }
        let is_cleared = role.clearance.iter().any(|code| **code == *"V");
        let limits = Limits {
            sealed: if is_cleared { Vec::new() } else { sealed },
            labels: not_cleared(&role.clearance),
            ..self.consented_limits(Some(role))
        };
        match role.oversees {
            true => Limits {
                consents: Consents::default(),
                is_closed_by_default: false,
                ..limits
            },
            false => Limits {
                restricted: self.restricted(Some(role)),
                ..limits
            },
        }
    }

    fn consented_limits(&self, role: Option<&Role>) -> Limits {
        let breaks_glass = role.is_some_and(|role| role.breaks_glass);
        let opened = self.opened.iter().filter(|_| breaks_glass);
        Limits {
            cared_for: self.cared_for(role),
            opened: elements(opened.map(|(patient, _)| patient)),
            consents: Consents::of(&self.provisions, self.used(role)),
            is_closed_by_default: self.is_closed_by_default,
            unready: Arc::clone(&self.unready),
            codes: Arc::clone(&self.codes),
            ..Limits::default()
        }
    }

    /// The restricted records, save those opened because a life is at stake.
    fn restricted(&self, role: Option<&Role>) -> Vec<i64> {
        let lifts = role.is_some_and(|role| role.may.contains(&Act::Restrict));
        if lifts || self.purpose.as_deref() == Some(LEGAL) {
            return Vec::new();
        }
        let breaks_glass = role.is_some_and(|role| role.breaks_glass);
        let is_vital = |key: &&ResourceKey| {
            let mut opened = self.opened.iter();
            breaks_glass && opened.any(|(patient, reason)| patient == *key && **reason == *VITAL)
        };
        elements(self.marked.restricted.iter().filter(|key| !is_vital(key)))
    }

    fn used<'s>(&'s self, role: Option<&'s Role>) -> Use<'s> {
        let of_role = role.and_then(|role| role.purpose.as_deref());
        Use {
            purpose: self.purpose.as_deref().or(of_role),
            only_by_name: role.is_some_and(|role| role.confinement == Confinement::Own),
        }
    }

    /// What consents say to somebody with these roles.
    pub(super) fn consented<'r>(&self, roles: impl Iterator<Item = Option<&'r Role>>) -> Consented {
        let mut only_by_name = false;
        let mut purposes = Vec::new();
        for role in roles.filter(|role| !role.is_some_and(|role| role.oversees)) {
            let used = self.used(role);
            only_by_name |= used.only_by_name;
            purposes.push(used.purpose.map(Into::into));
        }
        Consented {
            provisions: self.provisions.clone(),
            purposes,
            only_by_name,
            codes: Arc::clone(&self.codes),
        }
    }
}

/// The compartments around patients, sorted.
pub(super) fn elements<'k>(patients: impl Iterator<Item = &'k ResourceKey>) -> Vec<i64> {
    let mut elements: Vec<i64> = patients.map(hash::compartment).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}

/// What a Consent may call a resource of this server.
fn written(holder: &Holder<'_>, key: &ResourceKey) -> [String; 2] {
    [key.to_string(), format!("{}/{key}", holder.cx.base_url)]
}
