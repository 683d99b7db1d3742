//! Slices: which items belong to which, and whether what is left may be there
//! (<https://hl7.org/fhir/R4/profiling.html#slicing>).

use super::nodes::{Child, children, text};
use super::references::node_of;
use super::{Check, Scope, is_base};
use crate::definitions::profiles::samples;
use crate::definitions::profiles::{
    Discriminator, DiscriminatorKind, ElementRules, Occurrences, ProfileElement, Slicing,
    SlicingRules,
};
use crate::definitions::structure::BindingStrength;
use crate::outcome::IssueType;
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

impl<'a> Check<'_, 'a> {
    /// Checks the slices of an element.
    pub(super) fn slices(
        &self,
        out: &mut Findings,
        items: &[Child<'a>],
        element: &'a ProfileElement,
        (path, parent, scope): (&Path<'_>, Node<'a>, Scope<'a>),
    ) {
        let Some(slicing) = &element.slicing else {
            return;
        };
        self.sliced(out, items, (element, slicing), (path, parent, scope));
    }

    fn sliced(
        &self,
        out: &mut Findings,
        items: &[Child<'a>],
        (element, slicing): (&'a ProfileElement, &'a Slicing),
        (path, parent, scope): (&Path<'_>, Node<'a>, Scope<'a>),
    ) {
        let place_of = |item: &Child<'a>| {
            let mut slices = element.slices.iter();
            slices.position(|slice| self.belongs(item.node, slice, slicing, scope))
        };
        let places: Vec<Option<usize>> = items.iter().map(place_of).collect();
        self.order(out, items, &places, (slicing, path));
        for (number, slice) in element.slices.iter().enumerate() {
            let own: Vec<Child<'a>> = items
                .iter()
                .zip(&places)
                .filter(|(_, place)| **place == Some(number))
                .map(|(item, _)| *item)
                .collect();
            self.count(out, &own, slice, (path, parent));
            if own.is_empty() && slice.rules.min.is_some_and(|min| min > 0) {
                let left = items
                    .iter()
                    .zip(&places)
                    .filter(|(_, place)| place.is_none());
                let left = left.map(|(item, _)| *item);
                self.nearly(out, left, (slice, slicing), (path, scope));
            }
            for item in &own {
                let here = self.path_of(item, path);
                self.meet(out, item.node, slice, (&here, scope));
            }
            if !slice.slices.is_empty() {
                let slicing = slice.slicing.as_ref().unwrap_or(slicing);
                self.sliced(out, &own, (slice, slicing), (path, parent, scope));
            }
        }
    }

    /// What keeps those that look like a slice which is missing from being it, where a profile tells.
    fn nearly(
        &self,
        out: &mut Findings,
        items: impl Iterator<Item = Child<'a>>,
        (slice, slicing): (&'a ProfileElement, &'a Slicing),
        (path, scope): (&Path<'_>, Scope<'a>),
    ) {
        let mut discriminators = slicing.discriminators.iter();
        let by_profile = discriminators.find(|one| one.kind == DiscriminatorKind::Profile);
        let Some(discriminator) = by_profile else {
            return;
        };
        let steps = steps(&discriminator.path);
        let wanted = self.elements_at(slice, &steps);
        let types = wanted.iter().flat_map(|element| &element.rules.types);
        let urls = types.flat_map(|one| &one.profiles);
        let profiles: Vec<_> = urls
            .filter_map(|url| self.validator.profiles.get(url))
            .collect();
        for item in items {
            let found = self.nodes_at(item.node, &steps, scope);
            let looks_like = |node: &Node<'a>| profiles.iter().any(|one| self.is_of(*node, one));
            if found.iter().any(looks_like) {
                let here = self.path_of(&item, path);
                self.meet(out, item.node, slice, (&here, scope));
            }
        }
    }

    /// Whether the items stand in the order of the slices, with what is in none where it may be.
    fn order(
        &self,
        out: &mut Findings,
        items: &[Child<'a>],
        places: &[Option<usize>],
        (slicing, path): (&Slicing, &Path<'_>),
    ) {
        let mut last = 0;
        let mut rest = false;
        for (item, place) in items.iter().zip(places) {
            let here = self.path_of(item, path);
            let fault = match (place, slicing.rules) {
                (None, SlicingRules::Closed) => {
                    Some("belongs to none of the slices, and there may be nothing else")
                }
                (Some(_), SlicingRules::OpenAtEnd) if rest => {
                    Some("stands behind what is in no slice, which must come last")
                }
                (Some(place), _) if slicing.ordered && *place < last => {
                    Some("does not stand in the order of the slices")
                }
                _ => None,
            };
            if let Some(fault) = fault {
                self.error(out, &here, item.node, (IssueType::Structure, fault));
            }
            rest |= place.is_none();
            last = place.map_or(last, |place| place.max(last));
        }
    }

    /// Whether an item belongs to a slice.
    fn belongs(
        &self,
        item: Node<'a>,
        slice: &'a ProfileElement,
        slicing: &Slicing,
        scope: Scope<'a>,
    ) -> bool {
        if slicing.discriminators.is_empty() {
            return false;
        }
        // A slice that only has slices is what belongs to one of them.
        if !slice.slices.is_empty() && slice.children.is_empty() && slice.rules.types.is_empty() {
            let slicing = slice.slicing.as_ref().unwrap_or(slicing);
            let mut slices = slice.slices.iter();
            return slices.any(|slice| self.belongs(item, slice, slicing, scope));
        }
        // A discriminator by which the slice says nothing leaves the choice to the others.
        let mut is_told = false;
        slicing.discriminators.iter().all(|discriminator| {
            let told = self.tells(item, slice, discriminator, scope);
            is_told |= told == Some(true);
            told != Some(false)
        }) && is_told
    }

    /// Whether one discriminator says that an item belongs to a slice; nothing where the slice says nothing by it.
    fn tells(
        &self,
        item: Node<'a>,
        slice: &'a ProfileElement,
        discriminator: &Discriminator,
        scope: Scope<'a>,
    ) -> Option<bool> {
        let steps = steps(&discriminator.path);
        if *steps == ["url"]
            && let Some(url) = text(item, "url")
            && self.is_extension_slice(slice, &url)
        {
            return Some(true);
        }
        let found = self.nodes_at(item, &steps, scope);
        let wanted = self.elements_at(slice, &steps);
        let told = match discriminator.kind {
            DiscriminatorKind::Exists => {
                let is_out = wanted
                    .iter()
                    .any(|element| element.rules.max == Some(Occurrences::AtMost(0)));
                let is_in = wanted
                    .iter()
                    .any(|element| element.rules.min.is_some_and(|min| min > 0));
                (!is_out || found.is_empty()) && (!is_in || !found.is_empty())
            }
            DiscriminatorKind::Value | DiscriminatorKind::Pattern => {
                let wanted: Vec<_> = wanted
                    .into_iter()
                    .filter(|element| distinguishes(element))
                    .collect();
                if wanted.is_empty() {
                    return None;
                }
                wanted
                    .iter()
                    .all(|element| found.iter().any(|node| self.has(*node, element)))
            }
            DiscriminatorKind::Type => {
                let mut types = wanted
                    .iter()
                    .flat_map(|element| &element.rules.types)
                    .peekable();
                let targets = wanted.iter().flat_map(|element| &element.rules.types);
                let is_resolved = steps.last().is_some_and(|step| *step == "resolve()");
                if is_resolved {
                    let targets = targets.flat_map(|one| &one.targets);
                    return Some(self.is_target(item, &steps, targets, scope));
                }
                types.peek().is_some()
                    && types.any(|one| found.iter().any(|node| self.is_type(*node, &one.name)))
            }
            DiscriminatorKind::Profile => {
                let mut urls = wanted
                    .iter()
                    .flat_map(|element| &element.rules.types)
                    .flat_map(|one| one.profiles.iter().chain(&one.targets));
                urls.any(|url| {
                    let meets = |node: &Node<'a>| match self.validator.profiles.get(url) {
                        Some(profile) => self.meets(*node, profile, scope),
                        None => is_base(url, self.type_name(*node)),
                    };
                    found.iter().any(meets)
                })
            }
        };
        Some(told)
    }

    fn is_type(&self, node: Node<'a>, name: &str) -> bool {
        let structures = &self.definitions().structures;
        structures
            .by_name(name)
            .is_some_and(|wanted| structures.is_a(node.type_id, wanted))
    }

    /// Whether a reference leads to one of the types that its targets are.
    fn is_target<'t>(
        &self,
        item: Node<'a>,
        steps: &[&str],
        mut targets: impl Iterator<Item = &'t Box<str>>,
        scope: Scope<'a>,
    ) -> bool {
        let references = self.nodes_at(item, &steps[..steps.len() - 1], scope);
        let types: Vec<String> = references
            .iter()
            .filter_map(|node| {
                let reference = text(*node, "reference");
                let declared = text(*node, "type").map(String::from);
                let known = reference.and_then(|reference| {
                    let target = self.target(&reference, scope);
                    self.target_type(target, &reference).map(str::to_owned)
                });
                known.or(declared)
            })
            .collect();
        targets.any(|url| types.iter().any(|name| self.may_be(name, url)))
    }

    /// Whether a node has what distinguishes an element.
    fn has(&self, node: Node<'a>, element: &'a ProfileElement) -> bool {
        if !self.has_rules(node, &element.rules) {
            return false;
        }
        let below: Vec<_> = element
            .children
            .iter()
            .filter(|child| distinguishes(child))
            .collect();
        let slices: Vec<_> = element
            .slices
            .iter()
            .filter(|slice| slice.rules.min.is_some_and(|min| min > 0) && distinguishes(slice))
            .collect();
        if below.is_empty() && slices.is_empty() {
            return true;
        }
        let nodes = children(&self.definitions().structures, node);
        below.iter().all(|child| {
            let mut own = nodes
                .iter()
                .filter(|node| *node.element.name == *child.name);
            let required: Vec<_> = child
                .slices
                .iter()
                .filter(|slice| slice.rules.min.is_some_and(|min| min > 0))
                .collect();
            let is_optional = child.rules.min == Some(0);
            if own.clone().next().is_none() {
                return is_optional;
            }
            if required.is_empty() {
                own.any(|node| self.has(node.node, child))
            } else {
                required
                    .iter()
                    .all(|slice| own.clone().any(|node| self.has(node.node, slice)))
            }
        })
    }

    fn has_rules(&self, node: Node<'a>, rules: &ElementRules) -> bool {
        let meets = |sample: &Option<crate::definitions::profiles::Sample>, is_fixed: bool| {
            let Some(expected) = sample.as_ref().and_then(|sample| sample.value()) else {
                return true;
            };
            node.value.is_some_and(|value| match is_fixed {
                true => samples::is_fixed(value, expected),
                false => samples::has_pattern(value, expected),
            })
        };
        let bound = rules
            .binding
            .as_ref()
            .filter(|binding| binding.strength == BindingStrength::Required);
        meets(&rules.fixed, true)
            && meets(&rules.pattern, false)
            && bound.is_none_or(|binding| self.is_node_in(node, &binding.value_set) != Some(false))
    }

    /// The nodes at the end of a discriminator's path.
    fn nodes_at(&self, item: Node<'a>, steps: &[&str], scope: Scope<'a>) -> Vec<Node<'a>> {
        let structures = &self.definitions().structures;
        let mut nodes = vec![item];
        for step in steps {
            nodes = nodes
                .into_iter()
                .flat_map(|node| match (*step, argument(step)) {
                    ("resolve()", _) => {
                        let reference = text(node, "reference");
                        let target = reference.map(|reference| self.target(&reference, scope));
                        target.and_then(node_of).into_iter().collect::<Vec<_>>()
                    }
                    (_, Some(("extension", url))) => children(structures, node)
                        .into_iter()
                        .filter(|child| &*child.element.name == "extension")
                        .filter(|child| text(child.node, "url").as_deref() == Some(url))
                        .map(|child| child.node)
                        .collect(),
                    (_, Some(("ofType", name))) => {
                        let fits = self.is_type(node, name);
                        fits.then_some(node).into_iter().collect()
                    }
                    (name, _) => children(structures, node)
                        .into_iter()
                        .filter(|child| *child.element.name == *name)
                        .map(|child| child.node)
                        .collect(),
                })
                .collect();
        }
        nodes
    }

    /// What a slice says at the end of a discriminator's path, by itself and by the profiles it must meet.
    fn elements_at(&self, slice: &'a ProfileElement, steps: &[&str]) -> Vec<&'a ProfileElement> {
        let mut elements = vec![slice];
        for step in steps {
            let mut next = Vec::new();
            for element in elements {
                let below = self.with_profiles(element, *step == "resolve()");
                for place in below {
                    match (*step, argument(step)) {
                        ("resolve()", _) => next.push(place),
                        (_, Some(("ofType", _))) => next.push(place),
                        (_, Some(("extension", url))) => {
                            let child = place.child("extension").into_iter();
                            let mut slices: Vec<_> =
                                child.flat_map(|child| &child.slices).collect();
                            while let Some(slice) = slices.pop() {
                                if self.is_extension_slice(slice, url) {
                                    next.push(slice);
                                }
                                slices.extend(&slice.slices);
                            }
                        }
                        (name, _) => {
                            if let Some(child) = place.child(name) {
                                next.push(child);
                                next.extend(
                                    child
                                        .slices
                                        .iter()
                                        .filter(|slice| slice.rules.min.is_some_and(|min| min > 0)),
                                );
                            }
                        }
                    }
                }
            }
            elements = next;
        }
        elements
    }

    /// An element, and the roots of the profiles it, or what it refers to, must meet.
    fn with_profiles(
        &self,
        element: &'a ProfileElement,
        is_resolved: bool,
    ) -> Vec<&'a ProfileElement> {
        let mut found = vec![element];
        let urls = element
            .rules
            .types
            .iter()
            .flat_map(|one| match is_resolved {
                true => &one.targets,
                false => &one.profiles,
            });
        let known = urls.filter_map(|url| self.validator.profiles.get(url));
        found.extend(known.map(|profile| &profile.root));
        found
    }

    fn is_extension_slice(&self, slice: &'a ProfileElement, url: &str) -> bool {
        let of_type = slice
            .rules
            .types
            .iter()
            .flat_map(|one| &one.profiles)
            .any(|profile| **profile == *url);
        of_type
            || slice.child("url").is_some_and(|own| {
                let fixed = own.rules.fixed.as_ref().and_then(|fixed| fixed.value());
                fixed.and_then(|fixed| fixed.string()).as_deref() == Some(url)
            })
    }
}

/// Whether an element says something that tells values apart.
fn distinguishes(element: &ProfileElement) -> bool {
    let rules = &element.rules;
    let bound = rules
        .binding
        .as_ref()
        .is_some_and(|binding| binding.strength == BindingStrength::Required);
    rules.fixed.is_some()
        || rules.pattern.is_some()
        || bound
        || element.children.iter().any(distinguishes)
        || element
            .slices
            .iter()
            .any(|slice| slice.rules.min.is_some_and(|min| min > 0) && distinguishes(slice))
}

/// The steps of a discriminator's path; `$this` is none. Dots within quotes belong to the step.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let mut depth = 0;
    let mut begin = 0;
    for (at, character) in path.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            '.' if depth == 0 => {
                steps.push(&path[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    steps.push(&path[begin..]);
    steps.retain(|step| !step.is_empty() && *step != "$this");
    steps
}

/// The function and argument of a step: `extension('http://…')`, `ofType(Quantity)`.
fn argument(step: &str) -> Option<(&str, &str)> {
    let (name, rest) = step.split_once('(')?;
    let argument = rest.strip_suffix(')')?;
    Some((name, argument.trim_matches(['\'', '"', ' '])))
}
