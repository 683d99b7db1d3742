//! Whether an element meets a profile: what the profile says of it and of the elements below
//! (<https://hl7.org/fhir/R4/profiling.html>).

use std::cmp::Ordering;

use super::nodes::{Child, children, place, text};
use super::references::node_of;
use super::world::Target;
use super::{Check, Scope, is_base};
use crate::definitions::profiles::samples;
use crate::definitions::profiles::{
    AllowedType, ElementRules, Occurrences, Profile, ProfileElement,
};
use crate::definitions::structure::{Shape, TypeKind};
use crate::json::Value;
use crate::outcome::{IssueType, Severity};
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

/// How deep profiles lead to other profiles.
const DEPTH_MAX: u8 = 24;

impl<'a> Check<'_, 'a> {
    /// Tells how a node fails to meet a profile.
    pub(super) fn must_meet(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        profile: &'a Profile,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        let Some(value) = place(node) else { return };
        let key = (value.index(), std::ptr::from_ref(profile));
        if !self.told.borrow_mut().insert(key) || self.depth.get() >= DEPTH_MAX {
            return;
        }
        if !self.is_of(node, profile) {
            let wanted = &self.definitions().structures.get(profile.type_id).name;
            let text = format!("the profile {} is for {wanted}", profile.url);
            return self.error(out, path, node, (IssueType::Structure, text));
        }
        self.depth.set(self.depth.get() + 1);
        out.profiles += 1;
        self.meet(out, node, &profile.root, (path, scope));
        out.profiles -= 1;
        self.depth.set(self.depth.get() - 1);
    }

    /// Whether a node meets a profile.
    pub(super) fn meets(&self, node: Node<'a>, profile: &'a Profile, scope: Scope<'a>) -> bool {
        let Some(value) = place(node) else {
            return false;
        };
        let key = (value.index(), std::ptr::from_ref(profile));
        if let Some(known) = self.met.borrow().get(&key) {
            return *known;
        }
        if self.depth.get() >= DEPTH_MAX || !self.is_of(node, profile) {
            return self.is_of(node, profile);
        }
        // What leads back to itself is met if nothing else speaks against it.
        self.met.borrow_mut().insert(key, true);
        self.depth.set(self.depth.get() + 1);
        let mut out = Findings::default();
        let told = self.told.replace(Default::default());
        let questions = self.questions.take();
        let path = Path::root("$this");
        self.meet(&mut out, node, &profile.root, (&path, scope));
        self.told.replace(told);
        self.questions.replace(questions);
        self.depth.set(self.depth.get() - 1);
        let met = !out.has_errors();
        self.met.borrow_mut().insert(key, met);
        met
    }

    pub(super) fn is_of(&self, node: Node<'a>, profile: &Profile) -> bool {
        let structures = &self.definitions().structures;
        structures.is_a(node.type_id, profile.type_id)
    }

    /// Whether a node meets what a canonical URL names; an unknown profile is held against nobody.
    fn meets_named(&self, node: Node<'a>, canonical: &str, scope: Scope<'a>) -> bool {
        match self.validator.profiles.get(canonical) {
            Some(profile) => self.meets(node, profile, scope),
            None => {
                let url = canonical.split('|').next().unwrap_or_default();
                let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
                let structures = &self.definitions().structures;
                let base = name.and_then(|name| structures.by_name(name));
                base.is_none_or(|base| structures.is_a(node.type_id, base))
                    || is_base(canonical, self.type_name(node))
            }
        }
    }

    /// What a profile says of a node and of everything below it.
    pub(super) fn meet(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        element: &'a ProfileElement,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        let scope = self.inner(node, scope);
        self.rules(out, node, &element.rules, (path, scope));
        if element.children.is_empty() {
            return;
        }
        let below = children(&self.definitions().structures, node);
        for child in &element.children {
            let of_name = |one: &&Child<'a>| *one.element.name == *child.name;
            let items: Vec<Child<'a>> = below.iter().filter(of_name).copied().collect();
            self.count(out, &items, child, (path, node));
            for item in &items {
                let here = self.path_of(item, path);
                self.meet(out, item.node, child, (&here, scope));
            }
            self.slices(out, &items, child, (path, node, scope));
        }
    }

    /// Whether an element, or a slice of it, is there as often as it must and may be.
    pub(super) fn count(
        &self,
        out: &mut Findings,
        items: &[Child<'a>],
        element: &ProfileElement,
        (path, parent): (&Path<'_>, Node<'a>),
    ) {
        let name = match &element.slice {
            Some(slice) => format!("{}:{slice}", element.name),
            None => element.name.to_string(),
        };
        let count = items.len();
        if let Some(min) = element.rules.min
            && count < min as usize
        {
            let text = match (count, min) {
                (0, 1) => format!("'{name}' is required"),
                _ => format!("'{name}' is required {min} times, and is there {count} times"),
            };
            self.error(out, path, parent, (IssueType::Required, text));
        }
        if let Some(Occurrences::AtMost(max)) = element.rules.max
            && count > max as usize
        {
            let text = match max {
                0 => format!("'{name}' must not be there"),
                _ => format!("'{name}' may be there {max} times, and is there {count} times"),
            };
            self.error(out, path, parent, (IssueType::Structure, text));
        }
    }

    /// What a profile says of one node.
    fn rules(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        rules: &'a ElementRules,
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        self.types(out, node, &rules.types, (path, scope));
        if let Some(fixed) = &rules.fixed
            && let Some(expected) = fixed.value()
            && node
                .value
                .is_some_and(|value| !samples::is_fixed(value, expected))
        {
            let text = format!("must be {}", fixed.json());
            self.error(out, path, node, (IssueType::Value, text));
        }
        if let Some(pattern) = &rules.pattern
            && let Some(expected) = pattern.value()
            && !node
                .value
                .is_some_and(|value| samples::has_pattern(value, expected))
        {
            let text = format!("must hold {}", pattern.json());
            self.error(out, path, node, (IssueType::Value, text));
        }
        self.bounds(out, node, rules, path);
        for binding in rules.binding.iter().chain(&rules.more_bindings) {
            self.binding(out, node, binding, path);
        }
        self.value(out, node, rules, path);
        self.invariants(out, &rules.constraints, node, (path, scope));
    }

    /// Whether a primitive has its value, or what may stand in its place.
    fn value(&self, out: &mut Findings, node: Node<'a>, rules: &ElementRules, path: &Path<'_>) {
        if node.value.is_some() {
            return;
        }
        let extensions = node.companion.and_then(|beside| beside.get("extension"));
        let mut extensions = extensions.into_iter().flat_map(Value::items);
        let is_alternative = |extension: Value<'a>| {
            let url = extension.get("url").and_then(Value::string);
            url.is_some_and(|url| rules.value_alternatives.iter().any(|one| **one == *url))
        };
        if rules.must_have_value {
            let what = "must have a value; an extension will not do";
            self.error(out, path, node, (IssueType::Required, what));
        } else if !rules.value_alternatives.is_empty() && !extensions.any(is_alternative) {
            let urls = rules.value_alternatives.join(" or ");
            let what = format!("must have a value or the extension {urls}");
            self.error(out, path, node, (IssueType::Required, what));
        }
    }

    fn bounds(&self, out: &mut Findings, node: Node<'a>, rules: &ElementRules, path: &Path<'_>) {
        let Some(value) = node.value else { return };
        for (bound, wrong, what) in [
            (&rules.least, Ordering::Less, "less"),
            (&rules.greatest, Ordering::Greater, "more"),
        ] {
            let Some(bound) = bound else { continue };
            let compared = samples::compare(value, bound);
            if compared == Some(wrong) {
                let text = format!("must not be {what} than {}", bound.json());
                self.error(out, path, node, (IssueType::Value, text));
            } else if compared.is_none() && value.get("value").is_some() {
                let text = format!("cannot be compared with {}", bound.json());
                let what = (IssueType::Value, text);
                self.note(out, Severity::Warning, (path, value), what);
            }
        }
        self.text(out, node, rules, (path, value));
        if let Some(max) = rules.max_length
            && let Some(text) = value.string()
            && text.chars().count() > max as usize
        {
            let text = format!("must not be longer than {max} characters");
            self.error(out, path, node, (IssueType::TooLong, text));
        }
    }

    /// Whether a primitive is written as the profile has it.
    fn text(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        rules: &ElementRules,
        (path, value): (&Path<'_>, Value<'a>),
    ) {
        let (Some(pattern), Some(text)) = (&rules.regex, value.primitive()) else {
            return;
        };
        match pattern.matches(&text) {
            Some(true) => {}
            Some(false) => {
                let sentence = format!("must match the regular expression {}", pattern.text());
                self.error(out, path, node, (IssueType::Value, sentence));
            }
            None => {
                let sentence = format!(
                    "whether it matches {} could not be checked: that is no regular expression here",
                    pattern.text()
                );
                let what = (IssueType::Processing, sentence);
                self.note(out, Severity::Warning, (path, value), what);
            }
        }
    }

    /// Whether a node has one of the types that are left, and meets what goes with it.
    fn types(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        types: &'a [AllowedType],
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        if types.is_empty() {
            return;
        }
        let fitting: Vec<_> = types
            .iter()
            .filter(|one| self.has_type(node, &one.name))
            .collect();
        if fitting.is_empty() {
            let names: Vec<&str> = types.iter().map(|one| &*one.name).collect();
            let text = format!("must be of type {}", names.join(" or "));
            return self.error(out, path, node, (IssueType::Structure, text));
        }
        let profiles = || fitting.iter().flat_map(|one| &one.profiles);
        let mut known = profiles().filter_map(|url| self.validator.profiles.get(url));
        match (profiles().count(), known.next()) {
            (0, _) => {}
            (1, Some(profile)) => self.must_meet(out, node, profile, (path, scope)),
            (1, None) => {}
            _ if profiles().any(|url| self.meets_named(node, url, scope)) => {}
            _ => {
                let urls: Vec<&str> = profiles().map(|url| &**url).collect();
                let text = format!("meets none of the profiles {}", urls.join(", "));
                self.error(out, path, node, (IssueType::Structure, text));
            }
        }
        self.targets(out, node, &fitting, (path, scope));
    }

    fn has_type(&self, node: Node<'a>, name: &str) -> bool {
        let structures = &self.definitions().structures;
        let Some(wanted) = structures.by_name(name) else {
            // A type of the expression language: `System.String`.
            return true;
        };
        let definition = structures.get(node.type_id);
        match definition.kind {
            // A code is no string here, as it is none in the instance.
            TypeKind::Primitive => {
                node.type_id == wanted || (&*definition.name == "id" && name == "string")
            }
            _ => structures.is_a(node.type_id, wanted),
        }
    }

    /// Whether a reference leads to what the profile asks for.
    fn targets(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        types: &[&'a AllowedType],
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        let is_reference =
            self.definitions().structures.get(node.type_id).shape == Shape::Reference;
        let targets: Vec<&str> = types
            .iter()
            .flat_map(|one| &one.targets)
            .map(|url| &**url)
            .collect();
        let Some(reference) = text(node, "reference").filter(|_| is_reference) else {
            return;
        };
        let target = self.target(&reference, scope);
        self.aggregation(out, node, types, (path, target));
        if targets.is_empty() || matches!(target, Target::Nowhere) {
            return;
        }
        if let Some(found) = node_of(target) {
            if !targets
                .iter()
                .any(|url| self.meets_named(found, url, scope))
            {
                let text = format!("leads to a resource that is none of {}", targets.join(", "));
                self.error(out, path, node, (IssueType::Structure, text));
            }
            return;
        }
        let declared = text(node, "type");
        let found = self.target_type(target, &reference).or(declared.as_deref());
        let Some(found) = found else { return };
        if !targets.iter().any(|url| self.may_be(found, url)) {
            let text = format!("must not refer to a {found}, but to {}", targets.join(", "));
            self.error(out, path, node, (IssueType::Structure, text));
        }
    }

    /// Whether a resource of that type may meet what a canonical URL names.
    pub(super) fn may_be(&self, type_name: &str, canonical: &str) -> bool {
        let structures = &self.definitions().structures;
        let wanted = match self.validator.profiles.get(canonical) {
            Some(profile) => Some(profile.type_id),
            None => canonical
                .split('|')
                .next()
                .and_then(|url| url.strip_prefix("http://hl7.org/fhir/StructureDefinition/"))
                .and_then(|name| structures.by_name(name)),
        };
        match (wanted, structures.by_name(type_name)) {
            (Some(wanted), Some(found)) => structures.is_a(found, wanted),
            _ => true,
        }
    }

    fn aggregation(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        types: &[&'a AllowedType],
        (path, target): (&Path<'_>, Target<'a>),
    ) {
        let allowed: Vec<&str> = types
            .iter()
            .flat_map(|one| &one.aggregation)
            .map(|mode| &**mode)
            .collect();
        let fits = |mode: &&str| match target {
            Target::Contained(_) | Target::Nowhere => *mode == "contained",
            Target::Bundled(_) => matches!(*mode, "bundled" | "referenced"),
            Target::Elsewhere => *mode == "referenced",
        };
        if !allowed.is_empty() && !allowed.iter().any(fits) {
            let text = format!("what it refers to must be {}", allowed.join(" or "));
            self.error(out, path, node, (IssueType::Structure, text));
        }
    }

    /// The scope of what is below a node: its own, where it is a resource.
    pub(super) fn inner(&self, node: Node<'a>, scope: Scope<'a>) -> Scope<'a> {
        let definition = self.definitions().structures.get(node.type_id);
        if definition.kind != TypeKind::Resource || node.is_same(&scope.resource) {
            return scope;
        }
        let id = text(node, "id");
        let structures = &self.definitions().structures;
        let is_contained = id.is_some_and(|id| {
            let found = self.world.contained(scope.root, &id, structures);
            found.is_some_and(|found| found.is_same(&node))
        });
        Scope {
            resource: node,
            root: if is_contained { scope.root } else { node },
            full_url: self.world.full_url(node).or(scope.full_url),
            depth: scope.depth,
        }
    }
}
