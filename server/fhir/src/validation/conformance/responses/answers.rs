//! What one answer may be: its type, its options, its bounds.

use std::cmp::Ordering;

use super::{choice, enabled, extension, list, text};
use crate::definitions::profiles::Sample;
use crate::definitions::profiles::samples;
use crate::ids::ResourceType;
use crate::json::Value;
use crate::outcome::{Issue, IssueType, Severity};
use crate::validation::conformance::Check;
use crate::validation::conformance::references::literal;
use crate::validation::findings::{Findings, Path};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";

impl<'a> Check<'_, 'a> {
    /// The answers of one item.
    pub(super) fn answered(
        &self,
        out: &mut Findings,
        question: Value<'a>,
        item: Value<'a>,
        path: &Path<'_>,
    ) {
        let kind = text(question, "type").unwrap_or_default();
        if matches!(&*kind, "group" | "display" | "question") {
            if item.get("answer").is_some() {
                let what = format!("an item of type {kind} has no answers");
                out.add(path, item, IssueType::Structure, what);
            }
            return;
        }
        let list_path = path.member("answer");
        let answers: Vec<Value<'a>> = list(item, "answer").collect();
        let is_exclusive = |answer: &Value<'a>| {
            let value = choice(*answer, "value").map(|(_, value)| value);
            value.is_some_and(|value| is_exclusive(question, value))
        };
        for (number, answer) in answers.iter().enumerate() {
            let here = list_path.item(number);
            if answers.len() > 1 && is_exclusive(answer) {
                let what = "this option excludes all others";
                out.add(&here, *answer, IssueType::BusinessRule, what);
            }
            let Some((name, value)) = choice(*answer, "value") else {
                continue;
            };
            let chosen = name.strip_prefix("value").unwrap_or_default();
            let chosen = own_name(chosen);
            let place = here.choice("value", &chosen);
            self.answer(out, (question, &kind), (&chosen, value), &place);
        }
    }

    fn answer(
        &self,
        out: &mut Findings,
        (question, kind): (Value<'a>, &str),
        (chosen, value): (&str, Value<'a>),
        path: &Path<'_>,
    ) {
        let wanted = types(kind);
        if !wanted.contains(&chosen) {
            let what = format!("must be of type {}, not {chosen}", wanted.join(" or "));
            return out.add(path, value, IssueType::Structure, what);
        }
        self.options(out, (question, kind), (chosen, value), path);
        bounds(out, question, (chosen, value), path);
        if let Some(reference) = text(value, "reference").filter(|_| kind == "reference")
            && let Some((name, _)) = literal(&reference)
            && ResourceType::parse(name).is_none()
        {
            let what = "the reference is to no type of R4";
            out.add(path, value, IssueType::Value, what);
        }
    }

    /// Whether the answer is one of those offered.
    fn options(
        &self,
        out: &mut Findings,
        (question, kind): (Value<'a>, &str),
        (chosen, value): (&str, Value<'a>),
        path: &Path<'_>,
    ) {
        let is_free = kind == "open-choice" && chosen == "string";
        let mut options = list(question, "answerOption")
            .filter_map(|option| choice(option, "value"))
            .peekable();
        if options.peek().is_some() && !is_free {
            let is_one = options.any(|(_, option)| enabled::is_equal(value, option));
            if !is_one {
                let what = "is none of the options the Questionnaire offers";
                out.add(path, value, IssueType::CodeInvalid, what);
            }
        }
        let Some(value_set) = text(question, "answerValueSet").filter(|_| !is_free) else {
            return;
        };
        let terminology = self.validator.terminology;
        let system = text(value, "system");
        let code = match chosen {
            "Coding" => text(value, "code"),
            _ => value.string(),
        };
        let Some(code) = code else { return };
        let what = format!("is no code of the value set {value_set}");
        match terminology.contains(&value_set, system.as_deref(), &code) {
            Some(true) => {}
            Some(false) => {
                let finding = (IssueType::CodeInvalid, what);
                self.note(out, Severity::Error, (path, value), finding);
            }
            None => {
                // A coding without a system is of no system, a text of any.
                let system = match chosen {
                    "Coding" => Some(system.unwrap_or_default()),
                    _ => None,
                };
                let issue = Issue::error(IssueType::CodeInvalid, what)
                    .at(path.to_string())
                    .positioned(value.position());
                self.ask(&value_set, &[(system, code)], issue);
            }
        }
    }
}

/// The types of answers to a question of a type.
fn types(kind: &str) -> &'static [&'static str] {
    match kind {
        "boolean" => &["boolean"],
        "decimal" => &["decimal", "integer"],
        "integer" => &["integer"],
        "date" => &["date"],
        "dateTime" => &["dateTime"],
        "time" => &["time"],
        "string" | "text" => &["string"],
        "url" => &["uri"],
        "choice" => &["Coding", "date", "time", "integer", "string", "Reference"],
        "open-choice" => &["Coding", "string", "date", "time", "integer", "Reference"],
        "attachment" => &["Attachment"],
        "reference" => &["Reference"],
        "quantity" => &["Quantity"],
        _ => &[],
    }
}

/// `valueDateTime` is a `dateTime`, `valueCoding` a `Coding`.
fn own_name(suffix: &str) -> String {
    match suffix {
        "Coding" | "Quantity" | "Reference" | "Attachment" => suffix.to_owned(),
        _ => {
            let mut letters = suffix.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

fn is_exclusive(question: Value<'_>, value: Value<'_>) -> bool {
    let url = format!("{CORE}questionnaire-optionExclusive");
    list(question, "answerOption").any(|option| {
        extension(option, &url)
            .and_then(|one| one.get("valueBoolean")?.boolean())
            .unwrap_or(false)
            && choice(option, "value").is_some_and(|(_, own)| enabled::is_equal(value, own))
    })
}

fn bounds(
    out: &mut Findings,
    question: Value<'_>,
    (chosen, value): (&str, Value<'_>),
    path: &Path<'_>,
) {
    let named = |base: &str, name: &str| extension(question, &format!("{base}{name}"));
    for (base, name, wrong, what) in [
        (CORE, "minValue", Ordering::Less, "less"),
        (CORE, "maxValue", Ordering::Greater, "more"),
        (SDC, "minQuantity", Ordering::Less, "less"),
        (SDC, "maxQuantity", Ordering::Greater, "more"),
    ] {
        let Some((_, bound)) = named(base, name).and_then(|one| choice(one, "value")) else {
            continue;
        };
        let order = compare(value, bound, chosen);
        if order == Some(wrong) {
            let text = format!("must not be {what} than {}", bound.raw());
            out.add(path, value, IssueType::Value, text);
        } else if order.is_none() && chosen == "Quantity" {
            let text = format!(
                "cannot be compared with {}: both need a coded unit",
                bound.raw()
            );
            out.add(path, value, IssueType::Value, text);
        }
    }
    let number = |value: Option<Value<'_>>| -> Option<usize> { value?.number()?.parse().ok() };
    let own = |name| number(named(CORE, name).and_then(|one| one.get("valueInteger")));
    if let Some(text) = value.string() {
        let length = text.chars().count();
        if number(question.get("maxLength")).is_some_and(|max| length > max) {
            out.add(
                path,
                value,
                IssueType::TooLong,
                "is longer than the Questionnaire allows",
            );
        }
        if own("minLength").is_some_and(|min| length < min) {
            out.add(
                path,
                value,
                IssueType::Value,
                "is shorter than the Questionnaire allows",
            );
        }
    }
    let digits = value.number().and_then(|digits| digits.split_once('.'));
    if let (Some((_, digits)), Some(max)) = (digits, own("maxDecimalPlaces"))
        && digits.len() > max
    {
        let what = format!("has more than {max} decimal places");
        out.add(path, value, IssueType::Value, what);
    }
}

/// Dates are compared as far as both say something.
fn compare(value: Value<'_>, bound: Value<'_>, type_name: &str) -> Option<Ordering> {
    if let (Some(value), Some(bound)) = (value.string(), bound.string())
        && matches!(type_name, "date" | "dateTime")
        && value.len() != bound.len()
    {
        let length = value.len().min(bound.len());
        let order = value.get(..length)?.cmp(bound.get(..length)?);
        // What says more lies within what says less, and is beyond it as a bound.
        return Some(match order {
            Ordering::Equal if value.len() > bound.len() => Ordering::Greater,
            order => order,
        });
    }
    samples::compare(value, &Sample::new(type_name, bound.raw()))
}
