//! The 13 JSON Patch, 13 XML Patch and 19 FHIRPath Patch cases of FHIR/fhir-test-cases, where they are at hand.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    reason = "tests read the cases and say when they are absent"
)]

use std::path::{Path, PathBuf};

use roxmltree::Node;

use crate::fixtures;
use crate::json::{Document, Value};
use crate::patch::equal::equal;
use crate::patch::xml::patch_text;
use crate::patch::{apply_fhirpath_patch, apply_json_patch};
use crate::xml::{XmlLimits, from_xml};

/// A file of the patch cases: below `VESTA_TESTDATA`, or below `shared/testdata` beside a folder around this one.
fn cases(file: &str) -> Option<String> {
    let beside = || {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .map(|folder| folder.join("shared/testdata"))
            .find(|folder| folder.is_dir())
    };
    let folder = std::env::var_os("VESTA_TESTDATA")
        .map(PathBuf::from)
        .or_else(beside);
    let text =
        folder.and_then(|folder| std::fs::read_to_string(folder.join("patch").join(file)).ok());
    if text.is_none() {
        eprintln!("skipped: {file} is absent (VESTA_TESTDATA)");
    }
    text
}

#[test]
fn json_patch_cases_pass() {
    let Some(text) = cases("json-patch-tests.json") else {
        return;
    };
    let cases = Document::parse(text).unwrap();
    let mut count = 0;
    for case in cases.root().items() {
        let part = |name| {
            case.get(name)
                .map(|value: Value<'_>| Document::parse(value.raw().to_owned()).unwrap())
        };
        let name = case.get("comment").unwrap().string().unwrap();
        let answer = apply_json_patch(&part("doc").unwrap(), &part("patch").unwrap());
        match part("expected") {
            Some(expected) => {
                let patched = Document::parse(answer.expect(&name)).unwrap();
                assert!(
                    equal(patched.root(), expected.root()),
                    "{name}: {}",
                    patched.text()
                );
            }
            None => {
                answer.expect_err(&name);
            }
        }
        count += 1;
    }
    assert_eq!(count, 13);
}

/// Elements, attributes and text, without the white space between elements.
fn shape(node: Node<'_, '_>) -> String {
    if node.is_text() {
        return node.text().unwrap_or_default().trim().to_owned();
    }
    let mut attributes: Vec<_> = node
        .attributes()
        .map(|one| format!(" {}={:?}", one.name(), one.value()))
        .collect();
    attributes.sort();
    let children: String = node
        .children()
        .filter(|child| !child.is_comment())
        .map(shape)
        .collect();
    format!(
        "<{:?}{}>{children}</>",
        node.tag_name(),
        attributes.concat()
    )
}

const NAMESPACES: &str =
    "xmlns=\"http://hl7.org/fhir\" xmlns:html=\"http://www.w3.org/1999/xhtml\"";

#[test]
fn xml_patch_cases_pass() {
    let Some(text) = cases("xml-patch-tests.xml") else {
        return;
    };
    let cases = roxmltree::Document::parse(&text).unwrap();
    let mut count = 0;
    for case in cases.root_element().children().filter(Node::is_element) {
        let name = case.attribute("name").unwrap();
        let part = |name: &str| {
            let node = case
                .children()
                .find(|child| child.has_tag_name(("http://hl7.org/fhir", name)))?;
            let (first, last) = (node.first_child()?, node.last_child()?);
            Some(text[first.range().start..last.range().end].trim())
        };
        let document = |inner: &str| inner.replacen("<doc", &format!("<doc {NAMESPACES}"), 1);
        let target = document(part("target").unwrap_or_default());
        let patch = format!("<diff {NAMESPACES}>{}</diff>", part("patch").unwrap());
        let answer = patch_text(&target, patch.as_bytes(), 1 << 20);
        match part("patched") {
            Some(expected) => {
                let expected = document(expected);
                let patched = answer.expect(name);
                assert_eq!(
                    shape(roxmltree::Document::parse(&patched).unwrap().root()),
                    shape(roxmltree::Document::parse(&expected).unwrap().root()),
                    "{name}"
                );
            }
            None => {
                answer.expect_err(name);
            }
        }
        count += 1;
    }
    assert_eq!(count, 13);
}

/// The text of a resource in a case, as JSON; white space between words counts as one space.
fn resource(inner: &str) -> Document {
    let start = inner.find(|c: char| c == '>' || c.is_whitespace()).unwrap();
    let xml = format!("{} {NAMESPACES}{}", &inner[..start], &inner[start..]);
    let structures = fixtures::structures().unwrap();
    let resource = from_xml(xml.as_bytes(), structures, XmlLimits::default()).unwrap();
    resource.document().clone()
}

fn without_layout(text: &str) -> String {
    let spaced = text.replace("\\n", " ").replace("><", "> <");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn fhirpath_patch_cases_pass() {
    let (Some(text), Some(structures)) = (cases("fhir-patch-tests.xml"), fixtures::structures())
    else {
        return;
    };
    let cases = roxmltree::Document::parse(&text).unwrap();
    let mut count = 0;
    for case in cases.root_element().children().filter(Node::is_element) {
        let name = case.attribute("name").unwrap();
        let part = |name: &str| {
            let folder = case
                .children()
                .find(|child| child.has_tag_name(("http://hl7.org/fhir", name)));
            let node = folder?.first_element_child()?;
            Some(resource(&text[node.range()]))
        };
        let input = part("input").unwrap();
        let answer = apply_fhirpath_patch(&input, &part("diff").unwrap(), structures, 10_000);
        match part("output") {
            Some(expected) => {
                let patched = without_layout(&answer.expect(name));
                let patched = Document::parse(patched).unwrap();
                let expected = Document::parse(without_layout(expected.text())).unwrap();
                assert!(
                    equal(patched.root(), expected.root()),
                    "{name}: {} {}",
                    patched.text(),
                    expected.text()
                );
            }
            None => {
                answer.expect_err(name);
            }
        }
        count += 1;
    }
    assert_eq!(count, 19);
}
