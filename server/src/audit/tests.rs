//! The key, the ids of events, and the proof of a row. Rendered events are tested where they are read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use fhir::ids::{ResourceId, VersionId};

use super::*;
use crate::testing::TempDir;

#[test]
fn the_key_is_made_once_for_its_owner_alone_and_signs() {
    let directory = TempDir::new("audit-key");
    let path = directory.path().join("data").join("audit.key");
    let made = AuditKey::of_file(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = AuditKey::of_file(&path).unwrap();
    assert_eq!(made.id(), again.id());
    let signature = made.sign("head");
    assert!(again.has_signed("head", &signature));
    assert!(!again.has_signed("tail", &signature));
    assert!(!AuditKey::passing().unwrap().has_signed("head", &signature));
    let text = fs::read_to_string(&path).unwrap();
    assert!(!format!("{made:?}").contains(&text[..16]));

    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let refused = AuditKey::of_file(&path).unwrap_err();
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for wrong in ["", "no key", "00ff"] {
        fs::write(&path, wrong).unwrap();
        let refused = AuditKey::of_file(&path).unwrap_err();
        assert!(matches!(refused, KeyError::Unusable(_)), "{refused}");
    }
}

#[test]
fn an_event_has_one_id() {
    let id: AuditEventId = "88213-1".parse().unwrap();
    assert_eq!((id.row, id.place), (88_213, 1));
    for wrong in [
        "88213", "0-1", "1-0", "01-1", "+1-1", "1-1-1", "-1-1", "a-b", "",
    ] {
        assert!(wrong.parse::<AuditEventId>().is_err(), "{wrong}");
    }
}

#[test]
fn a_link_covers_the_event_and_the_hash_before_it() {
    let first = link(1, GENESIS, "{}");
    assert_eq!(first, link(1, GENESIS, "{}"));
    assert_ne!(first.hash, link(1, GENESIS, "[]").hash);
    assert_ne!(first.hash, link(2, first.hash, "{}").hash);
}

#[test]
fn many_patients_are_noted_as_few_are() {
    let patient = |n: i32| -> ResourceId { format!("p{n}").parse().unwrap() };
    let touched = |id: &str, patients: std::ops::Range<i32>| AuditedResource {
        key: format!("Group/{id}").parse().unwrap(),
        version: VersionId::new(3),
        patients: patients.map(patient).collect(),
    };
    let parts = [(0..3), (0..3_000), (2_990..3_010)];
    let mut whole = AuditRecord::unreadable();
    let mut each = AuditRecord::unreadable();
    for part in parts {
        whole = whole.touching(&touched("g", part.clone()));
        for n in part {
            each = each.touching(&touched("g", n..n + 1));
        }
    }
    assert_eq!(whole.patients.len(), 3_010);
    assert_eq!(whole, each);
}
