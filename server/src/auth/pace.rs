//! How fast somebody may ask: so many requests a minute, and as many at once after a minute's rest. Counted by each
//! process for itself; one instant is kept for each who asks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Grant;

/// How many who ask are kept in mind. Beyond that, those are forgotten who have rested.
const KNOWN: usize = 100_000;
/// What a minute's requests share.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How fast each of those who are counted by the same kind of name may ask.
#[derive(Debug)]
pub struct Pace {
    /// What one request takes of a minute; nothing where there is no limit.
    each: SignedDuration,
    /// Until when what was asked fills the minute.
    filled: Mutex<HashMap<Box<[u8]>, Timestamp>>,
}

/// Whoever asks too fast, and for how many seconds it shall rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast(pub u32);

impl Pace {
    /// So many requests a minute; 0 is no limit.
    pub fn of_minute(requests: u32) -> Self {
        let each = match requests {
            0 => SignedDuration::ZERO,
            requests => SignedDuration::from_nanos(60_000_000_000 / i64::from(requests)),
        };
        Self {
            each,
            filled: Mutex::default(),
        }
    }

    /// Counts a request.
    pub fn take(&self, who: &[u8], now: Timestamp) -> Result<(), TooFast> {
        if self.each.is_zero() {
            return Ok(());
        }
        // What a panic has left half done is at most one instant.
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if filled.len() >= KNOWN && !filled.contains_key(who) {
            filled.retain(|_, until| *until > now);
        }
        let until = filled.get(who).copied().unwrap_or(now);
        // Nobody has asked further ahead than a minute, unless the clock was set back.
        let until = until.clamp(now, now + MINUTE);
        let over = (until + self.each).duration_since(now + MINUTE);
        let is_over = over.is_positive();
        let until = if is_over { until } else { until + self.each };
        filled.insert(who.into(), until);
        match is_over {
            true => {
                let seconds = u32::try_from(over.as_secs()).unwrap_or(u32::MAX);
                Err(TooFast(seconds.saturating_add(1)))
            }
            false => Ok(()),
        }
    }
}

/// How fast clients, people and addresses may ask.
#[derive(Debug)]
pub struct Paces {
    /// All requests of one client to the FHIR API.
    pub of_client: Pace,
    /// All requests for one person to the FHIR API.
    pub of_user: Pace,
    /// All requests from one address to the authorization server.
    pub of_address: Pace,
}

impl Paces {
    /// Counts a request of whoever holds a grant.
    pub fn take(&self, grant: &Grant, now: Timestamp) -> Result<(), TooFast> {
        self.of_client.take(grant.client_id.as_bytes(), now)?;
        match &grant.user {
            Some(user) => self.of_user.take(user.to_string().as_bytes(), now),
            None => Ok(()),
        }
    }
}

/// What whoever is at an address is counted under: of IPv6 the network, because each holder has many addresses in it.
/// Never empty.
pub fn network(address: Option<IpAddr>) -> Vec<u8> {
    match address {
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
        None => b"?".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn so_many_a_minute_and_as_many_at_once_after_a_rest() {
        let pace = Pace::of_minute(60);
        for _ in 0..60 {
            assert_eq!(pace.take(b"a", at(0)), Ok(()));
        }
        assert_eq!(pace.take(b"a", at(0)), Err(TooFast(2)));
        assert_eq!(pace.take(b"a", at(999)), Err(TooFast(1)));
        assert_eq!(pace.take(b"b", at(999)), Ok(()), "somebody else");
        // One each second, whoever asks meanwhile.
        for second in 1..100 {
            assert_eq!(pace.take(b"a", at(second * 1000)), Ok(()), "{second}");
            assert_eq!(pace.take(b"a", at(second * 1000)), Err(TooFast(2)));
        }
        for _ in 0..60 {
            assert_eq!(pace.take(b"a", at(200_000)), Ok(()));
        }
        assert!(pace.take(b"a", at(200_000)).is_err());
        // A clock that was set back locks nobody out for longer than a minute.
        assert!(pace.take(b"a", at(-500_000)).is_err());
        assert_eq!(pace.take(b"a", at(-440_000)), Ok(()));
    }

    #[test]
    fn no_limit_is_none_and_memory_has_one() {
        let none = Pace::of_minute(0);
        for _ in 0..1000 {
            assert_eq!(none.take(b"a", at(0)), Ok(()));
        }
        assert_eq!(none.filled.lock().unwrap().len(), 0);
        let pace = Pace::of_minute(60);
        for number in 0..KNOWN {
            pace.take(&number.to_be_bytes(), at(0)).unwrap();
        }
        pace.take(b"new", at(1000)).unwrap();
        assert_eq!(
            pace.filled.lock().unwrap().len(),
            1,
            "the others have rested"
        );
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let check = |text: &str, expected: &[u8]| {
            assert_eq!(network(Some(text.parse().unwrap())), expected, "{text}");
        };
        check("192.0.2.1", &[192, 0, 2, 1]);
        check("2001:db8:1:2::7", &[0x20, 1, 0xd, 0xb8, 0, 1, 0, 2]);
        assert_eq!(network(None), b"?");
    }
}
