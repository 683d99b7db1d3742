//! The walk over a resource and everything in it.

use super::extensions::Host;
use super::nodes::{Child, children};
use super::{Check, Scope, based, is_base};
use crate::definitions::structure::{Element, Shape, TypeDefinition, TypeKind};
use crate::ids::ResourceType;
use crate::json::Value;
use crate::outcome::{IssueType, Severity};
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

impl<'a> Check<'_, 'a> {
    /// A resource: the outermost one, or one inside another, whose scope is given.
    pub(super) fn resource(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        path: &Path<'_>,
        outer: Option<Scope<'a>>,
    ) {
        let is_contained = path.name() == "contained";
        let root = match outer {
            Some(outer) if is_contained => outer.root,
            _ => node,
        };
        let scope = Scope {
            resource: node,
            root,
            full_url: self
                .world
                .full_url(node)
                .or(outer.and_then(|outer| outer.full_url)),
            depth: path.names().len(),
        };
        self.element(out, node, (None, None), path, scope);
        if !is_contained {
            self.contained(out, node, path);
        }
        match self.type_name(node) {
            "Bundle" => self.bundle(out, node, path),
            "QuestionnaireResponse" => self.response(out, node, path),
            _ => {}
        }
        self.claims(out, node, path, scope);
        if self.validator.strictness.implied {
            self.vital_signs(out, node, path, scope);
        }
    }

    /// One element and everything below it.
    fn element(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        (element, outer): (Option<(&'a TypeDefinition, &'a Element)>, Option<Node<'a>>),
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        let definition = self.definitions().structures.get(node.type_id);
        self.invariants(out, &definition.constraints, node, (path, scope));
        if let Some((_, element)) = element {
            self.invariants(out, &element.constraints, node, (path, scope));
            if let Some(binding) = &element.binding {
                self.binding_of_type(out, node, binding, path);
            }
        }
        for child in children(&self.definitions().structures, node) {
            if out.is_full() {
                return;
            }
            let host = Host {
                node,
                element,
                path,
                outer,
            };
            self.child(out, host, child, scope);
        }
    }

    fn child(&self, out: &mut Findings, host: Host<'a, '_>, child: Child<'a>, scope: Scope<'a>) {
        let structures = &self.definitions().structures;
        let here = self.path_of(&child, host.path);
        let definition = structures.get(child.node.type_id);
        match definition.shape {
            Shape::Extension => self.extension(out, child, host, (&here, scope)),
            Shape::Reference => self.reference(out, child, &here, scope),
            Shape::Primitive(_) => self.primitive(out, child, self.type_name(host.node), &here),
            Shape::Coding => self.coding(child.node, &here),
            Shape::Quantity => self.unit(child.node, &here),
            Shape::Plain | Shape::AnyResource | Shape::CodeableConcept => {}
        }
        if definition.kind == TypeKind::Resource {
            return self.resource(out, child.node, &here, Some(scope));
        }
        let owner = structures.get(host.node.type_id);
        let outer = (owner.shape == Shape::Extension).then_some(host.node);
        let element = (Some((owner, child.element)), outer);
        self.element(out, child.node, element, &here, scope);
    }

    /// The place of an element below another.
    pub(super) fn path_of<'p>(&self, child: &Child<'a>, path: &'p Path<'p>) -> Path<'p>
    where
        'a: 'p,
    {
        let structures = &self.definitions().structures;
        let here = if child.element.is_choice {
            let chosen = &structures.get(child.chosen.type_id).name;
            path.choice(&child.element.name, chosen)
        } else {
            path.member(&child.element.name)
        };
        match child.index {
            Some(index) => here.item(index),
            None => here,
        }
    }

    /// The profiles a resource says it meets.
    fn claims(&self, out: &mut Findings, node: Node<'a>, path: &Path<'_>, scope: Scope<'a>) {
        let Some(meta) = node.value.and_then(|value| value.get("meta")) else {
            return;
        };
        let meta_path = path.member("meta");
        let list = meta.get("profile").into_iter().flat_map(Value::items);
        for (index, claim) in list.enumerate() {
            let Some(canonical) = claim.string() else {
                continue;
            };
            match self.validator.profiles.get(&canonical) {
                Some(profile) => self.must_meet(out, node, profile, (path, scope)),
                None if is_base(&canonical, self.type_name(node)) => {}
                None => {
                    let here = meta_path.member("profile").item(index);
                    if let Some(other) = based(&canonical).and_then(ResourceType::parse) {
                        let text = format!("this is the definition of {other}, which it is not");
                        out.note(
                            Severity::Error,
                            &here,
                            claim,
                            (IssueType::Value, text.into()),
                        );
                        continue;
                    }
                    let severity = self.validator.strictness.unknown_profile;
                    let what = (
                        IssueType::NotFound,
                        "this profile is unknown here: whether the resource meets it has not been checked",
                    );
                    // R4 allows it: only this server may not.
                    out.profiles += 1;
                    self.note(out, severity, (&here, claim), what);
                    out.profiles -= 1;
                }
            }
        }
    }

    /// Rules for primitives that the grammar of their type does not hold.
    fn primitive(&self, out: &mut Findings, child: Child<'a>, owner: &str, path: &Path<'_>) {
        let Some(value) = child.node.value else {
            return;
        };
        let type_name = self.type_name(child.node);
        if self.validator.strictness.implied
            && &*child.element.name == "system"
            && matches!(owner, "Identifier" | "Coding")
            && value.string().is_some_and(|system| !system.contains(':'))
        {
            let what = (IssueType::Value, "a system is an absolute URI");
            self.note(out, Severity::Error, (path, value), what);
        }
        if let Some(severity) = self.validator.strictness.markup
            && type_name == "string"
            && value.string().is_some_and(|text| has_markup(&text))
        {
            let what = (
                IssueType::Invalid,
                "holds what looks like markup of a web page",
            );
            self.note(out, severity, (path, value), what);
        }
    }
}

/// Whether a browser could take a part of the text for an element.
fn has_markup(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let name = after.strip_prefix('/').unwrap_or(after);
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!')
            && after.contains('>')
        {
            return true;
        }
        rest = after;
    }
    false
}
