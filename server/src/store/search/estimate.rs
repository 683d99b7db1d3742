//! How many rows a condition is thought to have.

use fhir::ids::ResourceType;
use fhir::search::fold::prefix_end;
use fhir::search::period_test::PeriodTest;
use fhir::search::plan::{Clause, NumberTest, StringOrder, StringTest};

use super::elements::is_long;
use super::leads::flat;
use super::ranges::{DateBounds, number_bounds};
use super::statistics::Statistics;

/// What is assumed of that of which nothing is known.
const UNKNOWN: i64 = 100;

/// Estimates from statistics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimator<'a> {
    statistics: &'a Statistics,
}

impl<'a> Estimator<'a> {
    pub(super) fn new(statistics: &'a Statistics) -> Self {
        Self { statistics }
    }

    /// Rows of the types; of all where none is named.
    pub(super) fn rows_of(&self, types: &[ResourceType]) -> i64 {
        if types.is_empty() {
            return self.statistics.rows.max(1);
        }
        let counted = types
            .iter()
            .map(|one| self.statistics.types.get(one.name()).copied().unwrap_or(0));
        counted.sum::<i64>().max(1)
    }

    /// Rows with an element.
    pub(super) fn element(&self, element: i64) -> i64 {
        match self.statistics.elements.get(&element) {
            Some(rows) => *rows,
            None => (self.statistics.least / 4).clamp(1, UNKNOWN),
        }
    }

    /// Rows with one of the elements. Of a long list, such as the codes of a value set, most are nowhere.
    fn one_of(&self, elements: &[i64]) -> i64 {
        if !is_long(elements) {
            return elements.iter().map(|one| self.element(*one)).sum();
        }
        let known = |one: &i64| self.statistics.elements.get(one);
        let rows: i64 = elements.iter().filter_map(known).sum();
        let unknown = elements.len() - elements.iter().filter_map(known).count();
        rows.saturating_add(i64::try_from(unknown).unwrap_or(i64::MAX))
    }

    /// Rows with both of two things that have nothing to do with each other.
    pub(super) fn both(&self, one: i64, other: i64) -> i64 {
        share(one, other, self.statistics.rows.max(1))
    }

    /// Rows of the types that pass all clauses.
    pub(super) fn all(&self, types: &[ResourceType], clauses: &[Clause]) -> i64 {
        let population = self.rows_of(types);
        let clauses = flat(clauses);
        let mut rows = population;
        for clause in &clauses {
            if clauses.iter().any(|one| stands_beside(one, clause)) {
                continue;
            }
            let same = about_the_same_period(clause, &clauses);
            let counted = match same.first() {
                // Counted with the first of them.
                Some(first) if !std::ptr::eq(*first, *clause) => continue,
                Some(_) => self.dates(&same),
                None => self.clause(types, clause),
            };
            rows = share(rows, counted, population);
        }
        rows
    }

    /// Rows of the types that pass a clause.
    pub(super) fn clause(&self, types: &[ResourceType], clause: &Clause) -> i64 {
        let population = self.rows_of(types);
        let rows = match clause {
            Clause::AnyToken(elements) => self.one_of(elements),
            Clause::NoToken(elements) => population - self.one_of(elements),
            Clause::Ids(ids) => i64::try_from(ids.len()).unwrap_or(i64::MAX),
            Clause::NotIds(_) => population,
            Clause::Types(types) => self.rows_of(types),
            Clause::LastUpdated(tests) => tests
                .iter()
                .map(|test| self.instants(test, population))
                .sum(),
            Clause::String { parameters, tests } => tests
                .iter()
                .map(|test| self.strings(parameters, test))
                .sum(),
            Clause::Date { .. } => self.dates(&[clause]),
            Clause::Number(tests) => tests.iter().map(|test| self.numbers(test)).sum(),
            Clause::Near { .. } | Clause::Text { .. } => UNKNOWN,
            Clause::RefersTo { target, .. } => {
                let targets = self.rows_of(&target.resource_types);
                share(
                    population,
                    self.all(&target.resource_types, &target.clauses),
                    targets,
                )
            }
            Clause::ReferredBy { source: other, .. } | Clause::Names { other, .. } => {
                self.all(&other.resource_types, &other.clauses)
            }
            Clause::All(clauses) => self.all(types, clauses),
            Clause::Any(clauses) => clauses.iter().map(|one| self.clause(types, one)).sum(),
            Clause::Not(clause) => population - self.clause(types, clause),
            Clause::Nothing => 0,
        };
        rows.clamp(1, population)
    }

    fn instants(&self, test: &PeriodTest, population: i64) -> i64 {
        let bounds = DateBounds::of([test]);
        let from = bounds.begins_from.or(bounds.ends_from);
        share(
            population,
            self.statistics.changes(from, bounds.begins_to),
            1000,
        )
    }

    fn strings(&self, parameters: &[i64], test: &StringTest) -> i64 {
        let strings = &self.statistics.strings;
        let one = |parameter: &i64| match test {
            StringTest::StartsWith(text) => {
                let end = prefix_end(text);
                strings.between(*parameter, Some(&**text), end.as_deref())
            }
            StringTest::Contains(_) | StringTest::EndsWith(_) => strings.all(*parameter) / 50,
            StringTest::Compares(StringOrder::Equal, _) => strings.all(*parameter) / 1000,
            StringTest::Compares(..) => strings.all(*parameter) / 3,
        };
        parameters.iter().map(one).sum()
    }

    /// Rows whose periods pass date clauses about the same period.
    pub(super) fn dates(&self, clauses: &[&Clause]) -> i64 {
        let mut parameters: &[i64] = &[];
        let mut least = i64::MAX;
        let mut joined = Vec::new();
        for clause in clauses {
            if let Clause::Date {
                parameters: seeds,
                tests,
                ..
            } = clause
            {
                parameters = seeds;
                least = least.min(tests.iter().map(|test| self.period(seeds, &[*test])).sum());
                if let [test] = tests.as_slice() {
                    joined.push(*test);
                }
            }
        }
        match joined.as_slice() {
            [] => least,
            tests => least.min(self.period(parameters, tests)),
        }
    }

    fn period(&self, parameters: &[i64], tests: &[PeriodTest]) -> i64 {
        let bounds = DateBounds::of(tests);
        let from = bounds.begins_from.max(bounds.ends_from);
        parameters
            .iter()
            .map(|seed| {
                self.statistics
                    .dates
                    .between(*seed, from.as_ref(), bounds.begins_to.as_ref())
            })
            .sum()
    }

    fn numbers(&self, test: &NumberTest) -> i64 {
        let (begins_from, ends_from, begins_to) = number_bounds(test);
        test.parameters
            .iter()
            .map(|seed| {
                self.statistics
                    .numbers
                    .between(*seed, begins_from.or(ends_from), begins_to)
            })
            .sum()
    }
}

/// Whether what passes a clause of numbers is thought to pass another, of the codes beside which they stand.
pub(super) fn stands_beside(numbers: &Clause, code: &Clause) -> bool {
    match (numbers, code) {
        (Clause::Number(tests), Clause::AnyToken(elements)) => {
            !elements.is_empty() && tests.iter().all(|test| test.beside == *elements)
        }
        _ => false,
    }
}

/// The clauses about the one period that a clause speaks of, where no resource has more than one.
pub(super) fn about_the_same_period<'a>(
    clause: &Clause,
    clauses: &[&'a Clause],
) -> Vec<&'a Clause> {
    let Clause::Date {
        parameters,
        single: true,
        ..
    } = clause
    else {
        return Vec::new();
    };
    clauses
        .iter()
        .copied()
        .filter(|other| {
            matches!(other, Clause::Date { parameters: same, single: true, .. } if same == parameters)
        })
        .collect()
}

/// `rows` of them, as `part` is of `whole`; at least one.
pub(super) fn share(rows: i64, part: i64, whole: i64) -> i64 {
    let whole = i128::from(whole.max(1));
    let shared = i128::from(rows.max(0)) * i128::from(part.max(0)) / whole;
    i64::try_from(shared).unwrap_or(i64::MAX).max(1)
}
