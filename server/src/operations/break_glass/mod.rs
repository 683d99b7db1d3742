//! `Patient/[id]/$break-glass`: a record is opened in an emergency, with a reason, for some time, and for review.

#[cfg(test)]
mod tests;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Document, Value, Writer};
use fhir::resource::Resource;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::audit::AuditedResource;
use crate::auth::{Access, Grant, Reason, VERY_RESTRICTED};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{BreakGlass, Source, Transaction, Verb};

/// Of which the reasons are.
const REASONS: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/// Fewest characters of a justification.
const WORDS: usize = 15;
/// Minutes where nothing is said, and at most.
const MINUTES: (i64, i64) = (60, 240);
/// When the review is due.
const REVIEW: SignedDuration = SignedDuration::from_hours(72);

/// The operation.
pub(super) struct OpenRecord;

/// What it takes.
pub(super) struct OpenRecordParams {
    reason: Document,
    justification: String,
    minutes: Option<i32>,
}

impl Params for OpenRecordParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reason: arguments.required("reason")?,
            justification: arguments.required("justification")?,
            minutes: arguments.optional("minutes")?,
        })
    }
}

impl Change for OpenRecord {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = OpenRecordParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        holder(cx.request).map(|_| ())
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &OpenRecordParams,
    ) -> Result<OperationAnswer> {
        let (grant, holder) = holder(cx.request)?;
        let (reason, minutes) = asked(params)?;
        let patient = cx.instance()?;
        // The review is written by the server, not by whoever is reviewed.
        let own = RequestContext {
            access: Access::system(Reason::Review),
            ..cx.request.clone()
        };
        let own = OperationContext {
            request: &own,
            ..cx
        };
        let opening = refuse_closed(own, patient).await?;
        let now = cx.request.now;
        let review = new_task()?;
        let opened = BreakGlass {
            id: Uuid::now_v7(),
            grant_id: grant.id,
            holder,
            patient: patient.clone(),
            reason,
            justification: params.justification.trim().into(),
            opened: now,
            ends: now + SignedDuration::from_mins(minutes),
            review,
        };
        let task = task(&opened, now)?;
        let task = own
            .prepare(opened.review.clone(), Verb::Post, &task)
            .await?;
        // The record is opened and its review asked for, both or neither; the trail says who did it, and to whom.
        tx.write_as(Access::system(Reason::Review));
        tx.note_read(vec![opening]);
        tx.create(std::slice::from_ref(&task)).await?;
        tx.break_glass(&opened).await?;
        Ok(answer(&opened))
    }
}

/// Who asks; nobody but a person who may, and has just shown a second factor.
fn holder(cx: &RequestContext) -> Result<(&Grant, ResourceKey)> {
    let refused = |sentence: &str| Error::new(ErrorKind::Forbidden, sentence);
    let grant = cx.access.grant();
    let user = grant.and_then(|grant| Some((grant, grant.user.as_ref()?)));
    let (grant, user) =
        user.ok_or_else(|| refused("a record is opened for a person who has logged in"))?;
    if !cx.access.breaks_glass() {
        return Err(refused("no role of yours may open a record"));
    }
    Ok((grant, user.key().clone()))
}

/// A coding's system and code.
type SystemAndCode = (Box<str>, Box<str>);

/// The reason, and for how many minutes.
fn asked(params: &OpenRecordParams) -> Result<(SystemAndCode, i64)> {
    let bad = |sentence: &str| Error::new(ErrorKind::BadValue, sentence);
    let text = |name: &str| params.reason.root().get(name).and_then(Value::string);
    let (system, code) = (text("system"), text("code"));
    let reason = match (system.as_deref(), code.as_deref()) {
        (Some(REASONS), Some(code @ ("ETREAT" | "BTG"))) => (REASONS.into(), code.into()),
        _ => {
            return Err(
                bad("the reason is ETREAT or BTG of v3-ActReason").at("Parameters.parameter")
            );
        }
    };
    if params.justification.trim().chars().count() < WORDS {
        return Err(bad("the justification has at least 15 characters"));
    }
    let minutes = params.minutes.map_or(MINUTES.0, i64::from);
    match minutes <= MINUTES.1 {
        true => Ok((reason, minutes)),
        false => Err(bad("a record is opened for 240 minutes at most")),
    }
}

/// The record as the trail names it; one that is not there, or is never opened, is answered the same.
async fn refuse_closed(cx: OperationContext<'_>, patient: &ResourceKey) -> Result<AuditedResource> {
    let absent = || Error::new(ErrorKind::NotFound, format!("there is no {patient}"));
    let found = Source::Committed(cx.store)
        .read(cx.request, patient)
        .await?;
    let found = found.ok_or_else(absent)?;
    let content = found.content.ok_or_else(absent)?;
    let record = Resource::parse(content).map_err(Error::internal)?;
    match record.has_security_label(VERY_RESTRICTED) {
        true => Err(absent()),
        false => Ok(AuditedResource {
            key: patient.clone(),
            version: Some(found.version),
            patients: vec![patient.id.clone()],
        }),
    }
}

fn new_task() -> Result<ResourceKey> {
    let named = ResourceType::parse("Task").ok_or_else(|| Error::internal("R4 has tasks"))?;
    let id = Uuid::now_v7().to_string();
    Ok(ResourceKey::new(
        named,
        id.parse().map_err(Error::internal)?,
    ))
}

/// What the privacy officer is to do.
fn task(opened: &BreakGlass, now: Timestamp) -> Result<Resource> {
    let mut writer = Writer::with_capacity(1024);
    let coding = |writer: &mut Writer, system: &str, code: &str| {
        writer.object(|coding| {
            coding.string("system", system);
            coding.string("code", code);
        });
    };
    writer.object(|task| {
        task.string("resourceType", "Task");
        task.string("status", "requested");
        task.string("intent", "order");
        task.string("priority", "urgent");
        task.object("code", |code| {
            code.array("coding", |list| coding(list, TASKS, "btg-review"));
        });
        task.string("description", &opened.justification);
        task.object("for", |patient| {
            patient.string("reference", &opened.patient.to_string())
        });
        task.string("authoredOn", &now.to_string());
        task.object("requester", |holder| {
            holder.string("reference", &opened.holder.to_string())
        });
        task.array("performerType", |list| {
            list.object(|role| {
                role.array("coding", |list| {
                    coding(list, crate::auth::STAFF_ROLE, "privacy-officer")
                });
            });
        });
        task.object("reasonCode", |reason| {
            reason.array("coding", |list| {
                coding(list, &opened.reason.0, &opened.reason.1)
            });
        });
        task.object("restriction", |restriction| {
            restriction.object("period", |period| {
                period.string("end", &(now + REVIEW).to_string());
            });
        });
    });
    Resource::parse(writer.finish()).map_err(Error::internal)
}

const TASKS: &str = "https://vesta.example/fhir/CodeSystem/task-code";

fn answer(opened: &BreakGlass) -> OperationAnswer {
    let mut writer = Writer::with_capacity(256);
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", |list| {
            list.object(|part| {
                part.string("name", "until");
                part.string("valueInstant", &opened.ends.to_string());
            });
            list.object(|part| {
                part.string("name", "review");
                part.object("valueReference", |review| {
                    review.string("reference", &opened.review.to_string());
                });
            });
        });
    });
    OperationAnswer::resource(writer.finish())
}
