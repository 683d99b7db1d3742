//! Sets of time: disjoint half-open intervals in order.

use jiff::{SignedDuration, Timestamp};

/// `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// The first moment.
    pub start: Timestamp,
    /// The first moment after.
    pub end: Timestamp,
}

impl Interval {
    /// The moments that both have; `None` where there are none.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end);
        (start < end).then_some(Self { start, end })
    }
}

/// Disjoint intervals in order, none empty, no two touching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Interval>);

impl FromIterator<Interval> for Intervals {
    /// In any order, overlapping or not; empty ones are nothing.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut all: Vec<Interval> = intervals.into_iter().collect();
        all.retain(|interval| interval.start < interval.end);
        all.sort_unstable();
        let mut merged: Vec<Interval> = Vec::with_capacity(all.len());
        for next in all {
            match merged.last_mut() {
                Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
                _ => merged.push(next),
            }
        }
        Self(merged)
    }
}

impl Intervals {
    /// The intervals in order.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is no moment in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The moments of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// The moments of both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            both.extend(one.intersect(**two));
            if one.end <= two.end {
                left.next();
            } else {
                right.next();
            }
        }
        Self(both)
    }

    /// The moments of this one that the other lacks.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut rest = Vec::with_capacity(self.0.len());
        let mut removed = other.0.as_slice();
        for interval in &self.0 {
            let behind = removed.partition_point(|other| other.end <= interval.start);
            removed = &removed[behind..];
            let mut start = interval.start;
            for cut in removed.iter().take_while(|cut| cut.start < interval.end) {
                if start < cut.start {
                    rest.push(Interval {
                        start,
                        end: cut.start,
                    });
                }
                start = start.max(cut.end);
            }
            if start < interval.end {
                rest.push(Interval {
                    start,
                    end: interval.end,
                });
            }
        }
        Self(rest)
    }

    /// Whether every moment of the interval is in it.
    pub fn covers(&self, interval: Interval) -> bool {
        let after = self.0.partition_point(|one| one.start <= interval.start);
        let holds = after.checked_sub(1).and_then(|at| self.0.get(at));
        holds.is_some_and(|one| interval.end <= one.end)
    }

    /// Whether any moment of the interval is in it.
    pub fn meets(&self, interval: Interval) -> bool {
        let after = self.0.partition_point(|one| one.end <= interval.start);
        self.0
            .get(after)
            .is_some_and(|one| one.start < interval.end)
    }

    /// What of it lies within an interval.
    #[must_use]
    pub fn within(&self, interval: Interval) -> Self {
        Self(
            self.iter()
                .filter_map(|one| one.intersect(interval))
                .collect(),
        )
    }

    /// Each interval begins later and ends earlier by so much; those too short for it are left out.
    #[must_use]
    pub fn narrowed(&self, before: SignedDuration, after: SignedDuration) -> Self {
        let narrow = |one: Interval| {
            let start = one.start.checked_add(before).ok()?;
            let end = one.end.checked_sub(after).ok()?;
            (start < end).then_some(Interval { start, end })
        };
        Self(self.iter().filter_map(narrow).collect())
    }
}
