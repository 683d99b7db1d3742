//! Names of things: resource types, logical ids, versions, keys and canonical URLs
//! (<https://hl7.org/fhir/R4/resource.html#id>, <https://hl7.org/fhir/R4/references.html>).

use std::fmt;
use std::str::FromStr;

/// The resource types of R4, in alphabetical order (<https://hl7.org/fhir/R4/resourcelist.html>).
const RESOURCE_TYPES: [&str; 146] = [
    "Account",
    "ActivityDefinition",
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Basic",
    "Binary",
    "BiologicallyDerivedProduct",
    "BodyStructure",
    "Bundle",
    "CapabilityStatement",
    "CarePlan",
    "CareTeam",
    "CatalogEntry",
    "ChargeItem",
    "ChargeItemDefinition",
    "Claim",
    "ClaimResponse",
    "ClinicalImpression",
    "CodeSystem",
    "Communication",
    "CommunicationRequest",
    "CompartmentDefinition",
    "Composition",
    "ConceptMap",
    "Condition",
    "Consent",
    "Contract",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "DeviceDefinition",
    "DeviceMetric",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "EffectEvidenceSynthesis",
    "Encounter",
    "Endpoint",
    "EnrollmentRequest",
    "EnrollmentResponse",
    "EpisodeOfCare",
    "EventDefinition",
    "Evidence",
    "EvidenceVariable",
    "ExampleScenario",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "GraphDefinition",
    "Group",
    "GuidanceResponse",
    "HealthcareService",
    "ImagingStudy",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "ImplementationGuide",
    "InsurancePlan",
    "Invoice",
    "Library",
    "Linkage",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationKnowledge",
    "MedicationRequest",
    "MedicationStatement",
    "MedicinalProduct",
    "MedicinalProductAuthorization",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductIngredient",
    "MedicinalProductInteraction",
    "MedicinalProductManufactured",
    "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect",
    "MessageDefinition",
    "MessageHeader",
    "MolecularSequence",
    "NamingSystem",
    "NutritionOrder",
    "Observation",
    "ObservationDefinition",
    "OperationDefinition",
    "OperationOutcome",
    "Organization",
    "OrganizationAffiliation",
    "Parameters",
    "Patient",
    "PaymentNotice",
    "PaymentReconciliation",
    "Person",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RequestGroup",
    "ResearchDefinition",
    "ResearchElementDefinition",
    "ResearchStudy",
    "ResearchSubject",
    "RiskAssessment",
    "RiskEvidenceSynthesis",
    "Schedule",
    "SearchParameter",
    "ServiceRequest",
    "Slot",
    "Specimen",
    "SpecimenDefinition",
    "StructureDefinition",
    "StructureMap",
    "Subscription",
    "Substance",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",
    "SupplyDelivery",
    "SupplyRequest",
    "Task",
    "TerminologyCapabilities",
    "TestReport",
    "TestScript",
    "ValueSet",
    "VerificationResult",
    "VisionPrescription",
];

/// One of R4's resource types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(u8);

impl ResourceType {
    /// The type of that name, letter by letter; `None` for everything that is not a concrete R4 type.
    pub fn parse(name: &str) -> Option<Self> {
        let place = RESOURCE_TYPES.binary_search(&name).ok()?;
        u8::try_from(place).ok().map(Self)
    }

    /// The name, as in URLs and in `resourceType`.
    pub fn name(self) -> &'static str {
        RESOURCE_TYPES[usize::from(self.0)]
    }

    /// All types, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(RESOURCE_TYPES.len()).map(Self)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that cannot be the id or version it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 1 to 64 of `A-Z a-z 0-9 - .`
    #[error("an id is 1 to 64 letters, digits, '-' or '.'")]
    Id,
    /// Not a positive whole number.
    #[error("a version id of this server is a positive whole number")]
    Version,
}

/// A logical id: 1 to 64 of `A-Z a-z 0-9 - .`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(Box<str>);

impl ResourceId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is a logical id.
    pub fn is_valid(text: &str) -> bool {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if Self::is_valid(text) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Id)
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version of a resource: 1, 2, 3 …; as an ETag `W/"3"` (<https://hl7.org/fhir/R4/http.html#versioning>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(i64);

impl VersionId {
    /// The version of a new resource.
    pub const FIRST: Self = Self(1);

    /// A version number of the store; `None` unless positive.
    pub fn new(number: i64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The number.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The weak entity tag of this version.
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.0)
    }
}

impl FromStr for VersionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let canonical = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        let number = if canonical { text.parse().ok() } else { None };
        number.and_then(Self::new).ok_or(IdError::Version)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Type and logical id: `Patient/123`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// The type.
    pub resource_type: ResourceType,
    /// The logical id.
    pub id: ResourceId,
}

impl ResourceKey {
    /// Both parts as one.
    pub fn new(resource_type: ResourceType, id: ResourceId) -> Self {
        Self { resource_type, id }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

impl FromStr for ResourceKey {
    type Err = IdError;

    /// Reads `Type/id`, nothing before and nothing after.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (name, id) = text.split_once('/').ok_or(IdError::Id)?;
        let resource_type = ResourceType::parse(name).ok_or(IdError::Id)?;
        Ok(Self {
            resource_type,
            id: id.parse()?,
        })
    }
}

/// What the text of `Reference.reference` points at (<https://hl7.org/fhir/R4/references.html#literal>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `Type/id` on this server, given relative or under one of its base URLs, with a version where one is named.
    Local {
        /// The target.
        key: ResourceKey,
        /// The text behind `/_history/`.
        version: Option<Box<str>>,
    },
    /// `#id`: a contained resource, or with an empty id the container itself.
    Contained(Box<str>),
    /// `urn:uuid:…` or `urn:oid:…`
    Urn(Box<str>),
    /// `Type?query`: resolved by search inside a transaction (<https://hl7.org/fhir/R4/http.html#trules>).
    Conditional {
        /// The type searched.
        resource_type: ResourceType,
        /// The text behind the question mark.
        query: Box<str>,
    },
    /// Any other URL: another server, or not a RESTful one.
    External(Box<str>),
}

impl Reference {
    /// Reads a literal reference; `base` is this server's base URL, without a slash at the end.
    pub fn parse(text: &str, base: &str) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Self::Contained(id.into());
        }
        if text.starts_with("urn:") {
            return Self::Urn(text.into());
        }
        let relative = text
            .strip_prefix(base)
            .filter(|_| !base.is_empty())
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(text);
        if let Some((name, query)) = relative.split_once('?')
            && let Some(resource_type) = ResourceType::parse(name)
        {
            return Self::Conditional {
                resource_type,
                query: query.into(),
            };
        }
        let (path, version) = match relative.split_once("/_history/") {
            Some((path, version)) => (path, Some(version.into())),
            None => (relative, None),
        };
        match path.parse() {
            Ok(key) => Self::Local { key, version },
            Err(_) => Self::External(text.into()),
        }
    }
}

/// A canonical URL with an optional version behind `|` (<https://hl7.org/fhir/R4/references.html#canonical>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalUrl {
    /// The URL.
    pub url: Box<str>,
    /// The business version asked for.
    pub version: Option<Box<str>>,
}

impl CanonicalUrl {
    /// Splits at the last `|`; everything else is the URL.
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once('|') {
            Some((url, version)) => Self {
                url: url.into(),
                version: Some(version.into()),
            },
            None => Self {
                url: text.into(),
                version: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_types_are_sorted_and_known_by_name() {
        assert!(RESOURCE_TYPES.is_sorted());
        assert_eq!(ResourceType::all().count(), RESOURCE_TYPES.len());
        for resource_type in ResourceType::all() {
            assert_eq!(
                ResourceType::parse(resource_type.name()),
                Some(resource_type)
            );
        }
        assert_eq!(ResourceType::parse("patient"), None);
        assert_eq!(ResourceType::parse("DomainResource"), None);
    }

    #[test]
    fn ids_and_versions_are_what_fhir_allows() {
        let check =
            |text: &str, valid| assert_eq!(text.parse::<ResourceId>().is_ok(), valid, "{text}");
        check("a-B.9", true);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        check("", false);
        check("a_b", false);
        check("a/b", false);
        let check =
            |text: &str, valid| assert_eq!(text.parse::<VersionId>().is_ok(), valid, "{text}");
        check("1", true);
        check("9223372036854775807", true);
        check("9223372036854775808", false);
        check("0", false);
        check("01", false);
        check("+1", false);
        check("a", false);
    }

    #[test]
    fn references_say_what_they_point_at() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                format!("{:?}", Reference::parse(text, "http://here/fhir")),
                expected,
                "{text}"
            );
        };
        check(
            "Patient/1",
            r#"Local { key: ResourceKey { resource_type: Patient, id: ResourceId("1") }, version: None }"#,
        );
        check(
            "http://here/fhir/Patient/1/_history/2",
            r#"Local { key: ResourceKey { resource_type: Patient, id: ResourceId("1") }, version: Some("2") }"#,
        );
        check(
            "http://there/fhir/Patient/1",
            r#"External("http://there/fhir/Patient/1")"#,
        );
        check(
            "http://here/fhirPatient/1",
            r#"External("http://here/fhirPatient/1")"#,
        );
        check("#a", r#"Contained("a")"#);
        check("urn:uuid:1", r#"Urn("urn:uuid:1")"#);
        check(
            "Patient?identifier=a|b",
            r#"Conditional { resource_type: Patient, query: "identifier=a|b" }"#,
        );
        check("Nobody/1", r#"External("Nobody/1")"#);
    }
}
