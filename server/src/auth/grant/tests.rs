//! Who a person is, and what counts as a second factor.

use super::*;

#[test]
fn a_person_is_of_four_types() {
    let check = |text: &str, staff: Option<bool>| {
        let user = text.parse::<FhirUser>();
        assert_eq!(user.as_ref().ok().map(FhirUser::is_staff), staff, "{text}");
        if let Ok(user) = user {
            assert_eq!(user.to_string(), text);
        }
    };
    check("Practitioner/1", Some(true));
    check("PractitionerRole/a-b.c", Some(true));
    check("Patient/1", Some(false));
    check("RelatedPerson/1", Some(false));
    for text in [
        "Person/1",
        "Device/1",
        "Patient/",
        "Patient",
        "Patient/1/_history/1",
        "http://example.org/Patient/1",
        "",
    ] {
        check(text, None);
    }
}

#[test]
fn a_second_factor_is_named() {
    let check = |methods: &[&str], expected: bool| {
        let authentication = Authentication {
            at: Timestamp::UNIX_EPOCH,
            methods: methods.iter().map(|method| (*method).into()).collect(),
            acr: None,
        };
        assert_eq!(authentication.has_second_factor(), expected, "{methods:?}");
    };
    check(&[], false);
    check(&["pwd"], false);
    check(&["pwd", "otp"], true);
    check(&["mfa"], true);
    check(&["hwk"], true);
}
