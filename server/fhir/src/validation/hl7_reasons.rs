//! Why some of HL7's validator cases are judged otherwise here.

const DISPLAY: &str = "LOINC's, SNOMED CT's and CVX's words for a code are not at hand here";
const ELSEWHERE: &str =
    "takes what is outside of the resource, which a check of it alone does not fetch";
const XML: &str = "the XML cannot be read, so there is no element to name";
const ONE_BASED: &str = "HL7 counts entries from 1 there, or names the first for another";

/// The case, and the reason.
pub(super) const REASONS: [(&str, &str); 19] = [
    (
        "questionnaireResponse-enableWhenEx-test-fail",
        "a condition in an extension of one country",
    ),
    (
        "bad-bundle-reference-type-4",
        "HL7 takes the id of a relative reference for that of a urn:uuid; FHIR does not",
    ),
    ("japanese-utf8-ok", "not UTF-8, which FHIR wants"),
    (
        "message",
        "a urn is no link one can follow, but nothing in R4 forbids it",
    ),
    ("patient-circle1-bad-linked1 (profile)", ELSEWHERE),
    ("patient-circle2-bad-linked (profile)", ELSEWHERE),
    ("qr-vr", "names the unknown item here, what it is in there"),
    ("sdoh-type-slice", DISPLAY),
    ("sdoh-type-slice (profile)", DISPLAY),
    (
        "contained-resource-bad-id-ignore",
        "HL7 is told to overlook the id, which is too long",
    ),
    ("capabilitystatement-measure-processor", XML),
    ("bundle-dual-subject", XML),
    ("attachment-tx", "names the data here, the attachment there"),
    ("relative_reference_to_TYPE_ID.all_fullUrl_UUID", ONE_BASED),
    ("relative_reference_to_fullUrl.id_in_Composition", ONE_BASED),
    (
        "ad-practitioner-resource (profile)",
        "the value that is fixed tells the slices apart, so the slice is missed here, its content there",
    ),
    (
        "res-inv-example-good (profile)",
        "asks for a profile that nobody here defines, which is held against nobody",
    ),
    (
        "open-choice-invalid-type-qr",
        "names the unknown element here, its parent there",
    ),
    (
        "string-with-coding-async-qr",
        "the codes of countries are not at hand here",
    ),
];
