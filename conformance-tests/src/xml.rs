//! XML bodies: compared by structure and read by paths, as <https://hl7.org/fhir/R4/xml.html> writes them.

#[cfg(test)]
mod tests;

use roxmltree::{Document, Node};

use crate::json::Json;

const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Reads an XML text; a document type declaration is refused.
pub fn read(text: &str) -> Result<Document<'_>, String> {
    Document::parse(text).map_err(|error| format!("not XML: {error}"))
}

/// What `Patient/name/family/@value` finds: a text, an array of several, or nothing.
///
/// A path that ends in an element gives the text within it; `*` stands for any element.
pub fn select(document: &Document<'_>, path: &str) -> Option<Json> {
    let mut found = vec![document.root()];
    let mut texts = None;
    for segment in path.split('/') {
        if let Some(name) = segment.strip_prefix('@') {
            let values = found.iter().filter_map(|node| node.attribute(name));
            texts = Some(values.map(str::to_owned).collect::<Vec<_>>());
            break;
        }
        let named = |node: &Node<'_, '_>| segment == "*" || node.tag_name().name() == segment;
        found = found
            .iter()
            .flat_map(|node| node.children().filter(Node::is_element).filter(named))
            .collect();
    }
    let texts = texts.unwrap_or_else(|| found.into_iter().map(text_within).collect());
    let mut values: Vec<Json> = texts.into_iter().map(Json::String).collect();
    match values.len() {
        0 => None,
        1 => values.pop(),
        _ => Some(Json::Array(values)),
    }
}

fn text_within(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|text| text.text())
        .collect()
}

/// Where two resources differ first, but for `meta.versionId` and `meta.lastUpdated`, comments and layout.
pub fn difference(expected: &Document<'_>, actual: &Document<'_>) -> Option<String> {
    differ(expected.root_element(), actual.root_element(), 0)
}

fn differ(expected: Node<'_, '_>, actual: Node<'_, '_>, depth: usize) -> Option<String> {
    let (left, right) = (expected.tag_name(), actual.tag_name());
    if left != right {
        return Some(format!("<{}>, expected <{}>", right.name(), left.name()));
    }
    let name = left.name();
    if attributes(expected) != attributes(actual) {
        let (left, right) = (attributes(expected), attributes(actual));
        return Some(format!("{name}: attributes {right:?}, expected {left:?}"));
    }
    let (left, right) = (content(expected, depth), content(actual, depth));
    if left.len() != right.len() {
        return Some(format!(
            "{name}: {} nodes, expected {}",
            right.len(),
            left.len()
        ));
    }
    left.into_iter().zip(right).find_map(|(left, right)| {
        let found = match (
            left.text().filter(|_| left.is_text()),
            right.text().filter(|_| right.is_text()),
        ) {
            (None, None) => differ(left, right, depth + 1),
            (left, right) if left == right => None,
            (left, right) => Some(format!("text {right:?}, expected {left:?}")),
        };
        found.map(|found| format!("{name}/{found}"))
    })
}

fn attributes<'n>(node: Node<'n, '_>) -> Vec<(&'n str, &'n str)> {
    let mut all: Vec<_> = node.attributes().map(|a| (a.name(), a.value())).collect();
    all.sort_unstable();
    all
}

/// The children that count: elements, and text within XHTML.
fn content<'a, 'i>(node: Node<'a, 'i>, depth: usize) -> Vec<Node<'a, 'i>> {
    let xhtml = node.tag_name().namespace() == Some(XHTML);
    let of_server =
        |child: &Node<'a, 'i>| matches!(child.tag_name().name(), "versionId" | "lastUpdated");
    let in_meta = depth == 1 && node.tag_name().name() == "meta";
    let empty_meta = |child: &Node<'a, 'i>| {
        depth == 0 && child.tag_name().name() == "meta" && content(*child, 1).is_empty()
    };
    node.children()
        .filter(|child| child.is_element() || (xhtml && child.is_text()))
        .filter(|child| !(in_meta && of_server(child)))
        .filter(|child| !empty_meta(child))
        .collect()
}
