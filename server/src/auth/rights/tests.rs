//! Ways: any is enough, and each keeps to its own compartments.

use fhir::search::plan::Clause;

use super::*;

fn named(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

fn way(name: &str, permissions: &str, compartments: &[&[i64]]) -> Way {
    Way {
        resource_type: (name != "*").then(|| named(name)),
        permissions: Permissions::parse(permissions).unwrap(),
        filter: None,
        compartments: compartments.iter().map(|set| Arc::from(*set)).collect(),
        limits: Arc::default(),
    }
}

fn rights(ways: Vec<Way>) -> Rights {
    let mut placed = vec![
        named("Group"),
        named("Observation"),
        named("Patient"),
        named("Task"),
    ];
    placed.sort_unstable();
    Rights {
        ways,
        placed: placed.into(),
        ..Rights::default()
    }
}

#[test]
fn a_way_is_for_its_type_its_letters_and_its_compartments() {
    let check = |rights: &Rights, permission, name: &str, expected: Rows| {
        assert_eq!(rights.rows(permission, named(name)), expected, "{name}");
    };
    let confined = rights(vec![way("*", "rs", &[&[1, 2]])]);
    check(
        &confined,
        Permission::Read,
        "Observation",
        Rows::with_one_of(&[1, 2]),
    );
    check(&confined, Permission::Update, "Observation", Rows::None);
    // Shared, and neither shared nor anybody's.
    check(&confined, Permission::Search, "Organization", Rows::All);
    check(&confined, Permission::Search, "Binary", Rows::None);
    // In many compartments at once.
    check(&confined, Permission::Search, "Group", Rows::None);
    let nobody = rights(vec![way("*", "cruds", &[&[]])]);
    for (name, expected) in [
        ("Patient", true),
        ("Organization", true),
        ("Binary", false),
        ("Group", false),
    ] {
        assert_eq!(
            nobody.may(Permission::Read, named(name)),
            expected,
            "{name}"
        );
    }
    assert!(!confined.may(Permission::Update, named("Observation")));
    check(&nobody, Permission::Read, "Patient", Rows::None);
    let both = rights(vec![way("*", "cruds", &[&[1], &[1, 2]])]);
    let within = Clause::All(vec![
        Clause::AnyToken(vec![1]),
        Clause::AnyToken(vec![1, 2]),
    ]);
    check(&both, Permission::Delete, "Patient", Rows::Such(within));
    let several = rights(vec![way("Patient", "r", &[&[1]]), way("Patient", "r", &[])]);
    check(&several, Permission::Read, "Patient", Rows::All);
    check(&Rights::default(), Permission::Read, "Patient", Rows::None);
}

#[test]
fn a_filter_names_rows_by_type() {
    let such = Rows::with_one_of(&[9]);
    let filter = BTreeMap::from([(named("Observation"), such.clone())]);
    let filtered = Way {
        filter: Some(Arc::new(filter)),
        ..way("*", "r", &[])
    };
    let rights = rights(vec![filtered]);
    assert_eq!(rights.rows(Permission::Read, named("Observation")), such);
    assert_eq!(rights.rows(Permission::Read, named("Patient")), Rows::None);
    assert!(!rights.may(Permission::Read, named("Patient")));
}

#[test]
fn what_is_nobodys_may_be_referred_to() {
    let confined = rights(vec![way("Observation", "c", &[&[1]])]);
    assert_eq!(confined.referable(named("Binary")), Rows::All);
    // A way to observations tells of no task, and of no patient.
    assert_eq!(confined.referable(named("Task")), Rows::None);
    assert_eq!(
        confined.referable(named("Observation")),
        Rows::with_one_of(&[1])
    );
    let several = rights(vec![
        way("Task", "r", &[&[1]]),
        way("Observation", "c", &[]),
        way("Group", "r", &[&[2]]),
    ]);
    assert_eq!(several.referable(named("Task")), Rows::with_one_of(&[1]));
    assert_eq!(several.referable(named("Group")), Rows::None);
    assert_eq!(rights(vec![]).referable(named("Task")), Rows::None);
}
