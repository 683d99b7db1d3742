//! Search of contained resources (<https://hl7.org/fhir/R4/search.html#contained>). The index names what contains a
//! resource of a type searched; whether that one matches is seen by looking into it, newest container first.

use std::fmt;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{ParseLimits, Value};
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::plan::{Clause, Contained, ContainedType, Plan};

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::searchset::ContainedMatch;
use crate::store::{MatchPlace, Source, StoredVersion};

/// Containers that are read at one time.
const CONTAINERS: u32 = 200;

/// Bytes of resources after which a page ends.
const BYTES_MAX: usize = 64 << 20;

/// What the cursor of a page of contained matches begins with; no other begins so.
const MARK: char = '~';

/// Whether a cursor leads to contained matches.
pub(super) fn is_place(cursor: &str) -> bool {
    cursor.starts_with(MARK)
}

/// One search.
pub(super) struct ContainedSearch<'a> {
    definitions: &'a Definitions,
    cx: &'a RequestContext,
    plan: &'a Plan,
    /// Binds page links to the request they were made for.
    path: &'a str,
    /// What may contain a match.
    containers: Plan,
}

/// What one page found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The containers, where those are asked for.
    pub(super) matches: Vec<StoredVersion>,
    /// Else what they contain.
    pub(super) contained: Vec<ContainedMatch>,
    /// The cursor of the next page, where there is one.
    pub(super) next: Option<String>,
    /// What could not be looked at.
    pub(super) warnings: Vec<Issue>,
    bytes: usize,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    /// Behind this container.
    behind: Option<MatchPlace>,
    /// If the next one is still this, with its contained resource of that number.
    within: Option<(ResourceKey, usize)>,
}

impl<'a> ContainedSearch<'a> {
    pub(super) fn new(
        definitions: &'a Definitions,
        cx: &'a RequestContext,
        plan: &'a Plan,
        path: &'a str,
    ) -> Self {
        let searched = ResourceType::all().filter(|one| plan.covers(*one));
        let mut elements: Vec<i64> = searched.map(hash::contains).collect();
        elements.sort_unstable();
        let containers = Plan {
            clauses: vec![Clause::AnyToken(elements)],
            ..Plan::default()
        };
        Self {
            definitions,
            cx,
            plan,
            path,
            containers,
        }
    }

    /// So many matches, from the beginning or a cursor on.
    pub(super) async fn find(
        &self,
        source: &mut Source<'_>,
        count: usize,
        cursor: Option<&str>,
    ) -> Result<Found> {
        let mut place = match cursor {
            Some(cursor) => self.open(source, cursor)?,
            None => Place::default(),
        };
        let (containers, most) = (&self.containers, self.cx.limits.search.contained);
        let behind = place.behind;
        let mut cursor = behind
            .map(|behind| source.cursor_behind(containers, self.path, behind))
            .transpose()?;
        let mut found = Found::default();
        let mut looked: usize = 0;
        loop {
            let page = source
                .search(
                    self.cx,
                    containers,
                    CONTAINERS,
                    self.path,
                    cursor.as_deref(),
                )
                .await?;
            for (container, at) in page.matches.iter().zip(page.places) {
                looked += 1;
                if looked > most {
                    return Err(too_many(most));
                }
                let from = place.from(&container.key);
                if let Some(number) = self.look_into(container, from, count, &mut found)? {
                    place.within = Some((container.key.clone(), number));
                    found.next = Some(self.seal(source, &place)?);
                    return Ok(found);
                }
                place = Place {
                    behind: Some(at),
                    within: None,
                };
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// Takes what matches in a container; the number of the first match that the page has no room for.
    fn look_into(
        &self,
        version: &StoredVersion,
        from: usize,
        count: usize,
        found: &mut Found,
    ) -> Result<Option<usize>> {
        let content = version.content.clone().unwrap_or_default();
        let container =
            Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
        let before = found.contained.len();
        let left = self.take_contained(version, &container, from, count, found)?;
        if found.contained.len() > before {
            self.definitions
                .note_read(self.cx, &version.key, version.version, &container)?;
        }
        Ok(left)
    }

    fn take_contained(
        &self,
        version: &StoredVersion,
        container: &Resource,
        from: usize,
        count: usize,
        found: &mut Found,
    ) -> Result<Option<usize>> {
        let contained = container.get("contained").into_iter();
        for (number, value) in contained.flat_map(Value::items).enumerate().skip(from) {
            let Some(one) = self.matching(value, container, version, found)? else {
                continue;
            };
            let as_container = self.plan.contained_type == ContainedType::Container;
            if as_container && self.is_listed(container, version)? {
                return Ok(None);
            }
            if found.matches.len() + found.contained.len() >= count || found.bytes > BYTES_MAX {
                return Ok(Some(number));
            }
            if as_container {
                found.bytes += container.text().len();
                found.matches.push(version.clone());
                return Ok(None);
            }
            found.bytes += one.content.len();
            found.contained.push(one);
        }
        Ok(None)
    }

    /// A contained resource, if it matches.
    fn matching(
        &self,
        value: Value<'_>,
        container: &Resource,
        version: &StoredVersion,
        found: &mut Found,
    ) -> Result<Option<ContainedMatch>> {
        let named = value.get("resourceType").and_then(Value::string);
        let named = named.and_then(|name| ResourceType::parse(&name));
        if !named.is_some_and(|one| self.plan.covers(one)) {
            return Ok(None);
        }
        let text = value.raw().to_owned();
        let resource = Resource::parse_with(text, ParseLimits::STORED).map_err(Error::internal)?;
        let Some(id) = resource.id().and_then(|id| id.parse().ok()) else {
            found.pass_over(&version.key, "it has no id");
            return Ok(None);
        };
        let key = ResourceKey::new(resource.resource_type(), id);
        let base_url = &self.cx.base_url;
        let values = match self
            .definitions
            .contained_values(&resource, container, base_url)
        {
            Ok(values) => values,
            // It was stored all the same: only its container is indexed.
            Err(error) => {
                found.pass_over(&version.key, &error.to_string());
                return Ok(None);
            }
        };
        let matches = self
            .definitions
            .matches(self.plan, &key, &values, version.last_updated)
            .ok_or_else(|| Error::internal("a plan for contained resources needs others"))?;
        Ok(matches.then(|| ContainedMatch {
            container: version.key.clone(),
            id: key.id,
            content: resource.text().into(),
        }))
    }

    /// Whether the container was found before as what it is itself.
    fn is_listed(&self, container: &Resource, version: &StoredVersion) -> Result<bool> {
        let is_searched =
            self.plan.contained == Contained::Both && self.plan.covers(container.resource_type());
        if !is_searched {
            return Ok(false);
        }
        let values = self
            .definitions
            .index_values(container, &self.cx.base_url)?;
        let matches =
            self.definitions
                .matches(self.plan, &version.key, &values, version.last_updated);
        matches.ok_or_else(|| Error::internal("a plan for contained resources needs others"))
    }

    fn seal(&self, source: &Source<'_>, place: &Place) -> Result<String> {
        let sealed = source.seal(self.plan, self.path, &place.to_string())?;
        Ok(format!("{MARK}{sealed}"))
    }

    fn open(&self, source: &Source<'_>, cursor: &str) -> Result<Place> {
        let sealed = cursor.strip_prefix(MARK).unwrap_or(cursor);
        let text = source.open(self.plan, self.path, sealed)?;
        Place::read(&text)
            .ok_or_else(|| Error::new(ErrorKind::BadValue, "the page link cannot be read"))
    }
}

fn too_many(most: usize) -> Error {
    Error::new(
        ErrorKind::TooCostly,
        format!(
            "search parameter '_contained': more than {most} resources would have to be looked into \
             (VESTA_SEARCH_CONTAINED_MAX); search fewer types, or for what is found sooner"
        ),
    )
}

impl Found {
    /// Says, once, that something was not looked at.
    fn pass_over(&mut self, container: &ResourceKey, why: &str) {
        if self.warnings.is_empty() {
            let sentence = format!(
                "a resource that {container} contains cannot be searched: {why}; there may be others"
            );
            let issue = Issue::new(Severity::Warning, IssueType::Processing, sentence);
            self.warnings.push(issue);
        }
    }
}

impl Place {
    /// The first contained resource to look at.
    fn from(&self, container: &ResourceKey) -> usize {
        match &self.within {
            Some((key, number)) if key == container => *number,
            _ => 0,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (behind, within) = text.split_once(' ')?;
        let behind = match behind {
            "" => None,
            number => Some(MatchPlace(number.parse().ok()?)),
        };
        let within = match within.split_once(' ') {
            Some((key, number)) => Some((key.parse().ok()?, number.parse().ok()?)),
            None => None,
        };
        Some(Self { behind, within })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(behind) = self.behind {
            write!(out, "{}", behind.0)?;
        }
        out.write_str(" ")?;
        match &self.within {
            Some((key, number)) => write!(out, "{key} {number}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
