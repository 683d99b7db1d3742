//! What holders of tokens may do: scopes and roles together, compartments, granular scopes, writes, Bundles, operations.

mod clinic;
mod consents;
mod glass;
mod labels;
mod leaks;
mod links;
mod matrix;
mod races;
mod remembered;
mod staff;
mod systems;
mod unreached;
mod withdrawals;
mod writes;

use fhir::resource::Resource;

use clinic::{Answer, Clinic};

/// What is answered of what a consent, a label or the law closes.
const DENIED: &str =
    "403 the consent of the patient, a security label or the law closes this to you";

/// What somebody is answered: the status, and of what is found the keys.
async fn check(clinic: &Clinic, who: &str, scopes: &str, request: &str, expected: &str) {
    let access = clinic.access(who, scopes).await;
    let answer = clinic.ask(&access, request).await;
    assert_eq!(brief(&answer), expected, "{who} with {scopes}: {request}");
}

/// `200 Patient/a`, or the status and what follows the last colon of the refusal.
fn brief(answer: &Answer) -> String {
    let status = answer.status;
    if status >= 400 {
        return format!("{status} {}", answer.body);
    }
    let resource = match Resource::parse(answer.body.clone()) {
        // The id of what is created is a new one.
        Ok(resource) if status != 201 => resource,
        _ => return status.to_string(),
    };
    let key = |resource: &Resource| {
        let id = resource.id().unwrap_or_default().to_owned();
        format!("{}/{id}", resource.resource_type())
    };
    if resource.resource_type().name() != "Bundle" {
        return format!("{status} {}", key(&resource));
    }
    let (entries, _) = crate::operations::testing::entries(&answer.body);
    let mut entries: Vec<&str> = entries
        .iter()
        .map(|one| one.rsplit(' ').next().unwrap_or_default())
        .collect();
    entries.sort_unstable();
    format!("{status} {}", entries.join(" "))
        .trim_end()
        .to_owned()
}

#[tokio::test]
async fn a_patient_sees_the_own_record_and_what_is_the_clinics() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let own = async |request: &str, expected: &str| {
        check(&clinic, "Patient/zq00zq", "patient/*.rs", request, expected).await;
    };
    own("GET Patient/zq00zq", "200 Patient/zq00zq").await;
    own("GET Patient/zq01zq", "404 there is no Patient/zq01zq").await;
    own("GET Patient/nobody", "404 there is no Patient/nobody").await;
    own("GET Patient", "200 Patient/zq00zq").await;
    own("GET Patient?_total=accurate&_summary=count", "200").await;
    own("GET Condition", "200 Condition/c-zq00zq").await;
    own("GET Condition?subject=Patient/zq01zq", "200").await;
    own("GET Organization/clinic", "200 Organization/clinic").await;
    own("GET Group", "403 this access does not include Group.s: neither a scope and a role together, nor the launch, allow it").await;
    own("GET Group/all", "403 this access does not include Group.r: neither a scope and a role together, nor the launch, allow it").await;
    own("GET Patient/zq01zq/Observation", "200").await;
    own(
        "GET Patient/zq01zq/$everything",
        "404 there is no Patient/zq01zq",
    )
    .await;
    own(
        "GET Patient/zq01zq/_history",
        "404 there is no Patient/zq01zq",
    )
    .await;
    own(
        "GET Patient/zq01zq/_history/1",
        "404 Patient/zq01zq has no such version",
    )
    .await;
    own("GET _history?_count=100", "200 Appointment/a-zq00zq CareTeam/team Communication/m-zq00zq Condition/c-zq00zq Consent/n-zq00zq Device/y-zq00zq DocumentReference/d-zq00zq Encounter/e-zq00zq MedicationRequest/r-zq00zq Observation/moved-zq00zq Observation/o1-zq00zq Observation/o2-zq00zq Organization/clinic Patient/zq00zq Practitioner/doctor PractitionerRole/doctor QuestionnaireResponse/q-zq00zq RelatedPerson/p-zq00zq").await;
    clinic.close().await;
}

#[tokio::test]
async fn scopes_and_roles_allow_only_together() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let refused = |scope: &str| {
        format!(
            "403 this access does not include {scope}: neither a scope and a role together, nor the launch, allow it"
        )
    };
    let patient = "Patient/zq00zq";
    let check = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    check(
        patient,
        "patient/Condition.r",
        "GET Condition/c-zq00zq",
        "200 Condition/c-zq00zq",
    )
    .await;
    check(
        patient,
        "patient/Condition.r",
        "GET Condition",
        &refused("Condition.s"),
    )
    .await;
    check(
        patient,
        "patient/Condition.s",
        "GET Condition/c-zq00zq",
        &refused("Condition.r"),
    )
    .await;
    check(
        patient,
        "patient/Condition.read",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    check(
        patient,
        "patient/Condition.cud",
        "DELETE Condition/c-zq00zq",
        &refused("Condition.d"),
    )
    .await;
    check(
        patient,
        "user/Condition.rs",
        "GET Condition",
        "200 Condition/c-zq00zq",
    )
    .await;
    check(
        patient,
        "system/*.rs",
        "GET Condition",
        &refused("Condition.s"),
    )
    .await;
    check(
        patient,
        "openid fhirUser",
        "GET Patient",
        &refused("Patient.s"),
    )
    .await;
    check(
        "RelatedPerson/p-zq01zq",
        "patient/*.rs",
        "GET Condition",
        "200 Condition/c-zq01zq",
    )
    .await;
    check(
        "RelatedPerson/nobody",
        "patient/*.rs",
        "GET Condition",
        &refused("Condition.s"),
    )
    .await;
    // A patient who starts an app for another patient has nothing in common with the scope.
    check(
        "Patient/zq00zq for zq01zq",
        "patient/*.rs",
        "GET Condition",
        "200",
    )
    .await;
    check(
        "client",
        "system/Condition.rs",
        "GET Condition",
        "200 Condition/c-zq00zq Condition/c-zq01zq",
    )
    .await;
    check(
        "client",
        "user/Condition.rs",
        "GET Condition",
        &refused("Condition.s"),
    )
    .await;
    check(
        "client",
        "system/Condition.rs",
        "GET Patient/$meta",
        &refused("Patient.r"),
    )
    .await;
    check(
        "client",
        "system/Condition.rs",
        "GET Condition/$explain",
        &refused("system/*.r"),
    )
    .await;
    check(
        "client",
        "system/*.cruds",
        "GET SearchParameter/$index-status",
        "200 Parameters/",
    )
    .await;
    check(
        patient,
        "patient/*.rs",
        "GET SearchParameter/$index-status",
        &refused("system/*.r"),
    )
    .await;
    check(
        patient,
        "patient/Condition.rs",
        "GET ?_type=Condition,Patient",
        &refused("Patient.s"),
    )
    .await;
    check(
        patient,
        "patient/Condition.rs",
        "GET Condition?_include=Condition:subject",
        "200 Condition/c-zq00zq",
    )
    .await;
    check(
        patient,
        "patient/Condition.rs patient/Patient.r",
        "GET Condition?_include=Condition:subject",
        "200 Condition/c-zq00zq Patient/zq00zq",
    )
    .await;
    check(
        patient,
        "patient/Condition.rs",
        "GET Condition?subject:Patient.gender=female",
        "200",
    )
    .await;
    clinic.close().await;
}

#[tokio::test]
async fn granular_scopes_name_rows() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let laboratory = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory";
    let scope = |context: &str, filter: &str| format!("{context}/Observation.rs?{filter}");
    let check = async |who: &str, scopes: &str, request: &str, expected: &str| {
        check(&clinic, who, scopes, request, expected).await;
    };
    let own = scope("patient", &format!("category={laboratory}"));
    let patient = "Patient/zq00zq";
    check(
        patient,
        &own,
        "GET Observation",
        "200 Observation/o1-zq00zq",
    )
    .await;
    check(
        patient,
        &own,
        "GET Observation/o1-zq00zq",
        "200 Observation/o1-zq00zq",
    )
    .await;
    check(
        patient,
        &own,
        "GET Observation/o2-zq00zq",
        "404 there is no Observation/o2-zq00zq",
    )
    .await;
    let all = scope("system", &format!("category={laboratory}"));
    check(
        "client",
        &all,
        "GET Observation",
        "200 Observation/o1-zq00zq Observation/o1-zq01zq",
    )
    .await;
    // What cannot be asked of the row itself, or is not understood, names nothing.
    for filter in [
        "date=gt2000",
        "nothing=1",
        "category:in=http://here/set",
        "subject:Patient.name=x",
    ] {
        check("client", &scope("system", filter), "GET Observation", "403 this access does not include Observation.s: neither a scope and a role together, nor the launch, allow it").await;
    }
    clinic.close().await;
}

#[tokio::test]
async fn nothing_is_written_into_a_foreign_compartment() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let outside = |name: &str| {
        format!(
            "403 this access does not allow to write that {name}: it is outside of what it is confined to"
        )
    };
    let scopes = "patient/*.cruds";
    let own = async |request: &str, expected: &str| {
        check(&clinic, "Patient/zq00zq", scopes, request, expected).await;
    };
    let communication = |subject: &str, recipient: &str| {
        format!(
            r#"{{"resourceType":"Communication","status":"completed","subject":{{"reference":"{subject}"}},"recipient":[{{"reference":"{recipient}"}}]}}"#
        )
    };
    let post = |body: &str| format!("POST Communication {body}");
    let (me, other) = ("Patient/zq00zq", "Patient/zq01zq");
    own(&post(&communication(me, "Organization/clinic")), "201").await;
    own(&post(&communication(other, me)), &outside("Communication")).await;
    own(&post(&communication(me, other)), &outside("Communication")).await;
    own(
        &post(&communication(me, "Patient/nobody")),
        &outside("Communication"),
    )
    .await;
    own(
        &post(r#"{"resourceType":"Communication","status":"completed"}"#),
        &outside("Communication"),
    )
    .await;
    let appointment = |id: &str, patient: &str, more: &str| {
        format!(
            r#"PUT Appointment/{id} {{"resourceType":"Appointment","id":"{id}","status":"proposed"{more},"participant":[{{"actor":{{"reference":"{patient}"}},"status":"accepted"}}]}}"#
        )
    };
    own(
        &appointment("a-zq00zq", me, r#","description":"x""#),
        "200 Appointment/a-zq00zq",
    )
    .await;
    own(&appointment("a-zq00zq", other, ""), &outside("Appointment")).await;
    own(
        &appointment("a-zq01zq", me, ""),
        "404 there is no Appointment/a-zq01zq",
    )
    .await;
    own(
        &appointment("nothing", me, ""),
        "404 there is no Appointment/nothing",
    )
    .await;
    let patch = |id: &str, patient: &str| {
        format!(
            r#"PATCH Appointment/{id} [{{"op":"replace","path":"/participant/0/actor/reference","value":"{patient}"}}]"#
        )
    };
    own(&patch("a-zq00zq", other), &outside("Appointment")).await;
    own(
        &patch("a-zq01zq", me),
        "404 there is no Appointment/a-zq01zq",
    )
    .await;
    own(&patch("nothing", me), "404 there is no Appointment/nothing").await;

    clinic.close().await;
}

#[tokio::test]
async fn a_client_of_one_compartment_changes_and_deletes_within_it() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    // A physician in the care team of the first patient, for the patient the app was started with.
    let check = async |request: &str, expected: &str| {
        check(
            &clinic,
            "Practitioner/doctor",
            "user/*.cruds",
            request,
            expected,
        )
        .await;
    };
    let observation = |id: &str, patient: &str| {
        format!(
            r#"PUT Observation/{id} {{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"{patient}"}}}}"#
        )
    };
    check(
        &observation("o2-zq00zq", "Patient/zq00zq"),
        "200 Observation/o2-zq00zq",
    )
    .await;
    check(
        &observation("o2-zq01zq", "Patient/zq00zq"),
        "404 there is no Observation/o2-zq01zq",
    )
    .await;
    check(&observation("o2-zq00zq", "Patient/zq01zq"), "403 this access does not allow to write that Observation: it is outside of what it is confined to").await;
    // The role of physicians deletes nothing.
    check("DELETE Observation/o2-zq00zq", "403 this access does not include Observation.d: neither a scope and a role together, nor the launch, allow it").await;
    let conditional = r#"PUT Observation?code:text=nowhere {"resourceType":"Observation","status":"final","code":{"text":"nowhere"},"subject":{"reference":"Patient/zq00zq"}}"#;
    let access = clinic.access("Practitioner/doctor", "user/*.cruds").await;
    let answer = clinic.ask(&access, conditional).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    clinic.close().await;
}

#[tokio::test]
async fn each_entry_of_a_bundle_is_asked_about_by_itself() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let access = clinic.access("Patient/zq00zq", "patient/*.rs").await;
    let bundle = |kind: &str, entries: &[(&str, &str)]| {
        let entries: Vec<String> = entries
            .iter()
            .map(|(method, url)| format!(r#"{{"request":{{"method":"{method}","url":"{url}"}}}}"#))
            .collect();
        format!(
            r#"POST / {{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#,
            entries.join(",")
        )
    };
    let reads = [
        ("GET", "Patient/zq00zq"),
        ("GET", "Patient/zq01zq"),
        ("GET", "Group/all"),
        ("DELETE", "Condition/c-zq00zq"),
        ("GET", "Patient/zq01zq/$everything"),
    ];
    let answer = clinic.ask(&access, &bundle("batch", &reads)).await;
    let statuses: Vec<&str> = answer.body.split("\"status\":\"").skip(1).collect();
    let statuses: Vec<&str> = statuses.iter().map(|one| &one[..3]).collect();
    assert_eq!(
        statuses,
        ["200", "404", "403", "403", "404"],
        "{}",
        answer.body
    );
    for (place, status) in [(1, 404), (2, 403), (3, 403)] {
        let answer = clinic
            .ask(&access, &bundle("transaction", &[reads[0], reads[place]]))
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    clinic.close().await;
}
