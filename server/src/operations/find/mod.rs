//! `Appointment/$find` (<https://profiles.ihe.net/ITI/Scheduling/ITI-115.html>): visits that could be booked
//! (server/SCHEDULING.md, what is offered).

mod asked;
pub(super) mod calendars;
mod proposals;
#[cfg(test)]
pub(super) mod tests;
mod wanted;

use fhir::json::{Document, Value};
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Grid, Intervals, Policy, not_busy, offers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use self::asked::Asked;
pub(super) use self::asked::window;
use self::calendars::{Wanted, needs, search};
use self::proposals::{Proposals, Visit};
pub(super) use self::wanted::{Had, Time, Wish, clinic_hours, had, service_of_types};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, OpError, Result};

/// The operation.
pub(super) struct Find;

/// What it takes.
pub(super) struct FindParams {
    start: String,
    end: String,
    service: Option<Document>,
    visit_type: Vec<String>,
    specialty: Vec<String>,
    reason: Vec<String>,
    practitioner: Vec<Document>,
    organization: Vec<Document>,
    location: Vec<Document>,
    device: Vec<Document>,
    location_string: Vec<String>,
    patient: Vec<Document>,
    patient_resource: Vec<Resource>,
    referral: Option<Document>,
    timing: Option<Document>,
    insurance: Vec<Document>,
    duration: Option<Document>,
    include_overbook: Option<bool>,
    count: Option<i32>,
}

impl Params for FindParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.required("start")?,
            end: arguments.required("end")?,
            service: arguments.optional("healthcare-service")?,
            visit_type: arguments.list("visit-type")?,
            specialty: arguments.list("specialty")?,
            reason: arguments.list("reason")?,
            practitioner: arguments.list("practitioner")?,
            organization: arguments.list("organization")?,
            location: arguments.list("location-reference")?,
            device: arguments.list("device-reference")?,
            location_string: arguments.list("location-string")?,
            patient: arguments.list("patient-reference")?,
            patient_resource: arguments.list("patient-resource")?,
            referral: arguments.optional("referral-identifier")?,
            timing: arguments.optional("timing")?,
            insurance: arguments.list("insurance-reference")?,
            duration: arguments.optional("duration")?,
            include_overbook: arguments.optional("include-overbook")?,
            count: arguments.optional("_count")?,
        })
    }
}

/// The kind of visit that is asked for.
struct Service {
    key: String,
    resource: Resource,
    types: Vec<Coding>,
    policy: Policy,
}

impl Operation for Find {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = FindParams;

    async fn invoke(cx: OperationContext<'_>, params: FindParams) -> Result<OperationAnswer> {
        let asked = Asked::read(&params)?;
        let service = service(cx, &asked).await?;
        if cx.request.access.is_patients() {
            refuse_patient(&asked, &service)?;
        }
        for patient in &asked.patients {
            let (version, content) = cx.read(&asked::key(patient)?).await?;
            cx.note_read(&version, &content)?;
        }
        let referrals = refer(cx, &asked, &service).await?;
        let mut issues = Vec::new();
        let (found, zone) = found(cx, &asked, &service, &mut issues).await?;
        let proposals = Proposals {
            cx,
            asked: &asked,
            service: &service.key,
            resource: &service.resource,
            referrals: &referrals,
            zone,
        };
        let mut best: Vec<&Visit> = found.iter().take(asked.count).collect();
        best.sort_by_key(|visit| visit.start);
        proposals.answer(&best, found.len(), issues).await
    }
}

/// All visits that could be booked, the best first, and the zone they are told in.
async fn found(
    cx: OperationContext<'_>,
    asked: &Asked,
    service: &Service,
    issues: &mut Vec<Issue>,
) -> Result<(Vec<Visit>, Option<TimeZone>)> {
    let policy = &service.policy;
    let requirements = asked.requirements(policy)?;
    let Some(window) = asked.within(policy, cx.request.now, issues) else {
        return Ok((Vec::new(), None));
    };
    let is_wanted = |actor: &str| {
        let kind = actor.split('/').next().unwrap_or_default();
        requirements.iter().any(|one| one.kind.name() == kind)
    };
    let calendars = calendars::read(cx, is_wanted, window).await?;
    issues.extend(calendars::issues(&calendars));
    let wanted = Wanted {
        service: &service.key,
        service_types: &service.types,
        policy,
        requirements: &requirements,
        named: &asked.named,
        organizations: &asked.organizations,
        specialties: &asked.specialties,
        overbook: match asked.is_overbooking {
            true => policy.overbook_limit,
            false => 0,
        },
        window,
    };
    let found = needs(cx, &calendars, &wanted).await?;
    let of = |key: &String| calendars.by_actor.get(key).into_iter().flatten();
    let zone = found
        .leading()
        .and_then(|leading| found.keys.get(leading)?.iter().flat_map(of).next());
    let (Some(leading), Some(zone)) = (found.leading(), zone) else {
        return Ok((Vec::new(), None));
    };
    let zone = zone.schedule.availability.zone.clone();
    let aligned = found
        .keys
        .iter()
        .flatten()
        .flat_map(of)
        .filter_map(|one| one.schedule.availability.align);
    let grid = Grid::new(zone.clone(), aligned.chain(policy.align));
    let minutes = asked.duration.unwrap_or(policy.duration);
    let duration = SignedDuration::from_mins(i64::from(minutes));
    let open = found.needs[leading]
        .candidates
        .iter()
        .map(|one| one.open.clone());
    let open = open.reduce(|all, one| all.union(&one)).unwrap_or_default();
    let mut starts = grid.starts(&open, duration);
    starts.retain(|start| asked.is_time(*start, &zone));
    without_patients(cx, asked, &mut starts, duration).await?;
    let offered = offers(&starts, duration, &found.needs, leading);
    let visits = offered.into_iter().map(|offer| Visit {
        start: offer.start,
        duration,
        actors: offer
            .chosen
            .iter()
            .zip(&found.keys)
            .map(|(place, keys)| keys[*place].clone())
            .collect(),
    });
    Ok((visits.collect(), Some(zone)))
}

/// The one HealthcareService that is asked for, which whoever asks may see.
async fn service(cx: OperationContext<'_>, asked: &Asked) -> Result<Service> {
    let key = match &asked.service {
        Some(key) => key.clone(),
        None => {
            let mut found = service_of_types(cx, &asked.visit_types).await?;
            match (found.pop(), found.is_empty()) {
                (Some(key), true) => key.to_string(),
                (None, _) => {
                    return Err(asked::bad(
                        "visit-type",
                        "no HealthcareService is of this type",
                    ));
                }
                (Some(_), false) => {
                    return Err(asked::bad(
                        "visit-type",
                        "several HealthcareServices are of this type: name one as healthcare-service",
                    ));
                }
            }
        }
    };
    Service::read(cx, key).await
}

impl Service {
    /// A HealthcareService that can be booked.
    async fn read(cx: OperationContext<'_>, key: String) -> Result<Self> {
        let (_, content) = cx.read(&asked::key(&key)?).await?;
        let resource =
            Resource::parse_with(content, cx.request.limits.parse).map_err(Error::internal)?;
        let refused = |sentence: String| Error::new(ErrorKind::BusinessRule, sentence);
        if resource.get("active").and_then(Value::boolean) == Some(false) {
            return Err(refused(format!("{key} is not offered any more")));
        }
        let policy = Policy::of(resource.root())
            .map_err(|fault| refused(format!("{key} cannot be booked: {fault}")))?;
        let policy = policy.ok_or_else(|| {
            refused(format!(
                "{key} has no scheduling-policy, and cannot be booked"
            ))
        })?;
        let types = resource.get("type").into_iter().flat_map(Value::items);
        Ok(Service {
            types: types.flat_map(Coding::all).collect(),
            key,
            policy,
            resource,
        })
    }
}

/// Refuses a patient what staff alone do.
fn refuse_patient(asked: &Asked, service: &Service) -> Result<()> {
    let refused = |sentence: &str| Err(Error::new(ErrorKind::Forbidden, sentence));
    if !service.policy.self_book {
        return refused("this kind of visit is not booked by patients themselves");
    }
    if asked.duration.is_some() || asked.is_overbooking {
        return refused("patients choose neither a duration nor a place beyond the capacity");
    }
    Ok(())
}

/// The referrals of an identifier, by `[type]/[id]`; refuses what needs one and has none.
async fn refer(cx: OperationContext<'_>, asked: &Asked, service: &Service) -> Result<Vec<String>> {
    let refused = |sentence: &str| Err(OpError::ReferralRequired.refused(sentence));
    let Some((system, value)) = &asked.referral else {
        return match service.policy.referral_required {
            true => refused("this kind of visit needs a referral: 'referral-identifier'"),
            false => Ok(Vec::new()),
        };
    };
    if asked.patients.is_empty() {
        return Err(asked::bad(
            "referral-identifier",
            "a referral is that of a patient: 'patient-reference'",
        ));
    }
    let query = [
        (
            "identifier".to_owned(),
            format!("{}|{}", asked::escaped(system), asked::escaped(value)),
        ),
        ("status".to_owned(), "active".to_owned()),
        ("subject".to_owned(), asked.patients.join(",")),
    ];
    let found = search(
        cx,
        "ServiceRequest",
        &crate::searchset::query_text(&query),
        100,
    )
    .await?;
    match found.is_empty() {
        true => refused("there is no active referral of this identifier for the patient"),
        false => Ok(found.iter().map(|(key, _)| key.to_string()).collect()),
    }
}

/// Takes out the starts at which a patient is somewhere else.
async fn without_patients(
    cx: OperationContext<'_>,
    asked: &Asked,
    starts: &mut Vec<Timestamp>,
    duration: SignedDuration,
) -> Result<()> {
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else {
        return Ok(());
    };
    if asked.patients.is_empty() {
        return Ok(());
    }
    let end = last.checked_add(duration).unwrap_or(*last);
    let window = fhir::scheduling::Interval { start: *first, end };
    let busy = cx
        .store
        .busy(&asked.patients, window, cx.request.now)
        .await?;
    let busy = busy.iter().flat_map(|lane| lane.times.iter());
    not_busy(starts, duration, &busy.collect::<Intervals>());
    Ok(())
}

/// Something whoever asks should know.
fn said(sentence: &str) -> Issue {
    Issue::new(Severity::Information, IssueType::Informational, sentence)
}
