//! What an OperationDefinition says, and whether it says enough (<https://hl7.org/fhir/R4/operationdefinition.html>).

use fhir::definitions::primitive::PrimitiveType;
use fhir::ids::{ResourceId, ResourceType};
use fhir::json::Value;
use fhir::resource::Resource;

use super::OperationTarget;
use super::scopes::NeededScope;
use super::step_up::StepUp;

/// An OperationDefinition, read and found consistent.
#[derive(Debug)]
pub(super) struct OperationDefinition {
    /// The whole resource, as it is published.
    pub(super) resource: Resource,
    /// The logical id it is read by.
    pub(super) id: ResourceId,
    /// The canonical URL.
    pub(super) url: Box<str>,
    /// The name behind `$`.
    pub(super) code: Box<str>,
    /// Whether calling it changes anything; then only POST calls it.
    pub(super) affects_state: bool,
    /// Where it can be called.
    pub(super) levels: Levels,
    /// For which types it can be called on a type or an instance.
    pub(super) resource_types: Vec<ResourceType>,
    /// What it takes.
    pub(super) inputs: Vec<Parameter>,
    /// What somebody must be allowed, to call it.
    pub(super) scopes: Vec<NeededScope>,
    /// How fresh the login of whoever calls it must be.
    pub(super) step_up: Option<StepUp>,
}

/// Where an operation can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Levels {
    /// `[base]/$code`
    pub(super) system: bool,
    /// `[base]/[type]/$code`
    pub(super) resource_type: bool,
    /// `[base]/[type]/[id]/$code`
    pub(super) instance: bool,
}

/// A parameter an operation takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// The name.
    pub(super) name: Box<str>,
    /// Fewest occurrences.
    pub(super) min: usize,
    /// Most occurrences; `None` is `*`.
    pub(super) max: Option<usize>,
    /// What it carries.
    pub(super) content: Content,
}

/// What a parameter carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A primitive value.
    Primitive(PrimitiveType),
    /// A value of the data type of that name.
    Complex(Box<str>),
    /// A value of any data type.
    AnyValue,
    /// A resource, of one type or of any.
    Resource(Option<ResourceType>),
    /// Parameters of its own.
    Parts(Vec<Parameter>),
    /// Whatever search takes, each by the name that search knows it by: this parameter stands for all of them. The
    /// definition says so by the type `string` with the search type `special`.
    Search,
}

impl OperationDefinition {
    /// Reads a definition; the error is one sentence for whoever wrote it.
    pub(super) fn parse(text: &'static str) -> Result<Self, String> {
        let resource = Resource::parse(text).map_err(|error| error.to_string())?;
        if resource.resource_type().name() != "OperationDefinition" {
            return Err("it is not an OperationDefinition".to_owned());
        }
        let root = resource.root();
        if &*needed(root, "kind")? != "operation" {
            return Err("its kind is not 'operation'".to_owned());
        }
        for name in ["name", "status", "description"] {
            needed(root, name)?;
        }
        let code = needed(root, "code")?;
        if !is_code(&code) {
            return Err("its code has other characters than a-z, 0-9 and '-'".to_owned());
        }
        let levels = Levels {
            system: flag(root, "system")?,
            resource_type: flag(root, "type")?,
            instance: flag(root, "instance")?,
        };
        Ok(Self {
            id: needed(root, "id")?
                .parse()
                .map_err(|_| "its id is not an id".to_owned())?,
            url: needed(root, "url")?,
            affects_state: flag(root, "affectsState")?,
            resource_types: resource_types(root, levels)?,
            inputs: inputs(root)?,
            scopes: NeededScope::all(root)?,
            step_up: StepUp::of(root)?,
            code,
            levels,
            resource,
        })
    }

    /// Whether it can be called there.
    pub(super) fn is_called_on(&self, target: &OperationTarget) -> bool {
        match target {
            OperationTarget::System => self.levels.system,
            OperationTarget::Type(resource_type) => {
                self.levels.resource_type && self.resource_types.contains(resource_type)
            }
            OperationTarget::Instance(key) => {
                self.levels.instance && self.resource_types.contains(&key.resource_type)
            }
        }
    }

    /// Whether some call could mean both.
    pub(super) fn collides_with(&self, other: &Self) -> bool {
        let types = &other.resource_types;
        let types_meet = self.resource_types.iter().any(|one| types.contains(one));
        let (ours, theirs) = (self.levels, other.levels);
        self.code == other.code
            && (ours.system && theirs.system
                || types_meet
                    && (ours.resource_type && theirs.resource_type
                        || ours.instance && theirs.instance))
    }

    /// The parameter whose resource may stand as the whole body: the only one that is a resource.
    pub(super) fn sole_resource(&self) -> Option<&Parameter> {
        let mut resources = self
            .inputs
            .iter()
            .filter(|input| matches!(input.content, Content::Resource(_)))
            // What comes beside the subject of a call, as often as one likes, is not it.
            .filter(|input| input.name.as_ref() != "tx-resource");
        match (resources.next(), resources.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// Where it can be called, in words.
    pub(super) fn places(&self) -> String {
        let named = [
            (self.levels.system, "the base"),
            (self.levels.resource_type, "a type"),
            (self.levels.instance, "an instance"),
        ];
        let names: Vec<&str> = named
            .iter()
            .filter(|(is_level, _)| *is_level)
            .map(|(_, name)| *name)
            .collect();
        let places = names.join(" or ");
        let types: Vec<&str> = self.resource_types.iter().map(|one| one.name()).collect();
        match types.is_empty() || types.len() == ResourceType::all().count() {
            true => places,
            false => format!("{places} ({})", types.join(", ")),
        }
    }
}

fn resource_types(root: Value<'_>, levels: Levels) -> Result<Vec<ResourceType>, String> {
    let names: Vec<Box<str>> = strings(root, "resource").collect();
    if !levels.system && !levels.resource_type && !levels.instance {
        return Err("it can be called nowhere: system, type and instance are false".to_owned());
    }
    if (levels.resource_type || levels.instance) == names.is_empty() {
        return Err(
            "'resource' names types where, and only where, it is called on types or instances"
                .to_owned(),
        );
    }
    if names.iter().any(|name| &**name == "Resource") {
        return Ok(ResourceType::all().collect());
    }
    names
        .iter()
        .map(|name| {
            ResourceType::parse(name).ok_or_else(|| format!("'{name}' is not a resource type"))
        })
        .collect()
}

fn inputs(root: Value<'_>) -> Result<Vec<Parameter>, String> {
    let mut inputs: Vec<Parameter> = Vec::new();
    let mut outputs: Vec<Box<str>> = Vec::new();
    for item in root.get("parameter").into_iter().flat_map(Value::items) {
        let parameter = parameter(item)?;
        match &*needed(item, "use")? {
            "in" => push_once(&mut inputs, parameter)?,
            "out" if outputs.contains(&parameter.name) => return Err(twice(&parameter.name)),
            "out" => outputs.push(parameter.name),
            _ => {
                return Err(format!(
                    "the use of parameter '{}' is neither in nor out",
                    parameter.name
                ));
            }
        }
    }
    Ok(inputs)
}

fn push_once(parameters: &mut Vec<Parameter>, parameter: Parameter) -> Result<(), String> {
    let is_open = |one: &Parameter| one.content == Content::Search;
    if is_open(&parameter) && (parameter.min > 0 || parameter.max.is_some()) {
        return Err(format!("parameter '{}' is not 0..*", parameter.name));
    }
    if is_open(&parameter) && parameters.iter().any(is_open) {
        return Err("two parameters stand for all search parameters".to_owned());
    }
    if parameters.iter().any(|other| other.name == parameter.name) {
        return Err(twice(&parameter.name));
    }
    parameters.push(parameter);
    Ok(())
}

fn twice(name: &str) -> String {
    format!("parameter '{name}' is defined twice")
}

fn parameter(item: Value<'_>) -> Result<Parameter, String> {
    let name = needed(item, "name")?;
    let within = |fault: String| format!("parameter '{name}': {fault}");
    let min = item
        .get("min")
        .and_then(Value::number)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| within("'min' is missing".to_owned()))?;
    let max = match &*needed(item, "max").map_err(within)? {
        "*" => None,
        digits => Some(
            digits
                .parse()
                .map_err(|_| within("'max' is no number".to_owned()))?,
        ),
    };
    if max.is_some_and(|max: usize| max == 0 || max < min) {
        return Err(within("'max' is below 'min' or zero".to_owned()));
    }
    let content = content(item).map_err(within)?;
    Ok(Parameter {
        name,
        min,
        max,
        content,
    })
}

fn content(item: Value<'_>) -> Result<Content, String> {
    let mut parts = Vec::new();
    for part in item.get("part").into_iter().flat_map(Value::items) {
        let part = parameter(part)?;
        if part.content == Content::Search {
            return Err("a part cannot stand for all search parameters".to_owned());
        }
        push_once(&mut parts, part)?;
    }
    let type_name = item.get("type").and_then(Value::string);
    let search_type = item.get("searchType").and_then(Value::string);
    if let Some(search_type) = search_type {
        return match (type_name.as_deref(), &*search_type) {
            (Some("string"), "special") => Ok(Content::Search),
            _ => Err("a search type is 'special', and the type is then 'string'".to_owned()),
        };
    }
    match (type_name, parts.is_empty()) {
        (None, false) => Ok(Content::Parts(parts)),
        (Some(name), true) => content_of_type(&name),
        _ => Err("it has either a type or parts".to_owned()),
    }
}

fn content_of_type(name: &str) -> Result<Content, String> {
    if let Some(primitive) = PrimitiveType::parse(name) {
        return Ok(Content::Primitive(primitive));
    }
    if let Some(resource_type) = ResourceType::parse(name) {
        return Ok(Content::Resource(Some(resource_type)));
    }
    match name {
        "Any" | "Resource" | "DomainResource" => Ok(Content::Resource(None)),
        "Element" | "Type" => Ok(Content::AnyValue),
        complex if complex.starts_with(|first: char| first.is_ascii_uppercase()) => {
            Ok(Content::Complex(complex.into()))
        }
        unknown => Err(format!("'{unknown}' is not a type")),
    }
}

fn needed(object: Value<'_>, name: &str) -> Result<Box<str>, String> {
    object
        .get(name)
        .and_then(Value::string)
        .map(Into::into)
        .ok_or_else(|| format!("'{name}' is missing"))
}

fn flag(object: Value<'_>, name: &str) -> Result<bool, String> {
    object
        .get(name)
        .and_then(Value::boolean)
        .ok_or_else(|| format!("'{name}' is missing"))
}

fn strings<'a>(object: Value<'a>, name: &str) -> impl Iterator<Item = Box<str>> + use<'a> {
    object
        .get(name)
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::string)
        .map(Into::into)
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
