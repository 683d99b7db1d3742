//! The resources of a clinic as text.

use super::{Clinic, DIASTOLIC, PRESSURE, SYSTOLIC, Visit, decimal, moment};

/// One resource, with its id.
pub(super) fn text(clinic: &Clinic, resource_type: &str, number: u64) -> String {
    let id = clinic.id(resource_type, number);
    let rest = match resource_type {
        "Organization" => format!(r#""active":true,"name":"Clinic {number}""#),
        "Practitioner" => practitioner(clinic, number),
        "Patient" => patient(clinic, number),
        "Encounter" => encounter(clinic, number),
        "Condition" => condition(clinic, number),
        "Observation" => observation(clinic, number),
        "Appointment" => appointment(clinic, number),
        _ => claim(clinic, number),
    };
    format!(r#"{{"resourceType":"{resource_type}","id":"{id}",{rest}}}"#)
}

fn reference(clinic: &Clinic, resource_type: &str, number: u64) -> String {
    let id = clinic.id(resource_type, number);
    format!(r#"{{"reference":"{resource_type}/{id}"}}"#)
}

fn practitioner(clinic: &Clinic, number: u64) -> String {
    // People who work here have the names of people who come here.
    let person = clinic.person(number + 1_000_000);
    format!(
        r#""identifier":[{{"system":"https://vesta.example/staff","value":"{number}"}}],"active":true,"name":[{{"family":"{}","given":["{}"]}}]"#,
        person.family, person.given
    )
}

fn patient(clinic: &Clinic, number: u64) -> String {
    let person = clinic.person(number);
    let mut random = clinic.random("Patient text", number);
    let (year, month, day) = (
        random.between(1930, 2020),
        random.between(1, 12),
        random.between(1, 28),
    );
    let city = random.one_of(&["Lyon", "Lagos", "Graz", "Sevilla", "Gdańsk", "Porto"]);
    let house = random.between(1, 240);
    // One of fifty has no telephone.
    let telecom = match random.below(50) {
        0 => String::new(),
        _ => format!(
            r#""telecom":[{{"system":"phone","value":"+33 4 {}","use":"mobile"}}],"#,
            random.between(1_000_000, 9_999_999)
        ),
    };
    format!(
        r#""identifier":[{{"use":"official","type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}}]}},"system":"https://vesta.example/records","value":"{}"}}],"active":true,"name":[{{"use":"official","family":"{}","given":["{}"]}}],{telecom}"gender":"{}","birthDate":"{year}-{month:02}-{day:02}","address":[{{"use":"home","line":["Harbour Road {house}"],"city":"{city}","postalCode":"{}","country":"FR"}}],"managingOrganization":{}"#,
        person.record,
        person.family,
        person.given,
        person.gender,
        10_000 + house,
        reference(clinic, "Organization", number % 5)
    )
}

fn encounter(clinic: &Clinic, number: u64) -> String {
    let visit = clinic.visit(number);
    let mut random = clinic.random("Encounter text", number);
    let class = random.one_of(&["AMB", "AMB", "AMB", "EMER", "IMP", "VR"]);
    let status = random.one_of(&["finished", "finished", "finished", "finished", "cancelled"]);
    let minutes = i64::try_from(random.between(10, 120)).unwrap_or(0);
    format!(
        r#""status":"{status}","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{class}"}},"type":[{{"coding":[{{"system":"http://snomed.info/sct","code":"162673000","display":"General examination of patient"}}]}}],"subject":{},"participant":[{{"individual":{}}}],"period":{{"start":"{}","end":"{}"}},"serviceProvider":{}"#,
        reference(clinic, "Patient", visit.patient),
        reference(clinic, "Practitioner", visit.practitioner),
        moment(visit.at),
        moment(visit.at + minutes * 60),
        reference(clinic, "Organization", visit.patient % 5)
    )
}

/// The visit at which something happened, and its number.
fn visit_of(clinic: &Clinic, resource_type: &str, number: u64) -> (u64, Visit) {
    let encounter = clinic.visit_of(number, clinic.count(resource_type));
    (encounter, clinic.visit(encounter))
}

fn condition(clinic: &Clinic, number: u64) -> String {
    let (encounter, visit) = visit_of(clinic, "Condition", number);
    let mut random = clinic.random("Condition text", number);
    let place = clinic.diagnosed.choose(&mut random);
    let code = super::catalogue::diagnosis(place);
    let status = random.one_of(&["active", "active", "active", "resolved"]);
    format!(
        r#""clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{status}"}}]}},"verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis"}}]}}],"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}","display":"Disorder {place}"}}],"text":"Disorder {place}"}},"subject":{},"encounter":{},"onsetDateTime":"{}","recordedDate":"{}""#,
        reference(clinic, "Patient", visit.patient),
        reference(clinic, "Encounter", encounter),
        moment(visit.at),
        moment(visit.at)
    )
}

fn quantity(value: u64, unit: &str) -> String {
    let value = decimal(value);
    format!(
        r#"{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#
    )
}

fn component(code: &str, display: &str, value: u64) -> String {
    format!(
        r#"{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{display}"}}]}},"valueQuantity":{}}}"#,
        quantity(value, "mm[Hg]")
    )
}

fn observation(clinic: &Clinic, number: u64) -> String {
    let measured = clinic.measured(number);
    let measure = measured.measure;
    let mut random = clinic.random("Observation text", number);
    let status = random.one_of(&[
        "final", "final", "final", "final", "final", "final", "final", "final", "final", "amended",
    ]);
    // One of fifty was measured outside of a visit.
    let encounter = match random.below(50) {
        0 => String::new(),
        _ => format!(
            r#""encounter":{},"#,
            reference(clinic, "Encounter", measured.encounter)
        ),
    };
    let value = match measure.code.as_str() {
        PRESSURE => format!(
            r#""component":[{},{}]"#,
            component(SYSTOLIC, "Systolic blood pressure", measured.value),
            component(DIASTOLIC, "Diastolic blood pressure", measured.second)
        ),
        _ => format!(
            r#""valueQuantity":{}"#,
            quantity(measured.value, measure.unit)
        ),
    };
    let flag = random.one_of(&["N", "N", "H", "L"]);
    let note = match random.below(4) {
        0 => {
            r#","note":[{"text":"Measured at rest, seated, after five minutes; the lower of two values is reported."}]"#
        }
        _ => "",
    };
    let practitioner = clinic.visit(measured.encounter).practitioner;
    format!(
        r#""identifier":[{{"system":"https://vesta.example/observations","value":"{}"}}],"status":"{status}","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{}"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{}","display":"{}"}}],"text":"{}"}},"subject":{},{encounter}"effectiveDateTime":"{}","issued":"{}","performer":[{}],{value},"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"{flag}"}}]}}]{note}"#,
        random.uuid(),
        measure.category,
        measure.code,
        measure.display,
        measure.display,
        reference(clinic, "Patient", measured.patient),
        moment(measured.at),
        moment(measured.at + 600),
        reference(clinic, "Practitioner", practitioner),
    )
}

fn appointment(clinic: &Clinic, number: u64) -> String {
    let (_, visit) = visit_of(clinic, "Appointment", number);
    let start = clinic.appointed(number, &visit);
    let mut random = clinic.random("Appointment text", number);
    let status = random.one_of(&["fulfilled", "fulfilled", "booked", "cancelled", "noshow"]);
    format!(
        r#""status":"{status}","serviceType":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/service-type","code":"124"}}]}}],"start":"{}","end":"{}","minutesDuration":15,"participant":[{{"actor":{},"status":"accepted"}},{{"actor":{},"status":"accepted"}}]"#,
        moment(start),
        moment(start + super::APPOINTED),
        reference(clinic, "Patient", visit.patient),
        reference(clinic, "Practitioner", visit.practitioner)
    )
}

fn claim(clinic: &Clinic, number: u64) -> String {
    let (_, visit) = visit_of(clinic, "Claim", number);
    let mut random = clinic.random("Claim text", number);
    let total = decimal(random.between(200, 20_000));
    format!(
        r#""identifier":[{{"system":"https://vesta.example/claims","value":"{number}"}}],"status":"active","type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"professional"}}]}},"use":"claim","patient":{},"created":"{}","provider":{},"priority":{{"coding":[{{"code":"normal"}}]}},"insurance":[{{"sequence":1,"focal":true,"coverage":{{"display":"Health insurance"}}}}],"item":[{{"sequence":1,"productOrService":{{"coding":[{{"system":"http://snomed.info/sct","code":"162673000"}}]}},"unitPrice":{{"value":{total},"currency":"EUR"}}}}],"total":{{"value":{total},"currency":"EUR"}}"#,
        reference(clinic, "Patient", visit.patient),
        moment(visit.at),
        reference(clinic, "Practitioner", visit.practitioner)
    )
}
