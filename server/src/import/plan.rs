//! What an import reads, in which order, and what the code system is called.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use fhir::terminology::import::columns::{self, Mapping};
use fhir::terminology::import::head::Head;
use fhir::terminology::import::snomed_names::{self, FileKind};
use fhir::terminology::import::{ImportFault, Sink, icd_10_cm, loinc, snomed};

use super::progress::{Counted, Progress};
use super::{ImportError, files, name_of};
use crate::config::CodeSource;

/// What is read.
#[derive(Debug)]
pub(super) struct Plan {
    /// What becomes the CodeSystem.
    pub(super) head: Head,
    steps: Vec<(PathBuf, Step)>,
    refsets: Vec<u64>,
}

/// What a file is read as.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    LoincTerms,
    LoincHierarchy,
    LoincAnswers,
    /// In this language.
    LoincTranslation(String),
    Snomed(FileKind),
    Icd10Cm,
    Columns(Mapping),
}

impl Plan {
    /// Finds the files, and what they say of themselves.
    pub(super) fn of(source: &CodeSource) -> Result<Self, ImportError> {
        match source {
            CodeSource::Loinc {
                path,
                version,
                languages,
            } => of_loinc(path, version.as_deref(), languages),
            CodeSource::Snomed {
                path,
                version,
                refsets,
            } => of_snomed(path, version.as_deref(), refsets),
            CodeSource::Icd10Cm { path, version } => of_icd_10_cm(path, version.as_deref()),
            CodeSource::Csv {
                path,
                system,
                version,
                title,
                id,
                fragment,
                columns,
            } => {
                let mut mapping = Mapping::default();
                for column in columns {
                    mapping.add(column).map_err(ImportError::Argument)?;
                }
                let version = version.as_deref().unwrap_or_default();
                let mut head = Head::columns(system, version, title.as_deref(), &mapping);
                head.is_complete = !fragment;
                if let Some(id) = id {
                    head.id.clone_from(id);
                }
                let found = files::all(path)?;
                let file = files::one(&found, |_| true)?;
                let file = file.ok_or_else(|| missing(path, "file"))?;
                Ok(Self::with(head, vec![(file, Step::Columns(mapping))]))
            }
        }
    }

    fn with(head: Head, steps: Vec<(PathBuf, Step)>) -> Self {
        Self {
            head,
            steps,
            refsets: Vec::new(),
        }
    }

    /// How much there is to be read.
    pub(super) fn bytes(&self) -> u64 {
        let length = |(path, _): &(PathBuf, Step)| fs::metadata(path).map_or(0, |one| one.len());
        self.steps.iter().map(length).sum()
    }

    /// Reads all of it.
    pub(super) fn read(&self, progress: &Progress, sink: &mut Sink<'_>) -> Result<(), ImportError> {
        let mut preferences = snomed::Preferences::of(&self.refsets);
        for (path, step) in &self.steps {
            let file = Counted {
                inner: open(path)?,
                progress,
            };
            let read = match step {
                Step::LoincTerms => loinc::terms(file, sink),
                Step::LoincHierarchy => loinc::hierarchy(file, sink),
                Step::LoincAnswers => loinc::answers(file, sink),
                Step::LoincTranslation(language) => loinc::translation(file, language, sink),
                Step::Snomed(FileKind::Languages) => preferences.read(file),
                Step::Snomed(FileKind::Concepts) => snomed::concepts(file, sink),
                Step::Snomed(FileKind::Descriptions) => {
                    snomed::descriptions(file, &preferences, sink)
                }
                Step::Snomed(FileKind::Relationships) => snomed::relationships(file, sink),
                Step::Snomed(FileKind::Members) => snomed::members(file, sink),
                Step::Icd10Cm => icd_10_cm::tabular(BufReader::new(file), sink).map(|_| ()),
                Step::Columns(mapping) => columns::read(file, mapping, sink),
            };
            read.map_err(|fault| wrong(path, fault))?;
        }
        Ok(())
    }
}

fn of_loinc(path: &Path, version: Option<&str>, languages: &[String]) -> Result<Plan, ImportError> {
    let found = files::all(path)?;
    let is_named = |path: &Path, name: &str| name_of(path).eq_ignore_ascii_case(name);
    let is_alone = found.len() == 1;
    let terms = files::one(&found, |one| is_alone || is_named(one, "Loinc.csv"))?;
    let terms = terms.ok_or_else(|| missing(path, "Loinc.csv"))?;
    let hierarchy = files::one(&found, |one| {
        is_named(one, "ComponentHierarchyBySystem.csv") || is_named(one, "MultiAxialHierarchy.csv")
    })?;
    let answers = files::one(&found, |one| is_named(one, "AnswerList.csv"))?;
    let whole = terms.canonicalize().unwrap_or_else(|_| terms.clone());
    let told = whole
        .ancestors()
        .find_map(|one| loinc::version_of_name(&name_of(one)).map(ToOwned::to_owned));
    let version = version.map(ToOwned::to_owned).or(told);
    let version = version.ok_or_else(|| ImportError::NoVersion { path: path.into() })?;
    let head = Head::loinc(&version, hierarchy.is_some());
    let mut steps = vec![(terms, Step::LoincTerms)];
    steps.extend(hierarchy.map(|one| (one, Step::LoincHierarchy)));
    steps.extend(answers.map(|one| (one, Step::LoincAnswers)));
    if !languages.is_empty() {
        let list = files::one(&found, |one| is_named(one, "LinguisticVariants.csv"))?;
        let list = list.ok_or_else(|| missing(path, "LinguisticVariants.csv"))?;
        let variants = loinc::variants(open(&list)?).map_err(|fault| wrong(&list, fault))?;
        for language in languages {
            let same = |one: &&loinc::Variant| one.language.eq_ignore_ascii_case(language);
            let variant = variants.iter().find(same);
            let variant = variant.ok_or_else(|| {
                let known: Vec<&str> = variants.iter().map(|one| one.language.as_str()).collect();
                let known = known.join(", ");
                ImportError::Argument(format!(
                    "there is no translation '{language}'; there are: {known}"
                ))
            })?;
            let letters = variant.language.replace('-', "");
            let name = format!("{letters}{}LinguisticVariant.csv", variant.id);
            let file = files::one(&found, |one| is_named(one, &name))?;
            let file = file.ok_or_else(|| missing(path, &name))?;
            steps.push((file, Step::LoincTranslation(variant.language.clone())));
        }
    }
    Ok(Plan::with(head, steps))
}

fn of_snomed(path: &Path, version: Option<&str>, refsets: &[u64]) -> Result<Plan, ImportError> {
    let found = files::all(path)?;
    let of_kind = |kind: FileKind| {
        let is_it = move |path: &&PathBuf| FileKind::of(&name_of(path)) == Some(kind);
        found
            .iter()
            .filter(is_it)
            .map(move |path| (path.clone(), Step::Snomed(kind)))
    };
    let version = match version {
        Some(version) if !snomed_names::is_version(version) => {
            return Err(ImportError::Argument(format!(
                "'{version}' is no version of SNOMED CT: http://snomed.info/sct/[module]/version/[date]"
            )));
        }
        Some(version) => version.to_owned(),
        None => {
            let named = of_kind(FileKind::Concepts)
                .find_map(|(path, _)| snomed_names::international_version(&name_of(&path)));
            named.ok_or_else(|| ImportError::NoVersion { path: path.into() })?
        }
    };
    for (kind, what) in [
        (FileKind::Concepts, "sct2_Concept_Snapshot_….txt"),
        (FileKind::Descriptions, "sct2_Description_Snapshot….txt"),
        (FileKind::Relationships, "sct2_Relationship_Snapshot_….txt"),
        (FileKind::Languages, "der2_cRefset_LanguageSnapshot….txt"),
    ] {
        if of_kind(kind).next().is_none() {
            return Err(missing(path, what));
        }
    }
    // Preferences before the descriptions that they are about.
    let kinds = [
        FileKind::Languages,
        FileKind::Concepts,
        FileKind::Descriptions,
        FileKind::Relationships,
        FileKind::Members,
    ];
    let steps = kinds.into_iter().flat_map(of_kind).collect();
    Ok(Plan {
        refsets: refsets.to_vec(),
        ..Plan::with(Head::snomed(&version), steps)
    })
}

fn of_icd_10_cm(path: &Path, version: Option<&str>) -> Result<Plan, ImportError> {
    let found = files::all(path)?;
    let is_alone = found.len() == 1;
    let is_tabular = |path: &Path| {
        let name = name_of(path).to_ascii_lowercase();
        is_alone || name.contains("tabular") && name.ends_with(".xml")
    };
    let file = files::one(&found, is_tabular)?;
    let file = file.ok_or_else(|| missing(path, "icd10cm_tabular_….xml"))?;
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            let told = icd_10_cm::version(BufReader::new(open(&file)?));
            told.map_err(|fault| wrong(&file, fault))?
        }
    };
    Ok(Plan::with(
        Head::icd_10_cm(&version),
        vec![(file, Step::Icd10Cm)],
    ))
}

fn open(path: &Path) -> Result<File, ImportError> {
    File::open(path).map_err(|fault| ImportError::Unreadable {
        path: path.to_owned(),
        fault,
    })
}

fn missing(path: &Path, what: &str) -> ImportError {
    ImportError::NoFile {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

fn wrong(path: &Path, fault: ImportFault) -> ImportError {
    ImportError::File {
        path: path.to_owned(),
        fault,
    }
}
