//! A tree over XML for patching: nodes by number, and for each untouched element its source text.

use std::borrow::Cow;
use std::ops::Range;

use crate::xml::{
    Binding, Scanner, Tag, Token, XML_NAMESPACE, XmlError, XmlLimits, inner, push_attribute,
    push_text,
};

/// The number of a node; 0 is the document.
pub(super) type NodeId = usize;

/// All nodes of one text, those cut off included.
pub(super) struct Tree<'a> {
    text: &'a str,
    nodes: Vec<Node<'a>>,
    /// For each child element of the outermost one the namespaces in scope there.
    pub(super) scopes: Vec<(NodeId, Vec<Binding<'a>>)>,
}

pub(super) struct Node<'a> {
    pub(super) parent: NodeId,
    pub(super) content: Content<'a>,
}

pub(super) enum Content<'a> {
    Element(Element<'a>),
    /// Text, its references resolved.
    Text(Cow<'a, str>),
    /// A comment as it stands.
    Comment(&'a str),
    /// A processing instruction as it stands.
    Instruction(&'a str),
}

#[derive(Clone)]
pub(super) struct Element<'a> {
    pub(super) local: &'a str,
    pub(super) namespace: Cow<'a, str>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) children: Vec<NodeId>,
    /// Where it stands in the source, as long as nothing in it was changed and it needs no prefix.
    source: Option<Range<usize>>,
}

#[derive(Clone)]
pub(super) struct Attribute<'a> {
    pub(super) local: Cow<'a, str>,
    pub(super) namespace: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
}

impl<'a> Tree<'a> {
    /// Reads a text.
    pub(super) fn parse(bytes: &'a [u8], limits: XmlLimits) -> Result<Self, XmlError> {
        let mut scanner = Scanner::new(bytes, limits)?;
        let mut tree = Self {
            text: scanner.text(),
            nodes: Vec::with_capacity(bytes.len() / 24),
            scopes: Vec::new(),
        };
        let document = Element {
            local: "",
            namespace: Cow::Borrowed(""),
            attributes: Vec::new(),
            children: Vec::new(),
            source: None,
        };
        tree.nodes.push(Node {
            parent: 0,
            content: Content::Element(document),
        });
        let mut open: Vec<NodeId> = vec![0];
        loop {
            let parent = open.last().copied().unwrap_or_default();
            match scanner.next()? {
                Token::Start(tag) => {
                    let node = tree.append_element(parent, &tag, &scanner.take_attributes());
                    if open.len() == 2 {
                        tree.scopes.push((node, scanner.bindings().to_vec()));
                    }
                    open.push(node);
                }
                Token::End(end) => {
                    if let Some(element) = tree.element_mut(parent)
                        && let Some(source) = &mut element.source
                    {
                        source.end = end;
                    }
                    open.pop();
                }
                Token::Text(raw) => tree.append_text(parent, line_ends(raw)),
                Token::Reference(character, _) => {
                    tree.append_text(parent, Cow::Owned(character.to_string()));
                }
                Token::CData(raw) => {
                    // `<![CDATA[` and `]]>`
                    tree.append_text(parent, line_ends(inner(raw, 9, 3)));
                }
                Token::Comment(raw) => {
                    tree.append(parent, Content::Comment(raw));
                }
                Token::Instruction(raw) => {
                    tree.append(parent, Content::Instruction(raw));
                }
                Token::Eof => return Ok(tree),
            }
        }
    }

    fn append_element(
        &mut self,
        parent: NodeId,
        tag: &Tag<'a>,
        attributes: &[crate::xml::Attribute<'a>],
    ) -> NodeId {
        let element = Element {
            local: tag.local,
            namespace: tag.namespace.clone(),
            children: Vec::new(),
            source: Some(tag.start..tag.start),
            attributes: attributes.iter().map(attribute).collect(),
        };
        let node = self.append(parent, Content::Element(element));
        let is_free = |prefix: &str| matches!(prefix, "" | "xml");
        if !tag.prefix.is_empty() || !attributes.iter().all(|one| is_free(one.prefix)) {
            self.touch(node);
        }
        node
    }

    fn append(&mut self, parent: NodeId, content: Content<'a>) -> NodeId {
        let node = self.nodes.len();
        self.nodes.push(Node { parent, content });
        if let Some(element) = self.element_mut(parent) {
            element.children.push(node);
        }
        node
    }

    /// Appends text; text beside text is one node.
    fn append_text(&mut self, parent: NodeId, text: Cow<'a, str>) {
        let last = self.children(parent).last().copied();
        if let Some(Content::Text(before)) = last
            .and_then(|last| self.nodes.get_mut(last))
            .map(|node| &mut node.content)
        {
            before.to_mut().push_str(&text);
        } else if parent != 0 {
            self.append(parent, Content::Text(text));
        }
    }

    /// The number of nodes there are or were.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, node: NodeId) -> &Node<'a> {
        &self.nodes[node]
    }

    pub(super) fn element(&self, node: NodeId) -> Option<&Element<'a>> {
        match &self.nodes[node].content {
            Content::Element(element) => Some(element),
            Content::Text(_) | Content::Comment(_) | Content::Instruction(_) => None,
        }
    }

    /// The element, without marking it as changed.
    fn element_mut(&mut self, node: NodeId) -> Option<&mut Element<'a>> {
        match &mut self.nodes[node].content {
            Content::Element(element) => Some(element),
            Content::Text(_) | Content::Comment(_) | Content::Instruction(_) => None,
        }
    }

    pub(super) fn children(&self, node: NodeId) -> &[NodeId] {
        self.element(node)
            .map(|element| element.children.as_slice())
            .unwrap_or_default()
    }

    /// The number of elements around a node.
    pub(super) fn depth(&self, node: NodeId) -> usize {
        let mut depth = 0;
        let mut at = node;
        while at != 0 {
            depth += 1;
            at = self.nodes[at].parent;
        }
        depth
    }

    /// The deepest nesting below a node, itself included.
    pub(super) fn height(&self, node: NodeId) -> usize {
        let below = self.children(node).iter().map(|child| self.height(*child));
        1 + below.max().unwrap_or_default()
    }

    /// All text inside a node.
    pub(super) fn string_value(&self, node: NodeId) -> String {
        match &self.nodes[node].content {
            Content::Text(text) => text.to_string(),
            Content::Element(element) => element
                .children
                .iter()
                .map(|child| self.string_value(*child))
                .collect(),
            Content::Comment(_) | Content::Instruction(_) => String::new(),
        }
    }

    /// Marks an element as changed, and everything around it.
    fn touch(&mut self, node: NodeId) {
        let mut at = node;
        while at != 0 {
            let parent = self.nodes[at].parent;
            if let Some(element) = self.element_mut(at) {
                element.source = None;
            }
            at = parent;
        }
    }

    /// The element, to be changed.
    pub(super) fn change(&mut self, node: NodeId) -> Option<&mut Element<'a>> {
        self.touch(node);
        self.element_mut(node)
    }

    /// The text, to be changed.
    pub(super) fn change_text(&mut self, node: NodeId) -> Option<&mut Cow<'a, str>> {
        self.touch(node);
        match &mut self.nodes[node].content {
            Content::Text(text) => Some(text),
            Content::Element(_) | Content::Comment(_) | Content::Instruction(_) => None,
        }
    }

    /// Copies nodes of another tree to a place among an element's children.
    pub(super) fn graft(
        &mut self,
        from: &Tree<'a>,
        nodes: &[NodeId],
        parent: NodeId,
        place: usize,
    ) {
        let copies: Vec<_> = nodes
            .iter()
            .map(|node| self.copy(from, *node, parent))
            .collect();
        if let Some(element) = self.change(parent) {
            let place = place.min(element.children.len());
            element.children.splice(place..place, copies);
        }
    }

    fn copy(&mut self, from: &Tree<'a>, node: NodeId, parent: NodeId) -> NodeId {
        let copy = self.nodes.len();
        let content = match &from.nodes[node].content {
            Content::Text(text) => Content::Text(text.clone()),
            Content::Comment(raw) => Content::Comment(raw),
            Content::Instruction(raw) => Content::Instruction(raw),
            Content::Element(element) => Content::Element(Element {
                source: None,
                children: Vec::new(),
                ..element.clone()
            }),
        };
        self.nodes.push(Node { parent, content });
        let children: Vec<_> = from
            .children(node)
            .iter()
            .map(|child| self.copy(from, *child, copy))
            .collect();
        if let Some(element) = self.element_mut(copy) {
            element.children = children;
        }
        copy
    }

    /// Takes a node out; answers where it stood.
    pub(super) fn cut(&mut self, node: NodeId) -> Option<(NodeId, usize)> {
        let parent = self.nodes[node].parent;
        let place = self
            .children(parent)
            .iter()
            .position(|child| *child == node)?;
        self.change(parent)?.children.remove(place);
        Some((parent, place))
    }

    /// The tree as XML.
    pub(super) fn text(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for child in self.children(0) {
            self.write(*child, "", &mut out);
        }
        out
    }

    /// Writes a node without prefixes; `around` is the default namespace there.
    fn write(&self, node: NodeId, around: &str, out: &mut String) {
        let element = match &self.nodes[node].content {
            Content::Text(text) => return push_text(out, text),
            Content::Comment(raw) | Content::Instruction(raw) => return out.push_str(raw),
            Content::Element(element) => element,
        };
        if let Some(source) = &element.source {
            return out.push_str(self.text.get(source.clone()).unwrap_or_default());
        }
        out.push('<');
        out.push_str(element.local);
        if element.namespace != around {
            push_named(out, " xmlns", &element.namespace);
        }
        for (place, attribute) in element.attributes.iter().enumerate() {
            match &*attribute.namespace {
                "" => out.push(' '),
                XML_NAMESPACE => out.push_str(" xml:"),
                namespace => {
                    let prefix = format!("n{place}");
                    push_named(out, &format!(" xmlns:{prefix}"), namespace);
                    out.push_str(&format!(" {prefix}:"));
                }
            }
            push_named(out, &attribute.local, &attribute.value);
        }
        if element.children.is_empty() {
            return out.push_str("/>");
        }
        out.push('>');
        for child in &element.children {
            self.write(*child, &element.namespace, out);
        }
        out.push_str("</");
        out.push_str(element.local);
        out.push('>');
    }
}

/// XML's line ends (<https://www.w3.org/TR/xml/#sec-line-ends>).
fn line_ends(raw: &str) -> Cow<'_, str> {
    match raw.contains('\r') {
        true => Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(raw),
    }
}

fn attribute<'a>(attribute: &crate::xml::Attribute<'a>) -> Attribute<'a> {
    Attribute {
        local: Cow::Borrowed(attribute.local),
        namespace: attribute.namespace.clone(),
        value: attribute.value.clone(),
    }
}

fn push_named(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    push_attribute(out, value);
    out.push('"');
}
