//! The text of one value of a query.

use super::super::data::{AMOUNTS, CODES, DATES, INSTANTS, NAMES, SYSTEMS, UNITS};
use super::super::definitions::{Parameter, text as member};
use super::super::dice::Dice;
use super::super::folding::fold;
use super::super::query::escaped;
use super::super::value::{Amount, Token, Value};
use super::super::world::World;

const PREFIXES: [&str; 9] = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];

/// A value for a parameter: one that occurs, one that nearly does, or one that does not.
pub(super) fn text(
    world: &World,
    dice: &mut Dice,
    parameter: &Parameter,
    modifier: Option<&str>,
    found: Option<(usize, Value)>,
) -> String {
    let (place, value) = found.map_or((None, Value::Present), |(place, value)| {
        (Some(place), value)
    });
    if parameter.code == "_id" {
        let known = place.map(|place| world.resources[place].id.clone());
        return known
            .filter(|_| dice.chance(90))
            .unwrap_or_else(|| "nonsense".to_owned());
    }
    if parameter.code == "_lastUpdated" {
        return last_updated(world, dice, place);
    }
    match (parameter.kind.as_str(), modifier) {
        ("token", Some("of-type")) => of_type(dice, &value),
        ("token", Some("text")) => string(dice, None, &value),
        ("token", _) => token(dice, &value),
        ("string", _) => string(dice, modifier, &value),
        ("uri", _) => uri(dice, modifier, &value),
        ("date", _) => date(dice),
        ("number", _) => format!("{}{}", prefix(dice), number(dice, &value)),
        ("quantity", _) => quantity(dice, &value),
        ("reference", Some("identifier")) => token(dice, &value),
        ("reference", _) => reference(world, dice, &value),
        ("composite", _) => composite(world, dice, parameter, place),
        _ => near(dice, &value),
    }
}

fn prefix(dice: &mut Dice) -> &'static str {
    if dice.chance(30) {
        ""
    } else {
        dice.pick(&PREFIXES)
    }
}

fn last_updated(world: &World, dice: &mut Dice, place: Option<usize>) -> String {
    let resource = place.map(|place| &world.resources[place]);
    let meta = resource.and_then(|one| one.json.get("meta"));
    let instant = meta
        .and_then(|one| member(one, "lastUpdated"))
        .unwrap_or("2020-01-01T00:00:00Z");
    let instant = match dice.roll(4) {
        0 => instant.get(..10).unwrap_or(instant).to_owned(),
        1 => format!("{}Z", instant.get(..19).unwrap_or(instant)),
        _ => instant.to_owned(),
    };
    format!("{}{instant}", prefix(dice))
}

fn token(dice: &mut Dice, value: &Value) -> String {
    let (Value::Token(token) | Value::Logical(token)) = value else {
        return format!(
            "{}|{}",
            escaped(dice.pick(&SYSTEMS)),
            escaped(dice.pick(&CODES))
        );
    };
    let token: Token = token.clone();
    let system = token.system.or_else(|| token.implied.first().cloned());
    let system = escaped(&system.unwrap_or_default());
    let code = escaped(&token.code.unwrap_or_else(|| "1".to_owned()));
    match dice.roll(12) {
        0 => format!("|{code}"),
        1 if !system.is_empty() => format!("{system}|"),
        2 => format!("{}|{code}", escaped(dice.pick(&SYSTEMS))),
        3 => code.to_uppercase(),
        4 => format!("{code}x"),
        5 => escaped(dice.pick(&CODES)),
        6 | 7 => code,
        _ if system.is_empty() => code,
        _ => format!("{system}|{code}"),
    }
}

fn of_type(dice: &mut Dice, value: &Value) -> String {
    let Value::Token(token) = value else {
        return "http://terminology.hl7.org/CodeSystem/v2-0203|MR|1".to_owned();
    };
    let (system, code) = token
        .types
        .first()
        .cloned()
        .unwrap_or((None, "MR".to_owned()));
    let number = token
        .code
        .clone()
        .unwrap_or_else(|| dice.pick(&CODES).to_owned());
    let system =
        system.unwrap_or_else(|| "http://terminology.hl7.org/CodeSystem/v2-0203".to_owned());
    format!(
        "{}|{}|{}",
        escaped(&system),
        escaped(&code),
        escaped(&number)
    )
}

/// A beginning or a piece of a text, or the whole.
fn string(dice: &mut Dice, modifier: Option<&str>, value: &Value) -> String {
    let (Value::Text(found) | Value::Display(found)) = value else {
        return escaped(dice.pick(&NAMES));
    };
    let letters: Vec<char> = found.chars().collect();
    let length = letters.len().max(1);
    let piece = match (modifier, dice.roll(10)) {
        (_, 0) => dice.pick(&NAMES).to_owned(),
        (Some("exact"), 1..=7) | (_, 1) => found.clone(),
        (Some("contains"), _) => {
            let from = dice.roll(length);
            letters.iter().skip(from).take(1 + dice.roll(6)).collect()
        }
        (_, 2) => found.to_uppercase(),
        (_, 3) => fold(found),
        (_, 4) => format!("{found}x"),
        _ => letters.iter().take(1 + dice.roll(length)).collect(),
    };
    // What folds to nothing has no beginning; what ends in a space is a matter of trimming.
    let piece = piece.trim().to_owned();
    if fold(&piece).is_empty() || piece.chars().any(char::is_control) {
        "x".to_owned()
    } else {
        escaped(&piece)
    }
}

fn uri(dice: &mut Dice, modifier: Option<&str>, value: &Value) -> String {
    let Value::Uri(found, _) = value else {
        return "http://example.org/none".to_owned();
    };
    let is_url = found.starts_with("http");
    let text = match (modifier, dice.roll(6)) {
        (Some("below"), 0..=3) if is_url => {
            let places: Vec<usize> = found
                .match_indices('/')
                .map(|(place, _)| place)
                .filter(|one| *one > 8)
                .collect();
            let place = places.get(dice.roll(places.len())).copied();
            place.map_or(found.clone(), |place| found[..place].to_owned())
        }
        (Some("above"), 0..=3) if is_url => format!("{}/more", found.trim_end_matches('/')),
        (Some("above" | "below"), _) if !is_url => "http://example.org/none".to_owned(),
        (_, 4) => format!("{found}x"),
        (_, 5) => found.split('|').next().unwrap_or(found).to_owned(),
        _ => found.clone(),
    };
    escaped(&text)
}

fn date(dice: &mut Dice) -> String {
    let text = match dice.roll(12) {
        0 => dice.pick(&INSTANTS),
        1 => dice.pick(&[
            "2021-03-14T00:59Z",
            "2021-03-14T01:59",
            "2021-03-14T00:59:26",
            "2012",
            "2013-01",
            "1950",
        ]),
        _ => dice.pick(&DATES),
    };
    format!("{}{text}", prefix(dice))
}

fn number(dice: &mut Dice, value: &Value) -> String {
    let range = match value {
        Value::Number(range) => Some(range),
        Value::Amount(amount) => Some(&amount.range),
        _ => None,
    };
    let known = range.and_then(|range| range.lower.as_ref().or(range.upper.as_ref()));
    // A number that is asked for has 64 characters at most.
    let known = known.map(|known| known.to_plain_string());
    match (known.filter(|text| text.len() <= 64), dice.roll(3)) {
        (Some(known), 0 | 1) => known,
        _ => dice.pick(&AMOUNTS).to_owned(),
    }
}

fn quantity(dice: &mut Dice, value: &Value) -> String {
    let none = Amount {
        range: super::super::decimal::Range {
            lower: None,
            upper: None,
        },
        system: None,
        code: None,
        unit: None,
    };
    let amount = if let Value::Amount(amount) = value {
        amount
    } else {
        &none
    };
    let number = format!("{}{}", prefix(dice), number(dice, value));
    let of = |part: &Option<String>| escaped(part.as_deref().unwrap_or_default());
    let (system, code) = (of(&amount.system), of(&amount.code));
    match dice.roll(8) {
        0 | 1 => number,
        2 if !code.is_empty() => format!("{number}||{code}"),
        3 if amount.unit.is_some() => format!("{number}||{}", of(&amount.unit)),
        4 | 5 => format!(
            "{number}|http://unitsofmeasure.org|{}",
            escaped(dice.pick(&UNITS))
        ),
        _ if !system.is_empty() && !code.is_empty() => format!("{number}|{system}|{code}"),
        _ => number,
    }
}

fn reference(world: &World, dice: &mut Dice, value: &Value) -> String {
    let text = match value {
        Value::Local(kind, id, version) => match dice.roll(8) {
            0 => id.clone(),
            1 => format!("{}/{kind}/{id}", world.base),
            2 => format!("{kind}/{id}x"),
            3 => match version {
                Some(version) => format!("{kind}/{id}/_history/{version}"),
                None => format!("http://elsewhere.example/fhir/{kind}/{id}"),
            },
            _ => format!("{kind}/{id}"),
        },
        Value::Elsewhere(url, true) => match dice.chance(50) {
            true => url.split('|').next().unwrap_or(url).to_owned(),
            false => url.clone(),
        },
        Value::Elsewhere(url, false) => url.clone(),
        _ => "Patient/o-1".to_owned(),
    };
    // The version of a canonical stands behind a `|` that separates nothing else.
    text.replace('\\', "\\\\")
        .replace(',', "\\,")
        .replace('$', "\\$")
}

fn composite(
    world: &World,
    dice: &mut Dice,
    parameter: &Parameter,
    place: Option<usize>,
) -> String {
    let parts = parameter.components.iter().map(|(url, _)| {
        let component = world
            .definitions
            .parameters
            .get(url)
            .cloned()
            .unwrap_or_default();
        let values = place.map(|place| world.values(place, &component.code));
        let value = values.and_then(|values| values.get(dice.roll(values.len())).cloned());
        text(world, dice, &component, None, place.zip(value))
    });
    parts.collect::<Vec<_>>().join("$")
}

fn near(dice: &mut Dice, value: &Value) -> String {
    let (latitude, longitude) = match value {
        Value::Position(latitude, longitude) => {
            (latitude.to_plain_string(), longitude.to_plain_string())
        }
        _ => ("48.8".to_owned(), "2.3".to_owned()),
    };
    let distance = dice.pick(&["1", "10", "100.5", "500", "20000"]);
    match dice.roll(3) {
        0 => format!("{latitude}|{longitude}|{distance}"),
        1 => format!("{latitude}|{longitude}|{distance}|km"),
        _ => format!("{latitude}|{longitude}|{distance}|m"),
    }
}
