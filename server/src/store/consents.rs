//! What closes records, whoever asks: labels of patients, and the provisions of privacy consents, which triggers keep.

use fhir::ids::{Reference, ResourceKey, ResourceType};
use fhir::search::hash;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, statements};
use crate::auth::{Effect, Provision, RESTRICTED_BY_LAW, Term, VERY_RESTRICTED};
use crate::error::{Error, Result};

/// The patients whose records are closed as a whole.
#[derive(Clone, Debug, Default)]
pub struct MarkedPatients {
    /// Those of whom nobody is told that they exist.
    pub sealed: Vec<ResourceKey>,
    /// Those whose data the law restricts.
    pub restricted: Vec<ResourceKey>,
}

/// Which provisions are asked for.
#[derive(Clone, Debug)]
pub struct ProvisionsFor<'a> {
    /// What actors may name, as references and with roles.
    pub names: Vec<String>,
    /// Of these patients alone.
    pub patients: Option<&'a [ResourceKey]>,
    /// Of all patients who say something, rather than of those who deny something.
    pub with_permits_alone: bool,
    /// The moment.
    pub now: Timestamp,
    /// This server's base URL.
    pub base_url: &'a str,
}

/// A provision, and when it counts.
#[derive(Clone, Debug)]
pub struct Dated {
    /// What is provided.
    pub provision: Provision,
    /// From when.
    pub starts: Option<Timestamp>,
    /// Until when.
    pub ends: Option<Timestamp>,
}

impl Store {
    /// The patients whose records are closed as a whole.
    pub async fn marked_patients(&self) -> Result<MarkedPatients> {
        let label = |(system, code)| hash::label(system, code);
        let rows = sqlx::query(statements::LIST_MARKED_PATIENTS)
            .bind(label(VERY_RESTRICTED))
            .bind(label(RESTRICTED_BY_LAW))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let mut marked = MarkedPatients::default();
        for row in &rows {
            let key: &str = row.try_get(0).map_err(from_sqlx)?;
            let key: ResourceKey = key.parse().map_err(Error::internal)?;
            if row.try_get(1).map_err(from_sqlx)? {
                marked.sealed.push(key.clone());
            }
            if row.try_get(2).map_err(from_sqlx)? {
                marked.restricted.push(key);
            }
        }
        Ok(marked)
    }

    /// The provisions of privacy consents that are about somebody, now or later.
    pub async fn provisions(&self, asked: &ProvisionsFor<'_>) -> Result<Vec<Dated>> {
        let written = |key: &ResourceKey| [key.to_string(), format!("{}/{key}", asked.base_url)];
        let patients = asked.patients.map(|patients| {
            let written = patients.iter().flat_map(written);
            written.collect::<Vec<String>>()
        });
        let rows = sqlx::query(statements::LIST_CONSENT_PROVISIONS)
            .bind(&asked.names)
            .bind(Instant(asked.now))
            .bind(patients)
            .bind(asked.with_permits_alone)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let mut provisions = Vec::with_capacity(rows.len());
        for row in &rows {
            let instant = |name| row.try_get::<Option<Instant>, _>(name).map_err(from_sqlx);
            let (starts, ends) = (instant("starts")?, instant("ends")?);
            let dated = |provision| Dated {
                provision,
                starts: starts.map(|at| at.0),
                ends: ends.map(|at| at.0),
            };
            provisions.extend(provision(row, asked.base_url)?.map(dated));
        }
        Ok(provisions)
    }
}

/// The provision of a row; nothing where its patient is not one of this server.
fn provision(row: &PgRow, base_url: &str) -> Result<Option<Provision>> {
    let patient: &str = row.try_get("patient").map_err(from_sqlx)?;
    let Some(patient) = local(patient, base_url) else {
        return Ok(None);
    };
    let named = ResourceType::parse("Consent").ok_or_else(|| Error::internal("R4 has consents"))?;
    let id: &str = row.try_get("consent").map_err(from_sqlx)?;
    let effect: Option<&str> = row.try_get("effect").map_err(from_sqlx)?;
    let actors: Vec<String> = row.try_get("actors").map_err(from_sqlx)?;
    let purposes: Vec<String> = row.try_get("purposes").map_err(from_sqlx)?;
    let terms: &str = row.try_get("terms").map_err(from_sqlx)?;
    let terms: Vec<Vec<String>> = serde_json::from_str(terms).map_err(Error::internal)?;
    let parsed = terms.iter().map(|term| parse_term(term, base_url));
    let parsed: Vec<Option<Term>> = parsed.collect::<Result<_>>()?;
    let are_known = parsed.iter().all(Option::is_some);
    let purposes = purposes.into_iter().filter(|one| one != "*");
    Ok(Some(Provision {
        consent: ResourceKey::new(named, id.parse().map_err(Error::internal)?),
        place: row.try_get("place").map_err(from_sqlx)?,
        patient,
        effect: effect.map(|effect| match effect {
            "permit" => Effect::Permit,
            _ => Effect::Deny,
        }),
        is_exact: are_known && row.try_get("is_exact").map_err(from_sqlx)?,
        names_actor: !actors.iter().any(|one| one == "*"),
        purposes: purposes.map(Into::into).collect(),
        terms: parsed.into_iter().flatten().collect(),
    }))
}

fn local(reference: &str, base_url: &str) -> Option<ResourceKey> {
    match Reference::parse(reference, base_url) {
        Reference::Local { key, .. } => Some(key),
        _ => None,
    }
}

/// A kind of term and its values, as `set_consent` writes them; nothing where one is not understood. What is not of this
/// server, no resource meets.
fn parse_term(term: &[String], base_url: &str) -> Result<Option<Term>> {
    let unknown = || Error::internal("a term of a consent is unknown");
    let (kind, values) = term.split_first().ok_or_else(unknown)?;
    let codes = || {
        let codes = values.iter().map(|value| {
            let (system, code) = value.split_once('|')?;
            (!code.contains('|')).then(|| (system.into(), code.into()))
        });
        codes.collect::<Option<_>>()
    };
    Ok(match kind.as_str() {
        "class" => {
            let types = values.iter().map(|name| ResourceType::parse(name));
            types.collect::<Option<_>>().map(Term::Class)
        }
        "code" => codes().map(Term::Code),
        "label" => codes().map(Term::Label),
        "data" => {
            let values = values.iter().filter_map(|value| value.split_once(' '));
            let named = values.filter_map(|(meaning, reference)| {
                let key = local(reference, base_url)?;
                Some((key, meaning == "dependents"))
            });
            Some(Term::Data(named.collect()))
        }
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests;
