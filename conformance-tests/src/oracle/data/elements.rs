//! Elements of generated resources, as JSON text.

use super::{ABSENT, AMOUNTS, CODES, Dice, NAMES, SYSTEMS, UNITS};

pub(super) fn maybe(
    dice: &mut Dice,
    percent: usize,
    made: impl FnOnce(&mut Dice) -> String,
) -> String {
    if dice.chance(percent) {
        made(dice)
    } else {
        String::new()
    }
}

pub(super) fn joined(parts: Vec<String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|one| !one.is_empty()).collect();
    parts.join(",")
}

pub(super) fn several(
    dice: &mut Dice,
    most: usize,
    mut made: impl FnMut(&mut Dice) -> String,
) -> String {
    let all: Vec<String> = (0..=dice.roll(most)).map(|_| made(dice)).collect();
    all.join(",")
}

pub(super) fn token(dice: &mut Dice, code_member: &str) -> String {
    let system = maybe(dice, 70, |dice| {
        format!(r#""system":"{}""#, dice.pick(&SYSTEMS))
    });
    let code = maybe(dice, 92, |dice| {
        format!(r#""{code_member}":"{}""#, dice.pick(&CODES))
    });
    let text = joined(vec![system, code]);
    if text.is_empty() {
        format!("{{{ABSENT}}}")
    } else {
        format!("{{{text}}}")
    }
}

pub(super) fn identifier(dice: &mut Dice) -> String {
    let inner = token(dice, "value");
    if !dice.chance(25) {
        return inner;
    }
    let kind = r#""type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Medical record"}"#;
    inner.replacen('{', &format!("{{{kind},"), 1)
}

pub(super) fn concept(dice: &mut Dice) -> String {
    let codings = several(dice, 2, |dice| token(dice, "code"));
    let text = maybe(dice, 30, |dice| {
        format!(r#","text":"{}""#, dice.pick(&NAMES))
    });
    match dice.roll(20) {
        0 => format!(r#"{{"text":"{}"}}"#, dice.pick(&NAMES)),
        1 => format!("{{{ABSENT}}}"),
        _ => format!(r#"{{"coding":[{codings}]{text}}}"#),
    }
}

pub(super) fn period(dice: &mut Dice) -> String {
    let pairs = [
        ("2019", "2020"),
        ("2020-01-01", "2020-01-31"),
        ("2021-03-14T00:00:00Z", "2021-03-14T23:59:59Z"),
        ("2020-02-29", "2021"),
        ("1970", "2035-05-05"),
        ("2021-03", "2021-03"),
    ];
    let (start, end) = pairs
        .get(dice.roll(pairs.len()))
        .copied()
        .unwrap_or(("2019", "2020"));
    match dice.roll(6) {
        0 => format!(r#"{{"start":"{start}"}}"#),
        1 => format!(r#"{{"end":"{end}"}}"#),
        2 => format!("{{{ABSENT}}}"),
        _ => format!(r#"{{"start":"{start}","end":"{end}"}}"#),
    }
}

pub(super) fn reference(dice: &mut Dice, kind: &str, count: usize) -> String {
    let target = format!("{kind}/o-{}", dice.roll(count + count / 10));
    match dice.roll(20) {
        0 => format!(r#"{{"reference":"{target}/_history/1"}}"#),
        1 => format!(r#"{{"reference":"http://elsewhere.example/fhir/{target}"}}"#),
        2 => format!(
            r#"{{"reference":"urn:uuid:00000000-0000-4000-8000-00000000000{}"}}"#,
            dice.roll(10)
        ),
        3 => format!(r#"{{"identifier":{},"type":"{kind}"}}"#, identifier(dice)),
        4 => r#"{"display":"somebody"}"#.to_owned(),
        5 => format!(r#"{{"reference":"{{base}}/{target}"}}"#),
        _ => format!(r#"{{"reference":"{target}"}}"#),
    }
}

pub(super) fn quantity(dice: &mut Dice) -> String {
    let value = dice.pick(&AMOUNTS);
    let unit = dice.pick(&UNITS);
    match dice.roll(8) {
        0 => format!(r#"{{"value":{value}}}"#),
        1 => format!(r#"{{"value":{value},"unit":"{unit}"}}"#),
        2 => format!(
            r#"{{"value":{value},"unit":"tablets","system":"http://example.org/a","code":"TAB"}}"#
        ),
        3 => format!("{{{ABSENT}}}"),
        _ => format!(
            r#"{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#
        ),
    }
}

pub(super) fn range(dice: &mut Dice) -> String {
    let (low, high) = if dice.chance(50) {
        ("5", "100")
    } else {
        ("0.1", "5.4")
    };
    let unit = dice.pick(&["a", "mo"]);
    let side = |value: &str| {
        format!(
            r#"{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#
        )
    };
    match dice.roll(4) {
        0 => format!(r#"{{"low":{}}}"#, side(low)),
        1 => format!(r#"{{"high":{}}}"#, side(high)),
        _ => format!(r#"{{"low":{},"high":{}}}"#, side(low), side(high)),
    }
}

pub(super) fn meta(dice: &mut Dice) -> String {
    maybe(dice, 30, |dice| {
        let tag = token(dice, "code");
        let source = dice.pick(&[
            "http://example.org/source",
            "urn:uuid:7",
            "http://example.org/source/a#b",
        ]);
        let profile = dice.pick(&[
            "http://example.org/profile|1.0",
            "http://example.org/profile",
            "http://example.org/profile2",
        ]);
        format!(r#""meta":{{"tag":[{tag}],"source":"{source}","profile":["{profile}"]}}"#)
    })
}

pub(super) fn name(dice: &mut Dice) -> String {
    let family = maybe(dice, 85, |dice| {
        format!(r#""family":"{}""#, dice.pick(&NAMES))
    });
    let given = maybe(dice, 80, |dice| {
        let given = several(dice, 2, |dice| format!(r#""{}""#, dice.pick(&NAMES)));
        format!(r#""given":[{given}]"#)
    });
    let text = maybe(dice, 20, |dice| {
        format!(
            r#""text":"  {}\t{} ""#,
            dice.pick(&NAMES),
            dice.pick(&NAMES)
        )
    });
    let all = joined(vec![family, given, text]);
    if all.is_empty() {
        format!("{{{ABSENT}}}")
    } else {
        format!("{{{all}}}")
    }
}

pub(super) fn telecom(dice: &mut Dice) -> String {
    let value = dice.pick(&[
        "555-0100",
        "555-0101",
        "a@example.org",
        "A@example.org",
        "+49 30 1234",
    ]);
    let system = dice.pick(&["phone", "email", "fax"]);
    format!(r#"{{"system":"{system}","value":"{value}"}}"#)
}

pub(super) fn address(dice: &mut Dice) -> String {
    let (line, city) = (
        dice.pick(&NAMES),
        dice.pick(&["Paris", "PARIS", "Zürich", "東京", "Paris-Nord"]),
    );
    let country = dice.pick(&["FR", "CH", "JP"]);
    format!(
        r#"{{"use":"work","line":["{line} 1","{line} 2"],"city":"{city}","country":"{country}","postalCode":"0{}"}}"#,
        dice.roll(40)
    )
}
