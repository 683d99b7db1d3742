//! A category of ICD-10-CM with the codes below it, and the codes that 7th characters make of them.

use super::piece::{Piece, PieceKind, PropertyValue, Row, Text};
use super::{ImportFault, Sink, give};

/// A code with those below it.
#[derive(Debug, Default)]
pub(super) struct Category {
    pub(super) code: String,
    pub(super) display: String,
    pub(super) notes: Vec<(Note, String)>,
    /// The 7th characters of all codes at and below it, and what they add.
    pub(super) extensions: Vec<(char, String)>,
    pub(super) below: Vec<Category>,
}

/// A kind of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Includes,
    Excludes1,
    Excludes2,
    CodeFirst,
    CodeAlso,
    UseAdditionalCode,
    Notes,
    /// Other names: designations.
    InclusionTerm,
    /// When a 7th character is to be added.
    AboutExtensions,
    /// The 7th characters themselves.
    Extensions,
}

/// The properties that notes become.
pub(super) fn properties() -> impl Iterator<Item = &'static str> {
    let notes = [
        Note::Includes,
        Note::Excludes1,
        Note::Excludes2,
        Note::CodeFirst,
        Note::CodeAlso,
        Note::UseAdditionalCode,
        Note::Notes,
        Note::AboutExtensions,
    ];
    notes.into_iter().map(Note::property)
}

impl Note {
    /// The notes that an element of that name has.
    pub(super) fn of(element: &str) -> Option<Self> {
        Some(match element {
            "includes" => Self::Includes,
            "excludes1" => Self::Excludes1,
            "excludes2" => Self::Excludes2,
            "codeFirst" => Self::CodeFirst,
            "codeAlso" => Self::CodeAlso,
            "useAdditionalCode" => Self::UseAdditionalCode,
            "notes" => Self::Notes,
            "inclusionTerm" => Self::InclusionTerm,
            "sevenChrNote" => Self::AboutExtensions,
            "sevenChrDef" => Self::Extensions,
            _ => return None,
        })
    }

    /// The code of the property.
    pub(super) fn property(self) -> &'static str {
        match self {
            Self::Includes => "includes",
            Self::Excludes1 => "excludes1",
            Self::Excludes2 => "excludes2",
            Self::CodeFirst => "codeFirst",
            Self::CodeAlso => "codeAlso",
            Self::UseAdditionalCode => "useAdditionalCode",
            Self::Notes => "notes",
            Self::InclusionTerm => "inclusionTerm",
            Self::AboutExtensions | Self::Extensions => "seventhCharacterNote",
        }
    }
}

/// A code, what is above it, and the 7th characters it has from there.
type Waiting<'a> = (&'a Category, Option<&'a str>, &'a [(char, String)]);

impl Category {
    /// Hands on the code, those below it, and those with a 7th character.
    pub(super) fn give(&self, above: Option<&str>, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
        let mut waiting: Vec<Waiting<'_>> = vec![(self, above, &[])];
        while let Some((one, above, inherited)) = waiting.pop() {
            let extensions = match one.extensions.is_empty() {
                true => inherited,
                false => &one.extensions,
            };
            let is_extended =
                one.below.is_empty() && !extensions.is_empty() && signs(&one.code).count() < 7;
            let is_billable = one.below.is_empty() && !is_extended;
            give(sink, one.piece(is_billable))?;
            if let Some(above) = above {
                give(sink, Piece::parent(&one.code, above))?;
            }
            if is_extended {
                for (sign, text) in extensions {
                    one.give_extended(*sign, text, sink)?;
                }
            }
            let below = one.below.iter().rev();
            waiting.extend(below.map(|child| (child, Some(one.code.as_str()), extensions)));
        }
        Ok(())
    }

    fn piece(&self, is_billable: bool) -> Piece {
        let mut properties = vec![("billable", PropertyValue::Boolean(is_billable))];
        let mut texts = Vec::new();
        for (note, text) in &self.notes {
            match note {
                Note::InclusionTerm => texts.push(Text {
                    value: text,
                    language: Some("en-US"),
                    usage: Some((super::icd_10_cm::URL, "inclusionTerm", "Inclusion term")),
                }),
                _ => properties.push((note.property(), PropertyValue::String(text))),
            }
        }
        let row = Row {
            code: &self.code,
            display: Some(self.display.as_str()).filter(|text| !text.is_empty()),
            texts,
            properties,
            ..Row::default()
        };
        row.piece(PieceKind::Concept)
    }

    fn give_extended(
        &self,
        sign: char,
        text: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), ImportFault> {
        let code = extended(&self.code, sign);
        let display = format!("{}, {text}", self.display);
        let row = Row {
            code: &code,
            display: Some(&display),
            properties: vec![("billable", PropertyValue::Boolean(true))],
            ..Row::default()
        };
        give(sink, row.piece(PieceKind::Concept))?;
        give(sink, Piece::parent(&code, &self.code))
    }
}

fn signs(code: &str) -> impl Iterator<Item = char> {
    code.chars().filter(|sign| *sign != '.')
}

/// A code with its 7th character; places between are filled by X.
fn extended(code: &str, sign: char) -> String {
    let filled = signs(code).chain(std::iter::repeat('X')).take(6);
    let mut whole = String::with_capacity(8);
    for (place, sign) in filled.chain([sign]).enumerate() {
        if place == 3 {
            whole.push('.');
        }
        whole.push(sign);
    }
    whole
}
