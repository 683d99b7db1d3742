//! A series of visits: each an Appointment of its own, all booked by one call, or none (server/SCHEDULING.md, series).

use fhir::json::Value;
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::{Fault, Recurrence, zone};
use jiff::Timestamp;
use uuid::Uuid;

use super::{BookParams, bad, need_all};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::operations::visits::series::{INDEX, SERIES, at, place};
use crate::operations::visits::{Done, Draft, answer_all, visit_of};
use crate::operations::{Arguments, OperationAnswer, OperationContext, Params};
use crate::store::Transaction;

/// When a visit takes place again.
pub(super) struct Recurring {
    rrule: String,
    timezone: String,
    exdates: Vec<String>,
    on_conflict: Option<String>,
}

impl Params for Recurring {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            rrule: arguments.required("rrule")?,
            timezone: arguments.required("timezone")?,
            exdates: arguments.list("exdate")?,
            on_conflict: arguments.optional("on-conflict")?,
        })
    }
}

impl Recurring {
    /// Books a visit, and again whenever the rule says.
    pub(super) async fn book(
        &self,
        params: &BookParams,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        resource: &Resource,
    ) -> Result<OperationAnswer> {
        let skips = match self.on_conflict.as_deref() {
            None | Some("fail") => false,
            Some("skip") => true,
            Some("next-available") => {
                let sentence = "on-conflict next-available is not supported: fail or skip";
                return Err(Error::new(ErrorKind::NotSupported, sentence));
            }
            Some(_) => return Err(bad("on-conflict is fail or skip")),
        };
        let visit = visit_of(resource)?;
        let times = visit.start.zip(visit.end);
        let (start, end) = times.ok_or_else(|| bad("a series has a first visit, with its time"))?;
        let zone = zone(&self.timezone)
            .ok_or_else(|| bad("timezone is the name of a zone of the tz database"))?;
        let misread = |fault: Fault| bad(&fault.to_string());
        let rule = Recurrence::read(&self.rrule, &self.exdates).map_err(misread)?;
        let occurrences = rule.occurrences(start, &zone, Timestamp::MAX);
        let occurrences = occurrences.map_err(misread)?;
        let series = Uuid::now_v7();
        let (mut done, mut issues): (Vec<Done>, Vec<Issue>) = (Vec::new(), Vec::new());
        for one in &occurrences.starts {
            let mut draft = Draft::of(resource);
            need_all(&mut draft, cx)?;
            params.booked(&mut draft, cx)?;
            draft.set_text("created", &cx.request.now.to_string())?;
            let length = end.duration_since(start);
            let ends = one.start.checked_add(length).map_err(Error::internal)?;
            place(&mut draft, (one.start, ends), &zone)?;
            join(&mut draft, resource, series, one.index)?;
            let mark = tx.mark().await?;
            match params.write(cx, tx, None, &mut draft).await {
                Ok(booked) => done.push(booked),
                Err(refused) if refused.kind() == ErrorKind::Conflict => {
                    tx.back_to(mark).await?;
                    issues.extend(refused.issues().iter().map(|issue| at(issue, one.index)));
                }
                Err(refused) => return Err(refused),
            }
        }
        if done.is_empty() || !issues.is_empty() && !skips {
            let sentence = "not every visit of the series can be had, and none was booked";
            let first = OpError::SeriesConflict.issue(sentence);
            issues.insert(0, first);
            return Err(Error::with_issues(ErrorKind::Conflict, issues));
        }
        for issue in &mut issues {
            issue.severity = Severity::Warning;
        }
        issues.extend(occurrences.in_gaps.iter().map(|(index, local)| {
            let sentence =
                format!("visit {index} of the series is left out: no clock shows {local}");
            Issue::new(Severity::Warning, IssueType::BusinessRule, sentence)
        }));
        Ok(answer_all(cx, done)?.saying(issues))
    }
}

/// The visit as one of a series.
fn join(draft: &mut Draft, resource: &Resource, series: Uuid, index: u32) -> Result<()> {
    let own = format!(r#"{{"system":"{SERIES}","value":"{series}"}}"#);
    let is_other =
        |one: &Value<'_>| one.get("system").and_then(Value::string).as_deref() != Some(SERIES);
    let there = resource
        .get("identifier")
        .into_iter()
        .flat_map(Value::items);
    let there = there.filter(is_other).map(|one| one.raw().to_owned());
    let all: Vec<String> = there.chain([own]).collect();
    draft.set("identifier", &format!("[{}]", all.join(",")))?;
    draft.set_extension(INDEX, Some(&format!(r#""valuePositiveInt":{index}"#)))
}
