//! The visits of a series, where something is done to several of them at once (server/SCHEDULING.md, series).

use fhir::ids::ResourceType;
use fhir::json::Value;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use fhir::scheduling::zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::OperationContext;
use super::{Current, Draft, visit_of};
use crate::context::Handling;
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::TZ_CODE;
use crate::store::Transaction;

/// The system of the identifier that the visits of a series share.
pub(in crate::operations) const SERIES: &str =
    "https://vesta.example/fhir/NamingSystem/appointment-series";
/// The place of a visit in its series.
pub(in crate::operations) const INDEX: &str =
    "https://vesta.example/fhir/StructureDefinition/series-index";

/// No series that is booked here is longer.
const VISITS_MAX: u32 = 60;

/// Which visits of a series something is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum Scope {
    /// The one that is named.
    This,
    /// That one and those after it.
    Following,
    /// All that are to come.
    Series,
}

impl Scope {
    /// By the parameter `scope`; the one visit where nothing is said.
    pub(in crate::operations) fn read(code: Option<&str>) -> Result<Self> {
        match code {
            None | Some("this") => Ok(Self::This),
            Some("following") => Ok(Self::Following),
            Some("series") => Ok(Self::Series),
            Some(_) => Err(Error::new(
                ErrorKind::BadValue,
                "scope is this, following or series",
            )),
        }
    }
}

/// The visits that are meant, in the order of time: the one that is named, and of its series those to come that are in one of
/// these states, as far as whoever calls may see them. Nobody else changes them until the end.
pub(in crate::operations) async fn members(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    current: Current,
    scope: Scope,
    states: &str,
) -> Result<Vec<Current>> {
    if scope == Scope::This {
        return Ok(vec![current]);
    }
    let series = series_of(&current.resource).ok_or_else(|| {
        let sentence = "the visit is of no series that was booked here: scope is this";
        Error::new(ErrorKind::BusinessRule, sentence)
    })?;
    let types = ResourceType::parse("Appointment");
    let types = [types.ok_or_else(|| Error::internal("R4 has appointments"))?];
    let query = format!("identifier={SERIES}%7C{series}&status={states}");
    let searched = Searched::of(&types, &query, Handling::Strict);
    let plan = cx.definitions.plan(cx.request, &searched, None)?;
    let mut keys = tx.lock_matches(&plan, VISITS_MAX + 1).await?;
    if keys.len() > VISITS_MAX as usize {
        let sentence = format!("the series has more than {VISITS_MAX} visits");
        return Err(Error::new(ErrorKind::TooCostly, sentence));
    }
    keys.retain(|key| *key != current.key);
    let now = cx.request.now;
    let from = current.visit.start.filter(|_| scope == Scope::Following);
    let is_meant = |start: Timestamp| start > now && from.is_none_or(|from| start >= from);
    let mut visits = vec![current];
    for key in &keys {
        let other = Current::of(cx, tx, key).await?;
        if other.visit.start.is_some_and(is_meant) {
            visits.push(other);
        }
    }
    visits.sort_by_key(|one| one.visit.start);
    Ok(visits)
}

/// Which series a visit is of: what a server of this kind has made up.
fn series_of(resource: &Resource) -> Option<String> {
    let identifiers = resource.get("identifier");
    let mut identifiers = identifiers.into_iter().flat_map(Value::items);
    let own = identifiers
        .find(|one| one.get("system").and_then(Value::string).as_deref() == Some(SERIES))?;
    let value = own.get("value").and_then(Value::string)?;
    let is_plain = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && !value.is_empty()).then(|| value.into())
}

/// The place of a visit in its series.
pub(in crate::operations) fn index_of(resource: &Resource) -> Option<u32> {
    let all = resource.get("extension").into_iter().flat_map(Value::items);
    let mut all =
        all.filter(|one| one.get("url").and_then(Value::string).as_deref() == Some(INDEX));
    let number = all.next()?.get("valuePositiveInt")?;
    number.raw().parse().ok()
}

/// The visit from when to when, told in a zone.
pub(in crate::operations) fn place(
    draft: &mut Draft,
    (start, end): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<()> {
    for (name, moment) in [("start", start), ("end", end)] {
        let offset = zone.to_offset(moment);
        draft.set_text(name, &moment.display_with_offset(offset).to_string())?;
    }
    let named = fhir::json::quoted(zone.iana_name().unwrap_or("UTC"));
    let told = format!(r#"{{"extension":[{{"url":"{TZ_CODE}","valueCode":{named}}}]}}"#);
    draft.set("_start", &told)
}

/// The zone in which a visit is told.
pub(in crate::operations) fn zone_of(resource: &Resource) -> Result<TimeZone> {
    let all = resource.get("_start").and_then(|one| one.get("extension"));
    let mut all = all.into_iter().flat_map(Value::items);
    let told = all.find(|one| one.get("url").and_then(Value::string).as_deref() == Some(TZ_CODE));
    let named = told.and_then(|one| one.get("valueCode").and_then(Value::string));
    named.and_then(|name| zone(&name)).ok_or_else(|| {
        let sentence =
            "a series moves in the zone of its visits, and this one names none (tz-code of start)";
        Error::new(ErrorKind::BusinessRule, sentence)
    })
}

/// When the other visits of a series begin when one of them is moved: as much later or earlier on the clock of their zone.
pub(in crate::operations) fn moved(
    visit: &Current,
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<Timestamp> {
    let local = |at: Timestamp| zone.to_datetime(at);
    let start = visit_of(&visit.resource)?.start;
    let start = start.ok_or_else(|| Error::internal("a visit that is booked has a time"))?;
    let later = local(from).duration_until(local(to));
    let moved = local(start).checked_add(later).map_err(Error::internal)?;
    let moment = zone.to_ambiguous_timestamp(moved);
    if matches!(moment.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
        let sentence = format!(
            "{} would be at a time that no clock shows: {moved}",
            visit.key
        );
        return Err(Error::new(ErrorKind::BusinessRule, sentence));
    }
    moment.earlier().map_err(Error::internal)
}

/// The same issue, of a visit of the series.
pub(in crate::operations) fn at(issue: &Issue, index: u32) -> Issue {
    let mut issue = issue.clone();
    issue.diagnostics = format!("visit {index} of the series: {}", issue.diagnostics).into();
    issue
}
