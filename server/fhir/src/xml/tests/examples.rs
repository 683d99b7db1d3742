//! Every example of R4 through XML and back (<https://hl7.org/fhir/R4/downloads.html>).
#![allow(clippy::print_stderr, clippy::panic, reason = "tests print counts")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use crate::fixtures::{examples, structures};
use crate::json::{Kind, Value};
use crate::resource::Resource;
use crate::xml::{XmlLimits, from_xml, to_xml};

/// Examples that cannot be carried over, and the reason: each is itself invalid.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// The first place where two values differ, members in any order, numbers by their text.
pub(super) fn difference(a: Value<'_>, b: Value<'_>) -> Option<String> {
    match (a.kind(), b.kind()) {
        (Kind::Object, Kind::Object) => {
            let theirs: BTreeMap<_, _> = b.members().collect();
            let mut count = 0;
            for (name, value) in a.members() {
                count += 1;
                let Some(other) = theirs.get(&name) else {
                    return Some(format!(".{name} is lost"));
                };
                if let Some(place) = difference(value, *other) {
                    return Some(format!(".{name}{place}"));
                }
            }
            (count != theirs.len()).then(|| " has more members".to_owned())
        }
        (Kind::Array, Kind::Array) => {
            if a.items().count() != b.items().count() {
                return Some(" has another length".to_owned());
            }
            a.items()
                .zip(b.items())
                .enumerate()
                .find_map(|(place, (a, b))| Some(format!("[{place}]{}", difference(a, b)?)))
        }
        (Kind::String, Kind::String) => (a.string() != b.string()).then(|| " differs".to_owned()),
        (a_kind, b_kind) => (a_kind != b_kind || a.raw() != b.raw()).then(|| " differs".to_owned()),
    }
}

/// What most of the package is; the rest are instances of every kind, and get a closer look.
const DEFINITIONS: [&str; 5] = [
    "CodeSystem-",
    "ConceptMap-",
    "SearchParameter-",
    "StructureDefinition-",
    "ValueSet-",
];

/// JSON to XML and back; the first thing that goes wrong.
fn round_trip(name: &str, bytes: Vec<u8>) -> Result<(), String> {
    let structures = structures().unwrap();
    let resource = Resource::parse(bytes).map_err(|error| error.to_string())?;
    let xml = to_xml(&resource, structures, false).map_err(|error| error.to_string())?;
    let read = |xml: &str| {
        from_xml(xml.as_bytes(), structures, XmlLimits::default())
            .map_err(|error| format!("{error} of the XML"))
    };
    let back = read(&xml)?;
    if let Some(place) = difference(resource.root(), back.root()) {
        return Err(place);
    }
    if DEFINITIONS.iter().any(|one| name.starts_with(one)) {
        return Ok(());
    }
    assert_eq!(xml, to_xml(&back, structures, false).unwrap(), "{name}");
    roxmltree::Document::parse(&xml).map_err(|error| error.to_string())?;
    let indented = read(&to_xml(&resource, structures, true).unwrap())?;
    assert_eq!(indented.text(), back.text(), "{name}");
    Ok(())
}

#[test]
fn every_example_survives_xml() {
    if structures().is_none() {
        return;
    }
    let (equal, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let (sender, receiver) = sync_channel::<(String, Vec<u8>)>(64);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        // One thread unpacks, the others convert.
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().unwrap().recv();
                    let Ok((name, bytes)) = next else { break };
                    match round_trip(&name, bytes) {
                        Ok(()) => _ = equal.fetch_add(1, Ordering::Relaxed),
                        Err(fault) => failures.lock().unwrap().push((name, fault)),
                    }
                }
            });
        }
        examples(|name, bytes| sender.send((name.to_owned(), bytes)).unwrap());
        drop(sender);
    });
    let (equal, mut failures) = (equal.into_inner(), failures.into_inner().unwrap());
    failures.sort();
    eprintln!(
        "{equal} examples are equal after JSON, XML, JSON; {} are excepted",
        failures.len()
    );
    for (name, fault) in &failures {
        eprintln!("{name}: {fault}");
    }
    let names: Vec<_> = failures.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<_> = EXCEPTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected);
    assert!(equal > 5000);
}
