//! `_pretty=true`: JSON with line breaks and two spaces a level; every value as it was written.

use fhir::json::{Kind, Value, quoted};

/// The JSON of a value, spread over lines.
pub(super) fn pretty(value: Value<'_>) -> String {
    let mut out = String::with_capacity(value.raw().len() * 3 / 2);
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: Value<'_>, level: usize) {
    match value.kind() {
        Kind::Object => {
            let members = value.members();
            enclosed(out, ['{', '}'], level, members, |out, (name, member)| {
                out.push_str(&quoted(&name));
                out.push_str(": ");
                write(out, member, level + 1);
            });
        }
        Kind::Array => enclosed(out, ['[', ']'], level, value.items(), |out, item| {
            write(out, item, level + 1);
        }),
        Kind::String | Kind::Number | Kind::Boolean | Kind::Null => out.push_str(value.raw()),
    }
}

fn enclosed<T>(
    out: &mut String,
    [open, close]: [char; 2],
    level: usize,
    parts: impl Iterator<Item = T>,
    mut write_part: impl FnMut(&mut String, T),
) {
    out.push(open);
    let mut is_empty = true;
    for part in parts {
        if !is_empty {
            out.push(',');
        }
        is_empty = false;
        break_line(out, level + 1);
        write_part(out, part);
    }
    if !is_empty {
        break_line(out, level);
    }
    out.push(close);
}

fn break_line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}
