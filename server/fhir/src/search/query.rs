//! The text of a query (<https://hl7.org/fhir/R4/search.html>): names, modifiers, chains and values, not yet resolved.

use super::error::{SearchError, SearchLimit};

/// The text of a search, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What is searched, in the order of the text; all must hold.
    pub parameters: Vec<Parameter>,
    /// What shapes the answer, in the order of the text.
    pub controls: Vec<Control>,
    /// What was named without a value, where that is allowed: nothing is asked of it, but its name must be known.
    pub blank: Vec<Parameter>,
}

/// One `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name as it was written, decoded.
    pub text: Box<str>,
    /// The way to the resources it speaks of, the searched ones first; empty where it speaks of these themselves.
    pub steps: Vec<Step>,
    /// The parameter whose values are compared.
    pub code: Box<str>,
    /// What stands behind the last colon.
    pub modifier: Option<Box<str>>,
    /// The values between unescaped commas, escapes still in place; one of them must hold.
    pub values: Vec<Box<str>>,
}

/// One step from a resource to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `subject:Patient.`: to what it refers to.
    Chain {
        /// The reference parameter.
        code: Box<str>,
        /// The type it is narrowed to.
        resource_type: Option<Box<str>>,
    },
    /// `_has:Observation:patient:`: to what refers to it.
    Has {
        /// The type that refers here.
        resource_type: Box<str>,
        /// Its reference parameter.
        reference: Box<str>,
    },
}

/// A parameter that shapes the answer: `_count=10`, `_include:iterate=…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The name without modifier.
    pub name: &'static str,
    /// What stands behind the colon.
    pub modifier: Option<Box<str>>,
    /// The decoded value.
    pub value: Box<str>,
}

impl Parameter {
    /// The value as it was written, decoded.
    pub fn value(&self) -> String {
        self.values.join(",")
    }
}

/// How much of a query is read.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// Most parameters.
    pub parameters_max: usize,
    /// Most values between commas.
    pub or_values_max: usize,
    /// Most chain and `_has` steps of one parameter.
    pub depth_max: usize,
    /// Whether parameters without a value are passed over; else they are refused.
    pub empty_allowed: bool,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            parameters_max: 100,
            or_values_max: 500,
            depth_max: 8,
            empty_allowed: false,
        }
    }
}

/// Names that are never search parameters. `_cursor` is this server's own, in its paging links.
const CONTROLS: [&str; 14] = [
    "_contained",
    "_containedType",
    "_count",
    "_cursor",
    "_elements",
    "_format",
    "_include",
    "_pretty",
    "_revinclude",
    "_score",
    "_sort",
    "_summary",
    "_total",
    "_type",
];

impl Query {
    /// Reads the part of a URL behind `?`, or the body of a form; both have the same encoding.
    pub fn parse(text: &str, limits: QueryLimits) -> Result<Self, SearchError> {
        let mut query = Self::default();
        query.add(text, limits)?;
        Ok(query)
    }

    /// Adds the parameters of another text: those of the body of `POST _search` to those of its URL.
    pub fn add(&mut self, text: &str, limits: QueryLimits) -> Result<(), SearchError> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).map_err(|message| SearchError::malformed(name, message))?;
            let value = decode(value).map_err(|message| SearchError::malformed(&name, message))?;
            self.push(&name, &value, limits)?;
            let count = self.parameters.len() + self.controls.len() + self.blank.len();
            if count > limits.parameters_max {
                let message = format!(
                    "more than {} parameters, the limit of one search",
                    limits.parameters_max
                );
                return Err(SearchError::beyond(SearchLimit::Parameters, &name, message));
            }
        }
        Ok(())
    }

    fn push(&mut self, name: &str, value: &str, limits: QueryLimits) -> Result<(), SearchError> {
        if value.is_empty() && limits.empty_allowed {
            // A form sends all its fields (<https://hl7.org/fhir/R4/search.html#errors>).
            let head = name.split(':').next().unwrap_or_default();
            if !head.is_empty() && !CONTROLS.contains(&head) {
                self.blank.push(read_name(name, limits)?);
            }
            return Ok(());
        }
        if value.is_empty() {
            return Err(SearchError::malformed(name, "there is no value"));
        }
        let (head, modifier) = match name.split_once(':') {
            Some((head, modifier)) => (head, Some(modifier)),
            None => (name, None),
        };
        if let Some(control) = CONTROLS.iter().find(|control| **control == head) {
            self.controls.push(Control {
                name: control,
                modifier: modifier.map(Into::into),
                value: value.into(),
            });
            return Ok(());
        }
        let parameter = read_name(name, limits)?;
        let values = if &*parameter.code == "_filter" {
            // It has a grammar of its own, in which a comma is a letter.
            vec![value.into()]
        } else {
            split_values(name, value, limits)?
        };
        self.parameters.push(Parameter {
            values,
            ..parameter
        });
        Ok(())
    }
}

fn read_name(name: &str, limits: QueryLimits) -> Result<Parameter, SearchError> {
    let malformed = |message: &str| SearchError::malformed(name, message);
    let mut steps = Vec::new();
    let mut rest = name;
    loop {
        if let Some(step) = rest.strip_prefix("_has:") {
            let mut parts = step.splitn(3, ':');
            let (Some(resource_type), Some(reference), Some(behind)) =
                (parts.next(), parts.next(), parts.next())
            else {
                return Err(malformed(
                    "'_has' is written '_has:Type:reference:parameter'",
                ));
            };
            steps.push(Step::Has {
                resource_type: part(resource_type).ok_or_else(|| malformed(EMPTY))?,
                reference: part(reference).ok_or_else(|| malformed(EMPTY))?,
            });
            rest = behind;
        } else if let Some((step, behind)) = rest.split_once('.') {
            let (code, resource_type) = named(step).ok_or_else(|| malformed(EMPTY))?;
            steps.push(Step::Chain {
                code,
                resource_type,
            });
            rest = behind;
        } else {
            break;
        }
    }
    if steps.len() > limits.depth_max {
        let message = format!(
            "more than {} chain steps, the limit of how far a search may follow references",
            limits.depth_max
        );
        return Err(SearchError::beyond(SearchLimit::ChainDepth, name, message));
    }
    let (code, modifier) = named(rest).ok_or_else(|| malformed(EMPTY))?;
    Ok(Parameter {
        text: name.into(),
        steps,
        code,
        modifier,
        values: Vec::new(),
    })
}

const EMPTY: &str = "a name is written 'parameter', 'parameter:modifier' or 'reference:Type.parameter', \
                     and no part of it is empty";

/// `code` or `code:modifier`.
fn named(text: &str) -> Option<(Box<str>, Option<Box<str>>)> {
    match text.split_once(':') {
        Some((code, modifier)) => Some((part(code)?, Some(part(modifier)?))),
        None => Some((part(text)?, None)),
    }
}

fn part(text: &str) -> Option<Box<str>> {
    (!text.is_empty() && !text.contains(':')).then(|| text.into())
}

fn split_values(
    name: &str,
    value: &str,
    limits: QueryLimits,
) -> Result<Vec<Box<str>>, SearchError> {
    let values: Vec<Box<str>> = split_unescaped(value, ',').map(Into::into).collect();
    if values.iter().any(|value| value.is_empty()) {
        return Err(SearchError::malformed(
            name,
            "a value between commas is empty",
        ));
    }
    if values.len() > limits.or_values_max {
        let message = format!(
            "more than {} values, the limit of alternatives of one parameter",
            limits.or_values_max
        );
        return Err(SearchError::beyond(SearchLimit::OrValues, name, message));
    }
    Ok(values)
}

/// The parts of a raw value between unescaped separators, escapes still in place.
pub fn split_unescaped(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        for (place, letter) in text.char_indices() {
            if escaped {
                escaped = false;
            } else if letter == '\\' {
                escaped = true;
            } else if letter == separator {
                rest = Some(&text[place + separator.len_utf8()..]);
                return Some(&text[..place]);
            }
        }
        rest = None;
        Some(text)
    })
}

/// Takes the escapes out of a value: `\\ \, \$ \|` (<https://hl7.org/fhir/R4/search.html#escaping>).
pub fn unescape(raw: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some(escaped @ ('\\' | ',' | '$' | '|')) => out.push(escaped),
            _ => return Err(r"a backslash stands only before '\', ',', '$' or '|'"),
        }
    }
    Ok(out)
}

/// Takes the percent encoding out of a part of a query or form.
pub fn decode(text: &str) -> Result<String, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let code = digit(bytes.next()).zip(digit(bytes.next()));
                let byte = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                out.push(byte.ok_or("'%' is not followed by two hexadecimal digits")?);
            }
            other => out.push(other),
        }
    }
    let text = String::from_utf8(out).map_err(|_| "the percent-encoded bytes are not UTF-8")?;
    if text.contains('\0') {
        return Err("a NUL character is not allowed");
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
