//! The narrative's XHTML `div` (<https://hl7.org/fhir/R4/narrative.html>): a string in JSON, markup in XML.
//!
//! Its text is carried over as it stands, white space included. Only a `div` whose namespaces are declared around it
//! is written anew, so that the string stands for itself.

use std::borrow::Cow;

use super::XHTML_NAMESPACE;
use super::characters::push_attribute;
use super::error::{XmlError, XmlErrorKind};
use super::scanner::{Scanner, Tag, Token, XML_NAMESPACE, XmlLimits, is_space};
use super::tag::Binding;

const OUTSIDE: &str = "the narrative uses namespaces that are declared around it";

/// Reads on to the end of a `div` whose start tag was the last token; answers its text.
pub(super) fn read<'a>(scanner: &mut Scanner<'a>, div: &Tag<'a>) -> Result<Cow<'a, str>, XmlError> {
    let own = scanner.outer_bindings();
    let around: Vec<Binding<'a>> = scanner.bindings()[..own].to_vec();
    let mut is_whole = stands_alone(scanner, div, own);
    let mut depth = 1;
    let mut end = div.start;
    while depth > 0 {
        match scanner.next()? {
            Token::Start(tag) => {
                depth += 1;
                is_whole &= stands_alone(scanner, &tag, own);
            }
            Token::End(at) => {
                depth -= 1;
                end = at;
            }
            Token::Text(_)
            | Token::Reference(..)
            | Token::CData(_)
            | Token::Comment(_)
            | Token::Instruction(_)
            | Token::Eof => {}
        }
    }
    let text = scanner.text().get(div.start..end).unwrap_or_default();
    if is_whole {
        return Ok(Cow::Borrowed(text));
    }
    let at = div.start;
    let fault = |_| scanner.error(XmlErrorKind::Narrative(OUTSIDE), at);
    rewrite(text, scanner.limits(), &around)
        .map(Cow::Owned)
        .map_err(fault)
}

/// Whether a tag needs no declaration from around the narrative.
fn stands_alone(scanner: &Scanner<'_>, tag: &Tag<'_>, own: usize) -> bool {
    // An element without any namespace would fall into FHIR's when the string is written as markup.
    tag.binding.is_some_and(|place| place >= own)
        && scanner
            .attributes()
            .iter()
            .all(|attribute| attribute.binding.is_none_or(|place| place >= own))
}

/// The same XHTML without prefixes; comments and processing instructions fall away.
fn rewrite(text: &str, limits: XmlLimits, around: &[Binding<'_>]) -> Result<String, XmlError> {
    let mut scanner = Scanner::inside(text, limits, around)?;
    let mut out = String::with_capacity(text.len());
    let mut open = Vec::new();
    loop {
        match scanner.next()? {
            Token::Start(tag) => {
                let foreign = |name: &str| {
                    scanner.error(XmlErrorKind::Namespace(super::short(name)), tag.start)
                };
                if tag.namespace != XHTML_NAMESPACE {
                    return Err(foreign(tag.local));
                }
                out.push('<');
                out.push_str(tag.local);
                if open.is_empty() {
                    out.push_str(" xmlns=\"");
                    out.push_str(XHTML_NAMESPACE);
                    out.push('"');
                }
                for attribute in scanner.attributes() {
                    out.push_str(match &*attribute.namespace {
                        "" => " ",
                        XML_NAMESPACE => " xml:",
                        _ => return Err(foreign(attribute.local)),
                    });
                    out.push_str(attribute.local);
                    out.push_str("=\"");
                    push_attribute(&mut out, &attribute.value);
                    out.push('"');
                }
                out.push_str(if tag.is_empty { "/>" } else { ">" });
                open.push(tag);
            }
            Token::End(_) => {
                if let Some(tag) = open.pop().filter(|tag| !tag.is_empty) {
                    out.push_str("</");
                    out.push_str(tag.local);
                    out.push('>');
                }
            }
            Token::Text(raw) | Token::Reference(_, raw) | Token::CData(raw) => out.push_str(raw),
            Token::Comment(_) | Token::Instruction(_) => {}
            Token::Eof => return Ok(out),
        }
    }
}

/// The markup for a narrative's JSON string: exactly one well-formed `div` of XHTML. One that names no namespace at
/// all is given it.
pub(super) fn markup(text: &str, limits: XmlLimits) -> Result<Cow<'_, str>, &'static str> {
    let not_xhtml = "the narrative is not one well-formed XHTML div";
    let mut scanner = Scanner::new(text.as_bytes(), limits).map_err(|_| not_xhtml)?;
    let mut root: Option<Tag<'_>> = None;
    let (mut depth, mut end) = (0, 0);
    loop {
        match scanner.next().map_err(|_| not_xhtml)? {
            Token::Start(tag) => {
                if let Some(root) = &root {
                    // Only below a div that will be given its namespace may an element stand without one.
                    if tag.binding.is_none() && root.binding.is_some() {
                        return Err(not_xhtml);
                    }
                } else {
                    let unnamed = tag.prefix.is_empty() && tag.binding.is_none();
                    if tag.local != "div" || (tag.namespace != XHTML_NAMESPACE && !unnamed) {
                        return Err(not_xhtml);
                    }
                    root = Some(tag);
                }
                depth += 1;
            }
            Token::End(at) => {
                depth -= 1;
                end = at;
            }
            Token::Eof => break,
            Token::Text(_)
            | Token::Reference(..)
            | Token::CData(_)
            | Token::Comment(_)
            | Token::Instruction(_) => {}
        }
    }
    let Some(root) = root else {
        return Err(not_xhtml);
    };
    let start = root.start;
    if depth != 0 || !is_space(&text[..start]) || !is_space(&text[end..]) {
        return Err("the narrative holds more than its div");
    }
    if root.binding.is_some() {
        return Ok(Cow::Borrowed(&text[start..end]));
    }
    let name = "<div".len();
    Ok(Cow::Owned(format!(
        "<div xmlns=\"{XHTML_NAMESPACE}\"{}",
        &text[start + name..end]
    )))
}
