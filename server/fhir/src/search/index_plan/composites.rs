//! Composite parameters: values of one place together (<https://hl7.org/fhir/R4/search.html#composite>).

use super::compiler::{CompiledOperand, Compiler, Subject};
use super::{
    BesideCode, ComponentPlan, CompositePlan, Group, GroupComponent, GroupSource, ParameterSeed,
    TypePlan,
};
use crate::definitions::search_parameters::{SearchComponent, SearchParameter, SearchType};
use crate::definitions::structure::TypeId;
use crate::ids::ResourceType;
use crate::search::hash;
use crate::search::operand::syntax::{first_name, operands};
use crate::search::operand::{NotAPath, Path};
use crate::search::value_kind::ValueKind;

/// Compiles a composite, or says why it cannot be indexed.
pub(super) fn compile<'d>(
    compiler: &Compiler<'d>,
    subject: &Subject<'d>,
    expression: &'d str,
    plan: &mut TypePlan,
) -> Result<CompositePlan, String> {
    let parts: Vec<(&SearchComponent, &SearchParameter)> = subject
        .parameter
        .components
        .iter()
        .map(|component| {
            let found = &compiler.definitions.search_parameters;
            let found = found.by_url(&component.definition);
            let found = found.ok_or_else(|| format!("no parameter is '{}'", component.definition));
            Ok((component, found?))
        })
        .collect::<Result<_, String>>()?;
    let mut composite = CompositePlan {
        components: parts
            .iter()
            .map(|(_, definition)| ComponentPlan {
                search_type: definition.search_type,
                code: definition.code.clone(),
                seeds: Vec::new(),
            })
            .collect(),
        on_resource: false,
        groups: Vec::new(),
        beside_code: None,
    };
    let mut groups = Vec::new();
    let mut narrowing = None;
    let mut conjunction: Option<Vec<Vec<CompiledOperand>>> = None;
    for base in operands(expression).ok_or("its base is not a path")? {
        let elsewhere = ResourceType::parse(first_name(base));
        if elsewhere.is_some_and(|named| named != subject.resource_type) {
            continue;
        }
        let base = Base::compile(compiler, subject, base)?;
        if base.is_single() && conjunction.is_none() {
            let compile = |part: &(&SearchComponent, &SearchParameter)| {
                base.conjunct(compiler, subject, part)
            };
            conjunction = Some(parts.iter().map(compile).collect::<Result<_, _>>()?);
            if let (None, Some(place)) = (&base.path, beside_code(&parts)) {
                let group = base.group_of_codes(compiler, subject, &parts)?;
                composite.beside_code = Some(BesideCode {
                    group: group.seed,
                    place,
                });
                narrowing = Some(group);
            }
        } else {
            groups.push(base.group(compiler, subject, &parts)?);
        }
    }
    // Nothing is added to the plan before all is understood.
    if let Some(conjunction) = conjunction {
        composite.on_resource = true;
        for (component, operands) in composite.components.iter_mut().zip(conjunction) {
            let seeds = operands.into_iter().map(|one| plan.add(one));
            component.seeds = seeds.collect::<Vec<ParameterSeed>>();
            component.seeds.sort_unstable();
            component.seeds.dedup();
        }
    }
    composite.groups = groups.iter().map(|group| group.seed).collect();
    for group in groups.into_iter().chain(narrowing) {
        if plan.groups.iter().all(|known| known.seed != group.seed) {
            plan.groups.push(group);
        }
    }
    composite.groups.sort_unstable();
    composite.groups.dedup();
    Ok(composite)
}

/// The place of the token where there is one beside a number or quantity.
fn beside_code(parts: &[(&SearchComponent, &SearchParameter)]) -> Option<usize> {
    let kinds: Vec<SearchType> = parts.iter().map(|one| one.1.search_type).collect();
    match kinds.as_slice() {
        [SearchType::Token, SearchType::Number | SearchType::Quantity] => Some(0),
        [SearchType::Number | SearchType::Quantity, SearchType::Token] => Some(1),
        _ => None,
    }
}

/// Where a composite's values stand together.
struct Base<'d> {
    text: &'d str,
    /// None is the resource itself.
    path: Option<Path>,
    type_id: TypeId,
}

impl<'d> Base<'d> {
    fn compile(
        compiler: &Compiler<'d>,
        subject: &Subject<'d>,
        text: &'d str,
    ) -> Result<Self, String> {
        if text == subject.resource_type.name() {
            return Ok(Self {
                text,
                path: None,
                type_id: subject.type_id,
            });
        }
        let structures = &compiler.definitions.structures;
        let (path, ends) = Path::compile(text, subject.type_id, structures)
            .map_err(|fault| not_a_path(&fault, text))?;
        match ends.as_slice() {
            [(_, type_id)] => Ok(Self {
                text,
                path: Some(path),
                type_id: *type_id,
            }),
            _ => Err(format!("its base '{text}' has several types")),
        }
    }

    fn is_single(&self) -> bool {
        self.path.as_ref().is_none_or(Path::is_single)
    }

    /// A component as operands of the resource.
    fn conjunct(
        &self,
        compiler: &Compiler<'d>,
        subject: &Subject<'d>,
        (component, definition): &(&SearchComponent, &SearchParameter),
    ) -> Result<Vec<CompiledOperand>, String> {
        let mut compiled = Vec::new();
        for text in alternatives(component)? {
            let whole = match text.strip_prefix("%resource.") {
                Some(elsewhere) => elsewhere.to_owned(),
                None => format!("{}.{text}", self.text),
            };
            let structures = &compiler.definitions.structures;
            let (path, ends) = Path::compile(&whole, subject.type_id, structures)
                .map_err(|fault| not_a_path(&fault, text))?;
            let (operand, unsuited) = compiler.walked(subject, definition.search_type, path, ends);
            if operand.kinds.is_empty() {
                return Err(unsuitable(definition.search_type, text, &unsuited));
            }
            compiled.push(operand);
        }
        Ok(compiled)
    }

    /// The resource as a group of its codes beside its numbers.
    fn group_of_codes(
        &self,
        compiler: &Compiler<'d>,
        subject: &Subject<'d>,
        parts: &[(&SearchComponent, &SearchParameter)],
    ) -> Result<Group, String> {
        let components = parts
            .iter()
            .map(|part| self.component(compiler, subject, part));
        let components = components.collect::<Result<Vec<_>, _>>()?;
        let places: Vec<String> = components.iter().map(GroupComponent::place).collect();
        // No path is empty.
        let place = format!(":{}", places.join("&"));
        Ok(Group {
            seed: hash::group_seed(subject.resource_type, &place),
            code: subject.parameter.code.clone(),
            base: None,
            components,
        })
    }

    /// The base as a group of its own.
    fn group(
        self,
        compiler: &Compiler<'d>,
        subject: &Subject<'d>,
        parts: &[(&SearchComponent, &SearchParameter)],
    ) -> Result<Group, String> {
        let kinds: Vec<Kind> = parts.iter().map(|one| Kind::of(one.1)).collect();
        if !matches!(
            kinds.as_slice(),
            [
                Kind::Discrete,
                Kind::Discrete | Kind::Number | Kind::Quantity
            ] | [Kind::Number | Kind::Quantity, Kind::Discrete]
                | [Kind::Discrete, Kind::Number, Kind::Number]
        ) {
            let names: Vec<&str> = parts.iter().map(|one| one.1.search_type.code()).collect();
            return Err(format!(
                "a {} is not indexed where the base repeats",
                names.join(" beside a ")
            ));
        }
        let components = parts
            .iter()
            .map(|part| self.component(compiler, subject, part));
        let components = components.collect::<Result<Vec<_>, _>>()?;
        if let [_, first, second] = components.as_slice()
            && !(first.is_point && second.is_point)
        {
            return Err("a range beside a number is not indexed where the base repeats".to_owned());
        }
        let text = self.text;
        let path = self.path.ok_or("the resource is no group")?;
        let places: Vec<String> = components.iter().map(GroupComponent::place).collect();
        let place = format!("{}:{}", path.place(), places.join("&"));
        if path.resolves_to().is_some() {
            return Err(format!("its base '{text}' is a reference"));
        }
        Ok(Group {
            seed: hash::group_seed(subject.resource_type, &place),
            code: subject.parameter.code.clone(),
            base: Some(path),
            components,
        })
    }

    fn component(
        &self,
        compiler: &Compiler<'d>,
        subject: &Subject<'d>,
        (component, definition): &(&SearchComponent, &SearchParameter),
    ) -> Result<GroupComponent, String> {
        let search_type = definition.search_type;
        let mut sources = Vec::new();
        let mut is_point = true;
        for text in alternatives(component)? {
            let (path, from, of_resource) = match text.strip_prefix("%resource.") {
                Some(elsewhere) => (elsewhere, subject.type_id, true),
                None => (text, self.type_id, false),
            };
            let structures = &compiler.definitions.structures;
            let (path, ends) =
                Path::compile(path, from, structures).map_err(|fault| not_a_path(&fault, text))?;
            let (code_sets, kinds, unsuited) = compiler.values(search_type, &ends);
            if kinds.is_empty() || path.resolves_to().is_some() {
                return Err(unsuitable(search_type, text, &unsuited));
            }
            is_point &= kinds.iter().all(|one| one.1 == ValueKind::Number);
            sources.push(GroupSource {
                path,
                code_sets,
                of_resource,
            });
        }
        Ok(GroupComponent {
            search_type,
            sources,
            is_point,
        })
    }
}

/// What a component of a group is indexed as.
enum Kind {
    /// One of a few hashes.
    Discrete,
    Number,
    Quantity,
    Other,
}

impl Kind {
    fn of(definition: &SearchParameter) -> Self {
        match definition.search_type {
            SearchType::Token | SearchType::Reference | SearchType::Uri => Self::Discrete,
            SearchType::Number => Self::Number,
            SearchType::Quantity => Self::Quantity,
            SearchType::String | SearchType::Date | SearchType::Composite | SearchType::Special => {
                Self::Other
            }
        }
    }
}

impl GroupComponent {
    fn place(&self) -> String {
        let places: Vec<String> = self.sources.iter().map(GroupSource::place).collect();
        format!("{}|{}", self.search_type.code(), places.join("|"))
    }
}

impl GroupSource {
    fn place(&self) -> String {
        // No path begins with a per cent sign.
        let begin = if self.of_resource { "%resource." } else { "" };
        format!("{begin}{}", self.path.place())
    }
}

fn alternatives(component: &SearchComponent) -> Result<Vec<&str>, String> {
    let text = &*component.expression;
    operands(text).ok_or_else(|| format!("'{text}' is not a path"))
}

fn not_a_path(fault: &NotAPath, text: &str) -> String {
    match fault {
        NotAPath::Otherwise => format!("'{text}' is not a path"),
        NotAPath::UnknownElement => format!("'{text}' names no element or type"),
    }
}

fn unsuitable(search_type: SearchType, text: &str, found: &[String]) -> String {
    let kind = search_type.code();
    format!("a {kind} cannot hold the {} of '{text}'", found.join(", "))
}
