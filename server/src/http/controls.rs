//! The general parameters that decide about the answer, not about what is done
//! (<https://hl7.org/fhir/R4/http.html#parameters>): `_format`, `_pretty`, `_summary` and `_elements`.

use std::borrow::Cow;

use fhir::subset::Subset;

use crate::error::{Error, ErrorKind, Result};
use crate::interactions::route::percent_decoded;

const NAMES: [&str; 4] = ["_format", "_pretty", "_summary", "_elements"];

/// Their values, and the query without them.
#[derive(Debug, Default)]
pub(super) struct Controls {
    pub(super) format: Option<String>,
    pub(super) pretty: bool,
    pub(super) subset: Option<Subset>,
}

/// Which of them a kind of request reads itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// None.
    Nothing,
    /// All: a search repeats them in its links.
    All,
    /// All, and `_summary` and `_elements` are not read here: they may be parameters of an operation.
    ForOperation,
}

impl Controls {
    /// Reads them from a query string.
    pub(super) fn parse(query: &str, kept: Kept) -> Result<(Self, Cow<'_, str>)> {
        // Most requests have none.
        if query.is_empty() || !query.contains('_') && !query.contains('%') {
            return Ok((Self::default(), Cow::Borrowed(query)));
        }
        let mut values: [Option<String>; 4] = Default::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            let place = NAMES.iter().position(|known| *known == name);
            let is_ours = place.is_some_and(|place| place < 2 || kept != Kept::ForOperation);
            if let Some(slot) = place
                .filter(|_| is_ours)
                .and_then(|place| values.get_mut(place))
            {
                let value = decoded(value)?;
                // Forms send all their fields: one without a value asks nothing.
                if value.is_empty() {
                    continue;
                }
                *slot = match slot.take() {
                    None => Some(value),
                    Some(first) if name == "_elements" => Some(format!("{first},{value}")),
                    Some(_) => {
                        return Err(bad(format!("the query parameter '{name}' stands twice")));
                    }
                };
            }
            if !is_ours || kept != Kept::Nothing {
                rest.push(pair);
            }
        }
        let [format, pretty, summary, elements] = values;
        let pretty = match pretty.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad("_pretty is true or false")),
        };
        let subset = Subset::parse(summary.as_deref(), elements.as_deref())
            .map_err(|error| bad(error.to_string()))?;
        let controls = Self {
            format,
            pretty,
            subset,
        };
        Ok((controls, Cow::Owned(rest.join("&"))))
    }
}

fn decoded(text: &str) -> Result<String> {
    percent_decoded(text.as_bytes(), true)
        .ok_or_else(|| bad("the query string is not well percent-encoded UTF-8"))
}

fn bad(sentence: impl Into<Box<str>>) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_passed_over() {
        for kept in [Kept::Nothing, Kept::All] {
            let query = "_summary=&_elements=&_format=&_pretty=&family=a&_summary";
            let (controls, rest) = Controls::parse(query, kept).unwrap();
            assert!(controls.format.is_none() && controls.subset.is_none() && !controls.pretty);
            assert_eq!(rest, "family=a");
        }
        let (controls, _) = Controls::parse("_summary=&_summary=true", Kept::All).unwrap();
        assert_eq!(controls.subset, Some(Subset::Summary));
        assert!(Controls::parse("_summary=maybe", Kept::All).is_err());
    }
}
