//! From filter to condition: what each operator means to each search type
//! (<https://hl7.org/fhir/R4/search_filter.html#ops>).

use super::{Filter, FilterError, FilterStep, Operator, Test};
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;
use crate::search::chain::{Along, Group, Scope};
use crate::search::clauses::{self, Asked, DateRange};
use crate::search::combine;
use crate::search::error::{SearchError, SearchErrorKind};
use crate::search::period_test::Prefix;
use crate::search::plan::{Clause, StringOrder, StringTest};
use crate::search::planner::{Planner, whole};
use crate::search::query::split_unescaped;
use crate::search::resolve::{self, Resolved};

/// Systems that may be written by a short name.
const SYSTEMS: [(&str, &str); 4] = [
    ("loinc", "http://loinc.org"),
    ("snomed", "http://snomed.info/sct"),
    ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    ("ucum", "http://unitsofmeasure.org"),
];

/// A value whose system, the part at that place with another behind it, is written out.
fn with_system(value: &str, place: usize) -> String {
    let mut parts: Vec<&str> = split_unescaped(value, '|').collect();
    if parts.len() > place + 1 {
        let system = SYSTEMS.iter().find(|one| one.0 == parts[place]);
        parts[place] = system.map_or(parts[place], |one| one.1);
    }
    parts.join("|")
}

/// Parameters that are no tests of a value.
const NO_TESTS: [&str; 6] = ["_content", "_filter", "_has", "_list", "_query", "_text"];

/// The condition of `_filter` on resources of all of the types.
pub(in super::super) fn condition(
    planner: &Planner<'_>,
    types: &[ResourceType],
    asked: &Asked<'_>,
) -> Result<Option<Clause>, SearchError> {
    if let Some(modifier) = asked.modifier {
        let message = format!("there is no modifier ':{modifier}' for it; it takes none");
        return Err(SearchError::unknown(asked.text, message));
    }
    let text = asked.values.join(",");
    let limits = planner.limits;
    if text.len() > limits.filter_length_max {
        let message = format!(
            "it is longer than {} bytes, the limit of a filter",
            limits.filter_length_max
        );
        return Err(SearchError::too_costly(asked.text, message));
    }
    let filter = Filter::parse(&text, limits.filter_depth_max).map_err(|error| match error {
        FilterError::Malformed(message) => SearchError::malformed(asked.text, message),
        FilterError::TooCostly(message) => SearchError::too_costly(asked.text, message),
    })?;
    let filters = Filters {
        planner,
        text: asked.text,
    };
    filters.of(types, &filter)
}

struct Filters<'p, 'a> {
    planner: &'p Planner<'a>,
    /// The name of the parameter that holds the filter.
    text: &'p str,
}

impl Filters<'_, '_> {
    fn of(&self, types: &[ResourceType], filter: &Filter) -> Result<Option<Clause>, SearchError> {
        Ok(match filter {
            Filter::And(one, other) => combine::all([self.of(types, one)?, self.of(types, other)?]),
            Filter::Or(one, other) => combine::any([self.of(types, one)?, self.of(types, other)?]),
            Filter::Not(inside) => combine::not(self.of(types, inside)?),
            Filter::Test(test) => {
                let groups = self.groups(Scope::All(types), test, &test.steps);
                whole(types, groups.map_err(|error| at(error, test))?)
            }
        })
    }

    fn groups(
        &self,
        scope: Scope<'_>,
        test: &Test,
        steps: &[FilterStep],
    ) -> Result<Vec<Group>, SearchError> {
        let Some((step, rest)) = steps.split_first() else {
            return self.tests(scope, test);
        };
        if step.filter.is_some() {
            self.check_step(scope, step)?;
        }
        let along = Along {
            text: self.text,
            code: &step.code,
            narrowed: None,
        };
        let mut end = |scope: Scope<'_>| match &step.filter {
            None => self.groups(scope, test, rest),
            Some(filter) => self.both(scope.types(), filter, test, rest),
        };
        self.planner.along(scope, along, &mut end)
    }

    /// What is in brackets and what stands behind them must hold of one resource; each type by itself.
    fn both(
        &self,
        types: &[ResourceType],
        filter: &Filter,
        test: &Test,
        rest: &[FilterStep],
    ) -> Result<Vec<Group>, SearchError> {
        let mut found = Vec::new();
        let mut unknown = None;
        for resource_type in types {
            let only = [*resource_type];
            let both = self.of(&only, filter).and_then(|filter| {
                let groups = self.groups(Scope::All(&only), test, rest)?;
                Ok(combine::all([filter, whole(&only, groups)]))
            });
            match both {
                Ok(condition) => found.push(Group {
                    types: only.to_vec(),
                    condition,
                }),
                Err(error) if error.kind == SearchErrorKind::Unknown => {
                    unknown.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match unknown {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    /// R4 lists names of groups of elements inside a resource, which composite parameters look into.
    fn check_step(&self, scope: Scope<'_>, step: &FilterStep) -> Result<(), SearchError> {
        for resource_type in scope.types() {
            let known = self.planner.definition(*resource_type, &step.code);
            if known.is_some_and(|one| one.search_type != SearchType::Reference) {
                let message = format!(
                    "a filter in brackets is supported behind references alone, and '{}' is none; a composite parameter \
                     asks for values of one place together",
                    step.code
                );
                return Err(SearchError::not_supported(self.text, message));
            }
        }
        Ok(())
    }

    fn tests(&self, scope: Scope<'_>, test: &Test) -> Result<Vec<Group>, SearchError> {
        if NO_TESTS.contains(&&*test.code) {
            let message = format!("'{}' has no values that a filter could test", test.code);
            return Err(SearchError::not_supported(self.text, message));
        }
        self.check_name(scope, test)?;
        let value = self.value(scope, test);
        let asked = Asked {
            text: self.text,
            code: &test.code,
            modifier: None,
            values: vec![&value],
        };
        let resolved = clauses::resolve(self.planner, scope, &asked)?;
        let group = |one: &Resolved<'_>| {
            Ok(Group {
                types: combine::sorted(one.types()),
                condition: self.test(one, test)?,
            })
        };
        resolved.iter().map(group).collect()
    }

    /// Refuses a name that one of the types searched lacks, with those that a filter could test.
    fn check_name(&self, scope: Scope<'_>, test: &Test) -> Result<(), SearchError> {
        let types = scope.types();
        let lacks = |one: &&ResourceType| self.planner.definition(**one, &test.code).is_none();
        match types.iter().find(lacks).filter(|_| scope.is_all()) {
            None => Ok(()),
            Some(lacking) => {
                let place = self.planner.place(types, *lacking);
                let mut names = self.planner.common_codes(types);
                names.retain(|name| !NO_TESTS.contains(name));
                let message = resolve::list(&place, &test.code, &names);
                Err(SearchError::unknown(self.text, message))
            }
        }
    }

    /// The value as a parameter of the type would have it: a string has no escapes of its own here.
    fn value(&self, scope: Scope<'_>, test: &Test) -> String {
        let types = scope.types().iter();
        let mut definitions = types.filter_map(|one| self.planner.definition(*one, &test.code));
        let search_type = definitions.next().map(|one| one.search_type);
        match search_type {
            // The system stands first in a token, and second in a quantity.
            Some(SearchType::Token) => with_system(&test.value, 0),
            Some(SearchType::Quantity) => with_system(&test.value, 1),
            _ => test.value.replace('\\', "\\\\"),
        }
    }

    fn test(&self, resolved: &Resolved<'_>, test: &Test) -> Result<Option<Clause>, SearchError> {
        if test.operator == Operator::Pr {
            return self.present(resolved, test);
        }
        match resolved.search_type {
            SearchType::String => self.string(resolved, test).map(Some),
            SearchType::Number | SearchType::Quantity | SearchType::Date => {
                self.ordered(resolved, test).map(Some)
            }
            SearchType::Token | SearchType::Uri => self.discrete(resolved, test),
            SearchType::Reference if test.operator == Operator::Re => {
                self.check(resolved)?;
                clauses::references(self.planner, resolved, None).map(Some)
            }
            SearchType::Reference | SearchType::Composite | SearchType::Special => {
                Err(meaningless(resolved, test.operator))
            }
        }
    }

    /// Whether there is a value at all.
    fn present(&self, resolved: &Resolved<'_>, test: &Test) -> Result<Option<Clause>, SearchError> {
        let asked = Resolved {
            modifier: Some("missing"),
            values: vec![match &*test.value.to_ascii_lowercase() {
                "true" => "false",
                "false" => "true",
                _ => return Err(resolved.malformed("'pr' takes true or false")),
            }],
            ..resolved.clone()
        };
        match resolved.search_type {
            SearchType::Composite => Err(meaningless(resolved, test.operator)),
            _ => clauses::condition(self.planner, &asked),
        }
    }

    /// What a plain search of the parameter would refuse is refused here.
    fn check(&self, resolved: &Resolved<'_>) -> Result<(), SearchError> {
        clauses::check_support(self.planner, resolved, false)
    }

    fn string(&self, resolved: &Resolved<'_>, test: &Test) -> Result<Clause, SearchError> {
        self.check(resolved)?;
        let compares = |order| move |text| StringTest::Compares(order, text);
        match test.operator {
            Operator::Eq => clauses::strings(resolved, compares(StringOrder::Equal)),
            Operator::Ne => clauses::strings(resolved, compares(StringOrder::NotEqual)),
            Operator::Gt => clauses::strings(resolved, compares(StringOrder::Greater)),
            Operator::Lt => clauses::strings(resolved, compares(StringOrder::Less)),
            Operator::Ge => clauses::strings(resolved, compares(StringOrder::GreaterOrEqual)),
            Operator::Le => clauses::strings(resolved, compares(StringOrder::LessOrEqual)),
            Operator::Co => clauses::strings(resolved, StringTest::Contains),
            Operator::Sw => clauses::strings(resolved, StringTest::StartsWith),
            Operator::Ew => clauses::strings(resolved, StringTest::EndsWith),
            other => Err(meaningless(resolved, other)),
        }
    }

    fn ordered(&self, resolved: &Resolved<'_>, test: &Test) -> Result<Clause, SearchError> {
        let is_updated = resolved.code == "_lastUpdated";
        if !is_updated {
            self.check(resolved)?;
        }
        let kind = resolved.search_type;
        let text = *resolved.values.first().unwrap_or(&"");
        let prefix = match test.operator {
            Operator::Co if kind != SearchType::Quantity => {
                let message = "'co' asks how precise a stored value is, which is not indexed; 'eq' and 'ap' compare it, \
                               and 'po' asks whether periods overlap";
                return Err(resolved.not_supported(message));
            }
            Operator::Po if kind == SearchType::Date => None,
            other => Some(prefix(other).ok_or_else(|| meaningless(resolved, other))?),
        };
        match (kind, prefix) {
            (SearchType::Number, Some(prefix)) => {
                let test = clauses::numbers(resolved, &resolved.seeds(), prefix, text)?;
                Ok(Clause::Number(vec![test]))
            }
            (SearchType::Quantity, Some(prefix)) => {
                let test = clauses::quantities(resolved, &resolved.seeds(), prefix, text)?;
                Ok(Clause::Number(vec![test]))
            }
            _ => {
                let range = DateRange::parse(resolved, text)?;
                let test = match prefix {
                    Some(prefix) => range.test(prefix, self.planner.now),
                    None => range.overlap(),
                };
                Ok(match is_updated {
                    true => Clause::LastUpdated(vec![test]),
                    false => clauses::dates(self.planner, resolved, vec![test]),
                })
            }
        }
    }

    fn discrete(
        &self,
        resolved: &Resolved<'_>,
        test: &Test,
    ) -> Result<Option<Clause>, SearchError> {
        let is_token = resolved.search_type == SearchType::Token;
        let mut definitions = resolved.definitions.iter();
        let index = self.planner.index;
        // Values of filters have no case; identifiers and ids have all the same.
        let resolved = &Resolved {
            is_uncased: is_token && !definitions.any(|one| index.is_cased(one.0, resolved.code)),
            ..resolved.clone()
        };
        let equal = || clauses::condition(self.planner, resolved);
        let coded = |modifier| {
            let asked = Resolved {
                modifier: Some(modifier),
                ..resolved.clone()
            };
            clauses::condition(self.planner, &asked)
        };
        match test.operator {
            Operator::Eq => equal(),
            Operator::Ne if resolved.code == "_id" => Ok(combine::not(equal()?)),
            Operator::Ne => {
                let is_single =
                    |one: &ResourceType| self.planner.index.is_single(*one, resolved.code);
                if !resolved.types().iter().all(is_single) {
                    let message = "'ne' asks for a value other than that among several, which is not indexed; \
                                   'not (... eq ...)' asks for resources without it";
                    return Err(resolved.not_supported(message));
                }
                let present = clauses::presence(self.planner, resolved, false)?;
                Ok(combine::all([Some(present), combine::not(equal()?)]))
            }
            // The value subsumes what is below it.
            Operator::Ss if is_token => coded("below"),
            Operator::Sb if is_token => coded("above"),
            Operator::In if is_token => coded("in"),
            Operator::Ni if is_token => coded("not-in"),
            other => Err(meaningless(resolved, other)),
        }
    }
}

fn prefix(operator: Operator) -> Option<Prefix> {
    match operator {
        Operator::Eq => Some(Prefix::Eq),
        Operator::Ne => Some(Prefix::Ne),
        Operator::Gt => Some(Prefix::Gt),
        Operator::Lt => Some(Prefix::Lt),
        Operator::Ge => Some(Prefix::Ge),
        Operator::Le => Some(Prefix::Le),
        Operator::Ap => Some(Prefix::Ap),
        Operator::Sa => Some(Prefix::Sa),
        Operator::Eb => Some(Prefix::Eb),
        Operator::Co
        | Operator::Sw
        | Operator::Ew
        | Operator::Pr
        | Operator::Po
        | Operator::Ss
        | Operator::Sb
        | Operator::In
        | Operator::Ni
        | Operator::Re => None,
    }
}

/// Operators that mean something to a search type.
fn meaningful(search_type: SearchType) -> &'static str {
    match search_type {
        SearchType::String => "eq, ne, co, sw, ew, gt, lt, ge, le, pr",
        SearchType::Number | SearchType::Quantity => "eq, ne, gt, lt, ge, le, ap, sa, eb, pr",
        SearchType::Date => "eq, ne, gt, lt, ge, le, ap, sa, eb, po, pr",
        SearchType::Token => "eq, ne, pr, ss, sb, in, ni",
        SearchType::Uri => "eq, ne, pr",
        SearchType::Reference => "re, pr",
        SearchType::Special => "pr",
        SearchType::Composite => "none",
    }
}

fn meaningless(resolved: &Resolved<'_>, operator: Operator) -> SearchError {
    let kind = resolved.search_type;
    let message = format!(
        "'{}' means nothing to {} parameters; there are: {}",
        operator.code(),
        kind.code(),
        meaningful(kind)
    );
    resolved.unknown(message)
}

/// Says which test an error is about, by its names alone.
fn at(error: SearchError, test: &Test) -> SearchError {
    let mut path: Vec<&str> = test.steps.iter().map(|one| &*one.code).collect();
    path.push(&test.code);
    let message = format!("at '{}': {}", path.join("."), error.message);
    SearchError {
        message: message.into(),
        ..error
    }
}

#[cfg(test)]
mod tests;
