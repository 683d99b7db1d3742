//! One statement in the making: text and bound values, and what to say of them to an operator.

use bigdecimal::BigDecimal;
use fhir::search::plan::Clause;
use jiff::Timestamp;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, QueryBuilder};

use super::super::instant::Instant;

/// A statement that is put together part by part. Every value is bound; the text depends on the shape of the search
/// alone, so that a connection keeps few of them prepared.
pub(in super::super) struct Statement {
    builder: QueryBuilder<Postgres>,
    /// Types of the bound values, as PostgreSQL names them.
    kinds: Vec<&'static str>,
    /// The values as text, where they are to be given to the database in another way as well.
    recorded: Option<Vec<String>>,
    names: usize,
    /// Whether a CTE has been begun.
    has_with: bool,
    /// CTEs that were cut off where they have more rows than this: the answer is then not to be trusted.
    capped: Vec<(String, i64)>,
    /// CTEs of the references that chains ask for, by the clause.
    sets: Vec<(Clause, String)>,
}

impl Statement {
    /// An empty statement.
    pub(super) fn new() -> Self {
        Self {
            builder: QueryBuilder::new(""),
            kinds: Vec::new(),
            recorded: None,
            names: 0,
            has_with: false,
            capped: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// A statement whose first values are bound already.
    pub(super) fn with_arguments(arguments: PgArguments) -> Self {
        Self {
            builder: QueryBuilder::with_arguments("", arguments),
            ..Self::new()
        }
    }

    /// An empty statement that keeps its values as text.
    pub(super) fn recording() -> Self {
        Self {
            recorded: Some(Vec::new()),
            ..Self::new()
        }
    }

    fn record(&mut self, kind: &'static str, value: impl FnOnce() -> String) {
        self.kinds.push(kind);
        if let Some(recorded) = &mut self.recorded {
            recorded.push(value());
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.builder.push(text.as_ref());
        self
    }

    /// Binds index elements or seeds.
    pub(super) fn elements(&mut self, elements: &[i64]) -> &mut Self {
        self.record("bigint[]", || array(elements.iter()));
        self.builder.push_bind(elements.to_vec());
        self
    }

    /// Binds grams of strings.
    pub(super) fn grams(&mut self, grams: &[i32]) -> &mut Self {
        self.record("integer[]", || array(grams.iter()));
        self.builder.push_bind(grams.to_vec());
        self
    }

    /// Binds texts.
    pub(super) fn texts(&mut self, texts: Vec<String>) -> &mut Self {
        self.record("text[]", || {
            array(texts.iter().map(|text| format!("{text:?}")))
        });
        self.builder.push_bind(texts);
        self
    }

    /// Binds a text.
    pub(super) fn text(&mut self, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        self.record("text", || text.clone());
        self.builder.push_bind(text);
        self
    }

    /// Binds a moment.
    pub(super) fn instant(&mut self, at: Timestamp) -> &mut Self {
        self.record("timestamptz", || match at {
            at if at == Timestamp::MIN => "-infinity".to_owned(),
            at if at == Timestamp::MAX => "infinity".to_owned(),
            at => at.to_string(),
        });
        self.builder.push_bind(Instant(at));
        self
    }

    /// Binds a decimal, with all its digits; read once, not for each row.
    pub(super) fn decimal(&mut self, number: &BigDecimal) -> &mut Self {
        self.push("(select ").text(number.to_string());
        self.push("::numeric)")
    }

    /// Binds an integer.
    pub(super) fn integer(&mut self, number: i64) -> &mut Self {
        self.record("bigint", || number.to_string());
        self.builder.push_bind(number);
        self
    }

    /// A name that nothing else in the statement has.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Begins a materialised CTE and names it; the caller writes its query and `)`.
    pub(super) fn begin_with(&mut self, prefix: &str) -> String {
        let name = self.name(prefix);
        let word = if self.has_with { ", " } else { "with " };
        self.has_with = true;
        self.push(word).push(&name).push(" as materialized (");
        name
    }

    /// Cuts a CTE off behind so many rows and remembers it. The number is part of the text: it is a setting.
    pub(super) fn cap(&mut self, name: &str, rows: Option<i64>) -> &mut Self {
        if let Some(rows) = rows {
            self.push(format!(" limit {}", rows.saturating_add(1)));
            self.capped.push((name.to_owned(), rows));
        }
        self
    }

    /// Ends a query behind so many rows or some more. A plan is made for few rows only where their number is in the text,
    /// so it is one of few numbers; who reads the query asks for the true one.
    pub(super) fn push_limit(&mut self, limit: i64) -> &mut Self {
        self.push(format!(" limit {}", few(limit)))
    }

    /// The same for a query that says what becomes of ties.
    pub(super) fn push_first(&mut self, limit: i64) -> &mut Self {
        self.push(format!(" fetch first {} rows", few(limit)))
    }

    /// Remembers the CTE that has the references a chain asks for.
    pub(super) fn remember_set(&mut self, clause: &Clause, name: String) {
        self.sets.push((clause.clone(), name));
    }

    /// The CTE that has the references a chain asks for, where it was written.
    pub(super) fn set_of(&self, clause: &Clause) -> Option<&str> {
        let found = self.sets.iter().find(|(one, _)| one == clause);
        found.map(|(_, name)| name.as_str())
    }

    /// Whether something may be cut off.
    pub(super) fn is_capped(&self) -> bool {
        !self.capped.is_empty()
    }

    /// An expression: whether something was cut off.
    pub(super) fn push_was_cut(&mut self) -> &mut Self {
        let mut text = String::from("(false");
        for (name, rows) in &self.capped {
            text.push_str(&format!(" or exists (select from {name} offset {rows})"));
        }
        text.push(')');
        self.push(text)
    }

    /// The statement, ready to run.
    pub(super) fn build(&mut self) -> Query<'_, Postgres, PgArguments> {
        self.builder.build()
    }

    /// The text.
    pub(super) fn sql(&self) -> String {
        self.builder.sql().as_str().to_owned()
    }

    /// Types of the bound values, in order.
    pub(super) fn bound(&self) -> &[&'static str] {
        &self.kinds
    }

    /// The values as text, where they were recorded.
    pub(super) fn recorded(&self) -> &[String] {
        self.recorded.as_deref().unwrap_or_default()
    }
}

/// One of few numbers, at least as many.
fn few(limit: i64) -> i64 {
    let few = [24, 64, 512, 4096].into_iter().find(|few| *few >= limit);
    few.unwrap_or(limit)
}

/// An array as PostgreSQL reads it.
fn array(items: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    format!("{{{}}}", items.join(","))
}
