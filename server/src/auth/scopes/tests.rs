//! What scope texts mean, and what is left where two meet.

use super::*;

fn scopes(text: &str) -> Scopes {
    let parsed = Scopes::parse(text);
    assert!(parsed.dropped.is_empty(), "{text}: {:?}", parsed.dropped);
    parsed.scopes
}

#[test]
fn scopes_are_printed_in_version_2_and_in_order() {
    let check = |text: &str, expected: &str| {
        assert_eq!(scopes(text).to_string(), expected, "{text}");
    };
    check("", "");
    check("patient/Observation.read", "patient/Observation.rs");
    check("user/*.write", "user/*.cud");
    check("system/*.*", "system/*.cruds");
    check("user/Patient.cruds", "user/Patient.cruds");
    check("user/Patient.r  user/Patient.s", "user/Patient.rs");
    check("user/Patient.read user/Patient.write", "user/Patient.cruds");
    check(
        "offline_access openid launch fhirUser launch/patient profile launch/encounter online_access",
        "openid fhirUser profile launch launch/patient launch/encounter online_access offline_access",
    );
    check("openid openid", "openid");
    check(
        "patient/Observation.rs?status=final&category=a|b patient/Observation.c?category=a|b&status=final",
        "patient/Observation.crs?category=a|b&status=final",
    );
    check(
        "user/*.rs?_security=N user/Patient.r patient/Patient.r",
        "patient/Patient.r user/*.rs?_security=N user/Patient.r",
    );
}

#[test]
fn what_is_not_understood_is_dropped_and_told() {
    let check = |text: &str, dropped: &[&str]| {
        let parsed = Scopes::parse(&format!("openid {text}"));
        let told: Vec<&str> = parsed.dropped.iter().map(|word| &**word).collect();
        assert_eq!(told, dropped, "{text}");
        assert_eq!(parsed.scopes.to_string(), "openid", "{text}");
    };
    for word in [
        "email",
        "OPENID",
        "launch/imagingstudy",
        "patient/Patient",
        "patient/Patient.",
        "patient/Patient.sr",
        "patient/Patient.rr",
        "patient/Patient.x",
        "patient/Patient.readwrite",
        "patient/patient.read",
        "patient/Foo.rs",
        "patient/DomainResource.rs",
        "Patient/Patient.rs",
        "clinician/Patient.rs",
        "patient/Patient.rs?",
        "patient/Patient.rs?name",
        "patient/Patient.rs?name=",
        "patient/Patient.rs?name=a&",
        "patient/Patient.rs?name=%zz",
        "patient/Observation.rs?_include=Observation:subject",
        "patient/Observation.rs?_count=1",
        "patient//Patient.rs",
    ] {
        check(word, &[word]);
    }
    check("a b", &["a", "b"]);
}

#[test]
fn a_type_and_a_permission_are_allowed_in_these_ways() {
    let check = |text: &str, resource_type: &str, permission: Permission, expected: &[&str]| {
        let scopes = scopes(text);
        let resource_type = ResourceType::parse(resource_type).unwrap();
        let ways: Vec<String> = scopes
            .allowances(resource_type, permission)
            .into_iter()
            .map(|way| match way.filter {
                Some(filter) => format!("{}?{}", way.context.name(), filter.query()),
                None => way.context.name().to_owned(),
            })
            .collect();
        assert_eq!(ways, expected, "{text} {resource_type} {permission:?}");
        let any = scopes.permissions(resource_type).contains(permission);
        assert_eq!(any, !expected.is_empty(), "{text}");
    };
    let read = Permission::Read;
    check("", "Patient", read, &[]);
    check("openid launch", "Patient", read, &[]);
    check("user/Patient.rs", "Patient", read, &["user"]);
    check("user/Patient.rs", "Patient", Permission::Update, &[]);
    check("user/Patient.rs", "Observation", read, &[]);
    check("user/*.r", "Observation", read, &["user"]);
    check("user/*.r", "Observation", Permission::Search, &[]);
    check(
        "user/*.r patient/*.cruds",
        "Observation",
        read,
        &["patient", "user"],
    );
    check(
        "user/Observation.rs?category=a user/Observation.rs?category=b",
        "Observation",
        read,
        &["user?category=a", "user?category=b"],
    );
    check(
        "user/Observation.rs?category=a user/*.r patient/Observation.r?category=c",
        "Observation",
        read,
        &["patient?category=c", "user"],
    );
    check(
        "system/Observation.c?category=a",
        "Observation",
        Permission::Create,
        &["system?category=a"],
    );
}

#[test]
fn an_intersection_allows_what_both_allow() {
    let check = |left: &str, right: &str, expected: &str| {
        let (left, right) = (scopes(left), scopes(right));
        assert_eq!(left.intersection(&right).to_string(), expected);
        assert_eq!(right.intersection(&left).to_string(), expected);
        assert!(left.covers(&left.intersection(&right)) || left.has_context(ScopeContext::User));
    };
    check("user/*.cruds", "user/Patient.rs", "user/Patient.rs");
    check("user/Patient.cr", "user/Patient.rs", "user/Patient.r");
    check("user/Patient.c", "user/Patient.rs", "");
    check("user/Patient.r", "user/Observation.r", "");
    check("user/*.rs", "patient/Patient.rs", "patient/Patient.rs");
    check("system/*.rs", "user/*.rs", "");
    check("system/*.rs", "patient/*.rs", "");
    check("openid launch", "openid", "openid");
    check(
        "user/Observation.rs?category=a",
        "user/*.r?status=final",
        "user/Observation.r?category=a&status=final",
    );
    check(
        "user/*.rs",
        "user/Observation.crs?category=a user/Patient.r",
        "user/Observation.rs?category=a user/Patient.r",
    );
}

#[test]
fn a_client_gets_what_it_asks_for_in_the_context_it_asks_in() {
    let check = |asked: &str, most: &str, expected: &str| {
        let left = scopes(asked).limited_to(&scopes(most));
        assert_eq!(left.to_string(), expected, "{asked} of {most}");
        assert!(scopes(asked).covers(&left));
    };
    check("openid launch", "openid", "openid");
    check("user/*.rs", "user/*.cruds patient/*.cruds", "user/*.rs");
    check("patient/Task.crs", "user/*.rs", "patient/Task.rs");
    check("user/Task.rs", "patient/*.rs", "");
    check("system/*.rs", "user/*.rs patient/*.rs", "");
    check(
        "user/*.rs",
        "user/Task.r?status=draft",
        "user/Task.r?status=draft",
    );
}

#[test]
fn a_role_narrows_resources_and_keeps_words() {
    let check = |asked: &str, role: &str, expected: &str| {
        let left = scopes(asked).within_role(&scopes(role));
        assert_eq!(left.to_string(), expected, "{asked} as {role}");
    };
    check(
        "openid launch/patient patient/*.cruds offline_access",
        "user/Patient.rus user/Observation.rs",
        "openid launch/patient offline_access patient/Observation.rs patient/Patient.rus",
    );
    check("openid user/*.rs", "", "openid");
}

#[test]
fn a_refresh_covers_what_it_had_and_no_more() {
    let check = |granted: &str, asked: &str, expected: bool| {
        let covers = scopes(granted).covers(&scopes(asked));
        assert_eq!(covers, expected, "{granted} covers {asked}");
    };
    check("user/*.rs", "", true);
    check("user/*.rs", "user/Patient.r", true);
    check("user/*.rs", "user/Patient.ru", false);
    check("user/*.rs user/Patient.u", "user/Patient.rus", true);
    check("user/Patient.rs", "user/*.rs", false);
    check("user/*.rs", "patient/*.rs", false);
    check(
        "user/Observation.rs?category=a",
        "user/Observation.rs",
        false,
    );
    check(
        "user/Observation.rs",
        "user/Observation.rs?category=a",
        true,
    );
    check(
        "user/Observation.rs?category=a",
        "user/Observation.rs?category=a&status=final",
        true,
    );
    check(
        "user/Observation.rs?category=a&status=final",
        "user/Observation.rs?category=a",
        false,
    );
    check("openid", "openid offline_access", false);
    check("openid offline_access", "openid", true);
}

#[test]
fn a_filter_reads_as_a_search() {
    let scopes = scopes("patient/Observation.rs?category=http://example.org/a%7Clab&code:in=b");
    let scope = scopes.of_resources().next().unwrap();
    let filter = scope.filter.as_ref().unwrap();
    assert_eq!(
        filter.query(),
        "category=http://example.org/a%7Clab&code:in=b"
    );
    let parameters: Vec<(String, String)> = filter.parameters().collect();
    let expected = [("category", "http://example.org/a|lab"), ("code:in", "b")];
    assert_eq!(
        parameters,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}
