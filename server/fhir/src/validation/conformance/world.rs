//! The resources at hand: contained ones, and those of a Bundle, by what references to them say
//! (<https://hl7.org/fhir/R4/bundle.html#references>).

use std::borrow::Cow;
use std::cell::RefCell;
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
    /// Full URLs by the place of the entry's resource.
    full_urls: HashMap<u32, &'a str>,
    /// How many entries have a full URL.
    counts: HashMap<&'a str, usize>,
    /// Contained resources by the place of their container and their id; looked at when first asked for.
    contained: RefCell<HashMap<u32, HashMap<Cow<'a, str>, Node<'a>>>>,
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
            full_urls: HashMap::new(),
            counts: HashMap::new(),
            contained: RefCell::default(),
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
                *world.counts.entry(full_url).or_default() += 1;
                let place = node.value.map_or(0, Value::index);
                world.full_urls.insert(place, full_url);
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

    /// Whether a resource stands in a Bundle, which the outermost one is then.
    pub(super) fn is_inside_bundle(&self, node: Node<'a>) -> bool {
        !self.entries.is_empty() && !node.is_same(&self.root)
    }

    pub(super) fn by_reference(&self) -> &HashMap<Box<str>, Node<'a>> {
        &self.by_reference
    }

    /// The `fullUrl` of a resource that is an entry's.
    pub(super) fn full_url(&self, node: Node<'a>) -> Option<&'a str> {
        self.full_urls.get(&node.value?.index()).copied()
    }

    /// The contained resource of an id.
    pub(super) fn contained(
        &self,
        root: Node<'a>,
        id: &str,
        structures: &'a Structures,
    ) -> Option<Node<'a>> {
        let value = root.value?;
        let mut known = self.contained.borrow_mut();
        let by_id = known.entry(value.index()).or_insert_with(|| {
            let list = value.get("contained").into_iter().flat_map(Value::items);
            let named = list.filter_map(|value| {
                let id = value.get("id")?.string()?;
                Some((id, Node::resource(value, structures)?))
            });
            named.collect()
        });
        by_id.get(id).copied()
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
        self.counts.get(wanted).copied().unwrap_or_default()
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
            return self
                .contained(root, id, structures)
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
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(_) => None,
    }
}
