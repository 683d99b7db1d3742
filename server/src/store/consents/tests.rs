//! What triggers make of Consents: provision by provision, in whatever version is the current one.

use super::*;
use crate::operations::testing::World;
use crate::store::{PreparedDelete, WriteCondition};

const SCOPE: &str = r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]}"#;

/// A Consent with some members.
fn consent(members: &str) -> String {
    let mut text = format!(
        r#"{{"resourceType":"Consent","id":"c","patient":{{"reference":"Patient/p"}},"category":[{{"text":"x"}}],{members}}}"#
    );
    for (name, value) in [
        ("status", r#""active""#),
        ("scope", SCOPE),
        ("policyRule", r#"{"text":"x"}"#),
    ] {
        if !members.contains(&format!(r#""{name}":"#)) {
            text = text.replacen('{', &format!(r#"{{"{name}":{value},"#), 1);
        }
    }
    text
}

/// What is found of the Consent for somebody of these names: `deny [1] exact by-name for TREAT: …`.
async fn found(world: &World, names: &[&str]) -> Vec<String> {
    let asked = ProvisionsFor {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        patients: None,
        with_permits_alone: true,
        now: world.cx.now,
        base_url: &world.cx.base_url,
    };
    let found = world.interactions.store.provisions(&asked).await.unwrap();
    let has_begun = |one: &Dated| one.starts.is_none_or(|starts| starts <= world.cx.now);
    let in_force = found.into_iter().filter(has_begun).map(|one| one.provision);
    let told = |one: Provision| {
        let effect = one.effect.map_or("bound", |effect| match effect {
            Effect::Permit => "permit",
            Effect::Deny => "deny",
        });
        let mut told = format!("{effect} {:?}", one.place);
        for (is, word) in [(!one.is_exact, " inexact"), (one.names_actor, " by-name")] {
            told.push_str(if is { word } else { "" });
        }
        if !one.purposes.is_empty() {
            told.push_str(&format!(" for {}", one.purposes.join(",")));
        }
        for term in &one.terms {
            told.push_str(&match term {
                Term::Class(types) => {
                    let names: Vec<&str> = types.iter().map(|one| one.name()).collect();
                    format!(" class {}", names.join(","))
                }
                Term::Code(codes) => format!(" code {}", codes.len()),
                Term::Label(codes) => format!(" label {}", codes[0].1),
                Term::Data(data) => format!(" data {} {}", data[0].0, data[0].1),
            });
        }
        told
    };
    in_force.map(told).collect()
}

async fn check(world: &World, members: &str, names: &[&str], expected: &[&str]) {
    world.put(&consent(members)).await;
    assert_eq!(found(world, names).await, expected, "{members}");
}

const WITHIN: &str = r#""provision":{"type":"deny","provision":[{"type":"permit","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}],
    "provision":[{"type":"deny","securityLabel":[{"system":"a","code":"R"}]}]},{"type":"permit","data":[{"meaning":"dependents","reference":{"reference":"Encounter/e"}}]}]}"#;

#[tokio::test]
async fn provisions_are_kept_as_the_current_version_has_them() {
    let Some(world) = World::with(&[r#"{"resourceType":"Patient","id":"p"}"#]).await else {
        return;
    };
    let everybody = ["*"];
    check(
        &world,
        WITHIN,
        &everybody,
        &[
            "deny []",
            "permit [1] class Observation",
            "deny [1, 1] label R",
            "permit [2] data Encounter/e true",
        ],
    )
    .await;
    let simple = r#""provision":{"type":"deny"}"#;
    check(&world, simple, &everybody, &["deny []"]).await;
    for gone in [
        r#""status":"inactive","provision":{"type":"deny"}"#,
        r#""scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}]},"provision":{"type":"deny"}"#,
    ] {
        check(&world, gone, &everybody, &[]).await;
    }
    // Periods, to the end of the day they name.
    let period = |period: &str| format!(r#""provision":{{"type":"deny","period":{{{period}}}}}"#);
    for (said, is_now) in [
        (r#""start":"2020","end":"2999""#, true),
        (r#""end":"2020-05""#, false),
        (r#""start":"2999-01-01""#, false),
        (r#""start":"2020-01-01T10:00:00+01:00""#, true),
    ] {
        let expected: &[&str] = if is_now { &["deny []"] } else { &[] };
        check(&world, &period(said), &everybody, expected).await;
    }
    let today = world.cx.now.to_string();
    let today = format!(r#""end":"{}""#, &today[..10]);
    check(&world, &period(&today), &everybody, &["deny []"]).await;
    let delete = PreparedDelete::new(
        "Consent/c".parse().unwrap(),
        WriteCondition::default(),
        false,
        world.cx.now,
    );
    let store = &world.interactions.store;
    store.delete(&world.cx, delete).await.unwrap();
    assert!(found(&world, &everybody).await.is_empty());
    world.close().await;
}

#[tokio::test]
async fn what_is_not_understood_is_marked_and_left_out() {
    let Some(world) = World::with(&[r#"{"resourceType":"Patient","id":"p"}"#]).await else {
        return;
    };
    let deny = |members: &str| format!(r#""provision":{{"type":"deny",{members}}}"#);
    let permit = |members: &str| format!(r#""provision":{{"type":"permit",{members}}}"#);
    let actor = |role: &str, who: &str| {
        let (system, code) = role.split_once('|').unwrap();
        deny(&format!(
            r#""actor":[{{"role":{{"coding":[{{"system":"{system}","code":"{code}"}}]}},"reference":{who}}}]"#
        ))
    };
    let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    let recipient = format!("{participation}|IRCP");
    let nurse = "https://vesta.example/fhir/CodeSystem/staff-role|nurse";
    let doctor = r#"{"reference":"Practitioner/d"}"#;
    let clinic = r#"{"reference":"Organization/o"}"#;
    let by_name: &[&str] = &["deny [] by-name"];
    let all: &[&str] = &["deny [] inexact"];
    let check = async |members: &str, names: &[&str], expected: &[&str]| {
        check(&world, members, names, expected).await;
    };
    check(&actor(&recipient, doctor), &["Practitioner/d"], by_name).await;
    check(&actor(&recipient, doctor), &["*", "Practitioner/e"], &[]).await;
    check(&actor(nurse, clinic), &["nurse@Organization/o"], by_name).await;
    check(&actor(nurse, clinic), &["*", "Organization/o"], &[]).await;
    // Nobody knows for whom a client works.
    check(&actor(nurse, clinic), &["*", "client"], by_name).await;
    check(&actor(&recipient, doctor), &["*", "client"], &[]).await;
    for unknown in [
        actor(&format!("{participation}|CST"), clinic),
        actor(&recipient, r#"{"reference":"Group/g"}"#),
        actor(&recipient, r#"{"identifier":{"value":"d"}}"#),
        deny(r#""dataPeriod":{"end":"2020"}"#),
        deny(r#""code":[{"text":"something"}]"#),
        deny(r#""class":[{"system":"urn:ietf:bcp:13","code":"text/plain"}]"#),
        deny(r#""data":[{"meaning":"related","reference":{"reference":"Task/t"}}]"#),
        deny(r#""purpose":[{"system":"http://here","code":"TREAT"}]"#),
        deny(
            r#""action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"correct"}]}]"#,
        ),
        deny(r#""securityLabel":[{"code":"R"}]"#),
    ] {
        check(&unknown, &["*"], all).await;
    }
    let unverified = format!(
        r#""verification":[{{"verified":false}}],{}"#,
        permit(r#""period":{"start":"2020"}"#)
    );
    check(&unverified, &["*"], &["permit [] inexact"]).await;
    let reading = r#""action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}],
        "purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HPAYMT"}],
        "code":[{"coding":[{"system":"http://loinc.org","code":"1"},{"system":"http://loinc.org","code":"2"}]}]"#;
    check(&permit(reading), &["*"], &["permit [] for HPAYMT code 2"]).await;
    // The policy says what the whole does, where it does not say so itself.
    let policy = |code: &str, more: &str| {
        format!(
            r#""policyRule":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{code}"}}]}}{more}"#
        )
    };
    check(&policy("OPTOUT", ""), &["*"], &["deny []"]).await;
    check(&policy("OPTIN", ""), &["*"], &["permit []"]).await;
    check(&policy("hospital", ""), &["*"], &["bound []"]).await;
    check(
        &policy("hospital", r#","provision":{"period":{"start":"2020"}}"#),
        &["*"],
        &["deny []"],
    )
    .await;
    world.close().await;
}

#[tokio::test]
async fn what_is_doubtful_closes_and_permits_nothing() {
    let Some(world) = World::with(&[r#"{"resourceType":"Patient","id":"p"}"#]).await else {
        return;
    };
    let deny = |members: &str| format!(r#""provision":{{"type":"deny",{members}}}"#);
    let closed: &[&str] = &["deny [] inexact"];
    let check = async |members: &str, expected: &[&str]| {
        check(&world, members, &["*"], expected).await;
    };
    check(
        r#""provision":{"type":"permit","purpose":[{"code":"HRESCH"}]}"#,
        &["permit [] inexact"],
    )
    .await;
    let types = "http://hl7.org/fhir/resource-types";
    for class in ["DomainResource", "Observatoin"] {
        let class = format!(r#""class":[{{"system":"{types}","code":"{class}"}}]"#);
        check(&deny(&class), closed).await;
    }
    let role = |code: &str| {
        format!(
            r#"{{"system":"https://vesta.example/fhir/CodeSystem/staff-role","code":"{code}"}}"#
        )
    };
    let both = format!(
        r#""actor":[{{"role":{{"coding":[{},{}]}},"reference":{{"reference":"Organization/o"}}}}]"#,
        role("nurse"),
        role("physician")
    );
    check(&deny(&both), closed).await;
    check(
        r#""policyRule":{"coding":[{"code":"OPTOUT"}]}"#,
        &["deny []"],
    )
    .await;
    check(
        r#""policyRule":{"coding":[{"code":"OPTIN"}]}"#,
        &["bound []"],
    )
    .await;
    let scopes = SCOPE.replace(
        "}]}",
        r#"},{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]}"#,
    );
    let scopes = format!(r#""scope":{scopes},"provision":{{"type":"deny"}}"#);
    check(&scopes, &["deny []"]).await;
    let exceptions = vec![r#"{"type":"permit"}"#; 200].join(",");
    check(&deny(&format!(r#""provision":[{exceptions}]"#)), closed).await;
    // A second that only a leap second has.
    let leap = deny(r#""period":{"start":"2016-12-31T23:59:60.5Z"}"#);
    check(&leap, closed).await;
    let versioned = consent(r#""provision":{"type":"deny"}"#)
        .replace(r#""Patient/p""#, r#""Patient/p/_history/1""#);
    world.put(&versioned).await;
    assert_eq!(found(&world, &["*"]).await, ["deny []"]);
    world.close().await;
}
