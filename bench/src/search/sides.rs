//! The two sides of a question: a client of the server, and a connection to the tables made for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::{PgConnection, Row};

use super::shapes::Question;
use crate::Result;
use crate::http::{Client, Request};
use crate::load::Work;

/// Asks the server one question after the other.
#[derive(Debug)]
pub(super) struct Searches {
    client: Client,
    questions: Arc<Vec<Question>>,
    place: usize,
}

/// Asks the tables the same.
#[derive(Debug)]
pub(super) struct Statements {
    connection: PgConnection,
    sql: &'static str,
    questions: Arc<Vec<Question>>,
    place: usize,
}

/// Clients begin at different questions.
fn first(number: usize, questions: &[Question]) -> usize {
    number * questions.len() / 8
}

impl Searches {
    /// The client of that number.
    pub(super) fn new(client: Client, questions: Arc<Vec<Question>>, number: usize) -> Self {
        Self {
            client,
            place: first(number, &questions),
            questions,
        }
    }

    /// The keys of what the server answers, for comparison.
    pub(super) async fn keys(&mut self, question: &Question) -> Result<BTreeSet<String>> {
        let request = Request::new("GET", &question.path, "");
        let answer = self.client.send(request).await?.expect(200)?;
        let body: serde_json::Value = serde_json::from_slice(answer.body)?;
        let resources = match body["entry"].as_array() {
            Some(entries) => entries.iter().map(|entry| &entry["resource"]).collect(),
            None if body["resourceType"] == "Bundle" => Vec::new(),
            None => vec![&body],
        };
        Ok(resources.into_iter().map(key).collect())
    }
}

impl Statements {
    /// The connection of that number.
    pub(super) fn new(
        connection: PgConnection,
        sql: &'static str,
        questions: Arc<Vec<Question>>,
        number: usize,
    ) -> Self {
        Self {
            connection,
            sql,
            place: first(number, &questions),
            questions,
        }
    }

    /// The keys of what the tables answer, for comparison.
    pub(super) async fn keys(&mut self, question: &Question) -> Result<BTreeSet<String>> {
        let rows = rows(&mut self.connection, self.sql, question).await?;
        let mut keys = BTreeSet::new();
        for row in &rows {
            let content: &str = row.try_get("content")?;
            keys.insert(key(&serde_json::from_str(content)?));
        }
        Ok(keys)
    }
}

fn key(resource: &serde_json::Value) -> String {
    let part = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", part("resourceType"), part("id"))
}

async fn rows(
    connection: &mut PgConnection,
    sql: &'static str,
    question: &Question,
) -> Result<Vec<sqlx::postgres::PgRow>> {
    let mut query = sqlx::query(sql);
    for bind in &question.binds {
        query = query.bind(bind);
    }
    Ok(query.fetch_all(connection).await?)
}

impl Work for Searches {
    async fn step(&mut self) -> Result<()> {
        self.place = (self.place + 1) % self.questions.len();
        let request = Request::new("GET", &self.questions[self.place].path, "");
        let answer = self.client.send(request).await?.expect(200)?;
        match answer.body.is_empty() {
            true => Err("a search was answered with nothing at all".into()),
            false => Ok(()),
        }
    }
}

impl Work for Statements {
    async fn step(&mut self) -> Result<()> {
        self.place = (self.place + 1) % self.questions.len();
        let question = &self.questions[self.place];
        for row in rows(&mut self.connection, self.sql, question).await? {
            let content: &str = row.try_get("content")?;
            if content.is_empty() {
                return Err("a row has no content".into());
            }
        }
        Ok(())
    }
}
