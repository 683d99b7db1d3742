//! Where a resource points at others: literal references, URIs, and links of its narrative
//! (<https://hl7.org/fhir/R4/bundle.html#references>). A transaction rewrites these when it knows the real ids.

use crate::definitions::structure::{Structures, TypeDefinition, TypeKind};
use crate::json::{Kind, Value};
use crate::resource::Resource;

/// A string of a resource that may point at another.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The string.
    pub value: Value<'a>,
    /// What sort of pointing.
    pub kind: LinkKind,
}

/// What sort of pointing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// `Reference.reference`.
    Reference,
    /// A value of type uri, url, oid or uuid.
    Uri,
    /// The XHTML of a narrative, with links in `href` and `src`.
    Narrative,
}

/// Calls `visit` for every link of a resource, contained resources and extensions included, in the order of the text.
pub fn visit_links<'a>(
    resource: &'a Resource,
    structures: &Structures,
    visit: &mut impl FnMut(Link<'a>),
) {
    visit_resource(resource.root(), structures, visit);
}

fn visit_resource<'a>(
    object: Value<'a>,
    structures: &Structures,
    visit: &mut impl FnMut(Link<'a>),
) {
    let definition = object
        .get("resourceType")
        .and_then(Value::string)
        .and_then(|name| structures.by_name(&name));
    if let Some(definition) = definition {
        visit_object(object, structures.get(definition), structures, visit);
    }
}

fn visit_object<'a>(
    object: Value<'a>,
    definition: &TypeDefinition,
    structures: &Structures,
    visit: &mut impl FnMut(Link<'a>),
) {
    for (name, value) in object.members() {
        let is_companion = name.starts_with('_');
        let Some((_, element_type)) = definition.member(name.trim_start_matches('_')) else {
            continue;
        };
        let target = structures.get(element_type.type_id);
        for item in value.each() {
            match (target.kind, item.kind()) {
                // `_birthDate`: id and extensions of a primitive.
                (TypeKind::Primitive, Kind::Object) if is_companion => {
                    visit_object(item, target, structures, visit)
                }
                (TypeKind::Primitive, Kind::String) => {
                    if let Some(kind) = link_kind(&definition.name, &name, &target.name) {
                        visit(Link { value: item, kind });
                    }
                }
                (TypeKind::Resource, Kind::Object) => visit_resource(item, structures, visit),
                (_, Kind::Object) => visit_object(item, target, structures, visit),
                _ => {}
            }
        }
    }
}

fn link_kind(owner: &str, member: &str, primitive: &str) -> Option<LinkKind> {
    match (owner, member, primitive) {
        ("Reference", "reference", _) => Some(LinkKind::Reference),
        // The URL of an extension names its definition, never an entry.
        ("Extension", "url", _) => None,
        // Canonical URLs are not replaced, says the specification.
        (_, _, "uri" | "url" | "oid" | "uuid") => Some(LinkKind::Uri),
        (_, _, "xhtml") => Some(LinkKind::Narrative),
        _ => None,
    }
}

/// The XHTML with the targets of `href` and `src` replaced where `replace` knows better; `None` where none changed.
pub fn rewrite_narrative(xhtml: &str, replace: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    let mut changed = false;
    while let Some((before, quote, value, after)) = next_target(rest) {
        out.push_str(before);
        match replace(value) {
            Some(better) => {
                changed = true;
                out.push_str(&better);
            }
            None => out.push_str(value),
        }
        out.push(quote);
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Splits at the next `href="…"` or `src="…"`: up to the value, the quote, the value, behind the closing quote.
fn next_target(text: &str) -> Option<(&str, char, &str, &str)> {
    let mut from = 0;
    loop {
        let equals = from + text[from..].find('=')?;
        from = equals + 1;
        let name = text[..equals].trim_end();
        let is_link = ["href", "src"].iter().any(|link| {
            name.strip_suffix(link)
                .is_some_and(|before| before.ends_with(char::is_whitespace))
        });
        let value = text[from..].trim_start();
        let quote = value
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        if let (true, Some(quote)) = (is_link, quote) {
            let start = text.len() - value.len() + 1;
            let end = start + text[start..].find(quote)?;
            return Some((&text[..start], quote, &text[start..end], &text[end + 1..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn links_stand_in_references_uris_extensions_contained_and_narrative() {
        let Some(structures) = fixtures::structures() else {
            return;
        };
        let text = r##"{"resourceType":"Observation","text":{"status":"generated","div":"<div><a href='urn:uuid:1'>x</a></div>"},
            "contained":[{"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:2"}}],
            "extension":[{"url":"http://e","valueReference":{"reference":"urn:uuid:3"}},{"url":"urn:uuid:1","valueUri":"urn:uuid:4"}],
            "_status":{"extension":[{"url":"http://e","valueReference":{"reference":"urn:uuid:5"}}]},
            "subject":{"reference":"Patient?identifier=1","display":"urn:uuid:9"},
            "component":[{"valueString":"urn:uuid:9"}]}"##;
        let resource = Resource::parse(text).unwrap();
        let mut found = Vec::new();
        visit_links(&resource, structures, &mut |link| {
            found.push((link.kind, link.value.string().unwrap().into_owned()))
        });
        let found: Vec<_> = found
            .iter()
            .map(|(kind, text)| (*kind, text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (LinkKind::Narrative, "<div><a href='urn:uuid:1'>x</a></div>"),
                (LinkKind::Reference, "urn:uuid:2"),
                (LinkKind::Reference, "urn:uuid:3"),
                (LinkKind::Uri, "urn:uuid:4"),
                (LinkKind::Reference, "urn:uuid:5"),
                (LinkKind::Reference, "Patient?identifier=1"),
            ]
        );
    }

    #[test]
    fn narrative_links_are_replaced_and_nothing_else() {
        let check = |text: &str, expected: Option<&str>| {
            let replaced = rewrite_narrative(text, |target| {
                (target == "urn:1").then(|| "Patient/1".to_owned())
            });
            assert_eq!(replaced.as_deref(), expected, "{text}");
        };
        check(
            "<a href=\"urn:1\">urn:1</a>",
            Some("<a href=\"Patient/1\">urn:1</a>"),
        );
        check(
            "<img alt='a=b' src = 'urn:1'/>",
            Some("<img alt='a=b' src = 'Patient/1'/>"),
        );
        check("<a xhref=\"urn:1\">", None);
        check("<a href=\"urn:2\">", None);
        check("<a href=urn:1>", None);
        check("href=\"urn:1", None);
        check("", None);
    }
}
