//! The codes of AuditEvents, as IHE's Basic Audit Log Patterns have them (<https://profiles.ihe.net/ITI/BALP/>). Which
//! agent is the source follows the direction in which data go.

/// A code, its system and what it is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

const fn code(system: &'static str, code: &'static str, display: &'static str) -> Code {
    Code {
        system,
        code,
        display,
    }
}

pub(super) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

pub(super) const REST: Code = code(
    "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "rest",
    "RESTful Operation",
);
pub(super) const ALERT: Code = code(DCM, "110113", "Security Alert");
pub(super) const LOGIN: Code = code(DCM, "110114", "User Authentication");

const APPLICATION: Code = code(DCM, "110150", "Application");
const DESTINATION: Code = code(DCM, "110152", "Destination Role ID");
const SOURCE: Code = code(DCM, "110153", "Source Role ID");
const CUSTODIAN: Code = code(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "custodian",
    "Custodian",
);
const RECIPIENT: Code = code(PARTICIPATION, "IRCP", "information recipient");
const AUTHOR: Code = code(PARTICIPATION, "AUT", "author (originator)");

pub(super) const WEB_SERVER: Code = code(
    "http://terminology.hl7.org/CodeSystem/security-source-type",
    "4",
    "Application Server",
);
pub(super) const PERSON: Code = code(ENTITY_TYPE, "1", "Person");
pub(super) const SYSTEM_OBJECT: Code = code(ENTITY_TYPE, "2", "System Object");
pub(super) const PATIENT: Code = code(ENTITY_ROLE, "1", "Patient");
pub(super) const DOMAIN_RESOURCE: Code = code(ENTITY_ROLE, "4", "Domain Resource");
pub(super) const QUERY: Code = code(ENTITY_ROLE, "24", "Query");
pub(super) const REQUEST_ID: Code = code(
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "XrequestId",
    "X-Request-Id",
);

/// The system of the codes of interactions.
pub(super) const INTERACTIONS: &str = "http://hl7.org/fhir/restful-interaction";

/// The system of the codes of operations, and of the methods of requests that were refused unread.
pub(super) const OPERATIONS: &str = "https://vesta.example/fhir/CodeSystem/audit-operation";

/// Where the extension of the chain is defined.
pub(super) const CHAIN: &str = "https://vesta.example/fhir/StructureDefinition/audit-chain";

/// The parts that take part in an interaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roles {
    pub(super) client: Code,
    pub(super) server: Code,
    pub(super) user: Code,
    /// The name of its profile of BALP, where there is one.
    pub(super) profile: Option<&'static str>,
}

/// Who is what in an interaction.
pub(super) fn roles(interaction: &str) -> Roles {
    let (client, server, user) = match interaction {
        "read" | "vread" | "history-instance" | "history-type" | "history-system" => {
            (DESTINATION, SOURCE, RECIPIENT)
        }
        "delete" => (APPLICATION, CUSTODIAN, AUTHOR),
        "search-type" | "search-system" => (SOURCE, DESTINATION, RECIPIENT),
        _ => (SOURCE, DESTINATION, AUTHOR),
    };
    let profile = match interaction {
        "create" => Some("Create"),
        "read" | "vread" => Some("Read"),
        "update" | "patch" => Some("Update"),
        "delete" => Some("Delete"),
        "search-type" | "search-system" => Some("Query"),
        _ => None,
    };
    Roles {
        client,
        server,
        user,
        profile,
    }
}
