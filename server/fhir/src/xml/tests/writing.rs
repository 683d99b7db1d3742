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

#[test]
fn what_xml_cannot_carry_is_refused() {
    let check = |members: &str, kind: XmlErrorKind| {
        if let Some(xml) = write(members, false) {
            assert_eq!(xml, Err(kind), "{members}");
        }
    };
    let name = |name: &str| Box::<str>::from(name);
    use XmlErrorKind::*;
    check(r#""nobody":1,"#, UnknownElement(name("nobody")));
    check(r#""_name":[{"id":"a"}],"#, UnknownElement(name("_name")));
    check(
        r#""text":{"_div":{"id":"a"}},"#,
        UnknownElement(name("_div")),
    );
    check(
        r#""name":[{"_id":{"id":"a"}}],"#,
        UnknownElement(name("_id")),
    );
    check(
        r#""deceasedBoolean":true,"deceasedDateTime":"2000","#,
        Repeated(name("deceasedDateTime")),
    );
    check(r#""birthDate":"\u0001","#, Character);
    check(r#""birthDate":"\uFFFF","#, Character);
    check(r#""birthDate":"","#, Empty(name("birthDate")));
    check(r#""birthDate":null,"#, Shape(name("birthDate")));
    check(r#""birthDate":1970,"#, Shape(name("birthDate")));
    check(r#""birthDate":["1970"],"#, Shape(name("birthDate")));
    check(r#""_birthDate":"x","#, Shape(name("birthDate")));
    check(r#""_birthDate":{},"#, Empty(name("birthDate")));
    check(r#""active":"true","#, Shape(name("active")));
    check(
        r#""multipleBirthInteger":"1","#,
        Shape(name("multipleBirthInteger")),
    );
    check(r#""name":{"family":"a"},"#, Shape(name("name")));
    check(r#""name":["a"],"#, Shape(name("name")));
    check(r#""name":[],"#, Empty(name("name")));
    check(r#""name":[{}],"#, Empty(name("name")));
    check(r#""name":[null],"#, Empty(name("name")));
    check(r#""name":[{"given":[null]}],"#, Empty(name("given")));
    check(r#""name":[{"id":1}],"#, Shape(name("id")));
    check(
        r#""contained":[{"resourceType":"Nobody"}],"#,
        UnknownResource(name("Nobody")),
    );
    check(r#""contained":[{"id":"a"}],"#, Shape(name("resourceType")));
    let not_xhtml = || Narrative("the narrative is not one well-formed XHTML div");
    check(r#""text":{"div":1},"#, Shape(name("div")));
    for div in [
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
        "<div>\u{0}</div>",
    ] {
        if div.contains('\u{0}') {
            check(r#""text":{"div":"<div>\u0002</div>"},"#, not_xhtml());
        } else {
            check(&format!(r#""text":{{"div":"{div}"}},"#), not_xhtml());
        }
    }
    let more = || Narrative("the narrative holds more than its div");
    check(r#""text":{"div":"<!-- a --><div/>"},"#, more());
    check(r#""text":{"div":"<div/><?a b?>"},"#, more());
    check(r#""text":{"div":"<?xml version='1.0'?><div/>"},"#, more());
}
