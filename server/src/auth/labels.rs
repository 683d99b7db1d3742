//! Security labels (<https://hl7.org/fhir/R4/security-labels.html>).

/// System and code of what nobody sees but who is there for it: donors whose identity is known.
pub const VERY_RESTRICTED: (&str, &str) = (
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "V",
);
