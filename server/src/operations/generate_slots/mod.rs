//! `Schedule/[id]/$generate-slots`: the rules of a calendar become Slots that are free.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use fhir::json::Writer;
use fhir::resource::Resource;
use fhir::scheduling::{Interval, Intervals};
use jiff::Timestamp;

use super::slots::{Opened, add, not_understood, permit, take_away, too_many};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{SlotTime, Transaction};

/// Days that one call looks at.
const DAYS: i64 = 366;

/// The operation.
pub(super) struct GenerateSlots;

/// What it takes.
pub(super) struct GenerateSlotsParams {
    start: String,
    end: String,
    minutes: Option<i32>,
    replace: Option<bool>,
}

impl Params for GenerateSlotsParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.required("start")?,
            end: arguments.required("end")?,
            minutes: arguments.optional("minutes")?,
            replace: arguments.optional("replace")?,
        })
    }
}

impl Change for GenerateSlots {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = GenerateSlotsParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        permit(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &GenerateSlotsParams,
    ) -> Result<OperationAnswer> {
        let opened = Opened::of(cx, tx).await?;
        let days = opened.schedule.days(&params.start, &params.end);
        let days = days.map_err(not_understood)?;
        if days.end.duration_since(days.start).as_hours() > (DAYS + 1) * 24 {
            let sentence = format!("one call makes the Slots of {DAYS} days at most");
            return Err(Error::new(ErrorKind::TooCostly, sentence));
        }
        let most = cx.request.limits.slots;
        let wanted = wanted(&opened, days, params.minutes, cx)?;
        let there = opened.slots(tx, days).await?;
        let gone = match params.replace {
            Some(true) => replaced(&there, &wanted, days.start.max(cx.request.now)),
            _ => Vec::new(),
        };
        let gone_keys: BTreeSet<_> = gone.iter().map(|one| &one.key).collect();
        let kept = there.iter().filter(|one| !gone_keys.contains(&one.key));
        let kept: Intervals = kept.map(|one| one.times).collect();
        let new = wanted.iter().filter(|one| !kept.meets(**one));
        let new: Vec<Interval> = new.copied().collect();
        if new.len() > most {
            return Err(too_many(most));
        }
        let slots = new.iter().map(|times| opened.free(*times));
        let slots: Vec<Resource> = slots.collect::<Result<_>>()?;
        let removed = gone.len();
        let gone = gone.into_iter().map(|one| one.key.clone()).collect();
        take_away(cx, tx, gone).await?;
        let created = add(cx, tx, "Slot", &slots).await?.len();
        Ok(answer(created, removed, wanted.len() - created))
    }
}

/// The Slots that the rules come to; of what has begun there are none.
fn wanted(
    opened: &Opened,
    days: Interval,
    minutes: Option<i32>,
    cx: OperationContext<'_>,
) -> Result<Vec<Interval>> {
    let minutes = minutes.map(u32::try_from).transpose();
    let minutes = minutes.map_err(Error::internal)?;
    let minutes = minutes.filter(|minutes| *minutes > 0);
    if minutes.is_some_and(|minutes| minutes > 24 * 60) {
        let sentence = "a Slot is a day long at most: 1440 minutes";
        return Err(Error::new(ErrorKind::BadValue, sentence));
    }
    let most = cx.request.limits.slots;
    let window = Interval {
        start: days.start.max(cx.request.now),
        end: days.end,
    };
    if window.start >= window.end {
        return Ok(Vec::new());
    }
    // Pieces are counted from where the day opens, whatever the hour is now.
    let mut found = opened.schedule.slots(days, minutes, 4 * most);
    if found.len() > 4 * most {
        // There are more: what is left out says nothing of the Slots there are.
        return Err(too_many(most));
    }
    found.retain(|one| window.start <= one.start);
    match found.len() > most {
        true => Err(too_many(most)),
        false => Ok(found),
    }
}

/// The free Slots that begin from a moment on, but those that are what the rules say, and what is left of such a one beside a
/// visit or a block.
fn replaced<'a>(there: &'a [SlotTime], wanted: &[Interval], from: Timestamp) -> Vec<&'a SlotTime> {
    let is_free = |one: &&SlotTime| &*one.status == "free";
    let taken = there.iter().filter(|one| !is_free(one));
    let taken: Intervals = taken.map(|one| one.times).collect();
    let is_open = |one: &Interval| !taken.meets(*one);
    let mut open: BTreeSet<Interval> = wanted.iter().copied().filter(is_open).collect();
    let broken: Vec<Interval> = wanted
        .iter()
        .copied()
        .filter(|one| taken.meets(*one))
        .collect();
    let broken: Intervals = broken.into_iter().collect();
    let mut rests = broken.subtract(&taken);
    let mut gone = Vec::new();
    for slot in there.iter().filter(is_free) {
        let own: Intervals = [slot.times].into_iter().collect();
        let is_rest = rests.covers(slot.times);
        if is_rest {
            rests = rests.subtract(&own);
        }
        if !is_rest && !open.remove(&slot.times) && from <= slot.times.start {
            gone.push(slot);
        }
    }
    gone
}

fn answer(created: usize, removed: usize, kept: usize) -> OperationAnswer {
    let mut writer = Writer::with_capacity(256);
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", |list| {
            for (name, count) in [("created", created), ("removed", removed), ("kept", kept)] {
                list.object(|part| {
                    part.string("name", name);
                    part.raw("valueUnsignedInt", &count.to_string());
                });
            }
        });
    });
    OperationAnswer::resource(writer.finish())
}
