//! `Appointment/$waitlist`: somebody waits for a kind of visit within the time they can make possible.

mod entry;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use fhir::ids::{Reference, ResourceKey};
use fhir::json::{Document, Value, Writer};
use fhir::resource::Resource;
use fhir::scheduling::Policy;

pub(super) use self::entry::Entry;
use super::find::calendars::{each, read_all};
use super::visits::{Draft, referred, services_of, visit_of};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{Status, not_by_patients};
use crate::store::Transaction;

/// How many hours of notice somebody who waits needs.
const MIN_NOTICE: &str = "https://vesta.example/fhir/StructureDefinition/min-notice-hours";

/// Hours of notice at most: a year.
const NOTICE_MAX: i32 = 366 * 24;

/// The operation.
pub(super) struct Waitlist;

/// What it takes.
pub(super) struct WaitlistParams {
    service: Document,
    patient: Document,
    periods: Vec<Document>,
    practitioners: Vec<Document>,
    based_on: Vec<Document>,
    priority: Option<i32>,
    notice: Option<i32>,
}

impl Params for WaitlistParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            service: arguments.required("healthcare-service")?,
            patient: arguments.required("patient-reference")?,
            periods: arguments.list("requested-period")?,
            practitioners: arguments.list("practitioner")?,
            based_on: arguments.list("based-on")?,
            priority: arguments.optional("priority")?,
            notice: arguments.optional("min-notice-hours")?,
        })
    }
}

impl Change for Waitlist {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = WaitlistParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &WaitlistParams,
    ) -> Result<OperationAnswer> {
        let service = referred(
            &params.service,
            &["HealthcareService"],
            "healthcare-service",
            cx,
        )?;
        let patient = referred(&params.patient, &["Patient"], "patient-reference", cx)?;
        let (_, content) = cx.read(&service).await?;
        let resource = Resource::parse(content).map_err(Error::internal)?;
        let policy = policy(&service, &resource)?;
        if cx.request.access.is_patients() {
            params.refuse_patient(&policy)?;
        }
        cx.read(&patient).await?;
        params.refuse_unreferred(cx, &patient, &policy).await?;
        let text = params.appointment(cx, &service, &resource, &patient)?;
        let appointment = Resource::parse(text).map_err(Error::internal)?;
        let entry = Entry::of(&patient, &appointment, &cx.request.base_url);
        if entry.periods_from(cx.request.now).is_empty() {
            let sentence = "none of the requested periods has a time that is still to come";
            return Err(Error::new(ErrorKind::BadValue, sentence)
                .at("Parameters.parameter.where(name='requested-period')"));
        }
        refuse_more(cx, tx, &patient).await?;
        Draft::of(&appointment).create(cx, tx).await?.answer(cx)
    }
}

impl WaitlistParams {
    /// Refuses a patient what is for those to say who work here.
    fn refuse_patient(&self, policy: &Policy) -> Result<()> {
        if !policy.self_book {
            return Err(not_by_patients());
        }
        match self.priority {
            Some(_) => Err(Error::new(
                ErrorKind::Forbidden,
                "how urgent it is say those who work here",
            )),
            None => Ok(()),
        }
    }

    /// Refuses what nobody has referred the patient for, where the kind of visit asks for it, and what is no referral of theirs.
    async fn refuse_unreferred(
        &self,
        cx: OperationContext<'_>,
        patient: &ResourceKey,
        policy: &Policy,
    ) -> Result<()> {
        let named = self.based_on.iter();
        let named = named.map(|one| referred(one, &["ServiceRequest"], "based-on", cx));
        let named: Vec<String> = named
            .map(|key| key.map(|key| key.to_string()))
            .collect::<Result<_>>()?;
        if named.is_empty() && policy.referral_required {
            return Err(unreferred());
        }
        let found = read_all(cx, named.iter().cloned()).await?;
        let is_theirs = |key: &String| {
            found.get(key).is_some_and(|one| {
                let text = |path: &[&str]| one.root().at(path).and_then(Value::string);
                let subject = text(&["subject", "reference"]);
                let subject = subject.map(|text| Reference::parse(&text, &cx.request.base_url));
                let is_subject =
                    matches!(subject, Some(Reference::Local { key, .. }) if key == *patient);
                is_subject && text(&["status"]).as_deref() == Some("active")
            })
        };
        match named.iter().all(is_theirs) {
            true => Ok(()),
            false => {
                let sentence = "'based-on' is an active ServiceRequest of the patient";
                Err(OpError::ReferralRequired.refused(sentence))
            }
        }
    }

    fn appointment(
        &self,
        cx: OperationContext<'_>,
        service: &ResourceKey,
        resource: &Resource,
        patient: &ResourceKey,
    ) -> Result<String> {
        let kinds = ["PractitionerRole", "Practitioner"];
        let practitioners = self.practitioners.iter();
        let practitioners = practitioners.map(|one| referred(one, &kinds, "practitioner", cx));
        let practitioners: Vec<ResourceKey> = practitioners.collect::<Result<_>>()?;
        if self.notice.is_some_and(|hours| hours > NOTICE_MAX) {
            let sentence = "nobody needs more than a year of notice";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let mut writer = Writer::with_capacity(512);
        writer.object(|entry| {
            entry.string("resourceType", "Appointment");
            if let Some(hours) = self.notice {
                entry.array("extension", |list| {
                    list.object(|notice| {
                        notice.string("url", MIN_NOTICE);
                        notice.number("valueUnsignedInt", hours);
                    });
                });
            }
            entry.string("status", Status::Waitlist.code());
            if let Some(types) = resource.get("type") {
                entry.raw("serviceType", types.raw());
            }
            if let Some(priority) = self.priority {
                entry.number("priority", priority);
            }
            if !self.based_on.is_empty() {
                entry.array("basedOn", |list| {
                    self.based_on.iter().for_each(|one| list.raw(one.text()));
                });
            }
            entry.string("created", &cx.request.now.to_string());
            entry.array("participant", |list| {
                participant(list, patient, "required");
                participant(list, service, "information-only");
                for practitioner in &practitioners {
                    participant(list, practitioner, "optional");
                }
            });
            entry.array("requestedPeriod", |list| {
                self.periods.iter().for_each(|one| list.raw(one.text()));
            });
        });
        Ok(writer.finish())
    }
}

fn participant(list: &mut Writer, actor: &ResourceKey, required: &str) {
    list.object(|one| {
        one.object("actor", |reference| {
            reference.string("reference", &actor.to_string());
        });
        one.string("required", required);
        one.string("status", "needs-action");
    });
}

/// The policy of a HealthcareService that is offered.
fn policy(key: &ResourceKey, service: &Resource) -> Result<Policy> {
    let refused = |sentence: String| Error::new(ErrorKind::BusinessRule, sentence);
    if service.get("active").and_then(Value::boolean) == Some(false) {
        return Err(refused(format!("{key} is not offered any more")));
    }
    let policy = Policy::of(service.root());
    let policy = policy.map_err(|fault| refused(format!("{key} cannot be booked: {fault}")))?;
    policy.ok_or_else(|| {
        refused(format!(
            "{key} has no scheduling-policy: nobody waits for it"
        ))
    })
}

fn unreferred() -> Error {
    OpError::ReferralRequired.refused("this kind of visit needs a referral: 'based-on'")
}

/// Refuses who waits for as much already as one patient may. Nobody else begins to wait for the patient until the end; time that
/// is over is not waited for.
async fn refuse_more(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    patient: &ResourceKey,
) -> Result<()> {
    tx.lock_waiting(patient).await?;
    let query = format!(
        "status=waitlist&patient={patient}&requested-period=ge{}",
        cx.request.now
    );
    let mut waiting: u32 = 0;
    let count = |_, _| {
        waiting = waiting.saturating_add(1);
        Ok(())
    };
    each(cx, "Appointment", &query, count).await?;
    match waiting >= cx.request.limits.waiting {
        true => Err(OpError::WaitlistFull
            .refused("the patient waits for as many visits already as one may at once")),
        false => Ok(()),
    }
}

/// Refuses a patient what patients do not book themselves.
async fn permit_patient(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    wanted: &Resource,
) -> Result<()> {
    let services = services_of(cx, tx, &visit_of(wanted)?).await?;
    for (key, service) in &services {
        if !policy(key, service)?.self_book {
            return Err(not_by_patients());
        }
    }
    match services.is_empty() {
        true => Err(not_by_patients()),
        false => Ok(()),
    }
}

/// What could not be had waits for just that time: a patient for what patients wait for, saying no more than `$waitlist`
/// lets them.
pub(super) async fn wait_instead(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    draft: &mut Draft,
    wanted: &Resource,
) -> Result<()> {
    if cx.request.access.is_patients() {
        permit_patient(cx, tx, wanted).await?;
        draft.remove("priority")?;
        draft.set_extension(MIN_NOTICE, None)?;
    }
    draft.set_overbooked(false)?;
    let moment = |name| wanted.get(name).map_or("null", Value::raw);
    let period = format!(
        r#"[{{"start":{},"end":{}}}]"#,
        moment("start"),
        moment("end")
    );
    draft.set_status(Status::Waitlist)?;
    draft.set("requestedPeriod", &period)?;
    ["start", "end", "_start", "_end"]
        .iter()
        .try_for_each(|name| draft.remove(name))?;
    // Who comes says the call, too.
    let waits = draft.resource()?;
    for (key, service) in services_of(cx, tx, &visit_of(&waits)?).await? {
        if waits.get("basedOn").is_none() && policy(&key, &service)?.referral_required {
            return Err(unreferred());
        }
    }
    let participants = visit_of(&waits)?.participants;
    let patients = participants
        .iter()
        .filter_map(|one| one.key(&cx.request.base_url))
        .filter(|key| key.resource_type.name() == "Patient");
    let patients: BTreeSet<ResourceKey> = patients.collect();
    for patient in &patients {
        refuse_more(cx, tx, patient).await?;
    }
    Ok(())
}
