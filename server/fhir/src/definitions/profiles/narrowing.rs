//! Whether a profile allows more than what it is derived from
//! (<https://hl7.org/fhir/R4/profiling.html#constraining>,
//! <https://hl7.org/fhir/R4/elementdefinition.html#interpretation>): fewer or more occurrences, other types, another
//! value, weaker bindings. How often an element may occur in its type, and of which types it is there, `checking` tells.

use super::builder::ProfileDraft;
use super::lines::{CORE, Lines};
use super::merging::{Placed, TreeBuilder, line, slice_of};
use super::samples::{compare, has_pattern, is_fixed};
use super::{AllowedType, Occurrences, ProfileElement, Sample, SlicingRules};
use crate::definitions::codes::{CodeSets, Codes};
use crate::definitions::structure::{Binding, BindingStrength, Element, TypeId};

/// The elements of a profile beside what it is derived from.
pub(super) struct Narrowing<'a> {
    lines: Lines<'a>,
    codes: &'a CodeSets,
    base: Option<&'a ProfileElement>,
    placed: Vec<Placed>,
}

/// Where a profile allows more.
pub(super) struct Wider {
    /// The member that says so.
    pub(super) member: &'static str,
    /// What is wrong.
    pub(super) sentence: String,
}

/// What is said below of an element.
#[derive(Default)]
struct Below<'a> {
    /// Of the element itself, or of the slice.
    same: Vec<&'a ProfileElement>,
    /// Of the element that the slice is one of.
    sliced: Vec<&'a ProfileElement>,
    /// What the type says of the element.
    element: Option<&'a Element>,
}

/// One element beside what is said of it below.
struct Comparison<'a> {
    lines: Lines<'a>,
    codes: &'a CodeSets,
    own: &'a Placed,
    below: Below<'a>,
    found: Vec<Wider>,
}

impl<'a> Narrowing<'a> {
    pub(super) fn new(
        lines: Lines<'a>,
        codes: &'a CodeSets,
        (draft, root): (&ProfileDraft, TypeId),
        base: Option<&'a ProfileElement>,
    ) -> Self {
        let nothing = ProfileElement::default();
        let tree = TreeBuilder::new(lines.structures, root, base.unwrap_or(&nothing));
        Self {
            lines,
            codes,
            base,
            placed: tree.placed(draft.elements().to_vec()),
        }
    }

    /// Where the element of that number allows more.
    pub(super) fn element(&self, number: usize) -> Vec<Wider> {
        let Some(own) = self.placed.get(number) else {
            return Vec::new();
        };
        let mut comparison = Comparison {
            lines: self.lines,
            codes: self.codes,
            own,
            below: self.below(own),
            found: Vec::new(),
        };
        comparison.occurrences();
        comparison.slicing();
        comparison.types();
        comparison.samples();
        comparison.bounds();
        comparison.binding();
        comparison.rules();
        comparison.found
    }

    /// What is said of an element below.
    fn below(&self, placed: &Placed) -> Below<'a> {
        let mut nodes: Vec<&ProfileElement> = self.base.into_iter().collect();
        let Some(((name, slice), above)) = placed.address.split_last() else {
            return Below {
                same: nodes,
                ..Below::default()
            };
        };
        for (name, slice) in above {
            nodes = self.entered(&nodes, name);
            let (same, sliced) = at_slice(nodes, slice.as_deref());
            nodes = [sliced, same].concat();
        }
        let (same, sliced) = at_slice(self.entered(&nodes, name), slice.as_deref());
        let owner = placed.owner.map(|owner| self.lines.structures.get(owner));
        Below {
            same,
            sliced,
            element: owner.and_then(|owner| owner.element(name)),
        }
    }

    /// What nodes, and the profiles that they must meet, say of the element of that name below them.
    fn entered(&self, nodes: &[&'a ProfileElement], name: &str) -> Vec<&'a ProfileElement> {
        let met = nodes.iter().filter_map(|node| match &*node.rules.types {
            [one] => match &*one.profiles {
                [url] => self.lines.known.get(url).map(|profile| &profile.root),
                _ => None,
            },
            _ => None,
        });
        let all = nodes.iter().copied().chain(met);
        all.filter_map(|node| node.child(name)).collect()
    }
}

impl<'a> Below<'a> {
    fn all(&self) -> Vec<&'a ProfileElement> {
        self.same.iter().chain(&self.sliced).copied().collect()
    }
}

impl Comparison<'_> {
    fn add(&mut self, member: &'static str, what: &str) {
        let path = &self.own.element.path;
        let sentence = format!("'{path}' allows more than what it is derived from: {what}");
        self.found.push(Wider { member, sentence });
    }

    fn occurrences(&mut self) {
        // A type occurs as often as whoever has it says.
        if self.own.address.is_empty() {
            return;
        }
        let rules = &self.own.element.rules;
        let least = self.below.same.iter().filter_map(|node| node.rules.min);
        if let (Some(own), Some(least)) = (rules.min, least.max())
            && own < least
        {
            self.add("min", &format!("it occurs {least} times at least there"));
        }
        let most = self
            .below
            .all()
            .into_iter()
            .filter_map(|node| match node.rules.max {
                Some(Occurrences::AtMost(most)) => Some(most),
                _ => None,
            });
        if let (Some(own), Some(most)) = (rules.max, most.min())
            && !matches!(own, Occurrences::AtMost(own) if own <= most)
        {
            self.add("max", &format!("it occurs {most} times at most there"));
        }
        let longest = self
            .below
            .all()
            .into_iter()
            .filter_map(|node| node.rules.max_length);
        if let (Some(own), Some(longest)) = (rules.max_length, longest.min())
            && own > longest
        {
            let sentence = format!("it has {longest} characters at most there");
            self.add("maxLength", &sentence);
        }
    }

    /// Slices may be added where others are allowed, and be told apart by more.
    fn slicing(&mut self) {
        let is_new = self.below.same.is_empty() && !self.below.sliced.is_empty();
        let closed = |node: &&ProfileElement| {
            let slicing = node.slicing.as_ref();
            slicing.is_some_and(|slicing| slicing.rules == SlicingRules::Closed)
        };
        if is_new && self.below.sliced.last().is_some_and(closed) {
            self.add("sliceName", "there are no further slices there");
        }
        let Some(own) = &self.own.element.slicing else {
            return;
        };
        let openness = |rules| match rules {
            SlicingRules::Closed => 0,
            SlicingRules::OpenAtEnd => 1,
            SlicingRules::Open => 2,
        };
        let others = self.below.same.iter();
        let others: Vec<_> = others.filter_map(|node| node.slicing.as_ref()).collect();
        if others
            .iter()
            .any(|other| openness(own.rules) > openness(other.rules))
        {
            self.add(
                "slicing.rules",
                "what may stand beside the slices is less there",
            );
        }
        if others.iter().any(|other| other.ordered && !own.ordered) {
            self.add("slicing.ordered", "the slices have an order there");
        }
        let is_lost = |other: &super::Discriminator| {
            !own.discriminators.is_empty() && !own.discriminators.contains(other)
        };
        let mut lost = others.iter().flat_map(|other| &other.discriminators);
        if let Some(lost) = lost.find(|other| is_lost(other)) {
            let sentence = format!("slices are told apart by '{}' there", lost.path);
            self.add("slicing.discriminator", &sentence);
        }
    }

    fn types(&mut self) {
        let lines = self.lines;
        let of_type = self.below.element.into_iter();
        let of_type: Vec<_> = of_type.flat_map(|element| &element.types).collect();
        for own in &self.own.element.rules.types {
            let lists = self.below.all().into_iter().map(|node| &node.rules.types);
            let mut lists = lists.filter(|types| !types.is_empty());
            let fits =
                |types: &Vec<AllowedType>| types.iter().any(|other| lines.is_allowed(own, other));
            if let Some(types) = lists.find(|types| !fits(types)) {
                let types: Vec<String> = types.iter().map(shown).collect();
                self.add("type", &format!("it is of {} there", types.join(" or ")));
            }
            let leads_there = |url: &str| {
                let named = |id| *lines.structures.get(id).name == *own.name;
                let mut types = of_type.iter().filter(|one| named(one.type_id)).peekable();
                types.peek().is_none()
                    || types.any(|one| {
                        let names = one.targets.iter();
                        let urls: Vec<_> =
                            names.map(|name| format!("{CORE}{name}").into()).collect();
                        urls.is_empty() || lines.is_within(url, &urls)
                    })
            };
            if let Some(target) = own.targets.iter().find(|url| !leads_there(url)) {
                self.add("type", &format!("it does not lead to {target} there"));
            }
        }
    }

    /// A value that is given stays, and what is given of it.
    fn samples(&mut self) {
        fn value(sample: &Option<Sample>) -> Option<crate::json::Value<'_>> {
            sample.as_ref().and_then(Sample::value)
        }
        let rules = &self.own.element.rules;
        let (fixed, pattern) = (value(&rules.fixed), value(&rules.pattern));
        for node in self.below.all() {
            let other = (value(&node.rules.fixed), value(&node.rules.pattern));
            let is_other_fixed = fixed.is_some_and(|fixed| {
                other.0.is_some_and(|other| !is_fixed(fixed, other))
                    || other.1.is_some_and(|other| !has_pattern(fixed, other))
            });
            if is_other_fixed {
                self.add("fixed", "another value is given there");
            }
            let is_other_pattern = pattern.is_some_and(|pattern| {
                other.0.is_some_and(|other| !has_pattern(other, pattern))
                    || other.1.is_some_and(|other| !has_pattern(pattern, other))
            });
            if is_other_pattern {
                self.add(
                    "pattern",
                    "the value that is given there has more, or other parts",
                );
            }
        }
    }

    fn bounds(&mut self) {
        use std::cmp::Ordering;
        let rules = &self.own.element.rules;
        let exceeds = |own: &Option<Sample>, other: &Option<Sample>, wrong| {
            let own = own.as_ref().and_then(Sample::value);
            let bounds = own.zip(other.as_ref());
            bounds.is_some_and(|(own, other)| compare(own, other) == Some(wrong))
        };
        for node in self.below.all() {
            let node = &node.rules;
            if exceeds(&rules.least, &node.least, Ordering::Less) {
                self.add("minValue", "the least value is greater there");
            }
            if exceeds(&rules.greatest, &node.greatest, Ordering::Greater) {
                self.add("maxValue", "the greatest value is less there");
            }
        }
    }

    fn binding(&mut self) {
        let Some(own) = &self.own.element.rules.binding else {
            return;
        };
        let of_type = self
            .below
            .element
            .and_then(|element| element.binding.as_ref());
        let nodes = self.below.same.iter();
        let others = nodes.filter_map(|node| node.rules.binding.as_ref());
        let others: Vec<&Binding> = others.chain(of_type).collect();
        if let Some(other) = others.iter().max_by_key(|other| strictness(other))
            && strictness(own) < strictness(other)
        {
            let sentence = format!("the binding to {} is stricter there", other.value_set);
            self.add("binding.strength", &sentence);
        }
        let is_required = |binding: &&&Binding| binding.strength == BindingStrength::Required;
        for other in others.iter().filter(is_required) {
            if let Some(code) = self.further_code(own, other) {
                let sentence = format!("'{code}' is no code of {} there", other.value_set);
                self.add("binding.valueSet", &sentence);
            }
        }
    }

    /// A code of one value set that another does not have, as far as both are enumerated here.
    fn further_code(&self, own: &Binding, other: &Binding) -> Option<Box<str>> {
        let known = |binding: &Binding| {
            let set = self.codes.by_canonical(&binding.value_set);
            set.filter(|set| !set.is_open)
        };
        let (own, other) = known(own).zip(known(other))?;
        own.systems.iter().find_map(|part| match &part.codes {
            Codes::Listed(codes) => {
                let is_further = |code: &str| {
                    let found = other.membership(Some(&part.system), code);
                    found == crate::definitions::codes::Membership::Out
                };
                codes.iter().find(|code| is_further(code)).cloned()
            }
            _ => None,
        })
    }

    /// A rule of the same key would take the place of the other.
    fn rules(&mut self) {
        let own = &self.own.element.rules;
        let mut lost = Vec::new();
        for rule in &own.constraints {
            let others = self.below.same.iter();
            let mut others = others.flat_map(|node| &node.rules.constraints);
            let is_other = others.any(|other| {
                other.key == rule.key
                    && (other.expression != rule.expression || rule.is_warning && !other.is_warning)
            });
            if is_other {
                lost.push(format!("'{}' is another rule there", rule.key));
            }
        }
        for sentence in lost {
            self.add("constraint", &sentence);
        }
        let mut others = self.below.same.iter().map(|node| node.rules.is_modifier);
        if own.is_modifier == Some(false) && others.any(|other| other == Some(true)) {
            self.add("isModifier", "it is a modifier there");
        }
    }
}

/// What nodes say of a slice; and what they, and the slices it is a slice of, say of all that may be one.
fn at_slice<'a>(
    nodes: Vec<&'a ProfileElement>,
    slice: Option<&str>,
) -> (Vec<&'a ProfileElement>, Vec<&'a ProfileElement>) {
    let (mut same, mut sliced) = (nodes, Vec::new());
    for name in slice.into_iter().flat_map(line) {
        let inner = same
            .iter()
            .filter_map(|node| slice_of(node, name))
            .collect();
        sliced.append(&mut same);
        same = inner;
    }
    (same, sliced)
}

fn shown(one: &AllowedType) -> String {
    let urls: Vec<&str> = one
        .profiles
        .iter()
        .chain(&one.targets)
        .map(|url| &**url)
        .collect();
    match urls.is_empty() {
        true => one.name.to_string(),
        false => format!("{} ({})", one.name, urls.join(" or ")),
    }
}

fn strictness(binding: &Binding) -> u8 {
    match binding.strength {
        BindingStrength::Required => 3,
        BindingStrength::Extensible => 2,
        BindingStrength::Preferred => 1,
        BindingStrength::Example => 0,
    }
}
