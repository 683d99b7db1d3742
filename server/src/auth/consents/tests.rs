//! Which provision wins, and what of a record it closes.

use super::*;

fn named(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

/// `deny Consent/a 1.2 for TREAT by-name class:Observation label:R`, in any order of what follows the effect and the place.
fn provision(text: &str) -> Provision {
    let mut words = text.split(' ');
    let effect = match words.next().unwrap() {
        "deny" => Some(Effect::Deny),
        "permit" => Some(Effect::Permit),
        _ => None,
    };
    let consent = format!("Consent/{}", words.next().unwrap());
    let place = words.next().unwrap().trim_matches('.');
    let numbers = place.split('.').filter(|number| !number.is_empty());
    let mut found = Provision {
        consent: consent.parse().unwrap(),
        place: numbers.map(|number| number.parse().unwrap()).collect(),
        patient: "Patient/p".parse().unwrap(),
        effect,
        is_exact: true,
        names_actor: false,
        purposes: Vec::new(),
        terms: Vec::new(),
    };
    for word in words {
        match word.split_once(':') {
            None if word == "by-name" => found.names_actor = true,
            None => found.is_exact = false,
            Some(("for", code)) => found.purposes.push(code.into()),
            Some(("class", name)) => found.terms.push(Term::Class(vec![named(name)])),
            Some(("label", code)) => {
                found
                    .terms
                    .push(Term::Label(vec![("s".into(), code.into())]));
            }
            Some(("code", code)) => found
                .terms
                .push(Term::Code(vec![("s".into(), code.into())])),
            Some((meaning, key)) => {
                let data = (key.parse().unwrap(), meaning == "dependents");
                found.terms.push(Term::Data(vec![data]));
            }
        }
    }
    found
}

const CODE_SEED: i64 = 77;

/// Whether an Observation of the patient is denied that has a code `c`, a label `R` and refers to `Encounter/e`.
fn denied(provisions: &[&str], used: Use<'_>) -> bool {
    let provisions: Vec<Provision> = provisions.iter().map(|text| provision(text)).collect();
    let observation: ResourceKey = "Observation/o".parse().unwrap();
    let encounter: ResourceKey = "Encounter/e".parse().unwrap();
    let mut values = IndexValues {
        tokens: vec![
            hash::compartment(&"Patient/p".parse().unwrap()),
            hash::token(CODE_SEED, "s", "c"),
            hash::label("s", "R"),
            hash::reference(hash::ANY_REFERENCE, hash::key_hash(&encounter)),
        ],
        ..IndexValues::default()
    };
    values.tokens.sort_unstable();
    let codes = CodeSeeds::from([(named("Observation"), vec![CODE_SEED].into())]);
    let consents = Consents::of(&provisions, used);
    let rows = consents.denied(named("Observation"), &codes, &[]);
    let is_denied = rows.admit(&observation, &values);
    let deciding = deciding(&provisions, used, &codes, &observation, &values);
    assert_eq!(!deciding.is_empty(), is_denied, "{provisions:?}");
    // Nothing is denied of a record that is opened, and of nobody else's.
    let record = [hash::compartment(&"Patient/p".parse().unwrap())];
    assert_eq!(
        consents.denied(named("Observation"), &codes, &record),
        Rows::None
    );
    let other = IndexValues::default();
    assert!(!rows.admit(&observation, &other), "{provisions:?}");
    is_denied
}

#[test]
fn the_more_specific_wins_and_a_denial_where_both_are() {
    let check = |provisions: &[&str], expected: bool| {
        let used = Use {
            purpose: Some("TREAT"),
            only_by_name: false,
        };
        assert_eq!(denied(provisions, used), expected, "{provisions:?}");
    };
    check(&[], false);
    check(&["deny a ."], true);
    check(&["permit a ."], false);
    check(&["deny a .", "permit b ."], true);
    check(&["deny a .", "permit b . by-name"], false);
    check(&["deny a . by-name", "permit b . for:TREAT"], true);
    check(&["deny a . by-name", "permit b . by-name for:TREAT"], true);
    check(&["deny a . by-name", "permit b . class:Observation"], false);
    check(
        &["deny a . class:Observation", "permit b . code:c by-name"],
        true,
    );
    check(
        &[
            "deny a . class:Observation",
            "permit b . instance:Observation/o",
        ],
        false,
    );
    check(
        &[
            "deny a . instance:Observation/o",
            "permit b . by-name class:Observation",
        ],
        true,
    );
    // What does not meet the resource says nothing of it.
    check(&["deny a . class:Condition"], false);
    check(&["deny a . code:d"], false);
    check(&["deny a . label:V"], false);
    check(&["deny a . label:R code:c"], true);
    check(&["deny a . label:R code:d"], false);
    check(&["deny a . instance:Observation/x"], false);
    check(&["deny a . instance:Encounter/e"], false);
    check(&["deny a . dependents:Encounter/e"], true);
    check(&["deny a .", "permit b . class:Condition"], true);
    // What is not understood of a denial may be as specific as anything.
    check(&["deny a . partly", "permit b . by-name"], true);
    check(&["deny a . partly", "permit b . code:c"], true);
    check(
        &["deny a . partly", "permit b . instance:Observation/o"],
        true,
    );
    check(&["deny a . partly", "permit a .1. class:Observation"], true);
}

#[test]
fn an_exception_beats_what_it_is_an_exception_of_and_inherits_from_it() {
    let check = |provisions: &[&str], expected: bool| {
        let used = Use {
            purpose: Some("TREAT"),
            only_by_name: false,
        };
        assert_eq!(denied(provisions, used), expected, "{provisions:?}");
    };
    check(&["deny a . class:Observation", "permit a 1 code:c"], false);
    check(&["deny a . class:Observation", "permit a 1 code:d"], true);
    check(&["deny a . instance:Observation/o", "permit a 1"], false);
    // Not of another's, however alike.
    check(
        &[
            "deny a . class:Observation",
            "permit a 1",
            "deny b . class:Observation",
        ],
        true,
    );
    check(
        &["permit a .", "deny a 1 code:c", "permit a 1.1 label:R"],
        false,
    );
    check(
        &["permit a .", "deny a 1 code:c", "permit a 1.1 label:V"],
        true,
    );
    check(
        &["permit a .", "deny a 1 code:c", "permit a 2 label:R"],
        true,
    );
    check(&["bound a . class:Condition", "deny a 1 code:c"], false);
    check(&["bound a . class:Observation", "deny a 1"], true);
    // Where the whole says nothing to whoever asks, its exceptions say nothing.
    check(&["deny a 1 code:c"], false);
}

#[test]
fn what_is_not_understood_permits_nothing_and_narrows_no_denial() {
    let check = |provisions: &[&str], purpose: Option<&str>, only_by_name: bool, expected: bool| {
        let used = Use {
            purpose,
            only_by_name,
        };
        assert_eq!(denied(provisions, used), expected, "{provisions:?}");
    };
    let treat = Some("TREAT");
    check(&["deny a . inexact"], treat, false, true);
    check(
        &["deny a .", "permit b . by-name inexact"],
        treat,
        false,
        true,
    );
    check(
        &["deny a . inexact", "permit a 1 code:c"],
        treat,
        false,
        true,
    );
    check(&["deny a . for:HPAYMT"], treat, false, false);
    check(&["deny a . for:HPAYMT"], None, false, true);
    check(&["deny a .", "permit b . for:TREAT"], treat, false, false);
    check(&["deny a .", "permit b . for:TREAT"], None, false, true);
    check(&["deny a .", "permit b . for:ETREAT"], treat, false, true);
    check(&["deny a . for:ETREAT"], treat, false, true);
    // Of the own record what is said of everybody is not meant.
    check(&["deny a ."], treat, true, false);
    check(&["deny a . by-name"], treat, true, true);
    check(&["deny a . by-name", "deny a 1 code:c"], treat, true, true);
}

#[test]
fn patients_who_say_the_same_are_asked_about_at_once() {
    let of = |patient: &str, text: &str| Provision {
        patient: patient.parse().unwrap(),
        ..provision(text)
    };
    let provisions = [
        of("Patient/a", "deny a . class:Observation"),
        of("Patient/b", "deny b . class:Observation"),
        of("Patient/c", "deny c . class:Condition"),
    ];
    let consents = Consents::of(&provisions, Use::default());
    let element = |key: &str| hash::compartment(&key.parse().unwrap());
    let mut both = vec![element("Patient/a"), element("Patient/b")];
    both.sort_unstable();
    let codes = CodeSeeds::new();
    assert_eq!(
        consents.denied(named("Observation"), &codes, &[]),
        Rows::with_one_of(&both)
    );
    assert_eq!(
        consents.denied(named("Condition"), &codes, &both),
        Rows::with_one_of(&[element("Patient/c")])
    );
    assert_eq!(consents.denied(named("Encounter"), &codes, &[]), Rows::None);
}
