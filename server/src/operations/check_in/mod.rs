//! `Appointment/[id]/$check-in`: the patient is there.

#[cfg(test)]
mod tests;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Document, Writer};
use fhir::resource::Resource;

use super::visits::{Current, Draft, referred, refuse_patients};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::context::Handling;
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::Status;
use crate::store::{Source, Transaction, Verb};

/// The operation.
pub(super) struct CheckIn;

/// What it takes.
pub(super) struct CheckInParams {
    identity_confirmed: bool,
    encounter: Option<Document>,
}

impl Params for CheckInParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            identity_confirmed: arguments.required("identity-confirmed")?,
            encounter: arguments.optional("encounter")?,
        })
    }
}

impl Change for CheckIn {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = CheckInParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        refuse_patients(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &CheckInParams,
    ) -> Result<OperationAnswer> {
        if !params.identity_confirmed {
            let sentence = "who the patient is has to be confirmed first";
            return Err(Error::new(ErrorKind::BusinessRule, sentence));
        }
        let current = Current::of(cx, tx, cx.instance()?).await?;
        let mut draft = Draft::of(&current.resource);
        draft.set_status(Status::Arrived)?;
        let is_there = current.visit.status == Some(Status::Arrived);
        let done = match is_there {
            true => return current.unchanged().answer(cx),
            false => current.change(cx, tx, &draft).await?,
        };
        match &params.encounter {
            Some(encounter) => {
                let key = referred(encounter, &["Encounter"], "encounter", cx)?;
                cx.read_locked(tx, &key).await?;
            }
            None if has_encounter(cx, tx, &current.key).await? => {}
            None => begin(cx, tx, &current).await?,
        }
        done.answer(cx)
    }
}

/// Whether a visit has an encounter, as far as whoever calls may know.
async fn has_encounter(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    visit: &ResourceKey,
) -> Result<bool> {
    let types = ResourceType::parse("Encounter");
    let types = [types.ok_or_else(|| Error::internal("R4 has encounters"))?];
    let query = format!("appointment={visit}&status:not=cancelled,entered-in-error");
    let searched = Searched::of(&types, &query, Handling::Strict);
    let plan = cx.definitions.plan(cx.request, &searched, None)?;
    let found = Source::Within(cx.store, tx)
        .count(cx.request, &plan)
        .await?;
    Ok(found > 0)
}

/// Begins the encounter of a visit.
async fn begin(cx: OperationContext<'_>, tx: &mut Transaction, current: &Current) -> Result<()> {
    let named = ResourceType::parse("Encounter");
    let named = named.ok_or_else(|| Error::internal("R4 has encounters"))?;
    let id = uuid::Uuid::now_v7().to_string();
    let key = ResourceKey::new(named, id.parse().map_err(Error::internal)?);
    let encounter = encounter(cx, current)?;
    let write = cx.prepare(key, Verb::Post, &encounter).await?;
    tx.create(std::slice::from_ref(&write)).await?;
    tx.refuse_broken(write.targets()).await
}

fn encounter(cx: OperationContext<'_>, current: &Current) -> Result<Resource> {
    let participants = &current.visit.participants;
    let keys = participants
        .iter()
        .filter_map(|one| one.key(&cx.request.base_url));
    let keys: Vec<ResourceKey> = keys.collect();
    let of = |names: &[&str]| {
        let named = keys
            .iter()
            .filter(|key| names.contains(&key.resource_type.name()));
        named.cloned().collect::<Vec<_>>()
    };
    let mut writer = Writer::with_capacity(512);
    writer.object(|encounter| {
        encounter.string("resourceType", "Encounter");
        encounter.string("status", "arrived");
        encounter.object("class", |class| {
            class.string("system", "http://terminology.hl7.org/CodeSystem/v3-ActCode");
            class.string("code", "AMB");
        });
        let service_type = current.resource.get("serviceType");
        if let Some(first) = service_type.and_then(|all| all.items().next()) {
            encounter.raw("serviceType", first.raw());
        }
        let refers = |key: &ResourceKey| format!(r#"{{"reference":"{key}"}}"#);
        if let Some(patient) = of(&["Patient"]).first() {
            encounter.raw("subject", &refers(patient));
        }
        encounter.raw("appointment", &format!("[{}]", refers(&current.key)));
        let people = of(&["Practitioner", "PractitionerRole", "RelatedPerson"]);
        if !people.is_empty() {
            encounter.array("participant", |list| {
                for one in &people {
                    list.object(|participant| participant.raw("individual", &refers(one)));
                }
            });
        }
        encounter.object("period", |period| {
            period.string("start", &cx.request.now.to_string());
        });
    });
    Resource::parse(writer.finish()).map_err(Error::internal)
}
