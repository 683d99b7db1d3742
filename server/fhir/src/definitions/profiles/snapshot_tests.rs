//! The merged trees, with the element table below them, against the snapshots that packages publish.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the packages where they are at hand"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::reading::{self, text};
use super::{
    AllowedType, ElementRules, Occurrences, Profile, ProfileElement, Profiles, ProfilesBuilder,
};
use crate::definitions::fixtures::definitions;
use crate::definitions::structure::{Element, Structures, TypeId};
use crate::json::{Document, Value};

/// The packages that are compared, by their SHA-256.
const US_CORE: (&str, &str) = (
    "us_core_610.tgz",
    "4c4e7fbb07ef2fdb35bdfc3f5d09a417ee0d8644ea17cb3692ca6d03c4358b1d",
);
const PAS: (&str, &str) = (
    "davinci_pas_2.0.1.tgz",
    "1ba4159f2a1ea000dfb1685601bfc902c603a1c59ce2127118ee0a7aec694218",
);
const IPS: (&str, &str) = (
    "hl7.fhir.uv.ips-2.0.0.tgz",
    "4a5cff17580f869140614ac51097d81540c63644d550ced8d4cd9b9bce7345c4",
);

/// The StructureDefinitions of a package; `None` where it is not at hand.
fn package((file, digest): (&str, &str)) -> Option<Vec<Document>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/testdata/packages").join(file));
    let cache = std::env::var_os("HOME")
        .map(|home| PathBuf::from(home).join(".cache/vesta/packages").join(file));
    let Some(path) = shared.chain(cache).find(|path| path.is_file()) else {
        eprintln!("skipped: {file} is absent");
        return None;
    };
    let bytes = fs::read(path).unwrap();
    let own: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(own, digest, "{file} is another package");
    let mut archive = tar::Archive::new(GzDecoder::new(&*bytes));
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.file_name().unwrap().to_str().unwrap();
        let in_package = path
            .parent()
            .is_some_and(|folder| folder.ends_with("package"));
        if in_package && name.starts_with("StructureDefinition-") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.push(Document::parse(bytes).unwrap());
        }
    }
    Some(found)
}

/// What is known of an element at the end of an id's path.
#[derive(Clone, Default)]
struct Place<'a> {
    /// What the tree says, the weakest first: of the element, of its slice, of the profile it must meet.
    rules: Vec<&'a ElementRules>,
    nodes: Vec<&'a ProfileElement>,
    element: Option<&'a Element>,
    type_id: Option<TypeId>,
}

struct Walk<'a> {
    structures: &'a Structures,
    profiles: &'a Profiles,
    /// Whether a slice has what is said of its element. The published ones have it, or not.
    inherits: bool,
}

impl<'a> Walk<'a> {
    /// Adds the profiles that an element must meet to what is known of it.
    fn entered(&self, place: &Place<'a>) -> Place<'a> {
        let mut place = place.clone();
        let types = place
            .rules
            .iter()
            .rev()
            .find(|rules| !rules.types.is_empty());
        if let Some([one]) = types.map(|rules| &*rules.types)
            && !matches!(&*one.name, "BackboneElement" | "Element")
        {
            place.type_id = self.structures.by_name(&one.name);
            let met = one.profiles.iter().filter_map(|url| self.profiles.get(url));
            let met: Vec<_> = met.map(|profile| &profile.root).collect();
            place.nodes.splice(0..0, met);
        }
        place
    }

    /// How the tree differs from a published element.
    fn compare(&self, profile: &'a Profile, item: Value<'_>) -> Vec<String> {
        let id = text(item, "id").unwrap();
        let root = Place {
            rules: vec![&profile.root.rules],
            nodes: vec![&profile.root],
            element: None,
            type_id: Some(profile.type_id),
        };
        let mut steps = id.split('.').skip(1);
        let Some(place) = steps.try_fold(root, |place, segment| self.step(&place, segment)) else {
            return vec!["not found".to_owned()];
        };
        let is_slice = id.rsplit('.').next().unwrap().contains(':');
        differences(&place, &reading::element(item).unwrap(), is_slice)
    }

    fn step(&self, place: &Place<'a>, segment: &str) -> Option<Place<'a>> {
        let place = self.entered(place);
        let (name, slice) = match segment.split_once(':') {
            Some((name, slice)) => (name, Some(slice)),
            None => (segment, None),
        };
        let name = name.trim_end_matches("[x]");
        let definition = self.structures.get(place.type_id?);
        let element = definition.element(name)?;
        let mut nodes: Vec<_> = place
            .nodes
            .iter()
            .filter_map(|node| node.child(name))
            .collect();
        let mut rules: Vec<_> = nodes.iter().map(|node| &node.rules).collect();
        let mut type_id = match &*element.types {
            [one] => Some(one.type_id),
            _ => None,
        };
        if let Some(slice) = slice {
            let sliced: Vec<_> = nodes
                .iter()
                .filter_map(|node| find_slice(node, slice))
                .collect();
            if !self.inherits {
                nodes.clear();
                rules.clear();
            }
            rules.extend(sliced.iter().map(|node| &node.rules));
            nodes.extend(sliced);
            if let Some((_, chosen)) = definition.member(slice) {
                type_id = Some(chosen.type_id);
            }
        }
        Some(Place {
            rules,
            nodes,
            element: Some(element),
            type_id,
        })
    }
}

fn find_slice<'a>(node: &'a ProfileElement, name: &str) -> Option<&'a ProfileElement> {
    node.slices.iter().find_map(|slice| {
        let own = slice.slice.as_deref()?;
        if own == name {
            Some(slice)
        } else {
            find_slice(slice, name)
        }
    })
}

fn last<'a, T>(place: &Place<'a>, pick: impl Fn(&'a ElementRules) -> Option<T>) -> Option<T> {
    place.rules.iter().rev().find_map(|rules| pick(rules))
}

/// The names of types, their profiles and targets, in one order.
fn type_names(types: &[AllowedType]) -> BTreeSet<String> {
    types
        .iter()
        .map(|one| {
            let urls: BTreeSet<_> = one.profiles.iter().chain(&one.targets).collect();
            format!("{} {urls:?}", one.name)
        })
        .collect()
}

/// How the tree differs from a published element, in words.
fn differences(place: &Place<'_>, published: &reading::RawElement, is_slice: bool) -> Vec<String> {
    let mut found = Vec::new();
    let rules = &published.rules;
    // A slice need not be there where its element must.
    let own_min = if is_slice {
        place.rules.last().and_then(|rules| rules.min).or(Some(0))
    } else {
        last(place, |rules| rules.min).or(place.element.map(|element| element.min))
    };
    if own_min.is_some() && own_min != rules.min {
        found.push(format!("min {own_min:?}, published {:?}", rules.min));
    }
    let of_table = place.element.map(|element| {
        element
            .max
            .map_or(Occurrences::Unbounded, Occurrences::AtMost)
    });
    let max = last(place, |rules| rules.max).or(of_table);
    if max.is_some() && max != rules.max {
        found.push(format!("max {max:?}, published {:?}", rules.max));
    }
    let types = last(place, |rules| {
        (!rules.types.is_empty()).then_some(&rules.types)
    });
    if let Some(types) = types
        && type_names(types) != type_names(&rules.types)
    {
        let (ours, theirs) = (type_names(types), type_names(&rules.types));
        found.push(format!("types {ours:?}, published {theirs:?}"));
    }
    samples(place, rules, &mut found);
    let binding = last(place, |rules| rules.binding.as_ref())
        .or_else(|| place.element.and_then(|element| element.binding.as_ref()));
    let shown = |binding: &crate::definitions::structure::Binding| {
        let url = binding.value_set.split('|').next().unwrap();
        format!("{:?} {url}", binding.strength)
    };
    let (ours, theirs) = (binding.map(shown), rules.binding.as_ref().map(shown));
    if ours != theirs {
        found.push(format!("binding {ours:?}, published {theirs:?}"));
    }
    let own: BTreeSet<&str> = place
        .rules
        .iter()
        .flat_map(|rules| &rules.constraints)
        .map(|rule| &*rule.key)
        .collect();
    let theirs: BTreeSet<&str> = rules.constraints.iter().map(|rule| &*rule.key).collect();
    if !own.is_subset(&theirs) {
        found.push(format!("constraints {own:?}, published {theirs:?}"));
    }
    found
}

fn samples(place: &Place<'_>, rules: &ElementRules, found: &mut Vec<String>) {
    for (what, ours, theirs) in [
        (
            "fixed",
            last(place, |rules| rules.fixed.as_ref()),
            &rules.fixed,
        ),
        (
            "pattern",
            last(place, |rules| rules.pattern.as_ref()),
            &rules.pattern,
        ),
        (
            "minValue",
            last(place, |rules| rules.least.as_ref()),
            &rules.least,
        ),
        (
            "maxValue",
            last(place, |rules| rules.greatest.as_ref()),
            &rules.greatest,
        ),
    ] {
        let (ours, theirs) = (ours.map(compact), theirs.as_ref().map(compact));
        if ours != theirs {
            found.push(format!("{what} {ours:?}, published {theirs:?}"));
        }
    }
}

fn compact(sample: &super::Sample) -> String {
    let mut text = sample.json().to_owned();
    text.retain(|character| !character.is_whitespace());
    text
}

/// So many elements are expected to differ.
fn compare(pinned: (&str, &str), expected: usize) {
    let file = pinned.0;
    let (Some(definitions), Some(published)) = (definitions(), package(pinned)) else {
        return;
    };
    let mut builder = ProfilesBuilder::default();
    for definition in &published {
        builder.add_published(definition.root()).unwrap();
    }
    let (profiles, faults) = builder.build(&definitions.structures, &definitions.profiles);
    assert_eq!(faults, []);
    let walk = |inherits| Walk {
        structures: &definitions.structures,
        profiles: &profiles,
        inherits,
    };
    let mut elements = 0;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for definition in &published {
        let url = text(definition.root(), "url").unwrap();
        let Some(profile) = profiles.get(&url) else {
            continue;
        };
        let list = definition.root().at(&["snapshot", "element"]).into_iter();
        for item in list.flat_map(Value::items) {
            elements += 1;
            let with = walk(true).compare(profile, item);
            let without = walk(false).compare(profile, item);
            if !with.is_empty() && !without.is_empty() {
                let id = text(item, "id").unwrap();
                let entry = found.entry(url.clone()).or_default();
                entry.push(format!("{id}: {}", with.join("; ")));
            }
        }
    }
    let count: usize = found.values().map(Vec::len).sum();
    println!("{file}: {elements} elements, {count} differ");
    for (url, list) in &found {
        for line in list {
            println!("{}  {line}", url.rsplit('/').next().unwrap());
        }
    }
    assert_eq!(count, expected, "of {elements}");
}

/// A binding of a choice with one type stands at its slice as well as at the choice; a binding without value set changes
/// the strength alone; the value of a canonical is an element there.
#[test]
fn snapshots_of_us_core_are_those_published() {
    compare(US_CORE, 6);
}

/// An extension of R5 that no package here defines is unfolded there, in two profiles.
#[test]
fn snapshots_of_pas_are_those_published() {
    compare(PAS, 6);
}

/// The values of two strings are elements there.
#[test]
fn snapshots_of_ips_are_those_published() {
    compare(IPS, 2);
}

/// The StructureDefinitions of each of these packages that is at hand.
pub(super) fn published() -> Vec<Vec<Document>> {
    [US_CORE, PAS, IPS]
        .into_iter()
        .filter_map(package)
        .collect()
}
