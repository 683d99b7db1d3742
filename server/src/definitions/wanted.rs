//! What the search values of each type depend on, as hashes that change with it.

use std::collections::{BTreeMap, BTreeSet};

use fhir::definitions::Definitions as Registries;
use fhir::definitions::search_parameters::SearchParameter;
use fhir::ids::ResourceType;
use sha2::{Digest, Sha256};

/// Changes whenever the same definitions would give other search values.
const EXTRACTION_VERSION: &str = "12\n";

/// The parameters of each type that are indexed: code, blank, hash.
pub(super) type Wanted = BTreeMap<ResourceType, Vec<String>>;

/// Parameters whose values are the words of a resource.
pub(super) const WORDS: [&str; 2] = ["_content", "_text"];

/// What extraction depends on beside the parameters themselves: which elements there are, of which types, the codes
/// that tell the systems of plain codes, and what places resources into compartments. Rules, texts and how often an element
/// may stand are not among it.
pub(super) fn basis(registries: &Registries) -> Vec<u8> {
    let structures = &registries.structures;
    let mut hash = Sha256::new();
    hash.update(EXTRACTION_VERSION);
    let mut bound = BTreeSet::new();
    for (_, definition) in structures.all() {
        let base = definition.base.map(|base| &structures.get(base).name);
        let (kind, shape) = (definition.kind, definition.shape);
        hash.update(format!("{} {kind:?} {shape:?} {base:?}\n", definition.name));
        for element in &definition.elements {
            let is = (element.is_choice, element.is_list());
            hash.update(format!(" {} {is:?}\n", element.name));
            for one in &element.types {
                let name = &structures.get(one.type_id).name;
                hash.update(format!("  {} {name} {:?}\n", one.json_name, one.targets));
            }
            if let Some(binding) = &element.binding {
                hash.update(format!("  {}\n", binding.value_set));
                bound.insert(&binding.value_set);
                bound.extend(&binding.maximum);
            }
        }
    }
    for set in bound {
        if let Some(set) = registries.code_sets.by_url(set) {
            // Plain data: writing it down cannot fail, and where it did, the hash would be another one.
            hash.update(postcard::to_stdvec(set).unwrap_or_default());
        }
    }
    // All are plain data: writing them down cannot fail, and where it did, the hash would be another one.
    hash.update(postcard::to_stdvec(&registries.compartments).unwrap_or_default());
    hash.finalize().to_vec()
}

/// The parameters of all types that are indexed.
pub(super) fn wanted(registries: &Registries, basis: &[u8], full_text: bool) -> Wanted {
    let parameters = &registries.search_parameters;
    let of_type = |resource_type| {
        let indexed = parameters.for_type(resource_type).filter(|parameter| {
            parameter.expression.is_some() || full_text && WORDS.contains(&&*parameter.code)
        });
        let named = indexed.map(|parameter| {
            let hash = parameter_hash(registries, basis, parameter);
            format!("{} {hash}", parameter.code)
        });
        (resource_type, named.collect())
    };
    ResourceType::all().map(of_type).collect()
}

fn parameter_hash(registries: &Registries, basis: &[u8], parameter: &SearchParameter) -> String {
    let mut hash = Sha256::new();
    hash.update(basis);
    let mut add = |one: &SearchParameter| {
        hash.update(format!("{:?} {:?}\n", one.search_type, one.expression));
    };
    add(parameter);
    for component in &parameter.components {
        if let Some(part) = registries.search_parameters.by_url(&component.definition) {
            add(part);
        }
    }
    for component in &parameter.components {
        hash.update(format!("{:?}\n", component.expression));
    }
    short(hash)
}

/// All of it as one text.
pub(super) fn fingerprint(wanted: &Wanted) -> String {
    let mut hash = Sha256::new();
    for (resource_type, parameters) in wanted {
        hash.update(format!("{resource_type} {}\n", target(parameters)));
    }
    short(hash)
}

/// The parameters of one type as one text.
pub(super) fn target(parameters: &[String]) -> String {
    let mut hash = Sha256::new();
    for parameter in parameters {
        hash.update(format!("{parameter}\n"));
    }
    short(hash)
}

fn short(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use fhir::definitions::DefinitionsBuilder;
    use fhir::json::Document;

    use super::*;

    const DEFINITIONS: [&str; 4] = [
        r#"{"resourceType":"StructureDefinition","url":"c","kind":"primitive-type","type":"code",
            "snapshot":{"element":[{"path":"code"},{"path":"code.value"}]}}"#,
        r#"{"resourceType":"StructureDefinition","url":"u","kind":"resource","type":"List","derivation":"specialization",
            "snapshot":{"element":[
            {"path":"List","constraint":[{"key":"lst-1","severity":"error","human":"h","expression":"true"}]},
            {"path":"List.status","min":1,"max":"1","type":[{"code":"code"}],
             "binding":{"strength":"required","valueSet":"http://v"}},
            {"path":"List.mode[x]","max":"1","type":[{"code":"code"}]}]}}"#,
        r#"{"resourceType":"ValueSet","url":"http://v","compose":{"include":[{"system":"http://s","concept":[{"code":"a"}]}]}}"#,
        r#"{"resourceType":"ValueSet","url":"http://w","compose":{"include":[{"system":"http://s","concept":[{"code":"b"}]}]}}"#,
    ];

    /// What extraction depends on, with one text in the definitions replaced.
    fn with(from: &str, to: &str) -> Vec<u8> {
        let mut builder = DefinitionsBuilder::default();
        assert!(DEFINITIONS.iter().any(|text| text.contains(from)), "{from}");
        for text in DEFINITIONS {
            let document = Document::parse(text.replace(from, to)).unwrap();
            builder.add(document.root()).unwrap();
        }
        basis(&builder.build().unwrap())
    }

    /// A rule that is corrected makes nobody read all resources again; an element that changes its type does.
    #[test]
    fn only_what_extraction_uses_counts() {
        let before = with("", "");
        let check = |from: &str, to: &str, is_same: bool| {
            assert_eq!(with(from, to) == before, is_same, "{from} to {to}");
        };
        check(r#""expression":"true""#, r#""expression":"false""#, true);
        check(r#""human":"h""#, r#""human":"other""#, true);
        check(r#""min":1"#, r#""min":0"#, true);
        check(r#"[{"code":"b"}]"#, r#"[{"code":"other"}]"#, true);
        check(r#"[{"code":"a"}]"#, r#"[{"code":"other"}]"#, false);
        check("List.status", "List.standing", false);
        check(
            r#"List.mode[x]","max":"1""#,
            r#"List.mode[x]","max":"*""#,
            false,
        );
        check("List.mode[x]", "List.mode", false);
    }
}
