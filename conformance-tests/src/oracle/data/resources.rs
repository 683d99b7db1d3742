//! The elements of each kind of generated resource.

use super::elements::*;
use super::{ABSENT, DATES, Dice, INSTANTS, NAMES};
use crate::json::{self, Json};

pub(super) fn patient(dice: &mut Dice, count: usize) -> Vec<String> {
    let birth = match dice.roll(8) {
        0 => String::new(),
        1 => format!(r#""_birthDate":{{{ABSENT}}}"#),
        _ => format!(
            r#""birthDate":"{}""#,
            dice.pick(&[
                "1970-01-01",
                "1970-01",
                "1970",
                "2000-02-29",
                "2000-02",
                "1999-12-31",
                "0001-01-01"
            ])
        ),
    };
    let deceased = dice.pick(&[
        "",
        r#""deceasedBoolean":true"#,
        r#""deceasedBoolean":false"#,
        r#""deceasedDateTime":"2020-01""#,
    ]);
    vec![
        meta(dice),
        maybe(dice, 20, |dice| {
            format!(
                r##""contained":[{{"resourceType":"Organization","id":"in","name":"{}","partOf":{}}}],"managingOrganization":{{"reference":"#in"}}"##,
                dice.pick(&NAMES),
                reference(dice, "Organization", 40)
            )
        }),
        maybe(dice, 70, |dice| {
            format!(r#""identifier":[{}]"#, several(dice, 2, identifier))
        }),
        maybe(dice, 70, |dice| {
            format!(r#""active":{}"#, dice.pick(&["true", "false"]))
        }),
        maybe(dice, 90, |dice| {
            format!(r#""name":[{}]"#, several(dice, 2, name))
        }),
        maybe(dice, 50, |dice| {
            format!(r#""telecom":[{}]"#, several(dice, 2, telecom))
        }),
        maybe(dice, 80, |dice| {
            format!(
                r#""gender":"{}""#,
                dice.pick(&["male", "female", "other", "unknown"])
            )
        }),
        birth,
        deceased.to_owned(),
        maybe(dice, 50, |dice| {
            format!(r#""address":[{}]"#, several(dice, 1, address))
        }),
        maybe(dice, 40, |dice| {
            format!(
                r#""generalPractitioner":[{}]"#,
                several(dice, 1, |dice| {
                    let kind = dice.pick(&["Practitioner", "Organization"]);
                    reference(dice, kind, count)
                })
            )
        }),
        maybe(dice, 20, |dice| {
            format!(
                r#""link":[{{"other":{},"type":"seealso"}}]"#,
                reference(dice, "Patient", count)
            )
        }),
    ]
}

pub(super) fn practitioner(dice: &mut Dice) -> Vec<String> {
    vec![
        meta(dice),
        maybe(dice, 60, |dice| {
            format!(r#""identifier":[{}]"#, several(dice, 1, identifier))
        }),
        maybe(dice, 60, |dice| {
            format!(r#""active":{}"#, dice.pick(&["true", "false"]))
        }),
        format!(r#""name":[{}]"#, name(dice)),
        maybe(dice, 50, |dice| {
            format!(r#""gender":"{}""#, dice.pick(&["male", "female"]))
        }),
    ]
}

pub(super) fn organization(dice: &mut Dice) -> Vec<String> {
    vec![
        maybe(dice, 60, |dice| {
            format!(r#""identifier":[{}]"#, several(dice, 1, identifier))
        }),
        format!(r#""name":"{}""#, dice.pick(&NAMES)),
        maybe(dice, 40, |dice| {
            format!(
                r#""alias":[{}]"#,
                several(dice, 2, |dice| format!(r#""{}""#, dice.pick(&NAMES)))
            )
        }),
        maybe(dice, 40, |dice| {
            format!(r#""partOf":{}"#, reference(dice, "Organization", 40))
        }),
        maybe(dice, 50, |dice| format!(r#""address":[{}]"#, address(dice))),
    ]
}

pub(super) fn location(dice: &mut Dice) -> Vec<String> {
    let positions = [
        r#"{"longitude":2.3522,"latitude":48.8566}"#,
        r#"{"longitude":2.2945,"latitude":48.8584}"#,
        r#"{"longitude":-0.1276,"latitude":51.5072}"#,
        r#"{"longitude":179.9,"latitude":-16.5}"#,
        r#"{"longitude":-179.9,"latitude":-16.5}"#,
        r#"{"longitude":10.0,"latitude":89.9}"#,
    ];
    vec![
        format!(r#""name":"{}""#, dice.pick(&NAMES)),
        maybe(dice, 80, |dice| {
            format!(r#""position":{}"#, dice.pick(&positions))
        }),
        maybe(dice, 50, |dice| {
            format!(r#""partOf":{}"#, reference(dice, "Location", 40))
        }),
    ]
}

pub(super) fn list(dice: &mut Dice, count: usize) -> Vec<String> {
    let kinds = ["Patient", "Encounter", "Condition"];
    let entries = several(dice, 6, |dice| {
        let kind = dice.pick(&kinds);
        format!(r#"{{"item":{}}}"#, reference(dice, kind, count))
    });
    vec![
        format!(
            r#""status":"{}","mode":"working""#,
            dice.pick(&["current", "retired"])
        ),
        format!(r#""title":"{}""#, dice.pick(&NAMES)),
        maybe(dice, 80, |_| format!(r#""entry":[{entries}]"#)),
        maybe(dice, 60, |dice| {
            format!(r#""date":"{}""#, dice.pick(&DATES))
        }),
    ]
}

/// Whether two concepts have a coding in common; a text that cannot be read has all.
fn shares_coding(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (json::read(one), json::read(other)) else {
        return true;
    };
    let codings = |concept: &Json| -> Vec<String> {
        let codings = concept.get("coding").map(Json::items).unwrap_or_default();
        codings.iter().map(ToString::to_string).collect()
    };
    let others = codings(&other);
    codings(&one).iter().any(|coding| others.contains(coding))
}

pub(super) fn observation(dice: &mut Dice, count: usize) -> Vec<String> {
    let value = match dice.roll(8) {
        0 => String::new(),
        1 => format!(r#""valueCodeableConcept":{}"#, concept(dice)),
        2 => format!(r#""valueString":"{}""#, dice.pick(&NAMES)),
        3 => {
            r#""valueSampledData":{"origin":{"value":0},"period":10,"dimensions":1,"data":"1 2 3"}"#
                .to_owned()
        }
        4 => format!(r#""valueDateTime":"{}""#, dice.pick(&DATES)),
        _ => format!(r#""valueQuantity":{}"#, quantity(dice)),
    };
    let effective = match dice.roll(7) {
        0 => String::new(),
        1 => format!(r#""effectivePeriod":{}"#, period(dice)),
        2 => format!(r#""effectiveInstant":"{}""#, dice.pick(&INSTANTS)),
        3 => format!(
            r#""effectiveTiming":{{"event":["{}","{}"]}}"#,
            dice.pick(&DATES),
            dice.pick(&DATES)
        ),
        _ => format!(r#""effectiveDateTime":"{}""#, dice.pick(&DATES)),
    };
    let code = concept(dice);
    // Beside a value no component has a code of the Observation (obs-7).
    let component = |dice: &mut Dice| {
        let mut own = concept(dice);
        while !value.is_empty() && shares_coding(&own, &code) {
            own = concept(dice);
        }
        format!(r#"{{"code":{own},"valueQuantity":{}}}"#, quantity(dice))
    };
    vec![
        meta(dice),
        format!(
            r#""status":"{}""#,
            dice.pick(&["final", "preliminary", "amended", "entered-in-error"])
        ),
        maybe(dice, 60, |dice| {
            format!(r#""category":[{}]"#, several(dice, 1, concept))
        }),
        format!(r#""code":{code}"#),
        maybe(dice, 90, |dice| {
            format!(r#""subject":{}"#, reference(dice, "Patient", count))
        }),
        maybe(dice, 40, |dice| {
            format!(r#""encounter":{}"#, reference(dice, "Encounter", count))
        }),
        maybe(dice, 30, |dice| {
            format!(
                r#""performer":[{}]"#,
                several(dice, 1, |dice| reference(dice, "Practitioner", count))
            )
        }),
        effective,
        maybe(dice, 40, |dice| {
            format!(r#""component":[{}]"#, several(dice, 2, component))
        }),
        value,
        maybe(dice, 15, |dice| {
            format!(
                r#""hasMember":[{{"reference":"Observation/o-{}-{}"}}]"#,
                dice.roll(count),
                dice.roll(3)
            )
        }),
    ]
}

pub(super) fn encounter(dice: &mut Dice, count: usize) -> Vec<String> {
    vec![
        format!(
            r#""status":"{}""#,
            dice.pick(&["planned", "finished", "in-progress"])
        ),
        format!(
            r#""class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{}"}}"#,
            dice.pick(&["AMB", "IMP", "EMER"])
        ),
        maybe(dice, 40, |dice| {
            format!(r#""type":[{}]"#, several(dice, 1, concept))
        }),
        maybe(dice, 90, |dice| {
            format!(r#""subject":{}"#, reference(dice, "Patient", count))
        }),
        maybe(dice, 80, |dice| format!(r#""period":{}"#, period(dice))),
        maybe(dice, 40, |dice| {
            format!(
                r#""length":{{"value":{},"unit":"min","system":"http://unitsofmeasure.org","code":"min"}}"#,
                dice.pick(&["30", "60", "90.5"])
            )
        }),
        maybe(dice, 30, |dice| {
            format!(r#""partOf":{}"#, reference(dice, "Encounter", count))
        }),
        maybe(dice, 30, |dice| {
            format!(
                r#""location":[{{"location":{}}}]"#,
                reference(dice, "Location", count)
            )
        }),
    ]
}

pub(super) fn condition(dice: &mut Dice, count: usize) -> Vec<String> {
    let onset = match dice.roll(6) {
        0 => String::new(),
        1 => format!(
            r#""onsetAge":{{"value":{},"unit":"a","system":"http://unitsofmeasure.org","code":"a"}}"#,
            dice.pick(&["5", "5.5", "40"])
        ),
        2 => format!(r#""onsetRange":{}"#, range(dice)),
        3 => format!(r#""onsetPeriod":{}"#, period(dice)),
        4 => format!(r#""onsetString":"{}""#, dice.pick(&NAMES)),
        _ => format!(r#""onsetDateTime":"{}""#, dice.pick(&DATES)),
    };
    vec![
        maybe(dice, 90, |dice| format!(r#""code":{}"#, concept(dice))),
        format!(r#""subject":{}"#, reference(dice, "Patient", count)),
        maybe(dice, 50, |dice| format!(r#""encounter":{}"#, reference(dice, "Encounter", count))),
        onset,
        maybe(dice, 50, |dice| format!(r#""recordedDate":"{}""#, dice.pick(&DATES))),
        r#""clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}"#.to_owned(),
    ]
}

pub(super) fn appointment(dice: &mut Dice, count: usize) -> Vec<String> {
    let participant = |dice: &mut Dice| {
        let kind = dice.pick(&["Patient", "Practitioner", "Location"]);
        format!(
            r#"{{"actor":{},"status":"{}"}}"#,
            reference(dice, kind, count),
            dice.pick(&["accepted", "tentative"])
        )
    };
    vec![
        format!(r#""status":"{}""#, dice.pick(&["proposed", "cancelled"])),
        format!(r#""participant":[{}]"#, several(dice, 2, participant)),
        maybe(dice, 60, |dice| {
            format!(r#""identifier":[{}]"#, several(dice, 1, identifier))
        }),
        maybe(dice, 60, |dice| {
            let start = dice.pick(&INSTANTS);
            format!(r#""start":"{start}","end":"2035-01-01T00:00:00Z""#)
        }),
    ]
}

pub(super) fn questionnaire(dice: &mut Dice) -> Vec<String> {
    let url = dice.pick(&[
        "http://example.org/q",
        "http://example.org/q/",
        "http://example.org/q/1",
        "http://example.org/q/1/2",
        "http://example.org/qx",
        "urn:oid:1.2.3.4",
        "http://example.org/Q",
        "http://example.org/a,b",
    ]);
    vec![
        r#""status":"draft""#.to_owned(),
        maybe(dice, 85, |_| format!(r#""url":"{url}""#)),
        maybe(dice, 50, |dice| {
            format!(r#""version":"{}""#, dice.pick(&["1", "1.0", "2"]))
        }),
        maybe(dice, 70, |dice| {
            format!(r#""title":"{}""#, dice.pick(&NAMES))
        }),
        maybe(dice, 40, |dice| {
            format!(r#""effectivePeriod":{}"#, period(dice))
        }),
        maybe(dice, 40, |dice| {
            format!(
                r#""useContext":[{{"code":{},"valueQuantity":{}}},{{"code":{},"valueRange":{}}}]"#,
                token(dice, "code"),
                quantity(dice),
                token(dice, "code"),
                range(dice)
            )
        }),
    ]
}

pub(super) fn value_set(dice: &mut Dice) -> Vec<String> {
    let url = dice.pick(&[
        "http://example.org/vs/a",
        "http://example.org/vs/a/b",
        "http://example.org/vs",
        "urn:uuid:7",
    ]);
    let name = dice.pick(&["Alpha", "alphabet", "Beta"]);
    vec![
        r#""status":"active""#.to_owned(),
        format!(r#""url":"{url}","name":"{name}""#),
        maybe(dice, 50, |dice| {
            format!(
                r#""date":"{}""#,
                dice.pick(&["2019", "2020-01-01", "2021-03-14T00:59:26Z"])
            )
        }),
        maybe(dice, 50, |_| {
            r#""compose":{"include":[{"system":"http://example.org/a"}]}"#.to_owned()
        }),
    ]
}
