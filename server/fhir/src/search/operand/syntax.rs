//! The text of an operand, taken apart (<https://hl7.org/fhirpath/N1/>).

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Name(&'t str),
    As(&'t str),
    ResolvesTo(&'t str),
    Where(&'t str, &'t str),
}

/// The operands of a union; `None` where the text has other operators outside of parentheses.
pub(in crate::search) fn operands(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut quoted) = (0u32, false);
    let mut start = 0;
    let mut operands = Vec::new();
    let mut outside = String::new();
    for (place, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ if depth > 0 => {}
            '|' => {
                operands.push(text[start..place].trim());
                start = place + 1;
            }
            // Operators that bind less than a union.
            '=' | '~' | '<' | '>' | '!' => return None,
            other => outside.push(other),
        }
    }
    operands.push(text[start..].trim());
    // All other operators that do are words; `as` and `is` bind more than a union.
    let is_operator =
        |word: &str| matches!(word, "and" | "or" | "xor" | "implies" | "in" | "contains");
    let has_operator = outside.split_whitespace().any(is_operator);
    (!has_operator).then_some(operands)
}

/// The name an operand begins with: a type, or an element of the resource.
pub(in crate::search) fn first_name(operand: &str) -> &str {
    let text = operand.trim_start_matches(['(', ' ']);
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

/// Reads `Name.name.as(T).where(resolve() is T)`, `(…)` around a beginning, and ` as T` behind it.
pub(super) fn parse<'t>(text: &'t str, parts: &mut Vec<Part<'t>>) -> Option<()> {
    let mut rest = text;
    if let Some(inner) = text.strip_prefix('(') {
        let end = closing(inner)?;
        parse(inner[..end].trim(), parts)?;
        rest = &inner[end + 1..];
    } else {
        rest = name(rest, parts)?;
    }
    while let Some(behind) = rest.strip_prefix('.') {
        if let Some(arguments) = function(behind, "where") {
            let end = closing(arguments)?;
            parts.push(criterion(arguments[..end].trim())?);
            rest = &arguments[end + 1..];
        } else if let Some(arguments) =
            function(behind, "as").or_else(|| function(behind, "ofType"))
        {
            let end = closing(arguments)?;
            parts.push(Part::As(identifier(arguments[..end].trim())?));
            rest = &arguments[end + 1..];
        } else {
            rest = name(behind, parts)?;
        }
    }
    match rest.trim_start().strip_prefix("as ") {
        Some(named) if rest.starts_with(' ') => parts.push(Part::As(identifier(named.trim())?)),
        _ if rest.is_empty() => {}
        _ => return None,
    }
    Some(())
}

/// What `where` asks: `resolve() is T` or `name = 'text'`.
fn criterion(text: &str) -> Option<Part<'_>> {
    if let Some(target) = text.strip_prefix("resolve() is ") {
        return Some(Part::ResolvesTo(identifier(target.trim())?));
    }
    let (member, text) = text.split_once('=')?;
    let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    let is_plain = !text.contains(['\'', '\\']);
    is_plain.then_some(Part::Where(identifier(member.trim())?, text))
}

fn function<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.strip_prefix('(')
}

/// Where the parenthesis closes that was opened before the text.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (1u32, false);
    for (place, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(place);
        }
    }
    None
}

fn name<'t>(text: &'t str, parts: &mut Vec<Part<'t>>) -> Option<&'t str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric());
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    parts.push(Part::Name(identifier(name)?));
    // A function, an index or an operator makes it an expression.
    (!rest.starts_with(['(', '['])).then_some(rest)
}

fn identifier(text: &str) -> Option<&str> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_name && text.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(text)
}
