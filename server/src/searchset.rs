//! The Bundle that answers a search (<https://hl7.org/fhir/R4/http.html#search>), `$everything` and `$lastn`: its links,
//! its total, its entries.

#[cfg(test)]
mod tests;

use fhir::ids::{ResourceId, ResourceKey};
use fhir::json::{ObjectWriter, Writer};
use fhir::outcome::{Issue, operation_outcome};

use crate::store::StoredVersion;

/// The parameter that carries the place of a page. Opaque to clients.
pub const CURSOR: &str = "_cursor";

/// Where a page stands among the others (<https://hl7.org/fhir/R4/http.html#paging>).
#[derive(Clone, Copy, Debug)]
pub struct PageLinks<'a> {
    /// The URL that was asked, without its query.
    pub path: &'a str,
    /// Names and values that were understood, decoded.
    pub understood: &'a [(String, String)],
    /// The cursor of this page; the first has none.
    pub cursor: Option<&'a str>,
    /// The cursor of the page before.
    pub previous: Option<&'a str>,
    /// The cursor of the page behind.
    pub next: Option<&'a str>,
}

/// What a searchset says.
#[derive(Clone, Copy, Debug)]
pub struct Searchset<'a> {
    /// The base of every `fullUrl`.
    pub base_url: &'a str,
    /// Where the page stands.
    pub links: PageLinks<'a>,
    /// How many matches there are on all pages, where that is known.
    pub total: Option<u64>,
    /// What was searched for.
    pub matches: &'a [StoredVersion],
    /// What was searched for, where another resource contains it.
    pub contained: &'a [ContainedMatch],
    /// How well the matches fit, as decimals; empty where nobody measured.
    pub scores: &'a [String],
    /// What was asked for beside it.
    pub included: &'a [StoredVersion],
    /// What a lenient search left out.
    pub warnings: &'a [Issue],
}

/// A resource that was found within another (<https://hl7.org/fhir/R4/search.html#contained>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainedMatch {
    /// What contains it.
    pub container: ResourceKey,
    /// Its id, without `#`.
    pub id: ResourceId,
    /// Its JSON text.
    pub content: Box<str>,
}

impl Searchset<'_> {
    /// The Bundle.
    pub fn json(&self) -> String {
        let size: usize = self
            .matches
            .iter()
            .chain(self.included)
            .filter_map(|version| version.content.as_ref())
            .map(|content| content.len() + 160)
            .chain(self.contained.iter().map(|one| one.content.len() + 220))
            .sum();
        let mut writer = Writer::with_capacity(size + 1024);
        writer.object(|bundle| {
            bundle.string("resourceType", "Bundle");
            bundle.string("type", "searchset");
            if let Some(total) = self.total {
                bundle.number("total", total);
            }
            self.links.write(bundle);
            self.write_entries(bundle);
        });
        writer.finish()
    }

    fn write_entries(&self, bundle: &mut ObjectWriter<'_>) {
        let is_empty = self.matches.is_empty() && self.contained.is_empty();
        if is_empty && self.included.is_empty() && self.warnings.is_empty() {
            return;
        }
        bundle.array("entry", |entries| {
            for (place, version) in self.matches.iter().enumerate() {
                let score = self.scores.get(place).map(String::as_str);
                self.write_resource(entries, version, "match", score);
            }
            for one in self.contained {
                entries.object(|entry| {
                    let url = format!("{}/{}#{}", self.base_url, one.container, one.id);
                    entry.string("fullUrl", &url);
                    entry.raw("resource", &one.content);
                    entry.object("search", |search| search.string("mode", "match"));
                });
            }
            for version in self.included {
                self.write_resource(entries, version, "include", None);
            }
            if !self.warnings.is_empty() {
                entries.object(|entry| {
                    entry.raw("resource", &operation_outcome(self.warnings));
                    entry.object("search", |search| search.string("mode", "outcome"));
                });
            }
        });
    }

    fn write_resource(
        &self,
        entries: &mut Writer,
        version: &StoredVersion,
        mode: &str,
        score: Option<&str>,
    ) {
        let text = version.content.as_deref().map(std::str::from_utf8);
        let Some(Ok(content)) = text else {
            return;
        };
        entries.object(|entry| {
            entry.string("fullUrl", &format!("{}/{}", self.base_url, version.key));
            entry.raw("resource", content);
            entry.object("search", |search| {
                search.string("mode", mode);
                if let Some(score) = score {
                    search.raw("score", score);
                }
            });
        });
    }
}

impl PageLinks<'_> {
    /// Writes `self`, `first`, `previous` and `next`.
    pub fn write(&self, bundle: &mut ObjectWriter<'_>) {
        let link = |links: &mut Writer, relation: &str, url: &str| {
            links.object(|link| {
                link.string("relation", relation);
                link.string("url", url);
            });
        };
        bundle.array("link", |links| {
            link(links, "self", &self.url(self.cursor));
            if self.cursor.is_some() {
                link(links, "first", &self.url(None));
            }
            if let Some(previous) = self.previous {
                link(links, "previous", &self.url(Some(previous)));
            }
            if let Some(next) = self.next {
                link(links, "next", &self.url(Some(next)));
            }
        });
    }

    fn url(&self, cursor: Option<&str>) -> String {
        let page = cursor.map(|cursor| (CURSOR.to_owned(), cursor.to_owned()));
        let query = query_text(self.understood.iter().chain(page.iter()));
        match query.is_empty() {
            true => self.path.to_owned(),
            false => format!("{}?{query}", self.path),
        }
    }
}

/// Names and values as the text of a query.
pub fn query_text<'a>(parameters: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let parameters = parameters.into_iter();
    let pairs: Vec<String> = parameters
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// Percent-encodes all that has a meaning in a query; what FHIR itself uses in values stays readable.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
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
            | b',' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
