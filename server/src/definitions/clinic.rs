//! Which of our profiles the clinic holds a resource to: each one of its type whose condition the resource meets.

use std::collections::BTreeMap;

use fhir::definitions::structure::Structures;
use fhir::ids::ResourceType;
use fhir::json::{Document, Value};
use fhir::path::{Environment, Expression, Item, Node, SyntaxError, condition};
use fhir::resource::Resource;

use super::own::{OwnFile, is_correction};

/// The extension of a profile that says which resources of its type the clinic holds to it.
const APPLIES_WHEN: &str = "https://vesta.example/fhir/StructureDefinition/profile-applies-when";

/// The profiles that the clinic asks for, by type.
#[derive(Debug, Default)]
pub(super) struct ClinicProfiles(BTreeMap<ResourceType, Vec<ClinicProfile>>);

/// A profile, and the condition under which it is asked for.
#[derive(Debug)]
struct ClinicProfile {
    url: Box<str>,
    when: Option<Expression>,
}

impl ClinicProfiles {
    /// Those among some files that constrain a type of resource.
    pub(super) fn read(own: &[OwnFile]) -> Result<Self, SyntaxError> {
        let mut by_type: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, text) in own.iter().filter(|(path, _)| !is_correction(path)) {
            let document = Document::parse(*text).ok();
            let Some(definition) = document.as_ref().map(Document::root) else {
                continue;
            };
            if let Some((resource_type, url)) = profile(definition) {
                let when = applies_when(definition)?;
                let profiles = by_type.entry(resource_type).or_default();
                profiles.push(ClinicProfile { url, when });
            }
        }
        Ok(Self(by_type))
    }

    /// What a resource is held to. Where a condition cannot be answered it counts as met.
    pub(super) fn of<'a>(
        &'a self,
        resource: &'a Resource,
        structures: &'a Structures,
    ) -> impl Iterator<Item = &'a str> {
        let profiles = self.0.get(&resource.resource_type()).into_iter().flatten();
        let node = Node::resource(resource.root(), structures);
        let applies = move |profile: &&ClinicProfile| {
            let Some((when, node)) = profile.when.as_ref().zip(node) else {
                return true;
            };
            let environment = Environment::new(structures);
            match condition(when, Item::Node(node), &environment) {
                Ok(answer) => answer == Some(true),
                Err(_) => true,
            }
        };
        profiles.filter(applies).map(|profile| &*profile.url)
    }
}

/// The type and canonical URL of a profile of a type of resource; an extension is none.
fn profile(definition: Value<'_>) -> Option<(ResourceType, Box<str>)> {
    let text = |name| definition.get(name).and_then(Value::string);
    let is_profile = text("resourceType")? == "StructureDefinition"
        && text("derivation").as_deref() == Some("constraint");
    let resource_type = ResourceType::parse(&text("type")?)?;
    is_profile.then_some((resource_type, Box::from(&*text("url")?)))
}

fn applies_when(definition: Value<'_>) -> Result<Option<Expression>, SyntaxError> {
    let extensions = definition.get("extension").into_iter();
    let is_meant =
        |one: &Value<'_>| one.get("url").and_then(Value::string).as_deref() == Some(APPLIES_WHEN);
    let found = extensions.flat_map(Value::items).find(is_meant);
    let expression = found.and_then(|one| one.at(&["valueExpression", "expression"])?.string());
    expression.map(|text| Expression::parse(&text)).transpose()
}
