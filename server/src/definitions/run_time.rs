//! SearchParameters that are stored as resources (<https://hl7.org/fhir/R4/searchparameter.html>): which are in force, and
//! which cannot be.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use fhir::definitions::search_parameters::{Activity, SearchParameter, SearchType};
use fhir::definitions::structure::{Structures, TypeKind};
use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::ParseLimits;
use fhir::path::{Expression, SemanticError};
use fhir::resource::Resource;
use fhir::search::index_plan::IndexPlan;

use super::Definitions;
use crate::error::{Error, ErrorKind, Result};

/// A stored SearchParameter that is active.
#[derive(Clone, Debug)]
pub(super) struct RunTimeParameter {
    key: ResourceKey,
    parameter: SearchParameter,
}

impl RunTimeParameter {
    /// The parameter of a resource that is stored; none where it is a draft or retired.
    pub(super) fn of_stored(key: &ResourceKey, content: &Bytes) -> Result<Option<Self>> {
        let resource =
            Resource::parse_with(content.clone(), ParseLimits::STORED).map_err(Error::internal)?;
        match Self::of(key, &resource) {
            Ok(parameter) => Ok(parameter),
            Err(reason) => {
                tracing::warn!(%key, %reason, "a stored SearchParameter has no effect");
                Ok(None)
            }
        }
    }

    fn of(key: &ResourceKey, resource: &Resource) -> std::result::Result<Option<Self>, String> {
        let is = |member: &str, expected: &str| {
            let text = resource.get(member).and_then(|one| one.string());
            text.as_deref() == Some(expected)
        };
        if !is("status", "active") {
            return Ok(None);
        }
        if resource.get("xpathUsage").is_some() && !is("xpathUsage", "normal") {
            return Err("only the usage 'normal' of an expression is supported".to_owned());
        }
        let mut parameter =
            SearchParameter::read(resource.root()).map_err(|fault| fault.to_string())?;
        // It is for testing, but it is to be answered.
        parameter.activity = Activity::Active;
        check_alone(&parameter)?;
        let key = key.clone();
        Ok(Some(Self { key, parameter }))
    }
}

/// What a parameter must be whatever else there is.
fn check_alone(parameter: &SearchParameter) -> std::result::Result<(), String> {
    let code = &*parameter.code;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !code.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '-')
        || !code.chars().all(allowed)
        || code.len() > 64
    {
        return Err(
            "the code must be 1 to 64 letters, digits, '-' and '_', the first of them a letter or '-'"
                .to_owned(),
        );
    }
    if parameter.search_type == SearchType::Special {
        return Err("a parameter of type 'special' would need code of its own".to_owned());
    }
    match parameter.expression.as_deref() {
        None | Some("") => Err("there is no expression to find values by".to_owned()),
        Some(_) if parameter.base.is_empty() => Err("no type is named in base".to_owned()),
        // One that does not parse is refused with the place.
        Some(text) => match Expression::parse(text).ok().and_then(|one| one.outside()) {
            Some(fault) => Err(format!(
                "no resource alone tells what the expression asks: {fault}"
            )),
            None => Ok(()),
        },
    }
}

/// Whether the expression can mean anything for the types it is for. What is stored already stays in force: it finds
/// nothing, and harms nobody.
fn check_meaning(
    structures: &Structures,
    parameter: &SearchParameter,
) -> std::result::Result<(), String> {
    let text = parameter.expression.as_deref().unwrap_or_default();
    let Ok(expression) = Expression::parse(text) else {
        return Ok(());
    };
    for resource_type in types(structures, parameter) {
        let Some(context) = structures.by_name(resource_type.name()) else {
            continue;
        };
        match expression.check(structures, context) {
            // It finds nothing in this type, and something in another.
            Ok(()) | Err(SemanticError::WrongContext(_)) => {}
            Err(fault) => return Err(format!("for {resource_type}, {fault}")),
        }
    }
    Ok(())
}

/// The definitions that stored parameters make of those the server brings. What does not fit is left out.
pub(super) fn join(
    built_in: &Definitions,
    parameters: Vec<RunTimeParameter>,
) -> Result<Definitions> {
    if parameters.is_empty() {
        return Ok(built_in.clone());
    }
    // Nearly always all of them fit together.
    if let Ok(joined) = with(built_in, parameters.clone()) {
        for one in &parameters {
            if let Err(reason) = check_beside(&joined, one) {
                tracing::warn!(key = %one.key, %reason, "a stored SearchParameter has no effect");
            }
        }
        return Ok(joined);
    }
    let mut joined = built_in.clone();
    for one in parameters {
        let further = joined.run_time.iter().cloned().chain([one.clone()]);
        match check_beside(&joined, &one).and_then(|()| with(built_in, further.collect())) {
            Ok(next) => joined = next,
            Err(reason) => {
                tracing::warn!(key = %one.key, %reason, "a stored SearchParameter has no effect");
            }
        }
    }
    Ok(joined)
}

/// The definitions with these stored parameters; the reason where one cannot be indexed.
fn with(
    definitions: &Definitions,
    parameters: Vec<RunTimeParameter>,
) -> std::result::Result<Definitions, String> {
    let mut registries = (*definitions.built_in).clone();
    let further = parameters.iter().map(|one| one.parameter.clone());
    registries.search_parameters = registries
        .search_parameters
        .with(&registries.structures, further)
        .map_err(|fault| fault.to_string())?;
    let index = IndexPlan::compile(&registries).map_err(|fault| fault.to_string())?;
    let is_new = |name: &str| {
        let place = name.split_once('.');
        place.is_some_and(|(_, code)| parameters.iter().any(|one| &*one.parameter.code == code))
    };
    if let Some((name, reason)) = index.not_indexed().iter().find(|one| is_new(&one.0)) {
        return Err(format!("{name} cannot be indexed: {reason}"));
    }
    let mut joined = definitions.clone();
    joined.replace(registries, index);
    joined.run_time = Arc::new(parameters);
    Ok(joined)
}

/// Whether a parameter says nothing else than others that are in force.
fn check_beside(
    definitions: &Definitions,
    one: &RunTimeParameter,
) -> std::result::Result<(), String> {
    let structures = &definitions.registries.structures;
    let parameters = &definitions.registries.search_parameters;
    for base in &one.parameter.base {
        if !is_resource_type(structures, base) {
            return Err(format!("base names '{base}', which is no type of resource"));
        }
    }
    for component in &one.parameter.components {
        if parameters.by_url(&component.definition).is_none() {
            return Err(format!(
                "there is no SearchParameter {} to be a component",
                component.definition
            ));
        }
    }
    let is_own = |other: &SearchParameter| {
        let mut same_key = definitions.run_time.iter().filter(|own| own.key == one.key);
        same_key.any(|own| own.parameter == *other)
    };
    for resource_type in types(structures, &one.parameter) {
        let other = parameters.by_type_and_code(resource_type, &one.parameter.code);
        let differs = |other: &&SearchParameter| {
            !is_own(other) && !is_same(resource_type, other, &one.parameter)
        };
        if let Some(other) = other.filter(differs) {
            return Err(format!(
                "{resource_type} has another search parameter '{}': {}",
                other.code, other.url
            ));
        }
    }
    let same_url = parameters.by_url(&one.parameter.url);
    let differs = |other: &&SearchParameter| {
        !is_own(other)
            && (other.code != one.parameter.code || other.expression != one.parameter.expression)
    };
    match same_url.filter(differs) {
        Some(_) => Err("another search parameter has this url".to_owned()),
        None => Ok(()),
    }
}

fn is_resource_type(structures: &Structures, name: &str) -> bool {
    let found = structures.by_name(name);
    found.is_some_and(|id| structures.get(id).kind == TypeKind::Resource)
}

/// The concrete types a parameter is for.
fn types<'a>(
    structures: &'a Structures,
    parameter: &'a SearchParameter,
) -> impl Iterator<Item = ResourceType> + 'a {
    ResourceType::all().filter(move |resource_type| {
        let id = structures.by_name(resource_type.name());
        let is_a = |base: &str| {
            let base = structures.by_name(base);
            id.zip(base)
                .is_some_and(|(id, base)| structures.is_a(id, base))
        };
        parameter.base.iter().any(|base| is_a(base))
    })
}

/// Whether two parameters find the same values of a type and are searched alike.
fn is_same(resource_type: ResourceType, one: &SearchParameter, other: &SearchParameter) -> bool {
    let parts = |parameter: &SearchParameter| {
        let expression = parameter.expression.as_deref().unwrap_or_default();
        let mut parts: Vec<String> = expression
            .split('|')
            .map(|part| part.trim().to_owned())
            .filter(|part| {
                let name: String = part
                    .chars()
                    .take_while(char::is_ascii_alphanumeric)
                    .collect();
                ResourceType::parse(&name).is_none_or(|named| named == resource_type)
            })
            .collect();
        parts.sort();
        parts
    };
    one.search_type == other.search_type
        && parts(one) == parts(other)
        && one.components == other.components
}

impl Definitions {
    /// Refuses an active SearchParameter that could not be answered (422, with the reason). Drafts and retired ones are
    /// only stored.
    pub fn check_search_parameter(&self, key: &ResourceKey, resource: &Resource) -> Result<()> {
        if key.resource_type.name() != "SearchParameter" {
            return Ok(());
        }
        let refused = |reason: String| {
            Error::new(
                ErrorKind::Invalid,
                format!("the search parameter cannot be put in force: {reason}"),
            )
            .at("SearchParameter")
        };
        let Some(one) = RunTimeParameter::of(key, resource).map_err(refused)? else {
            return Ok(());
        };
        check_beside(self, &one).map_err(refused)?;
        let mut all = self.run_time.to_vec();
        all.retain(|other| other.key != one.key);
        let parameter = one.parameter.clone();
        all.push(one);
        with(self, all).map(drop).map_err(refused)?;
        check_meaning(&self.structures, &parameter).map_err(refused)
    }
}
