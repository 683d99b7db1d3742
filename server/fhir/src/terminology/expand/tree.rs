//! Codes below others, as an expansion shows them.

use std::collections::{BTreeSet, HashMap};

use super::Entry;

/// Which code stands below which, by place.
pub(super) struct Tree {
    pub(super) roots: Vec<usize>,
    pub(super) children: HashMap<usize, Vec<usize>>,
}

impl Tree {
    pub(super) fn of(shown: &[&Entry], is_nested: bool) -> Self {
        let places: HashMap<&str, usize> = shown
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.code(), place))
            .collect();
        let mut tree = Self {
            roots: Vec::new(),
            children: HashMap::new(),
        };
        let mut above: HashMap<usize, usize> = HashMap::new();
        for (place, entry) in shown.iter().enumerate() {
            let mut parents = entry.concept.parents.iter();
            let parent = parents.find_map(|code| places.get(&**code).copied());
            match parent.filter(|parent| is_nested && !is_above(&above, place, *parent)) {
                Some(parent) => {
                    above.insert(place, parent);
                    tree.children.entry(parent).or_default().push(place);
                }
                None => tree.roots.push(place),
            }
        }
        tree
    }
}

/// Whether one stands above another already: a circle is cut where it would close.
fn is_above(above: &HashMap<usize, usize>, one: usize, other: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = Some(other);
    while let Some(place) = at {
        if place == one || !seen.insert(place) {
            return true;
        }
        at = above.get(&place).copied();
    }
    false
}
