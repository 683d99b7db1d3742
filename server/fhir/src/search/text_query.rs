//! Words and how they are combined: the values of `_text` and `_content`
//! (<https://hl7.org/fhir/R4/search.html#text>).
//!
//! Words beside each other must all occur; `AND`, `OR` and `NOT` in any case, parentheses, `"phrases"` and a `*` behind
//! the beginning of a word are understood. `NOT` binds closest, then `AND`, then `OR`.

use super::combine;
use super::lexemes::PREFIX_BYTES_MAX;
use super::plan::TextQuery;

/// How much of a text query is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextLimits {
    /// Most words.
    pub(super) words_max: usize,
    /// Deepest parentheses.
    pub(super) depth_max: usize,
}

/// Why a text query is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextError {
    /// It cannot be read; a sentence says why.
    Malformed(&'static str),
    /// More words, or deeper, than is read.
    TooCostly(String),
}

/// Reads a text query.
pub(super) fn parse(text: &str, limits: TextLimits) -> Result<TextQuery, TextError> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        place: 0,
        words: 0,
        limits,
    };
    let query = reader.either(0)?;
    match reader.peek() {
        None => Ok(query),
        Some(_) => Err(TextError::Malformed(
            "a parenthesis is closed that was not opened",
        )),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Word(String),
    Phrase(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, TextError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => {
                let end = rest[1..]
                    .find('"')
                    .ok_or(TextError::Malformed("a quotation mark is missing"))?;
                (Token::Phrase(rest[1..=end].to_owned()), end + 2)
            }
            _ => {
                let ends = |letter: char| letter.is_whitespace() || "()\"".contains(letter);
                let end = rest.find(ends).unwrap_or(rest.len());
                let word = &rest[..end];
                let token = match word.to_ascii_lowercase().as_str() {
                    "and" => Token::And,
                    "or" => Token::Or,
                    "not" => Token::Not,
                    _ => Token::Word(word.to_owned()),
                };
                (token, end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    place: usize,
    words: usize,
    limits: TextLimits,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.place += usize::from(found);
        found
    }

    fn either(&mut self, depth: usize) -> Result<TextQuery, TextError> {
        let mut parts = vec![self.both(depth)?];
        while self.take(&Token::Or) {
            parts.push(self.both(depth)?);
        }
        Ok(joined(parts, Join::Any))
    }

    fn both(&mut self, depth: usize) -> Result<TextQuery, TextError> {
        let mut parts = vec![self.term(depth)?];
        loop {
            let is_joined = self.take(&Token::And);
            match self.peek() {
                None | Some(Token::Or | Token::Close) if !is_joined => break,
                _ => parts.push(self.term(depth)?),
            }
        }
        Ok(joined(parts, Join::All))
    }

    fn term(&mut self, depth: usize) -> Result<TextQuery, TextError> {
        if depth > self.limits.depth_max {
            let message = format!(
                "more than {} parentheses and NOT inside each other, the limit of a text search",
                self.limits.depth_max
            );
            return Err(TextError::TooCostly(message));
        }
        let token = self.peek().cloned();
        self.place += 1;
        match token {
            Some(Token::Not) => Ok(match self.term(depth + 1)? {
                TextQuery::Not(query) => *query,
                query => TextQuery::Not(Box::new(query)),
            }),
            Some(Token::Open) => {
                let inside = self.either(depth + 1)?;
                if !self.take(&Token::Close) {
                    return Err(TextError::Malformed("a parenthesis is not closed"));
                }
                Ok(inside)
            }
            Some(Token::Word(text)) => self.word(&text),
            Some(Token::Phrase(text)) => {
                let words = self.count(words(&text))?;
                phrase(words)
            }
            Some(Token::And | Token::Or | Token::Close) | None => {
                Err(TextError::Malformed("a word is missing"))
            }
        }
    }

    fn word(&mut self, text: &str) -> Result<TextQuery, TextError> {
        let Some(beginning) = text.strip_suffix('*') else {
            let words = self.count(words(text))?;
            return phrase(words);
        };
        let mut words = self.count(words(beginning))?;
        match (words.pop(), words.is_empty()) {
            (Some(word), true) if word.len() <= PREFIX_BYTES_MAX => Ok(TextQuery::Prefix(word)),
            (Some(_), true) => {
                let message = format!(
                    "the beginning of a word has more than {PREFIX_BYTES_MAX} bytes, the limit of what is looked for"
                );
                Err(TextError::TooCostly(message))
            }
            _ => Err(TextError::Malformed(
                "a '*' stands behind the beginning of one word",
            )),
        }
    }

    fn count(&mut self, words: Vec<Box<str>>) -> Result<Vec<Box<str>>, TextError> {
        self.words += words.len();
        if self.words > self.limits.words_max {
            let message = format!(
                "more than {} words, the limit of a text search",
                self.limits.words_max
            );
            return Err(TextError::TooCostly(message));
        }
        Ok(words)
    }
}

/// What is written as one word but is several (`x-ray`) stands together.
fn phrase(mut words: Vec<Box<str>>) -> Result<TextQuery, TextError> {
    match words.len() {
        0 => Err(TextError::Malformed(
            "a word has neither letters nor digits",
        )),
        1 => words
            .pop()
            .map(TextQuery::Word)
            .ok_or(TextError::Malformed("a word is missing")),
        _ => Ok(TextQuery::Phrase(words)),
    }
}

#[derive(Clone, Copy)]
enum Join {
    All,
    Any,
}

/// Flat, sorted, each once: equal queries are equal.
fn joined(parts: Vec<TextQuery>, join: Join) -> TextQuery {
    let mut flat = Vec::new();
    for part in parts {
        match (part, join) {
            (TextQuery::All(inner), Join::All) | (TextQuery::Any(inner), Join::Any) => {
                flat.extend(inner);
            }
            (part, _) => flat.push(part),
        }
    }
    combine::sort(&mut flat);
    match (flat.len(), join) {
        (1, _) => flat.remove(0),
        (_, Join::All) => TextQuery::All(flat),
        (_, Join::Any) => TextQuery::Any(flat),
    }
}

/// The words of a text, as those of resources are.
fn words(text: &str) -> Vec<Box<str>> {
    let words = super::words::words(text);
    words.split_ascii_whitespace().map(Into::into).collect()
}

#[cfg(test)]
mod tests;
