//! What is asked before a record is opened. What is then seen, the tests of admission ask.

use super::*;

fn params(reason: &str, justification: &str, minutes: Option<i32>) -> OpenRecordParams {
    OpenRecordParams {
        reason: Document::parse(reason.to_owned()).unwrap(),
        justification: justification.to_owned(),
        minutes,
    }
}

#[test]
fn a_reason_words_and_a_time_are_asked() {
    let etreat = format!(r#"{{"system":"{REASONS}","code":"ETREAT"}}"#);
    let check = |params: &OpenRecordParams, expected: Option<i64>| {
        let minutes = asked(params).ok().map(|(_, minutes)| minutes);
        assert_eq!(minutes, expected);
    };
    let why = "found unconscious";
    check(&params(&etreat, why, None), Some(60));
    check(&params(&etreat, why, Some(240)), Some(240));
    check(&params(&etreat, why, Some(241)), None);
    check(&params(&etreat, "  too short    ", None), None);
    for other in [
        r#"{"code":"ETREAT"}"#.to_owned(),
        etreat.replace("ETREAT", "TREAT"),
    ] {
        check(&params(&other, why, None), None);
    }
}
