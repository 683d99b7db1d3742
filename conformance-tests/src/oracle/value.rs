//! What a search compares: the values of a parameter, each by its type (<https://hl7.org/fhir/R4/search.html#ptypes>).

use bigdecimal::BigDecimal;

use super::decimal::{self, Range};
use super::definitions::{Definitions, SystemPart, members, text};
use super::moment::{self, BEGINNING, END, Span};
use super::path::{Node, each};
use crate::json::Json;

/// A code with where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The code, or the value of an identifier.
    pub code: Option<String>,
    /// The system beside it.
    pub system: Option<String>,
    /// The systems that the element itself implies.
    pub implied: Vec<String>,
    /// Systems and codes of the type of an identifier.
    pub types: Vec<(Option<String>, String)>,
    /// Where it stands: capital and small letters are the same in texts, and in filters but for identifiers.
    pub stands_in: StandsIn,
}

/// What a token is, as far as the case of its letters depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StandsIn {
    /// A code of whatever type.
    #[default]
    Code,
    /// A text, or the address of somebody.
    Text,
    /// An identifier, or a logical id.
    Identifier,
}

/// A number with a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub range: Range,
    /// The unit's system.
    pub system: Option<String>,
    /// The unit's code.
    pub code: Option<String>,
    /// The unit as people read it.
    pub unit: Option<String>,
}

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a token parameter.
    Token(Token),
    /// What `:text` reads.
    Display(String),
    /// Of a string parameter.
    Text(String),
    /// Of a uri parameter; whether it is a canonical.
    Uri(String, bool),
    /// Of a date parameter.
    Span(Span),
    /// Of a number parameter.
    Number(Range),
    /// Of a quantity parameter.
    Amount(Amount),
    /// A resource of this server: type, id, version.
    Local(String, String, Option<String>),
    /// A resource or definition elsewhere; whether it is a canonical.
    Elsewhere(String, bool),
    /// `Reference.identifier`
    Logical(Token),
    /// Degrees north and east.
    Position(BigDecimal, BigDecimal),
    /// Something that is there, and that no search value can equal.
    Present,
    /// Something of which the specification does not say what it equals.
    Unsaid,
}

/// What is needed to read values.
pub struct Reading<'d> {
    /// For the systems of codes.
    pub definitions: &'d Definitions,
    /// The base URL of the server.
    pub base: &'d str,
}

impl Reading<'_> {
    /// The values of an element for a search type.
    pub fn values(&self, kind: &str, node: &Node<'_>) -> Vec<Value> {
        if *node.json == Json::Null {
            return Vec::new();
        }
        let found = match kind {
            "token" => self.tokens(node),
            "string" => strings(node),
            "uri" => scalar(node.json)
                .map(|one| Value::Uri(one, node.kind == "canonical"))
                .into_iter()
                .collect(),
            "date" => dates(node),
            "number" => numbers(node),
            "quantity" => quantities(node),
            "reference" => self.references(node),
            "special" => position(node).into_iter().collect(),
            _ => Vec::new(),
        };
        if found.is_empty() {
            vec![Value::Present]
        } else {
            found
        }
    }

    fn tokens(&self, node: &Node<'_>) -> Vec<Value> {
        let json = node.json;
        match node.kind.as_str() {
            "CodeableConcept" => {
                let mut found: Vec<Value> =
                    members(json, "coding").iter().flat_map(coding).collect();
                found.extend(text(json, "text").map(|one| Value::Display(one.to_owned())));
                found
            }
            "Coding" => coding(json),
            "Identifier" => identifier(json),
            "ContactPoint" => text(json, "value").map(plain).into_iter().collect(),
            kind => match scalar(json) {
                Some(code) => {
                    let implied = self.implied(&node.element, &code);
                    let stands_in = match kind {
                        "string" | "markdown" => StandsIn::Text,
                        "id" => StandsIn::Identifier,
                        _ => StandsIn::Code,
                    };
                    vec![Value::Token(Token {
                        code: Some(code),
                        implied,
                        stands_in,
                        ..Token::default()
                    })]
                }
                None => Vec::new(),
            },
        }
    }

    /// The systems of the value set that a code must come from, if it has the code.
    fn implied(&self, element: &str, code: &str) -> Vec<String> {
        let element = self.definitions.elements.get(element);
        let required = element.and_then(|one| one.required.as_deref());
        let parts = required.and_then(|url| self.definitions.value_sets.get(url));
        let has = |(system, codes): &&SystemPart| {
            let all = self.definitions.code_systems.get(system);
            let codes = codes.as_ref().or(all);
            codes.is_none_or(|codes| codes.contains(code))
        };
        let parts = parts.into_iter().flatten().filter(has);
        parts.map(|(system, _)| system.clone()).collect()
    }

    fn references(&self, node: &Node<'_>) -> Vec<Value> {
        if node.kind != "Reference" {
            let Some(url) = scalar(node.json) else {
                return Vec::new();
            };
            return match url.starts_with('#') {
                true => Vec::new(),
                // A canonical names a definition, not a resource at a place.
                false => vec![Value::Elsewhere(url, true)],
            };
        }
        let mut found = Vec::new();
        match text(node.json, "reference") {
            Some(reference) if !reference.starts_with('#') => {
                found.push(
                    self.literal(reference)
                        .unwrap_or_else(|| Value::Elsewhere(reference.to_owned(), false)),
                );
            }
            _ => {}
        }
        if let Some(Json::Object(_)) = node.json.get("identifier") {
            let tokens = node
                .json
                .get("identifier")
                .map(identifier)
                .unwrap_or_default();
            found.extend(tokens.into_iter().filter_map(|one| match one {
                Value::Token(token) => Some(Value::Logical(token)),
                _ => None,
            }));
        }
        found
    }

    /// A reference to a resource here, relative or with this server's base URL.
    pub fn literal(&self, reference: &str) -> Option<Value> {
        let path = match reference.strip_prefix(self.base) {
            Some(path) => path.strip_prefix('/')?,
            None => reference,
        };
        let mut segments = path.split('/');
        let (resource_type, id) = (segments.next()?, segments.next()?);
        let version = match (segments.next(), segments.next()) {
            (None, None) => None,
            (Some("_history"), Some(version)) if segments.next().is_none() => {
                Some(version.to_owned())
            }
            _ => return None,
        };
        let known = self.definitions.resource_types.contains(resource_type);
        (known && is_id(id)).then(|| Value::Local(resource_type.to_owned(), id.to_owned(), version))
    }
}

/// Whether a text can be a logical id.
pub fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn plain(code: &str) -> Value {
    Value::Token(Token {
        code: Some(code.to_owned()),
        stands_in: StandsIn::Text,
        ..Token::default()
    })
}

fn coding(json: &Json) -> Vec<Value> {
    let of = |name| text(json, name).map(str::to_owned);
    let token = Token {
        code: of("code"),
        system: of("system"),
        ..Token::default()
    };
    let display = of("display").map(Value::Display);
    std::iter::once(Value::Token(token))
        .chain(display)
        .collect()
}

fn identifier(json: &Json) -> Vec<Value> {
    let of = |name| text(json, name).map(str::to_owned);
    let codings = json
        .get("type")
        .map(|one| members(one, "coding"))
        .unwrap_or_default();
    let types = codings.iter().filter_map(|one| {
        let code = text(one, "code")?;
        Some((text(one, "system").map(str::to_owned), code.to_owned()))
    });
    let token = Token {
        code: of("value"),
        system: of("system"),
        implied: Vec::new(),
        types: types.collect(),
        stands_in: StandsIn::Identifier,
    };
    let display = json.get("type").and_then(|one| text(one, "text"));
    let display = display.map(|one| Value::Display(one.to_owned()));
    std::iter::once(Value::Token(token))
        .chain(display)
        .collect()
}

/// The text of a primitive.
pub fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn strings(node: &Node<'_>) -> Vec<Value> {
    let parts: &[&str] = match node.kind.as_str() {
        "HumanName" => &["text", "family", "given", "prefix", "suffix"],
        "Address" => &[
            "text",
            "line",
            "city",
            "district",
            "state",
            "postalCode",
            "country",
        ],
        _ => return scalar(node.json).map(Value::Text).into_iter().collect(),
    };
    let all = parts
        .iter()
        .filter_map(|part| node.json.get(part))
        .flat_map(each);
    all.filter_map(scalar).map(Value::Text).collect()
}

fn dates(node: &Node<'_>) -> Vec<Value> {
    let bound = |json: &Json, name| text(json, name).and_then(moment::span);
    let period = |json: &Json| {
        let (start, end) = (bound(json, "start"), bound(json, "end"));
        (start.is_some() || end.is_some()).then(|| Span {
            lower: start.map_or(BEGINNING, |one| one.lower),
            upper: end.map_or(END, |one| one.upper),
        })
    };
    let span = match node.kind.as_str() {
        "Period" => period(node.json),
        "Timing" => return timing(node.json, period),
        "date" | "dateTime" | "instant" => scalar(node.json).and_then(|one| moment::span(&one)),
        // A choice may be a string or an age, which no date equals.
        _ => None,
    };
    span.map(Value::Span).into_iter().collect()
}

/// "the outer limits of the schedule": from the first event or start to the last event or end.
fn timing(json: &Json, period: impl Fn(&Json) -> Option<Span>) -> Vec<Value> {
    let events = members(json, "event").iter();
    let mut spans: Vec<Span> = events
        .filter_map(Json::as_str)
        .filter_map(moment::span)
        .collect();
    let bounds = json
        .get("repeat")
        .and_then(|repeat| repeat.get("boundsPeriod"));
    spans.extend(bounds.and_then(period));
    let lower = spans.iter().map(|one| one.lower).min();
    let upper = spans.iter().map(|one| one.upper).max();
    let span = lower
        .zip(upper)
        .map(|(lower, upper)| Value::Span(Span { lower, upper }));
    span.into_iter().collect()
}

fn point(json: &Json) -> Option<Range> {
    let number = decimal::read(&scalar(json)?)?;
    Some(Range {
        lower: Some(number.clone()),
        upper: Some(number),
    })
}

fn numbers(node: &Node<'_>) -> Vec<Value> {
    match node.kind.as_str() {
        "decimal" | "integer" | "positiveInt" | "unsignedInt" => {
            point(node.json).map(Value::Number).into_iter().collect()
        }
        "Range" => {
            let of = |name| node.json.get(name)?.get("value").and_then(scalar);
            let read = |name| of(name).and_then(|one| decimal::read(&one));
            let (lower, upper) = (read("low"), read("high"));
            let any = lower.is_some() || upper.is_some();
            any.then_some(Value::Number(Range { lower, upper }))
                .into_iter()
                .collect()
        }
        _ => vec![Value::Unsaid],
    }
}

fn quantities(node: &Node<'_>) -> Vec<Value> {
    let of = |json: &Json, name| text(json, name).map(str::to_owned);
    let amount = |json: &Json, range| Amount {
        range,
        system: of(json, "system"),
        code: of(json, "code"),
        unit: of(json, "unit"),
    };
    let json = node.json;
    match node.kind.as_str() {
        // A comparator makes a half line of the number; whether a search sees it so is not said.
        "Quantity" | "Age" | "Count" | "Distance" | "Duration"
            if json.get("comparator").is_some() =>
        {
            vec![Value::Unsaid]
        }
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" => {
            let range = json.get("value").and_then(point);
            range
                .map(|range| Value::Amount(amount(json, range)))
                .into_iter()
                .collect()
        }
        "Money" => {
            let range = json.get("value").and_then(point);
            let money = |range| Amount {
                range,
                system: Some("urn:iso:std:iso:4217".to_owned()),
                code: of(json, "currency"),
                unit: None,
            };
            range
                .map(|range| Value::Amount(money(range)))
                .into_iter()
                .collect()
        }
        "Range" => {
            let side = |name| {
                json.get(name)
                    .and_then(|one| one.get("value"))
                    .and_then(scalar)
            };
            let side = |name| side(name).and_then(|one| decimal::read(&one));
            let (lower, upper) = (side("low"), side("high"));
            let unit = json.get("low").or(json.get("high"));
            match (unit, json.get("low"), json.get("high")) {
                // Sides in different units have no one unit to be compared in.
                (Some(_), Some(low), Some(high)) if of(low, "code") != of(high, "code") => {
                    vec![Value::Unsaid]
                }
                (Some(unit), _, _) => vec![Value::Amount(amount(unit, Range { lower, upper }))],
                _ => Vec::new(),
            }
        }
        _ => vec![Value::Unsaid],
    }
}

fn position(node: &Node<'_>) -> Option<Value> {
    let of = |name| {
        node.json
            .get(name)
            .and_then(scalar)
            .and_then(|one| decimal::read(&one))
    };
    Some(Value::Position(of("latitude")?, of("longitude")?))
}
