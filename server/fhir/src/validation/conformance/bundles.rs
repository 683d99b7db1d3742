//! The rules of Bundles: full URLs, and what documents and messages refer to (<https://hl7.org/fhir/R4/bundle.html>).

use std::collections::HashSet;

use super::references::literal;
use super::world::{Entry, Target};
use super::{Check, Scope};
use crate::ids::{ResourceId, ResourceType};
use crate::json::{Kind, Value};
use crate::outcome::IssueType;
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

/// The elements of a Composition whose targets a document holds (<https://hl7.org/fhir/R4/documents.html#content>).
const OF_COMPOSITION: [&str; 6] = [
    "subject",
    "encounter",
    "author",
    "attester",
    "custodian",
    "section",
];

impl<'a> Check<'_, 'a> {
    /// Checks a Bundle as a whole.
    pub(super) fn bundle(&self, out: &mut Findings, node: Node<'a>, path: &Path<'_>) {
        let Some(bundle) = node.value else { return };
        let kind = bundle.get("type").and_then(Value::string);
        let list = path.member("entry");
        let entries = bundle.get("entry").into_iter().flat_map(Value::items);
        for (index, entry) in entries.enumerate() {
            let here = list.item(index);
            self.full_url(out, entry, &here);
            let resource = entry.get("resource");
            if kind.as_deref() == Some("searchset")
                && let Some(resource) = resource
                && resource.get("id").is_none()
                && resource
                    .get("resourceType")
                    .and_then(Value::string)
                    .as_deref()
                    != Some("OperationOutcome")
            {
                let what = "a resource that a search has found has an id";
                out.add(
                    &here.member("resource"),
                    resource,
                    IssueType::Required,
                    what,
                );
            }
        }
        let is_outermost = path.names().is_empty();
        match kind.as_deref() {
            Some("document") if is_outermost => self.document(out, path),
            Some("message") if is_outermost => self.first(out, path, "MessageHeader", &["focus"]),
            _ => {}
        }
    }

    /// A full URL is absolute, and where it is that of a server, it ends with the resource's type and id.
    fn full_url(&self, out: &mut Findings, entry: Value<'a>, path: &Path<'_>) {
        let Some(value) = entry.get("fullUrl") else {
            return;
        };
        let Some(url) = value.string() else { return };
        if !url.contains(':') {
            let what = "a fullUrl is an absolute URL";
            return out.add(path, entry, IssueType::Value, what);
        }
        let Some(resource) = entry.get("resource") else {
            return;
        };
        let Some((name, id)) = literal(&url).filter(|_| url.starts_with("http")) else {
            return;
        };
        if ResourceType::parse(name).is_none() || !ResourceId::is_valid(id) {
            return;
        }
        let text = |name| resource.get(name).and_then(Value::string);
        let fits =
            text("resourceType").as_deref() == Some(name) && text("id").as_deref() == Some(id);
        if !fits {
            let what = "a fullUrl that is the URL of a resource on a server ends with the type and id of the resource";
            out.add(path, entry, IssueType::Value, what);
        }
    }

    /// What a document's Composition refers to is in the document, and everything in it has to do with that.
    fn document(&self, out: &mut Findings, path: &Path<'_>) {
        self.first(out, path, "Composition", &OF_COMPOSITION);
        let entries = &self.world.entries;
        let Some(first) = entries.first() else { return };
        let links: Vec<Vec<u32>> = entries.iter().map(|entry| self.links(entry)).collect();
        let place = |entry: &Entry<'a>| entry.node.value.map_or(0, Value::index);
        let mut reached = HashSet::from([place(first)]);
        // As far as references lead, in either direction.
        loop {
            let before = reached.len();
            for (entry, targets) in entries.iter().zip(&links) {
                let own = place(entry);
                if reached.contains(&own) {
                    reached.extend(targets);
                } else if targets.iter().any(|target| reached.contains(target)) {
                    reached.insert(own);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let list = path.member("entry");
        for (index, entry) in entries.iter().enumerate() {
            if let Some(value) = entry.node.value
                && !reached.contains(&value.index())
            {
                let what = "no reference leads from the Composition to this resource, or back";
                out.add(&list.item(index), value, IssueType::Structure, what);
            }
        }
    }

    /// The places of the resources an entry's resource refers to.
    fn links(&self, entry: &Entry<'a>) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(value) = entry.node.value {
            let scope = self.entry_scope(entry);
            self.references_below(value, &mut |text| {
                if let Target::Bundled(node) = self.target(text, scope) {
                    found.extend(node.value.map(Value::index));
                }
            });
        }
        found
    }

    fn entry_scope(&self, entry: &Entry<'a>) -> Scope<'a> {
        Scope {
            resource: entry.node,
            root: entry.node,
            full_url: entry.full_url,
            depth: 0,
        }
    }

    fn references_below(&self, value: Value<'a>, visit: &mut dyn FnMut(&str)) {
        match value.kind() {
            Kind::Object => {
                for (name, below) in value.members() {
                    match &*name {
                        "reference" => below.string().iter().for_each(|text| visit(text)),
                        "div" => {
                            let text = below.string().unwrap_or_default();
                            for part in text.split('"').skip(1).step_by(2) {
                                visit(part);
                            }
                        }
                        _ => self.references_below(below, visit),
                    }
                }
            }
            Kind::Array => value
                .items()
                .for_each(|below| self.references_below(below, visit)),
            Kind::String => value.string().iter().for_each(|text| visit(text)),
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }

    /// What the first entry refers to by some of its elements is in the Bundle.
    fn first(&self, out: &mut Findings, path: &Path<'_>, name: &str, elements: &[&str]) {
        let Some(entry) = self.world.entries.first() else {
            return;
        };
        let Some(value) = entry
            .node
            .value
            .filter(|_| self.type_name(entry.node) == name)
        else {
            return;
        };
        let list = path.member("entry");
        let item = list.item(0);
        let resource = item.member("resource");
        let scope = self.entry_scope(entry);
        for element in elements {
            if let Some(below) = value.get(element) {
                self.must_be_here(out, below, &resource.member(element), scope);
            }
        }
    }

    fn must_be_here(
        &self,
        out: &mut Findings,
        value: Value<'a>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        match value.kind() {
            Kind::Array => {
                for (index, item) in value.items().enumerate() {
                    self.must_be_here(out, item, &path.item(index), scope);
                }
            }
            Kind::Object => {
                if let Some(reference) = value.get("reference").and_then(Value::string) {
                    if matches!(self.target(&reference, scope), Target::Elsewhere) {
                        let what = "refers to a resource that is not in this Bundle";
                        out.add(path, value, IssueType::NotFound, what);
                    }
                    return;
                }
                for (name, below) in value.members() {
                    if matches!(below.kind(), Kind::Array | Kind::Object) && &*name != "text" {
                        self.must_be_here(out, below, &path.member(&name), scope);
                    }
                }
            }
            Kind::String | Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }
}
