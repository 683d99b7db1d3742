//! What XML becomes, and what is refused where.

use crate::fixtures::structures;
use crate::json::{Position, Value};
use crate::xml::{XmlErrorKind, XmlLimits, from_xml};

/// Wraps the content of a Patient.
fn patient(content: &str) -> String {
    format!("<Patient xmlns=\"http://hl7.org/fhir\">{content}</Patient>")
}

fn read(xml: &str) -> Option<Result<String, (XmlErrorKind, u32, u32)>> {
    let structures = structures()?;
    Some(
        from_xml(xml.as_bytes(), structures, XmlLimits::default())
            .map(|resource| resource.text().to_owned())
            .map_err(|error| (error.kind, error.position.line, error.position.column)),
    )
}

#[test]
fn elements_become_members() {
    let check = |content: &str, members: &str| {
        let expected = match members {
            "" => "{\"resourceType\":\"Patient\"}".to_owned(),
            _ => format!("{{\"resourceType\":\"Patient\",{members}}}"),
        };
        if let Some(json) = read(&patient(content)) {
            assert_eq!(json, Ok(expected), "{content}");
        }
    };
    check("", "");
    check("<!-- a --><?b c?>\n <id value='1'/>", r#""id":"1""#);
    check("<active value=\"true\"/>", r#""active":true"#);
    check(
        "<name><family value=\"a&amp;b&#x9;&quot;\n\"/></name>",
        r#""name":[{"family":"a&b\t\" "}]"#,
    );
    check(
        "<multipleBirthInteger value=\"2\"/>",
        r#""multipleBirthInteger":2"#,
    );
    check(
        "<extension url=\"u\"><valueDecimal value=\"1.50e2\"/></extension>",
        r#""extension":[{"url":"u","valueDecimal":1.50e2}]"#,
    );
    check(
        "<birthDate id=\"a\" value=\"1970\"><extension url=\"u\"><valueCode value=\"c\"/></extension></birthDate>",
        r#""birthDate":"1970","_birthDate":{"id":"a","extension":[{"url":"u","valueCode":"c"}]}"#,
    );
    check("<birthDate id=\"a\"/>", r#""_birthDate":{"id":"a"}"#);
    check(
        "<name><given value=\"a\"/><given id=\"i\"/><given value=\"c\"/></name>",
        r#""name":[{"given":["a",null,"c"],"_given":[null,{"id":"i"},null]}]"#,
    );
    check(
        "<name><given id=\"i\"/><given id=\"j\"/></name>",
        r#""name":[{"_given":[{"id":"i"},{"id":"j"}]}]"#,
    );
    check(
        "<contained><Basic><id value=\"b\"/></Basic></contained>",
        r#""contained":[{"resourceType":"Basic","id":"b"}]"#,
    );
}

#[test]
fn values_know_where_they_stood() {
    let xml = "<Patient xmlns=\"http://hl7.org/fhir\">\n <active value=\"true\"/>\n <name>\n  <family value=\"ä\"/>\
        <given>\n   <extension url=\"u\"/></given></name>\n <name><text value=\"b\"/></name>\n \
        <birthDate><extension url=\"u\"/></birthDate>\n <deceasedBoolean value=\"false\"/>\n</Patient>";
    let Some(structures) = structures() else {
        return;
    };
    let resource = from_xml(xml.as_bytes(), structures, XmlLimits::default()).unwrap();
    let check = |value: Option<Value<'_>>, line: u32, column: u32| {
        assert_eq!(value.unwrap().position(), Position { line, column });
    };
    let names: Vec<Value<'_>> = resource.get("name").unwrap().items().collect();
    check(Some(resource.root()), 1, 1);
    check(resource.get("active"), 2, 2);
    check(Some(names[0]), 3, 2);
    check(names[0].get("family"), 4, 3);
    check(names[0].get("_given"), 4, 22);
    check(names[1].get("text"), 6, 8);
    check(resource.get("deceasedBoolean"), 8, 2);
}

#[test]
fn narratives_keep_their_text() {
    let check = |xml: String, div: &str| {
        if let Some(json) = read(&xml) {
            let quoted = div.replace('"', "\\\"").replace('\n', "\\n");
            let expected = format!(
                "{{\"resourceType\":\"Patient\",\"text\":{{\"status\":\"generated\",\"div\":\"{quoted}\"}}}}"
            );
            assert_eq!(json, Ok(expected), "{xml}");
        }
    };
    let text = |div: &str| patient(&format!("<text><status value=\"generated\"/>{div}</text>"));
    let same = |div: &str| check(text(div), div);
    same("<div xmlns=\"http://www.w3.org/1999/xhtml\"> a <b>\n c</b>&#160;<br />&amp; </div>");
    same("<h:div xmlns:h='http://www.w3.org/1999/xhtml'><h:p/></h:div>");
    same(
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"de\"><!-- c --><![CDATA[<]]></div>",
    );
    // Declared around the narrative: written anew, without prefixes.
    check(
        "<f:Patient xmlns:f=\"http://hl7.org/fhir\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><f:text>\
         <f:status value=\"generated\"/><h:div xml:lang='de'> <h:a href='x\"&lt;'>&#9;</h:a><h:br/><!-- c --></h:div>\
         </f:text></f:Patient>"
            .to_owned(),
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"de\"> <a href=\"x&quot;&lt;\">&#9;</a><br/></div>",
    );
}

/// Content of a Patient on the second line, what is wrong with it, and in which column.
const REFUSED: &[(&str, &str, u32)] = &[
    ("<nobody/>", "unknown element 'nobody'", 1),
    (
        "<active value=\"true\"/><name><surname/></name>",
        "unknown element 'surname'",
        29,
    ),
    (
        "<id value=\"1\" code=\"2\"/>",
        "unknown attribute 'code'",
        15,
    ),
    ("<name value=\"a\"/>", "unknown attribute 'value'", 7),
    (
        "<id xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>",
        "unknown attribute 'nil'",
        59,
    ),
    (
        "<extension><url value=\"u\"/></extension>",
        "unknown element 'url'",
        12,
    ),
    (
        "<gender value=\"male\"/><active value=\"true\"/>",
        "element 'active' must stand earlier",
        23,
    ),
    (
        "<active value=\"true\"/><active value=\"true\"/>",
        "element 'active' may stand only once",
        23,
    ),
    (
        "<name id=\"a\"/><active value=\"true\"/><name id=\"b\"/>",
        "element 'active' must stand earlier",
        15,
    ),
    (
        "<deceasedBoolean value=\"true\"/><deceasedDateTime value=\"2000\"/>",
        "element 'deceasedDateTime' may stand only once",
        32,
    ),
    (
        "<active value=\"1\"/>",
        "the value of 'active' is not of its type",
        9,
    ),
    (
        "<multipleBirthInteger value=\"+1\"/>",
        "the value of 'multipleBirthInteger' is not of its type",
        23,
    ),
    (
        "<multipleBirthInteger value=\" 1\"/>",
        "the value of 'multipleBirthInteger' is not of its type",
        23,
    ),
    (
        "<multipleBirthInteger value=\"1e9999\"/>",
        "the value of 'multipleBirthInteger' is not of its type",
        23,
    ),
    ("<active value=\"\"/>", "'value' is empty", 9),
    ("<active/>", "'active' is empty", 1),
    ("<name>  </name>", "'name' is empty", 1),
    ("<contained/>", "'contained' is empty", 1),
    (
        "<contained><Basic/><Basic/></contained>",
        "element 'Basic' may stand only once",
        20,
    ),
    (
        "<contained><DomainResource/></contained>",
        "'DomainResource' is not a resource type of FHIR R4",
        12,
    ),
    (
        "<contained id=\"a\"><Basic/></contained>",
        "unknown attribute 'id'",
        12,
    ),
    (
        "<active value=\"true\">x</active>",
        "text where FHIR has only elements",
        22,
    ),
    (
        "<active value=\"true\">&#32;</active>",
        "text where FHIR has only elements",
        22,
    ),
    (
        "<active value=\"true\"><![CDATA[]]></active>",
        "text where FHIR has only elements",
        22,
    ),
    (
        "<active xmlns=\"\" value=\"true\"/>",
        "'active' is not in the namespace it must be in",
        1,
    ),
    (
        "<text><status value=\"generated\"/><div/></text>",
        "'div' is not in the namespace it must be in",
        34,
    ),
    (
        "<text><h:div xmlns:h=\"http://www.w3.org/1999/xhtml\"><p/></h:div></text>",
        "the narrative uses namespaces that are declared around it",
        // The place is that of the div.
        7,
    ),
];

#[test]
fn what_fhir_does_not_say_is_refused_with_its_place() {
    for (content, sentence, column) in REFUSED {
        if let Some(answer) = read(&format!(
            "<Patient xmlns=\"http://hl7.org/fhir\">\n{content}</Patient>"
        )) {
            let (kind, line, at) = answer.unwrap_err();
            assert_eq!(
                (&*kind.to_string(), line, at),
                (*sentence, 2, *column),
                "{content}"
            );
        }
    }
}

#[test]
fn the_outermost_element_is_a_resource_of_r4() {
    let check = |xml: &str, kind: XmlErrorKind| {
        if let Some(answer) = read(xml) {
            assert_eq!(answer.unwrap_err().0, kind, "{xml}");
        }
    };
    let unknown = |name: &str| XmlErrorKind::UnknownResource(name.into());
    check("<Nobody xmlns=\"http://hl7.org/fhir\"/>", unknown("Nobody"));
    check(
        "<HumanName xmlns=\"http://hl7.org/fhir\"/>",
        unknown("HumanName"),
    );
    check(
        "<Resource xmlns=\"http://hl7.org/fhir\"/>",
        unknown("Resource"),
    );
    check("<Patient/>", XmlErrorKind::Namespace("Patient".into()));
    check(
        "<Patient id=\"a\" xmlns=\"http://hl7.org/fhir\"/>",
        XmlErrorKind::UnknownAttribute("id".into()),
    );
}

#[test]
fn a_fault_says_within_which_element_it_is() {
    let check = |content: &str, path: &str| {
        let Some(structures) = structures() else {
            return;
        };
        let xml = patient(content);
        let fault = from_xml(xml.as_bytes(), structures, XmlLimits::default()).unwrap_err();
        assert_eq!(fault.path.as_deref(), Some(path), "{content}");
    };
    check("<shoeSize value='40'/>", "Patient");
    check("<active/>", "Patient.active");
    check("<active value='yes'/>", "Patient.active");
    check(
        "<active value='true'/><active value='true'/>",
        "Patient.active",
    );
    check("<name/>", "Patient.name[0]");
    check(
        "<name><family value='a'/></name><name><given value='a'/><given value='b' c='d'/></name>",
        "Patient.name[1].given[1]",
    );
    check(
        "<deceasedBoolean value='2'/>",
        "Patient.deceased.ofType(boolean)",
    );
    check(
        "<contained><Patient><name><text/></name></Patient></contained>",
        "Patient.contained[0].name[0].text",
    );
    check(
        "<birthDate value='1970'/><gender value='male'/>",
        "Patient.gender",
    );
    check("<active value='true'>", "Patient.active");
}
