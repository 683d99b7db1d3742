//! Who, where and with what a visit could take place: starts at which everything it needs is open and free together.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::interval::Intervals;

/// Something a visit needs one of.
#[derive(Clone, Debug, Default)]
pub struct Need {
    /// Those who would do.
    pub candidates: Vec<Candidate>,
    /// How long before the start they are busy with it.
    pub before: SignedDuration,
    /// How long after the end.
    pub after: SignedDuration,
    /// Whether it is a place: it is chosen before what stands in places.
    pub is_place: bool,
}

/// Who or what would do.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// A number of whoever is busy by it: a person has one, in whatever role.
    pub who: usize,
    /// The number of the place it stands in, and is used in alone.
    pub stands_in: Option<usize>,
    /// When it can be booked.
    pub open: Intervals,
    /// When each of its lanes is busy; it takes as many visits at once as it has lanes.
    pub lanes: Vec<Intervals>,
    /// How much it is wanted: 0 is best.
    pub rank: usize,
}

/// A visit that could take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// When it starts.
    pub start: Timestamp,
    /// For each need, which of its candidates.
    pub chosen: Vec<usize>,
}

/// The visits of a duration that could take place at one of some starts, in order: one for each start and candidate of the
/// leading need. Those come first that are wanted most, then the earliest, then those that leave no gap beside them.
pub fn offers(
    starts: &[Timestamp],
    duration: SignedDuration,
    needs: &[Need],
    leading: usize,
) -> Vec<Offer> {
    let fits: Vec<Vec<Vec<bool>>> = needs
        .iter()
        .map(|need| {
            need.candidates
                .iter()
                .map(|one| fitting(starts, duration, need, one))
                .collect()
        })
        .collect();
    let mut order: Vec<usize> = (0..needs.len()).filter(|need| *need != leading).collect();
    order.sort_by_key(|need| !needs[*need].is_place);
    let mut choice = Choice {
        needs,
        fits: &fits,
        order: &order,
        chosen: vec![0; needs.len()],
    };
    let mut found = Vec::new();
    let Some(lead) = needs.get(leading) else {
        return Vec::new();
    };
    for (at, start) in starts.iter().enumerate() {
        for (place, candidate) in lead.candidates.iter().enumerate() {
            if !fits[leading][place][at] {
                continue;
            }
            choice.chosen[leading] = place;
            if choice.complete(leading, 0, at) {
                let offer = Offer {
                    start: *start,
                    chosen: choice.chosen.clone(),
                };
                let gaps = gaps(*start, duration, lead, candidate);
                found.push(((candidate.rank, *start, gaps, place), offer));
            }
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, offer)| offer).collect()
}

/// The starts at which somebody is not busy already.
pub fn not_busy(starts: &mut Vec<Timestamp>, duration: SignedDuration, busy: &Intervals) {
    let mut free = vec![true; starts.len()];
    block(&mut free, starts, busy, SignedDuration::ZERO, duration);
    let mut free = free.into_iter();
    starts.retain(|_| free.next().unwrap_or(false));
}

/// At which of the starts a candidate can be booked.
fn fitting(
    starts: &[Timestamp],
    duration: SignedDuration,
    need: &Need,
    candidate: &Candidate,
) -> Vec<bool> {
    let mut open = vec![false; starts.len()];
    for interval in candidate.open.iter() {
        let Ok(last) = interval.end.checked_sub(duration) else {
            continue;
        };
        let from = starts.partition_point(|start| *start < interval.start);
        let to = starts.partition_point(|start| *start <= last);
        if let Some(within) = open.get_mut(from..to) {
            within.fill(true);
        }
    }
    let lead = duration.saturating_add(need.after);
    let lanes: Vec<Vec<bool>> = candidate
        .lanes
        .iter()
        .map(|busy| {
            let mut free = vec![true; starts.len()];
            block(&mut free, starts, busy, need.before, lead);
            free
        })
        .collect();
    for (at, open) in open.iter_mut().enumerate() {
        *open &= lanes.iter().any(|lane| lane[at]);
    }
    open
}

/// Takes out the starts whose time, `before` them and `lead` from them, meets what is busy.
fn block(
    free: &mut [bool],
    starts: &[Timestamp],
    busy: &Intervals,
    before: SignedDuration,
    lead: SignedDuration,
) {
    for interval in busy.iter() {
        let first = interval.start.checked_sub(lead).unwrap_or(Timestamp::MIN);
        let last = interval.end.checked_add(before).unwrap_or(Timestamp::MAX);
        let from = starts.partition_point(|start| *start <= first);
        let to = starts.partition_point(|start| *start < last);
        if let Some(within) = free.get_mut(from..to.max(from)) {
            within.fill(false);
        }
    }
}

/// How many sides of a visit are neither beside another one nor at an end of the open time.
fn gaps(
    start: Timestamp,
    duration: SignedDuration,
    need: &Need,
    candidate: &Candidate,
) -> Reverse<usize> {
    let end = start.checked_add(duration).unwrap_or(start);
    let lower = start.checked_sub(need.before).unwrap_or(start);
    let upper = end.checked_add(need.after).unwrap_or(end);
    let beside = |lane: &Intervals| {
        usize::from(lane.iter().any(|one| one.end == lower))
            + usize::from(lane.iter().any(|one| one.start == upper))
    };
    let at_end = usize::from(candidate.open.iter().any(|one| one.start == start))
        + usize::from(candidate.open.iter().any(|one| one.end == end));
    Reverse(
        candidate
            .lanes
            .iter()
            .map(beside)
            .max()
            .unwrap_or(0)
            .max(at_end),
    )
}

/// A choice of one candidate for each need, as far as it has come.
struct Choice<'a> {
    needs: &'a [Need],
    fits: &'a [Vec<Vec<bool>>],
    order: &'a [usize],
    chosen: Vec<usize>,
}

impl Choice<'_> {
    /// Chooses for the needs from `next` on; `false` where there is no way.
    fn complete(&mut self, leading: usize, next: usize, at: usize) -> bool {
        let Some(&need) = self.order.get(next) else {
            return true;
        };
        let fits = self.fits;
        for (place, fits) in fits[need].iter().enumerate() {
            if !fits[at] || !self.goes_with(leading, next, need, place) {
                continue;
            }
            self.chosen[need] = place;
            if self.complete(leading, next + 1, at) {
                return true;
            }
        }
        false
    }

    /// Whether a candidate goes with those that are chosen: nobody is there twice, and what stands in a place is used there.
    fn goes_with(&self, leading: usize, next: usize, need: usize, place: usize) -> bool {
        let candidate = &self.needs[need].candidates[place];
        let before = std::iter::once(leading).chain(self.order.iter().take(next).copied());
        let chosen = |need: usize| &self.needs[need].candidates[self.chosen[need]];
        if before
            .clone()
            .any(|other| chosen(other).who == candidate.who)
        {
            return false;
        }
        let mut places = before
            .filter(|other| self.needs[*other].is_place)
            .peekable();
        let Some(stands_in) = candidate.stands_in.filter(|_| places.peek().is_some()) else {
            return true;
        };
        places.any(|other| chosen(other).who == stands_in)
    }
}
