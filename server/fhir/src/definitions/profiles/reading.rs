//! One ElementDefinition as a profile gives it (<https://hl7.org/fhir/R4/elementdefinition.html>).

use super::{
    AllowedType, Discriminator, DiscriminatorKind, ElementRules, ExtensionContext, Occurrences,
    Sample, Slicing, SlicingRules, TextPattern,
};
use crate::definitions::structure::{Binding, BindingStrength};
use crate::definitions::structure_builder::{binding, constraints};
use crate::json::Value;

/// An element of a differential, before the tree.
#[derive(Clone, Debug)]
pub(super) struct RawElement {
    pub(super) path: String,
    pub(super) slice: Option<String>,
    pub(super) rules: ElementRules,
    pub(super) slicing: Option<Slicing>,
}

pub(super) fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.string().map(Into::into)
}

pub(super) fn texts(value: Value<'_>, name: &str) -> Vec<Box<str>> {
    let items = value.get(name).into_iter().flat_map(Value::items);
    items
        .filter_map(|item| item.string().map(|text| Box::from(&*text)))
        .collect()
}

/// Reads one; `None` where it has no path.
pub(super) fn element(item: Value<'_>) -> Option<RawElement> {
    let path = text(item, "path")?;
    let number = |name| item.get(name)?.number()?.parse().ok();
    let rules = ElementRules {
        min: number("min"),
        max: text(item, "max").map(|max| {
            max.parse()
                .map_or(Occurrences::Unbounded, Occurrences::AtMost)
        }),
        types: types(item),
        fixed: sample(item, "fixed"),
        pattern: sample(item, "pattern"),
        least: sample(item, "minValue"),
        greatest: sample(item, "maxValue"),
        regex: regex(item),
        max_length: number("maxLength"),
        binding: item.get("binding").and_then(binding),
        more_bindings: more_bindings(item),
        constraints: constraints(item),
        must_have_value: extensions(item, MUST_HAVE_VALUE)
            .any(|one| one.get("valueBoolean").and_then(Value::boolean) == Some(true)),
        value_alternatives: extensions(item, VALUE_ALTERNATIVES)
            .filter_map(|one| Some(text(one, "valueCanonical")?.into()))
            .collect(),
        is_modifier: item.get("isModifier").and_then(Value::boolean),
    };
    Some(RawElement {
        slice: text(item, "sliceName"),
        slicing: item.get("slicing").map(slicing),
        path,
        rules,
    })
}

/// The regular expression of the element or of its type.
fn regex(item: Value<'_>) -> Option<TextPattern> {
    let types = item.get("type").into_iter().flat_map(Value::items);
    let mut all = std::iter::once(item)
        .chain(types)
        .flat_map(|one| extensions(one, REGEX));
    Some(TextPattern::new(&text(all.next()?, "valueString")?))
}

const REGEX: &str = "http://hl7.org/fhir/StructureDefinition/regex";
const MUST_HAVE_VALUE: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue";
const VALUE_ALTERNATIVES: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives";
const ADDITIONAL: [&str; 2] = [
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.binding.additional",
    "http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
];

/// The extensions of that URL.
fn extensions<'v>(item: Value<'v>, url: &'static str) -> impl Iterator<Item = Value<'v>> {
    let list = item.get("extension").into_iter().flat_map(Value::items);
    list.filter(move |one| one.get("url").and_then(Value::string).as_deref() == Some(url))
}

/// Bindings beside the first, for all usages.
fn more_bindings(item: Value<'_>) -> Vec<Binding> {
    let Some(binding) = item.get("binding") else {
        return Vec::new();
    };
    let all = ADDITIONAL
        .into_iter()
        .flat_map(|url| extensions(binding, url));
    all.filter(|one| extensions(*one, "usage").next().is_none())
        .filter_map(|one| {
            let purpose = text(extensions(one, "purpose").next()?, "valueCode")?;
            let value_set = text(extensions(one, "valueSet").next()?, "valueCanonical")?;
            let strength = match purpose.as_str() {
                "required" | "maximum" => BindingStrength::Required,
                "extensible" => BindingStrength::Extensible,
                "preferred" => BindingStrength::Preferred,
                _ => return None,
            };
            Some(Binding {
                strength,
                value_set: value_set.into(),
                maximum: None,
                code_set: None,
            })
        })
        .collect()
}

/// The value of a choice that a profile gives: `fixedUri`.
fn sample(item: Value<'_>, prefix: &str) -> Option<Sample> {
    item.members().find_map(|(name, value)| {
        let type_name = name.strip_prefix(prefix)?;
        type_name
            .starts_with(|first: char| first.is_ascii_uppercase())
            .then(|| Sample::new(&own_name(type_name), value.raw()))
    })
}

/// `DateTime` of `fixedDateTime` is the type `dateTime`.
fn own_name(suffix: &str) -> String {
    let mut letters = suffix.chars();
    let lower: String = letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect();
    let is_primitive = crate::definitions::primitive::PrimitiveType::parse(&lower).is_some();
    if is_primitive {
        lower
    } else {
        suffix.to_owned()
    }
}

fn types(item: Value<'_>) -> Vec<AllowedType> {
    let list = item.get("type").into_iter().flat_map(Value::items);
    list.filter_map(|one| {
        let code = one.get("code")?.string()?;
        // What the expression language calls it says nothing that R4 does not.
        if code.starts_with("http://hl7.org/fhirpath/") {
            return None;
        }
        Some(AllowedType {
            name: code.as_ref().into(),
            profiles: texts(one, "profile"),
            targets: texts(one, "targetProfile"),
            aggregation: texts(one, "aggregation"),
        })
    })
    .collect()
}

fn slicing(item: Value<'_>) -> Slicing {
    let list = item.get("discriminator").into_iter().flat_map(Value::items);
    let discriminators = list.filter_map(|one| {
        let kind = match text(one, "type")?.as_str() {
            "exists" => DiscriminatorKind::Exists,
            "pattern" => DiscriminatorKind::Pattern,
            "type" => DiscriminatorKind::Type,
            "profile" => DiscriminatorKind::Profile,
            _ => DiscriminatorKind::Value,
        };
        Some(Discriminator {
            kind,
            path: text(one, "path")?.into(),
        })
    });
    Slicing {
        discriminators: discriminators.collect(),
        rules: match text(item, "rules").as_deref() {
            Some("closed") => SlicingRules::Closed,
            Some("openAtEnd") => SlicingRules::OpenAtEnd,
            _ => SlicingRules::Open,
        },
        ordered: item.get("ordered").and_then(Value::boolean) == Some(true),
    }
}

/// Where an extension may stand.
pub(super) fn contexts(definition: Value<'_>) -> Vec<ExtensionContext> {
    let list = definition.get("context").into_iter().flat_map(Value::items);
    list.filter_map(|context| {
        let expression = Box::from(text(context, "expression")?);
        Some(match text(context, "type")?.as_str() {
            "extension" => ExtensionContext::Extension(expression),
            "fhirpath" => ExtensionContext::FhirPath(expression),
            _ => ExtensionContext::Element(expression),
        })
    })
    .collect()
}
