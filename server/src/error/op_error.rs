//! [`OpError`]: the codes by which the operations of this server say why they refuse, or what they would have done
//! (`profiles/clinic/CodeSystem-op-error.json`).

use fhir::outcome::{Issue, IssueType, Severity};

use super::{Error, ErrorKind};

/// The code system of these codes.
pub const OP_ERROR: &str = "https://vesta.example/fhir/CodeSystem/op-error";

macro_rules! op_errors {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $kind:ident, $issue:ident;)*) => {
        /// Why an operation, or a write that it rules, was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OpError { $($(#[$doc])* $name,)* }

        impl OpError {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status, as the kind that has it, and the issue code.
            fn fhir(self) -> (ErrorKind, IssueType) {
                match self { $(Self::$name => (ErrorKind::$kind, IssueType::$issue),)* }
            }
        }
    };
}

op_errors! {
    /// Somebody or something that is needed is no longer free.
    AppointmentClash => "appointment-clash", Conflict, Conflict;
    /// The time is not one at which that is done.
    OutsideAvailability => "outside-availability", BusinessRule, BusinessRule;
    /// A hold has ended.
    HoldExpired => "hold-expired", BusinessRule, Expired;
    /// A hold is somebody else's.
    HoldNotOwned => "hold-not-owned", Forbidden, Forbidden;
    /// A proposal has ended.
    ProposalExpired => "proposal-expired", BusinessRule, Expired;
    /// No way leads from the state there is to the one asked for.
    InvalidTransition => "invalid-transition", BusinessRule, BusinessRule;
    /// Too late to book.
    LeadTime => "lead-time", BusinessRule, BusinessRule;
    /// Too early to book.
    BeyondHorizon => "beyond-horizon", BusinessRule, BusinessRule;
    /// Too late to cancel.
    CancelCutoff => "cancel-cutoff", BusinessRule, BusinessRule;
    /// Nobody may be booked beyond capacity here.
    OverbookNotPermitted => "overbook-not-permitted", BusinessRule, BusinessRule;
    /// Who takes part does not work here any more, or is out of use.
    ParticipantInactive => "participant-inactive", BusinessRule, BusinessRule;
    /// The patient is elsewhere at that time.
    PatientDoubleBooked => "patient-double-booked", Conflict, Conflict;
    /// Who or what the visit needs does not take part.
    RequirementUnmet => "requirement-unmet", BusinessRule, BusinessRule;
    /// Nobody has referred the patient.
    ReferralRequired => "referral-required", BusinessRule, BusinessRule;
    /// The patient waits for as much as one may.
    WaitlistFull => "waitlist-full", BusinessRule, BusinessRule;
    /// Some visits of a series clash.
    SeriesConflict => "series-conflict", Conflict, Conflict;
    /// The key has been used for another call.
    IdempotencyKeyReuse => "idempotency-key-reuse", BusinessRule, BusinessRule;
    /// The call of that key is under way.
    IdempotencyInProgress => "idempotency-in-progress", Conflict, Conflict;
    /// Nothing was written, because that was asked for.
    DryRun => "dry-run", BusinessRule, Informational;
}

impl OpError {
    /// The refusal, with a sentence that holds no patient data.
    pub fn refused(self, diagnostics: impl Into<Box<str>>) -> Error {
        Error::with_issues(self.fhir().0, vec![self.issue(diagnostics)])
    }

    /// The issue of a refusal.
    pub fn issue(self, diagnostics: impl Into<Box<str>>) -> Issue {
        self.said(Severity::Error, diagnostics)
    }

    /// An issue of that code.
    pub fn said(self, severity: Severity, diagnostics: impl Into<Box<str>>) -> Issue {
        Issue {
            detail: Some((OP_ERROR.into(), self.code().into())),
            ..Issue::new(severity, self.fhir().1, diagnostics)
        }
    }
}

#[cfg(test)]
mod tests {
    use fhir::json::Value;
    use fhir::resource::Resource;

    use super::*;

    #[test]
    fn the_code_system_has_every_code() {
        let text = include_str!("../../../profiles/clinic/CodeSystem-op-error.json");
        let system = Resource::parse(text).unwrap();
        let url = system.get("url").and_then(Value::string).unwrap();
        assert_eq!(url, OP_ERROR);
        let concepts = system.get("concept").into_iter().flat_map(Value::items);
        let codes: Vec<String> = concepts
            .map(|one| one.get("code").and_then(Value::string).unwrap().into())
            .collect();
        for one in OpError::ALL {
            assert!(codes.iter().any(|code| code == one.code()), "{one:?}");
        }
        let count = system.get("count").and_then(Value::number).unwrap();
        assert_eq!(count, codes.len().to_string());
    }
}
