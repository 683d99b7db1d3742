//! From a query string or a Parameters body to arguments, held to the definition
//! (<https://hl7.org/fhir/R4/operations.html#request>, <https://hl7.org/fhir/R4/parameters.html>).

use fhir::definitions::primitive::PrimitiveType;
use fhir::form;
use fhir::ids::ResourceType;
use fhir::json::edit::Splices;
use fhir::json::{Document, Kind, ParseLimits, Value, Writer, quoted};
use fhir::outcome::{Issue, IssueType};
use fhir::resource::Resource;

use super::arguments::{Argument, Arguments};
use super::definition::{Content, OperationDefinition, Parameter};
use crate::error::{Error, ErrorKind, Result};

/// What a call gave, as resources: the Parameters of its body, those its query makes, and a bare resource.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) body: Option<Resource>,
    pub(super) query: Option<Resource>,
    pub(super) bare: Option<Resource>,
}

impl Call {
    /// Sorts a call by its parts. A bare resource stands for the operation's only resource parameter.
    pub(super) fn of(
        definition: &OperationDefinition,
        query: &str,
        body: Option<Resource>,
        limits: ParseLimits,
    ) -> Result<Self> {
        let mut call = Self {
            query: query_parameters(&definition.inputs, query, limits)?,
            ..Self::default()
        };
        match body {
            None => {}
            Some(body) if body.resource_type().name() == "Parameters" => call.body = Some(body),
            Some(_) if definition.sole_resource().is_none() => {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("the body of ${} is a Parameters resource", definition.code),
                ));
            }
            Some(resource) => call.bare = Some(resource),
        }
        Ok(call)
    }

    /// The Parameters whose data types are to be checked against the element table. The resources inside are cut down
    /// to nothing: whether they are valid is the operation's own question.
    pub(super) fn checkable(&self, limits: ParseLimits) -> Result<Vec<Resource>> {
        let parameters = self.query.iter().chain(&self.body);
        parameters
            .map(|parameters| {
                let mut splices = Splices::default();
                cut_resources(parameters.root(), "parameter", &mut splices);
                match splices.is_empty() {
                    true => Ok(parameters.clone()),
                    false => Resource::parse_with(splices.apply(parameters.text()), limits)
                        .map_err(Error::internal),
                }
            })
            .collect()
    }

    /// The arguments.
    pub(super) fn arguments<'d>(
        &self,
        definition: &'d OperationDefinition,
        limits: ParseLimits,
    ) -> Result<Arguments<'d>> {
        let mut arguments = Arguments::new(&definition.inputs);
        if let Some(query) = &self.query {
            collect(query.root(), "parameter", &mut arguments, limits)?;
        }
        if let Some(body) = &self.body {
            collect(body.root(), "parameter", &mut arguments, limits)
                .map_err(|error| error.within("Parameters"))?;
        }
        if let (Some(resource), Some(parameter)) = (&self.bare, definition.sole_resource()) {
            let Content::Resource(wanted) = &parameter.content else {
                return Err(Error::internal("a bare resource stands for a resource"));
            };
            check_type(resource, *wanted)?;
            arguments.push(&parameter.name, Argument::Resource(resource.clone()));
        }
        check_counts(&arguments)?;
        Ok(arguments)
    }
}

fn cut_resources(object: Value<'_>, list: &str, splices: &mut Splices) {
    for item in object.get(list).into_iter().flat_map(Value::items) {
        if let Some(resource) = item.get("resource") {
            splices.replace(resource, r#"{"resourceType":"Parameters"}"#);
        }
        cut_resources(item, "part", splices);
    }
}

/// The query string as the Parameters it stands for.
fn query_parameters(
    declared: &[Parameter],
    query: &str,
    limits: ParseLimits,
) -> Result<Option<Resource>> {
    let mut writer = Writer::with_capacity(128);
    let mut count = 0usize;
    let mut failure = None;
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", |list| {
            for pair in form::pairs(query) {
                let pair = pair.map_err(|error| Error::new(ErrorKind::BadValue, error.to_string()));
                match pair.and_then(|(name, text)| query_value(declared, name, &text)) {
                    // As a search has it, a parameter without a value is none.
                    Ok((name, _, json)) if json == r#""""# && !is_search(declared, &name) => {}
                    Ok((name, member, json)) => list.object(|item| {
                        count += 1;
                        item.string("name", &name);
                        item.raw(&member, &json);
                    }),
                    Err(error) => failure = failure.take().or(Some(error)),
                }
            }
        });
    });
    match (failure, count) {
        (Some(error), _) => Err(error),
        (None, 0) => Ok(None),
        (None, _) => Resource::parse_with(writer.finish(), limits)
            .map(Some)
            .map_err(|error| Error::new(ErrorKind::BadValue, error.to_string())),
    }
}

/// Name, JSON member and JSON text of one query parameter.
fn query_value(
    declared: &[Parameter],
    name: String,
    text: &str,
) -> Result<(String, String, String)> {
    let parameter = named(declared, &name)?;
    if parameter.content == Content::Search {
        return Ok((name, value_member("string"), quoted(text)));
    }
    let Content::Primitive(primitive) = &parameter.content else {
        return Err(Error::new(
            ErrorKind::BadValue,
            format!(
                "parameter '{name}' has no simple value, so it must stand in a Parameters body"
            ),
        ));
    };
    let json = match primitive {
        PrimitiveType::Boolean
        | PrimitiveType::Integer
        | PrimitiveType::PositiveInt
        | PrimitiveType::UnsignedInt
        | PrimitiveType::Decimal => text.to_owned(),
        _ => quoted(text),
    };
    let is_value =
        Document::parse(json.clone()).is_ok_and(|document| is_of(*primitive, document.root()));
    if !is_value {
        return Err(not_of(&name, primitive.name()));
    }
    Ok((name, value_member(primitive.name()), json))
}

/// Takes the parameters of one level, in the order they were given.
fn collect<'d>(
    object: Value<'_>,
    list: &str,
    arguments: &mut Arguments<'d>,
    limits: ParseLimits,
) -> Result<()> {
    for (place, item) in object
        .get(list)
        .into_iter()
        .flat_map(Value::items)
        .enumerate()
    {
        let placed = |error: Error| error.within(&format!("{list}[{place}]"));
        let name = item.get("name").and_then(Value::string).ok_or_else(|| {
            placed(finding(
                IssueType::Required,
                "a parameter has a name".to_owned(),
            ))
        })?;
        let parameter = named(arguments.declared(), &name).map_err(placed)?;
        let argument = match parameter.content {
            Content::Search => search_argument(item, &name),
            _ => argument(item, parameter, limits),
        };
        let argument = argument.map_err(placed)?;
        arguments.push(&parameter.name, argument);
    }
    Ok(())
}

/// A search parameter, which stands in a Parameters body as a string under its own name.
fn search_argument<'d>(item: Value<'_>, name: &str) -> Result<Argument<'d>> {
    let is_plain = item
        .members()
        .all(|(member, _)| matches!(&*member, "name" | "valueString" | "id"));
    let value = item.get("valueString").and_then(Value::string);
    match value.filter(|_| is_plain) {
        Some(value) => Ok(Argument::Search(name.to_owned(), value.into_owned())),
        None => Err(finding(
            IssueType::Invalid,
            format!("search parameter '{name}' takes valueString"),
        )),
    }
}

fn argument<'d>(
    item: Value<'_>,
    parameter: &'d Parameter,
    limits: ParseLimits,
) -> Result<Argument<'d>> {
    let name = &parameter.name;
    if item.get("modifierExtension").is_some() {
        return Err(Error::new(
            ErrorKind::NotSupported,
            format!("parameter '{name}' has a modifier extension that is not understood here"),
        ));
    }
    let mut contents = item.members().filter(|(member, _)| {
        member.starts_with("value") || matches!(member.as_ref(), "resource" | "part")
    });
    let (Some((member, value)), None) = (contents.next(), contents.next()) else {
        return Err(finding(
            IssueType::Invalid,
            format!("parameter '{name}' carries one value, resource or list of parts"),
        ));
    };
    let expected = match &parameter.content {
        Content::Primitive(primitive) => value_member(primitive.name()),
        Content::Complex(complex) => value_member(complex),
        Content::AnyValue if member.starts_with("value") => member.to_string(),
        Content::AnyValue => "value[x]".to_owned(),
        Content::Resource(_) => "resource".to_owned(),
        Content::Parts(_) => "part".to_owned(),
        Content::Search => return search_argument(item, name),
    };
    if member != expected && !is_derived(&expected, &member) {
        return Err(finding(
            IssueType::Invalid,
            format!("parameter '{name}' takes {expected}, not {member}"),
        ));
    }
    match &parameter.content {
        Content::Parts(declared) => {
            let mut parts = Arguments::new(declared);
            collect(item, "part", &mut parts, limits)?;
            check_counts(&parts)?;
            Ok(Argument::Parts(parts))
        }
        Content::Resource(wanted) => {
            let resource = Resource::of(own(value, limits)?)
                .map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))?;
            check_type(&resource, *wanted)?;
            Ok(Argument::Resource(resource))
        }
        Content::Primitive(primitive) if !is_of(*primitive, value) => {
            Err(not_of(name, primitive.name()))
        }
        Content::Complex(complex) if value.kind() != Kind::Object => Err(not_of(name, complex)),
        Content::Primitive(_) | Content::Complex(_) | Content::AnyValue | Content::Search => {
            Ok(Argument::Value(own(value, limits)?))
        }
    }
}

/// The value as a document of its own, over the same bytes.
fn own(value: Value<'_>, limits: ParseLimits) -> Result<Document> {
    let span = value.span();
    let bytes = value
        .document()
        .bytes()
        .slice(span.start as usize..span.end as usize);
    Document::parse_with(bytes, limits).map_err(Error::internal)
}

fn check_type(resource: &Resource, wanted: Option<ResourceType>) -> Result<()> {
    match wanted {
        Some(wanted) if resource.resource_type() != wanted => Err(finding(
            IssueType::Invalid,
            format!("a {wanted} is taken, not a {}", resource.resource_type()),
        )),
        _ => Ok(()),
    }
}

fn check_counts(arguments: &Arguments<'_>) -> Result<()> {
    for parameter in arguments.declared() {
        let (name, count) = (&parameter.name, arguments.count(&parameter.name));
        if count < parameter.min {
            let sentence = match parameter.min {
                1 => format!("parameter '{name}' is missing"),
                min => format!("parameter '{name}' is needed {min} times"),
            };
            return Err(finding(IssueType::Required, sentence));
        }
        if let Some(max) = parameter.max.filter(|max| count > *max) {
            return Err(finding(
                IssueType::Invalid,
                format!("parameter '{name}' may stand {max} times, not {count}"),
            ));
        }
    }
    Ok(())
}

fn is_search(declared: &[Parameter], name: &str) -> bool {
    named(declared, name).is_ok_and(|parameter| parameter.content == Content::Search)
}

fn named<'d>(declared: &'d [Parameter], name: &str) -> Result<&'d Parameter> {
    let is_open = |parameter: &&Parameter| parameter.content == Content::Search;
    let found = declared
        .iter()
        .filter(|parameter| !is_open(parameter))
        .find(|parameter| &*parameter.name == name);
    // Search says itself which parameters there are.
    let found = found.or_else(|| declared.iter().find(is_open));
    found.ok_or_else(|| {
        let names: Vec<&str> = declared.iter().map(|parameter| &*parameter.name).collect();
        // The name is the caller's text: as much of it as helps to find it.
        let letters = name.chars().filter(|letter| !letter.is_control());
        let name: String = letters.take(64).collect();
        let sentence = match names.is_empty() {
            true => format!("there is no parameter '{name}': the operation takes none"),
            false => format!(
                "there is no parameter '{name}'; there are: {}",
                names.join(", ")
            ),
        };
        finding(IssueType::Invalid, sentence)
    })
}

/// A fault of the call that is none of the grammar.
fn finding(code: IssueType, sentence: String) -> Error {
    Error::with_issues(ErrorKind::BadValue, vec![Issue::error(code, sentence)])
}

fn not_of(name: &str, type_name: &str) -> Error {
    Error::new(
        ErrorKind::BadValue,
        format!("the value of parameter '{name}' is not a {type_name}"),
    )
}

fn value_member(type_name: &str) -> String {
    let (first, rest) = type_name.split_at(1);
    format!("value{}{rest}", first.to_ascii_uppercase())
}

/// Whether a value is of a type that is derived from the one that is expected, and so is one of those, too
/// (<https://hl7.org/fhir/R4/datatypes.html#primitive>).
fn is_derived(expected: &str, member: &str) -> bool {
    match expected {
        "valueUri" => matches!(
            member,
            "valueUrl" | "valueCanonical" | "valueOid" | "valueUuid"
        ),
        "valueString" => matches!(member, "valueCode" | "valueId" | "valueMarkdown"),
        _ => false,
    }
}

/// Whether JSON shows a value of this type like that; the grammar of strings is the element table's to check.
fn is_of(primitive: PrimitiveType, value: Value<'_>) -> bool {
    let integer = || value.number().and_then(|digits| digits.parse::<i32>().ok());
    match primitive {
        PrimitiveType::Boolean => value.kind() == Kind::Boolean,
        PrimitiveType::Integer => integer().is_some(),
        PrimitiveType::UnsignedInt => integer().is_some_and(|number| number >= 0),
        PrimitiveType::PositiveInt => integer().is_some_and(|number| number > 0),
        PrimitiveType::Decimal => value.kind() == Kind::Number,
        _ => value.kind() == Kind::String,
    }
}
