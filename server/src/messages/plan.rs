//! What is to be sent about a visit, from what became of it: news at once, reminders as the policy of its kind says.

use fhir::ids::{Reference, ResourceKey};
use fhir::json::{Value, Writer};
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Policy};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::deliver::unsent;
use super::{CATEGORY, Work, new_key};
use crate::error::{Error, Result};
use crate::scheduling::{Ruled, Status, Visit, quiet};
use crate::store::{News, Planned, Transaction, Verb};

/// So long a process that sends nothing leaves news where it knows of none that sends: one may be about to start.
const LEFT: SignedDuration = SignedDuration::from_mins(5);

/// So long it leaves news to those that send, where there were some in that time: by it nobody would be told.
const LEFT_TO_SENDERS: SignedDuration = SignedDuration::from_hours(24);

/// A visit that something is told of.
pub(super) struct Subject {
    pub(super) key: ResourceKey,
    pub(super) visit: Visit,
    resource: Resource,
    pub(super) patients: Vec<ResourceKey>,
    pub(super) zone: TimeZone,
}

/// Something to send.
#[derive(PartialEq, Eq)]
struct Wanted {
    patient: ResourceKey,
    kind: News,
    due: Timestamp,
    medium: Vec<Coding>,
}

/// Plans what is told of one visit, by what became of it, all in one transaction; `false` where nothing became of any. What
/// fails is tried again later.
pub async fn plan(work: Work<'_>) -> Result<bool> {
    let due = due(work).await?;
    let mut looked_at = None;
    let mut attempts = work.store.attempts();
    let done = loop {
        let mut tx = match attempts.begin(work.cx).await {
            Ok(tx) => tx,
            Err(error) => break Err(error),
        };
        let result = tell(work, &mut tx, due, &mut looked_at).await;
        if let Some(done) = attempts.finish(tx, result).await {
            break done;
        }
    };
    if let (Err(_), Some(id)) = (&done, looked_at) {
        work.store.postpone_visit_news(id, work.cx.now).await?;
    }
    done
}

/// Since when news waits that is told here. Whoever sends says so, and is left what it has not come to yet.
async fn due(work: Work<'_>) -> Result<Timestamp> {
    let now = work.cx.now;
    if work.messages.are_sent() {
        work.store.note_sender(now).await?;
        return Ok(now);
    }
    let before = |pause| now.checked_sub(pause).map_err(Error::internal);
    let long_ago = before(LEFT_TO_SENDERS)?;
    match work.store.has_sender(long_ago).await? {
        true => Ok(long_ago),
        false => before(LEFT),
    }
}

async fn tell(
    work: Work<'_>,
    tx: &mut Transaction,
    due: Timestamp,
    looked_at: &mut Option<i64>,
) -> Result<bool> {
    let Some(news) = tx.visit_news(due).await? else {
        return Ok(false);
    };
    *looked_at = Some(news.id);
    let subject = Subject::read(work, tx, &news.appointment).await?;
    let mut wanted = Vec::new();
    let mut starts = Timestamp::MIN;
    if let Some(subject) = &subject
        && let Some(start) = subject.visit.start.filter(|start| *start > work.cx.now)
    {
        starts = start;
        wanted = reminders(work, tx, subject, start).await?;
        wanted.extend(told(work, subject, start, news.kind));
    }
    let known = tx.planned(&news.appointment).await?;
    for one in &mut wanted {
        one.follow(&known);
    }
    for planned in &known {
        let is_same = |one: &Wanted| planned.starts == starts && one.is(planned);
        let is_older = |one: &Wanted| one.kind != News::Reminder && one.patient == planned.patient;
        if wanted.iter().any(is_same) {
            continue;
        }
        // A reminder is no more what was planned; of news that nobody has heard yet the last is told. Other news is looked at
        // when it is sent.
        let is_over = match planned.kind {
            News::Reminder => true,
            _ => planned.tries == 0 && wanted.iter().any(is_older),
        };
        if is_over {
            supersede(work, tx, planned).await?;
        }
    }
    for one in &wanted {
        let is_planned = |planned: &Planned| planned.starts == starts && one.is(planned);
        // What would have been sent already is not sent late.
        let is_past = one.kind == News::Reminder && one.due <= work.cx.now;
        if !is_past && !known.iter().any(is_planned) {
            request(work, tx, &news.appointment, one, starts).await?;
        }
    }
    tx.drop_visit_news(news.id).await?;
    Ok(true)
}

/// Ends what is not told any more; what was tried says so, too.
async fn supersede(work: Work<'_>, tx: &mut Transaction, planned: &Planned) -> Result<()> {
    if planned.communication.is_some() {
        return unsent(work, tx, planned, "superseded").await;
    }
    work.end_request(tx, &planned.request, "revoked").await?;
    tx.drop_message(&planned.request).await
}

impl Wanted {
    /// Whether it is what is planned, however often that was tried: news by what it tells, a reminder also by its time.
    fn is(&self, planned: &Planned) -> bool {
        (self.kind, &self.patient) == (planned.kind, &planned.patient)
            && (self.kind != News::Reminder || self.due == planned.planned)
    }

    /// Who has not heard that a visit is booked hears when it is, not that it was moved.
    fn follow(&mut self, known: &[Planned]) {
        let is_unheard = |one: &Planned| {
            one.kind == News::Booked && one.tries == 0 && one.patient == self.patient
        };
        if self.kind == News::Changed && known.iter().any(is_unheard) {
            self.kind = News::Booked;
        }
    }
}

/// Writes what is to be sent.
async fn request(
    work: Work<'_>,
    tx: &mut Transaction,
    appointment: &ResourceKey,
    wanted: &Wanted,
    starts: Timestamp,
) -> Result<()> {
    let key = new_key("CommunicationRequest")?;
    let mut writer = Writer::with_capacity(512);
    writer.object(|request| {
        request.string("resourceType", "CommunicationRequest");
        request.string("status", "active");
        request.array("category", |list| {
            concept(list, CATEGORY, category(wanted.kind));
        });
        request.object("subject", |one| {
            one.string("reference", &wanted.patient.to_string());
        });
        request.array("about", |list| reference(list, appointment));
        if !wanted.medium.is_empty() {
            request.array("medium", |list| {
                let media = wanted.medium.iter();
                media.for_each(|one| concept(list, &one.system, &one.code));
            });
        }
        request.string("occurrenceDateTime", &wanted.due.to_string());
        request.string("authoredOn", &work.cx.now.to_string());
        request.array("recipient", |list| reference(list, &wanted.patient));
    });
    work.write(tx, &key, Verb::Post, writer.finish()).await?;
    tx.plan_message(&Planned {
        request: key,
        appointment: appointment.clone(),
        patient: wanted.patient.clone(),
        kind: wanted.kind,
        starts,
        due: wanted.due,
        planned: wanted.due,
        tries: 0,
        communication: None,
    })
    .await
}

/// The code of `message-category`.
pub(super) fn category(kind: News) -> &'static str {
    match kind {
        News::Reminder => "appointment-reminder",
        News::Offered => "appointment-offer",
        _ => "appointment-news",
    }
}

pub(super) fn concept(list: &mut Writer, system: &str, code: &str) {
    list.object(|concept| {
        concept.array("coding", |codings| {
            codings.object(|one| {
                one.string("system", system);
                one.string("code", code);
            });
        });
    });
}

pub(super) fn reference(list: &mut Writer, key: &ResourceKey) {
    list.object(|one| one.string("reference", &key.to_string()));
}

/// The reminders of a visit, also those that have been due.
async fn reminders(
    work: Work<'_>,
    tx: &mut Transaction,
    subject: &Subject,
    start: Timestamp,
) -> Result<Vec<Wanted>> {
    if subject.visit.status != Some(Status::Booked) {
        return Ok(Vec::new());
    }
    let Some(policy) = subject.policy(work, tx).await? else {
        return Ok(Vec::new());
    };
    let mut wanted = Vec::new();
    for rule in &policy.reminders {
        let before = SignedDuration::from_mins(i64::from(rule.minutes_before));
        let at = start.checked_sub(before).unwrap_or(start);
        let due = quiet::evening_before(at, &subject.zone);
        for patient in &subject.patients {
            let one = Wanted {
                patient: patient.clone(),
                kind: News::Reminder,
                due,
                medium: rule.medium.clone(),
            };
            // The night moves several to the same evening.
            if !wanted.contains(&one) {
                wanted.push(one);
            }
        }
    }
    Ok(wanted)
}

/// The news of a visit, where it still is.
fn told(work: Work<'_>, subject: &Subject, start: Timestamp, kind: News) -> Vec<Wanted> {
    if !work.messages.are_sent() || kind == News::Other || !subject.is_still(kind, start) {
        return Vec::new();
    }
    let due = quiet::told_at(work.cx.now, start, &subject.zone);
    let patients = subject.patients.iter();
    patients
        .map(|patient| Wanted {
            patient: patient.clone(),
            kind,
            due,
            medium: Vec::new(),
        })
        .collect()
}

impl Subject {
    /// A visit as it is; nobody else changes it until the end.
    pub(super) async fn read(
        work: Work<'_>,
        tx: &mut Transaction,
        key: &ResourceKey,
    ) -> Result<Option<Self>> {
        let Some(resource) = work.read(tx, key).await? else {
            return Ok(None);
        };
        let Some(Ruled::Visit(visit)) = Ruled::of(&resource) else {
            return Ok(None);
        };
        let keys = visit.participants.iter();
        let keys = keys.filter_map(|one| one.key(&work.cx.base_url));
        Ok(Some(Self {
            key: key.clone(),
            patients: keys
                .filter(|key| key.resource_type.name() == "Patient")
                .collect(),
            zone: quiet::zone_of(&resource).unwrap_or_else(|| work.messages.zone.clone()),
            visit,
            resource,
        }))
    }

    /// Whether a visit still is what a message says of it.
    pub(super) fn is_still(&self, kind: News, starts: Timestamp) -> bool {
        let status = match kind {
            News::Booked | News::Changed | News::Reminder => Status::Booked,
            News::Cancelled => Status::Cancelled,
            News::Offered => Status::Pending,
            News::Other => return false,
        };
        self.visit.status == Some(status) && self.visit.start == Some(starts)
    }

    /// How its kind is booked, where that is known and understood.
    async fn policy(&self, work: Work<'_>, tx: &mut Transaction) -> Result<Option<Policy>> {
        let participants = self
            .resource
            .get("participant")
            .into_iter()
            .flat_map(Value::items);
        let mut named = participants.filter_map(|one| {
            let text = one.at(&["actor", "reference"])?.string()?;
            match Reference::parse(&text, &work.cx.base_url) {
                Reference::Local { key, .. } => Some(key),
                _ => None,
            }
        });
        let service = named.find(|key| key.resource_type.name() == "HealthcareService");
        let service = match service {
            Some(key) => work.look(tx, &key).await?,
            None => self.only_service(work).await?,
        };
        // What is not understood is said to whoever books by it.
        Ok(service.and_then(|one| Policy::of(one.root()).ok().flatten()))
    }

    /// The one HealthcareService in use that is of its types.
    async fn only_service(&self, work: Work<'_>) -> Result<Option<Resource>> {
        let types = self
            .resource
            .get("serviceType")
            .into_iter()
            .flat_map(Value::items);
        let types = types.flat_map(Coding::all);
        let types: Vec<String> = types
            .map(|one| format!("{}|{}", one.system, one.code))
            .collect();
        if types.is_empty() {
            return Ok(None);
        }
        let query = [
            ("service-type".to_owned(), types.join(",")),
            ("active:not".to_owned(), "false".to_owned()),
        ];
        let mut found = work.search("HealthcareService", &query).await?;
        let first = found.pop();
        Ok(first.filter(|_| found.is_empty()))
    }
}

/// What a stored resource lacks that only this server writes.
pub(super) fn unreadable() -> Error {
    Error::internal("a message is not as it was written")
}
