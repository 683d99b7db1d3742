//! A series of visits: each an Appointment of its own, all booked by one call, or none (server/SCHEDULING.md, series).

use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::scheduling::{Fault, Interval, Occurrence, Recurrence, zone};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use uuid::Uuid;

use super::{BookParams, bad, need_all};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::operations::visits::series::{INDEX, SERIES, at, place};
use crate::operations::visits::{Done, Draft, answer_all, visit_of};
use crate::operations::{Arguments, OperationAnswer, OperationContext, Params};
use crate::store::Transaction;

/// Times that are tried in the place of one that cannot be had: those that are found are free, but for what else refuses them.
const TRIES: usize = 12;

/// When a visit takes place again.
pub(super) struct Recurring {
    rrule: String,
    timezone: String,
    exdates: Vec<String>,
    on_conflict: Option<String>,
}

/// What is done where a visit cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnConflict {
    /// Nothing is booked.
    Fail,
    /// It is left out.
    Skip,
    /// It is later on the same day, or left out.
    NextAvailable,
}

/// A series that is being booked.
struct Booking<'a> {
    params: &'a BookParams,
    cx: OperationContext<'a>,
    /// The visit that takes place again.
    resource: &'a Resource,
    length: SignedDuration,
    zone: TimeZone,
    series: Uuid,
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

impl OnConflict {
    fn read(code: Option<&str>) -> Result<Self> {
        match code {
            None | Some("fail") => Ok(Self::Fail),
            Some("skip") => Ok(Self::Skip),
            Some("next-available") => Ok(Self::NextAvailable),
            Some(_) => Err(bad("on-conflict is fail, skip or next-available")),
        }
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
        let on_conflict = OnConflict::read(self.on_conflict.as_deref())?;
        let visit = visit_of(resource)?;
        let times = visit.start.zip(visit.end);
        let (start, end) = times.ok_or_else(|| bad("a series has a first visit, with its time"))?;
        let zone = zone(&self.timezone)
            .ok_or_else(|| bad("timezone is the name of a zone of the tz database"))?;
        let misread = |fault: Fault| bad(&fault.to_string());
        let rule = Recurrence::read(&self.rrule, &self.exdates).map_err(misread)?;
        let occurrences = rule.occurrences(start, &zone, Timestamp::MAX);
        let occurrences = occurrences.map_err(misread)?;
        let booking = Booking {
            params,
            cx,
            resource,
            length: end.duration_since(start),
            zone,
            series: Uuid::now_v7(),
        };
        let (mut done, mut issues): (Vec<Done>, Vec<Issue>) = (Vec::new(), Vec::new());
        for one in &occurrences.starts {
            let refused = match booking.book(tx, one.start, one.index).await? {
                Ok(booked) => {
                    done.push(booked);
                    continue;
                }
                Err(refused) => refused,
            };
            issues.extend(refused.issues().iter().map(|issue| at(issue, one.index)));
            if on_conflict == OnConflict::NextAvailable
                && let Some((booked, start)) = booking.book_later(tx, one).await?
            {
                done.push(booked);
                issues.push(booking.moved_to(one, start));
            }
        }
        if done.is_empty() || !issues.is_empty() && on_conflict == OnConflict::Fail {
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

impl Booking<'_> {
    /// One visit of the series, or the refusal where it cannot be had.
    async fn book(
        &self,
        tx: &mut Transaction,
        start: Timestamp,
        index: u32,
    ) -> Result<std::result::Result<Done, Error>> {
        let draft = self.draft(start, index);
        let mark = tx.mark().await?;
        match self.params.write(self.cx, tx, None, &mut draft?).await {
            Err(refused) if refused.kind() == ErrorKind::Conflict => {
                tx.back_to(mark).await?;
                Ok(Err(refused))
            }
            booked => booked.map(Ok),
        }
    }

    fn draft(&self, start: Timestamp, index: u32) -> Result<Draft> {
        let mut draft = Draft::of(self.resource);
        need_all(&mut draft, self.cx)?;
        self.params.booked(&mut draft, self.cx)?;
        draft.set_text("created", &self.cx.request.now.to_string())?;
        let end = start.checked_add(self.length).map_err(Error::internal)?;
        place(&mut draft, (start, end), &self.zone)?;
        join(&mut draft, self.series, index)?;
        Ok(draft)
    }

    /// The visit at the first time after the one that was wanted on the same local day at which it can be had, and that time.
    async fn book_later(
        &self,
        tx: &mut Transaction,
        wanted: &Occurrence,
    ) -> Result<Option<(Done, Timestamp)>> {
        let day = wanted.start.to_zoned(self.zone.clone());
        let ends = day.tomorrow().and_then(|next| next.start_of_day());
        let begins = wanted.start.checked_add(1.minute());
        let window = Interval {
            start: begins.map_err(Error::internal)?,
            end: ends.map_err(Error::internal)?.timestamp(),
        };
        if window.start >= window.end {
            return Ok(None);
        }
        let visit = visit_of(&self.draft(wanted.start, wanted.index)?.resource()?)?;
        let starts = tx.free_starts(&visit, window, &self.zone).await?;
        for start in starts.into_iter().take(TRIES) {
            if let Ok(booked) = self.book(tx, start, wanted.index).await? {
                return Ok(Some((booked, start)));
            }
        }
        Ok(None)
    }

    /// That a visit is at another time than it was wanted at.
    fn moved_to(&self, wanted: &Occurrence, start: Timestamp) -> Issue {
        let local = |at: Timestamp| self.zone.to_datetime(at);
        let sentence = format!(
            "visit {} of the series is at {} in the place of {}",
            wanted.index,
            local(start),
            local(wanted.start)
        );
        Issue::new(Severity::Warning, IssueType::BusinessRule, sentence)
    }
}
/// The visit as one of a series.
fn join(draft: &mut Draft, series: Uuid, index: u32) -> Result<()> {
    draft.identify(SERIES, &series.to_string())?;
    draft.set_extension(INDEX, Some(&format!(r#""valuePositiveInt":{index}"#)))
}
