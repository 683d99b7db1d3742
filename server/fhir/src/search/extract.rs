//! From resource to index values (<https://hl7.org/fhir/R4/searchparameter.html>).

use super::hash;
use super::index_plan::{IndexPlan, Operand, Source};
use super::index_values::{IndexValues, Unindexed};
use super::link;
use super::operand::RootMembers;
use super::value_kind::suits;
use super::values::Sink;
use super::words;
use crate::definitions::Definitions;
use crate::ids::{Reference, ResourceKey, ResourceType};
use crate::json::{Kind, Value};
use crate::path::{Environment, EvaluationError, Expression, Item, Node, evaluate};
use crate::resource::Resource;

/// Why a resource cannot be indexed. It is not stored then, unless the fault is of a parameter that it may do without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// More values than a resource may be found by.
    #[error(
        "the resource has more than {limit} index values; the last are of search parameter '{parameter}'"
    )]
    TooMany {
        /// The parameter's code.
        parameter: Box<str>,
        /// The limit.
        limit: usize,
    },
    /// More words than a resource may be found by.
    #[error("the resource has more than {limit} words")]
    TooManyWords {
        /// The limit.
        limit: usize,
    },
    /// A date that is none.
    #[error("a date that search parameter '{parameter}' finds is not valid")]
    Date {
        /// The parameter's code.
        parameter: Box<str>,
    },
    /// A number that is longer, greater or smaller than any that is indexed, or none.
    #[error(
        "a number that search parameter '{parameter}' finds is not valid, or beyond what is indexed"
    )]
    Number {
        /// The parameter's code.
        parameter: Box<str>,
    },
    /// The parameter's expression has no result.
    #[error("search parameter '{parameter}': {source}")]
    Evaluation {
        /// The parameter's code.
        parameter: Box<str>,
        /// Why.
        source: EvaluationError,
    },
}

/// How much is extracted from one resource.
#[derive(Clone, Copy, Debug)]
pub struct ExtractLimits {
    /// Most elements, strings, periods, numbers and positions together.
    pub values_max: usize,
    /// Most words of the narrative and of the content together.
    pub words_max: usize,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            values_max: 50_000,
            words_max: 1_000_000,
        }
    }
}

/// What extraction must know; the same for all resources.
#[derive(Clone, Copy, Debug)]
pub struct Extractor<'a> {
    /// The compiled parameters.
    pub plan: &'a IndexPlan,
    /// What they were compiled from.
    pub definitions: &'a Definitions,
    /// This server's base URL, without a slash at the end.
    pub base_url: &'a str,
    /// How much is extracted.
    pub limits: ExtractLimits,
}

/// Told the operand and the name of a type whose values mean nothing to it.
pub(super) type Misfit<'m> = dyn FnMut(&Operand, &str) + 'm;

impl Extractor<'_> {
    /// Everything the resource can be found by.
    pub fn extract(&self, resource: &Resource) -> Result<IndexValues, ExtractError> {
        self.extract_telling(resource, &mut |_, _| {})
    }

    /// Everything a contained resource can be found by (<https://hl7.org/fhir/R4/search.html#contained>). References to
    /// its siblings mean what they mean within the container.
    pub fn extract_contained(
        &self,
        resource: &Resource,
        container: &Resource,
    ) -> Result<IndexValues, ExtractError> {
        let members = RootMembers::within(resource.root(), container.root());
        self.extract_from(resource, &members, &mut |_, _| {})
    }

    pub(super) fn extract_telling(
        &self,
        resource: &Resource,
        misfit: &mut Misfit<'_>,
    ) -> Result<IndexValues, ExtractError> {
        self.extract_from(resource, &RootMembers::of(resource.root()), misfit)
    }

    fn extract_from(
        &self,
        resource: &Resource,
        members: &RootMembers<'_>,
        misfit: &mut Misfit<'_>,
    ) -> Result<IndexValues, ExtractError> {
        let mut values = IndexValues {
            tokens: Vec::with_capacity(64),
            ..IndexValues::default()
        };
        let plan = self.plan.types.get(&resource.resource_type());
        for operand in plan.into_iter().flat_map(|plan| &plan.operands) {
            let before = values.mark_place();
            let done = self
                .operand(resource.root(), members, operand, &mut values, misfit)
                .and_then(|()| self.check_count(values.count(), &operand.code));
            match done {
                Err(fault) if operand.may_fail() => {
                    values.go_without(&operand.code, &fault, before)
                }
                done => done?,
            }
        }
        for group in plan.into_iter().flat_map(|plan| &plan.groups) {
            let before = values.mark_place();
            match self.group(members, group, &mut values) {
                // The parameters of the components have refused what they do not go without.
                Err(fault @ (ExtractError::Number { .. } | ExtractError::Date { .. })) => {
                    values.go_without(&group.code, &fault, before);
                }
                done => done?,
            }
        }
        let is_carrier = is_carrier(resource);
        values.narrative = words::narrative(resource.root()).into();
        values.content = words::content(resource.root(), is_carrier).into();
        if values.words() > self.limits.words_max {
            return Err(ExtractError::TooManyWords {
                limit: self.limits.words_max,
            });
        }
        self.references(resource, &mut values);
        values.place(plan.map_or(&[], |plan| &plan.placing));
        mark_labelled(resource, &mut values);
        mark_contained(resource, &mut values);
        self.name(resource, &mut values);
        values.normalise();
        Ok(values)
    }

    /// Marks what canonical references name the resource by.
    fn name(&self, resource: &Resource, values: &mut IndexValues) {
        let text = |name| resource.get(name).and_then(Value::string);
        let resource_type = resource.resource_type();
        if let Some(url) = text("url")
            && self.plan.is_named(resource_type)
        {
            let version = text("version");
            link::named_elements(resource_type, &url, version.as_deref(), &mut values.tokens);
        }
    }

    pub(super) fn check_count(&self, count: usize, code: &str) -> Result<(), ExtractError> {
        if count > self.limits.values_max {
            return Err(ExtractError::TooMany {
                parameter: code.into(),
                limit: self.limits.values_max,
            });
        }
        Ok(())
    }

    /// Adds the values of one operand, and that there are any.
    fn operand(
        &self,
        resource: Value<'_>,
        members: &RootMembers<'_>,
        operand: &Operand,
        values: &mut IndexValues,
        misfit: &mut Misfit<'_>,
    ) -> Result<(), ExtractError> {
        let mut sink = Sink {
            values,
            seed: operand.seed,
            search_type: operand.search_type,
            code: &operand.code,
            code_sets: &self.definitions.code_sets,
            base_url: self.base_url,
            codes_only: false,
            is_folded: true,
        };
        let mut any = false;
        match &operand.source {
            Source::Path { path, code_sets } => {
                let mut done = Ok(());
                path.visit(members, &mut |value, type_id| {
                    any = true;
                    let kind = self.plan.kind(type_id);
                    if done.is_err() || !suits(operand.search_type, kind) {
                        return;
                    }
                    if operand.is_whole {
                        done = sink.add(value, kind, code_sets);
                    }
                    for target in &operand.targets {
                        sink.narrowed(value, members, *target, operand.is_whole);
                    }
                });
                done?;
            }
            Source::Expression(expression) => {
                any = self.expression(resource, expression, operand, &mut sink, misfit)?;
            }
        }
        if any && operand.is_whole {
            values.tokens.push(hash::present(operand.seed));
        }
        Ok(())
    }

    /// What an expression leads to.
    pub(super) fn evaluated<'v>(
        &'v self,
        resource: Value<'v>,
        expression: &'v Expression,
        code: &str,
    ) -> Result<Vec<Item<'v>>, ExtractError> {
        let structures = &self.definitions.structures;
        let Some(node) = Node::resource(resource, structures) else {
            return Ok(Vec::new());
        };
        let environment = Environment::new(structures);
        let items = evaluate(expression, Item::Node(node), &environment);
        let items = items.map_err(|source| ExtractError::Evaluation {
            parameter: code.into(),
            source,
        })?;
        Ok(items.into_iter().collect())
    }

    fn expression(
        &self,
        resource: Value<'_>,
        expression: &Expression,
        operand: &Operand,
        sink: &mut Sink<'_>,
        misfit: &mut Misfit<'_>,
    ) -> Result<bool, ExtractError> {
        let structures = &self.definitions.structures;
        let items = self.evaluated(resource, expression, &operand.code)?;
        let mut any = false;
        for item in items {
            match item {
                Item::Node(node) => {
                    let Some(value) = node.value else {
                        continue;
                    };
                    any = true;
                    let kind = self.plan.kind(node.type_id);
                    if suits(operand.search_type, kind) {
                        sink.add(value, kind, &[])?;
                    } else {
                        misfit(operand, &structures.get(node.type_id).name);
                    }
                }
                own => {
                    any = true;
                    if !sink.computed(own)? {
                        misfit(operand, "a value of FHIRPath's own");
                    }
                }
            }
        }
        Ok(any)
    }

    /// Marks every literal reference to this server in a resource. Resources inside a Bundle or Parameters are content:
    /// what they refer to is theirs.
    pub(super) fn references(&self, resource: &Resource, values: &mut IndexValues) {
        self.references_below(resource.root(), is_carrier(resource), values);
    }

    fn references_below(&self, value: Value<'_>, is_carrier: bool, values: &mut IndexValues) {
        for (name, member) in value.members() {
            match member.kind() {
                Kind::String if name == "reference" && is_reference(value) => {
                    let text = member.string().unwrap_or_default();
                    if let Reference::Local { key, .. } = Reference::parse(&text, self.base_url) {
                        values.mark(key);
                    }
                }
                Kind::Object if !(is_carrier && words::is_carried(&name)) => {
                    self.references_below(member, is_carrier, values);
                }
                Kind::Array => {
                    for item in member.items() {
                        self.references_below(item, is_carrier, values);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether resources inside it are content of its own.
fn is_carrier(resource: &Resource) -> bool {
    ["Bundle", "Parameters"].contains(&resource.resource_type().name())
}

/// Adds the security labels of the resource under one seed for all types: what somebody may see is asked of every type.
fn mark_labelled(resource: &Resource, values: &mut IndexValues) {
    let labels = resource.root().at(&["meta", "security"]);
    for label in labels.into_iter().flat_map(Value::items) {
        let text = |name: &str| label.get(name).and_then(Value::string);
        let (system, code) = (text("system"), text("code"));
        let element = hash::label(&system.unwrap_or_default(), &code.unwrap_or_default());
        values.tokens.extend([hash::labelled(), element]);
    }
}

/// Marks the types of the resources that are contained.
fn mark_contained(resource: &Resource, values: &mut IndexValues) {
    for contained in resource.get("contained").into_iter().flat_map(Value::items) {
        let name = contained.get("resourceType").and_then(Value::string);
        if let Some(named) = name.and_then(|name| ResourceType::parse(&name)) {
            values.tokens.push(hash::contains(named));
        }
    }
}

/// Whether an object with a text named `reference` is a Reference. Three types of R4 have a uri of that name; two always
/// have other members too. An `Immunization.education` without any counts: that refuses a deletion too many, never one
/// too few.
fn is_reference(object: Value<'_>) -> bool {
    object.members().all(|(name, _)| {
        let name = name.strip_prefix('_').unwrap_or(&name);
        matches!(
            name,
            "id" | "extension" | "reference" | "type" | "identifier" | "display"
        )
    })
}

impl IndexValues {
    /// How many values of each kind there are.
    fn mark_place(&self) -> [usize; 5] {
        [
            self.tokens.len(),
            self.strings.len(),
            self.dates.len(),
            self.numbers.len(),
            self.positions.len(),
        ]
    }

    /// Takes back the values since a place: the parameter has none.
    fn go_without(&mut self, code: &str, fault: &ExtractError, place: [usize; 5]) {
        let [tokens, strings, dates, numbers, positions] = place;
        self.tokens.truncate(tokens);
        self.strings.truncate(strings);
        self.dates.truncate(dates);
        self.numbers.truncate(numbers);
        self.positions.truncate(positions);
        let reason = match fault {
            ExtractError::Evaluation { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        self.unindexed.push(Unindexed {
            parameter: code.into(),
            reason: reason.into(),
        });
    }

    pub(super) fn count(&self) -> usize {
        self.tokens.len()
            + self.strings.len()
            + self.dates.len()
            + self.numbers.len()
            + self.positions.len()
    }

    fn words(&self) -> usize {
        words::count(&self.narrative) + words::count(&self.content)
    }

    fn mark(&mut self, key: ResourceKey) {
        let target = hash::key_hash(&key);
        self.tokens
            .push(hash::reference(hash::ANY_REFERENCE, target));
        self.references.push(key);
    }
}

#[cfg(test)]
pub(super) mod fixtures;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod tests;
