//! What the trail says of records that are opened in an emergency: what is done meanwhile, and that they are closed again.

use jiff::SignedDuration;

use super::clinic::Clinic;

const OPEN: &str = r#"POST Patient/zq01zq/$break-glass {"resourceType":"Parameters","parameter":[
    {"name":"reason","valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"ETREAT"}},
    {"name":"justification","valueString":"found unconscious at home"}]}"#;

impl Clinic {
    /// How many AuditEvents there are by a query, and how many of them have a purpose.
    async fn events(&self, query: &str, purpose: &str) -> (usize, usize) {
        let everything = self.world.cx.access.clone();
        let found = self
            .ask(&everything, &format!("GET AuditEvent?{query}&_count=100"))
            .await;
        assert_eq!(found.status, 200, "{}", found.body);
        let events = found.body.matches(r#""resourceType":"AuditEvent""#).count();
        let coding = format!(
            r#""purposeOfEvent":[{{"coding":[{{"code":"{purpose}","system":"http://terminology.hl7.org/CodeSystem/v3-ActReason"}}]}}]"#
        );
        (events, found.body.matches(&coding).count())
    }
}

#[tokio::test]
async fn what_is_done_in_an_opened_record_is_marked_until_it_is_closed() {
    let Some(mut clinic) = Clinic::audited(2).await else {
        return;
    };
    let doctor = "Practitioner/doctor";
    let ask = async |clinic: &Clinic, request: &str, expected: u16| {
        let access = clinic.access(doctor, "user/*.cruds").await;
        let answer = clinic.ask(&access, request).await;
        assert_eq!(answer.status, expected, "{request}: {}", answer.body);
    };
    let by_doctor = |what: &str| format!("agent={doctor}&{what}");
    let (theirs, own) = (
        by_doctor("patient=Patient/zq01zq"),
        by_doctor("patient=Patient/zq00zq"),
    );
    ask(&clinic, "GET Condition/c-zq01zq", 404).await;
    ask(&clinic, OPEN, 200).await;
    assert_eq!(
        clinic.events(&theirs, "BTG").await.1,
        0,
        "nothing was open before"
    );
    ask(&clinic, "GET Condition/c-zq01zq", 200).await;
    ask(&clinic, "GET Condition/c-zq00zq", 200).await;
    ask(&clinic, "GET Observation?patient=zq01zq", 200).await;
    let put = r#"PUT Condition/c-zq01zq {"resourceType":"Condition","id":"c-zq01zq","subject":{"reference":"Patient/zq01zq"}}"#;
    ask(&clinic, put, 200).await;
    let transaction = format!(
        r#"POST / {{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{},"request":{{"method":"PUT","url":"Condition/c-zq01zq"}}}}]}}"#,
        put.split_once(" {")
            .map(|(_, text)| format!("{{{text}"))
            .unwrap()
    );
    ask(&clinic, &transaction, 200).await;
    assert_eq!(clinic.events(&theirs, "BTG").await.1, 4);
    let (all, treated) = clinic.events(&own, "TREAT").await;
    assert_eq!((all, treated), (1, 1), "what is of others is not");
    clinic.world.cx.now += SignedDuration::from_mins(61);
    ask(&clinic, "GET Condition/c-zq01zq", 404).await;
    assert_eq!(clinic.events(&theirs, "BTG").await.1, 4);
    clinic.close().await;
}

#[tokio::test]
async fn the_end_of_an_opening_is_told_once() {
    let Some(clinic) = Clinic::audited(2).await else {
        return;
    };
    let access = clinic.access("Practitioner/doctor", "user/*.rs").await;
    let answer = clinic.ask(&access, OPEN).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let store = &clinic.world.interactions.store;
    let now = clinic.world.cx.now;
    let ended = async |minutes: i64| {
        let then = now + SignedDuration::from_mins(minutes);
        store.end_opened_records(10, then).await.unwrap()
    };
    assert_eq!(ended(59).await, 0);
    assert_eq!(clinic.events("subtype=110138", "BTG").await, (0, 0));
    let (one, other) = tokio::join!(ended(61), ended(61));
    assert_eq!(one + other, 1);
    assert_eq!(ended(61).await, 0);
    for query in [
        "subtype=110138",
        "subtype=break-glass-ended&patient=Patient/zq01zq&agent=Practitioner/doctor",
    ] {
        assert_eq!(clinic.events(query, "BTG").await, (1, 1), "{query}");
    }
    clinic.world.seal().await;
    let everything = clinic.world.cx.access.clone();
    let verified = clinic.ask(&everything, "GET AuditEvent/$verify").await;
    assert!(
        verified
            .body
            .contains(r#"{"name":"intact","valueBoolean":true}"#),
        "{}",
        verified.body
    );
    clinic.close().await;
}
