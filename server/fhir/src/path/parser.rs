//! From tokens to a tree, by precedence (<http://hl7.org/fhirpath/N1/#operator-precedence>).

use rust_decimal::Decimal;

use super::functions::{self, Takes};
use super::lexer::{Token, tokens};
use super::pattern::Pattern;
use super::quantity::Calendar;
use super::temporal::{Date, DateTime, Time};
use super::tree::{Call, Literal, Namespace, Operator, Step, Tree, TypeName};
use super::{MAX_DEPTH, MAX_LENGTH, SyntaxError, memo};

/// How strongly `is` and `as` bind.
const TYPE_BINDING: u8 = 8;
/// How strongly a sign binds: more than any operator of two sides.
const SIGN_BINDING: u8 = 11;

pub(super) struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: u16,
}

/// A tree and how deep it is: evaluation recurses as deep.
struct Parsed {
    tree: Tree,
    depth: u16,
}

type Grown = Result<Parsed, SyntaxError>;

/// Parses one whole expression.
pub(super) fn parse(text: &str) -> Result<Tree, SyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(SyntaxError::new("the expression is too long", MAX_LENGTH));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let mut parsed = parser.expression(0)?;
    match parser.peek() {
        Token::End => {
            memo::mark(&mut parsed.tree);
            Ok(parsed.tree)
        }
        _ => Err(parser.fault("the expression should end here")),
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> &Token {
        self.tokens
            .get(self.at + count)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(_, place)| *place)
    }

    fn fault(&self, message: &'static str) -> SyntaxError {
        SyntaxError::new(message, self.place())
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(text) if *text == symbol)
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let fits = self.is_symbol(symbol);
        self.at += usize::from(fits);
        fits
    }

    fn expect(&mut self, symbol: &str, message: &'static str) -> Result<(), SyntaxError> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.fault(message))
        }
    }

    /// The tree with its depth, if that is not beyond the limit.
    fn grow(&self, tree: Tree, below: u16) -> Grown {
        let depth = below + 1;
        if depth > MAX_DEPTH {
            return Err(self.fault("the expression is nested too deep"));
        }
        Ok(Parsed { tree, depth })
    }

    fn expression(&mut self, binding: u8) -> Grown {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault("the expression is nested too deep"));
        }
        let mut left = self.prefix()?;
        loop {
            let keyword = match self.peek() {
                Token::Symbol(text) => *text,
                Token::Name {
                    text,
                    delimited: false,
                } => text,
                _ => break,
            };
            if matches!(keyword, "is" | "as") {
                if TYPE_BINDING <= binding {
                    break;
                }
                let is = keyword == "is";
                self.at += 1;
                let name = self.type_name()?;
                let base = Box::new(left.tree);
                left = self.grow(Tree::TypeOperator { is, base, name }, left.depth)?;
                continue;
            }
            let Some((operator, strength)) = Operator::of(keyword) else {
                break;
            };
            if strength <= binding {
                break;
            }
            self.at += 1;
            let right = self.expression(strength)?;
            let below = left.depth.max(right.depth);
            let tree = Tree::Binary(operator, Box::new(left.tree), Box::new(right.tree));
            left = self.grow(tree, below)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Grown {
        // The least integer has no positive counterpart: it is a literal with its sign.
        let is_least =
            |token: &Token| matches!(token, Token::Number(digits) if &**digits == "2147483648");
        let is_bare = !matches!(self.ahead(2), Token::Symbol("." | "[") | Token::String(_));
        if self.is_symbol("-") && is_least(self.ahead(1)) && is_bare {
            self.at += 2;
            return self.grow(Tree::Literal(Literal::Integer(i32::MIN)), 0);
        }
        for (symbol, negative) in [("-", true), ("+", false)] {
            if self.take_symbol(symbol) {
                let operand = self.expression(SIGN_BINDING)?;
                let tree = Tree::Polarity(negative, Box::new(operand.tree));
                return self.grow(tree, operand.depth);
            }
        }
        let term = self.term()?;
        self.postfix(term)
    }

    fn postfix(&mut self, mut left: Parsed) -> Grown {
        loop {
            if self.take_symbol(".") {
                left = self.invocation(Some(left))?;
            } else if self.take_symbol("[") {
                let index = self.expression(0)?;
                self.expect("]", "']' is expected")?;
                let below = left.depth.max(index.depth);
                let tree = Tree::Indexer(Box::new(left.tree), Box::new(index.tree));
                left = self.grow(tree, below)?;
            } else {
                return Ok(left);
            }
        }
    }

    fn term(&mut self) -> Grown {
        let place = self.place();
        let token = self.peek().clone();
        if matches!(token, Token::Name { ref text, delimited: false } if !is_literal_name(text)) {
            return self.invocation(None);
        }
        if matches!(token, Token::Name { .. } | Token::Special(_))
            && !matches!(token, Token::Name { ref text, delimited: false } if is_literal_name(text))
        {
            return self.invocation(None);
        }
        self.at += 1;
        let tree = match token {
            Token::Name { text, .. } => Tree::Literal(Literal::Boolean(&*text == "true")),
            Token::String(text) => Tree::Literal(Literal::String(text)),
            Token::Variable(name) => Tree::Variable(name),
            Token::Number(digits) => self.number(&digits, place)?,
            Token::Date(text) => Date::parse(&text)
                .map(|date| Tree::Literal(Literal::Date(date)))
                .ok_or_else(|| SyntaxError::new("there is no such date", place))?,
            Token::DateTime(text) => DateTime::parse(&text)
                .map(|date_time| Tree::Literal(Literal::DateTime(date_time)))
                .ok_or_else(|| SyntaxError::new("there is no such date and time", place))?,
            Token::Time(text) => Time::parse(&text)
                .map(|time| Tree::Literal(Literal::Time(time)))
                .ok_or_else(|| SyntaxError::new("there is no such time", place))?,
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")", "')' is expected")?;
                return Ok(inner);
            }
            Token::Symbol("{") => {
                self.expect("}", "'}' is expected")?;
                Tree::Empty
            }
            Token::Special(_) | Token::Symbol(_) | Token::End => {
                return Err(SyntaxError::new("an expression is expected here", place));
            }
        };
        self.grow(tree, 0)
    }

    /// A number, or a quantity when a unit follows.
    fn number(&mut self, digits: &str, place: usize) -> Result<Tree, SyntaxError> {
        let decimal = || {
            Decimal::from_str_exact(digits)
                .map_err(|_| SyntaxError::new("the number has too many digits", place))
        };
        let literal = match self.peek() {
            Token::String(unit) => Some(Literal::Quantity(decimal()?, unit.clone())),
            Token::Name {
                text,
                delimited: false,
            } => Calendar::of(text)
                .map(|unit| Ok(Literal::Calendar(decimal()?, unit)))
                .transpose()?,
            _ => None,
        };
        if let Some(quantity) = literal {
            self.at += 1;
            return Ok(Tree::Literal(quantity));
        }
        if digits.contains('.') {
            return Ok(Tree::Literal(Literal::Decimal(decimal()?)));
        }
        digits
            .parse()
            .map(|integer| Tree::Literal(Literal::Integer(integer)))
            .map_err(|_| SyntaxError::new("the integer is too large", place))
    }

    /// A member, a function or `$this`, after a dot or at the start of a term.
    fn invocation(&mut self, base: Option<Parsed>) -> Grown {
        let place = self.place();
        let token = self.peek().clone();
        self.at += 1;
        match token {
            Token::Special(name) if base.is_none() => match &*name {
                "this" => self.grow(Tree::This, 0),
                "index" => self.grow(Tree::Index, 0),
                "total" => self.grow(Tree::Total, 0),
                _ => Err(SyntaxError::new("this is not a special name", place)),
            },
            Token::Name { text, delimited } => {
                if self.is_symbol("(") && !delimited {
                    return self.call(&text, base, place);
                }
                let reserved = matches!(
                    &*text,
                    "and" | "or" | "xor" | "implies" | "div" | "mod" | "true" | "false"
                );
                // Behind a dot no operator can stand: `text.div` is the element, as R4's own patches write it.
                if reserved && !delimited && base.is_none() {
                    return Err(SyntaxError::new("an expression is expected here", place));
                }
                let is_first = base.is_none();
                let step = Step {
                    may_be_type: is_first && text.starts_with(|c: char| c.is_ascii_uppercase()),
                    name: text,
                };
                match base {
                    Some(Parsed {
                        tree: Tree::Path { base, mut steps },
                        depth,
                    }) => {
                        steps.push(step);
                        Ok(Parsed {
                            tree: Tree::Path { base, steps },
                            depth,
                        })
                    }
                    base => {
                        let depth = base.as_ref().map_or(0, |base| base.depth);
                        let base = base.map(|base| Box::new(base.tree));
                        let steps = vec![step];
                        self.grow(Tree::Path { base, steps }, depth)
                    }
                }
            }
            _ => Err(SyntaxError::new("a name is expected", place)),
        }
    }

    fn call(&mut self, name: &str, base: Option<Parsed>, place: usize) -> Grown {
        let function = functions::find(name)
            .ok_or_else(|| SyntaxError::new("there is no function of this name", place))?;
        self.expect("(", "'(' is expected")?;
        let mut below = base.as_ref().map_or(0, |base| base.depth);
        let mut arguments = Vec::new();
        let mut type_name = None;
        if function.takes == Takes::Type {
            type_name = Some(self.type_name()?);
        } else if !self.is_symbol(")") {
            loop {
                let argument = self.expression(0)?;
                below = below.max(argument.depth);
                arguments.push(argument.tree);
                if !self.take_symbol(",") {
                    break;
                }
            }
        }
        self.expect(")", "')' is expected")?;
        let (fewest, most) = function.arguments;
        let count = arguments.len() + usize::from(type_name.is_some());
        if count < usize::from(fewest) || count > usize::from(most) {
            return Err(SyntaxError::new(
                "the function takes another number of arguments",
                place,
            ));
        }
        let pattern = match (function.takes, arguments.first()) {
            (Takes::Pattern { whole }, Some(Tree::Literal(Literal::String(text)))) => {
                Some(Pattern::compile(text, whole).ok_or_else(|| {
                    SyntaxError::new("the regular expression is not valid", place)
                })?)
            }
            _ => None,
        };
        let call = Call {
            function,
            base: base.map(|base| base.tree),
            arguments,
            type_name,
            pattern,
        };
        self.grow(Tree::Call(Box::new(call)), below)
    }

    fn type_name(&mut self) -> Result<TypeName, SyntaxError> {
        let parenthesised = self.take_symbol("(");
        let first = self.type_word()?;
        let name = if self.is_symbol(".") && matches!(self.ahead(1), Token::Name { .. }) {
            let namespace = match &*first {
                "FHIR" => Namespace::Fhir,
                "System" => Namespace::System,
                _ => return Err(self.fault("a namespace is FHIR or System")),
            };
            // `x is FHIR.Patient` ends with the name; `(x as Patient).name` never comes here with its dot.
            self.at += 1;
            TypeName {
                namespace: Some(namespace),
                name: self.type_word()?,
            }
        } else {
            TypeName {
                namespace: None,
                name: first,
            }
        };
        if parenthesised {
            self.expect(")", "')' is expected")?;
        }
        Ok(name)
    }

    fn type_word(&mut self) -> Result<Box<str>, SyntaxError> {
        let Token::Name { text, .. } = self.peek().clone() else {
            return Err(self.fault("the name of a type is expected"));
        };
        self.at += 1;
        Ok(text)
    }
}

fn is_literal_name(text: &str) -> bool {
    matches!(text, "true" | "false")
}
