//! Security labels that close a resource to whoever is not cleared for them
//! (<https://hl7.org/fhir/R4/security-labels.html>).

use fhir::search::hash;

/// Confidentiality.
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// What data are sensitive for, among others.
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// System and code of what nobody sees but who is there for it: on a Patient, a donor whose identity is known.
pub const VERY_RESTRICTED: (&str, &str) = (CONFIDENTIALITY, "V");

/// System and code of a Patient whose data are only kept: the law, or a court, has restricted their use.
pub const RESTRICTED_BY_LAW: (&str, &str) = (
    "https://vesta.example/fhir/CodeSystem/security-label",
    "legal-restriction",
);

/// System and code of a result that its patient does not see yet.
pub const NOT_RELEASED: (&str, &str) = (
    "https://vesta.example/fhir/CodeSystem/security-label",
    "not-released",
);

/// The codes that need a clearance.
const CLOSING: [(&str, &[&str]); 2] = [
    (CONFIDENTIALITY, &["R", "V"]),
    (
        ACT_CODE,
        &[
            "ADOL", "BH", "CEL", "COGN", "DIA", "DRGIS", "DVD", "EMOTDIS", "EMP", "ETH", "ETHUD",
            "GDIS", "HIV", "IDS", "MH", "MST", "OPIOIDUD", "PDS", "PHY", "PREGNANT", "PRS", "PSY",
            "PSYTHPN", "SCA", "SDV", "SEX", "SICKLE", "SPI", "STD", "SUD", "TBOO", "VIO", "VIP",
        ],
    ),
];

/// What is true of a resource with a label, for each label that needs a clearance which is not among some; sorted.
pub fn not_cleared(clearance: &[Box<str>]) -> Vec<i64> {
    let all = CLOSING.iter().flat_map(|(system, codes)| {
        let codes = codes.iter();
        codes.map(move |code| (*system, *code))
    });
    let lacking = all.filter(|(_, code)| !clearance.iter().any(|one| **one == **code));
    let mut elements: Vec<i64> = lacking
        .map(|(system, code)| hash::label(system, code))
        .collect();
    elements.sort_unstable();
    elements
}

/// Whether a code is one that needs a clearance.
pub(super) fn needs_clearance(code: &str) -> bool {
    CLOSING.iter().any(|(_, codes)| codes.contains(&code))
}
