//! FHIR's XML form, to and from JSON text (<https://hl7.org/fhir/R4/xml.html>).
//!
//! The element table says the order of elements, which repeat, which are attributes and what JSON type a value has;
//! nothing is kept but text. What one form cannot say of the other is an error, never a guess.

mod characters;
mod error;
mod narrative;
mod read;
mod references;
pub(crate) mod scanner;
mod tag;
#[cfg(test)]
mod tests;
mod write;

pub use error::{XmlError, XmlErrorKind};
pub use read::from_xml;
pub use scanner::XmlLimits;
pub use write::to_xml;

pub(crate) use characters::{is_ncname, push_attribute, push_text};
pub(crate) use error::short;
pub(crate) use scanner::{Attribute, Scanner, Tag, Token, XML_NAMESPACE, inner};
pub(crate) use tag::Binding;

/// Whether a text is what [`to_xml`] can write as a narrative: one well-formed `div`.
pub(crate) fn is_narrative(text: &str) -> bool {
    narrative::markup(text, XmlLimits::default()).is_ok()
}

/// The namespace of FHIR's elements.
pub const FHIR_NAMESPACE: &str = "http://hl7.org/fhir";
/// The namespace of narratives.
pub const XHTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";
