//! Words of narrative and content (`_text`, `_content`) as `tsquery`.

use fhir::search::lexemes::lexeme;
use fhir::search::plan::{TextPart, TextQuery};

use super::statement::Statement;

/// The column of the words looked at.
pub(super) fn column(part: TextPart) -> &'static str {
    match part {
        TextPart::Narrative => "narrative",
        TextPart::Content => "content",
    }
}

/// The row's words pass. A resource without words has no row; a query may still want what is not there.
pub(super) fn push_text(statement: &mut Statement, alias: &str, part: TextPart, query: &TextQuery) {
    let (words, column) = (statement.name("w"), column(part));
    statement.push(format!(
        "coalesce((select {words}.{column} from index_text {words} where {words}.rid = {alias}.rid), '') @@ "
    ));
    push_query(statement, query);
}

/// The query itself.
pub(super) fn push_query(statement: &mut Statement, query: &TextQuery) {
    let mut text = String::new();
    write_query(query, &mut text);
    statement.text(text).push("::tsquery");
}

/// Whether nothing matches without one of the query's words: then an index can find what does.
pub(super) fn needs_a_word(query: &TextQuery) -> bool {
    match query {
        TextQuery::Word(_) | TextQuery::Prefix(_) => true,
        TextQuery::Phrase(words) => !words.is_empty(),
        TextQuery::All(parts) => parts.iter().any(needs_a_word),
        TextQuery::Any(parts) => parts.iter().all(needs_a_word),
        TextQuery::Not(_) => false,
    }
}

fn write_query(query: &TextQuery, out: &mut String) {
    match query {
        TextQuery::Word(word) => write_word(word, out),
        TextQuery::Prefix(word) => {
            write_word(word, out);
            out.push_str(":*");
        }
        TextQuery::Phrase(words) => {
            out.push('(');
            for (place, word) in words.iter().enumerate() {
                if place > 0 {
                    out.push_str(" <-> ");
                }
                write_word(word, out);
            }
            out.push(')');
        }
        TextQuery::All(parts) => write_joined(parts, " & ", out),
        TextQuery::Any(parts) => write_joined(parts, " | ", out),
        TextQuery::Not(part) => {
            out.push_str("!(");
            write_query(part, out);
            out.push(')');
        }
    }
}

fn write_joined(parts: &[TextQuery], operator: &str, out: &mut String) {
    out.push('(');
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            out.push_str(operator);
        }
        write_query(part, out);
    }
    out.push(')');
}

/// A word as it is kept, between quotes; words are made of letters and digits, but nothing here depends on it.
fn write_word(word: &str, out: &mut String) {
    out.push('\'');
    for letter in lexeme(word).chars() {
        if matches!(letter, '\'' | '\\') {
            out.push(letter);
        }
        out.push(letter);
    }
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> TextQuery {
        TextQuery::Word(text.into())
    }

    #[test]
    fn queries_are_written_as_the_database_reads_them() {
        let check = |query: TextQuery, expected: &str, needs: bool| {
            let mut out = String::new();
            write_query(&query, &mut out);
            assert_eq!((out.as_str(), needs_a_word(&query)), (expected, needs));
        };
        check(word("a"), "'a'", true);
        check(word("a'\\b"), "'a''\\\\b'", true);
        check(TextQuery::Prefix("a".into()), "'a':*", true);
        check(
            TextQuery::Phrase(vec!["a".into(), "b".into()]),
            "('a' <-> 'b')",
            true,
        );
        let not = TextQuery::Not(Box::new(word("b")));
        check(not.clone(), "!('b')", false);
        check(
            TextQuery::All(vec![word("a"), not.clone()]),
            "('a' & !('b'))",
            true,
        );
        check(
            TextQuery::Any(vec![word("a"), not]),
            "('a' | !('b'))",
            false,
        );
    }
}
