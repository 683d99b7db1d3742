//! What is translated, in the words of R4 or of R5.

use fhir::json::{Document, Value};
use fhir::terminology::canonical::Canonical;
use fhir::terminology::concept::Coding;
use fhir::terminology::translate::{Dependency, Translated};

use crate::error::{Error, ErrorKind, Result};
use crate::operations::terms::{coding, twice};
use crate::operations::{Arguments, Params};

/// The parameters.
pub(super) struct Asked {
    code: Option<String>,
    system: Option<String>,
    version: Option<String>,
    coding: Option<Document>,
    concept: Option<Document>,
    source: Option<String>,
    target: Option<String>,
    target_system: Option<String>,
    is_reverse: Option<bool>,
    source_code: Option<String>,
    source_system: Option<String>,
    target_code: Option<String>,
    target_system_r5: Option<String>,
    dependencies: Vec<Depends>,
}

/// What is known of another element.
struct Depends {
    element: Option<String>,
    concept: Option<Document>,
}

impl Params for Depends {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            element: arguments.optional("element")?,
            concept: arguments.optional("concept")?,
        })
    }
}

impl Depends {
    /// Each code that the element has, and its text.
    fn all(self) -> Result<Vec<Dependency>> {
        let (Some(property), Some(concept)) = (self.element, self.concept) else {
            let sentence = "a 'dependency' has an 'element' and a 'concept'";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        };
        let one = |system, value| Dependency {
            property: property.as_str().into(),
            system,
            value,
            display: None,
        };
        let root = concept.root();
        let codings = root.get("coding").into_iter().flat_map(Value::items);
        let codings = codings.map(Coding::read);
        let mut all: Vec<Dependency> = codings
            .filter_map(|coding| Some(one(coding.system, coding.code?)))
            .collect();
        let text = root.get("text").and_then(Value::string);
        all.extend(text.map(|text| one(None, text.into())));
        Ok(all)
    }
}

impl Asked {
    pub(super) fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            code: arguments.optional("code")?,
            system: arguments.optional("system")?,
            version: arguments.optional("version")?,
            coding: arguments.optional("coding")?,
            concept: arguments.optional("codeableConcept")?,
            source: arguments.optional("source")?,
            target: arguments.optional("target")?,
            target_system: arguments.optional("targetsystem")?,
            is_reverse: arguments.optional("reverse")?,
            source_code: arguments.optional("sourceCode")?,
            source_system: arguments.optional("sourceSystem")?,
            target_code: arguments.optional("targetCode")?,
            target_system_r5: arguments.optional("targetSystem")?,
            dependencies: arguments.parts("dependency")?,
        })
    }

    /// The value sets between which a map is.
    pub(super) fn value_sets(&self) -> (Option<Canonical>, Option<Canonical>) {
        let canonical = |text: &Option<String>| text.as_deref().map(Canonical::parse);
        (canonical(&self.source), canonical(&self.target))
    }

    /// The codes, and where they go.
    pub(super) fn translated(self) -> Result<Translated> {
        let is_reverse = self.is_reverse == Some(true) || self.target_code.is_some();
        let (system, wanted) = match self.target_code.is_some() {
            true => (self.target_system_r5, self.source_system),
            false => (
                self.system.or(self.source_system),
                self.target_system.or(self.target_system_r5),
            ),
        };
        let codes = [self.code, self.source_code, self.target_code];
        let mut codes = codes.into_iter().flatten();
        let single = codes.next();
        if codes.next().is_some() {
            return Err(twice("the code"));
        }
        if single.is_some() && system.is_none() {
            let sentence = "a code means nothing without its system: give 'system', too";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let codings = match (single, self.coding, self.concept) {
            (Some(code), None, None) => vec![Coding {
                system: system.map(Into::into),
                version: self.version.map(Into::into),
                code: Some(code.into()),
                display: None,
            }],
            (None, Some(given), None) => vec![coding(&given)],
            (None, None, Some(concept)) => {
                let codings = concept.root().get("coding");
                let codings = codings.into_iter().flat_map(Value::items);
                codings.map(Coding::read).collect()
            }
            (None, None, None) => Vec::new(),
            _ => return Err(twice("the code")),
        };
        if codings.is_empty() {
            let sentence = "there is nothing to translate: give 'code' and 'system', 'coding' or 'codeableConcept'";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let dependencies = self.dependencies.into_iter().map(Depends::all);
        let dependencies: Vec<Vec<Dependency>> = dependencies.collect::<Result<_>>()?;
        Ok(Translated {
            codings,
            dependencies: dependencies.concat(),
            wanted_system: wanted.map(Into::into),
            is_reverse,
            ..Translated::default()
        })
    }
}
