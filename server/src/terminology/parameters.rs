//! Parameters that all operations of terminology take alike.

use fhir::resource::Resource;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::language::Languages;
use fhir::terminology::rule::Rule;
use fhir::terminology::settings::Settings;
use fhir::terminology::versions::VersionRules;

use super::{Given, unusable};
use crate::context::RequestContext;
use crate::error::Result;

/// What a request says of how it wants to be answered.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `displayLanguage`
    pub languages: Option<String>,
    /// `system-version`
    pub default_versions: Vec<String>,
    /// `check-system-version`
    pub checked_versions: Vec<String>,
    /// `force-system-version`
    pub forced_versions: Vec<String>,
    /// `default-valueset-version`
    pub value_set_versions: Vec<String>,
    /// `useSupplement`
    pub supplements: Vec<String>,
    /// `tx-resource`
    pub resources: Vec<Resource>,
}

impl Wanted {
    /// This, and where it says nothing what others say.
    #[must_use]
    pub fn after(mut self, others: &Self) -> Self {
        self.languages = self.languages.or_else(|| others.languages.clone());
        let lists = [
            (&mut self.default_versions, &others.default_versions),
            (&mut self.checked_versions, &others.checked_versions),
            (&mut self.forced_versions, &others.forced_versions),
            (&mut self.value_set_versions, &others.value_set_versions),
            (&mut self.supplements, &others.supplements),
        ];
        for (own, others) in lists {
            own.extend_from_slice(others);
        }
        self.resources.extend_from_slice(&others.resources);
        self
    }

    /// The settings of an evaluation, and the resources that come with the request.
    pub fn settings(self, cx: &RequestContext) -> Result<(Settings, Given)> {
        let languages = match (&self.languages, &cx.languages) {
            (Some(text), _) => Languages::parse(text).ok_or_else(|| {
                let sentence = format!("Invalid displayLanguage: '{text}'");
                unusable(Rule::BadLanguage, sentence)
            })?,
            // What a browser says by itself is a wish, and not understood it is none.
            (None, Some(text)) => Languages::parse(text).unwrap_or_default(),
            (None, None) => Languages::default(),
        };
        let settings = Settings {
            languages,
            versions: VersionRules {
                default: versioned("system-version", &self.default_versions)?,
                check: versioned("check-system-version", &self.checked_versions)?,
                force: versioned("force-system-version", &self.forced_versions)?,
                value_sets: versioned("default-valueset-version", &self.value_set_versions)?,
            },
            supplements: self
                .supplements
                .iter()
                .map(|text| Canonical::parse(text))
                .collect(),
            codes_max: cx.limits.expansion,
            ..Settings::default()
        };
        Ok((settings, Given::of(self.resources)?))
    }
}

/// Canonicals that have a version.
fn versioned(name: &str, texts: &[String]) -> Result<Vec<Canonical>> {
    let canonical = |text: &String| {
        let canonical = Canonical::parse(text);
        match canonical.version {
            Some(_) => Ok(canonical),
            None => {
                let sentence = format!("{name} is a URL and a version: 'url|version'");
                Err(unusable(Rule::WithoutVersion, sentence))
            }
        }
    };
    texts.iter().map(canonical).collect()
}
