//! What stands in the Bundle, and in which order.

use fhir::outcome::IssueType;
use fhir::outcome::Severity;

use super::*;
use crate::store::Verb;

fn version(key: &str, content: Option<&'static str>) -> StoredVersion {
    StoredVersion {
        key: key.parse().unwrap(),
        version: "1".parse().unwrap(),
        last_updated: "2024-01-01T00:00:00Z".parse().unwrap(),
        verb: Verb::Put,
        content: content.map(|text| text.as_bytes().into()),
    }
}

#[test]
fn entries_say_why_they_are_there() {
    let warnings = [Issue::new(Severity::Warning, IssueType::Invalid, "dropped")];
    let searchset = Searchset {
        base_url: "http://here/fhir",
        links: PageLinks {
            path: "http://here/fhir/Patient",
            understood: &[("name".to_owned(), "ä b".to_owned())],
            cursor: None,
            previous: None,
            next: None,
        },
        total: Some(1),
        matches: &[version("Patient/1", Some(r#"{"resourceType":"Patient"}"#))],
        contained: &[ContainedMatch {
            container: "Group/3".parse().unwrap(),
            id: "p".parse().unwrap(),
            content: r#"{"resourceType":"Patient","id":"p"}"#.into(),
        }],
        scores: &["0.5".to_owned()],
        included: &[
            version("Group/1", Some(r#"{"resourceType":"Group"}"#)),
            version("Group/2", None),
        ],
        warnings: &warnings,
    };
    let expected = [
        r#"{"resourceType":"Bundle","type":"searchset","total":1,"#,
        r#""link":[{"relation":"self","url":"http://here/fhir/Patient?name=%C3%A4%20b"}],"#,
        r#""entry":[{"fullUrl":"http://here/fhir/Patient/1","resource":{"resourceType":"Patient"},"#,
        r#""search":{"mode":"match","score":0.5}},"#,
        r#"{"fullUrl":"http://here/fhir/Group/3#p","resource":{"resourceType":"Patient","id":"p"},"#,
        r#""search":{"mode":"match"}},"#,
        r#"{"fullUrl":"http://here/fhir/Group/1","resource":{"resourceType":"Group"},"#,
        r#""search":{"mode":"include"}},"#,
        &format!(r#"{{"resource":{},"#, operation_outcome(&warnings)),
        r#""search":{"mode":"outcome"}}]}"#,
    ];
    assert_eq!(searchset.json(), expected.concat());
}

#[test]
fn links_lead_to_the_pages_there_are() {
    let check = |cursors: [Option<&str>; 3], expected: &[&str]| {
        let [cursor, previous, next] = cursors;
        let mut writer = Writer::default();
        writer.object(|bundle| {
            let links = PageLinks {
                path: "x",
                understood: &[],
                cursor,
                previous,
                next,
            };
            links.write(bundle);
        });
        let document = fhir::json::Document::parse(writer.finish()).unwrap();
        let links = document.root().get("link").unwrap();
        let found: Vec<String> = links
            .items()
            .map(|link| {
                let text = |name| link.get(name).unwrap().string().unwrap().into_owned();
                format!("{} {}", text("relation"), text("url"))
            })
            .collect();
        assert_eq!(found, expected);
    };
    check([None, None, None], &["self x"]);
    check([None, None, Some("n")], &["self x", "next x?_cursor=n"]);
    check(
        [Some("c"), Some("p"), Some("n")],
        &[
            "self x?_cursor=c",
            "first x",
            "previous x?_cursor=p",
            "next x?_cursor=n",
        ],
    );
}
