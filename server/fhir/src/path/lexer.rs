//! The tokens of an expression (<http://hl7.org/fhirpath/N1/#lexical-elements>).

use super::SyntaxError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name; delimited names are never keywords.
    Name {
        text: Box<str>,
        delimited: bool,
    },
    /// `%name`, without the percent sign.
    Variable(Box<str>),
    /// `$this` and its like, without the dollar sign.
    Special(Box<str>),
    String(Box<str>),
    Number(Box<str>),
    /// A date, without the at sign.
    Date(Box<str>),
    /// A date with `T`, without the at sign.
    DateTime(Box<str>),
    /// A time, without the at sign and `T`.
    Time(Box<str>),
    Symbol(&'static str),
    End,
}

/// The longer symbols first: the first that fits is taken.
const SYMBOLS: &[&str] = &[
    "<=", ">=", "!=", "!~", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "&", "|",
    "=", "~", "<", ">",
];

pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// All tokens with the byte each begins at; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
    loop {
        lexer.skip_space()?;
        let start = lexer.at;
        let token = lexer.next()?;
        let is_end = token == Token::End;
        tokens.push((token, start));
        if is_end {
            return Ok(tokens);
        }
    }
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.at + ahead)
            .copied()
            .unwrap_or(0)
    }

    fn fault(&self, at: usize, message: &'static str) -> SyntaxError {
        SyntaxError::new(message, at)
    }

    fn skip_space(&mut self) -> Result<(), SyntaxError> {
        loop {
            let spaces = |next: char| !matches!(next, ' ' | '\t' | '\r' | '\n' | '\u{a0}');
            self.at += self.rest().find(spaces).unwrap_or(self.rest().len());
            let rest = self.rest();
            let length = if rest.starts_with("//") {
                rest.find(['\n', '\r']).unwrap_or(rest.len())
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let end = comment.find("*/");
                end.ok_or_else(|| self.fault(self.at, "a comment does not end"))? + 4
            } else {
                return Ok(());
            };
            self.at += length;
        }
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        match self.peek(0) {
            0 if self.at >= self.text.len() => Ok(Token::End),
            b'\'' => Ok(Token::String(self.quoted(b'\'')?)),
            b'`' => Ok(Token::Name {
                text: self.quoted(b'`')?,
                delimited: true,
            }),
            b'0'..=b'9' => Ok(self.number()),
            b'@' => self.temporal(),
            b'%' => {
                self.at += 1;
                match self.peek(0) {
                    quote @ (b'`' | b'\'' | b'"') => Ok(Token::Variable(self.quoted(quote)?)),
                    _ => self.name().map(Token::Variable),
                }
            }
            b'$' => {
                self.at += 1;
                self.name().map(Token::Special)
            }
            first if first.is_ascii_alphabetic() || first == b'_' => Ok(Token::Name {
                text: self.name()?,
                delimited: false,
            }),
            _ => {
                let rest = self.rest();
                let symbol = SYMBOLS
                    .iter()
                    .find(|symbol| rest.starts_with(**symbol))
                    .ok_or_else(|| self.fault(start, "a character has no meaning here"))?;
                self.at += symbol.len();
                Ok(Token::Symbol(symbol))
            }
        }
    }

    fn name(&mut self) -> Result<Box<str>, SyntaxError> {
        let rest = self.rest();
        let length = rest
            .find(|next: char| !next.is_ascii_alphanumeric() && next != '_')
            .unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.fault(self.at, "a name is expected"));
        }
        let name = rest[..length].into();
        self.at += length;
        Ok(name)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        self.digits();
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.digits();
        }
        Token::Number(self.text[start..self.at].into())
    }

    /// `count` digits after one `mark`, if they are there.
    fn part(&mut self, mark: u8, count: usize) -> bool {
        let fits = self.peek(0) == mark && (1..=count).all(|at| self.peek(at).is_ascii_digit());
        if fits {
            self.at += count + 1;
        }
        fits
    }

    fn temporal(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at + 1;
        if self.peek(1) == b'T' {
            self.at += 1;
            if !self.time() {
                return Err(self.fault(start, "a time needs hours"));
            }
            return Ok(Token::Time(self.text[start + 1..self.at].into()));
        }
        if !self.part(b'@', 4) {
            return Err(self.fault(start, "a date needs a year of four digits"));
        }
        if self.part(b'-', 2) {
            self.part(b'-', 2);
        }
        if self.peek(0) != b'T' {
            return Ok(Token::Date(self.text[start..self.at].into()));
        }
        if self.time() {
            if self.peek(0) == b'Z' {
                self.at += 1;
            } else {
                let before = self.at;
                let sign = self.peek(0);
                if matches!(sign, b'+' | b'-') && !(self.part(sign, 2) && self.part(b':', 2)) {
                    self.at = before;
                }
            }
        } else {
            self.at += 1;
        }
        Ok(Token::DateTime(self.text[start..self.at].into()))
    }

    /// `Thh:mm:ss.fff`, cut anywhere after the hours.
    fn time(&mut self) -> bool {
        if !self.part(b'T', 2) {
            return false;
        }
        if self.part(b':', 2) && self.part(b':', 2) && self.part(b'.', 1) {
            self.digits();
        }
        true
    }

    fn quoted(&mut self, quote: u8) -> Result<Box<str>, SyntaxError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.text[start + 1..].char_indices();
        let unfinished = || SyntaxError::new("a quoted text does not end", start);
        loop {
            let (place, character) = characters.next().ok_or_else(unfinished)?;
            if character == char::from(quote) {
                self.at = start + 1 + place + 1;
                return Ok(text.into());
            }
            if character != '\\' {
                text.push(character);
                continue;
            }
            let (_, escape) = characters.next().ok_or_else(unfinished)?;
            match escape {
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                '\'' | '"' | '`' | '\\' | '/' => text.push(escape),
                'u' => {
                    let code = (0..4).try_fold(0, |code, _| {
                        let (_, digit) = characters.next()?;
                        Some(code * 16 + digit.to_digit(16)?)
                    });
                    text.push(code.and_then(char::from_u32).ok_or_else(|| {
                        SyntaxError::new("\\u needs four hexadecimal digits", start)
                    })?);
                }
                _ => return Err(SyntaxError::new("an escape is unknown", start + 1 + place)),
            }
        }
    }
}
