//! What the bench prints: plain text, columns aligned.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what this module is for"
)]

/// One line.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// What is being done, for whoever waits.
pub(crate) fn progress(text: &str) {
    eprintln!("==> {text}");
}

/// Why the run ends.
pub(crate) fn failure(text: &str) {
    eprintln!("failed: {text}");
}

/// Columns; the first is text, the others are figures.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with its head.
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|&name| name.to_owned()).collect()],
        }
    }

    /// Adds a line.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Adds a line if there is one.
    pub(crate) fn row_if(&mut self, cells: Option<Vec<String>>) {
        self.rows.extend(cells);
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        line(&self.text());
    }

    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut shown = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => shown.push_str(&format!("{cell:<width$}")),
                    _ => shown.push_str(&format!("  {cell:>width$}")),
                }
            }
            text.push_str(shown.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["name", "n"]);
        table.row(vec!["a".to_owned(), "1000".to_owned()]);
        assert_eq!(table.text(), "name     n\na     1000\n");
    }
}
