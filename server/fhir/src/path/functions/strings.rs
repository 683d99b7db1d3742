//! Text (<http://hl7.org/fhirpath/N1/#string-manipulation>). Places are counted in characters.

use std::borrow::Cow;

use super::{Function, Takes, encoding, values};
use crate::path::evaluation::{Answer, Evaluation, Focus};
use crate::path::pattern::Pattern;
use crate::path::tree::Call;
use crate::path::{Collection, EvaluationError, Item};

pub(super) const FUNCTIONS: &[Function] = &[
    values("indexOf", (1, 1), |evaluation, input, call, focus| {
        two(evaluation, &input, call, focus, "indexOf", |text, other| {
            place(text, text.find(other))
        })
    }),
    values("lastIndexOf", (1, 1), |evaluation, input, call, focus| {
        two(
            evaluation,
            &input,
            call,
            focus,
            "lastIndexOf",
            |text, other| place(text, text.rfind(other)),
        )
    }),
    values("startsWith", (1, 1), |evaluation, input, call, focus| {
        two(
            evaluation,
            &input,
            call,
            focus,
            "startsWith",
            |text, other| Item::Boolean(text.starts_with(other)),
        )
    }),
    values("endsWith", (1, 1), |evaluation, input, call, focus| {
        two(
            evaluation,
            &input,
            call,
            focus,
            "endsWith",
            |text, other| Item::Boolean(text.ends_with(other)),
        )
    }),
    values("contains", (1, 1), |evaluation, input, call, focus| {
        two(
            evaluation,
            &input,
            call,
            focus,
            "contains",
            |text, other| Item::Boolean(text.contains(other)),
        )
    }),
    values("upper", (0, 0), |evaluation, input, _, _| {
        made(evaluation, &input, "upper", |text| {
            Some(text.to_uppercase())
        })
    }),
    values("lower", (0, 0), |evaluation, input, _, _| {
        made(evaluation, &input, "lower", |text| {
            Some(text.to_lowercase())
        })
    }),
    values("trim", (0, 0), |evaluation, input, _, _| {
        made(evaluation, &input, "trim", |text| {
            Some(text.trim().to_owned())
        })
    }),
    values("length", (0, 0), |evaluation, input, _, _| {
        let text = evaluation.string(&input, "length")?;
        Ok(text
            .and_then(|text| i32::try_from(text.chars().count()).ok())
            .map(Item::Integer)
            .into())
    }),
    values("toChars", (0, 0), to_chars),
    values("substring", (1, 2), substring),
    values("replace", (2, 2), replace),
    values("split", (1, 1), split),
    values("join", (0, 1), join),
    pattern("matches", (1, 1), false, matches),
    pattern("matchesFull", (1, 1), true, matches),
    pattern("replaceMatches", (2, 2), false, replace_matches),
    values("encode", (1, 1), |evaluation, input, call, focus| {
        formatted(evaluation, &input, call, focus, "encode", encoding::encode)
    }),
    values("decode", (1, 1), |evaluation, input, call, focus| {
        formatted(evaluation, &input, call, focus, "decode", encoding::decode)
    }),
    values("escape", (1, 1), |evaluation, input, call, focus| {
        formatted(evaluation, &input, call, focus, "escape", encoding::escape)
    }),
    values("unescape", (1, 1), |evaluation, input, call, focus| {
        formatted(
            evaluation,
            &input,
            call,
            focus,
            "unescape",
            encoding::unescape,
        )
    }),
];

const fn pattern(
    name: &'static str,
    arguments: (u8, u8),
    whole: bool,
    run: super::Run,
) -> Function {
    Function {
        name,
        arguments,
        takes: Takes::Pattern { whole },
        run,
    }
}

/// The character at which a byte stands; -1 for none.
fn place<'a>(text: &str, byte: Option<usize>) -> Item<'a> {
    let count = byte.map(|byte| text[..byte].chars().count());
    Item::Integer(
        count
            .and_then(|count| i32::try_from(count).ok())
            .unwrap_or(-1),
    )
}

/// A function of the input's text and one more.
fn two<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
    what: &'static str,
    answer: fn(&str, &str) -> Item<'a>,
) -> Answer<'a> {
    let other = evaluation.argument(call, 0, focus)?;
    let text = evaluation.string(input, what)?;
    let other = evaluation.string(&other, what)?;
    let (Some(text), Some(other)) = (text, other) else {
        return Ok(Collection::empty());
    };
    evaluation.charge(text.len() / 64)?;
    Ok(answer(&text, &other).into())
}

/// A text made of the input's.
fn made<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    what: &'static str,
    make: fn(&str) -> Option<String>,
) -> Answer<'a> {
    match evaluation.string(input, what)?.and_then(|text| make(&text)) {
        Some(text) => evaluation.text(text),
        None => Ok(Collection::empty()),
    }
}

/// A text made of the input's in a named format; an unknown format is an error.
fn formatted<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: &Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
    what: &'static str,
    make: fn(&str, &str) -> Result<Option<String>, EvaluationError>,
) -> Answer<'a> {
    let format = evaluation.argument(call, 0, focus)?;
    let text = evaluation.string(input, what)?;
    let (Some(text), Some(format)) = (text, evaluation.string(&format, what)?) else {
        return Ok(Collection::empty());
    };
    match make(&text, &format)? {
        Some(text) => evaluation.text(text),
        None => Ok(Collection::empty()),
    }
}

fn to_chars<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    _: &'a Call,
    _: Focus<'_, 'a>,
) -> Answer<'a> {
    let mut found = Collection::empty();
    if let Some(text) = evaluation.string(&input, "toChars")? {
        for character in text.chars() {
            evaluation.push(&mut found, Item::String(character.to_string().into()))?;
        }
    }
    Ok(found)
}

fn substring<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let start = evaluation.argument(call, 0, focus)?;
    let length = evaluation.argument(call, 1, focus)?;
    let text = evaluation.string(&input, "substring")?;
    let start = evaluation.integer(&start, "substring")?;
    let length = evaluation.integer(&length, "substring")?;
    let (Some(text), Some(start)) = (text, start) else {
        return Ok(Collection::empty());
    };
    let Ok(start) = usize::try_from(start) else {
        return Ok(Collection::empty());
    };
    let mut places = text.char_indices().map(|(byte, _)| byte).skip(start);
    let Some(first) = places.next() else {
        return Ok(Collection::empty());
    };
    let end = match length {
        None => text.len(),
        // A length of nothing or less takes nothing.
        Some(length) => match usize::try_from(length).unwrap_or(0) {
            0 => first,
            length => places.nth(length - 1).unwrap_or(text.len()),
        },
    };
    let part = match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[first..end]),
        Cow::Owned(text) => Cow::Owned(text[first..end].to_owned()),
    };
    Ok(Item::String(part).into())
}

fn replace<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let from = evaluation.argument(call, 0, focus)?;
    let to = evaluation.argument(call, 1, focus)?;
    let (Some(text), Some(from), Some(to)) = (
        evaluation.string(&input, "replace")?,
        evaluation.string(&from, "replace")?,
        evaluation.string(&to, "replace")?,
    ) else {
        return Ok(Collection::empty());
    };
    // Counted before it is made: the result may be far longer than what it is made of.
    let count = text.matches(&*from).count();
    bounded(evaluation, text.len(), count, to.len())?;
    if from.is_empty() {
        // Around every character, but not after the last: as the suite has it.
        let surrounded: String = text
            .chars()
            .flat_map(|character| [to.to_string(), character.to_string()])
            .collect();
        return evaluation.text(surrounded + &to);
    }
    evaluation.text(text.replace(&*from, &to))
}

fn bounded(
    evaluation: &Evaluation<'_, '_>,
    length: usize,
    count: usize,
    each: usize,
) -> Result<(), EvaluationError> {
    let longest = evaluation.environment.limits.string_bytes as usize;
    if count.saturating_mul(each).saturating_add(length) > longest.saturating_mul(2) {
        return Err(EvaluationError::Limit("characters"));
    }
    evaluation.charge(length / 64 + count)
}

fn split<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let separator = evaluation.argument(call, 0, focus)?;
    let (Some(text), Some(separator)) = (
        evaluation.string(&input, "split")?,
        evaluation.string(&separator, "split")?,
    ) else {
        return Ok(Collection::empty());
    };
    let mut found = Collection::empty();
    for part in text.split(&*separator) {
        evaluation.push(&mut found, Item::String(part.to_owned().into()))?;
    }
    Ok(found)
}

fn join<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let separator = evaluation.argument(call, 0, focus)?;
    let separator = evaluation.string(&separator, "join")?.unwrap_or_default();
    if input.is_empty() {
        return Ok(input);
    }
    let mut joined = String::new();
    for (place, item) in input.iter().enumerate() {
        let text = evaluation
            .string(std::slice::from_ref(item), "join")?
            .unwrap_or_default();
        if place > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(&text);
        evaluation.charge(1 + text.len() / 64)?;
        if joined.len() > evaluation.environment.limits.string_bytes as usize {
            return Err(EvaluationError::Limit("characters"));
        }
    }
    evaluation.text(joined)
}

/// The pattern compiled with the expression, or compiled now from a computed text.
fn compiled<'a>(
    evaluation: &Evaluation<'_, 'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Result<Option<Cow<'a, Pattern>>, EvaluationError> {
    if let Some(pattern) = &call.pattern {
        return Ok(Some(Cow::Borrowed(pattern)));
    }
    let argument = evaluation.argument(call, 0, focus)?;
    let Some(text) = evaluation.string(&argument, call.function.name)? else {
        return Ok(None);
    };
    // Compiling costs far more than any other step.
    evaluation.charge(2_000 + text.len())?;
    let whole = call.function.takes == Takes::Pattern { whole: true };
    let pattern = Pattern::compile(&text, whole).ok_or(EvaluationError::Pattern)?;
    Ok(Some(Cow::Owned(pattern)))
}

fn matches<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let text = evaluation.string(&input, call.function.name)?;
    let (Some(text), Some(pattern)) = (text, compiled(evaluation, call, focus)?) else {
        return Ok(Collection::empty());
    };
    Ok(pattern.on(&text, evaluation)?.is_match(&text).into())
}

fn replace_matches<'a>(
    evaluation: &Evaluation<'_, 'a>,
    input: Collection<'a>,
    call: &'a Call,
    focus: Focus<'_, 'a>,
) -> Answer<'a> {
    let to = evaluation.argument(call, 1, focus)?;
    let text = evaluation.string(&input, "replaceMatches")?;
    let to = evaluation.string(&to, "replaceMatches")?;
    let (Some(text), Some(to), Some(pattern)) = (text, to, compiled(evaluation, call, focus)?)
    else {
        return Ok(Collection::empty());
    };
    // An empty pattern would match everywhere; the suite leaves the text as it is.
    // Once to count what will be replaced, once to replace it.
    let regex = pattern
        .on(&text, evaluation)
        .and(pattern.on(&text, evaluation))?;
    if regex.as_str().is_empty() {
        return evaluation.text(text.into_owned());
    }
    let each = to.len() + to.matches('$').count() * text.len();
    bounded(evaluation, text.len(), regex.find_iter(&text).count(), each)?;
    evaluation.text(regex.replace_all(&text, &*to).into_owned())
}
