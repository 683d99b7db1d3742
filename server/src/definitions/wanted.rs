//! What the search values of each type depend on, as hashes that change with it.

use std::collections::BTreeMap;

use fhir::definitions::Definitions as Registries;
use fhir::definitions::search_parameters::SearchParameter;
use fhir::ids::ResourceType;
use sha2::{Digest, Sha256};

/// Changes whenever the same definitions would give other search values.
const EXTRACTION_VERSION: &str = "7\n";

/// The parameters of each type that are indexed: code, blank, hash.
pub(super) type Wanted = BTreeMap<ResourceType, Vec<String>>;

/// Parameters whose values are the words of a resource.
pub(super) const WORDS: [&str; 2] = ["_content", "_text"];

/// What extraction depends on beside the parameters themselves.
pub(super) fn basis(registries: &Registries) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(EXTRACTION_VERSION);
    // All are plain data: writing them down cannot fail, and where it did, the hash would be another one.
    hash.update(postcard::to_stdvec(&registries.structures).unwrap_or_default());
    hash.update(postcard::to_stdvec(&registries.code_sets).unwrap_or_default());
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
