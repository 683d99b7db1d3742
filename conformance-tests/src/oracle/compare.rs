//! One value of a resource against one value of a query, by type and modifier.

use super::decimal::{self, Range, Sought};
use super::definitions::Parameter;
use super::folding::fold;
use super::moment;
use super::query::{parts, unescaped};
use super::unit::{self, UCUM};
use super::value::{Amount, Reading, StandsIn, Token, Value, is_id};

/// A truth that the specification may leave open.
pub type Truth = Option<bool>;

/// Both.
pub fn and(left: Truth, right: Truth) -> Truth {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// One of them.
pub fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let none_of = |left: Truth, right: Truth| and(left, not(right));
    not(truths.into_iter().fold(Some(true), none_of))
}

/// The contrary.
pub fn not(truth: Truth) -> Truth {
    truth.map(|one| !one)
}

/// What a query value is compared by.
pub struct Comparison<'c> {
    /// For the base URL and the types there are.
    pub reading: Reading<'c>,
    /// The parameter.
    pub parameter: &'c Parameter,
    /// The modifier, but for `missing` and `not`.
    pub modifier: Option<&'c str>,
    /// The query value, escapes in place.
    pub raw: &'c str,
    /// The moment of the search.
    pub now: i128,
    /// Whether the query value stands in a `_filter`.
    pub is_filter: bool,
}

impl Comparison<'_> {
    /// Whether a value equals, or otherwise passes, the query value.
    pub fn passes(&self, value: &Value) -> Truth {
        match value {
            Value::Unsaid => return None,
            Value::Present => return Some(false),
            _ => {}
        }
        match self.parameter.kind.as_str() {
            "token" => Some(self.token(value)),
            "string" => Some(self.string(value)),
            "uri" => {
                // A version, query or fragment belongs to no path: what is above and below it is not said.
                let is_whole = |url: &str| url.contains(['|', '?', '#']);
                let has_version =
                    is_whole(self.raw) || matches!(value, Value::Uri(uri, _) if is_whole(uri));
                (self.modifier.is_none() || !has_version).then(|| self.uri(value))
            }
            "date" => self.date(value),
            "number" => self.number(value),
            "quantity" => self.quantity(value),
            "reference" => {
                // Whether a type narrows what does not name one is not said.
                let is_nameless =
                    matches!(value, Value::Elsewhere(url, _) if url.starts_with("urn:"));
                // Where a reference points at a type that it may not have, a bare id is resolved or not.
                let targets = &self.parameter.targets;
                let may_not = matches!(value, Value::Local(kind, id, _)
                    if *id == self.raw && !targets.is_empty() && !targets.contains(kind));
                if may_not {
                    return None;
                }
                let narrows = self.modifier.is_some_and(|one| one != "identifier");
                (!(is_nameless && narrows)).then(|| self.reference(value))
            }
            "special" => super::evaluate::near(self.raw, value),
            _ => None,
        }
    }

    /// Whether capital and small letters are the same; those of a logical id are not.
    fn is_uncased(&self, token: &Token) -> bool {
        match token.stands_in {
            _ if self.parameter.code == "_id" => false,
            StandsIn::Code => self.is_filter,
            StandsIn::Text => true,
            StandsIn::Identifier => false,
        }
    }

    fn token(&self, value: &Value) -> bool {
        match (value, self.modifier) {
            (Value::Display(display), Some("text")) => {
                fold(display).starts_with(&fold(&unescaped(self.raw)))
            }
            (Value::Token(token), Some("of-type")) => of_type(token, self.raw),
            (Value::Token(token), None) => token_is(token, self.raw, self.is_uncased(token)),
            _ => false,
        }
    }

    fn string(&self, value: &Value) -> bool {
        let Value::Text(text) = value else {
            return false;
        };
        let sought = unescaped(self.raw);
        match self.modifier {
            Some("exact") => *text == sought,
            Some("contains") => fold(text).contains(&fold(&sought)),
            _ => fold(text).starts_with(&fold(&sought)),
        }
    }

    fn uri(&self, value: &Value) -> bool {
        let Value::Uri(uri, is_canonical) = value else {
            return false;
        };
        let sought = unescaped(self.raw);
        let without_version = uri.rsplit_once('|').map_or(uri.as_str(), |(url, _)| url);
        let alone = |text: &str| text.trim_end_matches('/').to_owned();
        let within = |below: &str, above: &str| {
            alone(below) == alone(above) || below.starts_with(&format!("{}/", alone(above)))
        };
        match self.modifier {
            Some("below") => within(uri, &sought),
            Some("above") => within(&sought, uri),
            _ => *uri == sought || *is_canonical && without_version == sought,
        }
    }

    fn date(&self, value: &Value) -> Truth {
        let Value::Span(span) = value else {
            return Some(false);
        };
        let (prefix, text) = prefix(self.raw);
        let sought = moment::span(&unescaped(text))?;
        if prefix != "ap" {
            return Some(moment::passes(prefix, sought, *span));
        }
        let (least, most) = moment::approximately(sought, self.now);
        let sure = moment::passes("ap", least, *span);
        let possible = moment::passes("ap", most, *span);
        if sure == possible { Some(sure) } else { None }
    }

    fn number(&self, value: &Value) -> Truth {
        let Value::Number(range) = value else {
            return Some(false);
        };
        let (prefix, text) = prefix(self.raw);
        decimal::passes(prefix, &decimal::sought(text)?, range)
    }

    fn quantity(&self, value: &Value) -> Truth {
        let Value::Amount(amount) = value else {
            return Some(false);
        };
        let (prefix, rest) = prefix(self.raw);
        let parts: Vec<String> = parts(rest, '|')
            .iter()
            .map(|part| unescaped(part))
            .collect();
        let sought = decimal::sought(parts.first()?)?;
        let passes = |has_unit: bool| {
            and(
                Some(has_unit),
                decimal::passes(prefix, &sought, &amount.range),
            )
        };
        match (
            parts.get(1).map(String::as_str),
            parts.get(2).map(String::as_str),
        ) {
            (None | Some(""), None | Some("")) => passes(true),
            (None | Some(""), Some(code)) => {
                passes([&amount.code, &amount.unit].contains(&&Some(code.to_owned())))
            }
            (Some(UCUM), Some(code)) => in_ucum(prefix, &sought, code, amount),
            (Some(system), Some(code)) => {
                let has_code = [&amount.code, &amount.unit].contains(&&Some(code.to_owned()));
                passes(amount.system.as_deref() == Some(system) && has_code)
            }
            (Some(_), None) => None,
        }
    }

    fn reference(&self, value: &Value) -> bool {
        if self.modifier == Some("identifier") {
            return matches!(value, Value::Logical(token) if token_is(token, self.raw, false));
        }
        let sought = unescaped(self.raw);
        let narrowed = self.modifier;
        match value {
            Value::Local(kind, id, version) => {
                if narrowed.is_some_and(|one| one != kind) {
                    return false;
                }
                if is_id(&sought) {
                    return *id == sought;
                }
                match self.reading.literal(&sought) {
                    Some(Value::Local(other, other_id, None)) => other == *kind && other_id == *id,
                    Some(local) => local == Value::Local(kind.clone(), id.clone(), version.clone()),
                    None => false,
                }
            }
            Value::Elsewhere(url, is_canonical) => {
                let whole = url.split('#').next().unwrap_or(url);
                let without_version = match is_canonical {
                    true => whole.rsplit_once('|').map_or(whole, |(url, _)| url),
                    false => whole.split("/_history/").next().unwrap_or(whole),
                };
                let equal = sought == *url || sought == whole || sought == without_version;
                equal && narrowed.is_none_or(|kind| names(&sought, kind))
            }
            _ => false,
        }
    }
}

/// Whether a URL says that what it names is of a type.
fn names(url: &str, kind: &str) -> bool {
    let path = url.split("/_history/").next().unwrap_or(url);
    path.rsplit('/').nth(1) == Some(kind)
}

/// The prefix of a value, `eq` where there is none, and the rest.
pub fn prefix(raw: &str) -> (&str, &str) {
    const ALL: [&str; 9] = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];
    let named = ALL
        .iter()
        .find_map(|one| raw.strip_prefix(one).map(|rest| (*one, rest)));
    named.unwrap_or(("eq", raw))
}

/// `code`, `system|code`, `|code`, `system|`
fn token_is(token: &Token, raw: &str, is_uncased: bool) -> bool {
    let has_code = |sought: &String| {
        let same = |code: &String| match is_uncased {
            true => code.to_lowercase() == sought.to_lowercase(),
            false => code == sought,
        };
        token.code.as_ref().is_some_and(same)
    };
    let parts: Vec<String> = parts(raw, '|').iter().map(|part| unescaped(part)).collect();
    let has_system =
        |system: &String| token.system.as_ref() == Some(system) || token.implied.contains(system);
    match &parts[..] {
        [code] => has_code(code),
        [system, code] if system.is_empty() => token.system.is_none() && has_code(code),
        [system, code] if code.is_empty() => has_system(system),
        [system, code] => has_system(system) && has_code(code),
        _ => false,
    }
}

/// `system|code|value`, of which system and code are those of the identifier's type.
fn of_type(token: &Token, raw: &str) -> bool {
    let parts: Vec<String> = parts(raw, '|').iter().map(|part| unescaped(part)).collect();
    let [system, code, value] = &parts[..] else {
        return false;
    };
    let system = (!system.is_empty()).then(|| system.clone());
    token.types.contains(&(system, code.clone())) && token.code.as_ref() == Some(value)
}

/// In canonical units: the number searched for and its bounds, and the value, all as multiples of the base unit.
fn in_ucum(prefix: &str, sought: &Sought, code: &str, amount: &Amount) -> Truth {
    if amount.system.as_deref() != Some(UCUM) {
        return Some(false);
    }
    let Some(own) = amount.code.as_deref() else {
        return Some(false);
    };
    if own == code {
        return decimal::passes(prefix, sought, &amount.range);
    }
    let ((factor, base), (own_factor, own_base)) = (unit::base(code)?, unit::base(own)?);
    if base != own_base {
        return Some(false);
    }
    let sought = Sought {
        exact: &sought.exact * &factor,
        from: &sought.from * &factor,
        until: &sought.until * &factor,
    };
    let scaled = |one: &Option<bigdecimal::BigDecimal>| one.as_ref().map(|one| one * &own_factor);
    let range = Range {
        lower: scaled(&amount.range.lower),
        upper: scaled(&amount.range.upper),
    };
    decimal::passes(prefix, &sought, &range)
}
