//! Text queries: what is read, in one form, and what is refused.

use super::*;

const LIMITS: TextLimits = TextLimits {
    words_max: 8,
    depth_max: 4,
};

/// As it could be written.
fn shown(query: &TextQuery) -> String {
    let list = |parts: &[TextQuery], word: &str| {
        let parts: Vec<String> = parts.iter().map(shown).collect();
        format!("({})", parts.join(word))
    };
    match query {
        TextQuery::Word(word) if ["and", "or", "not"].contains(&&**word) => format!("\"{word}\""),
        TextQuery::Word(word) => word.to_string(),
        TextQuery::Prefix(word) => format!("{word}*"),
        TextQuery::Phrase(words) => format!("\"{}\"", words.join(" ")),
        TextQuery::All(parts) => list(parts, " AND "),
        TextQuery::Any(parts) => list(parts, " OR "),
        TextQuery::Not(part) => format!("NOT {}", shown(part)),
    }
}

#[test]
fn words_are_combined_as_they_are_written() {
    let check = |text: &str, expected: &str| {
        assert_eq!(shown(&parse(text, LIMITS).unwrap()), expected, "{text}");
    };
    check("Bone", "bone");
    check("liver bone", "(bone AND liver)");
    check(
        "(bone OR liver) and metastases",
        "(metastases AND (bone OR liver))",
    );
    check("a or b c", "(a OR (b AND c))");
    check("a b or c d", "((a AND b) OR (c AND d))");
    check("not a b", "(b AND NOT a)");
    check("NOT (a OR b)", "NOT (a OR b)");
    check("not not a", "a");
    check("a AND (b AND c)", "(a AND b AND c)");
    check("a a", "a");
    check("\"Liver of Bone\"", "\"liver of bone\"");
    check("\"bone\"", "bone");
    check("meta*", "meta*");
    check("x-ray", "\"x ray\"");
    check("Müller", "muller");
    check("\"a(b\"c", "(c AND \"a b\")");
    check("((a))", "a");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let check = |text: &str, expected: &str| {
        let message = match parse(text, LIMITS).unwrap_err() {
            TextError::Malformed(message) => message.to_owned(),
            TextError::TooCostly(message) => message,
        };
        assert!(message.contains(expected), "{text}: {message}");
    };
    check("", "a word is missing");
    check("a and", "a word is missing");
    check("or a", "a word is missing");
    check("not", "a word is missing");
    check("()", "a word is missing");
    check("(a", "is not closed");
    check("a)", "was not opened");
    check("\"a", "quotation mark");
    check("...", "neither letters nor digits");
    check("\"\"", "neither letters nor digits");
    check("*", "beginning of one word");
    check("a-b*", "beginning of one word");
    check("a b c d e f g h i", "more than 8 words");
    check(&format!("{}*", "a".repeat(1100)), "more than 1021 bytes");
    check("(((((a)))))", "more than 4 parentheses");
    check("not not not not not a", "more than 4 parentheses");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _answered = parse(&text, LIMITS);
    }

    #[test]
    fn what_is_shown_reads_as_the_same(text in "([a-c*\"()]| and | or | not | ){1,12}") {
        if let Ok(query) = parse(&text, LIMITS) {
            let wide = TextLimits { words_max: 100, depth_max: 100 };
            proptest::prop_assert_eq!(parse(&shown(&query), wide), Ok(query));
        }
    }
}
