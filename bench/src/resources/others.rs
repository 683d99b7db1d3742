//! Patients, encounters, conditions, and what else a record holds beside Observations.

use crate::random::Random;

use super::{Subjects, date, time};

const FAMILIES: [&str; 16] = [
    "Moreau",
    "Okafor",
    "Nguyen",
    "Schäfer",
    "García",
    "Kowalska",
    "Haddad",
    "Tanaka",
    "Ivanova",
    "O’Brien",
    "Rossi",
    "Yılmaz",
    "Silva",
    "Andersson",
    "Papadopoulos",
    "Kim",
];
const GIVENS: [&str; 16] = [
    "Ada", "Chidi", "Linh", "Jonas", "Lucía", "Zofia", "Omar", "Yuki", "Olga", "Siobhán", "Marco",
    "Elif", "João", "Astrid", "Eleni", "Min-jun",
];
const CITIES: [&str; 8] = [
    "Lyon",
    "Lagos",
    "Graz",
    "Sevilla",
    "Gdańsk",
    "Porto",
    "Malmö",
    "Thessaloniki",
];
const STREETS: [&str; 6] = [
    "Rue de la République",
    "Harbour Road",
    "Lindenweg",
    "Calle Mayor",
    "ul. Długa",
    "Storgatan",
];
const CONDITIONS: [(&str, &str); 10] = [
    ("38341003", "Hypertensive disorder, systemic arterial"),
    ("44054006", "Diabetes mellitus type 2"),
    ("195662009", "Acute viral pharyngitis"),
    ("444814009", "Viral sinusitis"),
    ("162864005", "Body mass index 30+ - obesity"),
    ("271737000", "Anemia"),
    ("73211009", "Diabetes mellitus"),
    ("40930008", "Hypothyroidism"),
    ("8619003", "Infertility"),
    ("129103003", "Endometriosis"),
];
const PROCEDURES: [(&str, &str); 6] = [
    ("430193006", "Medication reconciliation"),
    ("268556000", "Urine screening for glucose"),
    ("169553002", "Insertion of subcutaneous contraceptive"),
    ("252160004", "Standard pregnancy test"),
    ("75143001", "Oocyte retrieval"),
    ("225250007", "Transfer of embryo"),
];
const DRUGS: [(&str, &str); 8] = [
    ("314076", "lisinopril 10 MG Oral Tablet"),
    (
        "860975",
        "metformin hydrochloride 500 MG Extended Release Oral Tablet",
    ),
    ("197361", "amlodipine 5 MG Oral Tablet"),
    ("313782", "acetaminophen 325 MG Oral Tablet"),
    ("308136", "amoxicillin 500 MG Oral Capsule"),
    ("966247", "levothyroxine sodium 0.1 MG Oral Tablet"),
    ("200031", "progesterone 200 MG Oral Capsule"),
    ("310261", "folic acid 0.4 MG Oral Tablet"),
];
const VACCINES: [(&str, &str); 4] = [
    ("140", "Influenza, seasonal, injectable, preservative free"),
    ("113", "Td (adult) preservative free"),
    ("52", "Hep A, adult"),
    ("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose"),
];

/// A person; in the second variant the phone number has changed.
pub(super) fn patient(random: &mut Random) -> [String; 2] {
    let (family, given) = (random.one_of(&FAMILIES), random.one_of(&GIVENS));
    let (city, street) = (random.one_of(&CITIES), random.one_of(&STREETS));
    let (number, record) = (
        random.between(1, 240),
        random.between(10_000_000, 99_999_999),
    );
    let (year, month, day) = (
        random.between(1930, 2024),
        random.between(1, 12),
        random.between(1, 28),
    );
    let gender = random.one_of(&["female", "male", "female", "male", "other"]);
    let uuid = random.uuid();
    let mut variant = || {
        let phone = random.between(1_000_000, 9_999_999);
        format!(
            r#""identifier":[{{"use":"official","type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"Medical record number"}}]}},"system":"https://vesta.example/records","value":"{record}"}},{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{uuid}"}}],"active":true,"name":[{{"use":"official","family":"{family}","given":["{given}"]}}],"telecom":[{{"system":"phone","value":"+33 4 {phone}","use":"mobile"}},{{"system":"email","value":"p{record}@mail.example"}}],"gender":"{gender}","birthDate":"{year}-{month:02}-{day:02}","address":[{{"use":"home","line":["{street} {number}"],"city":"{city}","postalCode":"{}","country":"FR"}}],"maritalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Married"}}]}},"communication":[{{"language":{{"coding":[{{"system":"urn:ietf:bcp:47","code":"fr","display":"French"}}]}}}}]}}"#,
            10_000 + number
        )
    };
    [variant(), variant()]
}

/// A visit; in the second variant it is finished.
pub(super) fn encounter(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let (date, time) = (date(random), time(random));
    let (code, display) = random.one_of(&CONDITIONS);
    let class = random.one_of(&["AMB", "AMB", "AMB", "EMER", "IMP", "VR"]);
    let identifier = random.uuid();
    let Subjects {
        patient,
        practitioner,
        ..
    } = subjects;
    let variant = |status: &str| {
        format!(
            r#""identifier":[{{"use":"official","system":"https://vesta.example/encounters","value":"{identifier}"}}],"status":"{status}","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{class}"}},"type":[{{"coding":[{{"system":"http://snomed.info/sct","code":"162673000","display":"General examination of patient (procedure)"}}],"text":"General examination of patient (procedure)"}}],"subject":{{"reference":"{patient}"}},"participant":[{{"type":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PPRF","display":"primary performer"}}]}}],"period":{{"start":"{date}T{time}+01:00","end":"{date}T20:00:00+01:00"}},"individual":{{"reference":"{practitioner}"}}}}],"period":{{"start":"{date}T{time}+01:00","end":"{date}T20:00:00+01:00"}},"reasonCode":[{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}","display":"{display}"}}]}}]}}"#
        )
    };
    [variant("in-progress"), variant("finished")]
}

/// A diagnosis; in the second variant it is over.
pub(super) fn condition(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let (date, time) = (date(random), time(random));
    let (code, display) = CONDITIONS[random.skewed(CONDITIONS.len())];
    let Subjects {
        patient, encounter, ..
    } = subjects;
    let variant = |status: &str, more: &str| {
        format!(
            r#""clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{status}"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis","display":"Encounter Diagnosis"}}]}}],"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}","display":"{display}"}}],"text":"{display}"}},"subject":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"onsetDateTime":"{date}T{time}+01:00"{more},"recordedDate":"{date}"}}"#
        )
    };
    [
        variant("active", ""),
        variant(
            "resolved",
            r#","abatementDateTime":"2025-01-15T09:00:00+01:00""#,
        ),
    ]
}

/// A prescription; in the second variant it has ended.
pub(super) fn medication_request(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let date = date(random);
    let (code, display) = DRUGS[random.skewed(DRUGS.len())];
    let times = random.between(1, 4);
    let Subjects {
        patient,
        encounter,
        practitioner,
    } = subjects;
    let variant = |status: &str| {
        format!(
            r#""status":"{status}","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"{code}","display":"{display}"}}],"text":"{display}"}},"subject":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"authoredOn":"{date}","requester":{{"reference":"{practitioner}"}},"dosageInstruction":[{{"sequence":1,"text":"{times} times a day with water","timing":{{"repeat":{{"frequency":{times},"period":1,"periodUnit":"d"}}}},"asNeededBoolean":false}}]}}"#
        )
    };
    [variant("active"), variant("completed")]
}

/// A procedure that was done.
pub(super) fn procedure(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let (date, time) = (date(random), time(random));
    let (code, display) = random.one_of(&PROCEDURES);
    let Subjects {
        patient, encounter, ..
    } = subjects;
    let variant = |status: &str| {
        format!(
            r#""status":"{status}","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}","display":"{display}"}}],"text":"{display}"}},"subject":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"performedPeriod":{{"start":"{date}T{time}+01:00","end":"{date}T20:30:00+01:00"}}}}"#
        )
    };
    [variant("in-progress"), variant("completed")]
}

/// A vaccination.
pub(super) fn immunization(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let (date, time) = (date(random), time(random));
    let (code, display) = random.one_of(&VACCINES);
    let Subjects {
        patient, encounter, ..
    } = subjects;
    let variant = |lot: u64| {
        format!(
            r#""status":"completed","vaccineCode":{{"coding":[{{"system":"http://hl7.org/fhir/sid/cvx","code":"{code}","display":"{display}"}}],"text":"{display}"}},"patient":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"occurrenceDateTime":"{date}T{time}+01:00","primarySource":true,"lotNumber":"L{lot}"}}"#
        )
    };
    let lot = random.between(10_000, 99_999);
    [variant(lot), variant(lot + 1)]
}

/// A report of a visit.
pub(super) fn diagnostic_report(random: &mut Random, subjects: Subjects<'_>) -> [String; 2] {
    let (date, time) = (date(random), time(random));
    let Subjects {
        patient,
        encounter,
        practitioner,
    } = subjects;
    let note =
        "Q2hpZWYgY29tcGxhaW50OiBub25lLiBIaXN0b3J5OiB1bnJlbWFya2FibGUuIFBsYW46IGZvbGxvdy11cC4=";
    let variant = |status: &str| {
        format!(
            r#""status":"{status}","category":[{{"coding":[{{"system":"http://loinc.org","code":"34117-2","display":"History and physical note"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"34117-2","display":"History and physical note"}}]}},"subject":{{"reference":"{patient}"}},"encounter":{{"reference":"{encounter}"}},"effectiveDateTime":"{date}T{time}+01:00","issued":"{date}T{time}.377+01:00","performer":[{{"reference":"{practitioner}"}}],"presentedForm":[{{"contentType":"text/plain; charset=utf-8","data":"{note}"}}]}}"#
        )
    };
    [variant("preliminary"), variant("final")]
}
