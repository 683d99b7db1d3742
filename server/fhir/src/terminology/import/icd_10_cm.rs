//! ICD-10-CM, in the XML of its tabular list: chapters, sections and categories, one category at a time
//! (<https://www.cdc.gov/nchs/icd/icd-10-cm/files.html>).

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::bounded::Bounded;
use super::icd_categories::{Category, Note};
use super::piece::{Piece, PieceKind, PropertyValue, Row, check_code, short};
use super::{ImportFault, Sink, give};

/// The canonical URL.
pub const URL: &str = "http://hl7.org/fhir/sid/icd-10-cm";

/// How deep elements may stand in each other.
const DEPTH_MAX: usize = 64;

/// Most bytes of one text.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Most codes of one category, before its 7th characters.
const CATEGORY_CODES_MAX: usize = 100_000;

/// Reads the tabular list; the year it is for, as it says itself.
pub fn tabular(reader: impl BufRead, sink: &mut Sink<'_>) -> Result<String, ImportFault> {
    let mut tabular = Tabular::new(reader);
    tabular.read(&mut |_| true, sink)?;
    match tabular.chapters {
        0 => Err(tabular.fault("there is no chapter: is it the tabular list?")),
        _ => Ok(tabular.version),
    }
}

/// Reads as far as the version stands.
pub fn version(reader: impl BufRead) -> Result<String, ImportFault> {
    let mut tabular = Tabular::new(reader);
    tabular.read(&mut |version| version.is_empty(), &mut |_| true)?;
    match tabular.version.is_empty() {
        true => Err(tabular.fault("there is no version")),
        false => Ok(tabular.version),
    }
}

/// An element that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    Chapter,
    Section,
    Category,
    /// Notes of that kind.
    Notes(Note),
    /// A text that counts: `name`, `desc`, `version`, `note`, `extension` with its character.
    Text(&'static str, String),
    Other,
}

/// A chapter or section: what stands in it is below it.
#[derive(Debug, Default)]
struct Group {
    code: String,
    display: String,
    is_given: bool,
    notes: Vec<(Note, String)>,
}

struct Tabular<R> {
    reader: Reader<Bounded<R>>,
    open: Vec<Open>,
    text: String,
    version: String,
    groups: Vec<Group>,
    categories: Vec<Category>,
    codes: usize,
    chapters: usize,
}

impl<R: BufRead> Tabular<R> {
    fn new(reader: R) -> Self {
        Self {
            reader: Reader::from_reader(Bounded::new(reader)),
            open: Vec::new(),
            text: String::new(),
            version: String::new(),
            groups: Vec::new(),
            categories: Vec::new(),
            codes: 0,
            chapters: 0,
        }
    }

    fn read(
        &mut self,
        goes_on: &mut dyn FnMut(&str) -> bool,
        sink: &mut Sink<'_>,
    ) -> Result<(), ImportFault> {
        let mut buffer = Vec::new();
        while goes_on(&self.version) {
            buffer.clear();
            self.reader.get_mut().begin();
            let event = match self.reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    let error = std::io::Error::new(error.kind(), error.to_string());
                    return Err(ImportFault::Unreadable(error));
                }
                Err(_) => return Err(self.fault("the XML is not well-formed")),
            };
            match event {
                Event::Start(start) => self.start(&start, sink)?,
                Event::End(_) => self.end(sink)?,
                Event::Text(text) => self.add(&text.xml10_content())?,
                Event::CData(text) => self.add(&text.xml10_content())?,
                Event::GeneralRef(name) => {
                    let character = match name.resolve_char_ref() {
                        Ok(Some(character)) => Some(character.to_string()),
                        _ => quick_xml::escape::resolve_xml_entity(&name).map(ToOwned::to_owned),
                    };
                    match character {
                        Some(text) => self.add(&text)?,
                        None => return Err(self.fault("an entity is not defined")),
                    }
                }
                Event::Eof if !self.open.is_empty() => {
                    return Err(self.fault("the file ends before its elements do"));
                }
                Event::Eof => break,
                Event::Empty(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => {}
            }
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
        if self.open.len() >= DEPTH_MAX {
            return Err(self.fault("elements stand too deep in each other"));
        }
        self.text.clear();
        let attribute = |name: &str| {
            let mut attributes = start.attributes().flatten();
            let found = attributes.find(|one| one.key.local_name().as_ref() == name);
            found.map(|one| one.value.trim().to_owned())
        };
        let name = start.local_name();
        let opened = match name.as_ref() {
            "chapter" => {
                self.chapters += 1;
                self.groups.push(Group::default());
                Open::Chapter
            }
            "section" => {
                self.give_groups(sink)?;
                let code = attribute("id").unwrap_or_default();
                self.groups.push(Group {
                    code,
                    ..Group::default()
                });
                Open::Section
            }
            "diag" => {
                self.give_groups(sink)?;
                self.codes += 1;
                if self.codes > CATEGORY_CODES_MAX {
                    return Err(self.fault("a category has too many codes"));
                }
                self.categories.push(Category::default());
                Open::Category
            }
            "version" => Open::Text("version", String::new()),
            "name" => Open::Text("name", String::new()),
            "desc" => Open::Text("desc", String::new()),
            "note" => Open::Text("note", String::new()),
            "extension" => Open::Text("extension", attribute("char").unwrap_or_default()),
            other => Note::of(other).map_or(Open::Other, Open::Notes),
        };
        self.open.push(opened);
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), ImportFault> {
        let is_control = |sign: char| sign < ' ' && !matches!(sign, '\t' | '\n' | '\r');
        if text.contains(is_control) {
            return Err(self.fault("there is a control character"));
        }
        if self.text.len() + text.len() > TEXT_BYTES_MAX {
            return Err(self.fault("a text is too long"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let text = words.join(" ");
        self.text.clear();
        match self.open.pop() {
            Some(Open::Text(name, extension)) => self.said(name, &extension, text),
            Some(Open::Chapter | Open::Section) => {
                self.give_groups(sink)?;
                if let Some(group) = self.groups.pop() {
                    for (note, text) in group.notes {
                        let value = PropertyValue::String(&text);
                        give(sink, Piece::property(&group.code, note.property(), value))?;
                    }
                }
                Ok(())
            }
            Some(Open::Category) => self.end_category(sink),
            Some(Open::Notes(_) | Open::Other) | None => Ok(()),
        }
    }

    /// A text is said of what it stands in.
    fn said(&mut self, name: &str, extension: &str, text: String) -> Result<(), ImportFault> {
        match (name, self.open.last()) {
            ("version", _) if self.open.len() <= 1 && self.version.is_empty() => {
                self.version = text
            }
            ("name", Some(Open::Chapter)) => self.group(|group| group.code = text),
            ("desc", Some(Open::Chapter | Open::Section)) => {
                self.group(|group| group.display = text);
            }
            ("name", Some(Open::Category)) => {
                check_code(&text).map_err(|what| self.fault(what))?;
                self.category(|category| category.code = text);
            }
            ("desc", Some(Open::Category)) => self.category(|category| category.display = text),
            ("extension", Some(Open::Notes(Note::Extensions))) => {
                let mut signs = extension.chars();
                match (signs.next(), signs.next()) {
                    (Some(sign), None) if sign.is_ascii_alphanumeric() => {
                        self.category(|category| category.extensions.push((sign, text)));
                    }
                    _ => {
                        let what = format!("{:?} is no 7th character", short(extension));
                        return Err(self.fault(what));
                    }
                }
            }
            ("note", Some(Open::Notes(note))) if !text.is_empty() => {
                let note = *note;
                match self.open.iter().rev().nth(1) {
                    Some(Open::Category) => self.category(|one| one.notes.push((note, text))),
                    Some(Open::Chapter | Open::Section) => {
                        self.group(|one| one.notes.push((note, text)));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn group(&mut self, say: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.last_mut() {
            say(group);
        }
    }

    fn category(&mut self, say: impl FnOnce(&mut Category)) {
        if let Some(category) = self.categories.last_mut() {
            say(category);
        }
    }

    /// Says of chapters and sections that they are there, before what stands in them.
    fn give_groups(&mut self, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
        for at in 0..self.groups.len() {
            if self.groups[at].is_given {
                continue;
            }
            let group = &self.groups[at];
            check_code(&group.code).map_err(|what| self.fault(what))?;
            let row = Row {
                code: &group.code,
                display: Some(group.display.as_str()).filter(|text| !text.is_empty()),
                properties: vec![("notSelectable", PropertyValue::Boolean(true))],
                ..Row::default()
            };
            give(sink, row.piece(PieceKind::Concept))?;
            if let Some(above) = at.checked_sub(1).and_then(|at| self.groups.get(at)) {
                give(sink, Piece::parent(&group.code, &above.code))?;
            }
            self.groups[at].is_given = true;
        }
        Ok(())
    }

    /// A code is done; so is all that it groups, once none is open around it.
    fn end_category(&mut self, sink: &mut Sink<'_>) -> Result<(), ImportFault> {
        let Some(category) = self.categories.pop() else {
            return Ok(());
        };
        if category.code.is_empty() {
            return Err(self.fault("a diag has no name"));
        }
        match self.categories.last_mut() {
            Some(above) => above.below.push(category),
            None => {
                self.codes = 0;
                let above = self.groups.last().map(|group| group.code.as_str());
                category.give(above, sink)?;
            }
        }
        Ok(())
    }

    fn fault(&self, what: impl Into<String>) -> ImportFault {
        ImportFault::Xml {
            position: self.reader.buffer_position(),
            what: what.into(),
        }
    }
}
