//! `Schedule/[id]/$block`: a time of a calendar cannot be booked, as by leave or maintenance.

#[cfg(test)]
mod tests;

use fhir::ids::ResourceKey;
use fhir::json::Document;
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::Interval;

use super::find::calendars::own_request;
use super::slots::{
    Opened, add, cut_out, new_key, not_understood, permit, searchset, shown, words,
};
use super::visits::visit_of;
use super::{Argument, Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::auth::{Access, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::{Rebook, Status, Visit};
use crate::store::{Source, Transaction, Verb};

/// The operation.
pub(super) struct BlockTime;

/// What it takes.
pub(super) struct BlockTimeParams {
    period: Document,
    reason: Option<Document>,
    on_conflict: Option<String>,
}

impl Params for BlockTimeParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            period: arguments.required("period")?,
            reason: match arguments.optional("reason")? {
                Some(Argument::Value(reason)) => Some(reason),
                _ => None,
            },
            on_conflict: arguments.optional("on-conflict")?,
        })
    }
}

impl Change for BlockTime {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = BlockTimeParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        permit(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &BlockTimeParams,
    ) -> Result<OperationAnswer> {
        let opened = Opened::of(cx, tx).await?;
        let times = opened.schedule.times(params.period.root(), "period");
        let times = times.map_err(not_understood)?;
        let reason = params.reason.as_ref().map(|one| words(one.root()));
        let reason = reason.transpose()?;
        let is_forced = match params.on_conflict.as_deref() {
            None | Some("fail") => false,
            Some("force") => true,
            Some("list") => return listed(cx, tx, &opened, times).await,
            Some(_) => {
                let sentence = "on-conflict is fail, list or force";
                return Err(Error::new(ErrorKind::BadValue, sentence));
            }
        };
        let slot = opened.blocked(times, reason.as_deref(), is_forced)?;
        cut_out(cx, tx, &opened, times).await?;
        blocked(cx, tx, &slot, is_forced).await
    }
}

/// Which visits it would affect, as far as whoever asks may read them.
async fn listed(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    opened: &Opened,
    times: Interval,
) -> Result<OperationAnswer> {
    let slot = opened.blocked(times, None, false)?;
    let mut entries = Vec::new();
    let mut hidden = false;
    for (key, _) in affected(cx, tx, &new_key("Slot")?, &slot).await? {
        match shown(cx, tx, &key).await? {
            Some(content) => entries.push((key, content, "match")),
            None => hidden = true,
        }
    }
    let answer = OperationAnswer::resource(searchset(cx, entries.len(), &entries));
    let sentence = "there are other visits at that time, which this access does not show";
    let mut issue = Issue::error(IssueType::Suppressed, sentence);
    issue.severity = Severity::Information;
    Ok(match hidden {
        true => answer.saying(vec![issue]),
        false => answer,
    })
}

/// Writes the block, and what follows from it.
async fn blocked(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    slot: &Resource,
    is_forced: bool,
) -> Result<OperationAnswer> {
    let request = own_request(cx);
    let own = OperationContext {
        request: &request,
        ..cx
    };
    let key = new_key("Slot")?;
    let write = own.prepare(key.clone(), Verb::Post, slot).await?;
    tx.write_as(Access::system(Reason::Visits));
    let written = tx.create(&[write.by_operation()]).await?.pop();
    let written = written.ok_or_else(|| Error::internal("a create answered nothing"))?;
    tx.write_as(cx.request.access.clone());
    if is_forced {
        tx.force_block(&key);
    }
    // From here on nobody is booked at that time.
    tx.settle().await.map_err(|refusal| refusal.error)?;
    let mut tasks = Vec::new();
    if is_forced {
        for (visit_key, visit) in affected(cx, tx, &key, slot).await? {
            if visit.status != Some(Status::Pending) {
                tasks.push(task(cx, &visit_key, &visit, &key)?);
            }
        }
    }
    let tasks = add(cx, tx, "Task", &tasks).await?;
    let content = String::from_utf8(written.content.to_vec()).map_err(Error::internal)?;
    let mut entries = vec![(key.clone(), content, "match")];
    for task in tasks {
        let content = shown(cx, tx, &task).await?;
        entries.extend(content.map(|content| (task, content, "include")));
    }
    let answer = OperationAnswer::resource(searchset(cx, 1, &entries));
    Ok(answer.created(key, written.version))
}

/// The visits that are to take place at the time of a block, or are held.
async fn affected(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
    slot: &Resource,
) -> Result<Vec<(ResourceKey, Visit)>> {
    let request = own_request(cx);
    let mut found = Vec::new();
    let meeting = tx.visits_meeting(key, slot).await?;
    let most = cx.request.limits.slots;
    if meeting.len() > most {
        let sentence = format!("one block is put over {most} visits at most: block fewer days");
        return Err(Error::new(ErrorKind::TooCostly, sentence));
    }
    for key in meeting {
        let version = Source::Within(cx.store, tx).read(&request, &key).await?;
        let Some(content) = version.and_then(|one| one.content) else {
            continue;
        };
        let visit = visit_of(&Resource::parse(content).map_err(Error::internal)?)?;
        if visit.status != Some(Status::Fulfilled) {
            found.push((key, visit));
        }
    }
    Ok(found)
}

/// What the front desk is to do about a visit.
fn task(
    cx: OperationContext<'_>,
    key: &ResourceKey,
    visit: &Visit,
    slot: &ResourceKey,
) -> Result<Resource> {
    let participants = visit.participants.iter();
    let mut keys = participants.filter_map(|one| one.key(&cx.request.base_url));
    let patient = keys.find(|key| key.resource_type.name() == "Patient");
    let patient = patient.map(|key| key.to_string());
    let grant = cx.request.access.grant();
    let user = grant.and_then(|grant| Some(grant.user.as_ref()?.to_string()));
    let task = Rebook {
        visit: key,
        patient: patient.as_deref(),
        requester: user.as_deref(),
        because_of: slot,
        until: visit.start,
        now: cx.request.now,
    };
    task.resource()
}
