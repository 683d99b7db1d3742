//! `${name}` in the texts of a case: given, captured, and fresh for each run.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::case::Variable;

/// The texts that a case can name.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    texts: BTreeMap<String, String>,
    made: BTreeMap<String, Variable>,
}

impl Variables {
    /// `${base}`, `${uid}` and `${uuid1}` to `${uuid9}`, none of which another case or run has.
    pub fn fresh(base: &str) -> Self {
        let mut variables = Self::default();
        variables.set("base", base);
        variables.set("uid", format!("t{:016x}", random(0)));
        for n in 1..=9 {
            let (high, low) = (random(n), random(n + 100));
            let uuid = format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                high >> 32,
                high >> 16 & 0xffff,
                high & 0xfff,
                low >> 48 & 0xfff,
                low & 0xffff_ffff_ffff
            );
            variables.set(&format!("uuid{n}"), uuid);
        }
        variables
    }

    /// Names a text.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.texts.insert(name.to_owned(), text.into());
    }

    /// Adds what a case file names itself; it is filled in at each use.
    pub fn define(&mut self, made: &BTreeMap<String, Variable>) {
        self.made.extend(made.clone());
    }

    /// The text with every `${name}` and `${name|url}` replaced, or the name that nobody gave.
    pub fn fill(&self, template: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find("${") {
            filled.push_str(&rest[..start]);
            let inner = &rest[start + 2..];
            let end = inner.find('}').ok_or("`${` without `}`")?;
            filled.push_str(&self.value(&inner[..end])?);
            rest = &inner[end + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, expression: &str) -> Result<String, String> {
        let (name, filter) = expression.split_once('|').unwrap_or((expression, ""));
        let text = match (self.texts.get(name), self.made.get(name)) {
            (Some(text), _) => text.clone(),
            (None, Some(Variable::Text(text))) => self.fill(text)?,
            (None, Some(Variable::Repeat(repeat))) => {
                let rotate = self.fill(&repeat.rotate)?.parse::<usize>().unwrap_or(0);
                let mut with_number = self.clone();
                let mut text = String::new();
                for k in 0..repeat.times {
                    with_number.set("i", ((k + rotate) % repeat.times).to_string());
                    if k > 0 {
                        text.push_str(&repeat.join);
                    }
                    text.push_str(&with_number.fill(&repeat.repeat)?);
                }
                text
            }
            (None, None) => return Err(format!("nothing is named `{name}`")),
        };
        match filter {
            "" => Ok(text),
            "url" => Ok(percent_encoded(&text)),
            _ => Err(format!("no filter `{filter}`")),
        }
    }
}

fn random(salt: u64) -> u64 {
    RandomState::new().hash_one(salt)
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
