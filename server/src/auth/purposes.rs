//! Why data are used (<https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html>): which purposes are kinds of which.

/// The code system of purposes of use.
pub const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// A purpose, and all that are kinds of it.
const KINDS: [(&str, &[&str]); 14] = [
    (
        "TREAT",
        &[
            "BTG", "CLINTRL", "COC", "ERTREAT", "ETREAT", "POPHLTH", "TREATDS",
        ],
    ),
    ("ETREAT", &["BTG", "ERTREAT"]),
    (
        "HPAYMT",
        &[
            "CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "MILDCRG",
            "PMTDS", "REMITADV",
        ],
    ),
    ("COVERAGE", &["ELIGDTRM", "ELIGVER", "ENROLLM", "MILDCRG"]),
    (
        "HOPERAT",
        &[
            "CAREMGT",
            "DONAT",
            "FRAUD",
            "GOV",
            "HACCRED",
            "HCOMPL",
            "HDECD",
            "HDIRECT",
            "HDM",
            "HLEGAL",
            "HOUTCOMS",
            "HPRGRP",
            "HQUALIMP",
            "HSYSADMIN",
            "HTEST",
            "LABELING",
            "MEMADMIN",
            "METAMGT",
            "MILCDM",
            "MLTRAINING",
            "PATADMIN",
            "PATSFTY",
            "PERFMSR",
            "RECORDMGT",
            "SYSDEV",
            "TRAIN",
        ],
    ),
    ("HSYSADMIN", &["LABELING", "METAMGT"]),
    ("SYSDEV", &["HTEST"]),
    (
        "HRESCH",
        &[
            "BIORCH",
            "CLINTRCH",
            "CLINTRCHNPC",
            "CLINTRCHPC",
            "DSRCH",
            "POARCH",
            "PRECLINTRCH",
            "TRANSRCH",
        ],
    ),
    ("CLINTRCH", &["CLINTRCHNPC", "CLINTRCHPC", "PRECLINTRCH"]),
    ("PATRQT", &["FAMRQT", "PWATRNY", "SUPNWK"]),
    ("PUBHLTH", &["DISASTER", "THREAT"]),
    ("HMARKT", &[]),
    ("PurposeOfUse", &[]),
    ("HLEGAL", &[]),
];

/// Whether a code is one of those.
fn is_known(code: &str) -> bool {
    let mut kinds = KINDS.iter();
    kinds.any(|(purpose, kinds)| *purpose == code || kinds.contains(&code))
}

/// Whether a purpose is another one, or a kind of it.
fn is_within(code: &str, other: &str) -> bool {
    let of = |(purpose, kinds): &(&str, &[&str])| *purpose == other && kinds.contains(&code);
    code == other || other == "PurposeOfUse" || KINDS.iter().any(of)
}

/// Whether what is said of a purpose is certainly said of a use.
pub(super) fn certainly_covers(said: &str, purpose: Option<&str>) -> bool {
    purpose.is_some_and(|purpose| is_known(said) && is_within(purpose, said))
}

/// Whether what is said of a purpose may be said of a use: of one that is not known, or of which it is a kind.
pub(super) fn may_cover(said: &str, purpose: Option<&str>) -> bool {
    let Some(purpose) = purpose else {
        return true;
    };
    !is_known(said) || is_within(purpose, said) || is_within(said, purpose)
}

/// Purposes of which nobody has to be told who used data for them: treatment, payment, operations, and the patient's own
/// request, with all that are kinds of them (45 CFR 164.528(a)(1)). What authorities and courts are given is told of.
pub fn unaccounted() -> Vec<&'static str> {
    let exempt = |purpose: &str| ["TREAT", "HPAYMT", "HOPERAT", "PATRQT"].contains(&purpose);
    let purposes = KINDS.iter().filter(|(purpose, _)| exempt(purpose));
    let with_kinds = |(purpose, kinds): &(&'static str, &'static [&'static str])| {
        std::iter::once(*purpose).chain(kinds.iter().copied())
    };
    let outward = |purpose: &&str| ["GOV", "HLEGAL"].contains(purpose);
    purposes
        .flat_map(with_kinds)
        .filter(|one| !outward(one))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_meant_is_more_than_what_certainly_is() {
        let check = |said: &str, purpose: Option<&str>, certainly: bool, perhaps: bool| {
            let found = (certainly_covers(said, purpose), may_cover(said, purpose));
            assert_eq!(found, (certainly, perhaps), "{said} of {purpose:?}");
        };
        check("TREAT", Some("TREAT"), true, true);
        check("TREAT", Some("BTG"), true, true);
        check("BTG", Some("TREAT"), false, true);
        check("HPAYMT", Some("TREAT"), false, false);
        check("PurposeOfUse", Some("TREAT"), true, true);
        check("HRESCH", None, false, true);
        check("SOMETHING", Some("TREAT"), false, true);
    }

    #[test]
    fn what_a_clinic_does_for_itself_is_not_accounted_for() {
        let unaccounted = unaccounted();
        for one in [
            "TREAT",
            "BTG",
            "COVERAGE",
            "PATADMIN",
            "HSYSADMIN",
            "FAMRQT",
        ] {
            assert!(unaccounted.contains(&one), "{one}");
        }
        for one in ["HLEGAL", "GOV", "HRESCH", "CLINTRCH", "PUBHLTH", "HMARKT"] {
            assert!(!unaccounted.contains(&one), "{one}");
        }
    }
}
