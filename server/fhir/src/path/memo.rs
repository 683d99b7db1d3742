//! What stays the same for all items of a list is found once: in `contained.where('#' + id in %resource.descendants().reference)`
//! all that is behind `in`. The parser marks such parts, an evaluation keeps what they gave.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::EvaluationError;
use super::collection::Collection;
use super::evaluation::{Answer, Evaluation, Focus, weight};
use super::tree::Tree;

/// Functions that evaluate their argument for each item, with that item as `$this`.
const LOOPS: [&str; 5] = ["where", "select", "repeat", "all", "exists"];

/// Most that one evaluation keeps, in items and parts of long texts.
const KEPT_MAX: usize = 50_000;

/// Marks what does not depend on the item, wherever a list is gone through.
pub(super) fn mark(tree: &mut Tree) {
    Marker { next: 0 }.visit(tree, false);
}

struct Marker {
    next: u16,
}

impl Marker {
    fn visit(&mut self, tree: &mut Tree, in_loop: bool) {
        let costs = matches!(
            tree,
            Tree::Path { .. } | Tree::Call(_) | Tree::Binary(..) | Tree::Indexer(..)
        );
        if in_loop && costs && is_closed(tree, false) && self.next < u16::MAX {
            let slot = self.next;
            self.next += 1;
            self.below(tree, false);
            let inner = std::mem::replace(tree, Tree::Empty);
            *tree = Tree::Once(slot, Box::new(inner));
        } else {
            self.below(tree, in_loop);
        }
    }

    fn below(&mut self, tree: &mut Tree, in_loop: bool) {
        match tree {
            Tree::Empty
            | Tree::Literal(_)
            | Tree::Variable(_)
            | Tree::This
            | Tree::Index
            | Tree::Total => {}
            Tree::Path { base, .. } => {
                if let Some(base) = base {
                    self.visit(base, in_loop);
                }
            }
            Tree::Call(call) => {
                if let Some(base) = &mut call.base {
                    self.visit(base, in_loop);
                }
                // The signs of keys mean something to `sort`.
                let is_loop = LOOPS.contains(&call.function.name);
                if call.function.name != "sort" {
                    for argument in &mut call.arguments {
                        self.visit(argument, in_loop || is_loop);
                    }
                }
            }
            Tree::Indexer(base, index) => {
                self.visit(base, in_loop);
                self.visit(index, in_loop);
            }
            Tree::Polarity(_, base) | Tree::TypeOperator { base, .. } | Tree::Once(_, base) => {
                self.visit(base, in_loop);
            }
            Tree::Binary(_, left, right) => {
                self.visit(left, in_loop);
                self.visit(right, in_loop);
            }
        }
    }
}

/// Whether a tree gives the same whatever the focus. `own` says that `$this` is bound within the tree.
fn is_closed(tree: &Tree, own: bool) -> bool {
    match tree {
        Tree::Empty | Tree::Literal(_) | Tree::Variable(_) => true,
        Tree::This | Tree::Index => own,
        Tree::Total => false,
        Tree::Path { base, .. } => base.as_ref().map_or(own, |base| is_closed(base, own)),
        Tree::Call(call) => {
            let name = call.function.name;
            let binds = LOOPS.contains(&name);
            name != "trace"
                && call.base.as_ref().map_or(own, |base| is_closed(base, own))
                && call
                    .arguments
                    .iter()
                    .all(|one| is_closed(one, own || binds))
        }
        Tree::Indexer(left, right) | Tree::Binary(_, left, right) => {
            is_closed(left, own) && is_closed(right, own)
        }
        Tree::Polarity(_, base) | Tree::TypeOperator { base, .. } | Tree::Once(_, base) => {
            is_closed(base, own)
        }
    }
}

/// What the marked parts have given in one evaluation.
#[derive(Default)]
pub(super) struct Memo<'a> {
    kept: RefCell<Vec<(u16, Rc<Collection<'a>>)>>,
    size: Cell<usize>,
}

impl<'a> Evaluation<'_, 'a> {
    /// What a marked part gives.
    pub(super) fn once(
        &self,
        slot: u16,
        tree: &'a Tree,
        focus: Focus<'_, 'a>,
    ) -> Result<Rc<Collection<'a>>, EvaluationError> {
        let known = self.memo.kept.borrow();
        if let Some((_, found)) = known.iter().find(|(other, _)| *other == slot) {
            return Ok(Rc::clone(found));
        }
        drop(known);
        let found = Rc::new(self.run(tree, focus)?);
        let size = self.memo.size.get() + size(&found);
        if size <= KEPT_MAX {
            self.memo.size.set(size);
            self.memo.kept.borrow_mut().push((slot, Rc::clone(&found)));
        }
        Ok(found)
    }

    /// The same as a collection of its own.
    pub(super) fn once_more(&self, slot: u16, tree: &'a Tree, focus: Focus<'_, 'a>) -> Answer<'a> {
        let found = self.once(slot, tree, focus)?;
        self.charge(size(&found))?;
        Ok(Rc::unwrap_or_clone(found))
    }
}

fn size(items: &[super::Item<'_>]) -> usize {
    1 + items.iter().map(|item| 1 + weight(item)).sum::<usize>()
}
