//! Weekly rules in local time become instants (`server/SCHEDULING.md`, time zones).
//!
//! A moment is open by a rule when the wall clock of the zone shows a time of the rule on one of its days, and shows it for
//! the first time: what a clock jumps over is never open, and an hour that comes twice is open once, the first time.

use jiff::civil::{self, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::availability::{Availability, Exception, ExceptionKind, Mode, epoch_day};
use super::interval::{Interval, Intervals};
use super::parts::Period;
use super::schedule::Schedule;
use crate::time;

impl Schedule {
    /// When the calendar is open within a window: for one HealthcareService, or for any. In it are the rules and what
    /// exceptions and free Slots open; not in it what exceptions close, and all where the calendar is not in use.
    pub fn open(&self, window: Interval, service: Option<&str>, free: &Intervals) -> Intervals {
        if !self.is_active {
            return Intervals::default();
        }
        let zone = &self.availability.zone;
        let horizon = period_in(zone, &self.horizon);
        let Some(window) = horizon.and_then(|horizon| horizon.intersect(window)) else {
            return Intervals::default();
        };
        self.availability.open(window, service, free)
    }

    /// Whether all of `[start, end)` is open for a HealthcareService.
    pub fn is_open(&self, visit: Interval, service: Option<&str>, free: &Intervals) -> bool {
        self.open(visit, service, free).covers(visit)
    }
}

impl Availability {
    fn open(&self, window: Interval, service: Option<&str>, free: &Intervals) -> Intervals {
        let mut open: Vec<Interval> = free
            .iter()
            .filter_map(|free| free.intersect(window))
            .collect();
        if self.mode == Mode::Rules {
            self.by_rules(window, service, &mut open);
            open.extend(self.exceptional(ExceptionKind::Open, window));
        }
        let closed: Intervals = self.exceptional(ExceptionKind::Closed, window).collect();
        open.into_iter().collect::<Intervals>().subtract(&closed)
    }

    fn exceptional(
        &self,
        kind: ExceptionKind,
        window: Interval,
    ) -> impl Iterator<Item = Interval> + '_ {
        let of_kind = move |exception: &&Exception| exception.kind == kind;
        let periods = self.exceptions.iter().filter(of_kind);
        periods
            .filter_map(move |exception| period_in(&self.zone, &exception.when)?.intersect(window))
    }

    fn by_rules(&self, window: Interval, service: Option<&str>, open: &mut Vec<Interval>) {
        for segment in segments(&self.zone, window) {
            let (from, to) = (
                segment.local(segment.of.start),
                segment.local(segment.of.end),
            );
            let mut day = from.date();
            while day <= to.date() {
                for rule in &self.rules {
                    if !rule.opens(day, service) {
                        continue;
                    }
                    let opens = segment.instant(day, Some(rule.from));
                    let closes = segment.instant(
                        day,
                        Some(rule.to).filter(|to| *to != civil::Time::midnight()),
                    );
                    let times = opens
                        .zip(closes)
                        .map(|(start, end)| Interval { start, end });
                    open.extend(times.and_then(|times| times.intersect(segment.of)));
                }
                let Ok(next) = day.tomorrow() else { break };
                day = next;
            }
        }
    }
}

/// A stretch of time in which a zone keeps its offset, without what its clock shows for the second time.
struct Segment {
    of: Interval,
    offset: Offset,
}

impl Segment {
    fn local(&self, moment: Timestamp) -> DateTime {
        self.offset.to_datetime(moment)
    }

    /// The moment of a local time by this offset; without a time, that of the end of the day.
    fn instant(&self, day: civil::Date, at: Option<civil::Time>) -> Option<Timestamp> {
        let seconds = match at {
            Some(at) => i64::from(at.hour()) * 3600 + i64::from(at.minute()) * 60,
            None => 86_400,
        };
        let local = epoch_day(day) * 86_400 + seconds;
        Timestamp::from_second(local - i64::from(self.offset.seconds())).ok()
    }
}

/// The stretches of a window, in order.
fn segments(zone: &TimeZone, window: Interval) -> Vec<Segment> {
    // A change before the window may still repeat times within it: none turns a clock back by more than a day.
    let early = window.start.checked_sub(SignedDuration::from_hours(26));
    let early = early.unwrap_or(window.start);
    let mut offset = zone.to_offset(early);
    let mut start = window.start;
    let mut segments = Vec::new();
    for change in zone.following(early) {
        let at = change.timestamp();
        if at >= window.end {
            break;
        }
        let times = Interval { start, end: at };
        if times.start < times.end {
            segments.push(Segment { of: times, offset });
        }
        let back = i64::from(offset.seconds()) - i64::from(change.offset().seconds());
        let repeated = SignedDuration::from_secs(back.max(0));
        start = start.max(at.checked_add(repeated).unwrap_or(at));
        offset = change.offset();
    }
    if start < window.end {
        let of = Interval {
            start,
            end: window.end,
        };
        segments.push(Segment { of, offset });
    }
    segments
}

/// The moments of a Period: dates are whole local days, 23 to 25 hours long; times end where they say.
pub(super) fn period_in(zone: &TimeZone, period: &Period) -> Option<Interval> {
    let start = period
        .start
        .map_or(Timestamp::MIN, |start| start.lower_in(zone));
    let end = period.end.map_or(Timestamp::MAX, |end| {
        if end.precision > time::Precision::Day {
            end.lower_in(zone)
        } else {
            end.upper_in(zone)
        }
    });
    (start < end).then_some(Interval { start, end })
}

/// Where visits may start: on multiples of so many minutes since local midnight.
#[derive(Clone, Debug)]
pub struct Grid {
    zone: TimeZone,
    minutes: i64,
}

impl Grid {
    /// The grid that keeps every one of these; without any, five minutes.
    pub fn new(zone: TimeZone, aligned: impl IntoIterator<Item = u32>) -> Self {
        let minutes = aligned
            .into_iter()
            .filter(|minutes| *minutes > 0)
            .map(i64::from);
        let minutes = minutes.reduce(least_common_multiple).unwrap_or(5);
        Self {
            zone,
            minutes: minutes.min(24 * 60),
        }
    }

    /// The zone whose midnight is meant.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first start that is not before a moment.
    pub fn from(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut at = moment;
        // Each change of the clock on the way may shift the grid.
        for _ in 0..8 {
            let local = self.zone.to_offset(at).to_datetime(at);
            let time = local.time();
            let whole = time.second() == 0 && time.subsec_nanosecond() == 0;
            let minute = i64::from(time.hour()) * 60 + i64::from(time.minute()) + i64::from(!whole);
            if whole && minute % self.minutes == 0 {
                return Some(at);
            }
            let next = (minute + self.minutes - 1) / self.minutes * self.minutes;
            let seconds = next.min(24 * 60) * 60 - seconds_of(time);
            let forward = SignedDuration::new(seconds, -time.subsec_nanosecond());
            let reached = at.checked_add(forward).ok()?;
            // Where the clock is turned on the way, what it shows then may be on the grid already.
            let turned = self
                .zone
                .following(at)
                .next()
                .map(|change| change.timestamp());
            at = turned.map_or(reached, |turned| turned.min(reached));
        }
        None
    }

    /// The starts of visits of a duration that lie within the open times, each start once on the wall clock.
    pub fn starts(&self, open: &Intervals, duration: SignedDuration) -> Vec<Timestamp> {
        let mut starts = Vec::new();
        for interval in open.iter() {
            let mut next = self.from(interval.start);
            while let Some(start) = next {
                let end = start.checked_add(duration);
                if end.is_err() || end.is_ok_and(|end| end > interval.end) {
                    break;
                }
                if self.is_first(start) {
                    starts.push(start);
                }
                next = start
                    .checked_add(1.minute())
                    .ok()
                    .and_then(|after| self.from(after));
            }
        }
        starts
    }

    /// Whether the clock shows this time for the first time.
    fn is_first(&self, moment: Timestamp) -> bool {
        let local = self.zone.to_offset(moment).to_datetime(moment);
        let first = self.zone.to_ambiguous_timestamp(local).earlier();
        first.is_ok_and(|first| first == moment)
    }
}

fn seconds_of(time: civil::Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

fn least_common_multiple(one: i64, other: i64) -> i64 {
    let (mut greater, mut lesser) = (one, other);
    while lesser != 0 {
        (greater, lesser) = (lesser, greater % lesser);
    }
    one / greater * other
}
