//! Every example of R4 through Vesta's XML and fhirbolt's, both ways.

use std::time::{Duration, Instant};

use fhir::definitions::structure::Structures;
use fhir::json::Document;
use fhir::json::edit::remove_member;
use fhir::resource::Resource;
use fhir::xml::{XmlLimits, from_xml, to_xml};
use fhirbolt::FhirReleases;
use fhirbolt::element::Element;
use fhirbolt_oracle::{difference, examples, structures};

type R4 = Element<{ FhirReleases::R4 }>;

/// Examples on which the two disagree, and why Vesta is right.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "Bundle-terminologies.json",
        "fhirbolt reads no JSON whose resources name their type after another member",
    ),
    (
        "PlanDefinition-KDN5.json",
        "fhirbolt drops a comment inside the narrative",
    ),
];

/// Longest example that is timed, in bytes: what a server carries all day.
const TIMED_BYTES_MAX: usize = 10_000;

#[derive(Default)]
struct Tally {
    agree: usize,
    /// Agree but for white space that fhirbolt drops at either end of a text inside a narrative.
    narratives: usize,
    failures: Vec<(String, String)>,
    /// Time of Vesta to and from XML, then of fhirbolt, over the examples that are timed.
    spent: [Duration; 4],
    timed: u32,
    timed_bytes: usize,
}

fn timed<T>(spent: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let answer = work();
    *spent += start.elapsed();
    answer
}

impl Tally {
    /// Vesta writes the XML and fhirbolt reads it, then the other way round. The narrative counts as the same when it
    /// is, white space aside.
    fn visit(&mut self, bytes: Vec<u8>, structures: &Structures) -> Result<bool, String> {
        let length = bytes.len();
        let mut spent = [Duration::ZERO; 4];
        let resource = Resource::parse(bytes).map_err(|error| format!("Vesta, JSON: {error}"))?;
        let ours = timed(&mut spent[0], || to_xml(&resource, structures, false))
            .map_err(|error| format!("Vesta, to XML: {error}"))?;
        let read: R4 = timed(&mut spent[3], || fhirbolt::xml::from_str(&ours, None))
            .map_err(|error| format!("fhirbolt, from Vesta's XML: {error}"))?;
        let json = fhirbolt::json::to_string(&read, None).map_err(|error| error.to_string())?;
        let there = Document::parse(json).map_err(|error| error.to_string())?;

        let element: R4 = fhirbolt::json::from_str(&type_first(&resource), None)
            .map_err(|error| format!("fhirbolt, from JSON: {error}"))?;
        let theirs = timed(&mut spent[2], || fhirbolt::xml::to_string(&element, None))
            .map_err(|error| format!("fhirbolt, to XML: {error}"))?;
        let back = timed(&mut spent[1], || {
            from_xml(theirs.as_bytes(), structures, XmlLimits::default())
        })
        .map_err(|error| format!("Vesta, from fhirbolt's XML: {error}"))?;
        if length <= TIMED_BYTES_MAX {
            self.timed += 1;
            self.timed_bytes += length;
            for (total, one) in self.spent.iter_mut().zip(spent) {
                *total += one;
            }
        }

        let mut is_exact = true;
        let mut same = |is_narrative: bool, a: &str, b: &str| {
            is_exact &= a == b;
            a == b || (is_narrative && without_space(a) == without_space(b))
        };
        if let Some(place) = difference(resource.root(), there.root(), &mut same) {
            return Err(format!("read by fhirbolt: {place}"));
        }
        let mut same = |is_narrative: bool, a: &str, b: &str| match is_narrative {
            true => {
                is_exact &= a == b;
                without_space(a) == without_space(b)
            }
            // Raw in fhirbolt's attributes, so that every reader of XML must see spaces.
            false => a == b || a.replace("\r\n", "\n").replace(['\r', '\n', '\t'], " ") == b,
        };
        if let Some(place) = difference(resource.root(), back.root(), &mut same) {
            return Err(format!("written by fhirbolt: {place}"));
        }
        Ok(is_exact)
    }
}

/// The JSON with `resourceType` before everything else, as fhirbolt needs it.
fn type_first(resource: &Resource) -> String {
    let rest = remove_member(resource.root(), "resourceType");
    let rest = rest.trim_start().trim_start_matches('{');
    let comma = if rest.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    format!(
        "{{\"resourceType\":\"{}\"{comma}{rest}",
        resource.resource_type()
    )
}

/// The narrative without any white space between its words and tags.
fn without_space(narrative: &str) -> String {
    narrative.split_whitespace().collect()
}

#[test]
fn both_codecs_agree_on_every_example() {
    let Some(structures) = structures() else {
        return;
    };
    let mut tally = Tally::default();
    examples(|name, bytes| match tally.visit(bytes, &structures) {
        Ok(true) => tally.agree += 1,
        Ok(false) => tally.narratives += 1,
        Err(fault) => tally.failures.push((name.to_owned(), fault)),
    });
    eprintln!(
        "{} examples agree exactly, {} but for white space in the narrative, {} differ",
        tally.agree,
        tally.narratives,
        tally.failures.len(),
    );
    let count = tally.timed.max(1);
    let [ours_to, ours_from, theirs_to, theirs_from] =
        tally.spent.map(|total| (total / count).as_micros());
    eprintln!(
        "{count} of them with {} bytes on average, to XML and from XML: Vesta {ours_to} and {ours_from} µs, \
         fhirbolt {theirs_to} and {theirs_from} µs",
        tally.timed_bytes / usize::try_from(count).expect("a count"),
    );
    for (name, fault) in &tally.failures {
        let reason = EXCEPTIONS.iter().find(|(one, _)| one == name);
        eprintln!(
            "{name}: {fault} ({})",
            reason.map_or("unexpected", |(_, reason)| reason)
        );
    }
    let names: Vec<_> = tally
        .failures
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let expected: Vec<_> = EXCEPTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected);
    assert!(tally.agree > 0);
}
