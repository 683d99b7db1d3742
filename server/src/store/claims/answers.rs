//! What people answer to an Appointment is noted in it, in the transaction that stores the AppointmentResponse
//! (<https://hl7.org/fhir/R4/appointmentresponse.html>).

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::json::{Document, ParseLimits, Value, edit, quoted};
use fhir::resource::Resource;

use super::local;
use crate::auth::{Access, Permission, Reason, Rows};
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{Answer, Participant, Rebook, Ruled, Status, Visit};
use crate::store::read::read_resources;
use crate::store::search::RowFilter;
use crate::store::{PreparedWrite, Transaction, Verb};

/// Why a visit is cancelled that its patient declines.
const BY_PATIENT: &str = r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason","code":"pat"}]}"#;

/// What a response answers: the visit as it stands, and who of those who take part.
struct Answered {
    key: ResourceKey,
    actor: ResourceKey,
    stored: Resource,
    there: Visit,
    place: usize,
}

impl Transaction {
    /// Asks the rules of a write that was done, and does what follows from it.
    pub(in crate::store) async fn follow(
        &mut self,
        write: &PreparedWrite,
        before: Option<Ruled>,
    ) -> Result<()> {
        let after = write.ruled.as_deref().cloned();
        self.rule(&write.key, before.clone(), after, write.by_operation)?;
        self.note_answer(write, before.as_ref()).await
    }

    /// Notes in its visit what a response that was written says; nothing where it says what it said before.
    async fn note_answer(&mut self, write: &PreparedWrite, before: Option<&Ruled>) -> Result<()> {
        let (Some(Ruled::Answer(answer)), Some(own)) = (write.ruled.as_deref(), &write.appointment)
        else {
            return Ok(());
        };
        if matches!(before, Some(Ruled::Answer(before)) if before == answer) {
            return Ok(());
        }
        let asker = self.access().clone();
        let base = self.base_url();
        let Answered {
            key,
            actor,
            stored,
            there,
            place,
        } = match self.answered(answer, &asker).await? {
            // The history of another system may answer what is not here, or is over.
            Err(_) if asker.imports() => return Ok(()),
            answered => answered?,
        };
        let declines = &*answer.status == "declined";
        let by_patient = actor.resource_type.name() == "Patient";
        let mut answered = with_status(&stored, place, &answer.status)?;
        if declines && by_patient {
            let is_booked = there.status == Some(Status::Booked);
            if is_booked && self.is_late(&there, &asker).await? {
                return Err(OpError::CancelCutoff
                    .refused("it is too late to decline by this way: call the clinic")
                    .at("AppointmentResponse.participantStatus"));
            }
            answered = cancelled(&answered)?;
        }
        let patients = patients(&there, &base);
        self.write_as(Access::system(Reason::Visits));
        let visit = self.own_write(&own.definitions, key.clone(), Verb::Put, &answered)?;
        self.put_own(&visit.concerning(patients.clone())).await?;
        let is_needed = there
            .participants
            .get(place)
            .is_some_and(|one| one.is_required);
        if declines && is_needed && is_clinician(&actor) {
            let patient = patients.first().map(|id| format!("Patient/{id}"));
            let task = Rebook {
                visit: &key,
                patient: patient.as_deref(),
                requester: Some(&actor.to_string()),
                because_of: &write.key,
                until: there.start,
                now: self.now(),
            };
            let task = task.resource()?;
            let task = self.own_write(&own.definitions, new_task()?, Verb::Post, &task)?;
            self.create_own(&[task.concerning(patients)]).await?;
        }
        self.write_as(asker);
        Ok(())
    }

    /// What a response answers, or why it cannot be answered.
    async fn answered(
        &mut self,
        answer: &Answer,
        asker: &Access,
    ) -> Result<std::result::Result<Answered, Error>> {
        let base = self.base_url();
        let key = |text: &Option<Box<str>>| text.as_deref().and_then(|text| local(text, &base));
        let (Some(key), Some(actor)) = (key(&answer.appointment), key(&answer.actor)) else {
            return Ok(Err(nobody()));
        };
        permit(asker, &actor, key.resource_type)?;
        self.lock(vec![key.clone()]).await?;
        let Some(stored) = self.read_own(&key).await? else {
            return Ok(Err(nobody()));
        };
        let Some(Ruled::Visit(there)) = Ruled::of(&stored) else {
            return Ok(Err(nobody()));
        };
        let Some(place) = self.place_of(&there, &actor).await? else {
            return Ok(Err(nobody()));
        };
        if !matches!(
            there.status,
            Some(Status::Proposed | Status::Pending | Status::Booked | Status::Waitlist)
        ) {
            let code = there.status.map_or("", Status::code);
            let sentence = format!("a visit that is {code} is not answered any more");
            return Ok(Err(OpError::InvalidTransition.refused(sentence)));
        }
        Ok(Ok(Answered {
            key,
            actor,
            stored,
            there,
            place,
        }))
    }

    /// The text of a resource, whoever may see it.
    async fn read_own(&mut self, key: &ResourceKey) -> Result<Option<Resource>> {
        let keys = std::slice::from_ref(key);
        let found = read_resources(self.connection(), keys, &RowFilter::everything()).await?;
        let content = found
            .into_iter()
            .next()
            .flatten()
            .and_then(|one| one.content);
        let parse = |content| Resource::parse_with(content, ParseLimits::STORED);
        content.map(parse).transpose().map_err(Error::internal)
    }

    /// A write of the server's own.
    fn own_write(
        &self,
        definitions: &Definitions,
        key: ResourceKey,
        verb: Verb,
        resource: &Resource,
    ) -> Result<PreparedWrite> {
        let index = definitions.index_values(resource, &self.base_url())?;
        Ok(PreparedWrite::new(key, verb, resource, index, self.now()).by_operation())
    }

    /// Which participant somebody is: named, or by one of the person's roles.
    async fn place_of(&mut self, visit: &Visit, actor: &ResourceKey) -> Result<Option<usize>> {
        let base = self.base_url();
        let key = |one: &Participant| one.key(&base);
        let mut participants = visit.participants.iter();
        let named = participants.position(|one| key(one).as_ref() == Some(actor));
        if named.is_some() || actor.resource_type.name() != "Practitioner" {
            return Ok(named);
        }
        for (place, participant) in visit.participants.iter().enumerate() {
            let role =
                key(participant).filter(|one| one.resource_type.name() == "PractitionerRole");
            let Some(role) = role else { continue };
            let stored = self.read_own(&role).await?;
            let person = stored.as_ref().and_then(Ruled::of);
            let is_one = matches!(&person, Some(Ruled::Role(Some(person))) if local(person, &base).as_ref() == Some(actor));
            if is_one {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

/// Refuses whoever answers for somebody else, and does not keep visits.
fn permit(access: &Access, actor: &ResourceKey, appointments: ResourceType) -> Result<()> {
    let user = access.grant().and_then(|grant| grant.user.as_ref());
    let is_own = user.is_some_and(|user| user.key() == actor);
    // That a patient's answer is in the record of that patient has been asked of its text.
    let is_patients = access.is_patients() && actor.resource_type.name() == "Patient";
    let keeps =
        access.rows(Permission::Update, appointments) != Rows::None && !access.is_patients();
    match is_own || is_patients || keeps {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Forbidden,
            "whoever is asked answers, or who keeps the visits",
        )
        .at("AppointmentResponse.actor")),
    }
}

/// The same refusal of a visit that there is not and of somebody who takes no part: neither is told.
fn nobody() -> Error {
    Error::new(
        ErrorKind::BusinessRule,
        "there is no such visit in which this actor takes part",
    )
    .at("AppointmentResponse.actor")
}

fn is_clinician(actor: &ResourceKey) -> bool {
    matches!(
        actor.resource_type.name(),
        "Practitioner" | "PractitionerRole"
    )
}

fn patients(visit: &Visit, base: &str) -> Vec<ResourceId> {
    let keys = visit.participants.iter().filter_map(|one| one.key(base));
    let patients = keys.filter(|key| key.resource_type.name() == "Patient");
    patients.map(|key| key.id).collect()
}

/// The visit, one of whose participants has answered.
fn with_status(visit: &Resource, place: usize, status: &str) -> Result<Resource> {
    let participants = visit.get("participant").into_iter().flat_map(Value::items);
    let one = |(n, participant): (usize, Value<'_>)| match n == place {
        true => {
            let participant = Document::parse(participant.raw().to_owned());
            let participant = participant.map_err(Error::internal)?;
            Ok(edit::set_member(
                participant.root(),
                "status",
                &quoted(status),
            ))
        }
        false => Ok(participant.raw().to_owned()),
    };
    let all: Vec<String> = participants.enumerate().map(one).collect::<Result<_>>()?;
    let text = edit::set_member(visit.root(), "participant", &format!("[{}]", all.join(",")));
    Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)
}

fn cancelled(visit: &Resource) -> Result<Resource> {
    let text = edit::set_member(visit.root(), "status", &quoted("cancelled"));
    let visit = Document::parse_with(text, ParseLimits::STORED).map_err(Error::internal)?;
    let text = edit::set_member(visit.root(), "cancelationReason", BY_PATIENT);
    Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)
}

fn new_task() -> Result<ResourceKey> {
    let named = ResourceType::parse("Task").ok_or_else(|| Error::internal("R4 has tasks"))?;
    let id = uuid::Uuid::now_v7().to_string();
    Ok(ResourceKey::new(
        named,
        id.parse().map_err(Error::internal)?,
    ))
}
