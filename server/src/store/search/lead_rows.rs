//! The numbers of the rows that a lead names, as common table expressions.

use fhir::ids::ResourceType;
use fhir::search::hash::is_listed;
use fhir::search::plan::{Clause, Criteria};

use super::conditions::{push_all, push_any};
use super::elements::push_rows_with;
use super::estimate::Estimator;
use super::leads::{Reading, choose, flat, left_after, push_candidates, push_walked_types};
use super::listed;
use super::periods::push_instant_test;
use super::ranges;
use super::statement::Statement;

/// Writes a CTE with the column `rid`, with repetitions: every row that passes all of the clauses is in it.
pub(super) fn push_lead(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&Clause],
    cap: Option<i64>,
) -> String {
    let name = match clauses {
        [Clause::RefersTo { seeds, target }] => {
            push_refers_to(statement, estimator, seeds, target, cap, &|_| {})
        }
        [Clause::ReferredBy { seeds, source }] => {
            push_referred_by(statement, estimator, seeds, source, cap)
        }
        [Clause::Names { ways, other }] => push_names(statement, estimator, ways, other, cap),
        [Clause::All(parts)] => {
            let parts = flat(parts);
            let choice = choose(estimator, types, &parts);
            let (candidates, left) = push_candidates(
                statement,
                estimator,
                types,
                &parts,
                &choice.lead,
                cap,
                &Reading::of_rows(&[]),
            );
            let name = statement.begin_with("l");
            statement.push(format!("select c.rid from {candidates} c where "));
            push_all(statement, "c", left);
            name
        }
        [Clause::Any(parts)] => {
            let leads: Vec<String> = parts
                .iter()
                .map(|part| push_lead(statement, estimator, types, &[part], cap))
                .collect();
            let name = statement.begin_with("l");
            let leads: Vec<String> = leads
                .iter()
                .map(|lead| format!("select rid from {lead}"))
                .collect();
            statement.push(leads.join(" union all "));
            name
        }
        _ => {
            let name = statement.begin_with("l");
            push_simple_lead(statement, types, clauses);
            statement.cap(&name, cap);
            name
        }
    };
    statement.push(")");
    name
}

fn push_simple_lead(statement: &mut Statement, types: &[ResourceType], clauses: &[&Clause]) {
    match clauses {
        [clause] if let Some(elements) = listed::elements(clause) => {
            statement
                .push("select l.rid from index_element l where l.element = any(")
                .elements(elements)
                .push(")");
        }
        [Clause::AnyToken(elements)] => push_rows_with(statement, elements),
        [Clause::Ids(ids)] => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let names = match types {
                [] => ResourceType::all()
                    .map(|one| one.name().to_owned())
                    .collect(),
                some => some.iter().map(|one| one.name().to_owned()).collect(),
            };
            statement
                .push("select r.rid from resource r where r.resource_type = any(")
                .texts(names)
                .push(") and r.id = any(")
                .texts(ids)
                .push(")");
        }
        [Clause::LastUpdated(tests)] => {
            statement.push("select r.rid from (select c.resource_type, c.id, c.version_id from change c where ");
            push_walked_types(statement, "c", types);
            push_any(statement, tests, |statement, test| {
                push_instant_test(statement, test, "c.at")
            });
            statement.push(" offset 0) c cross join lateral (select r.rid from resource r where r.resource_type = c.resource_type and r.id = c.id and r.version_id = c.version_id offset 0) r");
        }
        [Clause::Nothing] => {
            statement.push("select r.rid from resource r where false");
        }
        values => {
            statement.push("select v.rid from (");
            ranges::push_rows(statement, values);
            statement.push(") v");
        }
    }
}

/// From the targets to the rows that refer to them: one look into the lists or the index of elements for each. `newest` may
/// say which of a list are enough.
pub(super) fn push_refers_to(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    seeds: &[i64],
    target: &Criteria,
    cap: Option<i64>,
    newest: &dyn Fn(&mut Statement),
) -> String {
    let members = push_members(statement, estimator, target, "key_hash", cap);
    let name = statement.begin_with("l");
    statement
        .push(format!("select r.rid from {members} t cross join unnest("))
        .elements(seeds)
        .push(") seeds(seed) cross join lateral (");
    if seeds.iter().copied().all(is_listed) {
        statement.push(
            "select l.rid from index_element l where l.element = (t.key_hash & -2) # seeds.seed",
        );
        newest(statement);
    } else {
        statement.push(
            "select r.rid from resource r where r.tok @> array[(t.key_hash & -2) # seeds.seed]",
        );
    }
    statement.push(" offset 0) r");
    statement.cap(&name, cap);
    name
}

/// From the rows that refer to those they refer to: each element that is listed where the references are, or is not where
/// they are not, is tried as one.
fn push_referred_by(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    seeds: &[i64],
    source: &Criteria,
    cap: Option<i64>,
) -> String {
    let members = push_members(statement, estimator, source, "tok", cap);
    let name = statement.begin_with("l");
    statement
        .push(format!(
            "select r.rid from (select distinct e.element # seeds.seed as key_hash from (select unnest(t.tok) as element from {members} t) e cross join unnest("
        ))
        .elements(seeds)
        .push(") seeds(seed) where (e.element # seeds.seed) & 1 = 0) t cross join lateral (select r.rid from resource r where r.key_hash & -2 = t.key_hash and not r.deleted offset 0) r");
    statement.cap(&name, cap);
    name
}

/// From the resources at one end of canonical references to those at the other: each element is tried as one of them.
fn push_names(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    ways: &[i64],
    other: &Criteria,
    cap: Option<i64>,
) -> String {
    let members = push_members(statement, estimator, other, "tok", cap);
    let name = statement.begin_with("l");
    statement
        .push(format!(
            "select r.rid from (select distinct e.element # ways.way as element from (select unnest(t.tok) as element from {members} t) e cross join unnest("
        ))
        .elements(ways)
        .push(") ways(way)) t cross join lateral (select r.rid from resource r where r.tok @> array[t.element] offset 0) r");
    statement.cap(&name, cap);
    name
}

/// A CTE of the resources that meet criteria, with one of their columns.
pub(super) fn push_members(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    criteria: &Criteria,
    column: &str,
    cap: Option<i64>,
) -> String {
    let clauses = flat(&criteria.clauses);
    let types = &criteria.resource_types;
    let choice = choose(estimator, types, &clauses);
    // Where nothing is left to ask, more is not read.
    let mut reading = Reading::of_rows(&[]);
    if left_after(&clauses, &choice.lead).1.is_empty() {
        reading.columns = format!("r.{column}");
    }
    let (candidates, left) = push_candidates(
        statement,
        estimator,
        types,
        &clauses,
        &choice.lead,
        cap,
        &reading,
    );
    if left.is_empty() {
        return candidates;
    }
    let name = statement.begin_with("t");
    statement.push(format!("select c.{column} from {candidates} c where "));
    push_all(statement, "c", left);
    statement.push(")");
    name
}
