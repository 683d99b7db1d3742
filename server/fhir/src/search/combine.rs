//! Clauses joined by and, or, not, in one form: flat, sorted, each once, so that equal searches are equal plans.

use super::plan::Clause;

/// All of the conditions; `None` is one that every resource meets.
pub(super) fn all(conditions: impl IntoIterator<Item = Option<Clause>>) -> Option<Clause> {
    let mut clauses = Vec::new();
    for clause in conditions.into_iter().flatten() {
        match clause {
            Clause::All(parts) => clauses.extend(parts),
            Clause::Nothing => return Some(Clause::Nothing),
            other => clauses.push(other),
        }
    }
    sort(&mut clauses);
    match clauses.len() {
        0 | 1 => clauses.pop(),
        _ => Some(Clause::All(clauses)),
    }
}

/// One of the conditions; without any, nothing matches.
pub(super) fn any(conditions: impl IntoIterator<Item = Option<Clause>>) -> Option<Clause> {
    let mut clauses = Vec::new();
    let mut elements = Vec::new();
    let mut add = |clause| match clause {
        Clause::AnyToken(more) => elements.extend(more),
        Clause::Nothing => {}
        other => clauses.push(other),
    };
    for condition in conditions {
        match condition? {
            Clause::Any(parts) => parts.into_iter().for_each(&mut add),
            other => add(other),
        }
    }
    if !elements.is_empty() {
        sort(&mut elements);
        clauses.push(Clause::AnyToken(elements));
    }
    sort(&mut clauses);
    match clauses.len() {
        0 => Some(Clause::Nothing),
        1 => clauses.pop(),
        _ => Some(Clause::Any(clauses)),
    }
}

/// The opposite of a condition.
pub(super) fn not(condition: Option<Clause>) -> Option<Clause> {
    Some(match condition {
        None => Clause::Nothing,
        Some(Clause::Nothing) => return None,
        Some(Clause::AnyToken(elements)) => Clause::NoToken(elements),
        Some(Clause::NoToken(elements)) => Clause::AnyToken(elements),
        Some(Clause::Ids(ids)) => Clause::NotIds(ids),
        Some(Clause::NotIds(ids)) => Clause::Ids(ids),
        Some(Clause::Not(clause)) => *clause,
        Some(clause) => Clause::Not(Box::new(clause)),
    })
}

/// In order, each once.
pub(super) fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

/// In order, each once.
pub(super) fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = items.into_iter().collect();
    sort(&mut list);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(element: i64) -> Option<Clause> {
        Some(Clause::AnyToken(vec![element]))
    }

    fn none_of(element: i64) -> Option<Clause> {
        Some(Clause::NoToken(vec![element]))
    }

    #[test]
    fn equal_conditions_have_one_form() {
        let check = |actual: Option<Clause>, expected: Option<Clause>| assert_eq!(actual, expected);
        check(all([]), None);
        check(all([None, token(1)]), token(1));
        check(
            all([token(2), token(1), token(2)]),
            all([token(1), token(2)]),
        );
        check(
            all([all([token(1), token(2)]), token(3)]),
            all([token(3), token(2), token(1)]),
        );
        check(all([token(1), any([])]), Some(Clause::Nothing));
        check(any([]), Some(Clause::Nothing));
        check(any([token(1), None]), None);
        check(
            any([token(2), token(1)]),
            Some(Clause::AnyToken(vec![1, 2])),
        );
        check(
            any([any([token(2), none_of(3)]), token(1)]),
            any([none_of(3), token(1), token(2)]),
        );
        check(any([any([]), none_of(1)]), none_of(1));
        check(not(None), Some(Clause::Nothing));
        check(not(Some(Clause::Nothing)), None);
        check(not(token(1)), none_of(1));
        check(not(none_of(1)), token(1));
        let both = all([token(1), token(2)]);
        check(not(not(both.clone())), both);
        let ids = Some(Clause::Ids(vec!["a".parse().unwrap()]));
        check(not(not(ids.clone())), ids);
    }
}
