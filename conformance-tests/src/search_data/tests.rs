//! What counts as a match, and what is contested, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::{Known, Search, correct, encoded, matches, searches};
use crate::json::read;

#[test]
fn only_matches_count() {
    let check = |bundle: &str, expected: usize| {
        assert_eq!(matches(&read(bundle).unwrap()), expected, "{bundle}");
    };
    check(r#"{"total":0}"#, 0);
    check(
        r#"{"entry":[{"search":{"mode":"match"}},{"search":{"mode":"include"}},
            {"search":{"mode":"outcome"}},{"search":{"mode":"match"}},{"resource":{}}]}"#,
        2,
    );
}

#[test]
fn a_query_is_sent_as_it_is_meant() {
    let check = |query: &str, expected: &str| assert_eq!(encoded(query), expected);
    check("a:missing=true&b=1", "a:missing=true&b=1");
    check("telecom=|(03) 5", "telecom=%7C%2803%29%205");
    check("v=1+|[kg]$ü", "v=1%2B%7C%5Bkg%5D%24%C3%BC");
}

#[test]
fn what_is_contested_has_to_be_a_search() {
    let mut all: Vec<Search> =
        serde_json::from_str(r#"[{"type":"Patient","query":"a=b","matchCount":1}]"#).unwrap();
    let known = |search: &str| -> Known {
        let text = format!(r#"{{"contested":[{{"search":"{search}","count":0,"reason":"r"}}]}}"#);
        serde_json::from_str(&text).unwrap()
    };
    correct(&mut all, &known("Patient?a=b")).unwrap();
    assert_eq!(all.first().unwrap().match_count, 0);
    let fault = correct(&mut all, &known("Patient?a=c")).unwrap_err();
    assert_eq!(fault, "there is no search Patient?a=c");
}

#[test]
fn without_the_folder_there_are_no_searches() {
    assert!(searches(std::path::Path::new("/nowhere")).is_none());
}
