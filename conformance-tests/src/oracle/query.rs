//! A search as a value, and as the text of a request.

use std::fmt::Write as _;

use super::filter::Filter;

/// Where is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `Patient?…`
    Type(String),
    /// `?_type=…`
    System(Vec<String>),
    /// `Patient/1/Observation?…`: compartment, id, type.
    Compartment(String, String, String),
}

/// A condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clause {
    /// `_has:Observation:patient:`, outermost first.
    pub has: Vec<(String, String)>,
    /// `subject:Patient.`, outermost first.
    pub chain: Vec<(String, Option<String>)>,
    /// The parameter.
    pub code: String,
    /// What stands behind the colon.
    pub modifier: Option<String>,
    /// The values, escaped; one of them must hold.
    pub values: Vec<String>,
    /// What stands in the value of `_filter`.
    pub filter: Option<Filter>,
}

/// `_include`, `_revinclude`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// `_revinclude`
    pub reverse: bool,
    /// `:iterate`
    pub iterate: bool,
    /// The type that refers, or `*`.
    pub source: String,
    /// The parameter, or `*`.
    pub code: String,
    /// The type referred to.
    pub target: Option<String>,
}

/// `_contained`: whether what resources contain is looked at; the containers are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contained {
    /// `false`
    #[default]
    Outside,
    /// `true`
    Inside,
    /// `both`
    Both,
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where.
    pub scope: Scope,
    /// All must hold.
    pub clauses: Vec<Clause>,
    /// Parameters, and whether the greatest comes first.
    pub sort: Vec<(String, bool)>,
    /// What comes beside the matches.
    pub includes: Vec<Include>,
    /// `_count`
    pub count: Option<usize>,
    /// `_total=accurate`
    pub total: bool,
    /// `_contained`
    pub contained: Contained,
    /// `_summary=count`
    pub counts: bool,
    /// As `POST …/_search`.
    pub post: bool,
}

impl Clause {
    /// What stands before the `=`.
    pub fn name(&self) -> String {
        let mut name = String::new();
        for (kind, code) in &self.has {
            name += &format!("_has:{kind}:{code}:");
        }
        for (code, kind) in &self.chain {
            name += code;
            if let Some(kind) = kind {
                name = format!("{name}:{kind}");
            }
            name.push('.');
        }
        name += &self.code;
        if let Some(modifier) = &self.modifier {
            name = format!("{name}:{modifier}");
        }
        name
    }
}

impl Query {
    /// The path below the base URL.
    pub fn path(&self) -> String {
        match &self.scope {
            Scope::Type(kind) => kind.clone(),
            Scope::System(_) => String::new(),
            Scope::Compartment(compartment, id, kind) => format!("{compartment}/{id}/{kind}"),
        }
    }

    /// The parameters, encoded; `shown` leaves out what only shapes the pages.
    pub fn text(&self) -> String {
        let mut pairs = Vec::new();
        if let Scope::System(kinds) = &self.scope {
            pairs.push(("_type".to_owned(), kinds.join(",")));
        }
        for clause in &self.clauses {
            pairs.push((clause.name(), clause.values.join(",")));
        }
        if !self.sort.is_empty() {
            let key = |(code, descending): &(String, bool)| {
                format!("{}{code}", if *descending { "-" } else { "" })
            };
            let keys: Vec<String> = self.sort.iter().map(key).collect();
            pairs.push(("_sort".to_owned(), keys.join(",")));
        }
        for include in &self.includes {
            pairs.push((include.name(), include.value()));
        }
        if let Some(count) = self.count {
            pairs.push(("_count".to_owned(), count.to_string()));
        }
        if self.total {
            pairs.push(("_total".to_owned(), "accurate".to_owned()));
        }
        let contained = match self.contained {
            Contained::Outside => None,
            Contained::Inside => Some("true"),
            Contained::Both => Some("both"),
        };
        pairs.extend(contained.map(|one| ("_contained".to_owned(), one.to_owned())));
        if self.counts {
            pairs.push(("_summary".to_owned(), "count".to_owned()));
        }
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
            .collect();
        pairs.join("&")
    }
}

impl Include {
    /// What stands before the `=`.
    pub fn name(&self) -> String {
        let name = if self.reverse {
            "_revinclude"
        } else {
            "_include"
        };
        let iterate = if self.iterate { ":iterate" } else { "" };
        format!("{name}{iterate}")
    }

    /// What stands behind it.
    pub fn value(&self) -> String {
        if self.source == "*" {
            return "*".to_owned();
        }
        let target = self.target.as_ref().map(|one| format!(":{one}"));
        format!(
            "{}:{}{}",
            self.source,
            self.code,
            target.unwrap_or_default()
        )
    }
}

/// The text with everything escaped that separates values: `\ , $ |`
/// (<https://hl7.org/fhir/R4/search.html#escaping>).
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if matches!(letter, '\\' | ',' | '$' | '|') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// The text without escapes.
pub fn unescaped(text: &str) -> String {
    let (mut out, mut is_escaped) = (String::new(), false);
    for letter in text.chars() {
        if letter == '\\' && !is_escaped {
            is_escaped = true;
        } else {
            out.push(letter);
            is_escaped = false;
        }
    }
    out
}

/// The parts between separators that are not escaped, escapes still in place.
pub fn parts(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut is_escaped) = (vec![String::new()], false);
    for letter in text.chars() {
        if letter == separator && !is_escaped {
            parts.push(String::new());
            continue;
        }
        is_escaped = letter == '\\' && !is_escaped;
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

/// Percent-encoded, as in a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'/'
            | b'*' => {
                out.push(char::from(byte));
            }
            _ => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
