//! Sealed, restricted, labelled, denied: each limit by itself.

use fhir::ids::ResourceKey;
use fhir::search::index_values::IndexValues;

use super::*;
use crate::auth::not_cleared;

const SEALED: i64 = 2;
const RESTRICTED: i64 = 4;
const TEAM: i64 = 6;
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

fn limits(clearance: &[&str]) -> Limits {
    let clearance: Vec<Box<str>> = clearance.iter().map(|code| (*code).into()).collect();
    Limits {
        sealed: vec![SEALED],
        restricted: vec![RESTRICTED],
        labels: not_cleared(&clearance),
        cared_for: vec![TEAM],
        ..Limits::default()
    }
}

/// Whether a resource with these compartments and confidentiality is within the limits.
fn check(
    limits: &Limits,
    permission: Permission,
    records: &[i64],
    labels: &[&str],
    expected: bool,
) {
    let key: ResourceKey = "Observation/o".parse().unwrap();
    let mut tokens = records.to_vec();
    for code in labels {
        tokens.extend([hash::labelled(), hash::label(CONFIDENTIALITY, code)]);
    }
    tokens.sort_unstable();
    tokens.dedup();
    let values = IndexValues {
        tokens,
        ..IndexValues::default()
    };
    let rows = limits.rows(permission, key.resource_type, Place::Compartment);
    assert_eq!(
        rows.admit(&key, &values),
        expected,
        "{permission:?} {records:?} {labels:?}"
    );
}

#[test]
fn each_limit_closes_what_it_is_for() {
    let read = Permission::Read;
    let none = limits(&[]);
    check(&none, read, &[8], &[], true);
    check(&none, read, &[8, SEALED], &[], false);
    check(&none, read, &[TEAM, SEALED], &[], false);
    check(&none, read, &[8, RESTRICTED], &[], false);
    check(&none, read, &[8], &["N"], true);
    check(&none, read, &[8], &["R"], false);
    check(&none, read, &[8], &["N", "V"], false);
    // Whoever cares for the patient needs no clearance.
    check(&none, read, &[TEAM], &["R"], true);
    let cleared = limits(&["R"]);
    check(&cleared, read, &[8], &["R"], true);
    check(&cleared, read, &[8], &["R", "V"], false);
    // Who may not read may still write down, but into no closed record.
    check(&none, Permission::Create, &[8], &["R"], true);
    check(&none, Permission::Create, &[SEALED], &[], false);
    check(&none, Permission::Create, &[RESTRICTED], &[], false);
}

#[test]
fn what_is_not_known_yet_is_closed() {
    let named = ResourceType::parse("Observation").unwrap();
    let unready = Limits {
        unready: Arc::new(BTreeSet::from([named])),
        ..Limits::default()
    };
    let rows = |limits: &Limits, permission| limits.rows(permission, named, Place::Compartment);
    assert_eq!(rows(&unready, Permission::Read), Rows::None);
    assert_eq!(rows(&unready, Permission::Create), Rows::All);
    assert_eq!(rows(&Limits::default(), Permission::Read), Rows::All);
    let closed = Limits {
        is_closed_by_default: true,
        cared_for: vec![TEAM],
        ..Limits::default()
    };
    assert_eq!(rows(&closed, Permission::Read), Rows::with_one_of(&[TEAM]));
    let nowhere = closed.rows(Permission::Read, named, Place::Nowhere);
    assert_eq!(nowhere, Rows::All);
}
