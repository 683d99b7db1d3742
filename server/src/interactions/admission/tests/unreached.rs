//! What `$everything` says of types that a scope or a role keeps out of it.

use super::clinic::Clinic;
use crate::operations::testing::entries;

const SAID: &str = "not looked for, because this access does not include them: ";

/// The types that are named, and the link to the next page.
async fn unreached(
    clinic: &Clinic,
    who: &str,
    scopes: &str,
    url: &str,
) -> (String, Option<String>) {
    let access = clinic.access(who, scopes).await;
    let answer = clinic.ask(&access, &format!("GET {url}")).await;
    assert_eq!(answer.status, 200, "{url}: {}", answer.body);
    let (found, links) = entries(&answer.body);
    let outcomes = found.iter().filter(|one| one.starts_with("outcome"));
    let named = answer.body.split(SAID).nth(1);
    assert_eq!(outcomes.count(), usize::from(named.is_some()), "{url}");
    let named = named.map_or("", |text| text.split('"').next().unwrap());
    if !named.is_empty() {
        let issue = r#"{"severity":"information","code":"suppressed","#;
        assert!(answer.body.contains(issue), "{}", answer.body);
    }
    let next = links.into_iter().find(|(relation, _)| relation == "next");
    (named.to_owned(), next.map(|(_, url)| url))
}

#[tokio::test]
async fn what_is_not_reached_is_named_whether_there_is_any_or_not() {
    let Some(clinic) = Clinic::of(2).await else {
        return;
    };
    let bare = r#"{"resourceType":"Patient","id":"bare"}"#.to_owned();
    clinic.write(vec![bare]).await;
    let scopes = "patient/Patient.rs patient/Condition.rs patient/Observation.rs patient/Flag.rs";
    let named = async |url: &str, who: &str| unreached(&clinic, who, scopes, url).await;
    let (own, patient) = ("Patient/zq00zq/$everything", "Patient/zq00zq");
    let (all, _) = named(own, patient).await;
    let has = |name: &str| all.split(", ").any(|one| one == name);
    // A role keeps out what a scope lets in.
    for name in ["Encounter", "Consent", "AuditEvent", "Flag", "Group"] {
        assert!(has(name), "{name}: {all}");
    }
    for name in ["Patient", "Condition", "Observation", "Practitioner"] {
        assert!(!has(name), "{name}: {all}");
    }
    let (of_bare, _) = named("Patient/bare/$everything", "Patient/bare").await;
    assert_eq!(of_bare, all, "nothing tells what there is");
    let check = async |query: &str, expected: &str| {
        let (found, _) = named(&format!("{own}?{query}"), patient).await;
        assert_eq!(found, expected, "{query}");
    };
    check("_type=Condition", "").await;
    check("_type=Encounter,Condition,Consent", "Consent, Encounter").await;
    check("_type=Practitioner", "Practitioner").await;
    let (first, next) = named(&format!("{own}?_count=1"), patient).await;
    assert_eq!(first, all);
    let (second, _) = named(&next.unwrap(), patient).await;
    assert_eq!(second, "", "it is said once");
    clinic.close().await;
}

#[tokio::test]
async fn whoever_reaches_all_types_is_told_of_none() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let (own, scopes) = ("Patient/zq00zq/$everything", "system/*.rs");
    let (named, _) = unreached(&clinic, "client", scopes, own).await;
    assert_eq!(named, "");
    let encounter = "Encounter/e-zq00zq/$everything";
    let (named, _) = unreached(&clinic, "client", scopes, encounter).await;
    assert_eq!(named, "");
    let scopes = "user/Encounter.r user/Observation.rs user/Condition.rs";
    let (named, _) = unreached(&clinic, "Practitioner/doctor", scopes, encounter).await;
    assert!(
        named.contains("Procedure") && !named.contains("Observation"),
        "{named}"
    );
    clinic.close().await;
}
