//! Rust source, parted into code and comments, and into what is shipped and what is test.

use super::File;

/// The text of a Rust file, parted. Lines keep their numbers.
pub(super) struct Source {
    /// The code, without comments and without what stands in quotes.
    pub(super) code: String,
    /// The comments.
    pub(super) comments: String,
    /// Where in the code the tests begin; its length where there are none.
    tests_at: usize,
}

impl Source {
    pub(super) fn of(file: &File) -> Self {
        let (code, comments) = part(&file.text);
        let tests_at = match is_test(&file.path) {
            true => 0,
            false => code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len()),
        };
        Self {
            code,
            comments,
            tests_at,
        }
    }

    /// The code that is shipped.
    pub(super) fn shipped(&self) -> &str {
        &self.code[..self.tests_at]
    }

    /// The code that only tests have.
    pub(super) fn tests(&self) -> &str {
        &self.code[self.tests_at..]
    }

    /// The line of a place in the code.
    pub(super) fn line(&self, place: usize) -> usize {
        line(&self.code, place)
    }

    /// The line of a place in the tests.
    pub(super) fn line_of_test(&self, place: usize) -> usize {
        self.line(self.tests_at + place)
    }
}

/// The number of the line a place is on.
pub(super) fn line(text: &str, place: usize) -> usize {
    1 + text[..place].matches('\n').count()
}

/// Every place of a word in a text, where it is not part of a longer one.
pub(super) fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word)
        .map(|(place, _)| place)
        .filter(move |place| {
            let before = text[..*place].chars().next_back();
            let after = text[place + word.len()..].chars().next();
            let begins = !word.starts_with(is_part) || !before.is_some_and(is_part);
            let ends = !word.ends_with(is_part) || !after.is_some_and(is_part);
            begins && ends
        })
}

fn is_test(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let name = parts.next().unwrap();
    let is_test_file = ["tests.rs", "testing.rs", "tidy.rs"].contains(&name);
    let is_test_folder = |part| ["tests", "testing", "tidy"].contains(&part);
    is_test_file || name.ends_with("_tests.rs") || parts.any(is_test_folder)
}

/// Code and comments of a text.
fn part(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (length, kind) = token(rest, code.chars().next_back());
        let (taken, after) = rest.split_at(length.max(next.len_utf8()).min(rest.len()));
        let lines: String = taken.chars().filter(|letter| *letter == '\n').collect();
        match kind {
            Kind::Code => code.push_str(taken),
            Kind::Comment | Kind::Quoted => code.push_str(&lines),
        }
        match kind {
            Kind::Comment => comments.push_str(taken),
            Kind::Code | Kind::Quoted => comments.push_str(&lines),
        }
        rest = after;
    }
    (code, comments)
}

enum Kind {
    Code,
    Comment,
    Quoted,
}

/// How far the comment or the quotation at the beginning of a text goes; one letter of code otherwise.
fn token(rest: &str, before: Option<char>) -> (usize, Kind) {
    let is_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Kind::Comment);
    }
    if let Some(body) = rest.strip_prefix('"') {
        return (1 + quoted(body, '"'), Kind::Quoted);
    }
    if let (Some(raw), true) = (rest.strip_prefix('r'), !is_word || before == Some('b')) {
        let body = raw.trim_start_matches('#');
        let hashes = &raw[..raw.len() - body.len()];
        if let Some(body) = body.strip_prefix('"') {
            let close = format!("\"{hashes}");
            let end = body.find(&close).map_or(body.len(), |at| at + close.len());
            return (2 + hashes.len() + end, Kind::Quoted);
        }
    }
    if let Some(body) = rest.strip_prefix('\'') {
        let mut letters = body.chars();
        let first = letters.next();
        // Anything else behind the quote is a lifetime.
        if first == Some('\\') || letters.next() == Some('\'') {
            return (1 + quoted(body, '\''), Kind::Quoted);
        }
    }
    (0, Kind::Code)
}

/// Up to and with the closing quote.
fn quoted(body: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (place, letter) in body.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if letter == quote => return place + 1,
            _ => {}
        }
    }
    body.len()
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    while place < rest.len() {
        match &rest.as_bytes()[place..] {
            [b'/', b'*', ..] => {
                depth += 1;
                place += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    return place;
                }
            }
            _ => place += 1,
        }
    }
    place
}

#[test]
fn comments_and_quotations_are_no_code() {
    let check = |text: &str, code: &str, comments: &str| {
        assert_eq!(part(text), (code.to_owned(), comments.to_owned()), "{text}");
    };
    check("a // b\nc", "a \nc", "// b\n");
    check("a /* b /* c */\n d */ e", "a \n e", "/* b /* c */\n d */");
    check(r#"f("// a\" b", 'c', '"', '\'')"#, "f(, , , )", "");
    check("r#\"a\" // b\"#; br\"c\\\"; d", "; b; d", "");
    check("for\"a\"", "for", "");
    check("&'a str // ü", "&'a str ", "// ü");
    check("\"a\nb\"c", "\nc", "\n");
    check("r#type + ü", "r#type + ü", "");
}

#[test]
fn tests_are_told_from_what_is_shipped() {
    let check = |path: &str, shipped: &str, tests: &str| {
        let text = "a\n#[cfg(test)]\nmod tests {\nb".to_owned();
        let path = path.to_owned();
        let source = Source::of(&File { path, text });
        assert_eq!((source.shipped(), source.tests()), (shipped, tests));
    };
    check("server/src/a.rs", "a\n", "#[cfg(test)]\nmod tests {\nb");
    for path in ["a/tests.rs", "a/tests/b.rs", "a/b_tests.rs", "testing.rs"] {
        check(path, "", "a\n#[cfg(test)]\nmod tests {\nb");
    }
}
