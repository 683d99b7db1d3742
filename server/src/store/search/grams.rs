//! Strings by index: a prefix by its order, anything else letter by letter (`:contains`).

use fhir::search::plan::StringTest;

use super::statement::Statement;

/// Whether an index can find the strings that pass.
pub(super) fn has_index(test: &StringTest) -> bool {
    match test {
        StringTest::StartsWith(_) => true,
        StringTest::Contains(_) | StringTest::EndsWith(_) | StringTest::Compares(..) => false,
    }
}

/// What an index is asked beside the test itself.
pub(super) fn push_bound(
    _statement: &mut Statement,
    _value: &str,
    _parameters: &[i64],
    _test: &StringTest,
) {
}
