//! One value of a parameter becomes its elements, strings, periods and numbers.

use std::borrow::Cow;

use jiff::Timestamp;

use super::extract::ExtractError;
use super::fold::fold;
use super::hash;
use super::index_plan::ParameterSeed;
use super::index_values::{DateValue, IndexValues, StringValue};
use super::link;
use super::operand::{RootMembers, resolves_to};
use super::url_path;
use super::value_kind::ValueKind;
use crate::definitions::codes::{CodeSetId, CodeSets, Codes};
use crate::definitions::search_parameters::SearchType;
use crate::ids::{Reference, ResourceType};
use crate::json::Value;
use crate::time::{DateTime, parse_partial};

/// What the values of one operand are written to, and what that needs to know.
pub(super) struct Sink<'s> {
    pub(super) values: &'s mut IndexValues,
    pub(super) seed: i64,
    pub(super) search_type: SearchType,
    /// A parameter's, for messages.
    pub(super) code: &'s str,
    pub(super) code_sets: &'s CodeSets,
    pub(super) base_url: &'s str,
    /// Whether tokens are known by their codes alone, whatever their systems.
    pub(super) codes_only: bool,
    /// Whether codes are found whatever the case of their letters, too.
    pub(super) is_folded: bool,
}

impl Sink<'_> {
    /// Adds a value; `implied` are the code sets its systems follow from, where it is a code.
    pub(super) fn add(
        &mut self,
        value: Value<'_>,
        kind: ValueKind,
        implied: &[CodeSetId],
    ) -> Result<(), ExtractError> {
        match self.search_type {
            SearchType::Token => self.token(value, kind, implied),
            SearchType::Reference => self.reference(value, kind),
            SearchType::String => self.string(value, kind),
            SearchType::Uri => self.uri(value, kind),
            SearchType::Date => return self.date(value, kind),
            SearchType::Number => return self.number(value, kind),
            SearchType::Quantity => return self.quantity(value, kind),
            SearchType::Special => return self.position(value),
            SearchType::Composite => {}
        }
        Ok(())
    }

    fn token(&mut self, value: Value<'_>, kind: ValueKind, implied: &[CodeSetId]) {
        let seed = self.seed;
        self.texts(value, kind);
        match kind {
            ValueKind::CodeableConcept => {
                for coding in each(value, "coding") {
                    self.coding(seed, coding, "code");
                }
            }
            ValueKind::Coding => self.coding(seed, value, "code"),
            ValueKind::Identifier => self.identifier(seed, value),
            ValueKind::ContactPoint => {
                if let Some(code) = text(value, "value") {
                    self.code(seed, &code);
                    self.folded(seed, "", &code);
                }
            }
            _ => {
                if let Some(code) = value.primitive() {
                    self.code(seed, &code);
                    self.folded(seed, "", &code);
                    let implied = if self.codes_only { &[] } else { implied };
                    for system in systems(self.code_sets, implied, &code) {
                        self.token_of(hash::system(seed, system));
                        self.token_of(hash::token(seed, system, &code));
                        self.folded(seed, system, &code);
                    }
                    if self.is_folded && are_media_types(self.code_sets, implied) {
                        self.token_of(hash::media_type(seed, &media_type(&code)));
                    }
                }
            }
        }
    }

    fn token_of(&mut self, element: i64) {
        self.values.tokens.push(element);
    }

    /// A code that has no place for a system.
    pub(super) fn code(&mut self, seed: i64, code: &str) {
        self.token_of(hash::code(seed, code));
        if self.codes_only {
            return;
        }
        self.token_of(hash::code_without_system(seed, code));
    }

    /// What finds a code of capital letters where their case does not matter; no system is an empty one.
    pub(super) fn folded(&mut self, seed: i64, system: &str, code: &str) {
        let small = code.to_lowercase();
        if small == code || !self.is_folded {
            return;
        }
        self.token_of(hash::folded_code(seed, &small));
        self.token_of(hash::folded_token(seed, system, &small));
    }

    fn coding(&mut self, seed: i64, coding: Value<'_>, member: &str) {
        let code = text(coding, member);
        if self.codes_only {
            if let Some(code) = code {
                self.code(seed, &code);
            }
            return;
        }
        if let Some(code) = code.as_deref().filter(|_| member == "code") {
            let system = text(coding, "system").unwrap_or_default();
            self.folded(seed, &system, code);
        }
        match (text(coding, "system"), code) {
            (Some(system), Some(code)) => {
                self.token_of(hash::code(seed, &code));
                self.token_of(hash::system(seed, &system));
                self.token_of(hash::token(seed, &system, &code));
            }
            (Some(system), None) => self.token_of(hash::system(seed, &system)),
            (None, Some(code)) => self.code(seed, &code),
            (None, None) => {}
        }
    }

    fn identifier(&mut self, seed: i64, identifier: Value<'_>) {
        self.coding(seed, identifier, "value");
        let Some(value) = text(identifier, "value") else {
            return;
        };
        if self.codes_only {
            return;
        }
        let types = identifier.at(&["type", "coding"]);
        for coding in types.into_iter().flat_map(Value::items) {
            if let Some(code) = text(coding, "code") {
                let system = text(coding, "system").unwrap_or_default();
                self.token_of(hash::of_type(seed, &system, &code, &value));
            }
        }
    }

    fn reference(&mut self, value: Value<'_>, kind: ValueKind) {
        let seed = self.seed;
        let out = &mut self.values.tokens;
        match kind {
            ValueKind::Reference => {
                if let Some(literal) = text(value, "reference") {
                    let reference = Reference::parse(&literal, self.base_url);
                    link::reference_elements(seed, &literal, &reference, out);
                }
                if let Some(identifier) = value.get("identifier") {
                    self.identifier(hash::identifier_seed(seed), identifier);
                }
            }
            _ => {
                if let Some(text) = value.string() {
                    link::canonical_elements(seed, &text, self.base_url, out);
                }
            }
        }
    }

    /// Adds what the references to one type have of their own, if this is one. Where all references of the operand are
    /// indexed (`is_whole`), the elements of literal references are there already.
    pub(super) fn narrowed(
        &mut self,
        value: Value<'_>,
        members: &RootMembers<'_>,
        target: ResourceType,
        is_whole: bool,
    ) {
        let literal = text(value, "reference");
        let reference = literal
            .as_deref()
            .map(|literal| Reference::parse(literal, self.base_url));
        let own = ParameterSeed {
            seed: self.seed,
            target: Some(target),
        }
        .own();
        match (&literal, &reference) {
            (Some(literal), Some(reference @ Reference::Local { key, .. })) => {
                if key.resource_type != target {
                    return;
                }
                if !is_whole {
                    link::reference_elements(
                        self.seed,
                        literal,
                        reference,
                        &mut self.values.tokens,
                    );
                }
            }
            _ if !resolves_to(value, members, target) => return,
            (Some(literal), Some(reference)) => {
                link::reference_elements(own, literal, reference, &mut self.values.tokens);
            }
            _ => {}
        }
        self.token_of(hash::present(own));
        if let Some(identifier) = value.get("identifier") {
            self.identifier(hash::identifier_seed(own), identifier);
        }
    }

    fn string(&mut self, value: Value<'_>, kind: ValueKind) {
        let members: &[&str] = match kind {
            ValueKind::HumanName => &["text", "family", "given", "prefix", "suffix"],
            ValueKind::Address => &[
                "text",
                "line",
                "city",
                "district",
                "state",
                "postalCode",
                "country",
            ],
            _ => return self.string_of(value.primitive()),
        };
        for part in members.iter().flat_map(|member| each(value, member)) {
            self.string_of(part.string());
        }
    }

    pub(super) fn string_of(&mut self, text: Option<Cow<'_, str>>) {
        let Some(text) = text else {
            return;
        };
        let parameter = self.seed;
        self.token_of(hash::exact(parameter, &text));
        let folded = fold(&text).into_boxed_str();
        // What folds to nothing has no beginning to be found by.
        if !folded.is_empty() {
            self.values.strings.push(StringValue { parameter, folded });
        }
    }

    fn uri(&mut self, value: Value<'_>, kind: ValueKind) {
        let Some(text) = value.string() else {
            return;
        };
        let seed = self.seed;
        match kind {
            ValueKind::Canonical => {
                link::canonical_uri_elements(seed, &text, &mut self.values.tokens);
            }
            _ => self.token_of(hash::url(seed, &text)),
        }
        for above in url_path::ancestors(&text) {
            self.token_of(hash::url_below(seed, above));
        }
    }

    fn date(&mut self, value: Value<'_>, kind: ValueKind) -> Result<(), ExtractError> {
        let (lower, upper) = match kind {
            ValueKind::Period => {
                let start = self.moment(value.get("start"))?.map(|one| one.lower());
                let end = self.moment(value.get("end"))?.map(|one| one.upper());
                (start, end)
            }
            ValueKind::Timing => self.timing(value)?,
            _ => {
                let moment = self.moment(Some(value))?;
                (moment.map(|one| one.lower()), moment.map(|one| one.upper()))
            }
        };
        if lower.is_some() || upper.is_some() {
            self.values.dates.push(DateValue {
                parameter: self.seed,
                lower: lower.unwrap_or(Timestamp::MIN),
                upper: upper.unwrap_or(Timestamp::MAX),
            });
        }
        Ok(())
    }

    /// Only the outer limits of a schedule count.
    fn timing(
        &self,
        timing: Value<'_>,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), ExtractError> {
        let (mut lower, mut upper) = (None, None);
        for event in each(timing, "event") {
            let Some(moment) = self.moment(Some(event))? else {
                continue;
            };
            lower = Some(lower.map_or(moment.lower(), |one: Timestamp| one.min(moment.lower())));
            upper = Some(upper.map_or(moment.upper(), |one: Timestamp| one.max(moment.upper())));
        }
        let Some(period) = timing.at(&["repeat", "boundsPeriod"]) else {
            return Ok((lower, upper));
        };
        let start = self.moment(period.get("start"))?.map(|one| one.lower());
        let end = self.moment(period.get("end"))?.map(|one| one.upper());
        // A side that the period leaves open is open, whatever the events.
        let lower = match (lower, start) {
            (Some(event), Some(start)) => Some(start.min(event)),
            (_, start) => start,
        };
        let upper = match (upper, end) {
            (Some(event), Some(end)) => Some(end.max(event)),
            (_, end) => end,
        };
        Ok((lower, upper))
    }

    fn moment(&self, value: Option<Value<'_>>) -> Result<Option<DateTime>, ExtractError> {
        let Some(text) = value.and_then(Value::string) else {
            return Ok(None);
        };
        match parse_partial(&text) {
            Ok(moment) => Ok(Some(moment)),
            Err(_) => Err(ExtractError::Date {
                parameter: self.code.into(),
            }),
        }
    }
}

pub(super) fn text<'v>(object: Value<'v>, member: &str) -> Option<Cow<'v, str>> {
    object.get(member).and_then(Value::string)
}

fn each<'v>(object: Value<'v>, member: &str) -> impl Iterator<Item = Value<'v>> {
    object.get(member).into_iter().flat_map(Value::each)
}

/// Whether codes are media types.
pub(super) fn are_media_types(code_sets: &CodeSets, implied: &[CodeSetId]) -> bool {
    let mut systems = implied.iter().flat_map(|id| &code_sets.get(*id).systems);
    systems.any(|one| one.codes == Codes::MimeTypes)
}

/// A media type without its parameters, in small letters (<https://www.rfc-editor.org/rfc/rfc6838#section-4.3>).
pub(super) fn media_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().to_lowercase()
}

/// The systems of a code, as far as the code sets it must come from tell.
fn systems<'s>(
    code_sets: &'s CodeSets,
    implied: &'s [CodeSetId],
    code: &'s str,
) -> impl Iterator<Item = &'s str> {
    let systems = implied.iter().flat_map(|id| &code_sets.get(*id).systems);
    systems
        .filter(move |one| match &one.codes {
            Codes::Listed(codes) => codes.binary_search_by(|known| (**known).cmp(code)).is_ok(),
            Codes::All | Codes::LanguageTags | Codes::MimeTypes => true,
        })
        .map(|one| &*one.system)
}
