//! Canonical URLs with versions, and how versions compare (<https://hl7.org/fhir/R4/references.html#canonical>).

use std::cmp::Ordering;
use std::fmt;

/// A canonical URL and the version behind `|`, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Canonical {
    /// The URL.
    pub url: Box<str>,
    /// The version.
    pub version: Option<Box<str>>,
}

impl Canonical {
    /// Reads `url` or `url|version`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('|') {
            Some((url, version)) if !version.is_empty() => Self {
                url: url.into(),
                version: Some(version.into()),
            },
            _ => Self {
                url: text.trim_end_matches('|').into(),
                version: None,
            },
        }
    }

    /// A URL with a version, if there is one.
    pub fn of(url: &str, version: Option<&str>) -> Self {
        Self {
            url: url.into(),
            version: version
                .filter(|version| !version.is_empty())
                .map(Into::into),
        }
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.version {
            Some(version) => write!(f, "|{version}"),
            None => Ok(()),
        }
    }
}

/// Whether a version is the one that is asked for; `x` and `*` stand for any part: `1.0.x`.
///
/// SNOMED CT names versions by URL, and an edition stands for all its versions.
pub fn version_matches(wanted: &str, version: &str) -> bool {
    if wanted == version || wanted == "*" {
        return true;
    }
    if wanted.starts_with("http://snomed.info/") {
        return version
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('/'));
    }
    let is_any = |part: &str| matches!(part, "x" | "X" | "*");
    if !wanted.split('.').any(is_any) {
        return false;
    }
    let mut parts = version.split('.');
    let fits = wanted
        .split('.')
        .all(|one| parts.next().is_some_and(|part| is_any(one) || one == part));
    fits && parts.next().is_none()
}

/// Which of two versions is later: numbers by value, other texts by their letters, a part that is missing is earlier than
/// any. Dates are earlier than numbers: what was dated once is numbered now, and not the other way round.
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    match (is_dated(one), is_dated(other)) {
        (true, false) if !other.is_empty() => return Ordering::Less,
        (false, true) if !one.is_empty() => return Ordering::Greater,
        _ => {}
    }
    let (mut ours, mut theirs) = (one.split(['.', '-', '+']), other.split(['.', '-', '+']));
    loop {
        let ordering = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (Some(one), Some(other)) => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                (Ok(_), Err(_)) => Ordering::Greater,
                (Err(_), Ok(_)) => Ordering::Less,
                (Err(_), Err(_)) => one.cmp(other),
            },
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// `2018-08-12`, `20180812`: the year stands first.
fn is_dated(version: &str) -> bool {
    let year = version.get(..4).and_then(|year| year.parse::<u32>().ok());
    let is_delimited = |rest: &str| rest.starts_with('-') || rest.len() == 4;
    year.is_some_and(|year| (1900..2200).contains(&year)) && is_delimited(&version[4..])
}
