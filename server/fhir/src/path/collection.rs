//! A list of items that needs no memory of its own while it holds at most one, as most do.

use std::ops::Deref;

use super::item::Item;

/// An ordered list of items.
#[derive(Clone, Debug, Default)]
pub struct Collection<'a>(Held<'a>);

#[derive(Clone, Debug, Default)]
enum Held<'a> {
    #[default]
    None,
    One(Item<'a>),
    Many(Vec<Item<'a>>),
}

impl<'a> Collection<'a> {
    /// Nothing.
    pub fn empty() -> Self {
        Self(Held::None)
    }

    /// One item.
    pub fn one(item: Item<'a>) -> Self {
        Self(Held::One(item))
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: Item<'a>) {
        match &mut self.0 {
            Held::None => self.0 = Held::One(item),
            Held::Many(items) => items.push(item),
            Held::One(_) => {
                let mut items = Vec::with_capacity(4);
                if let Held::One(first) = std::mem::take(&mut self.0) {
                    items.push(first);
                }
                items.push(item);
                self.0 = Held::Many(items);
            }
        }
    }

    /// Takes the items away.
    pub fn into_vec(self) -> Vec<Item<'a>> {
        match self.0 {
            Held::None => Vec::new(),
            Held::One(item) => vec![item],
            Held::Many(items) => items,
        }
    }
}

impl<'a> Deref for Collection<'a> {
    type Target = [Item<'a>];

    fn deref(&self) -> &[Item<'a>] {
        match &self.0 {
            Held::None => &[],
            Held::One(item) => std::slice::from_ref(item),
            Held::Many(items) => items,
        }
    }
}

impl<'a> From<Vec<Item<'a>>> for Collection<'a> {
    fn from(items: Vec<Item<'a>>) -> Self {
        Self(Held::Many(items))
    }
}

impl<'a> From<Item<'a>> for Collection<'a> {
    fn from(item: Item<'a>) -> Self {
        Self::one(item)
    }
}

impl<'a> From<Option<Item<'a>>> for Collection<'a> {
    fn from(item: Option<Item<'a>>) -> Self {
        item.map_or_else(Self::empty, Self::one)
    }
}

impl From<bool> for Collection<'_> {
    fn from(value: bool) -> Self {
        Self::one(Item::Boolean(value))
    }
}

impl From<Option<bool>> for Collection<'_> {
    fn from(value: Option<bool>) -> Self {
        value.map(Item::Boolean).into()
    }
}

impl<'a> Extend<Item<'a>> for Collection<'a> {
    fn extend<T: IntoIterator<Item = Item<'a>>>(&mut self, items: T) {
        for item in items {
            self.push(item);
        }
    }
}

impl<'a> FromIterator<Item<'a>> for Collection<'a> {
    fn from_iter<T: IntoIterator<Item = Item<'a>>>(items: T) -> Self {
        let mut collection = Self::empty();
        collection.extend(items);
        collection
    }
}

impl<'a> IntoIterator for Collection<'a> {
    type Item = Item<'a>;
    type IntoIter = IntoItems<'a>;

    fn into_iter(self) -> IntoItems<'a> {
        match self.0 {
            Held::None => IntoItems {
                one: None,
                many: Vec::new().into_iter(),
            },
            Held::One(item) => IntoItems {
                one: Some(item),
                many: Vec::new().into_iter(),
            },
            Held::Many(items) => IntoItems {
                one: None,
                many: items.into_iter(),
            },
        }
    }
}

/// The items, taken one by one.
#[derive(Debug)]
pub struct IntoItems<'a> {
    one: Option<Item<'a>>,
    many: std::vec::IntoIter<Item<'a>>,
}

impl<'a> Iterator for IntoItems<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.one.take().or_else(|| self.many.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = usize::from(self.one.is_some()) + self.many.len();
        (count, Some(count))
    }
}
