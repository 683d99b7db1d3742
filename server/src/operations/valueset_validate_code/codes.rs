//! Codes that are to be validated: as `code`, as `coding`, as `codeableConcept`.

use fhir::json::{Document, Value};
use fhir::terminology::concept::Coding;
use fhir::terminology::settings::Settings;
use fhir::terminology::validate::{Form, Question};

use crate::error::{Error, ErrorKind, Result};
use crate::operations::Arguments;
use crate::operations::terms::{coding, twice};

/// What a call gives.
pub(in crate::operations) struct Codes {
    code: Option<String>,
    system: Option<String>,
    version: Option<String>,
    display: Option<String>,
    coding: Option<Document>,
    concept: Option<Document>,
    is_abstract_allowed: Option<bool>,
    active_only: Option<bool>,
    lenient_display: Option<bool>,
}

impl Codes {
    pub(in crate::operations) fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            code: arguments.optional("code")?,
            system: None,
            version: None,
            display: arguments.optional("display")?,
            coding: arguments.optional("coding")?,
            concept: arguments.optional("codeableConcept")?,
            is_abstract_allowed: arguments.optional("abstract")?,
            active_only: arguments.optional("activeOnly")?,
            lenient_display: arguments.optional("lenient-display-validation")?,
        })
    }

    /// The system and version of `code`.
    pub(in crate::operations) fn of_system(
        mut self,
        system: Option<String>,
        version: Option<String>,
    ) -> Self {
        self.system = system;
        self.version = version;
        self
    }

    /// The system that a Coding names.
    pub(in crate::operations) fn coding_system(&self) -> Option<String> {
        let given = self.coding.as_ref()?;
        coding(given).system.map(Into::into)
    }

    /// What is said of how codes are validated.
    pub(in crate::operations) fn set(&self, settings: &mut Settings) {
        settings.abstract_allowed = self.is_abstract_allowed != Some(false);
        settings.active_only = self.active_only == Some(true);
        settings.lenient_display = self.lenient_display == Some(true);
    }

    /// The question; codes are given in one way.
    pub(in crate::operations) fn question(self) -> Result<Question> {
        let text = |text: Option<String>| text.map(Into::into);
        match (self.code, self.coding, self.concept) {
            (Some(code), None, None) => Ok(Question {
                codings: vec![Coding {
                    system: text(self.system),
                    version: text(self.version),
                    code: Some(code.into()),
                    display: text(self.display),
                }],
                form: Form::Code,
            }),
            (None, Some(given), None) => {
                let mut given = coding(&given);
                given.system = given.system.or(text(self.system));
                given.version = given.version.or(text(self.version));
                given.display = given.display.or(text(self.display));
                Ok(Question {
                    codings: vec![given],
                    form: Form::Coding,
                })
            }
            (None, None, Some(concept)) => {
                let root = concept.root();
                let codings = root.get("coding").into_iter().flat_map(Value::items);
                let codings: Vec<Coding> = codings.map(Coding::read).collect();
                if codings.is_empty() {
                    let sentence = "the CodeableConcept has no coding";
                    return Err(Error::new(ErrorKind::BadValue, sentence));
                }
                Ok(Question {
                    codings,
                    form: Form::CodeableConcept(root.raw().into()),
                })
            }
            (None, None, None) => Err(Error::new(
                ErrorKind::BadValue,
                "there is nothing to validate: give 'code', 'coding' or 'codeableConcept'",
            )),
            _ => Err(twice("the code")),
        }
    }
}
