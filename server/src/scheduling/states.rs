//! The states of an Appointment, and which follow which (<https://hl7.org/fhir/R4/appointment.html#statuses>).

use jiff::{SignedDuration, Timestamp};

use super::visit::Visit;
use crate::auth::{Access, Act};
use crate::error::{Error, ErrorKind, OpError, Result};

/// The state of an Appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Offered, and nobody's time is taken.
    Proposed,
    /// Held for a while.
    Pending,
    /// Everybody comes.
    Booked,
    /// The patient is there.
    Arrived,
    /// It has taken place.
    Fulfilled,
    /// It does not take place.
    Cancelled,
    /// The patient did not come.
    Noshow,
    /// It should never have been written.
    EnteredInError,
    /// The patient is there, and all forms are filled in.
    CheckedIn,
    /// The patient waits for a time.
    Waitlist,
}

use Status::{
    Arrived, Booked, Cancelled, CheckedIn, EnteredInError, Fulfilled, Noshow, Pending, Proposed,
    Waitlist,
};

const CODES: [(Status, &str); 10] = [
    (Proposed, "proposed"),
    (Pending, "pending"),
    (Booked, "booked"),
    (Arrived, "arrived"),
    (Fulfilled, "fulfilled"),
    (Cancelled, "cancelled"),
    (Noshow, "noshow"),
    (EnteredInError, "entered-in-error"),
    (CheckedIn, "checked-in"),
    (Waitlist, "waitlist"),
];

/// By what a state may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Any write.
    Write,
    /// An operation alone.
    Operation,
}

/// The ways there are, beside that to `entered-in-error` and that from a state to itself.
const WAYS: &[(Option<Status>, Status, By)] = &[
    (None, Proposed, By::Write),
    (None, Waitlist, By::Write),
    (None, Booked, By::Write),
    (None, Pending, By::Operation),
    (Some(Proposed), Pending, By::Operation),
    (Some(Proposed), Booked, By::Write),
    (Some(Proposed), Cancelled, By::Write),
    (Some(Pending), Booked, By::Operation),
    (Some(Pending), Cancelled, By::Operation),
    (Some(Waitlist), Cancelled, By::Write),
    (Some(Booked), Arrived, By::Write),
    (Some(Booked), Noshow, By::Write),
    (Some(Booked), Cancelled, By::Write),
    (Some(Arrived), CheckedIn, By::Write),
    (Some(Arrived), Fulfilled, By::Write),
    (Some(Arrived), Cancelled, By::Write),
    (Some(CheckedIn), Fulfilled, By::Write),
    (Some(CheckedIn), Cancelled, By::Write),
    (Some(Noshow), Arrived, By::Write),
];

/// How long after the beginning it is clear that somebody does not come.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// How long after the beginning it may turn out that somebody came all the same.
const SAME_DAY: SignedDuration = SignedDuration::from_hours(24);

impl Status {
    /// The state of a code.
    pub fn parse(code: &str) -> Option<Self> {
        let mut codes = CODES.iter();
        Some(codes.find(|(_, known)| *known == code)?.0)
    }

    /// The code.
    pub fn code(self) -> &'static str {
        let mut codes = CODES.iter();
        codes.find(|(one, _)| *one == self).map_or("", |one| one.1)
    }

    /// Whether an Appointment in it takes the time of those whom it needs.
    pub fn takes_time(self) -> bool {
        matches!(self, Pending | Booked | Arrived | CheckedIn | Fulfilled)
    }

    /// Whether nothing follows.
    pub fn is_last(self) -> bool {
        matches!(self, Fulfilled | Cancelled | Noshow | EnteredInError)
    }
}

/// A write of an Appointment.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// What was there.
    pub before: Option<&'a Visit>,
    /// What is written; nothing where it is deleted.
    pub after: Option<&'a Visit>,
    /// Whether an operation writes it, which has asked what it must.
    pub by_operation: bool,
    /// When.
    pub now: Timestamp,
}

impl Transition<'_> {
    /// Refuses it where no way leads there, or none for whoever writes.
    pub fn permit(&self, access: &Access) -> Result<()> {
        let from = self.before.and_then(|visit| visit.status);
        let Some(after) = self.after else {
            return permit_delete(from);
        };
        let Some(to) = after.status else {
            return Err(
                Error::new(ErrorKind::BusinessRule, "a visit says in which state it is")
                    .at("Appointment.status"),
            );
        };
        if !self.by_operation {
            self.permit_plain(access, from, to)?;
        }
        if from == Some(Noshow) && !access.imports() {
            self.refuse_other(after)?;
        }
        if from == Some(to) {
            return Ok(());
        }
        if to == EnteredInError && from.is_none_or(|from| !from.is_last()) {
            return match access.may_do(Act::CorrectVisits) {
                true => Ok(()),
                false => Err(Error::new(
                    ErrorKind::Forbidden,
                    "that a visit was entered in error is for those to say who keep the records",
                )),
            };
        }
        let way = WAYS.iter().find(|way| way.0 == from && way.1 == to);
        let is_open = match way {
            Some((.., By::Operation)) => self.by_operation,
            Some((.., By::Write)) => self.is_timely(from, to),
            // History of another system.
            None => from.is_none() && access.imports(),
        };
        match is_open {
            true => Ok(()),
            false => Err(refused(from, to)),
        }
    }

    /// Refuses what is an operation's alone, and what a patient may not write without one.
    fn permit_plain(&self, access: &Access, from: Option<Status>, to: Status) -> Result<()> {
        if to == Pending {
            return Err(refused(from, to));
        }
        let is_proposal = to == Proposed && from.is_none_or(|from| from == Proposed);
        match access.is_patients() && !is_proposal {
            true => Err(Error::new(
                ErrorKind::Forbidden,
                "a patient proposes a visit, and books or cancels it by the operations",
            )
            .at("Appointment.status")),
            false => Ok(()),
        }
    }

    /// Refuses to make another visit of one to which nobody came: it may only turn out that somebody did.
    fn refuse_other(&self, after: &Visit) -> Result<()> {
        match self.before.is_none_or(|before| before.is_as(after)) {
            true => Ok(()),
            false => Err(OpError::InvalidTransition.refused(
                "a visit to which nobody came stays at its time, with those who take part",
            )),
        }
    }

    fn is_timely(&self, from: Option<Status>, to: Status) -> bool {
        let start = self.before.and_then(|visit| visit.start);
        let after = |pause| {
            start.is_none_or(|start| start.checked_add(pause).is_ok_and(|end| self.now >= end))
        };
        match (from, to) {
            (Some(Booked), Noshow) => after(PATIENCE),
            (Some(Noshow), Arrived) => !after(SAME_DAY),
            _ => true,
        }
    }
}

fn permit_delete(from: Option<Status>) -> Result<()> {
    match from {
        None | Some(Proposed | Waitlist | EnteredInError) => Ok(()),
        Some(status) => Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "a visit that is {} is not deleted: cancel it instead",
                status.code()
            ),
        )),
    }
}

fn refused(from: Option<Status>, to: Status) -> Error {
    let sentence = match from {
        Some(from) => format!("no way leads from {} to {}", from.code(), to.code()),
        None => format!("no visit begins as {} by this write", to.code()),
    };
    OpError::InvalidTransition
        .refused(sentence)
        .at("Appointment.status")
}
