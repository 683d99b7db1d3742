//! What files say of codes, piece by piece: a concept, a designation, a property, the code above.

use crate::json::{ObjectWriter, Writer, quoted};

/// Longer codes are none: the index that finds them must hold them.
const CODE_BYTES_MAX: usize = 512;

/// Something that is said of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What.
    pub kind: PieceKind,
    /// The code it is said of.
    pub code: Box<str>,
    /// It as JSON, as it stands in a CodeSystem; nothing for a parent.
    pub json: String,
    /// The words of its texts in lower case, one space between them; for a parent its code.
    pub words: String,
    /// For a designation that may be the display: the least rank is.
    pub rank: Option<u16>,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// That there is this concept. It is said once.
    Concept,
    /// That there is this concept, where nothing else says so; what is said first counts.
    Mentioned,
    /// Another text for it.
    Designation,
    /// A property of it.
    Property,
    /// What is right above it.
    Parent,
}

impl PieceKind {
    /// The letter that the tables have for it.
    pub fn letter(self) -> char {
        match self {
            Self::Concept => 'c',
            Self::Mentioned => 'w',
            Self::Designation => 'd',
            Self::Property => 'p',
            Self::Parent => 'u',
        }
    }
}

/// The value of a property.
#[derive(Clone, Copy, Debug)]
pub(super) enum PropertyValue<'a> {
    Code(&'a str),
    String(&'a str),
    Boolean(bool),
}

/// A text of a concept beside its display.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Text<'a> {
    pub(super) value: &'a str,
    pub(super) language: Option<&'a str>,
    /// System, code and display of what it is for.
    pub(super) usage: Option<(&'a str, &'a str, &'a str)>,
}

/// A concept as one row has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) code: &'a str,
    pub(super) display: Option<&'a str>,
    pub(super) definition: Option<&'a str>,
    pub(super) texts: Vec<Text<'a>>,
    pub(super) properties: Vec<(&'a str, PropertyValue<'a>)>,
}

impl Row<'_> {
    pub(super) fn piece(&self, kind: PieceKind) -> Piece {
        let mut writer = Writer::with_capacity(256);
        writer.object(|concept| {
            concept.string("code", self.code);
            concept.optional("display", self.display);
            concept.optional("definition", self.definition);
            if !self.texts.is_empty() {
                concept.array("designation", |list| {
                    for text in &self.texts {
                        list.object(|one| designation(one, text));
                    }
                });
            }
            if !self.properties.is_empty() {
                concept.array("property", |list| {
                    for (code, value) in &self.properties {
                        list.object(|one| property(one, code, *value));
                    }
                });
            }
        });
        let texts = self.texts.iter().map(|text| text.value);
        Piece {
            kind,
            code: self.code.into(),
            json: writer.finish(),
            words: words(std::iter::once(self.code).chain(self.display).chain(texts)),
            rank: None,
        }
    }
}

impl Piece {
    pub(super) fn designation(code: &str, text: &Text<'_>, rank: Option<u16>) -> Self {
        let mut writer = Writer::with_capacity(128);
        writer.object(|one| designation(one, text));
        Self {
            kind: PieceKind::Designation,
            code: code.into(),
            json: writer.finish(),
            words: words(std::iter::once(text.value)),
            rank,
        }
    }

    pub(super) fn property(code: &str, name: &str, value: PropertyValue<'_>) -> Self {
        let mut writer = Writer::with_capacity(64);
        writer.object(|one| property(one, name, value));
        Self {
            kind: PieceKind::Property,
            code: code.into(),
            json: writer.finish(),
            words: String::new(),
            rank: None,
        }
    }

    pub(super) fn parent(code: &str, parent: &str) -> Self {
        Self {
            kind: PieceKind::Parent,
            code: code.into(),
            json: String::new(),
            words: parent.to_owned(),
            rank: None,
        }
    }
}

fn designation(one: &mut ObjectWriter<'_>, text: &Text<'_>) {
    one.optional("language", text.language);
    if let Some((system, code, display)) = text.usage {
        one.object("use", |usage| {
            usage.string("system", system);
            usage.string("code", code);
            usage.string("display", display);
        });
    }
    one.string("value", text.value);
}

fn property(one: &mut ObjectWriter<'_>, code: &str, value: PropertyValue<'_>) {
    one.string("code", code);
    match value {
        PropertyValue::Code(code) => one.raw("valueCode", &quoted(code)),
        PropertyValue::String(text) => one.raw("valueString", &quoted(text)),
        PropertyValue::Boolean(value) => one.boolean("valueBoolean", value),
    }
}

fn words<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut words = String::new();
    for text in texts {
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&word.to_lowercase());
        }
    }
    words
}

/// Whether a text can be a code (<https://hl7.org/fhir/R4/datatypes.html#code>).
pub(super) fn check_code(code: &str) -> Result<(), String> {
    let is_spaced = code.split(' ').any(str::is_empty) || code.contains(|sign| sign < ' ');
    match is_spaced || code.len() > CODE_BYTES_MAX {
        true => Err(format!(
            "{:?} is no code: it is empty, has control characters, spaces at an end or side by side, or is longer than {CODE_BYTES_MAX} bytes",
            short(code)
        )),
        false => Ok(()),
    }
}

/// The beginning of a text, for a sentence.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
