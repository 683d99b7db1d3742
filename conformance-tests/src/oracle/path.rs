//! The little of FHIRPath that R4's search parameters are written in (<https://hl7.org/fhir/R4/fhirpath.html>).

use super::definitions::{Definitions, text};
use crate::json::Json;

/// An element of a resource.
#[derive(Clone, Debug)]
pub struct Node<'j> {
    /// Its type; of an element without a type of its own, the path of the element.
    pub kind: String,
    /// The path of its definition.
    pub element: String,
    /// Its value; `null` where it has only extensions.
    pub json: &'j Json,
}

/// What an expression yields.
#[derive(Debug)]
pub enum Found<'j> {
    /// Elements.
    Nodes(Vec<Node<'j>>),
    /// A truth.
    Truth(bool),
}

/// An expression over a resource.
pub struct Context<'d, 'j> {
    /// What types are.
    pub definitions: &'d Definitions,
    /// The resource.
    pub resource: &'j Json,
}

const NULL: &Json = &Json::Null;

impl<'j> Context<'_, 'j> {
    /// The resource itself.
    pub fn root(&self) -> Node<'j> {
        resource_node(self.resource)
    }

    /// Evaluates an expression below a node.
    pub fn evaluate(&self, expression: &str, at: &Node<'j>) -> Result<Found<'j>, String> {
        let parts = split(expression, " and ");
        if parts.len() == 1 && !expression.contains("!=") && !expression.ends_with(".exists()") {
            return self.union(expression, at).map(Found::Nodes);
        }
        let mut truth = true;
        for part in parts {
            truth &= self.truth(part.trim(), at)?;
        }
        Ok(Found::Truth(truth))
    }

    fn truth(&self, part: &str, at: &Node<'j>) -> Result<bool, String> {
        if let Some(path) = part.strip_suffix(".exists()") {
            return Ok(!self.union(path, at)?.is_empty());
        }
        let Some((path, "false")) = part.split_once(" != ") else {
            return Err(format!("`{part}` is not understood"));
        };
        let nodes = self.union(path, at)?;
        // Empty compared with anything is empty, and that is no truth.
        Ok(!nodes.is_empty() && nodes.iter().all(|node| node.json != &Json::Bool(false)))
    }

    fn union(&self, expression: &str, at: &Node<'j>) -> Result<Vec<Node<'j>>, String> {
        let mut found = Vec::new();
        for term in split(expression, "|") {
            found.extend(self.term(term.trim(), at)?);
        }
        Ok(found)
    }

    fn term(&self, term: &str, at: &Node<'j>) -> Result<Vec<Node<'j>>, String> {
        if let [path, kind] = split(term, " as ")[..] {
            let nodes = self.term(path.trim(), at)?;
            return Ok(of_type(nodes, kind.trim()));
        }
        let steps = split(term, ".");
        let Some((head, steps)) = steps.split_first() else {
            return Ok(Vec::new());
        };
        let mut nodes = self.head(head, at)?;
        for step in steps {
            nodes = self.step(step, nodes)?;
        }
        Ok(nodes)
    }

    fn head(&self, head: &str, at: &Node<'j>) -> Result<Vec<Node<'j>>, String> {
        if let Some(inner) = head
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            return self.union(inner, at);
        }
        if head.starts_with(char::is_uppercase) {
            let is_base = matches!(head, "Resource" | "DomainResource");
            let fits = is_base || head == at.kind;
            return Ok(if fits { vec![at.clone()] } else { Vec::new() });
        }
        if head == "%resource" {
            return Ok(vec![self.root()]);
        }
        self.step(head, vec![at.clone()])
    }

    fn step(&self, step: &str, nodes: Vec<Node<'j>>) -> Result<Vec<Node<'j>>, String> {
        if let Some((name, argument)) = step.strip_suffix(')').and_then(|s| s.split_once('(')) {
            return match name {
                "as" | "ofType" => Ok(of_type(nodes, argument)),
                "where" => self.filter(argument, nodes),
                "extension" => Ok(nodes
                    .iter()
                    .flat_map(|node| extensions(node, argument))
                    .collect()),
                _ => Err(format!("the function `{name}` is not understood")),
            };
        }
        let (name, place) = match step.strip_suffix(']').and_then(|s| s.split_once('[')) {
            Some((name, place)) => (
                name,
                Some(place.parse::<usize>().map_err(|e| e.to_string())?),
            ),
            None => (step, None),
        };
        let mut children: Vec<Node<'j>> = nodes
            .iter()
            .flat_map(|node| self.children(node, name))
            .collect();
        if let Some(place) = place {
            children = children.into_iter().skip(place).take(1).collect();
        }
        Ok(children)
    }

    fn filter(&self, condition: &str, nodes: Vec<Node<'j>>) -> Result<Vec<Node<'j>>, String> {
        if let Some(kind) = condition.strip_prefix("resolve() is ") {
            let fits = |node: &Node<'j>| self.target_type(node).as_deref() == Some(kind);
            return Ok(nodes.into_iter().filter(fits).collect());
        }
        if let Some(url) = condition.strip_prefix("hasExtension(") {
            let url = url.trim_end_matches(')');
            let fits = |node: &Node<'j>| !extensions(node, url).is_empty();
            return Ok(nodes.into_iter().filter(fits).collect());
        }
        let Some((name, value)) = condition.split_once('=') else {
            return Err(format!("the condition `{condition}` is not understood"));
        };
        let value = value.trim().trim_matches('\'');
        let fits = |node: &Node<'j>| text(node.json, name.trim()) == Some(value);
        Ok(nodes.into_iter().filter(fits).collect())
    }

    /// The type of what a reference points at, as far as the reference or the resource around it says.
    fn target_type(&self, node: &Node<'j>) -> Option<String> {
        let reference = text(node.json, "reference");
        let known = |name: &str| self.definitions.resource_types.contains(name);
        if let Some(id) = reference.and_then(|one| one.strip_prefix('#')) {
            let contained = self
                .resource
                .get("contained")
                .map(Json::items)
                .unwrap_or_default();
            let target = contained.iter().find(|one| text(one, "id") == Some(id))?;
            return text(target, "resourceType").map(str::to_owned);
        }
        let literal = reference.and_then(|one| {
            let path = one.split("/_history/").next().unwrap_or(one);
            let mut segments = path.rsplit('/').skip(1);
            segments.next().filter(|name| known(name))
        });
        let literal = literal.or_else(|| text(node.json, "type").filter(|name| known(name)));
        literal.map(str::to_owned)
    }

    fn children(&self, node: &Node<'j>, name: &str) -> Vec<Node<'j>> {
        let path = format!("{}.{name}", node.kind);
        if let Some(element) = self.definitions.elements.get(&path) {
            if let Some(reference) = &element.content_reference {
                return values(node.json, name, reference, &path);
            }
            return match element.types.first().map(String::as_str) {
                Some("BackboneElement" | "Element") => values(node.json, name, &path, &path),
                Some("Resource") => match node.json.get(name) {
                    Some(found) => each(found).map(resource_node).collect(),
                    None => Vec::new(),
                },
                Some(kind) => values(node.json, name, kind, &path),
                None => Vec::new(),
            };
        }
        let path = format!("{path}[x]");
        let types = self
            .definitions
            .elements
            .get(&path)
            .map(|element| &element.types);
        let choice = |kind: &String| {
            let mut letters = kind.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            let member: String = name.chars().chain(first).chain(letters).collect();
            values(node.json, &member, kind, &path)
        };
        types.into_iter().flatten().flat_map(choice).collect()
    }
}

fn resource_node(json: &Json) -> Node<'_> {
    let kind = text(json, "resourceType").unwrap_or_default().to_owned();
    Node {
        element: kind.clone(),
        kind,
        json,
    }
}

/// A single value is a list of one.
pub fn each(json: &Json) -> impl Iterator<Item = &Json> {
    let single = (!matches!(json, Json::Array(_))).then_some(json);
    json.items().iter().chain(single)
}

fn values<'j>(json: &'j Json, member: &str, kind: &str, element: &str) -> Vec<Node<'j>> {
    let extra = json.get(&format!("_{member}"));
    let node = |json| Node {
        kind: kind.to_owned(),
        element: element.to_owned(),
        json,
    };
    let found = json
        .get(member)
        .map(|found| each(found).map(node).collect::<Vec<_>>());
    match (found, extra) {
        (Some(found), _) => found,
        (None, Some(extra)) => each(extra).map(|_| node(NULL)).collect(),
        (None, None) => Vec::new(),
    }
}

fn of_type<'j>(nodes: Vec<Node<'j>>, kind: &str) -> Vec<Node<'j>> {
    // `Observation-code-value-date` says DateTime, which is no type.
    let kind = if kind == "DateTime" { "dateTime" } else { kind };
    let subtypes: &[&str] = match kind {
        "Quantity" => &["Age", "Count", "Distance", "Duration"],
        "uri" => &["canonical", "oid", "url", "uuid"],
        "string" => &["code", "id", "markdown"],
        "integer" => &["positiveInt", "unsignedInt"],
        _ => &[],
    };
    let fits = |node: &Node<'_>| node.kind == kind || subtypes.contains(&node.kind.as_str());
    nodes.into_iter().filter(fits).collect()
}

fn extensions<'j>(node: &Node<'j>, url: &str) -> Vec<Node<'j>> {
    let url = url.trim_matches('\'');
    let all = values(node.json, "extension", "Extension", "Extension");
    all.into_iter()
        .filter(|one| text(one.json, "url") == Some(url))
        .collect()
}

/// The parts between separators that stand in no parentheses and no quotes.
pub fn split<'t>(expression: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut depth, mut quoted, mut from, mut at) = (Vec::new(), 0_i32, false, 0, 0);
    while let Some(letter) = expression[at..].chars().next() {
        match letter {
            '\'' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && !quoted && expression[at..].starts_with(separator) {
            parts.push(&expression[from..at]);
            at += separator.len();
            from = at;
        } else {
            at += letter.len_utf8();
        }
    }
    parts.push(&expression[from..]);
    parts
}
