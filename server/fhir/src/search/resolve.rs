//! Names of parameters become their definitions; a name that is unknown is told what there is.

use super::combine;
use super::error::SearchError;
use super::index_plan::ParameterSeed;
use super::planner::Planner;
use crate::definitions::search_parameters::{SearchParameter, SearchType};
use crate::ids::ResourceType;

/// A parameter, the types it is searched in, and its values.
#[derive(Clone, Debug)]
pub(super) struct Resolved<'a> {
    /// The name as it was written, for errors.
    pub(super) text: &'a str,
    pub(super) code: &'a str,
    pub(super) modifier: Option<&'a str>,
    /// Alternatives, escapes still in place.
    pub(super) values: Vec<&'a str>,
    pub(super) search_type: SearchType,
    /// Its definition for each type; never empty. All are of the same search type.
    pub(super) definitions: Vec<(ResourceType, &'a SearchParameter)>,
    /// Where its values are found, in all types.
    pub(super) places: Vec<(ResourceType, ParameterSeed)>,
    /// Whether capital and small letters of codes are the same.
    pub(super) is_uncased: bool,
}

/// Parameters without an expression that are answered all the same.
const WITHOUT_EXPRESSION: [&str; 3] = ["_content", "_filter", "_text"];

/// Parameters that no definition lists.
const WITHOUT_DEFINITION: [&str; 2] = ["_has", "_list"];

impl Resolved<'_> {
    pub(super) fn malformed(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::malformed(self.text, message)
    }

    pub(super) fn not_supported(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::not_supported(self.text, message)
    }

    pub(super) fn unknown(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::unknown(self.text, message)
    }

    pub(super) fn too_costly(&self, message: impl Into<Box<str>>) -> SearchError {
        SearchError::too_costly(self.text, message)
    }

    /// The types it is searched in.
    pub(super) fn types(&self) -> Vec<ResourceType> {
        self.definitions.iter().map(|one| one.0).collect()
    }

    /// The seeds of its values, sorted.
    pub(super) fn seeds(&self) -> Vec<i64> {
        combine::sorted(self.places.iter().map(|one| one.1.seed))
    }

    /// The seeds of what does not name the type of its target ([`ParameterSeed::own`]), sorted.
    pub(super) fn own_seeds(&self) -> Vec<i64> {
        combine::sorted(self.places.iter().map(|one| one.1.own()))
    }
}

impl<'a> Planner<'a> {
    /// The definition of a parameter of a type.
    pub(super) fn definition(
        &self,
        resource_type: ResourceType,
        code: &str,
    ) -> Option<&'a SearchParameter> {
        self.parameters.by_type_and_code(resource_type, code)
    }

    /// Refuses a parameter that is defined and not answered at the moment.
    pub(super) fn check_ready(
        &self,
        text: &str,
        resource_type: ResourceType,
        code: &str,
    ) -> Result<(), SearchError> {
        match self.parameters.unready().reason(resource_type, code) {
            None => Ok(()),
            Some(reason) => {
                let message = format!("{resource_type}.{code} {reason}");
                Err(SearchError::not_supported(text, message))
            }
        }
    }

    /// The seeds of a parameter of a type; none where it is not indexed.
    pub(super) fn seeds(&self, resource_type: ResourceType, code: &str) -> &'a [ParameterSeed] {
        self.index.seeds(resource_type, code)
    }

    /// The error about a name that one of the types searched lacks; it says what there is instead.
    pub(super) fn unknown_parameter(
        &self,
        scope: &[ResourceType],
        lacking: ResourceType,
        text: &str,
        code: &str,
    ) -> SearchError {
        let place = self.place(scope, lacking);
        SearchError::unknown(text, list(&place, code, &self.common_codes(scope)))
    }

    /// Where a name is unknown.
    pub(super) fn place(&self, scope: &[ResourceType], lacking: ResourceType) -> String {
        match scope {
            [one] => format!("{one} has no such parameter"),
            _ if scope.len() == ResourceType::all().count() => {
                "a search of all types has no such parameter".to_owned()
            }
            _ => format!("{lacking}, one of the types searched, has no such parameter"),
        }
    }

    /// Codes of the parameters that all of the types have and that are answered.
    pub(super) fn common_codes(&self, types: &[ResourceType]) -> Vec<&'a str> {
        let Some((first, others)) = types.split_first() else {
            return Vec::new();
        };
        let has = |code: &str| {
            others
                .iter()
                .all(|other| self.definition(*other, code).is_some())
        };
        let codes = self
            .parameters
            .for_type(*first)
            .filter(|one| one.expression.is_some() || WITHOUT_EXPRESSION.contains(&&*one.code))
            .map(|one| &*one.code)
            .filter(|code| has(code));
        combine::sorted(codes.chain(WITHOUT_DEFINITION))
    }
}

/// A sentence that lists what there is, the nearest name first where the name looks like a slip.
pub(super) fn list(place: &str, name: &str, names: &[&str]) -> String {
    let nearest = names
        .iter()
        .map(|one| (distance(name, one), one))
        .min()
        .filter(|one| one.0 <= name.len().min(9) / 3);
    let names = names.join(", ");
    match nearest {
        Some((_, nearest)) => format!("{place}; did you mean '{nearest}'? there are: {names}"),
        None => format!("{place}; there are: {names}"),
    }
}

/// How many letters must be added, dropped or changed to make one name of the other, case aside.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one
        .chars()
        .flat_map(char::to_lowercase)
        .take(64)
        .enumerate()
    {
        let mut corner = place;
        row[0] = place + 1;
        for (column, its) in other.iter().enumerate() {
            let changed = corner + usize::from(letter != *its);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_what_was_probably_meant() {
        let names = ["birthdate", "gender", "name", "given"];
        let check = |name: &str, expected: &str| {
            let message = list("no", name, &names);
            let expected = format!("no; {expected}there are: birthdate, gender, name, given");
            assert_eq!(message, expected, "{name}");
        };
        check("birthDate", "did you mean 'birthdate'? ");
        check("birth-date", "did you mean 'birthdate'? ");
        check("gendre", "did you mean 'gender'? ");
        check("nam", "did you mean 'name'? ");
        check("xy", "");
        check("weight", "");
        check("", "");
    }
}
