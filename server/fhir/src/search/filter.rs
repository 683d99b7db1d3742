//! The grammar of `_filter` (<https://hl7.org/fhir/R4/search_filter.html>).
//!
//! `and` and `or` are read from left to right, neither binds closer; `not` stands before parentheses.

use std::fmt;

use crate::json::quoted;

mod conditions;

pub(super) use conditions::condition;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Test(Test),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

/// `subject[active eq true].name co "pet"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// References to follow, the first first.
    pub(super) steps: Vec<FilterStep>,
    /// The parameter whose values are compared.
    pub(super) code: String,
    pub(super) operator: Operator,
    /// Without quotes and their escapes.
    pub(super) value: String,
}

/// A reference parameter, and what its targets must meet beside the rest of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilterStep {
    pub(super) code: String,
    pub(super) filter: Option<Filter>,
}

macro_rules! operators {
    ($($name:ident => $code:literal,)*) => {
        /// How a test compares.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operator { $($name,)* }

        impl Operator {
            /// All of them.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code.
            pub(super) fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

operators! {
    Eq => "eq",
    Ne => "ne",
    Co => "co",
    Sw => "sw",
    Ew => "ew",
    Gt => "gt",
    Lt => "lt",
    Ge => "ge",
    Le => "le",
    Ap => "ap",
    Sa => "sa",
    Eb => "eb",
    Pr => "pr",
    Po => "po",
    Ss => "ss",
    Sb => "sb",
    In => "in",
    Ni => "ni",
    Re => "re",
}

/// Why a filter is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FilterError {
    /// It cannot be read; a sentence says why.
    Malformed(String),
    /// Deeper than is read.
    TooCostly(String),
}

impl Filter {
    /// Reads a filter with at most so many parentheses and brackets inside each other, and so many steps of a path.
    pub(super) fn parse(text: &str, depth_max: usize) -> Result<Self, FilterError> {
        let mut reader = Reader {
            text,
            place: 0,
            depth_max,
        };
        let filter = reader.filter(0)?;
        match reader.rest() {
            "" => Ok(filter),
            _ => Err(reader.malformed("'and' or 'or' is expected")),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    place: usize,
    depth_max: usize,
}

impl<'t> Reader<'t> {
    /// What is left, from the next letter that is no blank.
    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.place..];
        let trimmed = rest.trim_start();
        self.place += rest.len() - trimmed.len();
        trimmed
    }

    fn malformed(&self, message: &str) -> FilterError {
        let letters = self.text[..self.place].chars().count();
        FilterError::Malformed(format!("{message} after {letters} letters"))
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let found = self.rest().starts_with(symbol);
        self.place += usize::from(found) * symbol.len_utf8();
        found
    }

    /// A word that ends where names end.
    fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let is_there = rest
            .get(..word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word));
        let ends = is_there && !rest[word.len()..].starts_with(is_name);
        self.place += usize::from(ends) * word.len();
        ends
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > self.depth_max {
            return Err(FilterError::TooCostly(format!(
                "more than {} parentheses or brackets inside each other, the limit of a filter",
                self.depth_max
            )));
        }
        let mut filter = self.term(depth)?;
        loop {
            if self.keyword("and") {
                filter = Filter::And(Box::new(filter), Box::new(self.term(depth)?));
            } else if self.keyword("or") {
                filter = Filter::Or(Box::new(filter), Box::new(self.term(depth)?));
            } else {
                return Ok(filter);
            }
        }
    }

    fn term(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let is_negated = self.keyword("not");
        if !self.symbol('(') {
            return match is_negated {
                true => Err(self.malformed("'not' stands before '('; that is expected")),
                false => self.test(depth).map(Filter::Test),
            };
        }
        let inside = self.filter(depth + 1)?;
        if !self.symbol(')') {
            return Err(self.malformed("'and', 'or' or ')' is expected"));
        }
        Ok(match is_negated {
            true => Filter::Not(Box::new(inside)),
            false => inside,
        })
    }

    fn test(&mut self, depth: usize) -> Result<Test, FilterError> {
        let mut steps = Vec::new();
        let mut code = self.name()?;
        loop {
            let filter = if self.text[self.place..].starts_with('[') {
                self.place += 1;
                let inside = self.filter(depth + 1)?;
                if !self.symbol(']') {
                    return Err(self.malformed("'and', 'or' or ']' is expected"));
                }
                if !self.text[self.place..].starts_with('.') {
                    return Err(self.malformed("a '.' and a parameter are expected"));
                }
                Some(inside)
            } else {
                None
            };
            if !self.text[self.place..].starts_with('.') {
                break;
            }
            self.place += 1;
            steps.push(FilterStep { code, filter });
            if steps.len() > self.depth_max {
                return Err(FilterError::TooCostly(format!(
                    "more than {} steps of a path, the limit of a filter",
                    self.depth_max
                )));
            }
            code = self.name()?;
        }
        let operator = Operator::ALL.iter().find(|one| self.keyword(one.code()));
        let Some(operator) = operator.copied() else {
            let codes: Vec<&str> = Operator::ALL.iter().map(|one| one.code()).collect();
            let message = format!("an operator is expected ({})", codes.join(", "));
            return Err(self.malformed(&message));
        };
        Ok(Test {
            steps,
            code,
            operator,
            value: self.value()?,
        })
    }

    fn name(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        let begins = |letter: char| matches!(letter, '_' | '-') || letter.is_ascii_alphabetic();
        if !rest.starts_with(begins) {
            return Err(self.malformed("a parameter is expected"));
        }
        self.place += end;
        Ok(rest[..end].to_owned())
    }

    fn value(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        if let Some(inside) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = inside.find(|letter| {
                let ends = letter == '"' && !escaped;
                escaped = letter == '\\' && !escaped;
                ends
            });
            let end = end.ok_or_else(|| self.malformed("a quotation mark is missing"))? + 2;
            let value = serde_json::from_str::<String>(&rest[..end])
                .map_err(|_| self.malformed("a quoted text is not a JSON string"))?;
            self.place += end;
            return Ok(value);
        }
        let ends = |letter: char| letter.is_whitespace() || letter == ')' || letter == ']';
        let end = rest.find(ends).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.malformed("a value is expected"));
        }
        self.place += end;
        Ok(rest[..end].to_owned())
    }
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => test.fmt(out),
            Self::And(one, other) => {
                write!(out, "{} and {}", one.operand(true), other.operand(false))
            }
            Self::Or(one, other) => {
                write!(out, "{} or {}", one.operand(true), other.operand(false))
            }
            Self::Not(filter) => write!(out, "not ({filter})"),
        }
    }
}

impl Filter {
    /// What is joined from the left needs no parentheses.
    fn operand(&self, is_left: bool) -> String {
        match self {
            Self::And(..) | Self::Or(..) if !is_left => format!("({self})"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match &step.filter {
                Some(filter) => write!(out, "{}[{filter}].", step.code)?,
                None => write!(out, "{}.", step.code)?,
            }
        }
        let (code, operator) = (&self.code, self.operator.code());
        write!(out, "{code} {operator} {}", quoted(&self.value))
    }
}

#[cfg(test)]
mod tests;
