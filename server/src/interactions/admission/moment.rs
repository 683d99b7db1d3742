//! The moment of an admission, and the next at which it would come out in another way by the clock alone.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// A moment that remembers which later moments it was asked about.
#[derive(Debug)]
pub(super) struct Moment {
    now: Timestamp,
    next: Mutex<Option<Timestamp>>,
}

impl Moment {
    /// The moment of a request.
    pub(super) fn of(now: Timestamp) -> Self {
        Self {
            now,
            next: Mutex::new(None),
        }
    }

    /// Whether something that begins or ends at a boundary has begun or ended. Where it has not, what is found out now
    /// counts until then at most.
    pub(super) fn is_behind(&self, boundary: Timestamp) -> bool {
        if boundary <= self.now {
            return true;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(next.map_or(boundary, |known| known.min(boundary)));
        false
    }

    /// The first of the moments that were still to come.
    pub(super) fn next(&self) -> Option<Timestamp> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_to_come_is_remembered() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let moment = Moment::of(at(10));
        assert!(moment.is_behind(at(9)) && moment.is_behind(at(10)));
        assert_eq!(moment.next(), None);
        assert!(
            !moment.is_behind(at(30)) && !moment.is_behind(at(11)) && !moment.is_behind(at(20))
        );
        assert_eq!(moment.next(), Some(at(11)));
    }
}
