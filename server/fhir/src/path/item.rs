//! What collections hold: places on the tape and the system's own values
//! (<http://hl7.org/fhirpath/N1/#reflection>).

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::quantity::{Calendar, Quantity, Unit};
use super::temporal::{Date, DateTime, Time};
use crate::definitions::structure::{Structures, TypeId, TypeKind};
use crate::json::{Kind, Value};

/// An element or resource: a place in a document, and its type.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The value; `None` for a primitive that has only an id or extensions.
    pub value: Option<Value<'a>>,
    /// The object under the name with an underscore: id and extensions of a primitive.
    pub companion: Option<Value<'a>>,
    /// The type; a resource's own, not the `Resource` its element allows.
    pub type_id: TypeId,
}

/// A reference to a resource that is not at hand: only its type can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Elsewhere {
    /// The type the reference itself tells.
    pub type_id: Option<TypeId>,
}

/// One item of a collection.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// An element or resource.
    Node(Node<'a>),
    /// What `resolve()` makes of a reference to elsewhere.
    Elsewhere(Elsewhere),
    /// `System.Boolean`
    Boolean(bool),
    /// `System.Integer`
    Integer(i32),
    /// `System.Decimal`
    Decimal(Decimal),
    /// `System.String`
    String(Cow<'a, str>),
    /// `System.Date`
    Date(Date),
    /// `System.DateTime`
    DateTime(DateTime),
    /// `System.Time`
    Time(Time),
    /// `System.Quantity`
    Quantity(Quantity<'a>),
    /// What `type()` answers.
    Type(TypeInfo<'a>),
}

/// The name of a type (<http://hl7.org/fhirpath/N1/#reflection>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeInfo<'a> {
    /// `FHIR` or `System`.
    pub namespace: &'a str,
    /// `Patient`, `String`
    pub name: &'a str,
    /// The type it specialises, with its namespace.
    pub base: Option<&'a str>,
}

impl<'a> Node<'a> {
    /// A resource, by its `resourceType`; `None` unless the table knows that type.
    pub fn resource(value: Value<'a>, structures: &Structures) -> Option<Self> {
        let name = value.get("resourceType")?.string()?;
        let type_id = structures.by_name(&name)?;
        (structures.get(type_id).kind == TypeKind::Resource).then_some(Self {
            value: Some(value),
            companion: None,
            type_id,
        })
    }

    /// A value that is known to be of a type.
    pub fn typed(value: Value<'a>, type_id: TypeId) -> Self {
        Self {
            value: Some(value),
            companion: None,
            type_id,
        }
    }

    /// Whether both are the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        let place = |value: Option<Value<'a>>| {
            value.map(|value| (std::ptr::from_ref(value.document()), value.index()))
        };
        place(self.value) == place(other.value) && place(self.companion) == place(other.companion)
    }

    /// The text of a primitive.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.value?.primitive()
    }

    /// Whether it is a data type with a value.
    pub fn is_primitive(&self, structures: &Structures) -> bool {
        structures.get(self.type_id).kind == TypeKind::Primitive
    }

    /// The system's value a primitive or Quantity stands for; `None` for all else and for those without a value.
    pub fn system(&self, structures: &Structures) -> Option<Item<'a>> {
        let value = self.value?;
        match value.kind() {
            Kind::Boolean => value.boolean().map(Item::Boolean),
            Kind::Number => {
                let digits = value.number()?;
                if &*structures.get(self.type_id).name != "decimal"
                    && let Ok(integer) = digits.parse()
                {
                    return Some(Item::Integer(integer));
                }
                decimal(digits).map(Item::Decimal)
            }
            Kind::String => {
                let text = value.string()?;
                // Text that is no date stays text, which no date equals.
                Some(match &*structures.get(self.type_id).name {
                    "date" => Date::parse(&text).map_or(Item::String(text), Item::Date),
                    "dateTime" | "instant" => {
                        DateTime::parse(&text).map_or(Item::String(text), Item::DateTime)
                    }
                    "time" => Time::parse(&text).map_or(Item::String(text), Item::Time),
                    _ => Item::String(text),
                })
            }
            Kind::Object => self.quantity(structures).map(Item::Quantity),
            Kind::Array | Kind::Null => None,
        }
    }

    /// The quantity a FHIR Quantity, or a type that specialises it, stands for. One with a comparator is none.
    pub fn quantity(&self, structures: &Structures) -> Option<Quantity<'a>> {
        let is_quantity = structures
            .by_name("Quantity")
            .is_some_and(|quantity| structures.is_a(self.type_id, quantity));
        let value = self.value.filter(|_| is_quantity)?;
        if value.get("comparator").is_some() {
            return None;
        }
        let text = |name| value.get(name).and_then(Value::string);
        let number = decimal(value.get("value")?.number()?)?;
        let system = text("system").unwrap_or_default();
        let unit = match (text("code"), text("unit")) {
            (Some(code), _) if system == UCUM => match &*code {
                // FHIR's years and months are those of the calendar.
                "a" => Unit::Calendar(Calendar::Year),
                "mo" => Unit::Calendar(Calendar::Month),
                _ => Unit::Ucum(code),
            },
            (Some(code), _) | (None, Some(code)) => Unit::Other { system, code },
            (None, None) => Unit::one(),
        };
        Some(Quantity {
            value: number,
            unit,
        })
    }
}

/// The system of UCUM's codes.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// A decimal with all its digits; `None` beyond 28 of them.
pub(super) fn decimal(digits: &str) -> Option<Decimal> {
    if digits.contains(['e', 'E']) {
        return Decimal::from_scientific(digits).ok();
    }
    Decimal::from_str_exact(digits).ok()
}

impl<'a> Item<'a> {
    /// The node, if this is one.
    pub fn node(&self) -> Option<Node<'a>> {
        match self {
            Self::Node(node) => Some(*node),
            _ => None,
        }
    }

    /// The system's value: itself, or what a primitive stands for.
    pub(super) fn system(&self, structures: &Structures) -> Option<Self> {
        match self {
            Self::Node(node) => node.system(structures),
            Self::Elsewhere(_) => None,
            other => Some(other.clone()),
        }
    }

    /// The text of a string, or of a primitive that stands for one.
    pub(super) fn string(&self, structures: &Structures) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Node(node) => match node.system(structures)? {
                Self::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name of its type.
    pub fn type_info(&self, structures: &'a Structures) -> TypeInfo<'a> {
        let system = |name| TypeInfo {
            namespace: "System",
            name,
            base: Some("System.Any"),
        };
        let of = |type_id: TypeId| {
            let mut definition = structures.get(type_id);
            if definition.kind == TypeKind::Backbone
                && let Some(base) = definition.base
            {
                definition = structures.get(base);
            }
            TypeInfo {
                namespace: "FHIR",
                name: &definition.name,
                base: definition.base.map(|base| &*structures.get(base).name),
            }
        };
        match self {
            Self::Node(node) => of(node.type_id),
            Self::Elsewhere(elsewhere) => elsewhere.type_id.map_or(
                TypeInfo {
                    namespace: "FHIR",
                    name: "Resource",
                    base: None,
                },
                of,
            ),
            Self::Boolean(_) => system("Boolean"),
            Self::Integer(_) => system("Integer"),
            Self::Decimal(_) => system("Decimal"),
            Self::String(_) => system("String"),
            Self::Date(_) => system("Date"),
            Self::DateTime(_) => system("DateTime"),
            Self::Time(_) => system("Time"),
            Self::Quantity(_) => system("Quantity"),
            Self::Type(_) => system("TypeInfo"),
        }
    }
}
