//! And, or, and what they say of single resources.

use super::*;

fn with(elements: &[i64]) -> Rows {
    Rows::with_one_of(elements)
}

fn admits(rows: &Rows, key: &str, tokens: &[i64]) -> bool {
    let values = IndexValues {
        tokens: tokens.to_vec(),
        ..IndexValues::default()
    };
    rows.admit(&key.parse().unwrap(), &values)
}

#[test]
fn both_and_either_are_what_they_say_of_every_resource() {
    let ids = |id: &str| Rows::Such(Clause::Ids(vec![id.parse().unwrap()]));
    let some = [
        Rows::All,
        Rows::None,
        with(&[1]),
        with(&[1, 2]),
        with(&[3]),
        ids("a"),
        Rows::Such(Clause::NoToken(vec![2])),
    ];
    let resources = [
        ("Patient/a", vec![]),
        ("Patient/b", vec![1]),
        ("Patient/a", vec![2, 3]),
        ("Patient/c", vec![3]),
    ];
    for one in &some {
        for other in &some {
            for (key, tokens) in &resources {
                let (own, others) = (admits(one, key, tokens), admits(other, key, tokens));
                let both = one.clone().and(other.clone());
                assert_eq!(admits(&both, key, tokens), own && others, "{both:?}");
                let either = one.clone().or(other.clone());
                assert_eq!(admits(&either, key, tokens), own || others, "{either:?}");
            }
        }
    }
    assert_eq!(with(&[2]).or(with(&[1])), with(&[1, 2]));
    assert_eq!(with(&[]), Rows::None);
}

#[test]
fn what_is_asked_of_other_rows_cannot_say_which_are_meant() {
    let check = |clauses: Vec<Clause>, expected: Option<Rows>| {
        assert_eq!(Rows::passing(clauses), expected);
    };
    check(vec![], Some(Rows::All));
    check(vec![Clause::AnyToken(vec![1])], Some(with(&[1])));
    check(vec![Clause::LastUpdated(vec![])], None);
    let not = |clause: Clause| Clause::Not(Box::new(clause));
    let string = Clause::String {
        parameters: vec![],
        tests: vec![],
    };
    check(vec![Clause::AnyToken(vec![1]), not(string)], None);
}

#[test]
fn several_types_are_grouped_by_what_is_admitted() {
    let types: Vec<ResourceType> = ["Account", "Basic", "Claim", "Patient"]
        .iter()
        .filter_map(|name| ResourceType::parse(name))
        .collect();
    let rows = |one: ResourceType| match one.name() {
        "Account" => Rows::All,
        "Basic" => Rows::None,
        _ => with(&[7]),
    };
    let clause = Rows::of_types(&types, rows);
    let expected = Clause::Any(vec![
        Clause::Types(types[..1].to_vec()),
        Clause::All(vec![
            Clause::Types(types[2..].to_vec()),
            Clause::AnyToken(vec![7]),
        ]),
    ]);
    assert_eq!(clause, Some(expected));
    assert_eq!(Rows::of_types(&types[..1], rows), None);
    assert_eq!(Rows::of_types(&types[1..2], rows), Some(Clause::Nothing));
    let (all, none) = (|_| Rows::All, |_| Rows::None);
    assert_eq!(Rows::of_types(&[], all), None);
    assert_eq!(Rows::of_types(&[], none), Some(Clause::Nothing));
}
