//! From expressions to operands (<https://hl7.org/fhir/R4/searchparameter.html>).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{
    IndexPlan, IndexPlanError, IndexedParameter, Operand, ParameterSeed, Source, TypePlan,
    composites, sorting,
};
use crate::definitions::Definitions;
use crate::definitions::codes::{CodeSetId, CodeSets};
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::definitions::structure::{Structures, TypeId};
use crate::ids::ResourceType;
use crate::path::Expression;
use crate::search::compartment::Placing;
use crate::search::hash;
use crate::search::operand::syntax::{first_name, operands};
use crate::search::operand::{Ends, NotAPath, Path};
use crate::search::value_kind::{ValueKind, suits};
use crate::search::values::are_media_types;

pub(super) fn compile(definitions: &Definitions) -> Result<IndexPlan, IndexPlanError> {
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
        listed: listed(definitions),
        unsuited: Vec::new(),
        not_indexed: Vec::new(),
    };
    let mut types = HashMap::new();
    for resource_type in ResourceType::all() {
        let Some(type_id) = structures.by_name(resource_type.name()) else {
            continue;
        };
        let mut plan = TypePlan::default();
        for parameter in definitions.search_parameters.for_type(resource_type) {
            let subject = Subject {
                resource_type,
                type_id,
                parameter,
            };
            if let Some(compiled) = compiler.parameter(&subject, &mut plan)? {
                plan.parameters.push(compiled);
            }
        }
        plan.placing = Placing::of(definitions, resource_type, &plan);
        types.insert(resource_type, plan);
    }
    Ok(IndexPlan {
        types,
        kinds: compiler.kinds,
        unsuited: compiler.unsuited,
        not_indexed: compiler.not_indexed,
    })
}

/// The parameters whose operands the store keeps in order (ADR 0018): what most searches of a clinic name, and what many
/// resources have in common. Each costs a write one row more.
const LISTED: [(&str, SearchType); 2] = [
    ("patient", SearchType::Reference),
    ("code", SearchType::Token),
];

/// The seeds of their operands in all types.
fn listed(definitions: &Definitions) -> HashSet<i64> {
    let structures = &definitions.structures;
    let mut seeds = HashSet::new();
    for resource_type in ResourceType::all() {
        let Some(type_id) = structures.by_name(resource_type.name()) else {
            continue;
        };
        let is_listed = |one: &&SearchParameter| LISTED.contains(&(&*one.code, one.search_type));
        let parameters = definitions.search_parameters.for_type(resource_type);
        for parameter in parameters.filter(is_listed) {
            let parts = parameter.expression.as_deref().and_then(operands);
            for part in parts.into_iter().flatten() {
                if let Ok((path, _)) = Path::compile(part, type_id, structures) {
                    let search_type = parameter.search_type;
                    seeds.insert(hash::operand_seed(
                        resource_type,
                        search_type,
                        &path.place(),
                    ));
                }
            }
        }
    }
    seeds
}

/// A parameter, and the type it is compiled for.
pub(super) struct Subject<'d> {
    pub(super) resource_type: ResourceType,
    pub(super) type_id: TypeId,
    pub(super) parameter: &'d SearchParameter,
}

pub(super) struct Compiler<'d> {
    pub(super) definitions: &'d Definitions,
    pub(super) kinds: Vec<ValueKind>,
    expressions: HashMap<&'d str, Arc<Expression>>,
    /// Plain seeds of the operands that are kept in order.
    listed: HashSet<i64>,
    unsuited: Vec<(String, String)>,
    not_indexed: Vec<(String, String)>,
}

impl<'d> Compiler<'d> {
    /// The parameter; none where the store has the value anyway or there is no value to index.
    fn parameter(
        &mut self,
        subject: &Subject<'d>,
        plan: &mut TypePlan,
    ) -> Result<Option<IndexedParameter>, IndexPlanError> {
        let parameter = subject.parameter;
        let Some(expression) = parameter.expression.as_deref() else {
            return Ok(None);
        };
        if matches!(&*parameter.code, "_id" | "_lastUpdated") {
            return Ok(None);
        }
        if parameter.search_type == SearchType::Composite {
            return Ok(self.composite(subject, expression, plan));
        }
        let parts = operands(expression).unwrap_or_else(|| vec![expression]);
        let mut compiled = Vec::new();
        for part in parts {
            let elsewhere = ResourceType::parse(first_name(part));
            if elsewhere.is_none_or(|named| named == subject.resource_type) {
                compiled.push(self.operand(subject, part)?);
            }
        }
        let is_single = sorting::is_single(&compiled);
        let is_canonical = parameter.search_type == SearchType::Reference
            && compiled.iter().any(CompiledOperand::is_canonical);
        let may_have = |kind| {
            parameter.search_type == SearchType::Token
                && compiled.iter().any(|one| one.may_have(kind))
        };
        let has_identifiers = may_have(ValueKind::Identifier);
        let is_cased = has_identifiers || may_have(ValueKind::Id);
        let bare_codes = compiled.iter().filter(|one| one.has_bare_codes());
        let bare_codes = bare_codes.map(|one| one.seed).collect();
        let uncased = compiled.iter().filter(|one| one.is_uncased());
        let uncased = uncased.map(|one| one.seed).collect();
        let code_sets = &self.definitions.code_sets;
        let media_types = compiled.iter().filter(|one| one.has_media_types(code_sets));
        let media_types = media_types.map(|one| one.seed).collect();
        let truths = compiled.iter().filter(|one| one.may_be_truth());
        let truths = truths.map(|one| one.seed).collect();
        let sort_paths = sorting::sort_paths(parameter.search_type, &compiled);
        let mut seeds: Vec<ParameterSeed> = compiled.into_iter().map(|one| plan.add(one)).collect();
        seeds.sort_unstable();
        seeds.dedup();
        Ok(Some(IndexedParameter {
            code: parameter.code.clone(),
            seeds,
            is_single,
            is_canonical,
            has_identifiers,
            is_cased,
            bare_codes,
            uncased,
            media_types,
            truths,
            sort_paths,
            composite: None,
        }))
    }

    fn composite(
        &mut self,
        subject: &Subject<'d>,
        expression: &'d str,
        plan: &mut TypePlan,
    ) -> Option<IndexedParameter> {
        match composites::compile(self, subject, expression, plan) {
            Ok(composite) => Some(IndexedParameter {
                code: subject.parameter.code.clone(),
                seeds: Vec::new(),
                is_single: false,
                is_canonical: false,
                has_identifiers: false,
                is_cased: false,
                bare_codes: Vec::new(),
                uncased: Vec::new(),
                media_types: Vec::new(),
                truths: Vec::new(),
                sort_paths: None,
                composite: Some(composite),
            }),
            Err(reason) => {
                let name = format!("{}.{}", subject.resource_type, subject.parameter.code);
                self.not_indexed.push((name, reason));
                None
            }
        }
    }

    fn operand(
        &mut self,
        subject: &Subject<'d>,
        part: &'d str,
    ) -> Result<CompiledOperand, IndexPlanError> {
        let parameter = subject.parameter;
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
        let (path, ends) = match Path::compile(part, subject.type_id, structures) {
            Ok(compiled) => compiled,
            Err(NotAPath::Otherwise) => {
                return Ok(CompiledOperand {
                    identifying: identifying(&expression, structures, subject.type_id),
                    is_added: self.is_added(subject),
                    ..CompiledOperand::evaluated(subject, part, expression)
                });
            }
            Err(NotAPath::UnknownElement) => {
                return Err(IndexPlanError::UnknownElement {
                    url: url(),
                    resource_type: subject.resource_type,
                    operand: part.to_owned(),
                });
            }
        };
        let choices = ends.len();
        let (compiled, unsuited) = self.walked(subject, parameter.search_type, path, ends);
        if unsuited.len() == choices {
            return Err(IndexPlanError::Unsuitable {
                url: url(),
                search_type: parameter.search_type.code(),
                value: unsuited.join(", "),
                operand: part.to_owned(),
            });
        }
        let name = format!("{}.{}", subject.resource_type, parameter.code);
        self.unsuited
            .extend(unsuited.into_iter().map(|found| (name.clone(), found)));
        Ok(compiled)
    }

    fn is_added(&self, subject: &Subject<'d>) -> bool {
        let parameters = &self.definitions.search_parameters;
        parameters.is_added(subject.parameter)
    }

    /// The operand at a path, and the types there that its search type cannot compare.
    pub(super) fn walked(
        &self,
        subject: &Subject<'d>,
        search_type: SearchType,
        path: Path,
        ends: Ends<'_>,
    ) -> (CompiledOperand, Vec<String>) {
        let (code_sets, kinds, unsuited) = self.values(search_type, &ends);
        let seed = hash::operand_seed(subject.resource_type, search_type, &path.place());
        let seed = match self.listed.contains(&seed) {
            true => hash::listed_seed(seed),
            false => seed,
        };
        let compiled = CompiledOperand {
            seed,
            search_type,
            code: subject.parameter.code.clone(),
            target: path.resolves_to(),
            source: Source::Path { path, code_sets },
            kinds,
            identifying: Vec::new(),
            is_added: self.is_added(subject),
        };
        (compiled, unsuited)
    }

    /// What stands at the ends of a path: code sets that imply systems, kinds of values that suit a search type (each
    /// with its place), types that do not.
    pub(super) fn values(
        &self,
        search_type: SearchType,
        ends: &Ends<'_>,
    ) -> (Vec<CodeSetId>, Vec<(usize, ValueKind)>, Vec<String>) {
        let (mut code_sets, mut kinds, mut unsuited) = (Vec::new(), Vec::new(), Vec::new());
        for (member, (element, type_id)) in ends.iter().enumerate() {
            let kind = self.kinds.get(usize::from(type_id.0)).copied();
            match kind.filter(|kind| suits(search_type, *kind)) {
                Some(kind) => kinds.push((member, kind)),
                None => {
                    let found = self.definitions.structures.get(*type_id);
                    unsuited.push(found.name.as_ref().to_owned());
                }
            }
            if kind == Some(ValueKind::Code) {
                code_sets.extend(element.binding.as_ref().and_then(|one| one.code_set));
            }
        }
        (code_sets, kinds, unsuited)
    }
}

fn identifying(
    expression: &Expression,
    structures: &Structures,
    context: TypeId,
) -> Vec<ValueKind> {
    let kinds = [("Identifier", ValueKind::Identifier), ("id", ValueKind::Id)];
    let may_come = |name| expression.may_give(structures, context, name);
    let kinds = kinds.into_iter().filter(|(name, _)| may_come(name));
    kinds.map(|(_, kind)| kind).collect()
}

/// One part of one parameter, before equal ones are joined.
pub(super) struct CompiledOperand {
    pub(super) seed: i64,
    pub(super) search_type: SearchType,
    pub(super) code: Box<str>,
    pub(super) target: Option<ResourceType>,
    pub(super) source: Source,
    /// Of the values that its search type compares, each with its place among the members of the path's last step.
    pub(super) kinds: Vec<(usize, ValueKind)>,
    /// What identifies something and may come of an expression.
    pub(super) identifying: Vec<ValueKind>,
    pub(super) is_added: bool,
}

impl CompiledOperand {
    /// Whether there are values that are not of type Reference.
    fn is_canonical(&self) -> bool {
        let kinds = [ValueKind::Canonical, ValueKind::Uri];
        self.kinds.iter().any(|one| kinds.contains(&one.1))
    }

    /// Whether there are values of a kind, as far as that is known.
    fn may_have(&self, kind: ValueKind) -> bool {
        self.identifying.contains(&kind) || self.kinds.iter().any(|one| one.1 == kind)
    }

    /// Whether there are tokens of type `code` whose system no binding tells.
    fn has_bare_codes(&self) -> bool {
        let is_code = |one: &(usize, ValueKind)| one.1 == ValueKind::Code;
        let is_told = match &self.source {
            Source::Path { code_sets, .. } => !code_sets.is_empty(),
            Source::Expression(_) => false,
        };
        self.search_type == SearchType::Token && self.kinds.iter().any(is_code) && !is_told
    }

    /// Whether all tokens are texts, or addresses of people.
    fn is_uncased(&self) -> bool {
        let is_text =
            |one: &(usize, ValueKind)| matches!(one.1, ValueKind::Text | ValueKind::ContactPoint);
        self.search_type == SearchType::Token
            && !self.kinds.is_empty()
            && self.kinds.iter().all(is_text)
    }

    /// Whether there are tokens that are media types.
    fn has_media_types(&self, code_sets: &CodeSets) -> bool {
        match &self.source {
            Source::Path { code_sets: of, .. } => {
                self.search_type == SearchType::Token && are_media_types(code_sets, of)
            }
            Source::Expression(_) => false,
        }
    }

    /// Whether there may be booleans.
    fn may_be_truth(&self) -> bool {
        let is_computed = matches!(self.source, Source::Expression(_));
        self.search_type == SearchType::Token
            && (is_computed || self.kinds.iter().any(|one| one.1 == ValueKind::Boolean))
    }

    fn evaluated(subject: &Subject<'_>, part: &str, expression: Arc<Expression>) -> Self {
        let search_type = subject.parameter.search_type;
        // No path begins with an equals sign.
        let place = format!("={}", part.trim());
        Self {
            seed: hash::operand_seed(subject.resource_type, search_type, &place),
            search_type,
            code: subject.parameter.code.clone(),
            target: None,
            source: Source::Expression(expression),
            kinds: Vec::new(),
            identifying: Vec::new(),
            is_added: false,
        }
    }
}

impl TypePlan {
    /// Adds an operand, or joins it to the same one that is there.
    pub(super) fn add(&mut self, compiled: CompiledOperand) -> ParameterSeed {
        let CompiledOperand { seed, target, .. } = compiled;
        let place = match self.operands.iter().position(|one| one.seed == seed) {
            Some(place) => place,
            None => {
                self.operands.push(Operand {
                    seed,
                    search_type: compiled.search_type,
                    code: compiled.code,
                    source: compiled.source,
                    is_whole: false,
                    targets: Vec::new(),
                    is_added: true,
                });
                self.operands.len() - 1
            }
        };
        if let Some(operand) = self.operands.get_mut(place) {
            operand.is_added &= compiled.is_added;
            match target {
                None => operand.is_whole = true,
                Some(target) if operand.targets.contains(&target) => {}
                Some(target) => operand.targets.push(target),
            }
        }
        ParameterSeed { seed, target }
    }
}
