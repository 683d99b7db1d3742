//! Grams of parts are grams of the whole.

use proptest::prelude::*;

use super::*;

#[test]
fn grams_are_of_three_letters_and_one_parameter() {
    let check = |folded: &str, expected: usize| {
        let grams = grams(7, folded);
        assert_eq!(grams.len(), expected, "{folded}");
        assert!(grams.is_sorted_by(|one, next| one < next), "{folded}");
    };
    check("", 0);
    check("ab", 0);
    check("éé", 0);
    check("abc", 1);
    check("ééé", 1);
    check("aaaa", 1);
    check("anna smith", 8);
    assert_ne!(grams(7, "abc"), grams(8, "abc"));
    assert_ne!(grams(7, "abc"), grams(7, "abd"));
    // Changes only with a reindex of everything stored.
    assert_eq!(grams(7, "abc"), [ABC]);
}

const ABC: i32 = 1_776_523_538;

proptest! {
    #[test]
    fn a_string_has_the_grams_of_each_of_its_parts(
        before in "\\PC{0,8}", part in "\\PC{0,8}", behind in "\\PC{0,8}", parameter: i64,
    ) {
        let whole = grams(parameter, &format!("{before}{part}{behind}"));
        for gram in grams(parameter, &part) {
            prop_assert!(whole.binary_search(&gram).is_ok());
        }
    }
}
