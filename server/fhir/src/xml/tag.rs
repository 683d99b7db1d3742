//! Inside a start tag: attributes one by one, and the namespaces their prefixes stand for.

use std::borrow::Cow;

use super::error::{XmlErrorKind, short};
use super::scanner::{Attribute, DUPLICATE, Tag, XML_NAMESPACE, is_space_character};

/// A namespace declaration in scope.
#[derive(Clone, Debug)]
pub(crate) struct Binding<'a> {
    /// The prefix; nothing for the default namespace.
    pub(crate) prefix: &'a str,
    /// The namespace; nothing takes the default namespace away.
    pub(crate) namespace: Cow<'a, str>,
}

/// Name, raw value and the offset of the name; or what is wrong and where.
type Pair<'a> = Result<(&'a str, &'a str, usize), (&'static str, usize)>;

/// The `name="value"` pairs of a text, each behind white space. `offset` is the text's own place.
pub(super) fn pairs(content: &str, offset: usize) -> impl Iterator<Item = Pair<'_>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let trimmed = rest.trim_start_matches(is_space_character);
        if trimmed.is_empty() {
            return None;
        }
        let start = offset + content.len() - trimmed.len();
        let answer = match trimmed.len() < rest.len() {
            true => pair(trimmed).map_err(|sentence| (sentence, start)),
            false => Err(("no white space before an attribute", start)),
        };
        match answer {
            Ok((name, value, after)) => {
                rest = after;
                Some(Ok((name, value, start)))
            }
            Err(fault) => {
                rest = "";
                Some(Err(fault))
            }
        }
    })
}

/// Name, value and what follows.
fn pair(text: &str) -> Result<(&str, &str, &str), &'static str> {
    let fault = "an attribute that is not name=\"value\"";
    let (name, rest) = text.split_once('=').ok_or(fault)?;
    let rest = rest.trim_start_matches(is_space_character);
    let quote = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))
        .ok_or(fault)?;
    let (value, after) = rest[1..].split_once(quote).ok_or(fault)?;
    Ok((name.trim_end_matches(is_space_character), value, after))
}

/// Gives a tag and its attributes their namespaces, and refuses an attribute that appears twice.
pub(super) fn resolve_names<'a>(
    tag: &mut Tag<'a>,
    attributes: &mut [Attribute<'a>],
    bindings: &[Binding<'a>],
) -> Result<(), (XmlErrorKind, usize)> {
    (tag.namespace, tag.binding) = resolve(tag.prefix, bindings)
        .ok_or_else(|| (XmlErrorKind::Namespace(short(tag.prefix)), tag.start))?;
    for attribute in attributes.iter_mut() {
        // The default namespace is not for attributes.
        if !attribute.prefix.is_empty() {
            (attribute.namespace, attribute.binding) = resolve(attribute.prefix, bindings)
                .ok_or_else(|| {
                    (
                        XmlErrorKind::Namespace(short(attribute.prefix)),
                        attribute.start,
                    )
                })?;
        }
    }
    for (place, attribute) in attributes.iter().enumerate() {
        let same = |earlier: &Attribute<'_>| {
            earlier.local == attribute.local && earlier.namespace == attribute.namespace
        };
        if attributes[..place].iter().any(same) {
            return Err((XmlErrorKind::Syntax(DUPLICATE), attribute.start));
        }
    }
    Ok(())
}

type Resolved<'a> = (Cow<'a, str>, Option<usize>);

fn resolve<'a>(prefix: &str, bindings: &[Binding<'a>]) -> Option<Resolved<'a>> {
    // Nearly every name has no prefix, and this is asked for every name.
    let found = match prefix.is_empty() {
        true => bindings.iter().rposition(|one| one.prefix.is_empty()),
        false => bindings.iter().rposition(|one| one.prefix == prefix),
    };
    match (found, prefix) {
        (Some(place), _) => Some((bindings[place].namespace.clone(), Some(place))),
        (None, "") => Some((Cow::Borrowed(""), None)),
        (None, "xml") => Some((Cow::Borrowed(XML_NAMESPACE), None)),
        (None, _) => None,
    }
}
