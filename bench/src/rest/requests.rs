//! The side with HTTP: one client on one kept connection.

use std::sync::Arc;

use super::Kind;
use super::library::Library;
use crate::Result;
use crate::http::{Client, Request};
use crate::load::Work;
use crate::random::Random;
use crate::resources::MIXED;

/// Entries of a small transaction Bundle.
pub(super) const SMALL_BUNDLE: usize = 20;

/// A client that sends requests of one kind.
#[derive(Debug)]
pub(crate) struct Requests {
    client: Client,
    kind: Kind,
    library: Arc<Library>,
    random: Random,
    mixed: Mixed,
}

/// Where a client stands in its walk through create, read, update and delete.
#[derive(Debug)]
pub(super) struct Mixed {
    /// The place of the type in [`MIXED`].
    pub(super) place: usize,
    pub(super) next: Next,
    /// The resource that was created.
    pub(super) id: String,
}

/// What comes next for the resource at hand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    Create,
    Read,
    Update,
    Delete,
}

impl Mixed {
    /// Clients begin with different types.
    pub(super) fn new(number: usize) -> Self {
        Self {
            place: number % MIXED.len(),
            next: Next::Create,
            id: String::new(),
        }
    }

    /// The type at hand.
    pub(super) fn resource_type(&self) -> &'static str {
        MIXED[self.place % MIXED.len()]
    }

    /// Goes on to what follows.
    pub(super) fn advance(&mut self) {
        self.next = match self.next {
            Next::Create => Next::Read,
            Next::Read => Next::Update,
            Next::Update => Next::Delete,
            Next::Delete => {
                self.place = (self.place + 1) % MIXED.len();
                Next::Create
            }
        };
    }
}

impl Requests {
    /// The client of that number.
    pub(crate) fn new(client: Client, kind: Kind, library: Arc<Library>, number: usize) -> Self {
        let seed = u64::try_from(number).unwrap_or(0) + 1_000;
        Self {
            client,
            kind,
            library,
            random: Random::new(seed),
            mixed: Mixed::new(number),
        }
    }

    async fn create(&mut self) -> Result<()> {
        let body = self
            .library
            .observation(&mut self.random)
            .sample
            .body(None, 0);
        let request = Request::new("POST", "/fhir/Observation", &body);
        self.client.send(request).await?.expect(201)?;
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        let variant = usize::from(self.random.below(2) == 1);
        let entry = self.library.observation(&mut self.random);
        let path = format!("/fhir/Observation/{}", entry.ids[variant]);
        let answer = self.client.send(Request::new("GET", &path, "")).await?;
        match answer.expect(200)?.body.is_empty() {
            true => Err("a read answered nothing".into()),
            false => Ok(()),
        }
    }

    async fn update(&mut self) -> Result<()> {
        let (which, variant) = (self.random.below(2) == 1, self.random.below(2) == 1);
        let entry = self.library.observation(&mut self.random);
        let id = &entry.ids[usize::from(which)];
        let body = entry.sample.body(Some(id), usize::from(variant));
        let path = format!("/fhir/Observation/{id}");
        let request = Request::new("PUT", &path, &body);
        self.client.send(request).await?.expect(200)?;
        Ok(())
    }

    async fn mixed(&mut self) -> Result<()> {
        let resource_type = self.mixed.resource_type();
        let entry = self.library.mixed(self.mixed.place, &mut self.random);
        let path = format!("/fhir/{resource_type}/{}", self.mixed.id);
        match self.mixed.next {
            Next::Create => {
                let path = format!("/fhir/{resource_type}");
                let body = entry.sample.body(None, 0);
                let answer = self.client.send(Request::new("POST", &path, &body)).await?;
                let answer = answer.expect(201)?;
                let location = answer.header("location").ok_or("a create names no place")?;
                self.mixed.id = id_of(location).ok_or("a create names no id")?.to_owned();
            }
            Next::Read => {
                self.client
                    .send(Request::new("GET", &path, ""))
                    .await?
                    .expect(200)?;
            }
            Next::Update => {
                let body = entry.sample.body(Some(&self.mixed.id), 1);
                let request = Request::new("PUT", &path, &body);
                self.client.send(request).await?.expect(200)?;
            }
            Next::Delete => {
                let answer = self.client.send(Request::new("DELETE", &path, "")).await?;
                if !matches!(answer.status, 200 | 204) {
                    answer.expect(204)?;
                }
            }
        }
        self.mixed.advance();
        Ok(())
    }

    async fn transaction(&mut self) -> Result<()> {
        let mut entries = Vec::with_capacity(SMALL_BUNDLE);
        for _ in 0..SMALL_BUNDLE {
            let body = self
                .library
                .observation(&mut self.random)
                .sample
                .body(None, 0);
            entries.push(format!(
                r#"{{"fullUrl":"urn:uuid:{}","resource":{body},"request":{{"method":"POST","url":"Observation"}}}}"#,
                self.random.uuid()
            ));
        }
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
            entries.join(",")
        );
        let request = Request::new("POST", "/fhir", &bundle);
        self.client.send(request).await?.expect(200)?;
        Ok(())
    }
}

impl Work for Requests {
    async fn step(&mut self) -> Result<()> {
        match self.kind {
            Kind::Create => self.create().await,
            Kind::Read => self.read().await,
            Kind::Update => self.update().await,
            Kind::Mixed => self.mixed().await,
            Kind::Transaction => self.transaction().await,
        }
    }
}

/// The id in `…/Type/id/_history/1`.
fn id_of(location: &str) -> Option<&str> {
    location.rsplit('/').nth(2)
}
