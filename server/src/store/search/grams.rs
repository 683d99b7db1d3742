//! Strings by index: a prefix by its order, a part letter by letter, three at a time (`:contains`).

use fhir::search::grams::grams;
use fhir::search::plan::{StringOrder, StringTest};

use super::statement::Statement;

/// Whether an index can find the strings that pass. A part of less than three letters is in too many of them.
pub(super) fn has_index(test: &StringTest) -> bool {
    match test {
        StringTest::StartsWith(_) | StringTest::Compares(StringOrder::Equal, _) => true,
        StringTest::Contains(text) | StringTest::EndsWith(text) => !grams(0, text).is_empty(),
        StringTest::Compares(..) => false,
    }
}

/// What an index is asked beside the test itself, for each parameter.
pub(super) fn push_rows(statement: &mut Statement, parameters: &[i64], test: &StringTest) {
    match test {
        StringTest::Contains(text) | StringTest::EndsWith(text) => {
            for (place, parameter) in parameters.iter().enumerate() {
                if place > 0 {
                    statement.push(" union all ");
                }
                // Grams imply the parameter; `is true` keeps its own index out of it.
                statement
                    .push("select v.rid from index_string v where v.grams @> ")
                    .grams(&grams(*parameter, text))
                    .push(" and (v.parameter = ")
                    .integer(*parameter)
                    .push(") is true and ");
                super::conditions::push_string_test(statement, "v", test);
            }
        }
        StringTest::StartsWith(_) | StringTest::Compares(..) => {
            statement.push("select v.rid from index_string v where ");
            super::conditions::push_seeds(statement, "v", parameters);
            if let StringTest::Compares(_, text) = test {
                statement
                    .push(" and left(v.folded, 128) = left(")
                    .text(&**text)
                    .push(", 128)");
            }
            statement.push(" and ");
            super::conditions::push_string_test(statement, "v", test);
        }
    }
}
