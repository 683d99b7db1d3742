//! Formats: what is asked for and what is sent.

use super::super::negotiation::*;
use crate::error::ErrorKind;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

#[test]
fn the_client_gets_the_format_it_likes_best() {
    let check = |format: &str, accept: &str, expected: &str| {
        let format = (!format.is_empty()).then_some(format);
        let accept: Vec<&str> = accept.split('\n').filter(|line| !line.is_empty()).collect();
        let found = match negotiate(format, &accept) {
            Ok(found) => found.content_type().trim_end_matches("; charset=utf-8"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotAcceptable);
                "406"
            }
        };
        let expected = match expected {
            "json" => "application/fhir+json",
            "xml" => "application/fhir+xml",
            "json 4.0" => "application/fhir+json; fhirVersion=4.0",
            "xml 4.0" => "application/fhir+xml; fhirVersion=4.0",
            other => other,
        };
        assert_eq!(found, expected, "{format:?} {accept:?}");
    };
    check("", "", "json");
    for accept in [
        "*/*",
        "application/*",
        "application/json",
        "text/json",
        "Application/FHIR+JSON",
    ] {
        check("", accept, "json");
    }
    for accept in [
        "application/fhir+xml",
        "application/xml",
        "text/xml",
        "text/xml; charset=UTF-8",
    ] {
        check("", accept, "xml");
    }
    check("", "application/fhir+xml, application/fhir+json", "xml");
    check("", "application/fhir+json, application/fhir+xml", "json");
    check(
        "",
        "application/fhir+json;q=0.5, application/fhir+xml;q=0.51",
        "xml",
    );
    check("", "application/fhir+json;q=0.1, application/json", "json");
    check("", "application/fhir+xml;q=0.9, */*;q=0.1", "xml");
    check("", "application/fhir+xml, */*", "xml");
    check("", "*/*, application/fhir+xml", "xml");
    check("", "application/fhir+json;q=0, */*", "xml");
    check(
        "",
        "application/fhir+json;q=0.000, application/fhir+xml;q=0",
        "406",
    );
    check("", "image/png, application/xml;q=0.2", "xml");
    check(
        "",
        "application/fhir+xml;q=0.2\napplication/fhir+json;q=0.3",
        "json",
    );
    check(
        "",
        "application/fhir+xml;q=1.5, application/json;q=0.1",
        "json",
    );
    check(
        "",
        "application/fhir+xml;q=high, application/json;q=0.1",
        "json",
    );
    check("", BROWSER, "json");
    check(
        "",
        "text/html, application/fhir+xml;q=0.9, */*;q=0.8",
        "xml",
    );
    check("", "text/html, application/xml", "xml");
    check("", "application/fhir+json; charset=latin1", "406");
    check("", "image/png", "406");
    check("", "text/turtle", "406");
    check("", "text/*", "406");
    check("", "nonsense", "json");
    check("", "application/fhir+json; fhirVersion=4.0", "json 4.0");
    check("", "application/fhir+xml; fhirVersion=\"4.0.1\"", "xml 4.0");
    check("", "application/fhir+json; fhirVersion=3.0", "406");
    check(
        "",
        "application/fhir+json; fhirVersion=5.0, application/fhir+xml;q=0.1",
        "xml",
    );
    check(
        "",
        "application/fhir+json; charset=latin1, application/fhir+xml;q=0.1",
        "xml",
    );
    for format in [
        "json",
        "application/json",
        "text/json",
        "application/fhir+json",
        "application/fhir json",
    ] {
        check(format, "application/fhir+xml", "json");
    }
    for format in ["xml", "text/xml", "application/xml", "application/fhir xml"] {
        check(format, "image/png", "xml");
    }
    check("application/fhir+xml; fhirVersion=4.0", "", "xml 4.0");
    for format in [
        "html",
        "ttl",
        "JSON",
        "*/*",
        "text/html",
        "application/fhir+json; fhirVersion=1.0",
    ] {
        check(format, "", "406");
    }
}

#[test]
fn a_binary_is_its_content_unless_fhir_is_asked_for() {
    let check = |format: &str, accept: &str, expected: bool| {
        let format = (!format.is_empty()).then_some(format);
        let accept: Vec<&str> = Some(accept)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        let found = wants_content(format, &accept, "application/pdf; version=1");
        assert_eq!(found, expected, "{format:?} {accept:?}");
    };
    check("", "", true);
    check("", "*/*", true);
    check("", BROWSER, true);
    check("", "application/pdf", true);
    check("", "image/png", true);
    check("", "application/json", true);
    check("", "application/fhir+json", false);
    check("", "application/fhir+xml, */*", false);
    check("", "application/fhir+json;q=0, */*", true);
    check("", "application/pdf, application/fhir+json;q=0.9", true);
    check("", "application/pdf;q=0.5, application/fhir+json", false);
    check("json", "application/pdf", false);
}

#[test]
fn bodies_are_what_their_content_type_says() {
    let check = |header: &str, expected: Option<BodyType>| {
        let found = body_type(Some(header).filter(|text| !text.is_empty()));
        match expected {
            Some(expected) => assert_eq!(found.unwrap(), expected, "{header}"),
            None => assert_eq!(
                found.unwrap_err().kind(),
                ErrorKind::UnsupportedMediaType,
                "{header}"
            ),
        }
    };
    let resource = |format, is_fhir| Some(BodyType::Resource { format, is_fhir });
    check("application/fhir+json", resource(Format::Json, true));
    check(
        "Application/FHIR+JSON;charset=UTF-8",
        resource(Format::Json, true),
    );
    check(
        "application/fhir+xml; charset=\"utf-8\"",
        resource(Format::Xml, true),
    );
    check(
        "application/fhir+json; fhirVersion=4.0",
        resource(Format::Json, true),
    );
    check("application/json", resource(Format::Json, false));
    check("text/xml", resource(Format::Xml, false));
    check("application/json-patch+json", Some(BodyType::JsonPatch));
    check("application/xml-patch+xml", Some(BodyType::XmlPatch));
    check("application/x-www-form-urlencoded", Some(BodyType::Form));
    check(
        "text/plain; charset=latin1",
        Some(BodyType::Other("text/plain; charset=latin1".into())),
    );
    check("", None);
    check("json", None);
    check("application/", None);
    check("application/fhir+json; charset=iso-8859-1", None);
    check("application/fhir+json; fhirVersion=3.0", None);
    check("application/x-www-form-urlencoded; charset=latin1", None);
}
