//! Extensions: known or not, where they may stand, and what they hold
//! (<https://hl7.org/fhir/R4/extensibility.html>, <https://hl7.org/fhir/R4/defining-extensions.html#context>).

use super::nodes::{Child, children, text};
use super::{Check, Scope};
use crate::definitions::profiles::{ExtensionContext, Profile, ProfileElement};
use crate::definitions::structure::{Element, Shape, TypeDefinition};
use crate::outcome::{IssueType, Severity};
use crate::path::{self, Environment, Expression, Item, Node};
use crate::validation::findings::{Findings, Path};

/// What an extension stands at.
#[derive(Clone, Copy)]
pub(super) struct Host<'a, 'p> {
    pub(super) node: Node<'a>,
    /// The element it is, and the type that has this element; nothing for a resource.
    pub(super) element: Option<(&'a TypeDefinition, &'a Element)>,
    pub(super) path: &'p Path<'p>,
    /// The extension whose value it is.
    pub(super) outer: Option<Node<'a>>,
}

impl<'a> Check<'_, 'a> {
    /// An Extension by its definition.
    pub(super) fn extension(
        &self,
        out: &mut Findings,
        child: Child<'a>,
        host: Host<'a, '_>,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        let node = child.node;
        let (Some(url), Some(value)) = (text(node, "url"), node.value) else {
            return;
        };
        let is_modifier = &*child.element.name == "modifierExtension";
        if !url.contains(':') {
            // Parts of a complex extension are the business of its definition.
            if !self.is_extension(host.node) {
                let what = (IssueType::Extension, "the url of an extension is absolute");
                self.error(out, path, node, what);
            }
            return;
        }
        let Some(profile) = self.validator.profiles.get(&url) else {
            return self.unknown_extension(out, &url, is_modifier, (path, value));
        };
        let Some(allowed) = &profile.extension else {
            let text = format!("'{url}' does not define an extension");
            return self.error(out, path, node, (IssueType::Extension, text));
        };
        if allowed.is_modifier != is_modifier {
            let text = match is_modifier {
                true => format!("the extension '{url}' is no modifier extension"),
                false => format!("the extension '{url}' must stand in modifierExtension"),
            };
            self.error(out, path, node, (IssueType::Extension, text));
        }
        self.context(out, profile, host, scope);
        self.must_meet(out, node, profile, (path, scope));
        self.parts(out, node, &profile.root, path);
    }

    /// Whether the parts of a complex extension are those that its definition gives it.
    fn parts(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        definition: &'a ProfileElement,
        path: &Path<'_>,
    ) {
        let mut elements = definition.children.iter();
        let Some(parts) = elements.find(|one| *one.name == *"extension") else {
            return;
        };
        let known: Vec<(String, &ProfileElement)> = parts
            .slices
            .iter()
            .filter_map(|slice| Some((url_of(slice)?, slice)))
            .collect();
        // One that does not say what its parts are called says nothing of others.
        if known.is_empty() || known.len() < parts.slices.len() {
            return;
        }
        let below = children(&self.definitions().structures, node);
        for part in below.iter().filter(|one| &*one.element.name == "extension") {
            let Some(url) = text(part.node, "url").filter(|url| !url.contains(':')) else {
                continue;
            };
            let here = self.path_of(part, path);
            match known.iter().find(|(own, _)| *own == *url) {
                Some((_, slice)) => self.parts(out, part.node, slice, &here),
                None => {
                    let sentence = format!("the extension has no part '{url}'");
                    self.error(out, &here, part.node, (IssueType::Extension, sentence));
                }
            }
        }
    }

    fn unknown_extension(
        &self,
        out: &mut Findings,
        url: &str,
        is_modifier: bool,
        place: (&Path<'_>, crate::json::Value<'a>),
    ) {
        if is_modifier {
            let text = format!(
                "the modifier extension '{url}' is unknown here: what it changes cannot be understood"
            );
            return self.note(out, Severity::Error, place, (IssueType::Extension, text));
        }
        // Examples need no definition; and R4 is not the last that HL7 has defined.
        let severity = match url {
            url if url.starts_with("http://example.org/") => Severity::Information,
            url if url.starts_with("http://hl7.org/fhir/StructureDefinition/") => {
                Severity::Warning.max(self.validator.strictness.unknown_extension)
            }
            _ => self.validator.strictness.unknown_extension,
        };
        let text = format!("the extension '{url}' is unknown here");
        self.note(out, severity, place, (IssueType::Extension, text));
    }

    fn is_extension(&self, node: Node<'a>) -> bool {
        self.definitions().structures.get(node.type_id).shape == Shape::Extension
    }

    /// Whether it may stand where it does.
    fn context(
        &self,
        out: &mut Findings,
        profile: &'a Profile,
        host: Host<'a, '_>,
        scope: Scope<'a>,
    ) {
        let (path, node) = (host.path, host.node);
        let Some(allowed) = &profile.extension else {
            return;
        };
        let contexts = &allowed.contexts;
        let fits = contexts.is_empty()
            || contexts.iter().any(|context| match context {
                ExtensionContext::Element(expression) => self.is_element(expression, host, scope),
                ExtensionContext::Extension(url) => {
                    let url = url.split('#').next().unwrap_or_default();
                    let is_it =
                        |node| self.is_extension(node) && text(node, "url").as_deref() == Some(url);
                    is_it(host.node) || host.outer.is_some_and(is_it)
                }
                ExtensionContext::FhirPath(expression) => {
                    self.is_found(expression, host.node, scope)
                }
            });
        if !fits {
            let text = format!("the extension '{}' must not stand here", profile.url);
            self.error(out, path, node, (IssueType::Extension, text));
        }
        for rule in &allowed.invariants {
            let holds = rule
                .parsed()
                .and_then(|expression| self.holds(expression, host.node, scope).ok());
            if holds == Some(Some(false)) {
                let text = format!(
                    "the extension '{}' must not stand here: {}",
                    profile.url, rule.expression
                );
                self.error(out, path, node, (IssueType::Extension, text));
            }
        }
    }

    /// Whether the host is what an element's path or a type's name says.
    fn is_element(&self, expression: &str, host: Host<'a, '_>, scope: Scope<'a>) -> bool {
        if expression == "Element" {
            return true;
        }
        let structures = &self.definitions().structures;
        let mut current = Some(host.node.type_id);
        while let Some(type_id) = current {
            let definition = structures.get(type_id);
            if *definition.name == *expression {
                return true;
            }
            current = definition.base;
        }
        let is_resource = host.element.is_none();
        if is_resource && matches!(expression, "CanonicalResource" | "MetadataResource") {
            return host
                .node
                .value
                .is_some_and(|value| value.get("url").is_some());
        }
        let expression = expression.trim_end_matches("[x]");
        let by_type = host.element.is_some_and(|(owner, element)| {
            expression
                .strip_prefix(&*owner.name)
                .and_then(|rest| rest.strip_prefix('.'))
                == Some(&*element.name)
        });
        by_type || self.definition_path(host, scope) == expression
    }

    /// The path of the host in the definition of its resource: `Patient.name.given`.
    fn definition_path(&self, host: Host<'a, '_>, scope: Scope<'a>) -> String {
        let mut path = self.type_name(scope.resource).to_owned();
        for name in host.path.names().into_iter().skip(scope.depth) {
            path.push('.');
            path.push_str(name);
        }
        path
    }

    /// Whether the host is among what an expression finds in the resource.
    fn is_found(&self, expression: &str, host: Node<'a>, scope: Scope<'a>) -> bool {
        let Ok(expression) = Expression::parse(expression) else {
            return false;
        };
        let mut environment = Environment::new(&self.definitions().structures);
        environment.root_resource = Some(scope.root);
        let found = path::evaluate(&expression, Item::Node(scope.resource), &environment);
        found.is_ok_and(|found| {
            let mut nodes = found.iter().filter_map(Item::node);
            nodes.any(|node| node.is_same(&host))
        })
    }
}

/// The url that a part of a complex extension has.
fn url_of(part: &ProfileElement) -> Option<String> {
    let mut elements = part.children.iter();
    let url = elements.find(|one| *one.name == *"url")?;
    Some(url.rules.fixed.as_ref()?.value()?.string()?.into_owned())
}
