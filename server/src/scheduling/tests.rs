//! Which states follow which.

use jiff::{SignedDuration, Timestamp};

use super::visit::Visit;
use super::{Status, Transition};
use crate::auth::{Access, Reason};

const ALL: [&str; 10] = [
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];

fn visit(status: &str) -> Visit {
    Visit {
        status: Status::parse(status),
        start: Some(Timestamp::UNIX_EPOCH),
        end: None,
        participants: Vec::new(),
        hold_expires: None,
        is_overbooked: false,
        based_on: Vec::new(),
        slots: Vec::new(),
    }
}

/// From where operations lead to a state, so long after the beginning of the visit; nothing stands for its begin.
fn leading_to(to: &str, after: SignedDuration) -> Vec<&'static str> {
    let access = Access::system(Reason::Job);
    let ways = ALL.iter().copied().filter(|from| {
        let (before, after_it) = (visit(from), visit(to));
        let transition = Transition {
            before: Some(&before),
            after: Some(&after_it),
            by_operation: true,
            now: Timestamp::UNIX_EPOCH + after,
        };
        *from != to && transition.permit(&access).is_ok()
    });
    ways.collect()
}

#[test]
fn every_state_is_reached_from_where_the_table_says() {
    let later = SignedDuration::from_mins(15);
    let check = |to: &str, expected: &[&str]| assert_eq!(leading_to(to, later), expected, "{to}");
    check("proposed", &[]);
    check("pending", &["proposed"]);
    check("booked", &["proposed", "pending"]);
    check("arrived", &["booked", "noshow"]);
    check("fulfilled", &["arrived", "checked-in"]);
    check(
        "cancelled",
        &[
            "proposed",
            "pending",
            "booked",
            "arrived",
            "checked-in",
            "waitlist",
        ],
    );
    check("noshow", &["booked"]);
    check(
        "entered-in-error",
        &[
            "proposed",
            "pending",
            "booked",
            "arrived",
            "checked-in",
            "waitlist",
        ],
    );
    check("checked-in", &["arrived"]);
    check("waitlist", &[]);
    assert_eq!(leading_to("noshow", SignedDuration::from_mins(14)), [""; 0]);
    let next_day = SignedDuration::from_hours(24);
    assert_eq!(leading_to("arrived", next_day), ["booked"]);
    for code in ALL {
        assert_eq!(Status::parse(code).map(Status::code), Some(code));
    }
}
