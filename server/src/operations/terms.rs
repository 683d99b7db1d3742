//! What the operations of terminology have in common: parameters, and the value set that is meant.

use std::sync::Arc;

use fhir::json::Document;
use fhir::resource::Resource;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::concept::Coding;
use fhir::terminology::fault::Stop;
use fhir::terminology::knowledge::Knowledge;
use fhir::terminology::lookup::Looked;
use fhir::terminology::settings::Settings;
use fhir::terminology::value_set::ValueSet;
use fhir::terminology::{unknown_value_set, value_set};
use fhir::time::parse_date_time;

use super::{Arguments, OperationContext, OperationTarget};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::{Given, Terminology, Wanted};

/// Takes the parameters that say how an answer is wanted.
pub(super) fn wanted(arguments: &mut Arguments<'_>) -> Result<Wanted> {
    // Names of conversations and of sets of parameters: nothing is kept for them.
    let _: Option<String> = arguments.optional("cache-id")?;
    let _: Option<String> = arguments.optional("uuid")?;
    Ok(Wanted {
        languages: arguments.optional("displayLanguage")?,
        default_versions: arguments.list("system-version")?,
        checked_versions: arguments.list("check-system-version")?,
        forced_versions: arguments.list("force-system-version")?,
        value_set_versions: arguments.list("default-valueset-version")?,
        supplements: arguments.list("useSupplement")?,
        resources: arguments.list("tx-resource")?,
    })
}

/// Takes `date`, the time whose definitions are meant: those of now are here, and no others.
pub(super) fn as_of(arguments: &mut Arguments<'_>) -> Result<AsOf> {
    Ok(AsOf(arguments.optional("date")?))
}

/// The time whose definitions are meant.
#[derive(Clone, Debug, Default)]
pub(super) struct AsOf(Option<String>);

impl AsOf {
    /// Refuses a time that has passed.
    pub(super) fn check(&self, cx: OperationContext<'_>) -> Result<()> {
        let Some(text) = &self.0 else {
            return Ok(());
        };
        let date = parse_date_time(text)
            .map_err(|error| Error::new(ErrorKind::BadValue, format!("'date': {error}")))?;
        match date.upper() < cx.request.now {
            true => Err(Error::new(
                ErrorKind::NotSupported,
                format!(
                    "what code systems and value sets were at {text} is not known here: leave 'date' out for what they are now, or name their versions"
                ),
            )),
            false => Ok(()),
        }
    }
}

/// The value set that a call means.
#[derive(Clone, Debug, Default)]
pub(super) struct Meant {
    pub(super) url: Option<String>,
    pub(super) version: Option<String>,
    pub(super) resource: Option<Resource>,
}

impl Meant {
    pub(super) fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            url: arguments.optional("url")?,
            version: arguments.optional("valueSetVersion")?,
            resource: arguments.optional("valueSet")?,
        })
    }

    /// This one, or another where none is given here.
    pub(super) fn or(self, other: &Self) -> Self {
        match self.url.is_none() && self.resource.is_none() {
            true => other.clone(),
            false => self,
        }
    }

    /// What is given must be one thing: the value set itself, or what it is found by.
    pub(super) async fn named(
        self,
        cx: OperationContext<'_>,
        settings: &Settings,
    ) -> Result<Named> {
        match (cx.target, self.url, self.resource) {
            (OperationTarget::Instance(key), None, None) if self.version.is_none() => {
                let (_, text) = cx.read(key).await?;
                let resource = Resource::parse_with(text, cx.request.limits.parse);
                let resource = resource.map_err(Error::internal)?;
                Ok(Named::Here(Arc::new(ValueSet::read(resource))))
            }
            (OperationTarget::Instance(_), ..) => Err(twice("the value set")),
            (_, None, Some(resource)) => {
                cx.definitions.validate(&resource)?;
                Ok(Named::Here(Arc::new(ValueSet::read(resource))))
            }
            (_, Some(url), None) => {
                let mut canonical = settings.versions.value_set(&url);
                let named = Canonical::parse(&url).version;
                if let Some(version) = self.version {
                    if named.is_some_and(|named| *named != *version) {
                        return Err(twice("the version of the value set"));
                    }
                    canonical = Canonical::of(&canonical.url, Some(&version));
                }
                Ok(Named::By(canonical))
            }
            (_, Some(_), Some(_)) => Err(twice("the value set")),
            (_, None, None) => Err(Error::new(
                ErrorKind::BadValue,
                "the value set is missing: give 'url' or 'valueSet'",
            )),
        }
    }
}

/// A value set, or what it is found by while it is worked on: what needs one statement is not asked in two.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Here(Arc<ValueSet>),
    By(Canonical),
}

impl Named {
    /// The value set; 404 where there is none.
    pub(super) fn find(&self, knowledge: &Knowledge) -> std::result::Result<Arc<ValueSet>, Stop> {
        match self {
            Self::Here(value_set) => Ok(Arc::clone(value_set)),
            Self::By(canonical) => {
                let found = value_set(knowledge, canonical)?;
                found.ok_or_else(|| unknown_value_set(&canonical.to_string()))
            }
        }
    }
}

/// The terminology of a call.
pub(super) fn terminology<'a>(cx: OperationContext<'a>, given: &'a Given) -> Terminology<'a> {
    Terminology {
        store: cx.store,
        given,
        concepts_max: cx.request.limits.expansion,
    }
}

/// A Coding that was given.
pub(super) fn coding(document: &Document) -> Coding {
    Coding::read(document.root())
}

/// Something that was given in two ways.
pub(super) fn twice(what: &str) -> Error {
    let sentence = format!("{what} is given in more than one way");
    Error::new(ErrorKind::BadValue, sentence)
}

/// A Coding as a code to be looked up.
pub(super) fn looked(coding: &Coding, version: Option<&str>) -> Result<Looked> {
    match (&coding.system, &coding.code) {
        (Some(system), Some(code)) => Ok(Looked {
            system: Canonical::of(system, version.or(coding.version.as_deref())),
            code: code.clone(),
        }),
        _ => Err(Error::new(
            ErrorKind::BadValue,
            "a coding that is looked up has a system and a code",
        )),
    }
}
