//! Generated resources with odd values: accents, other scripts, separators, missing elements, partial dates of all
//! precisions, open periods, contained resources, absolute and versioned references.

use crate::json::{self, Json};

/// A small generator of numbers: the same seed, the same resources.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Any seed will do.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Less than `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides.max(1)).unwrap_or(u64::MAX);
        usize::try_from((self.0 >> 11) % sides).unwrap_or_default()
    }

    /// One of them.
    pub fn pick<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list.get(self.roll(list.len())).copied().unwrap_or_default()
    }

    /// True this often of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

pub(super) const NAMES: [&str; 28] = [
    "Müller",
    "MULLER",
    "Mu\u{308}ller",
    "Straße",
    "Strasse",
    "O’Brien",
    "O'Brien",
    "Núñez",
    "nunez",
    "Ødegård",
    "Łukasz",
    "Ὀδυσσεύς",
    "Алёна",
    "Алена",
    "محمد",
    "مُحَمَّد",
    "שָׁלוֹם",
    "やまだ",
    "ヤマダ",
    "김민수",
    "Smith",
    "Smithers",
    "van der Berg",
    "a,b",
    "a|b",
    "cost$1",
    "back\\\\slash",
    "Anne-Marie",
];
pub(super) const DATES: [&str; 24] = [
    "1970",
    "1970-01",
    "1970-01-01",
    "1999-12-31",
    "2000",
    "2000-02",
    "2000-02-29",
    "2012-06-30",
    "2020-01-01",
    "2020-01",
    "2020",
    "2019-12-31",
    "2021-03-14T01:59:26+01:00",
    "2021-03-14T00:59:26Z",
    "2021-03-14T00:59:26.5Z",
    "2021-03-13T19:59:26-05:00",
    "2021-03-14",
    "2021-03",
    "2021",
    "2021-03-14T23:59:59.999+14:00",
    "2021-03-14T23:59:59-12:00",
    "2035-05-05",
    "0001-01-01",
    "9999-12-31",
];
pub(super) const INSTANTS: [&str; 5] = [
    "2021-03-14T00:59:26Z",
    "2021-03-14T01:59:26.500+01:00",
    "2020-12-31T23:59:59.999Z",
    "2021-03-15T12:00:00-05:00",
    "2019-02-28T23:00:00Z",
];
pub(super) const SYSTEMS: [&str; 5] = [
    "http://example.org/a",
    "http://example.org/ab",
    "urn:oid:1.2.3",
    "http://example.org/a|b",
    "http://example.org/ü",
];
pub(super) const CODES: [&str; 9] = [
    "1", "A1", "a1", "x,y", "p|q", "d$e", "8480-6", "8462-4", "é",
];
const ABSENT: &str = r#""extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]"#;
pub(super) const AMOUNTS: [&str; 16] = [
    "5", "5.0", "5.4", "5.40", "4.5", "5.5", "99.5", "100", "100.4", "100.5", "0.1", "-2.5", "1e2",
    "5000", "0.005", "0",
];
pub(super) const UNITS: [&str; 10] = [
    "g", "kg", "mg", "mg/dL", "g/L", "mm[Hg]", "cm", "m", "%", "/min",
];

/// Makes resources of all kinds it knows: type, id and content.
pub fn generate(seed: u64, patients: usize) -> Result<Vec<(String, Json)>, String> {
    let mut dice = Dice::new(seed);
    let mut made = Vec::new();
    let mut add = |kind: &str, id: String, elements: Vec<String>| {
        let mut parts = vec![format!(r#""resourceType":"{kind}","id":"{id}""#)];
        parts.extend(elements.into_iter().filter(|one| !one.is_empty()));
        let text = format!("{{{}}}", parts.join(","));
        let json = json::read(&text).map_err(|error| format!("{error}: {text}"))?;
        made.push((format!("{kind}/{id}"), json));
        Ok::<(), String>(())
    };
    for number in 0..patients {
        add(
            "Patient",
            format!("o-{number}"),
            patient(&mut dice, patients),
        )?;
        let id = format!("o-{number}");
        match number % 4 {
            0 => add("Practitioner", id.clone(), practitioner(&mut dice))?,
            1 => add("Organization", id.clone(), organization(&mut dice))?,
            2 => add("Location", id.clone(), location(&mut dice))?,
            _ => add("List", id.clone(), list(&mut dice, patients))?,
        }
        for part in 0..3 {
            add(
                "Observation",
                format!("o-{number}-{part}"),
                observation(&mut dice, patients),
            )?;
        }
        add("Encounter", id.clone(), encounter(&mut dice, patients))?;
        add("Condition", id.clone(), condition(&mut dice, patients))?;
        add("Appointment", id.clone(), appointment(&mut dice, patients))?;
        match number % 2 {
            0 => add("Questionnaire", id, questionnaire(&mut dice))?,
            _ => add("ValueSet", id, value_set(&mut dice))?,
        }
    }
    Ok(made)
}

fn maybe(dice: &mut Dice, percent: usize, made: impl FnOnce(&mut Dice) -> String) -> String {
    if dice.chance(percent) {
        made(dice)
    } else {
        String::new()
    }
}

fn joined(parts: Vec<String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|one| !one.is_empty()).collect();
    parts.join(",")
}

fn several(dice: &mut Dice, most: usize, mut made: impl FnMut(&mut Dice) -> String) -> String {
    let all: Vec<String> = (0..=dice.roll(most)).map(|_| made(dice)).collect();
    all.join(",")
}

fn token(dice: &mut Dice, code_member: &str) -> String {
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

fn identifier(dice: &mut Dice) -> String {
    let inner = token(dice, "value");
    if !dice.chance(25) {
        return inner;
    }
    let kind = r#""type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Medical record"}"#;
    inner.replacen('{', &format!("{{{kind},"), 1)
}

fn concept(dice: &mut Dice) -> String {
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

fn period(dice: &mut Dice) -> String {
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

fn reference(dice: &mut Dice, kind: &str, count: usize) -> String {
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

fn quantity(dice: &mut Dice) -> String {
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

fn range(dice: &mut Dice) -> String {
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

fn meta(dice: &mut Dice) -> String {
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

fn name(dice: &mut Dice) -> String {
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

fn telecom(dice: &mut Dice) -> String {
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

fn address(dice: &mut Dice) -> String {
    let (line, city) = (
        dice.pick(&NAMES),
        dice.pick(&["Paris", "PARIS", "Zürich", "東京", "Paris-Nord"]),
    );
    let country = dice.pick(&["FR", "CH", "JP"]);
    format!(
        r#"{{"use":"home","line":["{line} 1","{line} 2"],"city":"{city}","country":"{country}","postalCode":"0{}"}}"#,
        dice.roll(40)
    )
}

fn patient(dice: &mut Dice, count: usize) -> Vec<String> {
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
        maybe(dice, 15, |_| {
            r##""contained":[{"resourceType":"Organization","id":"in","name":"Inside"}],"managingOrganization":{"reference":"#in"}"##.to_owned()
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

fn practitioner(dice: &mut Dice) -> Vec<String> {
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

fn organization(dice: &mut Dice) -> Vec<String> {
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

fn location(dice: &mut Dice) -> Vec<String> {
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

fn list(dice: &mut Dice, count: usize) -> Vec<String> {
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

fn observation(dice: &mut Dice, count: usize) -> Vec<String> {
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
    let component = |dice: &mut Dice| {
        format!(
            r#"{{"code":{},"valueQuantity":{}}}"#,
            concept(dice),
            quantity(dice)
        )
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
        format!(r#""code":{}"#, concept(dice)),
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
        value,
        maybe(dice, 40, |dice| {
            format!(r#""component":[{}]"#, several(dice, 2, component))
        }),
        maybe(dice, 15, |dice| {
            format!(
                r#""hasMember":[{{"reference":"Observation/o-{}-{}"}}]"#,
                dice.roll(count),
                dice.roll(3)
            )
        }),
    ]
}

fn encounter(dice: &mut Dice, count: usize) -> Vec<String> {
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

fn condition(dice: &mut Dice, count: usize) -> Vec<String> {
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

fn appointment(dice: &mut Dice, count: usize) -> Vec<String> {
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

fn questionnaire(dice: &mut Dice) -> Vec<String> {
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

fn value_set(dice: &mut Dice) -> Vec<String> {
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
