//! SNOMED CT, in the snapshot files of a release in RF2 (<https://hl7.org/fhir/R4/snomedct.html>,
//! <https://confluence.ihtsdotools.org/display/DOCRELFMT>).

use std::collections::HashMap;
use std::io::Read;

use super::piece::{Piece, PieceKind, PropertyValue, Row, Text};
use super::table::{Column, Layout, Table, TableRow};
use super::{ImportFault, Sink, give};

/// The canonical URL.
pub const URL: &str = "http://snomed.info/sct";

/// The property that names the simple reference sets a concept belongs to.
pub const MEMBER_OF: &str = "memberOf";

const IS_A: &str = "116680003";
const DEFINED: &str = "900000000000073002";
const STATED: &str = "900000000000010007";
const PREFERRED: &str = "900000000000548007";
const FULLY_SPECIFIED: &str = "900000000000003001";
const SYNONYM: &str = "900000000000013009";
const DEFINITION: &str = "900000000000550004";
const US_ENGLISH: u64 = 900_000_000_000_509_007;
const GB_ENGLISH: u64 = 900_000_000_000_508_004;

/// Where a designation says that it is the one to show in its language.
const PREFERRED_FOR_LANGUAGE: (&str, &str, &str) = (
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra",
    "preferredForLanguage",
    "Preferred For Language",
);

/// Most language reference sets that are told apart.
const REFSETS_MAX: usize = 32;

/// Ranks of what is not preferred, behind all that is.
const RANK_FULLY_SPECIFIED: u16 = 100;
const RANK_SYNONYM: u16 = 200;

/// Reads the concepts.
pub fn concepts(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Tabs)?;
    let [id, active, module, status] =
        table.columns(["id", "active", "moduleId", "definitionStatusId"])?;
    while let Some(row) = table.next()? {
        let is_defined = row.get(status) == DEFINED;
        let concept = Row {
            code: code(row, id)?,
            properties: vec![
                ("inactive", PropertyValue::Boolean(!is_active(row, active)?)),
                ("sufficientlyDefined", PropertyValue::Boolean(is_defined)),
                ("moduleId", PropertyValue::Code(code(row, module)?)),
            ],
            ..Row::default()
        };
        give(sink, concept.piece(PieceKind::Concept))?;
    }
    Ok(())
}

/// Which descriptions languages prefer: numbers alone, since descriptions come in an order of their own.
#[derive(Debug, Default)]
pub struct Preferences {
    /// The reference sets, the one that makes the display first.
    refsets: Vec<u64>,
    /// Whether others than these are left out.
    only: bool,
    /// Which of them prefer a description, as bits.
    preferred: HashMap<u64, u32>,
}

impl Preferences {
    /// Those of these reference sets, the most wanted first; of all there are where none is named.
    pub fn of(refsets: &[u64]) -> Self {
        let only = !refsets.is_empty();
        let wanted = match only {
            true => refsets,
            false => &[US_ENGLISH, GB_ENGLISH],
        };
        Self {
            refsets: wanted.iter().copied().take(REFSETS_MAX).collect(),
            only,
            preferred: HashMap::new(),
        }
    }

    /// Reads language reference sets.
    pub fn read(&mut self, reader: impl Read) -> Result<(), ImportFault> {
        let mut table = Table::open(reader, Layout::Tabs)?;
        let [active, refset, description, acceptability] = table.columns([
            "active",
            "refsetId",
            "referencedComponentId",
            "acceptabilityId",
        ])?;
        while let Some(row) = table.next()? {
            if !is_active(row, active)? || row.get(acceptability) != PREFERRED {
                continue;
            }
            if let Some(place) = self.place(number(row, refset)?) {
                let preferring = self.preferred.entry(number(row, description)?).or_default();
                *preferring |= 1 << place;
            }
        }
        Ok(())
    }

    fn place(&mut self, refset: u64) -> Option<usize> {
        let known = self.refsets.iter().position(|one| *one == refset);
        if known.is_some() || self.only || self.refsets.len() >= REFSETS_MAX {
            return known;
        }
        self.refsets.push(refset);
        Some(self.refsets.len() - 1)
    }

    /// The reference sets that prefer a description, the most wanted first.
    fn preferring(&self, description: u64) -> impl Iterator<Item = (usize, u64)> {
        let bits = self.preferred.get(&description).copied().unwrap_or(0);
        let refsets = self.refsets.iter().copied().enumerate();
        refsets.filter(move |(place, _)| bits & (1 << place) != 0)
    }
}

/// The language of a reference set, where it is more than that of its descriptions.
fn language(refset: u64, language: &str) -> &str {
    match refset {
        US_ENGLISH => "en-US",
        GB_ENGLISH => "en-GB",
        _ => language,
    }
}

/// Reads descriptions and text definitions. The synonym that the first reference set prefers is the display, that of any
/// other one in its language; without either it is the fully specified name.
pub fn descriptions(
    reader: impl Read,
    preferences: &Preferences,
    sink: &mut Sink<'_>,
) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Tabs)?;
    let [id, active, concept, tongue, kind, term] = table.columns([
        "id",
        "active",
        "conceptId",
        "languageCode",
        "typeId",
        "term",
    ])?;
    while let Some(row) = table.next()? {
        let value = row.get(term);
        if !is_active(row, active)? || value.is_empty() {
            continue;
        }
        let (concept, kind, tongue) = (code(row, concept)?, row.get(kind), row.get(tongue));
        let name = match kind {
            FULLY_SPECIFIED => "Fully specified name",
            SYNONYM => "Synonym",
            DEFINITION => "Definition",
            _ => continue,
        };
        let description = number(row, id)?;
        let preferring: Vec<(usize, u64)> = preferences.preferring(description).collect();
        let best = preferring.first().map_or(0, |(place, _)| *place);
        let rank = match (kind, preferring.is_empty()) {
            (SYNONYM, false) => u16::try_from(best).ok(),
            (SYNONYM, true) => Some(RANK_SYNONYM),
            (FULLY_SPECIFIED, _) => Some(RANK_FULLY_SPECIFIED),
            _ => None,
        };
        let mut text = Text {
            value,
            language: Some(tongue).filter(|tongue| !tongue.is_empty()),
            usage: Some((URL, kind, name)),
        };
        give(sink, Piece::designation(concept, &text, rank))?;
        if kind == SYNONYM {
            text.usage = Some(PREFERRED_FOR_LANGUAGE);
            for (_, refset) in preferring {
                text.language = Some(language(refset, tongue)).filter(|one| !one.is_empty());
                give(sink, Piece::designation(concept, &text, None))?;
            }
        }
    }
    Ok(())
}

/// Reads inferred relationships: `is a` is the hierarchy, the others are properties, named by their attribute.
pub fn relationships(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Tabs)?;
    let [active, source, destination, kind] =
        table.columns(["active", "sourceId", "destinationId", "typeId"])?;
    let characteristic = table.column("characteristicTypeId");
    while let Some(row) = table.next()? {
        if !is_active(row, active)? || row.said(characteristic) == Some(STATED) {
            continue;
        }
        let (source, destination) = (code(row, source)?, code(row, destination)?);
        let piece = match code(row, kind)? {
            IS_A => Piece::parent(source, destination),
            attribute => Piece::property(source, attribute, PropertyValue::Code(destination)),
        };
        give(sink, piece)?;
    }
    Ok(())
}

/// Reads simple reference sets: concepts say which they are members of.
pub fn members(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Tabs)?;
    let [active, refset, component] =
        table.columns(["active", "refsetId", "referencedComponentId"])?;
    while let Some(row) = table.next()? {
        if is_active(row, active)? {
            let value = PropertyValue::Code(code(row, refset)?);
            give(
                sink,
                Piece::property(code(row, component)?, MEMBER_OF, value),
            )?;
        }
    }
    Ok(())
}

fn is_active(row: TableRow<'_>, column: Column) -> Result<bool, ImportFault> {
    match row.get(column) {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(ImportFault::line(row.line, "'active' is neither 0 nor 1")),
    }
}

/// An identifier, which has nothing but digits.
fn code(row: TableRow<'_>, column: Column) -> Result<&str, ImportFault> {
    number(row, column).map(|_| row.get(column))
}

fn number(row: TableRow<'_>, column: Column) -> Result<u64, ImportFault> {
    let text = row.get(column);
    let is_one = text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_one);
    number.ok_or_else(|| {
        let what = format!("{:?} is no SNOMED CT identifier", super::piece::short(text));
        ImportFault::line(row.line, what)
    })
}
