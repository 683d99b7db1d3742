//! What is accounted for: reads for purposes beyond treatment, payment and operations.

use jiff::Timestamp;

use crate::audit::{AuditRecord, AuditSource, Who};
use crate::operations::testing::{World, entries};

/// A read of a patient's data for a purpose.
fn record(interaction: &str, action: &str, purpose: &str, patient: &str) -> AuditRecord {
    let mut record = AuditRecord {
        recorded: "2026-11-01T12:00:00Z".parse::<Timestamp>().unwrap(),
        interaction: interaction.into(),
        operation: None,
        action: action.into(),
        outcome: 0,
        status: 200,
        reason: None,
        who: Who {
            access: "grant".into(),
            client: Some("registry".into()),
            purpose: Some((
                "http://terminology.hl7.org/CodeSystem/v3-ActReason".into(),
                purpose.into(),
            )),
            ..Who::default()
        },
        address: None,
        source: AuditSource {
            node: "node-1".into(),
            site: None,
        },
        base_url: "http://localhost/fhir".into(),
        request_id: "r".into(),
        target: Some(format!("Patient/{patient}").into()),
        query: None,
        entities: vec![format!("Patient/{patient}/_history/1").into()],
        owners: vec![1],
        patients: Vec::new(),
        nonce: uuid::Uuid::now_v7(),
        proof: Box::default(),
    };
    record.owner(patient);
    record
}

#[tokio::test]
async fn disclosures_are_reads_for_other_purposes_than_care() {
    let Some(world) = World::audited().await else {
        return;
    };
    for (interaction, action, purpose, patient) in [
        ("read", "R", "TREAT", "anna"),
        ("read", "R", "PUBHLTH", "anna"),
        ("search-type", "E", "HRESCH", "anna"),
        ("update", "U", "HRESCH", "anna"),
        ("read", "R", "HRESCH", "bob"),
        ("read", "R", "PATADMIN", "anna"),
        ("read", "R", "HSYSADMIN", "anna"),
        ("read", "R", "HLEGAL", "anna"),
    ] {
        let one = record(interaction, action, purpose, patient);
        world.interactions.store.add_record(one).await.unwrap();
    }
    let found = async |query: &str| {
        let bundle = world
            .get(&format!("Patient/anna/$disclosures{query}"))
            .await;
        entries(&bundle.unwrap()).0
    };
    let all = [
        "match AuditEvent/8-1",
        "match AuditEvent/3-1",
        "match AuditEvent/2-1",
    ];
    assert_eq!(found("?end=2200").await, all);
    assert_eq!(found("?_count=1").await, all[..1]);
    assert_eq!(found("?start=2026-11-02").await, Vec::<String>::new());
    world.close().await;
}
