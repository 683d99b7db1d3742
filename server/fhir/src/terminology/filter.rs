//! Conditions on concepts (<https://hl7.org/fhir/R4/valueset-filter-operator.html>).

mod tables;

use regex::{Regex, RegexBuilder};

use super::code_system::CodeSystem;
use super::concept::Concept;
use super::fault::{FaultKind, Finding, Stop};
use super::import::snomed;
use super::knowledge::{Knowledge, Selection};
use super::rule::Rule;
use super::value_set::{ConceptSet, Filter};

/// A compiled regular expression may not grow beyond this.
const REGEX_BYTES_MAX: usize = 512 << 10;

/// The filters of one set, ready to be asked.
#[derive(Debug)]
pub(super) struct Filters {
    tests: Vec<(Filter, Test)>,
}

#[derive(Debug)]
enum Test {
    /// At or below the value.
    IsA,
    Below,
    RightBelow,
    IsNotA,
    /// One of these codes: the value and all above it.
    Above(Vec<Box<str>>),
    /// A member of a reference set of SNOMED CT.
    Member,
    /// Below it, with nothing below itself.
    Leaf,
    Is,
    In(Vec<Box<str>>),
    NotIn(Vec<Box<str>>),
    Exists(bool),
    /// One of these codes: what is right above others.
    HasBelow(Vec<Box<str>>),
    /// None of these codes.
    HasNotBelow(Vec<Box<str>>),
    /// Whether anything is below it.
    HasChildren(bool),
    Matches(Regex),
}

impl Filters {
    /// Reads the filters of a set. One that says nothing, or what is not understood, is a fault of the value set.
    pub(super) fn of(
        knowledge: &Knowledge,
        system: &CodeSystem,
        set: &ConceptSet,
        place: &str,
    ) -> Result<Self, Stop> {
        let mut tests = Vec::new();
        for (n, filter) in set.filters.iter().enumerate() {
            let filter = as_written(knowledge, system, filter)?;
            let test = test(knowledge, system, &filter, &format!("{place}.filter[{n}]"))?;
            tests.push((filter, test));
        }
        Ok(Self { tests })
    }

    /// Whether a concept passes all of them.
    pub(super) fn pass(&self, system: &CodeSystem, concept: &Concept) -> bool {
        self.tests
            .iter()
            .all(|(filter, test)| passes(test, filter, system, concept))
    }

    /// The smallest part of the code system that is known to have all that pass.
    pub(super) fn selection(&self, words: &[Box<str>]) -> Selection {
        let below = |filter: &Filter, with_itself| Selection::Below {
            code: filter.value.clone(),
            with_itself,
            words: words.to_vec(),
        };
        let mut selections = self.tests.iter().filter_map(|(filter, test)| match test {
            Test::IsA => Some(below(filter, true)),
            Test::Below | Test::Leaf => Some(below(filter, false)),
            Test::RightBelow => Some(Selection::RightBelow(filter.value.clone())),
            Test::Above(codes) | Test::HasBelow(codes) => Some(Selection::Codes(codes.clone())),
            Test::Member => Some(Selection::Having(
                snomed::MEMBER_OF.into(),
                vec![filter.value.clone()],
            )),
            Test::Is if is_code(filter) => Some(Selection::Codes(vec![filter.value.clone()])),
            Test::Is if is_stored(filter) => Some(Selection::Having(
                filter.property.clone(),
                vec![filter.value.clone()],
            )),
            Test::In(codes) if is_code(filter) => Some(Selection::Codes(codes.clone())),
            Test::In(values) if is_stored(filter) => {
                Some(Selection::Having(filter.property.clone(), values.clone()))
            }
            _ => None,
        });
        selections
            .next()
            .unwrap_or_else(|| Selection::All(words.to_vec()))
    }
}

/// The filter, with the code it names as the code system writes it, where that knows codes in any case.
fn as_written(knowledge: &Knowledge, system: &CodeSystem, filter: &Filter) -> Result<Filter, Stop> {
    let mut filter = filter.clone();
    let is_of_hierarchy = !matches!(&*filter.op, "=" | "in" | "not-in" | "exists" | "regex");
    if system.case_sensitive || !is_code(&filter) || !is_of_hierarchy || filter.value.is_empty() {
        return Ok(filter);
    }
    let found = knowledge.concepts(system, Selection::Codes(vec![filter.value.clone()]))?;
    if !found.list.iter().any(|one| one.code == filter.value)
        && let Some(concept) = found.list.first()
    {
        filter.value.clone_from(&concept.code);
    }
    Ok(filter)
}

fn is_code(filter: &Filter) -> bool {
    matches!(&*filter.property, "concept" | "code")
}

/// Whether the values of a property are those that concepts say, and none that follow from others.
fn is_stored(filter: &Filter) -> bool {
    !matches!(
        &*filter.property,
        "display" | "definition" | "parent" | "inactive"
    )
}

/// Properties that concepts have in any code system: what FHIR defines of concepts, and what it names.
const STANDARD: [&str; 24] = [
    "concept",
    "code",
    "display",
    "definition",
    "designation",
    "parent",
    "child",
    "subsumedBy",
    "partOf",
    "inactive",
    "abstract",
    "status",
    "deprecated",
    "deprecationDate",
    "retirementDate",
    "effectiveDate",
    "notSelectable",
    "synonym",
    "comment",
    "order",
    "label",
    "weight",
    "itemWeight",
    "replacedBy",
];

/// Whether concepts of a code system may have a property. One that declares none says nothing of those that there are.
fn is_known(system: &CodeSystem, property: &str) -> bool {
    let is_silent = system.properties.is_empty() && system.filters.is_empty();
    let is_attribute = || {
        // Relationships of SNOMED CT are concepts themselves.
        *system.url == *snomed::URL && property.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_silent
        || STANDARD.contains(&property)
        || system.properties.iter().any(|one| *one.code == *property)
        || system.filters.iter().any(|one| **one == *property)
        || is_attribute()
}

/// Whether a filter asks for what is right below concepts.
fn is_child(system: &CodeSystem, filter: &Filter) -> bool {
    *filter.property == *"child" || *filter.property == *system.property_for("child")
}

/// The codes right above others.
fn right_above(
    knowledge: &Knowledge,
    system: &CodeSystem,
    codes: &[Box<str>],
) -> Result<Vec<Box<str>>, Stop> {
    let found = knowledge.concepts(system, Selection::Codes(codes.to_vec()))?;
    let is_asked = |one: &Concept| codes.iter().any(|code| system.same_code(&one.code, code));
    let asked = found.list.iter().filter(|one| is_asked(one));
    Ok(asked.flat_map(|one| one.parents.iter().cloned()).collect())
}

/// A condition on what is right below; `None` where there is no such one.
fn of_children(
    knowledge: &Knowledge,
    system: &CodeSystem,
    filter: &Filter,
) -> Result<Option<Test>, Stop> {
    let above = |codes: &[Box<str>]| right_above(knowledge, system, codes);
    Ok(match &*filter.op {
        "=" => Some(Test::HasBelow(above(std::slice::from_ref(&filter.value))?)),
        "in" => Some(Test::HasBelow(above(&list(&filter.value))?)),
        "not-in" => Some(Test::HasNotBelow(above(&list(&filter.value))?)),
        "exists" if matches!(&*filter.value, "true" | "false") => {
            Some(Test::HasChildren(&*filter.value == "true"))
        }
        _ => None,
    })
}

fn test(
    knowledge: &Knowledge,
    system: &CodeSystem,
    filter: &Filter,
    place: &str,
) -> Result<Test, Stop> {
    if filter.value.is_empty() {
        let sentence = format!(
            "The system {} filter with property = {}, op = {} has no value",
            system.url, filter.property, filter.op
        );
        let finding = Finding::of(Rule::FilterWithoutValue, sentence);
        return Err(finding.at(place).stop(FaultKind::Unprocessable));
    }
    let test = match is_child(system, filter) {
        true => of_children(knowledge, system, filter)?,
        false if !is_known(system, &filter.property) => None,
        false => of_concepts(knowledge, system, filter, place)?,
    };
    test.ok_or_else(|| {
        let sentence = format!(
            "The filter \"{} {} {}\" was not understood in the context of {}",
            filter.property, filter.op, filter.value, system.url
        );
        let finding = Finding::of(Rule::UnknownFilter, sentence);
        finding.at(place).stop(FaultKind::Unprocessable)
    })
}

/// A condition on what concepts say themselves; `None` where there is no such one.
fn of_concepts(
    knowledge: &Knowledge,
    system: &CodeSystem,
    filter: &Filter,
    place: &str,
) -> Result<Option<Test>, Stop> {
    Ok(Some(match &*filter.op {
        "is-a" if is_code(filter) => Test::IsA,
        "descendent-of" if is_code(filter) => Test::Below,
        "child-of" if is_code(filter) => Test::RightBelow,
        "descendent-leaf" if is_code(filter) => Test::Leaf,
        "is-not-a" if is_code(filter) => Test::IsNotA,
        "generalizes" if is_code(filter) => {
            let selection = Selection::Codes(vec![filter.value.clone()]);
            let found = knowledge.concepts(system, selection)?;
            let concept = found.list.iter().find(|one| one.code == filter.value);
            let mut codes = concept.map_or_else(Vec::new, |one| one.ancestors.clone());
            codes.extend(concept.map(|one| one.code.clone()));
            Test::Above(codes)
        }
        "=" => Test::Is,
        "in" if is_code(filter) && *system.url == *snomed::URL => Test::Member,
        "in" => Test::In(list(&filter.value)),
        "not-in" => Test::NotIn(list(&filter.value)),
        "exists" if matches!(&*filter.value, "true" | "false") => {
            Test::Exists(&*filter.value == "true")
        }
        "regex" => Test::Matches(regex(filter, place)?),
        _ => return Ok(None),
    }))
}

fn regex(filter: &Filter, place: &str) -> Result<Regex, Stop> {
    compiled(filter).ok_or_else(|| {
        let finding = Finding::of(Rule::BadRegex, bad_regex(filter));
        finding.at(place).stop(FaultKind::Unprocessable)
    })
}

fn compiled(filter: &Filter) -> Option<Regex> {
    let whole = format!("^(?:{})$", filter.value);
    let mut builder = RegexBuilder::new(&whole);
    builder
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX);
    builder.build().ok()
}

fn bad_regex(filter: &Filter) -> String {
    format!(
        "The regular expression of the filter on {} cannot be used",
        filter.property
    )
}

/// What keeps a filter from being asked, whatever the code system has.
pub(super) fn fault(filter: &Filter) -> Option<String> {
    let is_understood = match &*filter.op {
        "is-a" | "descendent-of" | "is-not-a" | "generalizes" => is_code(filter),
        "exists" => matches!(&*filter.value, "true" | "false"),
        "regex" => return compiled(filter).is_none().then(|| bad_regex(filter)),
        _ => true,
    };
    let Filter {
        property,
        op,
        value,
    } = filter;
    (!is_understood).then(|| format!("The filter \"{property} {op} {value}\" is not understood"))
}

fn list(value: &str) -> Vec<Box<str>> {
    value.split(',').map(|one| one.trim().into()).collect()
}

fn passes(test: &Test, filter: &Filter, system: &CodeSystem, concept: &Concept) -> bool {
    let is_below = || concept.ancestors.contains(&filter.value);
    let is_it = || system.same_code(&concept.code, &filter.value);
    let names_code = is_code(filter) || &*filter.property == "parent";
    let is_same =
        |one: &str, other: &str| one == other || names_code && system.same_code(one, other);
    let any = |holds: &dyn Fn(&str) -> bool| {
        let values = values(filter, system, concept);
        values.iter().any(|value| holds(value))
    };
    match test {
        Test::IsA => is_it() || is_below(),
        Test::Below => is_below(),
        Test::RightBelow => concept.parents.contains(&filter.value),
        Test::IsNotA => !is_it() && !is_below(),
        Test::Leaf => is_below() && !concept.has_children,
        Test::Above(codes) | Test::HasBelow(codes) => codes.contains(&concept.code),
        Test::HasNotBelow(codes) => !codes.contains(&concept.code),
        Test::HasChildren(wanted) => concept.has_children == *wanted,
        Test::Member => concept
            .values(snomed::MEMBER_OF)
            .any(|refset| *refset == *filter.value),
        Test::Is => any(&|value| is_same(value, &filter.value)),
        Test::In(list) => any(&|value| list.iter().any(|one| is_same(value, one))),
        Test::NotIn(list) => !any(&|value| list.iter().any(|one| is_same(value, one))),
        Test::Exists(wanted) => any(&|_| true) == *wanted,
        Test::Matches(regex) => any(&|value| regex.is_match(value)),
    }
}

/// What a concept says of a property. Whether it is inactive, it says also by its status.
fn values<'a>(filter: &'a Filter, system: &CodeSystem, concept: &'a Concept) -> Vec<&'a str> {
    let property = &*filter.property;
    match property {
        "concept" | "code" => vec![&concept.code],
        "display" => concept.display.as_deref().into_iter().collect(),
        "definition" => concept.definition.as_deref().into_iter().collect(),
        "parent" => concept.parents.iter().map(|code| &**code).collect(),
        "inactive" if concept.values(property).next().is_none() => {
            vec![if system.is_inactive(concept) {
                "true"
            } else {
                "false"
            }]
        }
        _ => concept.values(property).collect(),
    }
}
