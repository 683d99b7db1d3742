//! Words that nothing is left with: what is put off, what is switched off, and tests that wait for a time.

use super::source::{Source, line, places};
use super::{File, files, none, said};

/// Not in code.
const UNFINISHED: [&str; 2] = ["todo!", "unimplemented!"];
/// Not in the code of tests.
const UNTRUSTED: [&str; 3] = ["#[ignore", "#[should_panic", "sleep("];
/// Not in comments.
const PUT_OFF: [&str; 2] = ["TODO", "FIXME"];

fn words(file: &File) -> Vec<String> {
    let mut broken = Vec::new();
    let mut found = |line: usize, word: &str| {
        broken.push(format!("{}:{line}: `{word}` is not left behind", file.path));
    };
    if !file.has_extension("rs") {
        for word in PUT_OFF {
            places(&file.text, word).for_each(|place| found(line(&file.text, place), word));
        }
        return broken;
    }
    let source = Source::of(file);
    for word in UNFINISHED {
        places(&source.code, word).for_each(|place| found(source.line(place), word));
    }
    for word in UNTRUSTED {
        places(source.tests(), word).for_each(|place| found(source.line_of_test(place), word));
    }
    for word in PUT_OFF {
        let comments = &source.comments;
        places(comments, word).for_each(|place| found(line(comments, place), word));
    }
    broken
}

#[test]
fn nothing_is_put_off_switched_off_or_left_to_time() {
    let all = files("", &["rs", "mjs", "ts", "tsx", "sql", "sh", "toml", "yaml"]);
    none(all.iter().flat_map(words).collect());
}

#[test]
fn a_word_is_found_where_it_counts() {
    let check = |path: &str, text: &str, expected: &str| {
        assert_eq!(said(words, path, text), expected, "{text}");
    };
    check("a.rs", "\ntodo!()", ":2: `todo!` is not left behind");
    check("a.rs", "f(\"todo!()\") // todo!()", "");
    check("a.rs", "a\n// TODO: b", ":2: `TODO` is not left behind");
    check("a.rs", "let TODO = 1; // TODOS", "");
    check("a.rs", "sleep(1)", "");
    let sleep = ":1: `sleep(` is not left behind";
    check("tests.rs", "tokio::time::sleep(second).await", sleep);
    check("tests.rs", "asleep(); pg_sleep()", "");
    let ignored = ":1: `#[ignore` is not left behind";
    check("tests.rs", "#[ignore = \"slow\"] fn a() {}", ignored);
    let panics = ":2: `#[should_panic` is not left behind";
    check("tests.rs", "\n#[should_panic]", panics);
    check("a.sql", "-- FIXME", ":1: `FIXME` is not left behind");
}
