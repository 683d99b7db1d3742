//! The search parameters of each resource type, compiled for extraction.

use std::collections::HashMap;
use std::sync::Arc;

use super::hash;
use super::operand::{NotAPath, Path, first_name, operands};
use super::value_kind::{ValueKind, suits};
use crate::definitions::Definitions;
use crate::definitions::codes::CodeSetId;
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::definitions::structure::TypeId;
use crate::ids::ResourceType;
use crate::path::{Expression, SyntaxError};

/// A parameter that cannot be indexed; the start stops with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexPlanError {
    /// The expression is not FHIRPath.
    #[error("search parameter {url}: {source}")]
    Syntax {
        /// The parameter.
        url: String,
        /// What is wrong.
        source: SyntaxError,
    },
    /// The expression names an element that the type does not have.
    #[error("search parameter {url}: {resource_type} has no element '{operand}'")]
    UnknownElement {
        /// The parameter.
        url: String,
        /// The type searched.
        resource_type: ResourceType,
        /// The part of the expression.
        operand: String,
    },
    /// The expression leads to values that the parameter's search type cannot compare.
    #[error(
        "search parameter {url}: a {search_type} parameter cannot hold the {value} of '{operand}'"
    )]
    Unsuitable {
        /// The parameter.
        url: String,
        /// The parameter's search type.
        search_type: &'static str,
        /// The type of the values.
        value: String,
        /// The part of the expression.
        operand: String,
    },
}

/// How resources of every type are indexed.
#[derive(Debug)]
pub struct IndexPlan {
    pub(super) types: HashMap<ResourceType, Vec<IndexedParameter>>,
    /// By type of value.
    pub(super) kinds: Vec<ValueKind>,
    unsuited: Vec<(String, String)>,
}

/// One parameter of one type.
#[derive(Debug)]
pub(super) struct IndexedParameter {
    pub(super) code: Box<str>,
    pub(super) search_type: SearchType,
    pub(super) seed: i64,
    pub(super) identifier_seed: i64,
    pub(super) operands: Vec<Operand>,
}

/// One part of the union a parameter's values come from.
#[derive(Debug)]
pub(super) enum Operand {
    /// Walked.
    Path {
        path: Path,
        /// Where the values are of type `code`: the code sets that imply their systems.
        code_sets: Vec<CodeSetId>,
    },
    /// Evaluated; shared by all types that have the same.
    Expression(Arc<Expression>),
}

impl IndexPlan {
    /// Compiles every active parameter of every type. One that cannot be parsed or typed stops it.
    pub fn compile(definitions: &Definitions) -> Result<Self, IndexPlanError> {
        let structures = &definitions.structures;
        let mut kinds = vec![ValueKind::Other; structures.all().count()];
        for (id, definition) in structures.all() {
            if let Some(kind) = kinds.get_mut(usize::from(id.0)) {
                *kind = ValueKind::of(definition);
            }
        }
        let mut compiler = Compiler {
            definitions,
            kinds,
            expressions: HashMap::new(),
            unsuited: Vec::new(),
        };
        let mut types = HashMap::new();
        for resource_type in ResourceType::all() {
            let Some(type_id) = structures.by_name(resource_type.name()) else {
                continue;
            };
            let mut parameters = Vec::new();
            for parameter in definitions.search_parameters.for_type(resource_type) {
                parameters.extend(compiler.parameter(resource_type, type_id, parameter)?);
            }
            types.insert(resource_type, parameters);
        }
        Ok(Self {
            types,
            kinds: compiler.kinds,
            unsuited: compiler.unsuited,
        })
    }

    /// Types that an element may have but its parameter cannot compare: `CarePlan.activity-date` and `string`. Values
    /// of these count as present, and are found by nothing else.
    pub fn unsuited(&self) -> &[(String, String)] {
        &self.unsuited
    }

    pub(super) fn kind(&self, type_id: TypeId) -> ValueKind {
        let kind = self.kinds.get(usize::from(type_id.0));
        kind.copied().unwrap_or(ValueKind::Other)
    }
}

struct Compiler<'d> {
    definitions: &'d Definitions,
    kinds: Vec<ValueKind>,
    expressions: HashMap<&'d str, Arc<Expression>>,
    unsuited: Vec<(String, String)>,
}

impl<'d> Compiler<'d> {
    /// The parameter; none where the store has the value anyway or nothing is compared yet.
    fn parameter(
        &mut self,
        resource_type: ResourceType,
        type_id: TypeId,
        parameter: &'d SearchParameter,
    ) -> Result<Option<IndexedParameter>, IndexPlanError> {
        let Some(expression) = parameter.expression.as_deref() else {
            return Ok(None);
        };
        if matches!(&*parameter.code, "_id" | "_lastUpdated") {
            return Ok(None);
        }
        match parameter.search_type {
            SearchType::Composite | SearchType::Special => return Ok(None),
            SearchType::Token
            | SearchType::Reference
            | SearchType::String
            | SearchType::Uri
            | SearchType::Date
            | SearchType::Number
            | SearchType::Quantity => {}
        }
        let parts = operands(expression).unwrap_or_else(|| vec![expression]);
        let mut compiled = Vec::new();
        for part in parts {
            let elsewhere = ResourceType::parse(first_name(part));
            if elsewhere.is_none_or(|named| named == resource_type) {
                compiled.push(self.operand(resource_type, type_id, parameter, part)?);
            }
        }
        Ok(Some(IndexedParameter {
            code: parameter.code.clone(),
            search_type: parameter.search_type,
            seed: hash::parameter_seed(resource_type, &parameter.code),
            identifier_seed: hash::identifier_seed(resource_type, &parameter.code),
            operands: compiled,
        }))
    }

    fn operand(
        &mut self,
        resource_type: ResourceType,
        type_id: TypeId,
        parameter: &'d SearchParameter,
        part: &'d str,
    ) -> Result<Operand, IndexPlanError> {
        let url = || parameter.url.as_ref().to_owned();
        let structures = &self.definitions.structures;
        // Parsed in any case: what is walked must be FHIRPath too.
        let expression = match self.expressions.get(part) {
            Some(known) => known.clone(),
            None => {
                let parsed = Expression::parse(part)
                    .map_err(|source| IndexPlanError::Syntax { url: url(), source })?;
                let parsed = Arc::new(parsed);
                self.expressions.insert(part, parsed.clone());
                parsed
            }
        };
        let (path, ends) = match Path::compile(part, type_id, structures) {
            Ok(compiled) => compiled,
            Err(NotAPath::Otherwise) => return Ok(Operand::Expression(expression)),
            Err(NotAPath::UnknownElement) => {
                return Err(IndexPlanError::UnknownElement {
                    url: url(),
                    resource_type,
                    operand: part.to_owned(),
                });
            }
        };
        let mut code_sets = Vec::new();
        let mut unsuited = Vec::new();
        let choices = ends.len();
        for (element, type_id) in ends {
            let kind = self.kinds.get(usize::from(type_id.0)).copied();
            if !kind.is_some_and(|kind| suits(parameter.search_type, kind)) {
                unsuited.push(structures.get(type_id).name.as_ref().to_owned());
            }
            if kind == Some(ValueKind::Code) {
                code_sets.extend(element.binding.as_ref().and_then(|one| one.code_set));
            }
        }
        if unsuited.len() == choices {
            return Err(IndexPlanError::Unsuitable {
                url: url(),
                search_type: parameter.search_type.code(),
                value: unsuited.join(", "),
                operand: part.to_owned(),
            });
        }
        let name = format!("{resource_type}.{}", parameter.code);
        self.unsuited
            .extend(unsuited.into_iter().map(|found| (name.clone(), found)));
        Ok(Operand::Path { path, code_sets })
    }
}

#[cfg(test)]
mod tests;
