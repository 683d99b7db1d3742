//! What is asked: each shape of a search with the best statement for the same answer over the tables of the other side.

use fhir::search::fold::{fold, prefix_end};

use super::clinic::{Clinic, LABORATORY, SYSTOLIC, decimal, moment};
use crate::random::Random;

/// A kind of question.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// What answers it on the other side; its parameters are texts.
    pub(super) sql: &'static str,
    /// Chooses values that occur.
    pub(super) ask: fn(&Clinic, &mut Random) -> Question,
    /// What the figures of the answer may do as the clinic grows.
    pub(super) answer: Answer,
}

/// How much there is to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// At most fifty rows, however large the clinic.
    Page,
    /// Counted or sorted: all that matches is looked at.
    Grows,
    /// A page that is reached by ninety-nine links.
    DeepPage,
}

/// One question, for both sides.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) path: String,
    pub(super) binds: Vec<String>,
}

macro_rules! shape {
    ($name:literal, $file:literal, $ask:expr) => {
        shape!($name, $file, $ask, Page)
    };
    ($name:literal, $file:literal, $ask:expr, $answer:ident) => {
        Shape {
            name: $name,
            sql: include_str!(concat!("../../sql/search/", $file, ".sql")),
            ask: $ask,
            answer: Answer::$answer,
        }
    };
}

/// Finds where page 100 begins on the other side.
pub(super) const DEEP_PLACE: &str = include_str!("../../sql/search/deep_place.sql");

/// All of them.
pub(super) const SHAPES: [Shape; 29] = [
    shape!("read", "read", read),
    shape!("string", "string", string),
    shape!("token", "token", token),
    shape!("reference", "reference", reference),
    shape!("date", "date", date),
    shape!("date-sorted", "date_sorted", date_sorted),
    shape!("quantity", "quantity", quantity),
    shape!("composite", "composite", composite),
    shape!("composite-component", "component", component),
    shape!("contains", "contains", contains),
    shape!("missing", "missing", missing),
    shape!("not", "not", not),
    shape!("two-keys", "sort_two_keys", two_keys),
    shape!("two-keys-half", "sort_half", two_keys_half, Grows),
    shape!("patient-code-date", "patient_code_date", patient_code_date),
    shape!("practitioner-dates", "appointments", practitioner_dates),
    shape!("chain", "chain", chain),
    shape!("chain-wide", "chain_wide", chain_wide),
    shape!("has", "has", has),
    shape!("include", "include", include),
    shape!("revinclude", "revinclude", revinclude),
    shape!("page-100", "deep_page", page_100, DeepPage),
    shape!("nothing", "token", nothing),
    shape!("nothing-string", "string", nothing_string),
    shape!("nothing-together", "code_and_category", nothing_together),
    shape!("half", "half", half),
    shape!("list-references", "reference_list", list_references),
    shape!("list-tokens", "token_list", list_tokens),
    shape!("total", "total", total, Grows),
];

const LOINC: &str = "http%3A%2F%2Floinc.org%7C";
const SNOMED: &str = "http%3A%2F%2Fsnomed.info%2Fsct%7C";
const UCUM: &str = "http%3A%2F%2Funitsofmeasure.org";
const RECORDS: &str = "https%3A%2F%2Fvesta.example%2Frecords%7C";
const DAY: i64 = 86_400;

/// Letters and digits as they are, all else as a query has it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                all.push(char::from(byte));
            }
            _ => all.push_str(&format!("%{byte:02X}")),
        }
        all
    })
}

fn question(query: String, binds: &[&str]) -> Question {
    Question {
        path: format!("/fhir/{query}&_count=20"),
        binds: binds.iter().map(|&bind| bind.to_owned()).collect(),
    }
}

fn read(clinic: &Clinic, random: &mut Random) -> Question {
    let id = clinic.id("Observation", random.below(clinic.count("Observation")));
    Question {
        path: format!("/fhir/Observation/{id}"),
        binds: vec![id],
    }
}

fn patient(clinic: &Clinic, random: &mut Random) -> String {
    clinic.id("Patient", clinic.some_patient(random))
}

/// A code as often as it is measured.
fn code<'c>(clinic: &'c Clinic, random: &mut Random) -> &'c str {
    &clinic.some_result(random).measure.code
}

fn family(clinic: &Clinic, random: &mut Random) -> String {
    clinic.person(clinic.any_patient(random)).family
}

fn starts_with(parameter: &str, text: &str) -> Question {
    let folded = fold(text);
    let end = prefix_end(&folded).unwrap_or_default();
    question(format!("{parameter}={}", encoded(text)), &[&folded, &end])
}

fn string(clinic: &Clinic, random: &mut Random) -> Question {
    let prefix: String = family(clinic, random).chars().take(4).collect();
    starts_with("Patient?family", &prefix)
}

fn of_code(code: &str) -> Question {
    question(format!("Observation?code={LOINC}{code}"), &[code])
}

fn token(clinic: &Clinic, random: &mut Random) -> Question {
    of_code(code(clinic, random))
}

fn reference(clinic: &Clinic, random: &mut Random) -> Question {
    let id = patient(clinic, random);
    question(format!("Observation?patient=Patient/{id}"), &[&id])
}

fn between(parameter: &str, from: i64, to: i64) -> (String, [String; 2]) {
    let (from, to) = (moment(from), moment(to));
    let query = format!(
        "{parameter}=ge{}&{parameter}=lt{}",
        encoded(&from),
        encoded(&to)
    );
    (query, [from, to])
}

fn date(clinic: &Clinic, random: &mut Random) -> Question {
    let from = clinic.some_day(random);
    let (query, [from, to]) = between("date", from, from + DAY);
    question(format!("Observation?{query}"), &[&from, &to])
}

fn date_sorted(clinic: &Clinic, random: &mut Random) -> Question {
    let from = clinic.some_day(random);
    let (query, [from, to]) = between("date", from, from + 90 * DAY);
    question(format!("Observation?{query}&_sort=-date"), &[&from, &to])
}

fn quantity(clinic: &Clinic, random: &mut Random) -> Question {
    // Units that nothing else in the clinic can be converted to.
    let result = loop {
        let result = clinic.some_result(random);
        if ["kg", "cm", "/min", "mmol/L"].contains(&result.measure.unit) {
            break result;
        }
    };
    let unit = result.measure.unit;
    let value = decimal(result.value);
    let hundredths = |value: u64| format!("{}.{:02}", value / 100, value % 100);
    question(
        format!(
            "Observation?value-quantity={value}%7C{UCUM}%7C{}",
            encoded(unit)
        ),
        &[
            unit,
            &hundredths(result.value * 10 - 5),
            &hundredths(result.value * 10 + 5),
        ],
    )
}

/// The upper end of what is measured: one of twenty is above.
fn high(low: u64, high: u64) -> String {
    decimal(high - (high - low) / 20)
}

fn composite(clinic: &Clinic, random: &mut Random) -> Question {
    let measure = clinic.some_result(random).measure;
    let (code, above) = (&measure.code, high(measure.low, measure.high));
    question(
        format!("Observation?code-value-quantity={LOINC}{code}$gt{above}"),
        &[code, &above],
    )
}

fn component(_: &Clinic, random: &mut Random) -> Question {
    let above = decimal(random.between(1_800, 1_990));
    question(
        format!("Observation?component-code-value-quantity={LOINC}{SYSTOLIC}$gt{above}"),
        &[SYSTOLIC, &above],
    )
}

fn contains(clinic: &Clinic, random: &mut Random) -> Question {
    let folded = fold(&family(clinic, random));
    let inner: String = folded.chars().skip(1).take(4).collect();
    question(
        format!("Patient?name:contains={}", encoded(&inner)),
        &[&inner],
    )
}

fn missing(_: &Clinic, _: &mut Random) -> Question {
    question("Observation?encounter:missing=true".to_owned(), &[])
}

fn not(_: &Clinic, _: &mut Random) -> Question {
    question("Observation?status:not=final".to_owned(), &[])
}

fn two_keys(clinic: &Clinic, random: &mut Random) -> Question {
    let id = patient(clinic, random);
    question(
        format!("Observation?patient=Patient/{id}&_sort=code,-date"),
        &[&id],
    )
}

fn two_keys_half(_: &Clinic, _: &mut Random) -> Question {
    question(
        "Patient?gender=female&_sort=family,-birthdate".to_owned(),
        &["female"],
    )
}

fn patient_code_date(clinic: &Clinic, random: &mut Random) -> Question {
    let result = clinic.some_result(random);
    let id = clinic.id("Patient", result.patient);
    let from = moment(result.at - 365 * DAY);
    let code = &result.measure.code;
    question(
        format!(
            "Observation?patient=Patient/{id}&code={LOINC}{code}&date=ge{}&_sort=-date",
            encoded(&from)
        ),
        &[&id, code, &from],
    )
}

fn practitioner_dates(clinic: &Clinic, random: &mut Random) -> Question {
    let visit = clinic.visit(random.below(clinic.count("Encounter")));
    let id = clinic.id("Practitioner", visit.practitioner);
    let (query, [from, to]) = between("date", visit.at, visit.at + 30 * DAY);
    question(
        format!("Appointment?practitioner=Practitioner/{id}&{query}&_sort=date"),
        &[&id, &from, &to],
    )
}

fn record(clinic: &Clinic, random: &mut Random) -> String {
    clinic.person(clinic.some_patient(random)).record
}

fn chain(clinic: &Clinic, random: &mut Random) -> Question {
    let record = record(clinic, random);
    question(
        format!("Observation?patient.identifier={RECORDS}{record}"),
        &[&record],
    )
}

fn chain_wide(clinic: &Clinic, random: &mut Random) -> Question {
    starts_with("Condition?patient.family", &family(clinic, random))
}

fn has(clinic: &Clinic, random: &mut Random) -> Question {
    let code = clinic.some_diagnosis(random);
    question(
        format!("Patient?_has:Condition:patient:code={SNOMED}{code}"),
        &[&code],
    )
}

fn include(clinic: &Clinic, random: &mut Random) -> Question {
    let code = code(clinic, random);
    question(
        format!("Observation?code={LOINC}{code}&_include=Observation:patient"),
        &[code],
    )
}

fn revinclude(clinic: &Clinic, random: &mut Random) -> Question {
    let record = clinic.person(clinic.any_patient(random)).record;
    question(
        format!(
            "Patient?identifier={RECORDS}{record}&_revinclude=Condition:patient&_revinclude=Encounter:patient"
        ),
        &[&record],
    )
}

fn page_100(clinic: &Clinic, random: &mut Random) -> Question {
    // Each of the first six has a hundred pages in a clinic of a thousand patients.
    of_code(&clinic.some_measure(random, 6).code)
}

fn nothing(_: &Clinic, random: &mut Random) -> Question {
    of_code(&format!("none-{}", random.below(1_000_000)))
}

fn nothing_string(_: &Clinic, random: &mut Random) -> Question {
    starts_with(
        "Patient?family",
        &format!("Xq{}", random.between(1_000, 9_999)),
    )
}

/// Both are frequent, and they never meet.
fn nothing_together(clinic: &Clinic, random: &mut Random) -> Question {
    let measure = loop {
        let measure = clinic.some_measure(random, 12);
        if measure.category != LABORATORY {
            break measure;
        }
    };
    let code = &measure.code;
    question(
        format!("Observation?category={LABORATORY}&code={LOINC}{code}"),
        &[LABORATORY, code],
    )
}

fn half(_: &Clinic, _: &mut Random) -> Question {
    question(format!("Observation?category={LABORATORY}"), &[LABORATORY])
}

fn list_references(clinic: &Clinic, random: &mut Random) -> Question {
    let ids: Vec<String> = (0..5).map(|_| patient(clinic, random)).collect();
    let listed: Vec<String> = ids.iter().map(|id| format!("Patient/{id}")).collect();
    question(
        format!("Observation?patient={}", listed.join(",")),
        &[&format!("{{{}}}", distinct(ids).join(","))],
    )
}

fn list_tokens(clinic: &Clinic, random: &mut Random) -> Question {
    let codes: Vec<String> = (0..8)
        .map(|_| clinic.some_measure(random, 400).code.clone())
        .collect();
    let listed: Vec<String> = codes.iter().map(|code| format!("{LOINC}{code}")).collect();
    question(
        format!("Observation?code={}", listed.join(",")),
        &[&format!("{{{}}}", distinct(codes).join(","))],
    )
}

fn distinct(mut all: Vec<String>) -> Vec<String> {
    all.sort_unstable();
    all.dedup();
    all
}

fn total(clinic: &Clinic, random: &mut Random) -> Question {
    let mut question = token(clinic, random);
    question.path.push_str("&_total=accurate");
    question
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_shape_has_a_name_and_as_many_values_as_its_statement_has_parameters() {
        let clinic = Clinic::new(1, 100);
        let mut names = HashSet::new();
        for shape in &SHAPES {
            assert!(names.insert(shape.name), "{}", shape.name);
            let question = (shape.ask)(&clinic, &mut Random::new(1));
            let given = question.binds.len() + usize::from(shape.answer == Answer::DeepPage);
            let last = format!("${given}");
            assert!(given == 0 || shape.sql.contains(&last), "{}", shape.name);
            let next = format!("${}", given + 1);
            assert!(!shape.sql.contains(&next), "{}", shape.name);
            assert!(question.path.is_ascii(), "{}", question.path);
        }
    }
}
