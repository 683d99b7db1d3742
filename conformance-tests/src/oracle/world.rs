//! All resources of the server, in memory, with the values of their parameters.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::definitions::{Definitions, Parameter, members, text};
use super::moment;
use super::path::{Context, Found, Node};
use super::value::{Reading, Token, Value, is_id, scalar};
use crate::json::Json;

/// A resource as the server shows it.
#[derive(Debug)]
pub struct Resource {
    /// `resourceType`
    pub kind: String,
    /// The logical id.
    pub id: String,
    /// The content.
    pub json: Json,
    /// `meta.lastUpdated`, in nanoseconds since 1970.
    pub updated: i128,
}

/// Values that were read before, by resource and parameter.
type Known = HashMap<(usize, String), Arc<Vec<Value>>>;

/// Everything a search is answered from.
pub struct World {
    /// What parameters and types there are.
    pub definitions: Definitions,
    /// The base URL of the server, without a slash at the end.
    pub base: String,
    /// The resources; behind those that are stored, all that they contain.
    pub resources: Vec<Resource>,
    /// How many are stored.
    pub stored: usize,
    /// Where what a resource contains is, by where that is and the id.
    contained: HashMap<(usize, String), usize>,
    /// The containers of the resources behind those that are stored.
    containers: Vec<usize>,
    by_key: HashMap<(String, String), usize>,
    by_kind: BTreeMap<String, Vec<usize>>,
    by_canonical: HashMap<String, Vec<usize>>,
    values: Mutex<Known>,
}

impl World {
    /// A world of these resources.
    pub fn new(definitions: Definitions, base: &str, contents: Vec<Json>) -> Self {
        let mut world = Self {
            definitions,
            base: base.to_owned(),
            resources: Vec::new(),
            stored: 0,
            contained: HashMap::new(),
            containers: Vec::new(),
            by_key: HashMap::new(),
            by_kind: BTreeMap::new(),
            by_canonical: HashMap::new(),
            values: Mutex::default(),
        };
        for json in contents {
            let of = |name| text(&json, name).unwrap_or_default().to_owned();
            let (kind, id) = (of("resourceType"), of("id"));
            let updated = json.get("meta").and_then(|meta| text(meta, "lastUpdated"));
            let updated = updated.and_then(moment::span).map_or(0, |span| span.lower);
            let place = world.resources.len();
            world.by_key.insert((kind.clone(), id.clone()), place);
            world.by_kind.entry(kind.clone()).or_default().push(place);
            world.resources.push(Resource {
                kind,
                id,
                json,
                updated,
            });
            for canonical in world.canonicals(place) {
                world.by_canonical.entry(canonical).or_default().push(place);
            }
        }
        world.stored = world.resources.len();
        for place in 0..world.stored {
            world.look_into(place);
        }
        world
    }

    /// Adds what a resource contains, which is as old as that.
    fn look_into(&mut self, container: usize) {
        let updated = self.resources[container].updated;
        let meta = self.resources[container].json.get("meta");
        let age = meta.and_then(|meta| text(meta, "lastUpdated"));
        let age = age.map(str::to_owned);
        for mut json in members(&self.resources[container].json, "contained").to_vec() {
            let of = |name| text(&json, name).unwrap_or_default().to_owned();
            let (kind, id) = (of("resourceType"), of("id"));
            let place = self.resources.len();
            self.contained.insert((container, id.clone()), place);
            self.containers.push(container);
            if let (Json::Object(own), Some(age)) = (&mut json, &age) {
                let age = ("lastUpdated".to_owned(), Json::String(age.clone()));
                match own.iter_mut().find(|(name, _)| name == "meta") {
                    Some((_, Json::Object(meta))) => meta.push(age),
                    _ => own.push(("meta".to_owned(), Json::Object(vec![age]))),
                }
            }
            self.resources.push(Resource {
                kind,
                id,
                json,
                updated,
            });
        }
    }

    /// What a parameter of a resource leads to: what it refers to, and what it contains and refers to.
    pub fn led_to(&self, place: usize, code: &str) -> Vec<usize> {
        let mut found = self.targets(place, code);
        // Canonicals lead to stored resources alone.
        for text in self.written(place, code, false) {
            let named = text.strip_prefix('#').map(|id| (place, id.to_owned()));
            found.extend(named.and_then(|named| self.contained.get(&named)));
        }
        found
    }

    /// What contains a resource, where it is contained and has an id to be named by.
    pub fn container(&self, place: usize) -> Option<usize> {
        let container = self.containers.get(place.checked_sub(self.stored)?)?;
        Some(*container).filter(|_| is_id(&self.resources[place].id))
    }

    /// The types of which there are resources, and where these are.
    pub fn kinds(&self) -> &BTreeMap<String, Vec<usize>> {
        &self.by_kind
    }

    /// The places of the resources of a type.
    pub fn of_kind(&self, kind: &str) -> &[usize] {
        self.by_kind
            .get(kind)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Where a resource is.
    pub fn find(&self, kind: &str, id: &str) -> Option<usize> {
        self.by_key.get(&(kind.to_owned(), id.to_owned())).copied()
    }

    /// How values are read.
    pub fn reading(&self) -> Reading<'_> {
        Reading {
            definitions: &self.definitions,
            base: &self.base,
        }
    }

    /// The values of a parameter of a resource; of an unknown parameter none.
    pub fn values(&self, place: usize, code: &str) -> Arc<Vec<Value>> {
        let key = (place, code.to_owned());
        let mut cache = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache.get(&key) {
            return Arc::clone(known);
        }
        let resource = &self.resources[place];
        let parameter = self.definitions.find(&resource.kind, code);
        let found = parameter
            .map(|one| self.read(&resource.json, one))
            .unwrap_or_default();
        let found = Arc::new(found);
        cache.insert(key, Arc::clone(&found));
        found
    }

    fn read(&self, json: &Json, parameter: &Parameter) -> Vec<Value> {
        let context = Context {
            definitions: &self.definitions,
            resource: json,
        };
        self.below(
            &context,
            &context.root(),
            &parameter.expression,
            &parameter.kind,
        )
    }

    /// The values of an expression below a node, for a search type.
    pub fn below<'j>(
        &self,
        context: &Context<'_, 'j>,
        at: &Node<'j>,
        expression: &str,
        kind: &str,
    ) -> Vec<Value> {
        match context.evaluate(expression, at) {
            Ok(Found::Nodes(nodes)) => {
                let reading = self.reading();
                nodes
                    .iter()
                    .flat_map(|node| reading.values(kind, node))
                    .collect()
            }
            Ok(Found::Truth(truth)) => {
                let code = Some(truth.to_string());
                vec![Value::Token(Token {
                    code,
                    ..Token::default()
                })]
            }
            Err(_) => vec![Value::Unsaid],
        }
    }

    /// The references of a parameter of a resource, as they are written.
    pub fn reference_texts(&self, place: usize, code: &str) -> Vec<String> {
        self.written(place, code, true)
    }

    fn written(&self, place: usize, code: &str, with_canonicals: bool) -> Vec<String> {
        let resource = &self.resources[place];
        let context = Context {
            definitions: &self.definitions,
            resource: &resource.json,
        };
        let parameter = self.definitions.find(&resource.kind, code);
        let found = parameter.map(|one| context.evaluate(&one.expression, &context.root()));
        let Some(Ok(Found::Nodes(nodes))) = found else {
            return Vec::new();
        };
        let written = |node: &Node<'_>| {
            let reference = text(node.json, "reference").map(str::to_owned);
            let canonical = || scalar(node.json).filter(|_| with_canonicals);
            reference.or_else(canonical)
        };
        nodes.iter().filter_map(written).collect()
    }

    /// The resources here that a parameter of a resource refers to.
    pub fn targets(&self, place: usize, code: &str) -> Vec<usize> {
        let values = self.values(place, code);
        let mut found = Vec::new();
        for value in values.iter() {
            match value {
                Value::Local(kind, id, _) => found.extend(self.find(kind, id)),
                Value::Elsewhere(url, true) => {
                    let named = url.split_once('#').map_or(&**url, |(named, _)| named);
                    let places = self.by_canonical.get(named).into_iter().flatten();
                    found.extend(self.of_parameter(place, code, places.copied()));
                }
                _ => {}
            }
        }
        found
    }

    /// Those of the types that a parameter of a resource may lead to: one URL may name definitions of several types.
    fn of_parameter(
        &self,
        place: usize,
        code: &str,
        places: impl Iterator<Item = usize>,
    ) -> Vec<usize> {
        let parameter = self.definitions.find(&self.resources[place].kind, code);
        let targets = parameter.map_or(&[][..], |one| &one.targets);
        let is_any = targets.is_empty() || targets.iter().any(|one| one == "Resource");
        let fits = |one: &usize| is_any || targets.contains(&self.resources[*one].kind);
        places.filter(fits).collect()
    }

    /// What canonical references name a resource by.
    fn canonicals(&self, place: usize) -> Vec<String> {
        let Resource { kind, json, .. } = &self.resources[place];
        let parameter = self.definitions.find(kind, "url");
        let Some(url) =
            text(json, "url").filter(|_| parameter.is_some_and(|one| one.kind == "uri"))
        else {
            return Vec::new();
        };
        let versioned = text(json, "version").map(|version| format!("{url}|{version}"));
        [Some(url.to_owned()), versioned]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The members of a list: `List.entry.item`.
    pub fn listed(&self, list: usize) -> Vec<usize> {
        let entries = members(&self.resources[list].json, "entry").iter();
        let items = entries.filter_map(|one| text(one.get("item")?, "reference"));
        let local = items.filter_map(|one| match self.reading().literal(one)? {
            Value::Local(kind, id, _) => self.find(&kind, &id),
            _ => None,
        });
        local.collect()
    }
}
