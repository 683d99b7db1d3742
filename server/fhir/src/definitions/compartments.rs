//! The compartments (<https://hl7.org/fhir/R4/compartmentdefinition.html>): which search parameters place a resource
//! into whose compartment.

use serde::{Deserialize, Serialize};

use super::DefinitionError;
use super::search_parameters::SearchParameters;
use crate::ids::ResourceType;
use crate::json::Value;

/// All compartments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Compartments {
    compartments: Vec<Compartment>,
}

/// One compartment: `Patient`, `Encounter` …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compartment {
    /// The canonical URL of its definition.
    pub url: Box<str>,
    /// The type whose instances each have such a compartment.
    pub code: Box<str>,
    /// By resource type: codes of the reference parameters that place a resource into it. Sorted; types that are
    /// never in it are left out.
    members: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl Compartments {
    /// The compartment around instances of a type.
    pub fn of(&self, resource_type: ResourceType) -> Option<&Compartment> {
        self.compartments
            .iter()
            .find(|compartment| *compartment.code == *resource_type.name())
    }

    /// All of them.
    pub fn all(&self) -> &[Compartment] {
        &self.compartments
    }
}

impl Compartment {
    /// Codes of the parameters of `resource_type` any of which places a resource into this compartment. None: it is
    /// never in it, except that the instance the compartment is named after always is in its own.
    pub fn parameters(&self, resource_type: ResourceType) -> &[Box<str>] {
        let name = resource_type.name();
        self.members
            .binary_search_by(|(member, _)| (**member).cmp(name))
            .map_or(&[], |place| &self.members[place].1)
    }

    /// The types that can be in it, with their parameters.
    pub fn members(&self) -> impl Iterator<Item = (&str, &[Box<str>])> {
        self.members
            .iter()
            .map(|(name, parameters)| (&**name, &**parameters))
    }
}

/// Collects CompartmentDefinitions.
#[derive(Debug, Default)]
pub(super) struct CompartmentsBuilder {
    compartments: Vec<Compartment>,
}

impl CompartmentsBuilder {
    /// Adds one. Examples (their URL does not end in the compartment's own code) are passed over, and the first
    /// definition of a compartment counts.
    pub(super) fn add(&mut self, definition: Value<'_>) -> Result<(), DefinitionError> {
        let text = |name| definition.get(name).and_then(Value::string);
        let url = text("url").unwrap_or_default();
        let missing = |member| DefinitionError::Missing {
            definition: url.as_ref().to_owned(),
            member,
        };
        let code = text("code").ok_or_else(|| missing("code"))?;
        let named = url.rsplit('/').next().unwrap_or_default();
        let known = self.compartments.iter().any(|one| *one.code == *code);
        if known || !named.eq_ignore_ascii_case(&code) {
            return Ok(());
        }
        let mut members = Vec::new();
        for resource in definition
            .get("resource")
            .into_iter()
            .flat_map(Value::items)
        {
            let name = resource
                .get("code")
                .and_then(Value::string)
                .ok_or_else(|| missing("resource.code"))?;
            // `{def}` says that the resource is the compartment's own instance.
            let parameters: Vec<Box<str>> = resource
                .get("param")
                .into_iter()
                .flat_map(Value::items)
                .filter_map(|parameter| parameter.string())
                .filter(|parameter| parameter != "{def}")
                .map(|parameter| parameter.as_ref().into())
                .collect();
            if !parameters.is_empty() {
                members.push((Box::from(name.as_ref()), parameters));
            }
        }
        members.sort();
        self.compartments.push(Compartment {
            url: url.as_ref().into(),
            code: code.as_ref().into(),
            members,
        });
        Ok(())
    }

    /// The compartments; each parameter they rely on must exist, or a resource would silently fall out of one.
    pub(super) fn build(
        self,
        parameters: &SearchParameters,
    ) -> Result<Compartments, DefinitionError> {
        for compartment in &self.compartments {
            for (name, codes) in compartment.members() {
                for code in codes {
                    let known = ResourceType::parse(name)
                        .and_then(|name| parameters.by_type_and_code(name, code));
                    if known.is_none() {
                        return Err(DefinitionError::UnknownParameter {
                            compartment: compartment.url.as_ref().to_owned(),
                            resource_type: name.to_owned(),
                            parameter: code.as_ref().to_owned(),
                        });
                    }
                }
            }
        }
        Ok(Compartments {
            compartments: self.compartments,
        })
    }
}
