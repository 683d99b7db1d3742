//! Plans of R4's own parameters, for tests, and how they are shown; nothing where the packages are absent.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::*;
use crate::definitions::fixtures::definitions;
use crate::search::index_plan::fixtures::index_plan;
use crate::search::plan::{Criteria, StringOrder, StringTest, TextPart};
use crate::search::query::QueryLimits;

pub(in crate::search) fn resource_type(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

/// Types with commas between.
pub(in crate::search) fn resource_types(names: &str) -> Vec<ResourceType> {
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(resource_type).collect()
}

pub(in crate::search) fn planner(handling: Handling) -> Option<Planner<'static>> {
    Some(Planner {
        parameters: &definitions()?.search_parameters,
        index: index_plan()?,
        base_url: "http://here/fhir",
        now: "2024-01-11T00:00:00Z".parse().unwrap(),
        handling,
        limits: PlanLimits::default(),
        // What is asked of codes is noted, and nothing has them.
        codes: Some(Box::leak(Box::default())),
    })
}

/// The plan of a query over types.
pub(in crate::search) fn planned(
    types: &str,
    text: &str,
    handling: Handling,
) -> Option<Result<Plan, SearchError>> {
    let planner = planner(handling)?;
    let query = Query::parse(text, QueryLimits::default());
    Some(query.and_then(|query| planner.plan(&resource_types(types), &query)))
}

/// The clauses of `Type?query`, or the refusal, in words.
pub(in crate::search) fn shown_plan(query: &str) -> Option<String> {
    let (types, text) = query.split_once('?').unwrap();
    Some(match planned(types, text, Handling::Strict)? {
        Ok(plan) => list(&plan.clauses, " & "),
        Err(error) => format!("{:?} {error}", error.kind),
    })
}

fn list(clauses: &[Clause], between: &str) -> String {
    clauses.iter().map(shown).collect::<Vec<_>>().join(between)
}

/// A clause in words; elements are only counted.
pub(in crate::search) fn shown(clause: &Clause) -> String {
    match clause {
        Clause::AnyToken(elements) => format!("has {}", elements.len()),
        Clause::NoToken(elements) => format!("lacks {}", elements.len()),
        Clause::Ids(ids) => format!(
            "id {}",
            ids.iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
                .join(",")
        ),
        Clause::NotIds(ids) => format!("no id {}", ids.len()),
        Clause::Types(types) => format!("type {}", names(types)),
        Clause::LastUpdated(tests) => format!("updated {}", tests.len()),
        Clause::String { parameters, tests } => {
            let tests: Vec<String> = tests.iter().map(string).collect();
            format!("{} {}", seeds(parameters), tests.join(","))
        }
        Clause::Date {
            parameters,
            tests,
            single,
        } => {
            let tests: Vec<&str> = tests.iter().map(|one| one.prefix.code()).collect();
            let single = if *single { "1" } else { "n" };
            format!("{} {}:{single}", seeds(parameters), tests.join(","))
        }
        Clause::Number(tests) => {
            let shown = tests.iter().map(|one| {
                let bounds = [&one.lower, &one.exact, &one.upper];
                let bounds = bounds
                    .map(bigdecimal::BigDecimal::to_plain_string)
                    .join("<");
                let unit = if one.unit.is_some() { " unit" } else { "" };
                format!(
                    "{} {} {bounds}{unit}",
                    seeds(&one.parameters),
                    one.prefix.code()
                )
            });
            shown.collect::<Vec<_>>().join(" | ")
        }
        Clause::Near { parameters, tests } => format!("{} near {}", seeds(parameters), tests.len()),
        Clause::Text {
            part: TextPart::Narrative,
            query,
        } => format!("narrative {query:?}"),
        Clause::Text {
            part: TextPart::Content,
            query,
        } => format!("content {query:?}"),
        Clause::RefersTo { seeds: by, target } => format!("{} -> {}", seeds(by), criteria(target)),
        Clause::ReferredBy { seeds: by, source } => {
            format!("{} <- {}", seeds(by), criteria(source))
        }
        Clause::Names { ways, other } => format!("{} names {}", ways.len(), criteria(other)),
        Clause::All(clauses) => format!("({})", list(clauses, " & ")),
        Clause::Any(clauses) => format!("({})", list(clauses, " | ")),
        Clause::Not(clause) => format!("not {}", shown(clause)),
        Clause::Nothing => "nothing".to_owned(),
    }
}

fn string(test: &StringTest) -> String {
    match test {
        StringTest::StartsWith(text) => format!("{text}*"),
        StringTest::Contains(text) => format!("*{text}*"),
        StringTest::EndsWith(text) => format!("*{text}"),
        StringTest::Compares(order, text) => {
            let order = match order {
                StringOrder::Equal => "=",
                StringOrder::NotEqual => "!=",
                StringOrder::Greater => ">",
                StringOrder::Less => "<",
                StringOrder::GreaterOrEqual => ">=",
                StringOrder::LessOrEqual => "<=",
            };
            format!("{order}{text}")
        }
    }
}

fn criteria(criteria: &Criteria) -> String {
    format!(
        "{}[{}]",
        names(&criteria.resource_types),
        list(&criteria.clauses, " & ")
    )
}

fn names(types: &[ResourceType]) -> String {
    match types.len() {
        0..=6 => types
            .iter()
            .map(|one| one.name())
            .collect::<Vec<_>>()
            .join(","),
        many => format!("{many} types"),
    }
}

/// Seeds by the parameter that is named most plainly for them.
pub(in crate::search) fn seeds(seeds: &[i64]) -> String {
    let Some(index) = index_plan() else {
        return String::new();
    };
    static NAMES: OnceLock<HashMap<i64, String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut all = Vec::new();
        for one in ResourceType::all() {
            for code in index.codes(one) {
                let seeds = index.seeds(one, code).iter();
                all.extend(seeds.map(|seed| {
                    (
                        seed.seed,
                        seed.target.is_some(),
                        code.len(),
                        format!("{one}.{code}"),
                    )
                }));
            }
        }
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.into_iter()
            .map(|(seed, _, _, name)| (seed, name))
            .collect()
    });
    match seeds.len() {
        0..=4 => {
            let name = |seed: &i64| names.get(seed).map_or("?", |name| name).to_owned();
            combine::sorted(seeds.iter().map(name)).join(",")
        }
        many => format!("{many} seeds"),
    }
}
