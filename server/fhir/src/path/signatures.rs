//! What each function takes and gives, for checking expressions before they meet data.

/// What a function is called on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Anything,
    /// A string, or a primitive that stands for one.
    Text,
    /// A number, perhaps with a unit.
    Number,
    /// A collection that has an order.
    Ordered,
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Some of its input.
    Input,
    /// At most one of its input.
    OneOfInput,
    /// Its input and its argument.
    InputAndArgument,
    /// What its argument gives for each item.
    Projection,
    /// What its argument gives for each item, and again for that.
    Repetition,
    /// One of its branches.
    Branches,
    /// The items of the type named.
    Named,
    /// A value of a type of the system.
    System(&'static str),
    /// An element of a type of FHIR.
    Fhir(&'static str),
    /// What is below, in no order.
    Below,
    /// Nobody can tell.
    Unknown,
}

/// The signature of a function by its name.
pub(super) fn signature(name: &str) -> Option<(Input, Output)> {
    use Input::{Anything, Number, Ordered, Text};
    use Output::{
        Below, Branches, Fhir, InputAndArgument, Named, OneOfInput, Projection, Repetition, System,
        Unknown,
    };
    let boolean = System("Boolean");
    Some(match name {
        "exists" | "empty" | "not" | "all" | "allTrue" | "allFalse" | "anyTrue" | "anyFalse"
        | "subsetOf" | "supersetOf" | "isDistinct" | "is" | "hasValue" | "hasExtension"
        | "conformsTo" | "memberOf" | "subsumes" | "subsumedBy" | "htmlChecks" | "comparable"
        | "convertsToBoolean" | "convertsToInteger" | "convertsToDecimal" | "convertsToString"
        | "convertsToDate" | "convertsToDateTime" | "convertsToTime" | "convertsToQuantity"
        | "toBoolean" => (Anything, boolean),
        "startsWith" | "endsWith" | "contains" | "matches" | "matchesFull" => (Text, boolean),
        "count" | "toInteger" | "precision" => (Anything, System("Integer")),
        "length" | "indexOf" | "lastIndexOf" => (Text, System("Integer")),
        "ceiling" | "floor" | "truncate" => (Number, System("Integer")),
        "exp" | "ln" | "log" | "sqrt" | "round" => (Number, System("Decimal")),
        "power" | "abs" => (Number, Unknown),
        "toDecimal" => (Anything, System("Decimal")),
        "toString" => (Anything, System("String")),
        "toDate" | "today" => (Anything, System("Date")),
        "toDateTime" | "now" => (Anything, System("DateTime")),
        "toTime" | "timeOfDay" => (Anything, System("Time")),
        "toQuantity" => (Anything, System("Quantity")),
        "substring" | "upper" | "lower" | "trim" | "replace" | "replaceMatches" | "toChars"
        | "split" | "join" | "encode" | "decode" | "escape" | "unescape" => {
            (Text, System("String"))
        }
        "where" | "distinct" | "exclude" | "intersect" | "trace" | "checkModifiers" | "sort" => {
            (Anything, Output::Input)
        }
        "tail" | "skip" | "take" => (Ordered, Output::Input),
        "first" | "last" => (Ordered, OneOfInput),
        "single" => (Anything, OneOfInput),
        "union" | "combine" => (Anything, InputAndArgument),
        "select" => (Anything, Projection),
        "repeat" => (Anything, Repetition),
        "iif" => (Anything, Branches),
        "as" | "ofType" => (Anything, Named),
        "children" | "descendants" => (Anything, Below),
        "extension" => (Anything, Fhir("Extension")),
        "aggregate" | "type" | "getValue" | "resolve" | "elementDefinition" | "slice"
        | "lowBoundary" | "highBoundary" => (Anything, Unknown),
        _ => return None,
    })
}
