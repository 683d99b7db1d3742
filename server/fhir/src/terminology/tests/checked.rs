//! What is said of value sets that could never be evaluated; R4's own can.

use crate::fixtures;
use crate::resource::Resource;
use crate::terminology::faults;

fn check(compose: &str, expected: &[&str]) {
    let text = format!(
        r#"{{"resourceType":"ValueSet","url":"http://test/own","version":"1","status":"active","compose":{{{compose}}}}}"#
    );
    let found = faults(&Resource::parse(text).unwrap());
    let found: Vec<&str> = found.iter().map(|issue| &*issue.expression[0]).collect();
    assert_eq!(found, expected, "{compose}");
}

#[test]
fn value_sets_that_could_never_be_evaluated_have_faults() {
    let filter = |property: &str, op: &str, value: &str| {
        format!(
            r#""include":[{{"system":"urn:a","filter":[{{"property":"{property}","op":"{op}","value":"{value}"}}]}}]"#
        )
    };
    let place = ["ValueSet.compose.include[0].filter[0]"];
    check(&filter("concept", "is-a", "a"), &[]);
    check(&filter("colour", "is-a", "a"), &place);
    check(&filter("code", "exists", "maybe"), &place);
    check(&filter("code", "regex", "a.*"), &[]);
    check(&filter("code", "regex", "a("), &place);
    check(&filter("code", "regex", ""), &[]);
    check(
        r#""include":[{"valueSet":["http://test/other","http://test/own|2"]}]"#,
        &[],
    );
    check(
        r#""include":[{"valueSet":["http://test/other"]}],"exclude":[{"valueSet":["http://test/own"]}]"#,
        &["ValueSet.compose.exclude[0].valueSet[0]"],
    );
    check(
        r#""include":[{"valueSet":["http://test/own|1"]}]"#,
        &["ValueSet.compose.include[0].valueSet[0]"],
    );
}

#[test]
fn those_of_r4_have_none() {
    let mut looked_at = 0;
    let mut look = |name: &str, bytes: Vec<u8>| {
        if name.starts_with("ValueSet-") {
            looked_at += 1;
            assert_eq!(faults(&Resource::parse(bytes).unwrap()), [], "{name}");
        }
    };
    if fixtures::expansions(&mut look) && fixtures::examples(&mut look) {
        assert!(looked_at > 500, "{looked_at}");
    }
}
