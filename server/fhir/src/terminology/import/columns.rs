//! Codes in a CSV file of any making: a column of codes, one of texts, and what else its columns are said to be.

use std::io::{BufRead, BufReader, Read};

use super::piece::{Piece, PieceKind, PropertyValue, Row, Text};
use super::table::{Column, Layout, Table};
use super::{ImportFault, Sink, give};

/// What the columns are, where they are not called so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What something is, and the name of its column.
    pairs: Vec<(String, String)>,
}

/// What is no property.
const PARTS: [&str; 5] = ["code", "display", "definition", "parent", "designation"];

impl Mapping {
    /// Adds `display=Long Description`. What is neither a part of a concept nor the code of a property is refused.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (name, column) = text
            .split_once('=')
            .ok_or_else(|| format!("'{text}' is not of the form NAME=COLUMN"))?;
        let (name, column) = (name.trim(), column.trim());
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || column.is_empty() || !name.bytes().all(is_sign) {
            return Err(format!(
                "'{text}' is not of the form NAME=COLUMN: a name has letters, digits, '-', '_' and '.'"
            ));
        }
        if self.pairs.iter().any(|(known, _)| known == name) && name != "designation" {
            return Err(format!("'{name}' has two columns"));
        }
        self.pairs.push((name.to_owned(), column.to_owned()));
        Ok(())
    }

    /// The properties that columns are said to be.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        let names = self.pairs.iter().map(|(name, _)| name.as_str());
        names.filter(|name| !PARTS.contains(name))
    }

    /// The column that a part is said to be, or its own name.
    fn column<'a>(&'a self, part: &'a str) -> &'a str {
        let said = self.pairs.iter().find(|(name, _)| name == part);
        said.map_or(part, |(_, column)| column)
    }

    fn is_said(&self, part: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name == part)
    }
}

/// Columns of one table.
struct Found<'a> {
    code: Column,
    display: Column,
    definition: Option<Column>,
    parent: Option<Column>,
    designations: Vec<Column>,
    properties: Vec<(&'a str, Column)>,
}

impl<'a> Found<'a> {
    fn of<R: Read>(table: &Table<R>, mapping: &'a Mapping) -> Result<Self, ImportFault> {
        let [code, display] = table.columns([mapping.column("code"), mapping.column("display")])?;
        // A column that is named must be there; the others may.
        let optional = |part| match mapping.is_said(part) {
            true => table.columns([mapping.column(part)]).map(|[one]| Some(one)),
            false => Ok(table.column(part)),
        };
        let mut designations = Vec::new();
        let mut properties = Vec::new();
        for (name, column) in &mapping.pairs {
            let [column] = match name == "designation" || !PARTS.contains(&name.as_str()) {
                true => table.columns([column])?,
                false => continue,
            };
            match name.as_str() {
                "designation" => designations.push(column),
                property => properties.push((property, column)),
            }
        }
        Ok(Self {
            code,
            display,
            definition: optional("definition")?,
            parent: optional("parent")?,
            designations,
            properties,
        })
    }
}

/// Reads the codes. Columns are divided by commas, semicolons or tabs, as the first line is.
pub fn read(reader: impl Read, mapping: &Mapping, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut reader = BufReader::new(reader);
    let layout = Layout::Quoted(delimiter(reader.fill_buf()?));
    let mut table = Table::open(reader, layout)?;
    let found = Found::of(&table, mapping)?;
    while let Some(row) = table.next()? {
        let texts = found.designations.iter().filter_map(|column| {
            Some(Text {
                value: row.said(Some(*column))?,
                ..Text::default()
            })
        });
        let properties = found.properties.iter().filter_map(|(name, column)| {
            let value = row.said(Some(*column))?;
            Some((*name, PropertyValue::String(value)))
        });
        let concept = Row {
            code: row.code(found.code)?,
            display: row.said(Some(found.display)),
            definition: row.said(found.definition),
            texts: texts.collect(),
            properties: properties.collect(),
        };
        give(sink, concept.piece(PieceKind::Concept))?;
        if let Some(parent) = row.said(found.parent) {
            give(sink, Piece::parent(concept.code, parent))?;
        }
    }
    Ok(())
}

/// The sign that the first line is divided by most often.
fn delimiter(beginning: &[u8]) -> u8 {
    let line = beginning.split(|byte| *byte == b'\n').next();
    let line = line.unwrap_or_default();
    let count = |sign: u8| line.iter().filter(|byte| **byte == sign).count();
    // Of equal ones the last counts.
    let signs = [b'\t', b';', b','];
    signs
        .into_iter()
        .max_by_key(|sign| count(*sign))
        .unwrap_or(b',')
}
