//! Generated resources with odd values: accents, other scripts, separators, missing elements, partial dates of all
//! precisions, open periods, contained resources, absolute and versioned references.

mod elements;
mod resources;

use super::dice::Dice;
use crate::json::{self, Json};
use resources::*;

pub(in crate::oracle) const NAMES: [&str; 28] = [
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
pub(in crate::oracle) const DATES: [&str; 24] = [
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
pub(in crate::oracle) const INSTANTS: [&str; 5] = [
    "2021-03-14T00:59:26Z",
    "2021-03-14T01:59:26.500+01:00",
    "2020-12-31T23:59:59.999Z",
    "2021-03-15T12:00:00-05:00",
    "2019-02-28T23:00:00Z",
];
pub(in crate::oracle) const SYSTEMS: [&str; 5] = [
    "http://example.org/a",
    "http://example.org/ab",
    "urn:oid:1.2.3",
    "http://example.org/a|b",
    "http://example.org/ü",
];
pub(in crate::oracle) const CODES: [&str; 9] = [
    "1", "A1", "a1", "x,y", "p|q", "d$e", "8480-6", "8462-4", "é",
];
const ABSENT: &str = r#""extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]"#;
pub(in crate::oracle) const AMOUNTS: [&str; 16] = [
    "5", "5.0", "5.4", "5.40", "4.5", "5.5", "99.5", "100", "100.4", "100.5", "0.1", "-2.5", "1e2",
    "5000", "0.005", "0",
];
pub(in crate::oracle) const UNITS: [&str; 10] = [
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
