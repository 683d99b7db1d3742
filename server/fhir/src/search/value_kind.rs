//! What each data type means to each search type (<https://hl7.org/fhir/R4/search.html#ptypes>).

use crate::definitions::search_parameters::SearchType;
use crate::definitions::structure::{TypeDefinition, TypeKind};

/// Data types, as far as search tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Address,
    Boolean,
    Canonical,
    Code,
    CodeableConcept,
    Coding,
    ContactPoint,
    Date,
    HumanName,
    Id,
    Identifier,
    Money,
    Number,
    Other,
    Period,
    Position,
    Quantity,
    Range,
    Reference,
    Resource,
    SampledData,
    Text,
    Timing,
    Uri,
}

impl ValueKind {
    /// The kind of a type.
    pub(super) fn of(definition: &TypeDefinition) -> Self {
        match &*definition.name {
            "Address" => Self::Address,
            "boolean" => Self::Boolean,
            "canonical" => Self::Canonical,
            "code" => Self::Code,
            "CodeableConcept" => Self::CodeableConcept,
            "Coding" => Self::Coding,
            "ContactPoint" => Self::ContactPoint,
            "date" | "dateTime" | "instant" => Self::Date,
            "HumanName" => Self::HumanName,
            "id" => Self::Id,
            "Identifier" => Self::Identifier,
            "Money" => Self::Money,
            "decimal" | "integer" | "positiveInt" | "unsignedInt" => Self::Number,
            "Period" => Self::Period,
            // R4's one type of position: a backbone.
            "Location.position" => Self::Position,
            "Quantity" | "Age" | "Count" | "Distance" | "Duration" | "SimpleQuantity" => {
                Self::Quantity
            }
            "Range" => Self::Range,
            "Reference" => Self::Reference,
            "SampledData" => Self::SampledData,
            "string" | "markdown" => Self::Text,
            "Timing" => Self::Timing,
            "uri" | "url" | "oid" | "uuid" => Self::Uri,
            _ if definition.kind == TypeKind::Resource => Self::Resource,
            _ => Self::Other,
        }
    }
}

/// Whether values of a kind mean something to a search type.
pub(super) fn suits(search_type: SearchType, kind: ValueKind) -> bool {
    use ValueKind::{
        Address, Boolean, Canonical, Code, CodeableConcept, Coding, ContactPoint, Date, HumanName,
        Id, Identifier, Money, Number, Period, Position, Quantity, Range, Reference, SampledData,
        Text, Timing, Uri,
    };
    match search_type {
        SearchType::Token => matches!(
            kind,
            Boolean | Code | CodeableConcept | Coding | ContactPoint | Id | Identifier | Text | Uri
        ),
        SearchType::Reference => matches!(kind, Canonical | Reference | Uri),
        SearchType::String => matches!(kind, Address | HumanName | Id | Text),
        // A string where the backport of topics puts a canonical URL: Subscription.criteria.
        SearchType::Uri => matches!(kind, Canonical | Id | Text | Uri),
        SearchType::Date => matches!(kind, Date | Period | Timing),
        SearchType::Number => matches!(kind, Number | Range),
        SearchType::Quantity => matches!(kind, Money | Quantity | Range | SampledData),
        SearchType::Special => kind == Position,
        SearchType::Composite => false,
    }
}
