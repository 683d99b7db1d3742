//! Scopes in plain words: what an app will see and do, as a person decides about it.

use fhir::ids::ResourceType;

use crate::auth::{Permission, Permissions, ResourceScope, Scope, ScopeContext, Scopes};

/// What people call the types they meet most. Others are called by their names.
const NAMES: [(&str, &str); 34] = [
    ("AllergyIntolerance", "allergies and intolerances"),
    ("Appointment", "appointments"),
    ("AuditEvent", "the record of who has looked at what"),
    ("BiologicallyDerivedProduct", "eggs, sperm and embryos"),
    ("Binary", "files"),
    ("CarePlan", "care plans"),
    ("CareTeam", "care teams"),
    ("Claim", "claims to insurers"),
    ("Communication", "messages"),
    ("Condition", "diagnoses and problems"),
    ("Consent", "consents"),
    ("Coverage", "insurance"),
    ("Device", "devices"),
    ("DiagnosticReport", "reports of findings"),
    ("DocumentReference", "documents"),
    ("Encounter", "visits and stays"),
    ("EpisodeOfCare", "treatment cycles"),
    ("ExplanationOfBenefit", "what insurers have paid"),
    ("FamilyMemberHistory", "the history of the family"),
    ("Goal", "goals"),
    ("Immunization", "vaccinations"),
    ("Invoice", "invoices"),
    ("Location", "places"),
    ("MedicationRequest", "prescriptions"),
    ("MedicationStatement", "medicines that are taken"),
    ("Observation", "results and measurements"),
    ("Organization", "organizations"),
    ("Patient", "names, addresses and other personal details"),
    ("Practitioner", "who works in the clinic"),
    ("Procedure", "procedures"),
    ("QuestionnaireResponse", "answers to questionnaires"),
    ("RelatedPerson", "relatives and partners"),
    ("ServiceRequest", "orders and referrals"),
    ("Task", "tasks"),
];

fn name(resource_type: Option<ResourceType>) -> String {
    let Some(resource_type) = resource_type else {
        return "everything in the record".to_owned();
    };
    let known = NAMES.iter().find(|(name, _)| *name == resource_type.name());
    known.map_or_else(
        || spaced(resource_type.name()),
        |(_, words)| (*words).to_owned(),
    )
}

/// `SpecimenDefinition` as `specimen definition`.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn verbs(permissions: Permissions) -> String {
    let sees = permissions.contains(Permission::Read) || permissions.contains(Permission::Search);
    let does = [
        (sees, "see"),
        (permissions.contains(Permission::Create), "add"),
        (permissions.contains(Permission::Update), "change"),
        (permissions.contains(Permission::Delete), "delete"),
    ];
    let words: Vec<&str> = does
        .iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, word)| *word)
        .collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

fn sentence(scope: &ResourceScope) -> String {
    let whose = match scope.context {
        ScopeContext::Patient => "of this patient",
        ScopeContext::User => "wherever you may yourself",
        ScopeContext::System => "of the clinic",
    };
    let (verbs, name) = (verbs(scope.permissions), name(scope.resource_type));
    match &scope.filter {
        None => format!("{verbs} {name}, {whose}"),
        Some(filter) => {
            let conditions: Vec<String> = filter
                .parameters()
                .map(|(name, value)| condition(&name, &value))
                .collect();
            format!(
                "{verbs} {name}, {whose}, only where {}",
                conditions.join(" and ")
            )
        }
    }
}

/// One condition of a granular scope. Every value is named; what is more than values of a parameter is shown as it is.
fn condition(name: &str, value: &str) -> String {
    if name.contains([':', '.']) {
        return format!("{name}={value}");
    }
    let values: Vec<String> = parts(value, ',').into_iter().map(short).collect();
    format!("{name} is {}", values.join(" or "))
}

/// A value without the system of its code; the whole where there is no code.
fn short(value: &str) -> String {
    let code = parts(value, '|').pop().filter(|code| !code.is_empty());
    let mut out = String::new();
    let mut letters = code.unwrap_or(value).chars();
    while let Some(letter) = letters.next() {
        out.extend(match letter {
            '\\' => letters.next(),
            letter => Some(letter),
        });
    }
    out
}

/// What stands between separators that are not escaped (<https://hl7.org/fhir/R4/search.html#escaping>).
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut is_escaped) = (0, false);
    for (place, letter) in text.char_indices() {
        if letter == separator && !is_escaped {
            parts.push(&text[begin..place]);
            begin = place + letter.len_utf8();
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts.push(&text[begin..]);
    parts
}

/// What the app will be able to do with records, a sentence each.
pub(super) fn plain(scopes: &Scopes) -> Vec<String> {
    scopes.of_resources().map(sentence).collect()
}

/// What else is worth knowing.
pub(super) fn notes(scopes: &Scopes) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if scopes.contains(&Scope::FhirUser) || scopes.contains(&Scope::Profile) {
        notes.push("It learns who you are.");
    } else if scopes.contains(&Scope::OpenId) {
        notes.push("It recognizes you when you come back.");
    }
    if scopes.contains(&Scope::OfflineAccess) {
        notes.push("It keeps this access while you are not there, until you take it back.");
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_in_plain_words() {
        let check = |scope: &str, expected: &str| {
            let scopes = Scopes::parse(scope).scopes;
            assert_eq!(plain(&scopes).join("; "), expected, "{scope}");
        };
        check("openid launch", "");
        check(
            "patient/Observation.rs",
            "see results and measurements, of this patient",
        );
        check(
            "user/*.cruds",
            "see, add, change and delete everything in the record, wherever you may yourself",
        );
        check(
            "user/Appointment.c",
            "add appointments, wherever you may yourself",
        );
        check(
            "patient/SpecimenDefinition.r",
            "see specimen definition, of this patient",
        );
        check(
            "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
            "see results and measurements, of this patient, only where category is laboratory",
        );
        let only = |filter: &str, expected: &str| {
            let scope = format!("patient/Observation.rs?{filter}");
            let expected =
                format!("see results and measurements, of this patient, only where {expected}");
            check(&scope, &expected);
        };
        only(
            "category=a|laboratory,a|vital-signs,social-history",
            "category is laboratory or vital-signs or social-history",
        );
        only("code=a%5C,b,c", "code is a,b or c");
        only("code=http://loinc.org|", "code is http://loinc.org|");
        only("code:not=a|x,a|y", "code:not=a|x,a|y");
        only("_has:Group:member:_id=g", "_has:Group:member:_id=g");
    }

    #[test]
    fn what_outlives_the_session_is_told() {
        let check = |scope: &str, expected: &[&str]| {
            assert_eq!(notes(&Scopes::parse(scope).scopes), expected, "{scope}");
        };
        check("patient/*.rs", &[]);
        check("openid", &["It recognizes you when you come back."]);
        check(
            "openid fhirUser offline_access",
            &[
                "It learns who you are.",
                "It keeps this access while you are not there, until you take it back.",
            ],
        );
    }
}
