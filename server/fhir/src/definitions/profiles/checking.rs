//! What keeps a StructureDefinition from being the profile it wants to be
//! (<https://hl7.org/fhir/R4/structuredefinition.html#constraints>): elements that its type does not have, rules that are
//! no FHIRPath, a base that is not known, or one that allows less.

use std::sync::Arc;

use super::lines::Lines;
use super::narrowing::Narrowing;
use super::reading::{self, RawElement, text};
use super::{Occurrences, ProfileDraft, ProfileError, Profiles, ProfilesBuilder};
use crate::definitions::codes::CodeSets;
use crate::definitions::structure::{Element, Shape, Structures, TypeId};
use crate::json::Value;
use crate::outcome::{Issue, IssueType};
use crate::path::Expression;

/// What is wrong with a StructureDefinition that constrains a type, in the order of its text; nothing where it is none.
/// `known` are the profiles it may be derived from, and `others` those that are not merged yet.
pub fn faults(
    definition: Value<'_>,
    tables: (&Structures, &CodeSets),
    known: &Profiles,
    others: &[Arc<ProfileDraft>],
) -> Vec<Issue> {
    let draft = match ProfileDraft::read(definition) {
        Ok(Some(draft)) => Arc::new(draft),
        Ok(None) => return Vec::new(),
        Err(fault) => return whole(&fault),
    };
    let mut builder = ProfilesBuilder::default();
    builder.add_draft(Arc::clone(&draft));
    others
        .iter()
        .for_each(|other| builder.add_draft(Arc::clone(other)));
    faults_of(definition, &draft, tables, known, &builder)
}

/// The same of a draft that has been read, among all that are not merged yet.
pub fn faults_of(
    definition: Value<'_>,
    draft: &ProfileDraft,
    (structures, codes): (&Structures, &CodeSets),
    known: &Profiles,
    builder: &ProfilesBuilder,
) -> Vec<Issue> {
    let base = match builder.check(draft, structures, known) {
        Ok(base) => base,
        Err(fault) => return whole(&fault),
    };
    let Some(root) = structures.by_name(&draft.type_name) else {
        return Vec::new();
    };
    let lines = Lines {
        structures,
        builder,
        known,
    };
    let narrowing = Narrowing::new(lines, codes, (draft, root), base.as_ref());
    let mut check = Check {
        structures,
        root,
        type_name: &draft.type_name,
        issues: Vec::new(),
    };
    let list = |name| {
        let list = definition.at(&[name, "element"]).into_iter();
        list.flat_map(Value::items).enumerate()
    };
    // The snapshot is used where there is no differential.
    let part = match list("differential").next() {
        Some(_) => "differential",
        None => "snapshot",
    };
    if let Some(sentence) = lines.other_type(draft) {
        let item = definition.get("type").unwrap_or(definition);
        check.add(item, "StructureDefinition.type", sentence);
    }
    let mut number = 0;
    for (place, item) in list(part) {
        let here = format!("StructureDefinition.{part}.element[{place}]");
        check.element(item, &here);
        if item.get("path").is_some_and(|path| path.string().is_some()) {
            for wider in narrowing.element(number) {
                check.add(item, &format!("{here}.{}", wider.member), wider.sentence);
            }
            number += 1;
        }
    }
    check.contexts(definition);
    check.issues
}

/// A fault of the whole.
fn whole(fault: &ProfileError) -> Vec<Issue> {
    let sentence = format!("the profile cannot be used: {fault}");
    let code = match fault {
        ProfileError::UnknownBase(_) | ProfileError::UnknownType(_) => IssueType::NotFound,
        ProfileError::TooLarge => IssueType::TooCostly,
        ProfileError::Missing(_) | ProfileError::Endless => IssueType::Invalid,
    };
    vec![Issue::error(code, sentence).at("StructureDefinition")]
}

struct Check<'a> {
    structures: &'a Structures,
    root: TypeId,
    type_name: &'a str,
    issues: Vec<Issue>,
}

/// What a path leads to.
struct Place<'a> {
    /// The element at its end; nothing at the root, and below what may be of any type.
    element: Option<&'a Element>,
    /// The types it may have; none where it may be any.
    types: Vec<TypeId>,
}

impl<'a> Check<'a> {
    fn add(&mut self, item: Value<'_>, place: &str, sentence: impl Into<Box<str>>) {
        let issue = Issue::error(IssueType::Invalid, sentence);
        self.issues
            .push(issue.at(place).positioned(item.position()));
    }

    fn element(&mut self, item: Value<'_>, here: &str) {
        let Some(raw) = reading::element(item) else {
            return;
        };
        let structures = self.structures;
        let place = match self.place(&raw.path) {
            Ok(place) => place,
            Err(sentence) => {
                self.add(
                    item.get("path").unwrap_or(item),
                    &format!("{here}.path"),
                    sentence,
                );
                return;
            }
        };
        self.occurrences(item, here, &raw, place.element);
        if raw.path.contains('.') && !place.types.is_empty() {
            let named = raw.rules.types.iter().map(|one| (&one.name, "type"));
            let samples = [
                (&raw.rules.fixed, "fixed"),
                (&raw.rules.pattern, "pattern"),
                (&raw.rules.least, "minValue"),
                (&raw.rules.greatest, "maxValue"),
            ];
            let samples = samples
                .iter()
                .filter_map(|(sample, name)| Some((&sample.as_ref()?.type_name, *name)));
            for (name, member) in named.chain(samples) {
                if !is_one_of(structures, name, &place.types) {
                    let is_bound = matches!(member, "minValue" | "maxValue");
                    let sentence = match is_bound && matches!(&**name, "Quantity" | "Duration") {
                        // A duration before or behind the present, on a date.
                        true => format!(
                            "a bound of '{}' relative to the present is not supported; give a date",
                            raw.path
                        ),
                        false => format!("'{}' is not of the type '{name}'", raw.path),
                    };
                    self.add(item, &format!("{here}.{member}"), sentence);
                }
            }
        }
        if raw.rules.regex.as_ref().is_some_and(|one| !one.is_usable()) {
            let sentence = format!("the regular expression of '{}' cannot be used", raw.path);
            self.add(item, here, sentence);
        }
        self.expressions(item, here);
    }

    fn occurrences(
        &mut self,
        item: Value<'_>,
        here: &str,
        raw: &RawElement,
        element: Option<&Element>,
    ) {
        let most = raw.rules.max;
        if let (Some(min), Some(Occurrences::AtMost(max))) = (raw.rules.min, most)
            && min > max
        {
            let sentence = format!("'{}' occurs {min} times at least, {max} at most", raw.path);
            self.add(item, here, sentence);
        }
        let Some(element) = element else {
            return;
        };
        let exceeds = element.max.zip(most).is_some_and(|(own, most)| match most {
            Occurrences::AtMost(most) => most > own,
            Occurrences::Unbounded => true,
        });
        if exceeds {
            let sentence = format!("'{}' allows more occurrences than its type", raw.path);
            self.add(item, &format!("{here}.max"), sentence);
        }
        if raw.slice.is_none() && raw.rules.min.is_some_and(|min| min < element.min) {
            let sentence = format!("'{}' asks for fewer occurrences than its type", raw.path);
            self.add(item, &format!("{here}.min"), sentence);
        }
    }

    /// The rules of an element, and what tells its slices apart.
    fn expressions(&mut self, item: Value<'_>, here: &str) {
        let below = |names: &[&str]| {
            let list = item.at(names).into_iter();
            list.flat_map(Value::items).enumerate()
        };
        for (number, rule) in below(&["constraint"]) {
            let place = format!("{here}.constraint[{number}].expression");
            self.expression(rule.get("expression"), &place);
        }
        for (number, one) in below(&["slicing", "discriminator"]) {
            let place = format!("{here}.slicing.discriminator[{number}].path");
            self.expression(one.get("path"), &place);
        }
    }

    /// Where an extension may stand, as far as FHIRPath says it.
    fn contexts(&mut self, definition: Value<'_>) {
        let below = |name| {
            let list = definition.get(name).into_iter();
            list.flat_map(Value::items).enumerate()
        };
        for (number, context) in below("context") {
            if text(context, "type").as_deref() == Some("fhirpath") {
                let place = format!("StructureDefinition.context[{number}].expression");
                self.expression(context.get("expression"), &place);
            }
        }
        for (number, rule) in below("contextInvariant") {
            let place = format!("StructureDefinition.contextInvariant[{number}]");
            self.expression(Some(rule), &place);
        }
    }

    fn expression(&mut self, value: Option<Value<'_>>, place: &str) {
        let Some((value, text)) = value.and_then(|value| Some((value, value.string()?))) else {
            return;
        };
        if let Err(fault) = Expression::parse(&text) {
            let sentence = format!("the expression is no FHIRPath: {fault}");
            self.add(value, place, sentence);
        }
    }

    /// What a path of the differential leads to; a sentence where the type has no such element.
    fn place(&self, path: &str) -> Result<Place<'a>, String> {
        let structures = self.structures;
        let mut steps = path.split('.');
        if steps.next() != Some(self.type_name) {
            return Err(format!("the path does not begin with '{}'", self.type_name));
        }
        let mut place = Place {
            element: None,
            types: vec![self.root],
        };
        for step in steps {
            let owners = std::mem::take(&mut place.types);
            let is_any = |id: &TypeId| structures.get(*id).shape == Shape::AnyResource;
            place.element = None;
            if owners.is_empty() || owners.iter().any(is_any) && owners != [self.root] {
                continue;
            }
            let mut found = Vec::new();
            for owner in owners {
                let definition = structures.get(owner);
                let Some(element) = named(definition.elements.iter(), step) else {
                    if let Some((element, chosen)) = definition.member(step) {
                        found.push(element);
                        place.types.push(chosen.type_id);
                    }
                    continue;
                };
                found.push(element);
                place
                    .types
                    .extend(element.types.iter().map(|one| one.type_id));
            }
            if found.is_empty() {
                return Err(format!("there is no element '{path}'"));
            }
            if let [one] = *found {
                place.element = Some(one);
            }
        }
        Ok(place)
    }
}

/// The element that a step without a chosen type names: `value[x]`, `birthDate`.
fn named<'a>(mut elements: impl Iterator<Item = &'a Element>, step: &str) -> Option<&'a Element> {
    let bare = step.strip_suffix("[x]");
    elements.find(|element| match bare {
        Some(bare) => element.is_choice && *element.name == *bare,
        None => !element.is_choice && *element.name == *step,
    })
}

/// Whether a type is one of these, or one that one of them specialises or is specialised by.
fn is_one_of(structures: &Structures, name: &str, types: &[TypeId]) -> bool {
    let Some(id) = structures.by_name(name) else {
        return false;
    };
    let mut types = types.iter();
    types.any(|one| structures.is_a(id, *one) || structures.is_a(*one, id))
}
