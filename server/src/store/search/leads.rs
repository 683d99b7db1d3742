//! Where a search can begin: rows that an index names, of which the other conditions are asked.

use fhir::ids::ResourceType;
use fhir::search::hash::is_listed;
use fhir::search::plan::{Clause, Criteria, Sort};

use super::by_number;
use super::conditions::{columns, is_cheap, push_all, push_types};
use super::estimate::{Estimator, about_the_same_period, share};
use super::lead_rows::push_lead;
use super::listed;
use super::order::{in_content, push_content_key};
use super::ranges;
use super::statement::Statement;

/// The first step from an index to rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead<'a> {
    /// Rows that have all of these elements.
    Elements(Vec<i64>),
    /// Rows that pass these clauses by their value rows, references or keys; the clauses need not be asked again where
    /// they are exact.
    Clauses(Vec<&'a Clause>),
    /// Rows that pass some clauses by their value rows or lists, and others by their numbers, before they are visited.
    Numbers {
        leading: Vec<&'a Clause>,
        asked: Vec<&'a Clause>,
    },
    /// Rows of the types searched.
    Everything,
}

/// A lead, and what it is thought to cost.
#[derive(Clone, Debug)]
pub(super) struct Choice<'a> {
    pub(super) lead: Lead<'a>,
    /// Rows it names.
    pub(super) rows: i64,
    /// Nanoseconds until their numbers are known.
    pub(super) finding: i64,
    /// Nanoseconds until all of them have been visited.
    pub(super) cost: i64,
}

/// All clauses with those inside `All`.
pub(super) fn flat(clauses: &[Clause]) -> Vec<&Clause> {
    let mut all = Vec::with_capacity(clauses.len());
    for clause in clauses {
        match clause {
            Clause::All(parts) => all.extend(flat(parts)),
            other => all.push(other),
        }
    }
    all
}

/// The lead that costs least to follow.
pub(super) fn choose<'a>(
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&'a Clause],
) -> Choice<'a> {
    let everything = estimator.rows_of(types);
    let mut best = Choice {
        lead: Lead::Everything,
        rows: everything,
        finding: everything.saturating_mul(ROW),
        cost: everything.saturating_mul(ROW),
    };
    let mut consider = |choice: Choice<'a>| {
        let is_everything = best.lead == Lead::Everything;
        let whole = |one: &Choice<'a>| one.cost.saturating_add(asking_left(clauses, one));
        // An index that names the rows is better than all of them even where nothing is known.
        if is_everything || whole(&choice) < whole(&best) {
            best = choice;
        }
    };
    if let Some(choice) = elements_lead(estimator, clauses) {
        consider(choice);
    }
    for clause in clauses {
        let single = matches!(clause, Clause::AnyToken(elements) if elements.len() == 1);
        if !single && let Some(choice) = clause_lead(estimator, types, clauses, clause) {
            consider(choice);
        }
        if let Some(choice) = numbers_lead(estimator, types, clauses, clause) {
            consider(choice);
        }
    }
    best
}

/// Nanoseconds for asking the rows of a lead what is left, but for chains, which are asked by other ways as well.
fn asking_left(clauses: &[&Clause], choice: &Choice<'_>) -> i64 {
    let (cheap, costly) = left_after(clauses, &choice.lead);
    let each: i64 = cheap
        .into_iter()
        .chain(costly)
        .map(|one| match one {
            clause if is_cheap(clause) => CHEAP,
            clause => by_number::cost(clause).unwrap_or(0),
        })
        .sum();
    choice.rows.saturating_mul(each)
}

/// Visiting a row, nanoseconds.
pub(super) const ROW: i64 = 1_500;
/// Reading an entry of an index, and finding its place among the others.
const ENTRY: i64 = 800;
/// Elements a resource is thought to have.
pub(super) const ELEMENTS: i64 = 30;
/// Those of them that are thought to be listed.
const LISTED: i64 = 3;
/// Reading an entry of a list of rows that is compared with another.
const MET: i64 = 10;
/// Looking at an element of a row.
const ELEMENT: i64 = 150;
/// Asking a column of a row.
const CHEAP: i64 = 200;
/// Following one number to rows by an index.
pub(super) const PROBE: i64 = 15_000;

fn elements_lead<'a>(estimator: &Estimator<'_>, clauses: &[&'a Clause]) -> Option<Choice<'a>> {
    let mut singles: Vec<(i64, i64)> = clauses
        .iter()
        .filter_map(|clause| match clause {
            Clause::AnyToken(elements) => match elements.as_slice() {
                [one] => Some((estimator.element(*one), *one)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    singles.sort_unstable();
    let (rarest, element) = *singles.first()?;
    let (mut rows, mut cost, mut elements) = (rarest, PROBE, vec![element]);
    for (count, element) in singles.into_iter().skip(1) {
        // A further list of rows is read where that costs less than half of visiting them: what both lists have may be far
        // less than chance says, or nothing.
        if rows > 100 && count <= rows.saturating_mul(60) {
            cost = cost.saturating_add(PROBE + count.saturating_mul(MET));
            rows = estimator.both(rows, count);
            elements.push(element);
        }
    }
    cost = cost.saturating_add(rows.saturating_mul(ROW));
    Some(Choice {
        lead: Lead::Elements(elements),
        rows,
        // Elements name rows by their place: their numbers are in the rows.
        finding: cost,
        cost,
    })
}

fn clause_lead<'a>(
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&'a Clause],
    clause: &'a Clause,
) -> Option<Choice<'a>> {
    let (mut rows, mut finding) = cost_of(estimator, types, clause)?;
    let mut joined = about_the_same_period(clause, clauses);
    if joined.is_empty() {
        joined.push(clause);
    } else {
        rows = estimator.dates(&joined);
        finding = PROBE.saturating_add(rows.saturating_mul(ENTRY));
    }
    Some(Choice {
        lead: Lead::Clauses(joined),
        rows,
        finding,
        cost: finding.saturating_add(rows.saturating_mul(ROW)),
    })
}

/// The rows of a clause, asked by their numbers what they answer; `None` where nothing else would be asked so.
fn numbers_lead<'a>(
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&'a Clause],
    clause: &'a Clause,
) -> Option<Choice<'a>> {
    let population = estimator.rows_of(types);
    let (mut rows, mut finding, leading) = match listed::elements(clause) {
        Some(elements) => {
            let lists = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            let rows = estimator.clause(types, clause);
            let finding = lists.saturating_mul(listed::PROBE);
            let read = rows.saturating_mul(listed::ENTRY);
            (rows, finding.saturating_add(read), vec![clause])
        }
        None => match clause_lead(estimator, types, clauses, clause)? {
            Choice {
                lead: Lead::Clauses(leading),
                rows,
                finding,
                ..
            } if by_number::cost(clause).is_some() => (rows, finding, leading),
            _ => return None,
        },
    };
    let mut asked = Vec::new();
    for (cost, passing, together) in by_number::askable(estimator, types, clauses, &leading) {
        finding = finding.saturating_add(rows.saturating_mul(cost));
        rows = share(rows, passing, population);
        asked.extend(together);
    }
    (!asked.is_empty()).then(|| Choice {
        cost: finding.saturating_add(rows.saturating_mul(ROW)),
        lead: Lead::Numbers { leading, asked },
        rows,
        finding,
    })
}

/// Rows of a clause as a lead, and nanoseconds until their numbers are known; `None` where it cannot be one.
fn cost_of(
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clause: &Clause,
) -> Option<(i64, i64)> {
    let rows = estimator.clause(types, clause);
    let listed = PROBE.saturating_add(rows.saturating_mul(ENTRY));
    let visited = PROBE.saturating_add(rows.saturating_mul(ROW));
    match clause {
        Clause::AnyToken(elements) => {
            let probes = PROBE.saturating_mul(i64::try_from(elements.len()).unwrap_or(i64::MAX));
            Some((rows, visited.saturating_add(probes)))
        }
        Clause::Ids(_) | Clause::Nothing => Some((rows, visited)),
        Clause::LastUpdated(tests) => {
            let is_open = tests
                .iter()
                .any(|test| test.prefix == fhir::search::period_test::Prefix::Ne);
            (!is_open).then_some((rows, visited.saturating_mul(2)))
        }
        Clause::String { .. }
        | Clause::Date { .. }
        | Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. } => ranges::has_index(clause).then_some((rows, listed)),
        Clause::RefersTo { seeds, target } => {
            let (targets, cost) = members(estimator, target);
            // Lists give numbers, the index of elements gives rows.
            let (found, probe) = match seeds.iter().copied().all(is_listed) {
                true => (listed, listed::PROBE),
                false => (visited, PROBE),
            };
            let probes = targets.saturating_mul(probe + ROW);
            Some((rows, found.saturating_add(cost).saturating_add(probes)))
        }
        Clause::ReferredBy { seeds, source } => {
            let (sources, cost) = members(estimator, source);
            let probes = sources.saturating_mul(ELEMENTS * ELEMENT + tried(seeds) * ROW);
            Some((rows, visited.saturating_add(cost).saturating_add(probes)))
        }
        Clause::Names { other, .. } => {
            let (sources, cost) = members(estimator, other);
            // Each of their elements is tried.
            let probes = sources.saturating_mul(ELEMENTS * ROW);
            Some((rows, visited.saturating_add(cost).saturating_add(probes)))
        }
        Clause::Any(parts) => {
            let mut cost = 0i64;
            for part in parts {
                cost = cost.saturating_add(cost_of(estimator, types, part)?.1);
            }
            Some((rows, cost))
        }
        Clause::All(parts) => {
            let choice = choose(estimator, types, &flat(parts));
            (choice.lead != Lead::Everything).then_some((choice.rows, choice.cost))
        }
        Clause::NoToken(_) | Clause::NotIds(_) | Clause::Types(_) | Clause::Not(_) => None,
    }
}

/// How many elements of a row are tried as references of these seeds.
pub(super) fn tried(seeds: &[i64]) -> i64 {
    match seeds.iter().copied().all(is_listed) {
        true => LISTED,
        false => ELEMENTS,
    }
}

/// How many resources meet criteria, and what it costs to find them.
pub(super) fn members(estimator: &Estimator<'_>, criteria: &Criteria) -> (i64, i64) {
    let rows = estimator.all(&criteria.resource_types, &criteria.clauses);
    let choice = choose(
        estimator,
        &criteria.resource_types,
        &flat(&criteria.clauses),
    );
    (rows, choice.cost)
}

/// Whether a clause that was the lead needs not be asked again.
fn is_exact(clause: &Clause) -> bool {
    match clause {
        Clause::String { .. }
        | Clause::Date { .. }
        | Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. }
        | Clause::RefersTo { .. }
        | Clause::ReferredBy { .. }
        | Clause::Names { .. } => true,
        Clause::AnyToken(_)
        | Clause::NoToken(_)
        | Clause::Ids(_)
        | Clause::NotIds(_)
        | Clause::Types(_)
        | Clause::LastUpdated(_)
        | Clause::All(_)
        | Clause::Any(_)
        | Clause::Not(_)
        | Clause::Nothing => false,
    }
}

/// What is still to be asked of the rows that a lead names: of their own columns, and of other tables.
pub(super) fn left_after<'a>(
    clauses: &[&'a Clause],
    lead: &Lead<'_>,
) -> (Vec<&'a Clause>, Vec<&'a Clause>) {
    let is_left = |clause: &&Clause| match lead {
        Lead::Elements(elements) => {
            !matches!(clause, Clause::AnyToken(one) if one.len() == 1 && elements.contains(&one[0]))
        }
        Lead::Clauses(leading) => {
            !(is_exact(clause) && leading.iter().any(|lead| std::ptr::eq(*lead, *clause)))
        }
        Lead::Numbers { leading, asked } => {
            let mut answered = leading.iter().chain(asked);
            !answered.any(|one| std::ptr::eq(*one, *clause))
        }
        Lead::Everything => true,
    };
    clauses
        .iter()
        .copied()
        .filter(is_left)
        .partition(|clause| is_cheap(clause))
}

/// What is read of the rows that a lead names.
pub(super) struct Reading<'a> {
    /// Columns of `r`.
    pub(super) columns: String,
    /// The order, of which those values are read that stand in the content.
    pub(super) sort: &'a [Sort],
}

impl<'a> Reading<'a> {
    /// All that conditions may look at.
    pub(super) fn of_rows(sort: &'a [Sort]) -> Self {
        Self {
            columns: columns("r"),
            sort,
        }
    }
}

/// Writes a CTE of the rows that a lead names, as far as their own columns pass; gives its name and what is left to ask.
pub(super) fn push_candidates<'a>(
    statement: &mut Statement,
    estimator: &Estimator<'_>,
    types: &[ResourceType],
    clauses: &[&'a Clause],
    lead: &Lead<'a>,
    cap: Option<i64>,
    reading: &Reading<'_>,
) -> (String, Vec<&'a Clause>) {
    let (cheap, costly) = left_after(clauses, lead);
    let name = match lead {
        Lead::Elements(elements) => {
            let name = statement.begin_with("c");
            push_selected(statement, reading);
            statement
                .push(" where r.tok @> ")
                .elements(elements)
                .push(" and not r.deleted and ");
            push_types(statement, "r", types);
            statement.push(" and ");
            push_all(statement, "r", cheap);
            statement.cap(&name, cap);
            name
        }
        Lead::Clauses(leading) | Lead::Numbers { leading, .. } => {
            let rows = push_lead(statement, estimator, types, leading, cap);
            let name = statement.begin_with("c");
            statement.push("select r.* from ");
            by_number::push_numbers(statement, &rows, lead, None, |_| {});
            statement.push(" l cross join lateral (");
            push_selected(statement, reading);
            statement.push(" where r.rid = l.rid and not r.deleted and ");
            push_types(statement, "r", types);
            statement.push(" and ");
            push_all(statement, "r", cheap);
            statement.push(" offset 0) r");
            name
        }
        Lead::Everything => {
            let name = statement.begin_with("c");
            push_selected(statement, reading);
            statement.push(" where not r.deleted and ");
            push_walked_types(statement, "r", types);
            push_all(statement, "r", cheap);
            statement.cap(&name, cap);
            name
        }
    };
    statement.push(")");
    (name, costly)
}

fn push_selected(statement: &mut Statement, reading: &Reading<'_>) {
    statement.push("select ").push(&reading.columns);
    for (n, key) in in_content(reading.sort) {
        statement.push(", ");
        push_content_key(statement, "r", key);
        statement.push(format!(" as k{n}"));
    }
    statement.push(" from resource r");
}

/// The types, so that an index on them is used; followed by `and`.
pub(super) fn push_walked_types(statement: &mut Statement, alias: &str, types: &[ResourceType]) {
    match types {
        [] => {}
        [one] => {
            statement
                .push(format!("{alias}.resource_type = "))
                .text(one.name())
                .push(" and ");
        }
        several => {
            let names = several.iter().map(|one| one.name().to_owned()).collect();
            statement
                .push(format!("{alias}.resource_type = any("))
                .texts(names)
                .push(") and ");
        }
    }
}
