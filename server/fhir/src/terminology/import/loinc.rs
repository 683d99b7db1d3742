//! LOINC, in the CSV files of its release (<https://hl7.org/fhir/R4/loinc.html>, <https://loinc.org/kb/loinc-table-structure>).

use std::io::Read;

use super::piece::{Piece, PieceKind, PropertyValue, Row, Text};
use super::table::{Column, Layout, Table};
use super::{ImportFault, Sink, give};

/// The canonical URL.
pub const URL: &str = "http://loinc.org";

/// The property that names the lists an answer is in.
pub const ANSWER_LIST: &str = "answer-list";

/// What the table of terms must have beside the code, the axes as properties.
const AXES: [&str; 8] = [
    "COMPONENT",
    "PROPERTY",
    "TIME_ASPCT",
    "SYSTEM",
    "SCALE_TYP",
    "METHOD_TYP",
    "CLASS",
    "STATUS",
];

/// Further properties, where the table has them.
const FURTHER: [&str; 6] = [
    "ORDER_OBS",
    "CLASSTYPE",
    "UNITSREQUIRED",
    "EXAMPLE_UCUM_UNITS",
    "VersionLastChanged",
    "EXTERNAL_COPYRIGHT_NOTICE",
];

/// Other texts, where the table has them.
const TEXTS: [&str; 3] = ["SHORTNAME", "DisplayName", "CONSUMER_NAME"];

/// All properties that are imported.
pub fn properties() -> impl Iterator<Item = &'static str> {
    AXES.into_iter().chain(FURTHER)
}

/// The version that the name of a file or folder tells: `Loinc_2.77`.
pub fn version_of_name(name: &str) -> Option<&str> {
    let at = name.to_ascii_lowercase().find("loinc")?;
    let rest = name.get(at + "loinc".len()..)?;
    let rest = rest.trim_start_matches(['_', '-', ' ', 'v', 'V']);
    let is_sign = |sign: char| sign.is_ascii_digit() || sign == '.';
    let end = rest.find(|sign| !is_sign(sign)).unwrap_or(rest.len());
    let version = rest[..end].trim_end_matches('.');
    let (major, minor) = version.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.parse::<u32>().is_ok();
    (is_number(major) && is_number(minor)).then_some(version)
}

/// Reads the table of terms, `Loinc.csv`.
pub fn terms(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Quoted(b','))?;
    let [
        code,
        long,
        component,
        property,
        time,
        system,
        scale,
        method,
        class,
        status,
    ] = table.columns([
        "LOINC_NUM",
        "LONG_COMMON_NAME",
        AXES[0],
        AXES[1],
        AXES[2],
        AXES[3],
        AXES[4],
        AXES[5],
        AXES[6],
        AXES[7],
    ])?;
    let axes = [
        component, property, time, system, scale, method, class, status,
    ];
    let definition = table.column("DefinitionDescription");
    let further = FURTHER.map(|name| table.column(name));
    let texts = TEXTS.map(|name| table.column(name));
    while let Some(row) = table.next()? {
        let said = |column: &Column| row.said(Some(*column));
        let of_axes = AXES
            .iter()
            .zip(&axes)
            .map(|(name, column)| (*name, said(column)));
        let others = FURTHER
            .iter()
            .zip(&further)
            .map(|(name, column)| (*name, row.said(*column)));
        let stated = of_axes.chain(others);
        let mut properties: Vec<_> = stated
            .filter_map(|(name, value)| Some((name, PropertyValue::String(value?))))
            .collect();
        if row.get(status).eq_ignore_ascii_case("DEPRECATED") {
            properties.push(("inactive", PropertyValue::Boolean(true)));
        }
        let other = TEXTS.iter().zip(&texts).filter_map(|(name, column)| {
            Some(Text {
                value: row.said(*column)?,
                language: Some("en-US"),
                usage: Some((URL, name, name)),
            })
        });
        let texts: Vec<Text<'_>> = other.collect();
        let first = texts.first().map(|text| text.value);
        let concept = Row {
            code: row.code(code)?,
            display: said(&long).or(first),
            definition: row.said(definition),
            texts,
            properties,
        };
        give(sink, concept.piece(PieceKind::Concept))?;
    }
    Ok(())
}

/// Reads the hierarchy, `ComponentHierarchyBySystem.csv`: parts above terms. Parts are concepts, too.
pub fn hierarchy(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Quoted(b','))?;
    let [code, text, parent] = table.columns(["CODE", "CODE_TEXT", "IMMEDIATE_PARENT"])?;
    while let Some(row) = table.next()? {
        let concept = Row {
            code: row.code(code)?,
            display: row.said(Some(text)),
            ..Row::default()
        };
        give(sink, concept.piece(PieceKind::Mentioned))?;
        if let Some(parent) = row.said(Some(parent)) {
            give(sink, Piece::parent(concept.code, parent))?;
        }
    }
    Ok(())
}

/// Reads the lists of answers, `AnswerList.csv`: lists and answers are concepts, and answers say in which lists they are.
pub fn answers(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Quoted(b','))?;
    let [list, name, answer, text] = table.columns([
        "AnswerListId",
        "AnswerListName",
        "AnswerStringId",
        "DisplayText",
    ])?;
    while let Some(row) = table.next()? {
        let lists = Row {
            code: row.code(list)?,
            display: row.said(Some(name)),
            ..Row::default()
        };
        give(sink, lists.piece(PieceKind::Mentioned))?;
        // Lists that others define have no answers here.
        if row.said(Some(answer)).is_none() {
            continue;
        }
        let answers = Row {
            code: row.code(answer)?,
            display: row.said(Some(text)),
            ..Row::default()
        };
        give(sink, answers.piece(PieceKind::Mentioned))?;
        let value = PropertyValue::Code(lists.code);
        give(sink, Piece::property(answers.code, ANSWER_LIST, value))?;
    }
    Ok(())
}

/// A translation of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its number, which the name of its file has.
    pub id: String,
    /// Its language: `de-AT`.
    pub language: String,
}

/// Reads the list of translations, `LinguisticVariants.csv`.
pub fn variants(reader: impl Read) -> Result<Vec<Variant>, ImportFault> {
    let mut table = Table::open(reader, Layout::Quoted(b','))?;
    let [id, language, country] = table.columns(["ID", "ISO_LANGUAGE", "ISO_COUNTRY"])?;
    let mut variants = Vec::new();
    while let Some(row) = table.next()? {
        variants.push(Variant {
            id: row.get(id).to_owned(),
            language: format!("{}-{}", row.get(language), row.get(country)),
        });
    }
    Ok(variants)
}

/// Reads a translation, `deAT24LinguisticVariant.csv`: its long names are displays in that language.
pub fn translation(
    reader: impl Read,
    language: &str,
    sink: &mut Sink<'_>,
) -> Result<(), ImportFault> {
    let mut table = Table::open(reader, Layout::Quoted(b','))?;
    let [code, long] = table.columns(["LOINC_NUM", "LONG_COMMON_NAME"])?;
    let display = table.column("LinguisticVariantDisplayName");
    while let Some(row) = table.next()? {
        let Some(value) = row.said(Some(long)).or(row.said(display)) else {
            continue;
        };
        let text = Text {
            value,
            language: Some(language),
            usage: None,
        };
        give(sink, Piece::designation(row.code(code)?, &text, None))?;
    }
    Ok(())
}
