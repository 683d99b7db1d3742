//! The search parameters of each resource type, compiled for extraction and for planning.
//!
//! Values are indexed by *operand*: one part of the union that a parameter's expression is. Each distinct operand of a
//! type and search type is indexed once and has one seed, so `Observation.code` and the same part of
//! `Observation.combo-code` are the same elements and rows. A parameter has the seeds of its operands.
//!
//! `X.where(resolve() is T)` shares the operand `X`: the element of a literal reference names the type of its target,
//! so `seed ^ key_hash("T/id")` is in `X` exactly where it is in the filtered part. What does not name the type (a
//! reference that is no `T/id` of this server, a logical reference, presence) is indexed a second time, under
//! [`ParameterSeed::own`].

use std::collections::HashMap;
use std::sync::Arc;

use super::compartment::Placing;
use super::hash;
use super::operand::Path;
use super::value_kind::ValueKind;
use crate::definitions::Definitions;
use crate::definitions::codes::CodeSetId;
use crate::definitions::search_parameters::SearchType;
use crate::definitions::structure::TypeId;
use crate::ids::ResourceType;
use crate::path::{Expression, SyntaxError};

mod compiler;
mod composites;
#[cfg(test)]
pub(super) mod fixtures;
mod sorting;

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

/// How resources of every type are indexed, and where a search finds their values.
#[derive(Debug)]
pub struct IndexPlan {
    pub(super) types: HashMap<ResourceType, TypePlan>,
    /// By type of value.
    kinds: Vec<ValueKind>,
    unsuited: Vec<(String, String)>,
    not_indexed: Vec<(String, String)>,
}

/// Where one part of a parameter's values is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterSeed {
    /// The operand's seed: of literal references (to [`ParameterSeed::target`], where there is one) and, where there
    /// is no target, of everything else.
    pub seed: i64,
    /// Only references to this type count.
    pub target: Option<ResourceType>,
}

/// How a composite parameter is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositePlan {
    /// Its parts, in the order of a search value.
    pub components: Vec<ComponentPlan>,
    /// One base is the resource itself, or an element that occurs at most once: there the conjunction of the components
    /// ([`ComponentPlan::seeds`]) is exact.
    pub on_resource: bool,
    /// Seeds of the bases that repeat inside the resource. Two components that are both tokens, references or uris: an
    /// element, [`hash::group_pair`]. One of two a number or quantity: a row, whose parameter is [`hash::group_value`]
    /// of the other (for canonical units, [`hash::canonical_seed`] of that). A token, reference or uri before two numbers:
    /// a row, likewise, from the one number to the other.
    pub groups: Vec<i64>,
    /// Where one of two components of [`CompositePlan::on_resource`] is a token and the other a number or quantity: numbers
    /// are also rows beside each code, whatever its system. They narrow the conjunction to few rows.
    pub beside_code: Option<BesideCode>,
}

/// Numbers of a resource beside its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BesideCode {
    /// The group of [`hash::group_value`].
    pub group: i64,
    /// The place of the token among the components.
    pub place: usize,
}

/// One part of a composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentPlan {
    /// How it is compared.
    pub search_type: SearchType,
    /// The code of the parameter that defines it.
    pub code: Box<str>,
    /// Where its values stand when the base is the resource: narrower than the seeds of the parameter of that code,
    /// which may look elsewhere too. Empty unless [`CompositePlan::on_resource`].
    pub seeds: Vec<ParameterSeed>,
}

/// How resources of one type are indexed.
#[derive(Debug, Default)]
pub(super) struct TypePlan {
    /// Each once.
    pub(super) operands: Vec<Operand>,
    pub(super) groups: Vec<Group>,
    /// By code.
    pub(super) parameters: Vec<IndexedParameter>,
    /// The compartments that its references place a resource into.
    pub(super) placing: Vec<Placing>,
}

/// One parameter of one type.
#[derive(Debug)]
pub(super) struct IndexedParameter {
    pub(super) code: Box<str>,
    pub(super) seeds: Vec<ParameterSeed>,
    is_single: bool,
    is_canonical: bool,
    has_identifiers: bool,
    is_cased: bool,
    bare_codes: Vec<i64>,
    uncased: Vec<i64>,
    media_types: Vec<i64>,
    truths: Vec<i64>,
    sort_paths: Option<Vec<Box<str>>>,
    pub(super) composite: Option<CompositePlan>,
}

/// One part of the union that parameters' values come from.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) seed: i64,
    pub(super) search_type: SearchType,
    /// The first parameter that has it, for messages.
    pub(super) code: Box<str>,
    pub(super) source: Source,
    /// Whether a parameter takes all of it.
    pub(super) is_whole: bool,
    /// `where(resolve() is T)`: the types that parameters narrow it to.
    pub(super) targets: Vec<ResourceType>,
    /// Whether only parameters that somebody stored have it.
    is_added: bool,
}

impl Operand {
    /// Whether a resource is stored all the same where its values cannot be had: nobody who writes a resource answers
    /// for the expression that somebody else has stored, or for what an evaluation makes of it.
    pub(super) fn may_fail(&self) -> bool {
        self.is_added || matches!(self.source, Source::Expression(_))
    }
}

/// How an operand's values are found.
#[derive(Debug)]
pub(super) enum Source {
    /// Walked.
    Path {
        path: Path,
        /// Where the values are of type `code`: the code sets that imply their systems.
        code_sets: Vec<CodeSetId>,
    },
    /// Evaluated; shared by all types that have the same.
    Expression(Arc<Expression>),
}

/// A base of composite parameters that repeats inside a resource.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) seed: i64,
    /// The first parameter that has it, for messages.
    pub(super) code: Box<str>,
    /// None is the resource itself: then tokens count by their codes alone.
    pub(super) base: Option<Path>,
    /// Two, or one that is no number and two that are.
    pub(super) components: Vec<GroupComponent>,
}

/// What is taken of each item of a group's base.
#[derive(Debug)]
pub(super) struct GroupComponent {
    pub(super) search_type: SearchType,
    pub(super) sources: Vec<GroupSource>,
    /// Whether all values are numbers that are no range.
    is_point: bool,
}

/// Where a component's values stand.
#[derive(Debug)]
pub(super) struct GroupSource {
    pub(super) path: Path,
    pub(super) code_sets: Vec<CodeSetId>,
    /// `%resource`: from the resource, not from the item.
    pub(super) of_resource: bool,
}

impl ParameterSeed {
    /// The seed of what does not name its target's type: [`hash::present`], [`hash::url`] and
    /// [`hash::identifier_seed`] are asked under it.
    pub fn own(&self) -> i64 {
        match self.target {
            Some(target) => hash::filtered_seed(self.seed, target),
            None => self.seed,
        }
    }
}

impl IndexPlan {
    /// Compiles every active parameter of every type. One that cannot be parsed or typed stops it.
    pub fn compile(definitions: &Definitions) -> Result<Self, IndexPlanError> {
        compiler::compile(definitions)
    }

    /// Where the values of a parameter are found; empty where it is not indexed, as are composites.
    pub fn seeds(&self, resource_type: ResourceType, code: &str) -> &[ParameterSeed] {
        self.parameter(resource_type, code)
            .map_or(&[], |parameter| &parameter.seeds)
    }

    /// Whether no resource has more than one value of the parameter, as the cardinalities of the elements say.
    pub fn is_single(&self, resource_type: ResourceType, code: &str) -> bool {
        self.parameter(resource_type, code)
            .is_some_and(|parameter| parameter.is_single)
    }

    /// Whether values of a reference parameter are canonical URLs, which name no resource by its type and id.
    pub fn is_canonical(&self, resource_type: ResourceType, code: &str) -> bool {
        self.parameter(resource_type, code)
            .is_some_and(|parameter| parameter.is_canonical)
    }

    /// Whether resources of a type have a canonical URL, by which canonical references name them.
    pub fn is_named(&self, resource_type: ResourceType) -> bool {
        let Some(plan) = self.types.get(&resource_type) else {
            return false;
        };
        let seeds = self.seeds(resource_type, "url");
        let is_uri = |one: &Operand| {
            one.search_type == SearchType::Uri && seeds.iter().any(|seed| seed.seed == one.seed)
        };
        plan.operands.iter().any(is_uri)
    }

    /// Whether values of a token parameter may be identifiers, which alone have a type (`:of-type`).
    pub fn has_identifiers(&self, resource_type: ResourceType, code: &str) -> bool {
        self.parameter(resource_type, code)
            .is_some_and(|parameter| parameter.has_identifiers)
    }

    /// Whether values of a token parameter may be identifiers or ids, of which filters ask letter by letter, too.
    pub fn is_cased(&self, resource_type: ResourceType, code: &str) -> bool {
        self.parameter(resource_type, code)
            .is_some_and(|parameter| parameter.is_cased)
    }

    /// Seeds of those values of a token parameter that are of type `code`, of no system that anything tells.
    pub fn bare_codes(&self, resource_type: ResourceType, code: &str) -> &[i64] {
        self.parameter(resource_type, code)
            .map_or(&[], |parameter| &parameter.bare_codes)
    }

    /// Seeds of those values of a token parameter whose case does not matter: texts and addresses, not codes.
    pub fn uncased(&self, resource_type: ResourceType, code: &str) -> &[i64] {
        self.parameter(resource_type, code)
            .map_or(&[], |parameter| &parameter.uncased)
    }

    /// Seeds of those values of a token parameter that are media types.
    pub fn media_types(&self, resource_type: ResourceType, code: &str) -> &[i64] {
        self.parameter(resource_type, code)
            .map_or(&[], |parameter| &parameter.media_types)
    }

    /// Seeds of those values of a token parameter that are booleans, or computed, as booleans often are.
    pub fn truths(&self, resource_type: ResourceType, code: &str) -> &[i64] {
        self.parameter(resource_type, code)
            .map_or(&[], |parameter| &parameter.truths)
    }

    /// SQL/JSON paths (lax) to the texts that a token, reference or uri parameter is sorted by: the code of a token,
    /// the text of a reference or uri. `None` where its values are not at plain places of the content.
    pub fn sort_paths(&self, resource_type: ResourceType, code: &str) -> Option<Vec<Box<str>>> {
        self.parameter(resource_type, code)?.sort_paths.clone()
    }

    /// How a composite parameter is searched; `None` where it is none, or not indexed.
    pub fn composite(&self, resource_type: ResourceType, code: &str) -> Option<&CompositePlan> {
        self.parameter(resource_type, code)?.composite.as_ref()
    }

    /// Codes of the parameters that resources of a type are indexed by.
    pub fn codes(&self, resource_type: ResourceType) -> impl Iterator<Item = &str> {
        let plan = self.types.get(&resource_type);
        plan.into_iter()
            .flat_map(|plan| &plan.parameters)
            .map(|one| &*one.code)
    }

    /// Types that an element may have but its parameter cannot compare: `CarePlan.activity-date` and `string`. Values
    /// of these count as present, and are found by nothing else.
    pub fn unsuited(&self) -> &[(String, String)] {
        &self.unsuited
    }

    /// Composites that are not indexed, as `Type.code`, and why.
    pub fn not_indexed(&self) -> &[(String, String)] {
        &self.not_indexed
    }

    pub(super) fn kind(&self, type_id: TypeId) -> ValueKind {
        let kind = self.kinds.get(usize::from(type_id.0));
        kind.copied().unwrap_or(ValueKind::Other)
    }

    pub(super) fn parameter(
        &self,
        resource_type: ResourceType,
        code: &str,
    ) -> Option<&IndexedParameter> {
        let parameters = &self.types.get(&resource_type)?.parameters;
        let place = parameters.binary_search_by(|one| (*one.code).cmp(code));
        parameters.get(place.ok()?)
    }
}

#[cfg(test)]
mod tests;
