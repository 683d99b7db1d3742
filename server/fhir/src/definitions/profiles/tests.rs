//! Differentials written here, and the trees they make.

use super::{Faults, Occurrences, ProfileElement, Profiles, ProfilesBuilder, SlicingRules};
use crate::definitions::fixtures::definitions;
use crate::json::Document;

/// A tree as text: one element a line, with what counts most.
fn shown(element: &ProfileElement, depth: usize, out: &mut String) {
    let rules = &element.rules;
    let name = match &element.slice {
        Some(slice) => format!("{}:{slice}", element.name),
        None => element.name.to_string(),
    };
    let max = match rules.max {
        None => String::new(),
        Some(Occurrences::AtMost(max)) => format!(" max {max}"),
        Some(Occurrences::Unbounded) => " max *".to_owned(),
    };
    let min = rules.min.map_or(String::new(), |min| format!(" min {min}"));
    let types: Vec<&str> = rules.types.iter().map(|one| &*one.name).collect();
    let types = match types.is_empty() {
        true => String::new(),
        false => format!(" {}", types.join("|")),
    };
    let slicing = element.slicing.as_ref().map_or(String::new(), |slicing| {
        let list: Vec<String> = slicing
            .discriminators
            .iter()
            .map(|one| format!("{:?} {}", one.kind, one.path))
            .collect();
        let closed = match slicing.rules {
            SlicingRules::Closed => " closed",
            SlicingRules::Open | SlicingRules::OpenAtEnd => "",
        };
        format!(" sliced by {}{closed}", list.join(","))
    });
    let fixed = rules
        .fixed
        .as_ref()
        .map_or(String::new(), |fixed| format!(" = {}", fixed.json()));
    let line = format!("{name}{min}{max}{types}{fixed}{slicing}");
    out.push_str(&" ".repeat(depth));
    out.push_str(line.trim());
    out.push('\n');
    for below in element.slices.iter().chain(&element.children) {
        shown(below, depth + 1, out);
    }
}

fn profile(url: &str, base: &str, elements: &str) -> String {
    format!(
        r#"{{"url":"{url}","kind":"resource","type":"Observation","derivation":"constraint",
        "baseDefinition":"{base}","differential":{{"element":[{{"path":"Observation"}},{elements}]}}}}"#
    )
}

const OBSERVATION: &str = "http://hl7.org/fhir/StructureDefinition/Observation";

fn build(definitions_of: &[String]) -> Option<(Profiles, Faults)> {
    let mut builder = ProfilesBuilder::default();
    for text in definitions_of {
        builder
            .add(Document::parse(text.clone()).unwrap().root())
            .unwrap();
    }
    Some(builder.build(&definitions()?.structures, &Profiles::default()))
}

fn check(definitions_of: &[String], expected: &str) {
    let Some((profiles, faults)) = build(definitions_of) else {
        return;
    };
    assert_eq!(faults, []);
    let mut out = String::new();
    let last = format!("http://test/{}", definitions_of.len());
    shown(&profiles.get(&last).unwrap().root, 0, &mut out);
    let expected: String = expected
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    assert_eq!(out, expected);
}

#[test]
fn a_choice_named_by_its_type_keeps_that_type_alone() {
    check(
        &[profile(
            "http://test/1",
            OBSERVATION,
            r#"{"path":"Observation.valueQuantity","min":1},{"path":"Observation.valueQuantity.code","min":1}"#,
        )],
        "
     value min 1 Quantity
      code min 1
",
    );
}

#[test]
fn a_choice_named_by_several_types_is_sliced() {
    check(
        &[profile(
            "http://test/1",
            OBSERVATION,
            r#"{"path":"Observation.valueQuantity","min":1},{"path":"Observation.valueQuantity.code","min":1},
               {"path":"Observation.valueString","max":"0"}"#,
        )],
        "
     value sliced by Type $this
      value:valueQuantity min 1 Quantity
       code min 1
      value:valueString max 0 string
",
    );
}

#[test]
fn what_follows_a_slice_belongs_to_it() {
    check(
        &[profile(
            "http://test/1",
            OBSERVATION,
            r#"{"path":"Observation.component","slicing":{"discriminator":[{"type":"value","path":"code"}],"rules":"closed"}},
               {"path":"Observation.component","sliceName":"a","min":1},
               {"path":"Observation.component.code","fixedCodeableConcept":{"text":"a"}},
               {"path":"Observation.component","sliceName":"a/b","max":"1"},
               {"path":"Observation.component.value[x]","type":[{"code":"string"}]}"#,
        )],
        "
     component sliced by Value code closed
      component:a min 1
       component:a/b max 1
        value string
       code = {\"text\":\"a\"}
",
    );
}

#[test]
fn a_profile_of_a_profile_changes_only_what_it_says() {
    check(
        &[
            profile(
                "http://test/1",
                OBSERVATION,
                r#"{"path":"Observation.category","min":1,"slicing":{"discriminator":[{"type":"pattern","path":"$this"}],"rules":"open"}},
                   {"path":"Observation.category","sliceName":"lab","min":1,"max":"1"},
                   {"path":"Observation.value[x]","max":"*"}"#,
            ),
            profile(
                "http://test/2",
                "http://test/1",
                r#"{"path":"Observation.category","sliceName":"lab","min":0},
                   {"path":"Observation.category","sliceName":"more","max":"*"},
                   {"path":"Observation.category.text","min":1}"#,
            ),
        ],
        "
     category min 1 sliced by Pattern $this
      category:lab min 0 max 1
      category:more max *
       text min 1
     value max *
",
    );
}

#[test]
fn a_profile_that_leads_nowhere_is_named() {
    let all = [
        profile("http://test/1", "http://nowhere", r#"{"path":"x"}"#),
        profile("http://test/2", "http://test/3", r#"{"path":"x"}"#),
        profile("http://test/3", "http://test/2", r#"{"path":"x"}"#),
    ];
    let Some((profiles, faults)) = build(&all) else {
        return;
    };
    assert_eq!(profiles.all().count(), 0);
    let faults: Vec<_> = faults
        .iter()
        .map(|(url, fault)| format!("{url}: {fault}"))
        .collect();
    assert_eq!(
        faults,
        [
            "http://test/1: 'http://nowhere', which it is derived from, is unknown",
            "http://test/2: the line of profiles it is derived from has no end",
            "http://test/3: the line of profiles it is derived from has no end",
        ]
    );
}
