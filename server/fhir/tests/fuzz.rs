//! What fuzzing kept, once more, and a few thousand inputs of proptest's making (`fuzz/README.md`).

#[path = "../fuzz/src/lib.rs"]
mod fuzzed;

use fuzzed::{Bench, import_codes, inputs};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

#[test]
fn whatever_is_searched_is_planned_or_refused() {
    let Some(bench) = Bench::new() else {
        return;
    };
    assert!(bench.parameters() > 1000, "R4 has more parameters");
    let kept = inputs(include_str!("../fuzz/corpus/search_query.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| bench.query(input));
    random(&kept, 4000, |input| bench.query(input));
}

#[test]
fn whatever_expression_a_parameter_has_is_indexed_or_refused() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let kept = inputs(include_str!("../fuzz/corpus/search_path.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| bench.path(input));
    random(&kept, 2000, |input| bench.path(input));
}

#[test]
fn whatever_an_expression_is_it_is_evaluated_within_its_limits_or_refused() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let kept = inputs(include_str!("../fuzz/corpus/fhirpath.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| bench.fhirpath(input));
    random(&kept, 4000, |input| bench.fhirpath(input));
}

#[test]
fn whatever_a_body_is_it_is_found_right_or_wrong() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let kept = inputs(include_str!("../fuzz/corpus/validate.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| bench.validate(input));
    random(&kept, 4000, |input| bench.validate(input));
}

#[test]
fn whatever_a_narrative_is_nothing_in_it_runs() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let kept = inputs(include_str!("../fuzz/corpus/narrative.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| bench.narrative(input));
    random(&kept, 4000, |input| bench.narrative(input));
}

#[test]
fn whatever_a_file_of_codes_is_it_is_read_or_refused() {
    let kept = inputs(include_str!("../fuzz/corpus/import_codes.txt"));
    assert!(!kept.is_empty());
    kept.iter().for_each(|input| import_codes(input));
    random(&kept, 4000, import_codes);
}

#[test]
fn a_corpus_file_keeps_every_byte() {
    for input in [&b"a=\\b"[..], b"", b"\x00\xff\n", "ü|".as_bytes()] {
        let line = fuzzed::line(input);
        assert!(line.is_ascii() && !line.contains('\n'), "{line}");
        assert_eq!(inputs(&format!("\n{line}\n")).concat(), input);
    }
}

/// Tries inputs that are joined from pieces of those that were kept, and from letters that mean something.
fn random(kept: &[Vec<u8>], cases: u32, check: impl Fn(&[u8])) {
    let signs = b"&=:.,|$\\%+-'\"()[]{}<>!~ \t_*#/?0123456789abcdegilnopstTZ\xc3\xa4".to_vec();
    let sign = select(signs).prop_map(|byte| vec![byte]);
    let piece =
        (select(kept.to_vec()), 0..64usize, 0..64usize).prop_map(|(input, from, length)| {
            let from = from.min(input.len());
            input[from..input.len().min(from + length)].to_vec()
        });
    let input = vec(prop_oneof![3 => piece, 1 => sign], 1..8).prop_map(|parts| parts.concat());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&input, |input| {
        check(&input);
        Ok(())
    });
    assert!(checked.is_ok(), "{checked:?}");
}
