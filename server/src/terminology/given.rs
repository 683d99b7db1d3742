//! Resources that come with a request and count before those that are stored: `tx-resource`.

use fhir::json::Value;
use fhir::resource::Resource;
use fhir::terminology::code_system::CodeSystem;
use fhir::terminology::knowledge::Knowledge;
use fhir::terminology::value_set::ValueSet;

use crate::error::{Error, ErrorKind, Result};

/// The resources.
#[derive(Clone, Debug, Default)]
pub struct Given {
    value_sets: Vec<ValueSet>,
    code_systems: Vec<CodeSystem>,
    concept_maps: Vec<Resource>,
}

impl Given {
    /// Takes code systems, value sets and concept maps; others are refused.
    pub fn of(resources: Vec<Resource>) -> Result<Self> {
        let mut given = Self::default();
        for resource in resources {
            match resource.resource_type().name() {
                "ValueSet" => given.value_sets.push(ValueSet::read(resource)),
                "ConceptMap" => given.concept_maps.push(resource),
                "CodeSystem" => {
                    let mut numbered = Knowledge::default();
                    given.teach(&mut numbered);
                    let key = numbered.next_given_key();
                    let system = CodeSystem::read_whole(key, resource.root());
                    given.code_systems.push(system.ok_or_else(without_url)?);
                }
                other => {
                    let sentence = format!("a {other} is of no use to terminology");
                    return Err(Error::new(ErrorKind::BadValue, sentence));
                }
            }
        }
        Ok(given)
    }

    /// The value sets that resources contain, by `#id`.
    pub fn contained_in<'r>(containers: impl IntoIterator<Item = &'r Resource>) -> Self {
        let mut given = Self::default();
        for container in containers {
            let contained = container
                .get("contained")
                .into_iter()
                .flat_map(Value::items);
            for inner in contained {
                let id = inner.get("id").and_then(Value::string);
                if let (Some(id), Ok(inner)) = (id, Resource::parse(inner.raw().to_owned()))
                    && inner.resource_type().name() == "ValueSet"
                {
                    given.value_sets.push(ValueSet {
                        url: Some(format!("#{id}").into()),
                        version: None,
                        ..ValueSet::read(inner)
                    });
                }
            }
        }
        given
    }

    /// The concept maps among them.
    pub fn concept_maps(&self) -> &[Resource] {
        &self.concept_maps
    }

    /// What is known from the request alone.
    pub fn knowledge(&self) -> Knowledge {
        let mut knowledge = Knowledge::default();
        self.teach(&mut knowledge);
        knowledge
    }

    fn teach(&self, knowledge: &mut Knowledge) {
        for value_set in &self.value_sets {
            knowledge.give_value_set(value_set.clone());
        }
        for system in &self.code_systems {
            knowledge.give_code_system(system.clone());
        }
    }
}

fn without_url() -> Error {
    Error::new(
        ErrorKind::BadValue,
        "a CodeSystem that is to be used has a url",
    )
}
