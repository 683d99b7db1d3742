//! Files of rows and columns, read by the names that the first row gives the columns: other columns, another order, a byte
//! order mark and either line end make no difference.

use std::io::Read;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::ImportFault;
use super::bounded::Bounded;
use super::piece::check_code;

/// How columns are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// By this sign, which may stand in quotes (<https://www.rfc-editor.org/rfc/rfc4180>).
    Quoted(u8),
    /// By tabs; quotes mean nothing.
    Tabs,
}

/// An open file.
pub(super) struct Table<R> {
    reader: csv::Reader<Bounded<R>>,
    names: Vec<String>,
    record: StringRecord,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column(usize);

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableRow<'a> {
    record: &'a StringRecord,
    pub(super) line: u64,
}

impl<R: Read> Table<R> {
    pub(super) fn open(reader: R, layout: Layout) -> Result<Self, ImportFault> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        match layout {
            Layout::Quoted(delimiter) => builder.delimiter(delimiter),
            Layout::Tabs => builder.delimiter(b'\t').quoting(false),
        };
        let mut table = Self {
            reader: builder.from_reader(Bounded::new(reader)),
            names: Vec::new(),
            record: StringRecord::new(),
        };
        if let Some(row) = table.next()? {
            let names = row.record.iter().map(folded);
            table.names = names.collect();
        }
        Ok(table)
    }

    /// The column of that name, if there is one.
    pub(super) fn column(&self, name: &str) -> Option<Column> {
        let name = folded(name);
        self.names.iter().position(|one| *one == name).map(Column)
    }

    /// The columns of these names; those that are missing are named.
    pub(super) fn columns<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Column; N], ImportFault> {
        let found = names.map(|name| self.column(name));
        let missing = names.iter().zip(&found).filter(|(_, one)| one.is_none());
        let missing: Vec<String> = missing.map(|(name, _)| (*name).to_owned()).collect();
        match missing.is_empty() {
            true => Ok(found.map(|column| column.unwrap_or(Column(0)))),
            false => Err(ImportFault::MissingColumns(missing)),
        }
    }

    /// The next row; nothing behind the last.
    pub(super) fn next(&mut self) -> Result<Option<TableRow<'_>>, ImportFault> {
        self.reader.get_mut().begin();
        if !self
            .reader
            .read_record(&mut self.record)
            .map_err(unreadable)?
        {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        match self.record.as_slice().bytes().any(is_control) {
            true => Err(ImportFault::line(line, "there is a control character")),
            false => Ok(Some(TableRow {
                record: &self.record,
                line,
            })),
        }
    }
}

impl<'a> TableRow<'a> {
    /// What stands in a column, without spaces around it; nothing where the row ends before it.
    pub(super) fn get(&self, column: Column) -> &'a str {
        self.record.get(column.0).unwrap_or_default().trim()
    }

    /// What stands in a column, if anything does, and if there is such a column.
    pub(super) fn said(&self, column: Option<Column>) -> Option<&'a str> {
        column
            .map(|column| self.get(column))
            .filter(|text| !text.is_empty())
    }

    /// The code that stands in a column.
    pub(super) fn code(&self, column: Column) -> Result<&'a str, ImportFault> {
        let code = self.get(column);
        check_code(code).map_err(|what| ImportFault::line(self.line, what))?;
        Ok(code)
    }
}

/// Names are compared in any case, and with nothing around them.
fn folded(name: &str) -> String {
    name.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{feff}' || sign == '"')
        .to_lowercase()
}

fn unreadable(error: csv::Error) -> ImportFault {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(error) => ImportFault::Unreadable(error),
        ErrorKind::Utf8 { .. } => ImportFault::line(line, "the text is not UTF-8"),
        _ => ImportFault::line(line, "the row cannot be read"),
    }
}
