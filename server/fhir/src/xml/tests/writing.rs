//! What JSON becomes, and what XML cannot carry.

use crate::fixtures::structures;
use crate::resource::Resource;
use crate::xml::{XmlErrorKind, to_xml};

fn write(members: &str, pretty: bool) -> Option<Result<String, XmlErrorKind>> {
    let structures = structures()?;
    let resource = Resource::parse(format!("{{{members}\"resourceType\":\"Patient\"}}")).unwrap();
    Some(to_xml(&resource, structures, pretty).map_err(|error| error.kind))
}

#[test]
fn members_become_elements_in_order() {
    let check = |members: &str, content: &str| {
        if let Some(xml) = write(members, false) {
            let expected = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Patient xmlns=\"http://hl7.org/fhir\"{content}"
            );
            assert_eq!(xml, Ok(expected), "{members}");
        }
    };
    check("", "/>");
    check(
        r#""gender":"male","id":"1","#,
        "><id value=\"1\"/><gender value=\"male\"/></Patient>",
    );
    check(
        r#""name":[{"family":"<&>\"'\t\r\n é"}],"#,
        "><name><family value=\"&lt;&amp;&gt;&quot;'&#x9;&#xD;&#xA; é\"/></name></Patient>",
    );
    check(
        r#""name":[{"_given":[null,{"id":"i"}],"given":["a",null,"c"]}],"#,
        "><name><given value=\"a\"/><given id=\"i\"/><given value=\"c\"/></name></Patient>",
    );
    check(
        r#""extension":[{"valueDecimal":1.50e2,"url":"u","id":"i"}],"#,
        "><extension id=\"i\" url=\"u\"><valueDecimal value=\"1.50e2\"/></extension></Patient>",
    );
    check(
        r#""text":{"div":"<div>a<br/></div>"},"#,
        "><text><div xmlns=\"http://www.w3.org/1999/xhtml\">a<br/></div></text></Patient>",
    );
    check(
        r#""contained":[{"resourceType":"Basic"}],"#,
        "><contained><Basic/></contained></Patient>",
    );
}

#[test]
fn indentation_leaves_narratives_alone() {
    let members = r#""text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">\n<p/></div>"},"#;
    if let Some(xml) = write(members, true) {
        assert_eq!(
            xml.unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Patient xmlns=\"http://hl7.org/fhir\">\n  <text>\n    \
             <div xmlns=\"http://www.w3.org/1999/xhtml\">\n<p/></div>\n  </text>\n</Patient>\n"
        );
    }
}

/// Members of a Patient, and why XML cannot carry them.
const REFUSED: &[(&str, &str)] = &[
    (r#""nobody":1,"#, "unknown element 'nobody'"),
    (r#""_name":[{"id":"a"}],"#, "unknown element '_name'"),
    (r#""text":{"_div":{"id":"a"}},"#, "unknown element '_div'"),
    (r#""name":[{"_id":{"id":"a"}}],"#, "unknown element '_id'"),
    (
        r#""deceasedBoolean":true,"deceasedDateTime":"2000","#,
        "element 'deceasedDateTime' may stand only once",
    ),
    (
        r#""birthDate":"\u0001","#,
        "a character that XML 1.0 cannot carry",
    ),
    (
        r#""birthDate":"\uFFFF","#,
        "a character that XML 1.0 cannot carry",
    ),
    (r#""birthDate":"","#, "'birthDate' is empty"),
    (
        r#""birthDate":null,"#,
        "'birthDate' is not of the shape its definition says",
    ),
    (
        r#""birthDate":1970,"#,
        "'birthDate' is not of the shape its definition says",
    ),
    (
        r#""birthDate":["1970"],"#,
        "'birthDate' is not of the shape its definition says",
    ),
    (
        r#""_birthDate":"x","#,
        "'birthDate' is not of the shape its definition says",
    ),
    (r#""_birthDate":{},"#, "'birthDate' is empty"),
    (
        r#""active":"true","#,
        "'active' is not of the shape its definition says",
    ),
    (
        r#""multipleBirthInteger":"1","#,
        "'multipleBirthInteger' is not of the shape its definition says",
    ),
    (
        r#""name":{"family":"a"},"#,
        "'name' is not of the shape its definition says",
    ),
    (
        r#""name":["a"],"#,
        "'name' is not of the shape its definition says",
    ),
    (r#""name":[],"#, "'name' is empty"),
    (r#""name":[{}],"#, "'name' is empty"),
    (r#""name":[null],"#, "'name' is empty"),
    (r#""name":[{"given":[null]}],"#, "'given' is empty"),
    (
        r#""name":[{"id":1}],"#,
        "'id' is not of the shape its definition says",
    ),
    (
        r#""contained":[{"resourceType":"Nobody"}],"#,
        "'Nobody' is not a resource type of FHIR R4",
    ),
    (
        r#""contained":[{"id":"a"}],"#,
        "'resourceType' is not of the shape its definition says",
    ),
    (
        r#""text":{"div":1},"#,
        "'div' is not of the shape its definition says",
    ),
];

/// Narratives as JSON strings that are not one `div`.
const NOT_XHTML: &[&str] = &[
    "<p/>",
    "<div>",
    "a",
    "",
    "<div xmlns='http://hl7.org/fhir'/>",
    "<div>&nbsp;</div>",
    "<div a='1' a='2'/>",
    "<!DOCTYPE div><div/>",
    "<div/><div/>",
    "<h:div xmlns:h='http://www.w3.org/1999/xhtml'><p/></h:div>",
    "<div xmlns='http://www.w3.org/1999/xhtml'><x:p/></div>",
    "<div>\\u0002</div>",
];

/// The same, with something beside the `div`.
const MORE: &[&str] = &[
    "<!-- a --><div/>",
    "<div/><?a b?>",
    "<?xml version='1.0'?><div/>",
];

fn check_refused(members: &str, sentence: &str) {
    if let Some(xml) = write(members, false) {
        assert_eq!(xml.unwrap_err().to_string(), sentence, "{members}");
    }
}

#[test]
fn what_xml_cannot_carry_is_refused() {
    for (members, sentence) in REFUSED {
        check_refused(members, sentence);
    }
    let narrative = |div: &str| format!(r#""text":{{"div":"{div}"}},"#);
    for div in NOT_XHTML {
        let sentence = "the narrative is not one well-formed XHTML div";
        check_refused(&narrative(div), sentence);
    }
    for div in MORE {
        check_refused(&narrative(div), "the narrative holds more than its div");
    }
}
