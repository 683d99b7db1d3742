//! The resources that both sides write and read: generated, stored through the server, and taken back from its database
//! with the search values it gave them, so that the statements without HTTP write the very same rows.

use sqlx::{PgConnection, Row};

use super::moment::Moment;
use crate::Result;
use crate::http::{Client, Request};
use crate::random::Random;
use crate::resources::{MIXED, Sample, Subjects, sample};

/// Patients that resources are of; their records are not needed.
pub(crate) const PATIENTS: usize = 500;
/// Observations, beside a fifth as many of each other type.
const OBSERVATIONS: usize = 2_000;
const OTHERS: usize = 400;

/// Entries of a Bundle that stores resources before the measurement.
const SEEDED_AT_ONCE: usize = 400;

/// Everything both sides need; made once, never changed.
#[derive(Debug)]
pub(crate) struct Library {
    entries: Vec<Entry>,
}

/// A resource, stored under two ids, one for each of its variants.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) sample: Sample,
    pub(crate) ids: [String; 2],
    pub(crate) rows: [IndexRow; 2],
}

/// The search values of one variant, as the database keeps them.
#[derive(Debug)]
pub(crate) struct IndexRow {
    pub(crate) generation: i64,
    pub(crate) elements: Vec<i64>,
    /// The same as the statements take them.
    pub(crate) tok: String,
    /// Parameter, folded, letters.
    pub(crate) strings: Vec<(i64, String, String)>,
    /// Parameter, first moment, first moment after, whether that is long.
    pub(crate) dates: Vec<(i64, Moment, Moment, bool)>,
    /// Parameter, least and greatest value, units.
    pub(crate) numbers: Vec<(i64, String, String, String)>,
    /// Words of the narrative and of everything, for the statements and then as they were.
    pub(crate) texts: Vec<(String, String, String, String)>,
}

impl Library {
    /// Generates the resources, stores them and reads their search values.
    pub(crate) async fn seed(client: &mut Client, connection: &mut PgConnection) -> Result<Self> {
        let samples = samples();
        let named: Vec<(String, &Sample, usize)> = (0..2)
            .flat_map(|variant| {
                let named = move |(n, sample)| (format!("bench-{n}-{variant}"), sample, variant);
                samples.iter().enumerate().map(named)
            })
            .collect();
        for part in named.chunks(SEEDED_AT_ONCE) {
            let bundle = put_bundle(part);
            client
                .send(Request::new("POST", "/fhir", &bundle))
                .await?
                .expect(200)?;
        }
        let mut entries = Vec::with_capacity(samples.len());
        for (n, sample) in samples.into_iter().enumerate() {
            let ids = [format!("bench-{n}-0"), format!("bench-{n}-1")];
            let first = IndexRow::read(connection, sample.resource_type, &ids[0]).await?;
            let second = IndexRow::read(connection, sample.resource_type, &ids[1]).await?;
            entries.push(Entry {
                sample,
                ids,
                rows: [first, second],
            });
        }
        sqlx::raw_sql("vacuum (analyze)")
            .execute(connection)
            .await?;
        Ok(Self { entries })
    }

    /// One of the Observations.
    pub(crate) fn observation(&self, random: &mut Random) -> &Entry {
        random.one_of(self.observations())
    }

    /// The Observations.
    pub(crate) fn observations(&self) -> &[Entry] {
        &self.entries[self.entries.len() - OBSERVATIONS..]
    }

    /// One of the resources of a type of [`MIXED`], by the type's place there.
    pub(crate) fn mixed(&self, place: usize, random: &mut Random) -> &Entry {
        let place = place % MIXED.len();
        match MIXED[place] {
            "Observation" => self.observation(random),
            _ => {
                let before = MIXED[..place].iter().filter(|name| **name != "Observation");
                let first = before.count() * OTHERS;
                random.one_of(&self.entries[first..first + OTHERS])
            }
        }
    }
}

/// The other types in the order of [`MIXED`], then the Observations.
fn samples() -> Vec<Sample> {
    let mut random = Random::new(42);
    let mut samples = Vec::with_capacity(OBSERVATIONS + OTHERS * MIXED.len());
    let others = MIXED.into_iter().filter(|name| *name != "Observation");
    let counted = others
        .map(|name| (name, OTHERS))
        .chain([("Observation", OBSERVATIONS)]);
    for (resource_type, count) in counted {
        for _ in 0..count {
            let patient = format!("Patient/bench-patient-{}", random.skewed(PATIENTS));
            let encounter = format!("Encounter/bench-encounter-{}", random.below(2_000));
            let practitioner = format!("Practitioner/bench-practitioner-{}", random.skewed(20));
            let subjects = Subjects {
                patient: &patient,
                encounter: &encounter,
                practitioner: &practitioner,
            };
            samples.push(sample(resource_type, &mut random, subjects));
        }
    }
    samples
}

fn put_bundle(part: &[(String, &Sample, usize)]) -> String {
    let entry = |(id, sample, variant): &(String, &Sample, usize)| {
        let body = sample.body(Some(id), *variant);
        let url = format!("{}/{id}", sample.resource_type);
        format!(r#"{{"resource":{body},"request":{{"method":"PUT","url":"{url}"}}}}"#)
    };
    let entries: Vec<String> = part.iter().map(entry).collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}

impl IndexRow {
    pub(crate) async fn read(
        connection: &mut PgConnection,
        resource_type: &str,
        id: &str,
    ) -> Result<Self> {
        let row = sqlx::query(include_str!("../../sql/read_row.sql"))
            .bind(resource_type)
            .bind(id)
            .fetch_one(&mut *connection)
            .await?;
        let rid: i64 = row.try_get("rid")?;
        let elements: Vec<i64> = row.try_get("tok")?;
        let strings = sqlx::query_as(include_str!("../../sql/read_strings.sql"))
            .bind(rid)
            .fetch_all(&mut *connection)
            .await?;
        let dates = sqlx::query_as(include_str!("../../sql/read_dates.sql"))
            .bind(rid)
            .fetch_all(&mut *connection)
            .await?;
        let numbers = sqlx::query_as(include_str!("../../sql/read_numbers.sql"))
            .bind(rid)
            .fetch_all(&mut *connection)
            .await?;
        let texts = sqlx::query_as(include_str!("../../sql/read_texts.sql"))
            .bind(rid)
            .fetch_all(&mut *connection)
            .await?;
        let listed: Vec<String> = elements.iter().map(i64::to_string).collect();
        Ok(Self {
            generation: row.try_get("generation")?,
            tok: format!("{{{}}}", listed.join(",")),
            elements,
            strings,
            dates,
            numbers,
            texts,
        })
    }
}
