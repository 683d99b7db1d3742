//! The official R4 suite: every case passes, or stands in `suite-exceptions.tsv` with the reason.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use crate::definitions::fixtures::definitions;
use crate::fixtures;
use crate::json::Document;
use crate::path::{DateTime, Environment, Expression, Item, Node, canonical_quantity, evaluate};
use crate::resource::Resource;
use crate::validation::validate;
use crate::xml::{XmlLimits, from_xml};

const EXCEPTIONS: &str = include_str!("suite-exceptions.tsv");

/// The suite's folder: beside the workspace, or where `VESTA_TESTDATA` says.
fn folder() -> Option<PathBuf> {
    let mut candidates = Vec::new();
    candidates.extend(std::env::var_os("VESTA_TESTDATA").map(PathBuf::from));
    let here = std::env::current_dir().unwrap();
    candidates.extend(here.ancestors().map(|above| above.join("shared/testdata")));
    let folder = candidates
        .into_iter()
        .map(|candidate| candidate.join("fhirpath"))
        .find(|candidate| candidate.join("tests-fhir-r4.xml").is_file());
    if folder.is_none() {
        println!("skipped: testdata/fhirpath/tests-fhir-r4.xml is not at hand");
    }
    folder
}

fn read(folder: &Path, name: &str) -> Option<Document> {
    let bytes = std::fs::read(folder.join("input").join(name)).ok()?;
    let resource = if name.ends_with(".xml") {
        // One input says where its schema is, which the codec does not know.
        let text = String::from_utf8(bytes).unwrap();
        let text = without_attribute(&text, " xsi:schemaLocation=\"");
        from_xml(
            text.as_bytes(),
            fixtures::structures()?,
            XmlLimits::default(),
        )
        .unwrap_or_else(|error| panic!("{name}: {error}"))
    } else {
        Resource::parse(bytes).unwrap()
    };
    Some(resource.document().clone())
}

fn without_attribute(text: &str, start: &str) -> String {
    let Some((before, after)) = text.split_once(start) else {
        return text.to_owned();
    };
    let (_, rest) = after.split_once('"').unwrap();
    format!("{before}{rest}")
}

/// An item as the suite writes it: the type's name and the text.
fn shown(item: &Item<'_>, environment: &Environment<'_>) -> (String, String) {
    let structures = environment.structures;
    let name = item.type_info(structures).name.to_owned();
    let text = match item.system(structures) {
        Some(Item::Boolean(value)) => value.to_string(),
        Some(Item::Integer(value)) => value.to_string(),
        Some(Item::Decimal(value)) => value.to_string(),
        Some(Item::String(value)) => value.into_owned(),
        Some(Item::Date(value)) => format!("@{value}"),
        Some(Item::DateTime(value)) => format!("@{value}"),
        Some(Item::Time(value)) => format!("@T{value}"),
        Some(Item::Quantity(value)) => value.to_string(),
        other => format!("{other:?}"),
    };
    (name, text)
}

/// Whether a resource keeps the definition of its type, which is all the suite asks for.
fn conforms_to(node: Node<'_>, url: &str) -> Option<bool> {
    let definitions = definitions()?;
    let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/")?;
    let type_id = definitions.structures.by_name(name)?;
    let resource = Resource::parse(node.value?.raw().to_owned()).ok()?;
    let is_valid = validate(&resource, definitions).is_empty();
    Some(is_valid && definitions.structures.is_a(node.type_id, type_id))
}

struct Case<'s> {
    expression: &'s str,
    invalid: Option<&'s str>,
    predicate: bool,
    outputs: Vec<(Option<&'s str>, &'s str)>,
}

fn run(case: &Case<'_>, focus: Option<Node<'_>>) -> Result<(), String> {
    let structures = fixtures::structures().unwrap();
    let expression = match (Expression::parse(case.expression), case.invalid) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some("syntax")) => return Err("parses".to_owned()),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(expression), _) => expression,
    };
    let checked = focus.map_or(Ok(()), |focus| expression.check(structures, focus.type_id));
    match (checked, case.invalid) {
        (Err(_), Some(_)) => return Ok(()),
        (Err(error), None) => return Err(format!("check: {error}")),
        (Ok(()), _) => {}
    }
    let mut environment = Environment::new(structures);
    environment.now = DateTime::parse("2026-11-21T12:00:00.000Z");
    environment.as_is_singular = true;
    environment.hooks.canonical = Some(&canonical_quantity);
    environment.hooks.conforms_to = Some(&conforms_to);
    let focus = focus.map_or(Item::Boolean(true), Item::Node);
    let found = match (evaluate(&expression, focus, &environment), case.invalid) {
        (Err(_), Some(_)) => return Ok(()),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(found), Some(_)) => return Err(format!("no error: {} items", found.len())),
        (Ok(found), None) => found,
    };
    let mut found: Vec<_> = found.iter().map(|item| shown(item, &environment)).collect();
    if case.predicate && found.len() == 1 && found[0].0 != "boolean" {
        found = vec![("boolean".to_owned(), "true".to_owned())];
    }
    let fits = found.len() == case.outputs.len()
        && found
            .iter()
            .zip(&case.outputs)
            .all(|((name, text), (wanted, output))| {
                let same = |wanted: &str| {
                    wanted.eq_ignore_ascii_case(name)
                        || (wanted == "string" && matches!(&**name, "uri" | "id" | "markdown"))
                };
                wanted.is_none_or(same)
                    && text.trim_start_matches('@') == output.trim_start_matches('@')
            });
    if fits {
        return Ok(());
    }
    Err(format!("{found:?} instead of {:?}", case.outputs))
}

#[test]
fn every_case_passes_or_is_excepted_by_name() {
    let (Some(folder), Some(structures)) = (folder(), fixtures::structures()) else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("tests-fhir-r4.xml")).unwrap();
    let suite = roxmltree::Document::parse(&text).unwrap();
    let mut exceptions: HashMap<&str, &str> = EXCEPTIONS
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let mut inputs: HashMap<String, Option<Document>> = HashMap::new();
    let (mut count, mut excepted) = (0, 0);
    let mut failures = BTreeMap::new();
    for test in suite.descendants().filter(|node| node.has_tag_name("test")) {
        let child = |name| test.children().find(move |node| node.has_tag_name(name));
        let expression = child("expression").unwrap();
        let case = Case {
            expression: expression.text().unwrap_or_default(),
            invalid: expression.attribute("invalid"),
            predicate: test.attribute("predicate") == Some("true"),
            outputs: test
                .children()
                .filter(|node| node.has_tag_name("output"))
                .map(|node| (node.attribute("type"), node.text().unwrap_or_default()))
                .collect(),
        };
        let name = test.attribute("name").unwrap();
        let input = test.attribute("inputfile").unwrap_or_default().to_owned();
        let document = inputs
            .entry(input.clone())
            .or_insert_with(|| read(&folder, &input));
        assert!(input.is_empty() || document.is_some(), "{input} is missing");
        let focus = document
            .as_ref()
            .and_then(|document| Node::resource(document.root(), structures));
        count += 1;
        match (run(&case, focus), exceptions.remove(name)) {
            (Ok(()), None) => {}
            (Err(_), Some(_)) => excepted += 1,
            (Ok(()), Some(_)) => {
                failures.insert(name, "passes, but is excepted".to_owned());
            }
            (Err(reason), None) => {
                failures.insert(name, format!("{}\n    {reason}", case.expression));
            }
        }
    }
    println!(
        "{count} cases, {excepted} excepted, {} failed",
        failures.len()
    );
    for (name, reason) in &failures {
        println!("{name}: {reason}");
    }
    assert!(
        failures.is_empty() && exceptions.is_empty(),
        "{exceptions:?}"
    );
}
