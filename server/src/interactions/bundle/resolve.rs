//! References between entries (<https://hl7.org/fhir/R4/http.html#trules>): what entries call each other becomes what
//! the server calls them, wherever a reference can stand.

use std::collections::{HashMap, HashSet};

use fhir::definitions::structure::Structures;
use fhir::ids::{Reference, ResourceKey, ResourceType, VersionId};
use fhir::json::edit::Splices;
use fhir::json::quoted;
use fhir::links::{LinkKind, rewrite_narrative, visit_links};
use fhir::resource::Resource;

use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// What the entries call their resources, and where these are.
#[derive(Debug, Default)]
pub(super) struct FullUrls {
    keys: HashMap<String, ResourceKey>,
    /// Those that the transaction makes: their version is the first.
    new: HashSet<ResourceKey>,
}

/// A reference by search: the type and the query behind the question mark.
pub(super) type ConditionalReference = (ResourceType, String);

impl FullUrls {
    /// Remembers that the transaction makes this resource.
    pub(super) fn add_new(&mut self, key: ResourceKey) {
        self.new.insert(key);
    }

    /// Remembers an entry. Two entries of one name cannot both be meant.
    pub(super) fn add(&mut self, full_url: &str, key: ResourceKey) -> Result<()> {
        match self.keys.insert(full_url.to_owned(), key.clone()) {
            Some(other) if other != key => Err(Error::new(
                ErrorKind::BadValue,
                "two entries have the same fullUrl",
            )
            .at("fullUrl")),
            _ => Ok(()),
        }
    }

    /// Where a reference of an entry with that name leads. One to a version of a new resource stays one to a version;
    /// of others nobody knows yet which version they will have, and theirs stay as they are.
    fn find(&self, text: &str, full_url: Option<&str>) -> Option<String> {
        match text.split_once("/_history/") {
            None => self.find_key(text, full_url).map(ToString::to_string),
            Some((path, _)) => {
                let key = self
                    .find_key(path, full_url)
                    .filter(|key| self.new.contains(key))?;
                Some(format!("{key}/_history/{}", VersionId::FIRST))
            }
        }
    }

    /// The key behind a reference: by the full text, or relative to the entry's own base.
    fn find_key(&self, text: &str, full_url: Option<&str>) -> Option<&ResourceKey> {
        if let Some(key) = self.keys.get(text) {
            return Some(key);
        }
        let relative: ResourceKey = text.parse().ok()?;
        // `http://other/fhir/Patient/1` has the base `http://other/fhir/`.
        let mut parts = full_url?.rsplitn(3, '/');
        let (_, _, base) = (parts.next()?, parts.next()?, parts.next()?);
        self.keys.get(&format!("{base}/{relative}"))
    }
}

/// The references by search in a resource, each once.
pub(super) fn conditional_references(
    cx: &RequestContext,
    structures: &Structures,
    resource: &Resource,
) -> Vec<ConditionalReference> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    visit_links(resource, structures, &mut |link| {
        if link.kind != LinkKind::Reference {
            return;
        }
        let text = link.value.string().unwrap_or_default();
        if let Reference::Conditional {
            resource_type,
            query,
        } = Reference::parse(&text, &cx.base_url)
        {
            let reference = (resource_type, query.into_string());
            if seen.insert(reference.clone()) {
                found.push(reference);
            }
        }
    });
    found
}

/// The references of a resource, as texts.
pub(super) fn references(structures: &Structures, resource: &Resource) -> HashSet<String> {
    let mut found = HashSet::new();
    visit_links(resource, structures, &mut |link| {
        if link.kind == LinkKind::Reference {
            found.extend(link.value.string().map(String::from));
        }
    });
    found
}

/// The resource with every link to an entry, and every reference by search, replaced by where it leads. One that leads
/// nowhere is refused, unless it is among those that `stay`: a patch does not answer for what was there before.
pub(super) fn rewrite(
    cx: &RequestContext,
    structures: &Structures,
    resource: &Resource,
    full_url: Option<&str>,
    full_urls: &FullUrls,
    searched: &HashMap<ConditionalReference, ResourceKey>,
    stay: &HashSet<String>,
) -> Result<Resource> {
    let mut splices = Splices::default();
    let mut unresolved = None;
    visit_links(resource, structures, &mut |link| {
        let text = link.value.string().unwrap_or_default();
        let better = match link.kind {
            LinkKind::Narrative => {
                rewrite_narrative(&text, |target| full_urls.find(target, full_url))
            }
            LinkKind::Uri => full_urls.keys.get(text.as_ref()).map(ToString::to_string),
            LinkKind::Reference => match full_urls.find(&text, full_url) {
                Some(found) => Some(found),
                None => match Reference::parse(&text, &cx.base_url) {
                    Reference::Conditional {
                        resource_type,
                        query,
                    } => {
                        let key = searched.get(&(resource_type, query.into_string()));
                        let leads_nowhere = key.is_none() && !stay.contains(text.as_ref());
                        unresolved = unresolved.or(leads_nowhere.then_some(link.value));
                        key.map(ToString::to_string)
                    }
                    Reference::Urn(urn) if urn.starts_with("urn:uuid:") => {
                        let leads_nowhere = !stay.contains(text.as_ref());
                        unresolved = unresolved.or(leads_nowhere.then_some(link.value));
                        None
                    }
                    _ => None,
                },
            },
        };
        if let Some(better) = better.filter(|better| *better != text) {
            splices.replace(link.value, quoted(&better));
        }
    });
    if let Some(link) = unresolved {
        let issue = fhir::outcome::Issue::error(
            fhir::outcome::IssueType::Value,
            "a reference leads to no entry of the Bundle and to no resource",
        );
        return Err(Error::with_issues(
            ErrorKind::BadValue,
            vec![issue.positioned(link.position()).at("resource")],
        ));
    }
    match splices.is_empty() {
        true => Ok(resource.clone()),
        false => Resource::parse_with(splices.apply(resource.text()), cx.limits.parse)
            .map_err(Error::internal),
    }
}
