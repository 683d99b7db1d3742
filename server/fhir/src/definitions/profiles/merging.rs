//! The elements of a differential become a tree, and the tree is laid over that of the profile it is derived from.

use std::collections::HashMap;

use super::reading::RawElement;
use super::{
    AllowedType, Discriminator, DiscriminatorKind, ElementRules, Profile, ProfileElement, Profiles,
    Slicing, SlicingRules,
};
use crate::definitions::structure::{Structures, TypeId};

/// A place in the tree: names of elements and slices from the root.
pub(super) type Address = Vec<(Box<str>, Option<Box<str>>)>;

/// An element of a differential, and where in the tree it belongs.
pub(super) struct Placed {
    pub(super) address: Address,
    /// The type that has it.
    pub(super) owner: Option<TypeId>,
    /// What it says, with the type that its name chooses.
    pub(super) element: RawElement,
}

/// Builds the tree of one differential.
pub(super) struct TreeBuilder<'s> {
    structures: &'s Structures,
    base: &'s ProfileElement,
    root: ProfileElement,
    /// Where the element of each path stood last: what follows below that path belongs to it.
    latest: HashMap<String, Address>,
    types: HashMap<Address, TypeId>,
    /// The paths of the differential, and whether one of them is sliced or a slice.
    paths: HashMap<String, bool>,
}

impl<'s> TreeBuilder<'s> {
    /// A builder for a differential against a tree.
    pub(super) fn new(
        structures: &'s Structures,
        type_id: TypeId,
        base: &'s ProfileElement,
    ) -> Self {
        Self {
            structures,
            base,
            root: ProfileElement::default(),
            latest: HashMap::new(),
            types: HashMap::from([(Address::new(), type_id)]),
            paths: HashMap::new(),
        }
    }

    /// The tree of these elements, in their order.
    pub(super) fn build(mut self, elements: Vec<RawElement>) -> ProfileElement {
        self.note(&elements);
        for mut element in elements {
            let address = self.address(&mut element);
            let place = find(&mut self.root, &address);
            lay_rules(&mut place.rules, element.rules);
            if element.slicing.is_some() {
                place.slicing = element.slicing;
            }
        }
        self.root
    }

    /// Where each of these elements belongs, in their order.
    pub(super) fn placed(mut self, elements: Vec<RawElement>) -> Vec<Placed> {
        self.note(&elements);
        let place = |mut element: RawElement| {
            let address = self.address(&mut element);
            let above = address.split_last().map(|(_, above)| above.to_vec());
            Placed {
                owner: above.and_then(|above| self.type_of(&above)),
                address,
                element,
            }
        };
        elements.into_iter().map(place).collect()
    }

    fn note(&mut self, elements: &[RawElement]) {
        for element in elements {
            let is_sliced = element.slice.is_some() || element.slicing.is_some();
            *self.paths.entry(element.path.clone()).or_default() |= is_sliced;
        }
    }

    /// Where the next element belongs; the type that its name chooses becomes part of what it says.
    fn address(&mut self, element: &mut RawElement) -> Address {
        let RawElement {
            path, slice, rules, ..
        } = element;
        let address = match path.rsplit_once('.') {
            None => Address::new(),
            Some((parent, name)) => {
                let mut address = self.parent(parent);
                let step = self.step(&address, (parent, name), slice.as_deref(), rules);
                address.push(step);
                address
            }
        };
        let below = format!("{path}.");
        self.latest.retain(|other, _| !other.starts_with(&below));
        self.latest.insert(path.clone(), address.clone());
        if let [one] = &*rules.types
            && !matches!(&*one.name, "BackboneElement" | "Element")
            && let Some(type_id) = self.structures.by_name(&one.name)
        {
            self.types.insert(address.clone(), type_id);
        }
        address
    }

    /// Where the elements below a path go.
    fn parent(&self, path: &str) -> Address {
        if let Some(address) = self.latest.get(path) {
            return address.clone();
        }
        let Some((parent, name)) = path.rsplit_once('.') else {
            return Address::new();
        };
        let mut address = self.parent(parent);
        let step = self.step(&address, (parent, name), None, &mut ElementRules::default());
        address.push(step);
        address
    }

    /// The name of an element and slice. `valueQuantity` leaves `value[x]` that type alone where it asks for it; beside
    /// others of its kind, and where it need not be there, it is the slice of that type.
    fn step(
        &self,
        address: &Address,
        (parent, name): (&str, &str),
        slice: Option<&str>,
        rules: &mut ElementRules,
    ) -> (Box<str>, Option<Box<str>>) {
        if let Some(bare) = name.strip_suffix("[x]") {
            return (bare.into(), slice.map(Into::into));
        }
        let choice = self.type_of(address).and_then(|type_id| {
            let (element, chosen) = self.structures.get(type_id).member(name)?;
            element.is_choice.then_some((element, chosen))
        });
        let Some((element, chosen)) = choice else {
            return (name.into(), slice.map(Into::into));
        };
        // As HL7's own tool reads it.
        let asks_for_it = !rules.types.is_empty()
            || rules.min.is_some_and(|min| min > 0)
            || address.iter().any(|(_, slice)| slice.is_some());
        if rules.types.is_empty() {
            rules.types.push(AllowedType {
                name: self.structures.get(chosen.type_id).name.clone(),
                profiles: Vec::new(),
                targets: Vec::new(),
                aggregation: Vec::new(),
            });
        }
        let is_sliced = |name: &str| self.paths.get(&format!("{parent}.{name}")).copied();
        let others = element.types.iter().map(|one| &*one.json_name);
        let is_slice = slice.is_some()
            || !asks_for_it
            || is_sliced(name) == Some(true)
            || is_sliced(&format!("{}[x]", element.name)) == Some(true)
            || others.filter(|other| is_sliced(other).is_some()).count() > 1
            || self.is_sliced_below(address, &element.name, name);
        let slice = is_slice.then(|| slice.unwrap_or(name).into());
        (element.name.clone(), slice)
    }

    /// Whether what it is derived from has a slice of that name.
    fn is_sliced_below(&self, address: &Address, element: &str, slice: &str) -> bool {
        let mut place = Some(self.base);
        for (name, own) in address {
            place = place.and_then(|place| place.child(name));
            if let Some(own) = own {
                place = place.and_then(|place| slice_of(place, own));
            }
        }
        place
            .and_then(|place| place.child(element))
            .is_some_and(|place| slice_of(place, slice).is_some())
    }

    fn type_of(&self, address: &Address) -> Option<TypeId> {
        if let Some(type_id) = self.types.get(address) {
            return Some(*type_id);
        }
        let (last, parent) = address.split_last()?;
        let parent = self.type_of(&parent.to_vec())?;
        let definition = self.structures.get(parent);
        if let Some(slice) = &last.1
            && let Some((element, chosen)) = definition.member(slice)
            && *element.name == *last.0
        {
            return Some(chosen.type_id);
        }
        match &*definition.element(&last.0)?.types {
            [one] => Some(one.type_id),
            _ => None,
        }
    }
}

pub(super) fn slice_of<'t>(element: &'t ProfileElement, name: &str) -> Option<&'t ProfileElement> {
    let mut slices = element.slices.iter();
    slices.find(|slice| slice.slice.as_deref() == Some(name))
}

/// The element or slice at an address, made where it is not there.
fn find<'t>(root: &'t mut ProfileElement, address: &Address) -> &'t mut ProfileElement {
    let mut place = root;
    for (name, slice) in address {
        place = named(&mut place.children, name);
        for name in slice.iter().flat_map(|slice| line(slice)) {
            place = sliced(place, name);
        }
    }
    place
}

/// A slice of a slice is named after it: `lab`, then `lab/blood`.
pub(super) fn line(slice: &str) -> impl Iterator<Item = &str> {
    let cuts = slice.match_indices('/').map(|(cut, _)| cut);
    let cuts = cuts.chain([slice.len()]).filter(|cut| *cut > 0);
    cuts.map(|cut| &slice[..cut])
}

fn named<'t>(list: &'t mut Vec<ProfileElement>, name: &str) -> &'t mut ProfileElement {
    let place = list.iter().position(|child| &*child.name == name);
    let place = place.unwrap_or_else(|| {
        list.push(ProfileElement {
            name: name.into(),
            ..ProfileElement::default()
        });
        list.len() - 1
    });
    &mut list[place]
}

fn sliced<'t>(element: &'t mut ProfileElement, name: &str) -> &'t mut ProfileElement {
    let list = &mut element.slices;
    let place = list
        .iter()
        .position(|slice| slice.slice.as_deref() == Some(name));
    let place = place.unwrap_or_else(|| {
        list.push(ProfileElement {
            name: element.name.clone(),
            slice: Some(name.into()),
            ..ProfileElement::default()
        });
        list.len() - 1
    });
    &mut list[place]
}

/// Lays a tree over another; what it does not say stays.
pub(super) fn lay(base: &mut ProfileElement, over: ProfileElement) {
    lay_rules(&mut base.rules, over.rules);
    if let Some(mut slicing) = over.slicing {
        // A profile that only adds slices may leave out how they are told apart.
        if let Some(own) = &base.slicing
            && slicing.discriminators.is_empty()
        {
            slicing.discriminators.clone_from(&own.discriminators);
        }
        base.slicing = Some(slicing);
    }
    for slice in over.slices {
        let name = slice.slice.clone().unwrap_or_default();
        lay(sliced(base, &name), slice);
    }
    for child in over.children {
        let name = child.name.clone();
        lay(named(&mut base.children, &name), child);
    }
}

fn lay_rules(base: &mut ElementRules, over: ElementRules) {
    fn replace<T>(base: &mut Option<T>, over: Option<T>) {
        if over.is_some() {
            *base = over;
        }
    }
    replace(&mut base.min, over.min);
    replace(&mut base.max, over.max);
    replace(&mut base.fixed, over.fixed);
    replace(&mut base.pattern, over.pattern);
    replace(&mut base.least, over.least);
    replace(&mut base.greatest, over.greatest);
    replace(&mut base.regex, over.regex);
    replace(&mut base.max_length, over.max_length);
    replace(&mut base.binding, over.binding);
    replace(&mut base.is_modifier, over.is_modifier);
    if !over.types.is_empty() {
        base.types = over.types;
    }
    base.more_bindings.extend(over.more_bindings);
    base.must_have_value |= over.must_have_value;
    base.value_alternatives.extend(over.value_alternatives);
    for constraint in over.constraints {
        base.constraints.retain(|own| own.key != constraint.key);
        base.constraints.push(constraint);
    }
}

/// Gives slices whose differential does not say how they are told apart what the type, or the profile their parent must
/// meet, says.
pub(super) fn complete(element: &mut ProfileElement, profiles: &Profiles) {
    let met: Vec<&Profile> = match &*element.rules.types {
        [one] => one
            .profiles
            .iter()
            .filter_map(|url| profiles.get(url))
            .collect(),
        _ => Vec::new(),
    };
    for child in &mut element.children {
        let inherited = met.iter().find_map(|profile| {
            let own = profile.root.child(&child.name)?;
            own.slicing.is_some().then_some(own)
        });
        if child.slicing.is_none() && !child.slices.is_empty() {
            if let Some(own) = inherited {
                let mut merged = ProfileElement {
                    slicing: own.slicing.clone(),
                    slices: own.slices.clone(),
                    ..ProfileElement::default()
                };
                merged.name.clone_from(&child.name);
                lay(&mut merged, std::mem::take(child));
                *child = merged;
            } else {
                child.slicing = Some(implied(child));
            }
        }
        complete(child, profiles);
    }
    for slice in &mut element.slices {
        complete(slice, profiles);
    }
}

/// Extensions are told apart by URL, the types of a choice by type.
fn implied(element: &ProfileElement) -> Slicing {
    let is_extension = matches!(&*element.name, "extension" | "modifierExtension");
    let (kind, path) = if is_extension {
        (DiscriminatorKind::Value, "url")
    } else {
        (DiscriminatorKind::Type, "$this")
    };
    Slicing {
        discriminators: vec![Discriminator {
            kind,
            path: path.into(),
        }],
        rules: SlicingRules::Open,
        ordered: false,
    }
}
