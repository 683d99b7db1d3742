//! What concepts of a code system are asked for, as their tables can answer it: nothing here looks at all of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::code_system::CodeSystem;
use super::concept::Concept;
use super::knowledge::has_words;

pub use super::code_system::STANDARDS_STATUS;

/// A condition on the concepts of one code system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// All of these; of none, every concept.
    All(Vec<Condition>),
    /// One of these; of none, no concept.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// One of these codes.
    Codes {
        /// The codes; in lower case where their case does not matter.
        codes: Vec<Box<str>>,
        /// Whether their case does not matter.
        is_uncased: bool,
    },
    /// Below a code.
    Below {
        /// The code.
        code: Box<str>,
        /// Whether it is meant, too.
        with_itself: bool,
    },
    /// Right below one of these codes, or below any.
    RightBelow(Option<Box<Condition>>),
    /// Right above others.
    HasBelow,
    /// A property that has one of these values, or any.
    Said(Box<str>, Option<Vec<Box<str>>>),
    /// The text of a member, `display` or `definition`: one of these, or any.
    Text(&'static str, Option<Vec<Box<str>>>),
    /// Withdrawn by its standards status.
    Withdrawn,
    /// All these words in its code or texts.
    Words(Words),
}

/// Words in lower case, and what the signs of texts have to become so that the words are found in them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Words {
    /// The words.
    pub words: Vec<Box<str>>,
    /// Signs beyond ASCII whose lower case the words have.
    pub from: Box<str>,
    /// The lower case of each.
    pub to: Box<str>,
}

impl Condition {
    /// Every concept.
    pub const EVERY: Self = Self::All(Vec::new());

    /// No concept.
    pub const NONE: Self = Self::Any(Vec::new());

    /// All of these.
    pub fn all(list: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for one in list {
            match one {
                Self::All(more) => all.extend(more),
                one if one == Self::NONE => return Self::NONE,
                one => all.push(one),
            }
        }
        match all.len() {
            1 => all.swap_remove(0),
            _ => Self::All(all),
        }
    }

    /// One of these.
    pub fn any(list: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Vec::new();
        for one in list {
            match one {
                Self::Any(more) => any.extend(more),
                one if one == Self::EVERY => return Self::EVERY,
                one => any.push(one),
            }
        }
        match any.len() {
            1 => any.swap_remove(0),
            _ => Self::Any(any),
        }
    }

    /// The others.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Any(list) => Self::all(list.into_iter().map(Self::negated)),
            Self::All(list) if list.is_empty() => Self::NONE,
            Self::Not(other) => *other,
            other => Self::Not(Box::new(other)),
        }
    }

    /// These codes.
    pub fn codes<'c>(codes: impl IntoIterator<Item = &'c str>, is_uncased: bool) -> Self {
        let folded = |code: &str| match is_uncased {
            true => code.to_ascii_lowercase().into(),
            false => code.into(),
        };
        let mut codes: Vec<Box<str>> = codes.into_iter().map(folded).collect();
        codes.sort_unstable();
        codes.dedup();
        match codes.is_empty() {
            true => Self::NONE,
            false => Self::Codes { codes, is_uncased },
        }
    }

    /// Concepts that are no longer used.
    pub fn inactive(system: &CodeSystem) -> Self {
        let said = |property: &str, values: &[&str]| {
            let values = values.iter().map(|one| (*one).into()).collect();
            Self::Said(property.into(), Some(values))
        };
        Self::Any(vec![
            said(system.property_for("inactive"), &["true"]),
            said(
                system.property_for("status"),
                &["retired", "inactive", "withdrawn"],
            ),
            Self::Withdrawn,
        ])
    }

    /// Concepts that group others and are not meant to be chosen.
    pub fn not_selectable(system: &CodeSystem) -> Self {
        let property = system.property_for("notSelectable");
        Self::Said(property.into(), Some(vec!["true".into()]))
    }

    /// Whether it holds for a concept.
    pub fn holds(&self, concept: &Concept) -> bool {
        let is_one = |values: &Option<Vec<Box<str>>>, value: &str| {
            let values = values.as_ref();
            values.is_none_or(|values| values.iter().any(|one| **one == *value))
        };
        match self {
            Self::All(list) => list.iter().all(|one| one.holds(concept)),
            Self::Any(list) => list.iter().any(|one| one.holds(concept)),
            Self::Not(other) => !other.holds(concept),
            Self::Codes { .. } => self.names(&concept.code),
            Self::Below { code, with_itself } => {
                *with_itself && concept.code == *code || concept.ancestors.contains(code)
            }
            Self::RightBelow(above) => concept
                .parents
                .iter()
                .any(|code| above.as_ref().is_none_or(|above| above.names(code))),
            Self::HasBelow => concept.has_children,
            Self::Said(property, values) => {
                concept.values(property).any(|value| is_one(values, value))
            }
            Self::Text(member, values) => {
                let text = match *member {
                    "display" => &concept.display,
                    _ => &concept.definition,
                };
                text.as_deref().is_some_and(|text| is_one(values, text))
            }
            Self::Withdrawn => concept.extension(STANDARDS_STATUS) == Some("withdrawn"),
            Self::Words(words) => has_words(concept, &words.words),
        }
    }

    /// Whether a code is one of those named.
    fn names(&self, code: &str) -> bool {
        match self {
            Self::Codes { codes, is_uncased } => codes.iter().any(|one| match is_uncased {
                true => one.eq_ignore_ascii_case(code),
                false => **one == *code,
            }),
            _ => false,
        }
    }

    /// How many values it names, and conditions it is made of.
    pub fn weight(&self) -> usize {
        let values = |values: &Option<Vec<Box<str>>>| values.as_ref().map_or(0, Vec::len);
        1 + match self {
            Self::All(list) | Self::Any(list) => list.iter().map(Self::weight).sum(),
            Self::Not(other) => other.weight(),
            Self::Codes { codes, .. } => codes.len(),
            Self::RightBelow(above) => above.as_ref().map_or(0, |above| above.weight()),
            Self::Said(_, said) | Self::Text(_, said) => values(said),
            Self::Below { .. } | Self::HasBelow | Self::Withdrawn | Self::Words(_) => 0,
        }
    }

    /// How many conditions it is made of.
    pub fn clauses(&self) -> usize {
        match self {
            Self::All(list) | Self::Any(list) => 1 + list.iter().map(Self::clauses).sum::<usize>(),
            Self::Not(other) => 1 + other.clauses(),
            Self::Codes { .. }
            | Self::Below { .. }
            | Self::RightBelow(_)
            | Self::HasBelow
            | Self::Said(..)
            | Self::Text(..)
            | Self::Withdrawn
            | Self::Words(_) => 1,
        }
    }
}

impl Words {
    /// Words in lower case. `None` where it takes more than one sign to know the lower case of another.
    pub fn of(words: &[Box<str>]) -> Option<Self> {
        let (mut from, mut to) = (String::new(), String::new());
        let signs = words.iter().flat_map(|word| word.chars());
        for sign in signs {
            if matches!(sign, 'σ' | 'ς') {
                return None;
            }
            if to.contains(sign) {
                continue;
            }
            for upper in UPPER.get(&sign).into_iter().flatten() {
                from.push(*upper);
                to.push(sign);
            }
        }
        Some(Self {
            words: words.to_vec(),
            from: from.into(),
            to: to.into(),
        })
    }
}

/// The signs beyond ASCII whose lower case is another one sign.
static UPPER: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut upper: HashMap<char, Vec<char>> = HashMap::new();
    for sign in '\u{80}'..=char::MAX {
        let mut lower = sign.to_lowercase();
        if let (Some(lower), None) = (lower.next(), lower.next())
            && lower != sign
        {
            upper.entry(lower).or_default().push(sign);
        }
    }
    upper
});
