//! What one row of the trail says, and the text in which rows travel to the database.

use std::collections::HashMap;

use fhir::ids::{ResourceId, ResourceKey, VersionId};
use fhir::json::{ObjectWriter, Writer};
use fhir::search::hash::criteria_hash;
use jiff::Timestamp;
use uuid::Uuid;

use super::key::AuditKey;
use crate::auth::{ACT_REASON, Access, Reason};
use crate::context::{AuditedResource, RequestContext};

/// Where a record was made, and of which installation: the same for all records of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSource {
    /// The node, as the id of a Device.
    pub node: Box<str>,
    /// The place, where it has a name.
    pub site: Option<Box<str>>,
}

/// A request as the trail keeps it (<https://hl7.org/fhir/R4/auditevent.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When the request began.
    pub recorded: Timestamp,
    /// The restful interaction, or `operation`.
    pub interaction: Box<str>,
    /// The operation's code, without `$`.
    pub operation: Option<Box<str>>,
    /// `C`, `R`, `U`, `D` or `E`.
    pub action: Box<str>,
    /// 0, 4, 8 or 12.
    pub outcome: i16,
    /// The HTTP status.
    pub status: i16,
    /// Why it failed, without data of patients.
    pub reason: Option<Box<str>>,
    /// Who asked.
    pub who: Who,
    /// The address it came from.
    pub address: Option<Box<str>>,
    /// Where it was recorded.
    pub source: AuditSource,
    /// The FHIR base it was asked under.
    pub base_url: Box<str>,
    /// The id of the request.
    pub request_id: Box<str>,
    /// What was asked for: `Patient/1`, `Observation`.
    pub target: Option<Box<str>>,
    /// The query as it came.
    pub query: Option<Box<str>>,
    /// What was touched: `Type/id/_history/version`.
    pub entities: Vec<Box<str>>,
    /// For each of them the place of its patient, from 1; 0 where it is nobody's.
    pub owners: Vec<i32>,
    /// The ids of the patients whose data it touched.
    pub patients: Vec<Box<str>>,
    /// What no other record has, so that a copy of its row is found out.
    pub nonce: Uuid,
    /// That this server made it: see [`AuditRecord::prove`].
    pub proof: Box<str>,
}

impl AuditRecord {
    /// What every request says that touched no resource, by whom and whatever it was.
    pub(crate) fn of_none(
        recorded: Timestamp,
        status: u16,
        source: AuditSource,
        base_url: &str,
        request_id: &str,
    ) -> Self {
        Self {
            recorded,
            interaction: Box::default(),
            operation: None,
            action: "E".into(),
            outcome: match status {
                0..=399 => 0,
                401 | 403 | 500.. => 8,
                _ => 4,
            },
            status: i16::try_from(status).unwrap_or_default(),
            reason: None,
            who: Who::default(),
            address: None,
            source,
            base_url: base_url.into(),
            request_id: request_id.into(),
            target: None,
            query: None,
            entities: Vec::new(),
            owners: Vec::new(),
            patients: Vec::new(),
            nonce: Uuid::now_v7(),
            proof: Box::default(),
        }
    }
}

/// Who asked, and by what right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// `grant`, or the reason why everything was allowed.
    pub access: Box<str>,
    /// The id of the grant.
    pub grant: Option<Box<str>>,
    /// The client.
    pub client: Option<Box<str>>,
    /// The person, as a reference.
    pub agent: Option<Box<str>>,
    /// The name the person logged in with.
    pub login: Option<Box<str>>,
    /// System and code of the purpose of use.
    pub purpose: Option<(Box<str>, Box<str>)>,
}

impl Who {
    /// Whoever has this access.
    pub fn of(access: &Access) -> Self {
        let reason = match access.reason() {
            Some(Reason::AuthDisabled) => "auth-disabled",
            Some(Reason::Load) => "load",
            Some(Reason::Job) => "job",
            Some(Reason::Admission) => "admission",
            Some(Reason::Public) => "public",
            Some(Reason::Review) => "review",
            Some(Reason::Calendars) => "calendars",
            Some(Reason::Visits) => "visits",
            None => "grant",
        };
        let mut who = Self {
            access: reason.into(),
            ..Self::default()
        };
        if let Some(grant) = access.grant() {
            who.grant = Some(grant.id.to_string().into());
            who.client = Some(grant.client_id.as_ref().into());
            who.agent = grant.user.as_ref().map(|user| user.to_string().into());
            who.login = grant.login.clone();
            let purpose = grant.purpose.as_ref();
            let said = purpose.map(|purpose| (purpose.system.clone(), purpose.code.clone()));
            let of_role = || Some((ACT_REASON.into(), access.purpose()?.into()));
            who.purpose = said.or_else(of_role);
        }
        who
    }
}

/// So many patients are looked up one by one.
const FEW: usize = 16;

/// The purpose of what is done in a record that was opened in an emergency.
const BROKEN_GLASS: &str = "BTG";
/// Stands in an entity for the version that the statement of its write makes.
const PENDING: &str = "?";

impl AuditRecord {
    /// A successful request of a context, which has touched nothing yet; `None` where the context is not audited.
    pub(crate) fn of(cx: &RequestContext, source: &AuditSource) -> Option<Self> {
        let audited = cx.audited.as_ref()?;
        Some(Self {
            recorded: cx.now,
            interaction: audited.interaction.into(),
            operation: audited.operation.clone(),
            action: audited.action.into(),
            outcome: 0,
            status: 200,
            reason: None,
            who: Who::of(&cx.access),
            address: cx.address.map(|address| address.to_string().into()),
            source: source.clone(),
            base_url: cx.base_url.as_ref().into(),
            request_id: cx.request_id.as_ref().into(),
            target: audited.target.clone(),
            query: audited.query.clone(),
            entities: Vec::new(),
            owners: Vec::new(),
            patients: Vec::new(),
            nonce: Uuid::now_v7(),
            proof: Box::default(),
        })
    }

    /// What is shown of a row that holds what no server writes.
    pub(crate) fn unreadable() -> Self {
        Self {
            recorded: Timestamp::UNIX_EPOCH,
            interaction: "unreadable".into(),
            operation: None,
            action: "E".into(),
            outcome: 8,
            status: 0,
            reason: Some("this row of the trail holds what no server writes".into()),
            who: Who {
                access: "none".into(),
                ..Who::default()
            },
            address: None,
            source: AuditSource {
                node: "unknown".into(),
                site: None,
            },
            base_url: "unknown".into(),
            request_id: "unknown".into(),
            target: None,
            query: None,
            entities: Vec::new(),
            owners: Vec::new(),
            patients: Vec::new(),
            nonce: Uuid::nil(),
            proof: Box::default(),
        }
    }

    /// The same with a resource that it touched.
    #[must_use]
    pub fn touching(mut self, resource: &AuditedResource) -> Self {
        let version = resource.version.map(|version| version.to_string());
        self.touch(&resource.key, version.as_deref(), &resource.patients);
        self
    }

    /// Says that it was done behind broken glass, where it touched somebody whose record its holder has opened in an emergency.
    pub(crate) fn note_opened(&mut self, opened: &[ResourceId]) {
        let is_opened = |patient: &str| opened.iter().any(|one| one.as_str() == patient);
        if self.patients.iter().any(|patient| is_opened(patient)) {
            self.who.purpose = Some((ACT_REASON.into(), BROKEN_GLASS.into()));
        }
    }

    /// Notes a resource that its statement will write, in a version that may be known only then.
    pub(crate) fn touch_written(
        &mut self,
        key: &ResourceKey,
        version: Option<VersionId>,
        patients: &[ResourceId],
    ) {
        let version = version.map(|version| version.to_string());
        self.touch(key, Some(version.as_deref().unwrap_or(PENDING)), patients);
    }

    fn touch(&mut self, key: &ResourceKey, version: Option<&str>, patients: &[ResourceId]) {
        let entity: Box<str> = match version {
            Some(version) => format!("{key}/_history/{version}").into(),
            None => key.to_string().into(),
        };
        if patients.is_empty() {
            self.entities.push(entity);
            self.owners.push(0);
            return;
        }
        if patients.len() > FEW {
            return self.touch_many(&entity, patients);
        }
        for patient in patients {
            let owner = self.owner(patient.as_str());
            self.entities.push(entity.clone());
            self.owners.push(owner);
        }
    }

    /// The same where looking through all patients for each would take long: a Group may name thousands.
    fn touch_many(&mut self, entity: &str, patients: &[ResourceId]) {
        let known = self.patients.iter().zip(1..);
        let mut places: HashMap<Box<str>, i32> =
            known.map(|(one, place)| (one.clone(), place)).collect();
        for patient in patients {
            let next = i32::try_from(self.patients.len() + 1).unwrap_or(i32::MAX);
            let owner = *places.entry(patient.as_str().into()).or_insert(next);
            if owner == next {
                self.patients.push(patient.as_str().into());
            }
            self.entities.push(entity.into());
            self.owners.push(owner);
        }
    }

    /// Adds a patient whose data were touched, and answers its place.
    pub fn owner(&mut self, patient: &str) -> i32 {
        let known = self.patients.iter().position(|one| **one == *patient);
        let place = known.unwrap_or_else(|| {
            self.patients.push(patient.into());
            self.patients.len() - 1
        });
        i32::try_from(place + 1).unwrap_or(i32::MAX)
    }

    /// Completes it: the proof covers all but the status and the versions, which only its statement may know.
    pub(crate) fn prove(&mut self, key: &AuditKey) {
        self.proof = self.proof(key).into();
    }

    /// Whether a server with this key made it.
    pub fn is_proven(&self, key: &AuditKey) -> bool {
        *self.proof == *self.proof(key)
    }

    /// All but the status and the versions. What it is found by follows from the rest.
    fn proof(&self, key: &AuditKey) -> String {
        let mut prover = key.prover();
        prover.number(self.recorded.as_microsecond());
        prover.number(i64::from(self.outcome));
        let who = &self.who;
        let texts = [
            &self.interaction,
            &self.action,
            &who.access,
            &self.source.node,
            &self.base_url,
            &self.request_id,
        ];
        texts.into_iter().for_each(|text| prover.text(text));
        let optional = [
            &self.operation,
            &self.reason,
            &who.grant,
            &who.client,
            &who.agent,
            &who.login,
            &self.address,
            &self.source.site,
            &self.target,
            &self.query,
        ];
        for text in optional {
            prover.optional(text.as_deref());
        }
        let (system, code) = who.purpose.as_ref().map(|(a, b)| (&**a, &**b)).unzip();
        prover.optional(system);
        prover.optional(code);
        prover.texts(self.entities.iter().map(|entity| key_text(entity)));
        prover.number(i64::try_from(self.owners.len()).unwrap_or(i64::MAX));
        for owner in &self.owners {
            prover.number(i64::from(*owner));
        }
        prover.texts(self.patients.iter().map(|patient| &**patient));
        prover.text(&self.nonce.to_string());
        prover.proof()
    }

    /// How many AuditEvents it is shown as.
    pub fn events(&self) -> usize {
        self.patients.len().max(1)
    }

    /// What it is found by.
    pub(crate) fn elements(&self) -> Vec<i64> {
        let mut elements: Vec<i64> = self
            .patients
            .iter()
            .map(|patient| element(AuditIndex::Patient, patient))
            .collect();
        let keys = self.entities.iter().map(|entity| key_text(entity));
        elements.extend(keys.map(|key| element(AuditIndex::Entity, key)));
        let single = [
            (AuditIndex::Agent, &self.who.agent),
            (AuditIndex::Login, &self.who.login),
            (AuditIndex::Grant, &self.who.grant),
        ];
        for (index, text) in single {
            elements.extend(text.iter().map(|text| element(index, text)));
        }
        elements.sort_unstable();
        elements.dedup();
        elements
    }

    fn write(&self, n: Option<usize>, row: &mut ObjectWriter<'_>) {
        if let Some(n) = n {
            row.number("n", i128::try_from(n).unwrap_or(i128::MAX));
        }
        row.string("recorded", &self.recorded.to_string());
        row.string("interaction", &self.interaction);
        row.optional("operation", self.operation.as_deref());
        row.string("action", &self.action);
        row.number("outcome", self.outcome);
        row.number("status", self.status);
        row.optional("reason", self.reason.as_deref());
        row.string("access", &self.who.access);
        row.optional("grant_id", self.who.grant.as_deref());
        row.optional("client", self.who.client.as_deref());
        row.optional("agent", self.who.agent.as_deref());
        row.optional("login", self.who.login.as_deref());
        if let Some((system, code)) = &self.who.purpose {
            row.string("purpose_system", system);
            row.string("purpose", code);
        }
        row.optional("address", self.address.as_deref());
        row.string("node", &self.source.node);
        row.optional("site", self.source.site.as_deref());
        row.string("base_url", &self.base_url);
        row.string("request_id", &self.request_id);
        row.optional("target", self.target.as_deref());
        row.optional("query", self.query.as_deref());
        row.array("entities", |list| {
            self.entities.iter().for_each(|one| list.string(one))
        });
        row.array("owners", |list| {
            self.owners
                .iter()
                .for_each(|one| list.raw(&one.to_string()))
        });
        row.array("patients", |list| {
            self.patients.iter().for_each(|one| list.string(one))
        });
        row.array("elements", |list| {
            self.elements()
                .iter()
                .for_each(|one| list.raw(&one.to_string()))
        });
        row.string("nonce", &self.nonce.to_string());
        row.string("proof", &self.proof);
    }
}

/// Rows as `add_audit` takes them, each under the number of its write from 1; `None` where there are none.
pub(crate) fn rows<'r>(records: impl Iterator<Item = Option<&'r AuditRecord>>) -> Option<String> {
    let mut writer = Writer::with_capacity(1024);
    let mut is_empty = true;
    writer.array(|rows| {
        for (place, record) in records.enumerate() {
            if let Some(record) = record {
                is_empty = false;
                rows.object(|row| record.write(Some(place + 1), row));
            }
        }
    });
    (!is_empty).then(|| writer.finish())
}

/// What a row of the trail is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuditIndex {
    /// The id of a patient.
    Patient,
    /// A resource, without its version.
    Entity,
    /// The person who asked.
    Agent,
    /// The name that person logged in with.
    Login,
    /// The grant.
    Grant,
}

/// The element that says so. What has it is looked at again, so that a collision finds nothing wrong.
pub(crate) fn element(index: AuditIndex, text: &str) -> i64 {
    let name = match index {
        AuditIndex::Patient => "patient",
        AuditIndex::Entity => "entity",
        AuditIndex::Agent => "agent",
        AuditIndex::Login => "login",
        AuditIndex::Grant => "grant",
    };
    criteria_hash(&format!("audit {name}|{text}"))
}

/// An entity without its version.
fn key_text(entity: &str) -> &str {
    entity
        .split_once("/_history/")
        .map_or(entity, |(key, _)| key)
}
