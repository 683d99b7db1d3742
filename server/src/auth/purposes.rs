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
}
