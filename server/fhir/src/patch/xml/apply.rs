//! The operations of RFC 5261 §4.3–4.5 on a tree.

use std::borrow::Cow;

use super::super::{PatchError, PatchErrorKind, Reason, error, reason};
use super::select::{Selected, Selector};
use super::tree::{Attribute, Content, NodeId, Tree};
use crate::xml::{Binding, XML_NAMESPACE, XmlLimits};

/// One child element of the patch's outermost element.
struct Operation<'p, 'a> {
    patch: &'p Tree<'a>,
    node: NodeId,
    scope: &'p [Binding<'a>],
}

/// Applies all operations in order.
pub(super) fn all<'a>(
    tree: &mut Tree<'a>,
    patch: &Tree<'a>,
    work_bytes_max: usize,
) -> Result<(), PatchError> {
    let mut work = 0;
    for (place, (node, scope)) in patch.scopes.iter().enumerate() {
        let operation = Operation {
            patch,
            node: *node,
            scope,
        };
        let path = operation.attribute("sel").unwrap_or_default().to_owned();
        let fail = |why: Reason| error(Some(place), &path, why);
        // A node stands for some dozens of bytes of text.
        work += tree.len() * 32;
        if work > work_bytes_max {
            let sentence = "the patch is too much work for a resource of this size";
            return Err(fail(reason(PatchErrorKind::Costly, sentence)));
        }
        operation.apply(tree).map_err(fail)?;
    }
    Ok(())
}

fn malformed(sentence: &str) -> Reason {
    reason(PatchErrorKind::Malformed, sentence)
}

fn nowhere(sentence: &str) -> Reason {
    reason(PatchErrorKind::Place, sentence)
}

fn is_space(tree: &Tree<'_>, node: NodeId) -> bool {
    matches!(&tree.node(node).content, Content::Text(text) if text.trim_matches([' ', '\t', '\n', '\r']).is_empty())
}

impl<'a> Operation<'_, 'a> {
    fn attribute(&self, name: &str) -> Option<&str> {
        let element = self.patch.element(self.node)?;
        let found = element
            .attributes
            .iter()
            .find(|one| one.local == name && one.namespace.is_empty())?;
        Some(&found.value)
    }

    /// The content, as it is.
    fn content(&self) -> &[NodeId] {
        self.patch.children(self.node)
    }

    /// The one node of the content that is not white space.
    fn only(&self) -> Result<NodeId, Reason> {
        let mut nodes = self
            .content()
            .iter()
            .filter(|node| !is_space(self.patch, **node));
        match (nodes.next(), nodes.next()) {
            (Some(node), None) => Ok(*node),
            _ => Err(malformed("exactly one node must replace one node")),
        }
    }

    /// The content as text.
    fn text(&self) -> Result<String, Reason> {
        let is_text = |node: &NodeId| matches!(self.patch.node(*node).content, Content::Text(_));
        match self.content().iter().all(is_text) {
            true => Ok(self.patch.string_value(self.node)),
            false => Err(malformed("only text may stand here")),
        }
    }

    fn apply(&self, tree: &mut Tree<'a>) -> Result<(), Reason> {
        let element = self
            .patch
            .element(self.node)
            .ok_or_else(|| malformed("no operation"))?;
        let allowed: &[&str] = match element.local {
            "add" => &["sel", "pos", "type"],
            "replace" => &["sel"],
            "remove" => &["sel", "ws"],
            _ => return Err(malformed("an operation is add, replace or remove")),
        };
        let is_allowed =
            |one: &Attribute<'_>| one.namespace.is_empty() && allowed.contains(&&*one.local);
        if !element.attributes.iter().all(is_allowed) {
            return Err(malformed("an attribute that RFC 5261 does not define here"));
        }
        let sel = self
            .attribute("sel")
            .ok_or_else(|| malformed("'sel' is missing"))?;
        if sel.contains("namespace::")
            || self
                .attribute("type")
                .is_some_and(|kind| kind.starts_with("namespace::"))
        {
            return Err(malformed(
                "namespace declarations are no part of a resource",
            ));
        }
        let selector = Selector::parse(sel, self.scope).map_err(malformed)?;
        let mut found = selector.find(tree).into_iter();
        let selected = match (found.next(), found.next()) {
            (Some(selected), None) => selected,
            (None, _) if selector.is_of_no_content() => return Ok(()),
            (None, _) => return Err(nowhere("there is no such place")),
            (Some(_), Some(_)) => return Err(nowhere("there is more than one such place")),
        };
        match element.local {
            "add" => self.add(tree, &selected),
            "replace" => self.replace(tree, &selected),
            _ => self.remove(tree, &selected),
        }
    }

    /// Refuses content that would nest too deeply below a parent.
    fn fits(&self, tree: &Tree<'a>, parent: NodeId) -> Result<(), Reason> {
        let height = self.patch.height(self.node);
        match tree.depth(parent) + height <= XmlLimits::default().nesting {
            true => Ok(()),
            false => Err(reason(PatchErrorKind::Result, "nested too deeply")),
        }
    }

    fn add(&self, tree: &mut Tree<'a>, selected: &Selected) -> Result<(), Reason> {
        let Selected::Node(node) = *selected else {
            return Err(malformed("nothing can be added to an attribute"));
        };
        let is_element = tree.element(node).is_some();
        if let Some(kind) = self.attribute("type") {
            let name = kind
                .strip_prefix('@')
                .ok_or_else(|| malformed("'type' is not '@name'"))?;
            return self.add_attribute(tree, node, name);
        }
        let beside = |after: usize| {
            let parent = tree.node(node).parent;
            let place = tree
                .children(parent)
                .iter()
                .position(|child| *child == node);
            (parent, place.unwrap_or_default() + after)
        };
        let (parent, place) = match self.attribute("pos") {
            None if is_element => (node, tree.children(node).len()),
            Some("prepend") if is_element => (node, 0),
            Some("before") => beside(0),
            Some("after") => beside(1),
            None | Some("prepend") => return Err(malformed("only an element has children")),
            Some(_) => return Err(malformed("'pos' is before, after or prepend")),
        };
        let is_document = parent == 0;
        let is_content = |node: &NodeId| {
            matches!(
                self.patch.node(*node).content,
                Content::Element(_) | Content::Text(_)
            )
        };
        if is_document && self.content().iter().any(is_content) {
            return Err(malformed("beside the outermost element nothing can stand"));
        }
        self.fits(tree, parent)?;
        tree.graft(self.patch, self.content(), parent, place);
        Ok(())
    }

    fn add_attribute(&self, tree: &mut Tree<'a>, node: NodeId, name: &str) -> Result<(), Reason> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = match (self.scope.iter().rfind(|one| one.prefix == prefix), prefix) {
            (_, "") => Cow::Borrowed(""),
            (Some(binding), _) => binding.namespace.clone(),
            (None, "xml") => Cow::Borrowed(XML_NAMESPACE),
            (None, _) => return Err(malformed("'type' uses a prefix that is not declared")),
        };
        if !crate::xml::is_ncname(local) || local == "xmlns" {
            return Err(malformed("'type' names no attribute"));
        }
        let value = self.text()?;
        let element = tree
            .change(node)
            .ok_or_else(|| malformed("only an element has attributes"))?;
        let is_it = |one: &Attribute<'_>| one.local == local && one.namespace == namespace;
        if element.attributes.iter().any(is_it) {
            return Err(nowhere("the attribute is there already"));
        }
        element.attributes.push(Attribute {
            local: Cow::Owned(local.to_owned()),
            namespace,
            value: Cow::Owned(value),
        });
        Ok(())
    }

    fn replace(&self, tree: &mut Tree<'a>, selected: &Selected) -> Result<(), Reason> {
        let node = match *selected {
            Selected::Node(node) => node,
            Selected::Attribute(node, place) => {
                let value = self.text()?;
                if let Some(attribute) = tree
                    .change(node)
                    .and_then(|element| element.attributes.get_mut(place))
                {
                    attribute.value = Cow::Owned(value);
                }
                return Ok(());
            }
        };
        if matches!(tree.node(node).content, Content::Text(_)) {
            let value = self.text()?;
            if let Some(text) = tree.change_text(node) {
                *text = Cow::Owned(value);
            }
            return Ok(());
        }
        let new = self.only()?;
        let same_kind = std::mem::discriminant(&tree.node(node).content)
            == std::mem::discriminant(&self.patch.node(new).content);
        if !same_kind {
            return Err(malformed("a node is replaced by one of its own kind"));
        }
        self.fits(tree, tree.node(node).parent)?;
        let (parent, place) = tree
            .cut(node)
            .ok_or_else(|| nowhere("there is no such place"))?;
        tree.graft(self.patch, &[new], parent, place);
        Ok(())
    }

    fn remove(&self, tree: &mut Tree<'a>, selected: &Selected) -> Result<(), Reason> {
        if !self.content().is_empty() {
            return Err(malformed("a removal has no content"));
        }
        let (before, after) = match self.attribute("ws") {
            None => (false, false),
            Some("before") => (true, false),
            Some("after") => (false, true),
            Some("both") => (true, true),
            Some(_) => return Err(malformed("'ws' is before, after or both")),
        };
        let node = match *selected {
            Selected::Node(node) => node,
            Selected::Attribute(..) if before || after => {
                return Err(malformed("an attribute has no white space beside it"));
            }
            Selected::Attribute(node, place) => {
                if let Some(element) = tree.change(node) {
                    element.attributes.remove(place);
                }
                return Ok(());
            }
        };
        let parent = tree.node(node).parent;
        if parent == 0 && tree.element(node).is_some() {
            let sentence = "the resource itself cannot be removed";
            return Err(reason(PatchErrorKind::Identity, sentence));
        }
        let siblings = tree.children(parent);
        let place = siblings
            .iter()
            .position(|child| *child == node)
            .unwrap_or_default();
        let neighbour = |wanted: bool, place: Option<usize>| match wanted {
            false => Ok(None),
            true => place
                .and_then(|place| siblings.get(place))
                .copied()
                .filter(|sibling| is_space(tree, *sibling))
                .map(Some)
                .ok_or_else(|| nowhere("there is no white space beside it")),
        };
        let spaces = [
            neighbour(before, place.checked_sub(1))?,
            neighbour(after, Some(place + 1))?,
        ];
        for one in spaces.into_iter().flatten().chain([node]) {
            tree.cut(one);
        }
        Ok(())
    }
}
