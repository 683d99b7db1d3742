//! Registries of what the specification defines, built from its own JSON and kept in compact form.

pub mod codes;
mod codes_builder;
pub mod compartments;
pub mod corrections;
#[cfg(test)]
mod corrections_tests;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod primitive;
pub mod search_parameters;
pub mod structure;
mod structure_builder;
#[cfg(test)]
mod tests;
pub mod unready;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::json::Value;
use codes::CodeSets;
use codes_builder::CodeSetsBuilder;
use compartments::{Compartments, CompartmentsBuilder};
use search_parameters::{SearchParameters, SearchParametersBuilder};
use structure::{BindingStrength, Structures};

pub use structure_builder::{DefinitionError, StructuresBuilder};

/// Everything code asks of the specification's definitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Definitions {
    /// Types and elements.
    pub structures: Structures,
    /// Search parameters.
    pub search_parameters: SearchParameters,
    /// Compartments.
    pub compartments: Compartments,
    /// The codes of required bindings.
    pub code_sets: CodeSets,
}

/// Collects definitions in any order, then joins them.
#[derive(Debug, Default)]
pub struct DefinitionsBuilder {
    structures: StructuresBuilder,
    search_parameters: SearchParametersBuilder,
    compartments: CompartmentsBuilder,
    codes: CodeSetsBuilder,
}

impl DefinitionsBuilder {
    /// Whether [`DefinitionsBuilder::add`] makes use of resources of this type.
    pub fn uses(resource_type: &str) -> bool {
        matches!(
            resource_type,
            "StructureDefinition"
                | "SearchParameter"
                | "CompartmentDefinition"
                | "ValueSet"
                | "CodeSystem"
        )
    }

    /// Adds one definition; resources of other types are passed over. Where two define the same, the first counts.
    pub fn add(&mut self, definition: Value<'_>) -> Result<(), DefinitionError> {
        match definition
            .get("resourceType")
            .and_then(Value::string)
            .as_deref()
        {
            Some("StructureDefinition") => self.structures.add(definition),
            Some("SearchParameter") => self.search_parameters.add(definition),
            Some("CompartmentDefinition") => self.compartments.add(definition),
            Some("ValueSet") => {
                self.codes.add_value_set(definition);
                Ok(())
            }
            Some("CodeSystem") => {
                self.codes.add_code_system(definition);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The registries, joined.
    pub fn build(self) -> Result<Definitions, DefinitionError> {
        let mut structures = self.structures.build()?;
        let search_parameters = self.search_parameters.build(&structures)?;
        let compartments = self.compartments.build(&search_parameters)?;
        let code_sets = join_codes(&mut structures, &self.codes)?;
        Ok(Definitions {
            structures,
            search_parameters,
            compartments,
            code_sets,
        })
    }
}

/// Builds the code sets that instances are held to and points the bindings at them.
fn join_codes(
    structures: &mut Structures,
    codes: &CodeSetsBuilder,
) -> Result<CodeSets, DefinitionError> {
    let urls: BTreeSet<Box<str>> = structures
        .bindings_mut()
        .filter_map(|binding| match binding.strength {
            BindingStrength::Required => Some(binding.value_set.clone()),
            _ => binding.maximum.clone(),
        })
        .collect();
    u16::try_from(urls.len()).map_err(|_| DefinitionError::TooManyTypes)?;
    let sets = codes.build(urls.into_iter());
    for binding in structures.bindings_mut() {
        let url = match binding.strength {
            BindingStrength::Required => Some(&binding.value_set),
            _ => binding.maximum.as_ref(),
        };
        binding.code_set = url.and_then(|url| sets.id(url));
    }
    Ok(sets)
}
