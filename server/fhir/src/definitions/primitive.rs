//! The primitive types of R4 (<https://hl7.org/fhir/R4/datatypes.html#primitive>).

use serde::{Deserialize, Serialize};

macro_rules! primitive_types {
    ($($name:ident => $text:literal,)*) => {
        /// One of R4's primitive types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the names are FHIR's own")]
        pub enum PrimitiveType { $($name,)* }

        impl PrimitiveType {
            /// The type of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }

            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

primitive_types! {
    Base64Binary => "base64Binary",
    Boolean => "boolean",
    Canonical => "canonical",
    Code => "code",
    Date => "date",
    DateTime => "dateTime",
    Decimal => "decimal",
    Id => "id",
    Instant => "instant",
    Integer => "integer",
    Markdown => "markdown",
    Oid => "oid",
    PositiveInt => "positiveInt",
    String => "string",
    Time => "time",
    UnsignedInt => "unsignedInt",
    Uri => "uri",
    Url => "url",
    Uuid => "uuid",
    Xhtml => "xhtml",
}
