//! The resources at hand: contained ones, and those of a Bundle, by what references to them say
//! (<https://hl7.org/fhir/R4/bundle.html#references>).

use std::collections::HashMap;

use crate::definitions::structure::Structures;
use crate::json::Value;
use crate::path::Node;

/// The resources of one document.
#[derive(Debug)]
pub(super) struct World<'a> {
    root: Node<'a>,
    /// By the text of references that need nothing else to be understood.
    by_reference: HashMap<Box<str>, Node<'a>>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// One entry of the Bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) full_url: Option<&'a str>,
    pub(super) node: Node<'a>,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A resource that is contained.
    Contained(Node<'a>),
    /// A resource of the same Bundle.
    Bundled(Node<'a>),
    /// Something that is not at hand.
    Elsewhere,
    /// Nothing: a contained resource that is not there.
    Nowhere,
}

impl<'a> World<'a> {
    pub(super) fn of(root: Node<'a>, structures: &'a Structures) -> Self {
        let mut world = Self {
            root,
            by_reference: HashMap::new(),
            entries: Vec::new(),
        };
        let entries = root.value.and_then(|value| value.get("entry"));
        let is_bundle = &*structures.get(root.type_id).name == "Bundle";
        for entry in entries
            .into_iter()
            .filter(|_| is_bundle)
            .flat_map(Value::items)
        {
            let resource = entry.get("resource");
            let Some(node) = resource.and_then(|value| Node::resource(value, structures)) else {
                continue;
            };
            let full_url = entry.get("fullUrl").and_then(borrowed);
            world.entries.push(Entry { full_url, node });
            if let Some(full_url) = full_url {
                world.by_reference.entry(full_url.into()).or_insert(node);
            }
            let id = resource.and_then(|value| value.get("id")?.string());
            if let Some(id) = id {
                let relative = format!("{}/{id}", structures.get(node.type_id).name);
                let fits = full_url.is_none_or(|url| url.ends_with(&format!("/{relative}")));
                if fits {
                    world.by_reference.entry(relative.into()).or_insert(node);
                }
            }
        }
        world
    }

    pub(super) fn by_reference(&self) -> &HashMap<Box<str>, Node<'a>> {
        &self.by_reference
    }

    /// The `fullUrl` of a resource that is an entry's.
    pub(super) fn full_url(&self, node: Node<'a>) -> Option<&'a str> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.node.is_same(&node))?;
        entry.full_url
    }

    /// The same node, as one of this document.
    pub(super) fn own(&self, node: Node<'_>) -> Option<Node<'a>> {
        let document = self.root.value?.document();
        let own = |value: Option<Value<'_>>| match value {
            None => Some(None),
            Some(value) if std::ptr::eq(value.document(), document) => {
                Some(Some(Value::new(document, value.index())))
            }
            Some(_) => None,
        };
        Some(Node {
            value: own(node.value)?,
            companion: own(node.companion)?,
            type_id: node.type_id,
        })
    }

    /// How many entries a reference leads to; a version in it chooses one.
    pub(super) fn matches(&self, text: &str, full_url: Option<&str>) -> usize {
        if self.entries.is_empty() || text.contains("/_history/") {
            return 0;
        }
        let absolute = absolute(text, full_url);
        let wanted = absolute.as_deref().unwrap_or(text);
        let entries = self.entries.iter();
        entries
            .filter(|entry| entry.full_url == Some(wanted))
            .count()
    }

    /// What the text of a reference leads to, from a resource with that `fullUrl` inside of `root`.
    pub(super) fn target(
        &self,
        text: &str,
        root: Node<'a>,
        full_url: Option<&str>,
        structures: &'a Structures,
    ) -> Target<'a> {
        if let Some(id) = text.strip_prefix('#') {
            if id.is_empty() {
                return Target::Contained(root);
            }
            let contained = root.value.and_then(|value| value.get("contained"));
            let found = contained
                .into_iter()
                .flat_map(Value::items)
                .find(|value| value.get("id").and_then(Value::string).as_deref() == Some(id));
            return found
                .and_then(|value| Node::resource(value, structures))
                .map_or(Target::Nowhere, Target::Contained);
        }
        if self.entries.is_empty() {
            return Target::Elsewhere;
        }
        let absolute = absolute(text, full_url);
        let found = self.by_reference.get(absolute.as_deref().unwrap_or(text));
        let unversioned = || {
            let (text, version) = text.split_once("/_history/")?;
            let absolute = self::absolute(text, full_url);
            let node = self.by_reference.get(absolute.as_deref().unwrap_or(text))?;
            let own = node
                .value?
                .at(&["meta", "versionId"])
                .and_then(Value::string);
            (own.as_deref() == Some(version)).then_some(node)
        };
        found
            .or_else(unversioned)
            .map_or(Target::Elsewhere, |node| Target::Bundled(*node))
    }
}

/// A relative reference as seen from a RESTful `fullUrl`; `None` where it is absolute or the `fullUrl` gives no base.
pub(super) fn absolute(text: &str, full_url: Option<&str>) -> Option<String> {
    if text.contains(':') {
        return None;
    }
    let full_url = full_url.filter(|url| url.starts_with("http"))?;
    let (rest, _) = full_url.rsplit_once('/')?;
    let (base, _) = rest.rsplit_once('/')?;
    Some(format!("{base}/{text}"))
}

/// The text of a string without escapes; one with escapes is no URL.
pub(super) fn borrowed(value: Value<'_>) -> Option<&str> {
    match value.string()? {
        std::borrow::Cow::Borrowed(text) => Some(text),
        std::borrow::Cow::Owned(_) => None,
    }
}
