//! Refused bookings as IHE wants them: a Bundle that holds the OperationOutcome, with the status it has without
//! (<https://profiles.ihe.net/ITI/Scheduling/ITI-117.html>).

use fhir::json::Writer;
use fhir::outcome::{Issue, IssueType, Severity, operation_outcome};

use crate::interactions::{Interaction, OperationTarget};

/// An operation whose refusals IHE has in a Bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IheOperation {
    /// `Appointment/$hold`
    Hold,
    /// `Appointment/$book`
    Book,
}

impl IheOperation {
    /// The operation that an interaction is, where it is one of IHE's.
    pub(super) fn of(interaction: &Interaction) -> Option<Self> {
        let Interaction::Operation { target, code, .. } = interaction else {
            return None;
        };
        match target {
            OperationTarget::Type(named) if named.name() == "Appointment" => match &**code {
                "hold" => Some(Self::Hold),
                "book" => Some(Self::Book),
                _ => None,
            },
            _ => None,
        }
    }

    /// The Bundle of a refusal. That of a hold says beside it that there is nothing to be had.
    pub(super) fn refusal(self, issues: &[Issue]) -> String {
        let mut issues = issues.to_vec();
        if self == Self::Hold {
            let sentence = "the time is not held";
            issues.push(Issue::new(Severity::Fatal, IssueType::NotFound, sentence));
        }
        let outcome = operation_outcome(&issues);
        let mut writer = Writer::with_capacity(outcome.len() + 128);
        writer.object(|bundle| {
            bundle.string("resourceType", "Bundle");
            bundle.string("type", "searchset");
            bundle.raw("total", "0");
            bundle.array("entry", |entries| {
                entries.object(|entry| {
                    entry.raw("resource", &outcome);
                    entry.object("search", |search| search.string("mode", "outcome"));
                });
            });
        });
        writer.finish()
    }
}
