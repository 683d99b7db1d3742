//! The XHTML a narrative may hold (<https://hl7.org/fhir/R4/narrative.html#Narrative>), checked in one pass.

use quick_xml::Reader;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};

const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// Why a text is no narrative.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NarrativeError {
    #[error("the narrative is not well-formed XML")]
    Xml,
    #[error("the narrative is one 'div' in the namespace of XHTML")]
    Div,
    #[error("the narrative has no text and no image (txt-2)")]
    Empty,
    #[error("an element a narrative must not have (txt-1)")]
    Element,
    #[error("'{0}' must not be in a narrative (txt-1)")]
    ForbiddenElement(Box<str>),
    #[error("an attribute a narrative must not have (txt-1)")]
    Attribute,
    #[error("a link that runs a script")]
    Script,
    #[error("an entity XML does not define; write the character itself")]
    Entity,
    #[error("no document type, processing instruction or declaration in a narrative")]
    Markup,
}

/// Checks the text of `Narrative.div`.
pub(super) fn check(text: &str) -> Result<(), NarrativeError> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0usize;
    let mut closed = false;
    let mut says_something = false;
    loop {
        match reader.read_event().map_err(|_| NarrativeError::Xml)? {
            Event::Start(start) => {
                element(&start, depth, closed)?;
                says_something |= start.name().as_ref() == "img";
                depth += 1;
            }
            Event::Empty(start) => {
                element(&start, depth, closed)?;
                says_something |= start.name().as_ref() == "img";
                closed |= depth == 0;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                closed |= depth == 0;
            }
            Event::Text(characters) => {
                let is_blank = characters.trim_ascii().is_empty();
                says_something |= !is_blank;
                if depth == 0 && !is_blank {
                    return Err(NarrativeError::Div);
                }
            }
            Event::GeneralRef(name) => {
                if !is_entity(name.as_bytes()) {
                    return Err(NarrativeError::Entity);
                }
                says_something = true;
            }
            Event::CData(_) => says_something = true,
            Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) | Event::Decl(_) => {
                return Err(NarrativeError::Markup);
            }
            Event::Eof => break,
        }
    }
    match (depth, closed) {
        (0, true) if says_something => Ok(()),
        (0, true) => Err(NarrativeError::Empty),
        (0, false) => Err(NarrativeError::Div),
        _ => Err(NarrativeError::Xml),
    }
}

fn element(start: &BytesStart<'_>, depth: usize, closed: bool) -> Result<(), NarrativeError> {
    let name = start.name();
    let name = name.as_ref();
    if depth == 0 && (closed || name != "div") {
        return Err(NarrativeError::Div);
    }
    if !is_element(name) {
        // Only names of HTML are repeated; others could be anything.
        let is_plain = name.len() <= 12 && name.bytes().all(|byte| byte.is_ascii_lowercase());
        return Err(if is_plain {
            NarrativeError::ForbiddenElement(name.into())
        } else {
            NarrativeError::Element
        });
    }
    let mut has_namespace = depth > 0;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| NarrativeError::Xml)?;
        has_namespace |= self::attribute(&attribute)?;
    }
    if has_namespace {
        Ok(())
    } else {
        Err(NarrativeError::Div)
    }
}

/// Checks one attribute; answers whether it declares the namespace of XHTML.
fn attribute(attribute: &Attribute<'_>) -> Result<bool, NarrativeError> {
    let name = attribute.key.as_ref();
    if !is_attribute(name) {
        return Err(NarrativeError::Attribute);
    }
    let value: &str = &attribute.value;
    if value.contains('<') {
        return Err(NarrativeError::Xml);
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';').ok_or(NarrativeError::Entity)?;
        if !is_entity(entity.as_bytes()) {
            return Err(NarrativeError::Entity);
        }
        rest = after;
    }
    match name {
        "xmlns" if value == NAMESPACE => Ok(true),
        "xmlns" => Err(NarrativeError::Div),
        "href" | "src" | "cite" | "longdesc" if runs_script(value) => Err(NarrativeError::Script),
        "style" if style_runs_script(value) => Err(NarrativeError::Script),
        _ => Ok(false),
    }
}

/// Whether a browser would run the link. White space does not hide its scheme, and a scheme has no characters that
/// need a reference by number.
fn runs_script(link: &str) -> bool {
    let scheme = link.split([':', '/', '?']).next().unwrap_or_default();
    let letters = || scheme.bytes().filter(|byte| *byte > b' ');
    let is = |name: &str| {
        letters()
            .map(|byte| byte.to_ascii_lowercase())
            .eq(name.bytes())
    };
    scheme.contains("&#") || is("javascript") || is("vbscript") || is("data") && is_page(link)
}

/// Media types of what a browser opens as a page, with scripts of its own.
const PAGES: [&str; 5] = [
    "text/html",
    "application/xhtml",
    "image/svg",
    "text/xml",
    "application/xml",
];

/// Whether a `data:` link holds a page.
fn is_page(link: &str) -> bool {
    let plain = plain(link);
    let content = plain.strip_prefix("data:").unwrap_or_default();
    content.contains('&') || PAGES.iter().any(|page| content.starts_with(page))
}

/// Whether a style names what runs a script.
fn style_runs_script(style: &str) -> bool {
    let plain = plain(style);
    let is_named = |what: &str| plain.contains(what);
    let is_page = |page: &&str| plain.contains(&format!("data:{page}"));
    is_named("javascript:") || is_named("vbscript:") || PAGES.iter().any(is_page)
}

/// A text in lower case, without white space, its references to characters by number as these characters.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        plain.push_str(before);
        let (digits, behind) = after.split_once(';').unwrap_or((after, ""));
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        plain.extend(number.and_then(char::from_u32));
        rest = behind;
    }
    plain.push_str(rest);
    plain.retain(|one| one > ' ');
    plain.to_lowercase()
}

/// The five entities of XML and references to characters by number.
fn is_entity(name: &[u8]) -> bool {
    match name {
        b"amp" | b"lt" | b"gt" | b"quot" | b"apos" => true,
        [b'#', b'x', hex @ ..] => !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit),
        [b'#', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The elements of `txt-1`.
#[rustfmt::skip]
fn is_element(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr" | "acronym" | "b" | "big" | "blockquote" | "br" | "caption" | "cite"
            | "code" | "col" | "colgroup" | "dd" | "dfn" | "div" | "dl" | "dt" | "em" | "h1"
            | "h2" | "h3" | "h4" | "h5" | "h6" | "hr" | "i" | "img" | "li" | "ol" | "p" | "pre"
            | "q" | "samp" | "small" | "span" | "strong" | "sub" | "sup" | "table" | "tbody"
            | "td" | "tfoot" | "th" | "thead" | "tr" | "tt" | "ul" | "var"
    )
}

/// The attributes of `txt-1`, and those of XML itself.
#[rustfmt::skip]
fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "abbr" | "accesskey" | "align" | "alt" | "axis" | "bgcolor" | "border" | "cellhalign"
            | "cellpadding" | "cellspacing" | "cellvalign" | "char" | "charoff" | "charset"
            | "cite" | "class" | "colspan" | "compact" | "coords" | "dir" | "frame" | "headers"
            | "height" | "href" | "hreflang" | "hspace" | "id" | "lang" | "longdesc" | "name"
            | "nowrap" | "rel" | "rev" | "rowspan" | "rules" | "scope" | "shape" | "span"
            | "src" | "start" | "style" | "summary" | "tabindex" | "title" | "type" | "valign"
            | "value" | "vspace" | "width" | "xml:lang" | "xml:space" | "xmlns"
    )
}
