//! Registries of what the specification defines, built from its own JSON and kept in compact form.

pub mod codes;
pub(crate) mod codes_builder;
pub mod compartments;
pub mod corrections;
#[cfg(test)]
mod corrections_tests;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod primitive;
pub mod profiles;
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
use profiles::{Profiles, ProfilesBuilder};
use search_parameters::{SearchParameters, SearchParametersBuilder};
use structure::{Binding, BindingStrength, Structures};

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
    /// The codes of bindings that instances are held to.
    pub code_sets: CodeSets,
    /// Profiles and extensions.
    pub profiles: Profiles,
}

/// Collects definitions in any order, then joins them.
#[derive(Debug, Default)]
pub struct DefinitionsBuilder {
    structures: StructuresBuilder,
    search_parameters: SearchParametersBuilder,
    compartments: CompartmentsBuilder,
    codes: CodeSetsBuilder,
    profiles: ProfilesBuilder,
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
            Some("StructureDefinition") => {
                // One that cannot be used is found by who claims or asks for it.
                let _ = self.profiles.add_published(definition);
                self.structures.add(definition)
            }
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
        let (profiles, _) = self.profiles.build(&structures, &Profiles::default());
        let code_sets = join_codes(&mut structures, &profiles, &self.codes)?;
        Ok(Definitions {
            structures,
            search_parameters,
            compartments,
            code_sets,
            profiles,
        })
    }
}

/// Builds the code sets that instances are held to and points the bindings at them.
fn join_codes(
    structures: &mut Structures,
    profiles: &Profiles,
    codes: &CodeSetsBuilder,
) -> Result<CodeSets, DefinitionError> {
    let mut urls = BTreeSet::new();
    let mut add = |binding: &Binding| urls.extend(binding.value_sets().map(Box::from));
    structures.bindings_mut().for_each(|binding| add(binding));
    profiles.each_binding(&mut add);
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
