//! FHIR packages (<https://confluence.hl7.org/display/FHIR/NPM+Package+Specification>): the list of those to be read,
//! their digests, and the definitions in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::DefinitionsError;

/// The packages the product is made from.
const SHIPPED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../fhir-packages.toml"
));

/// Bytes one file of a package may have once unpacked.
const FILE_MAX: u64 = 256 * 1024 * 1024;

/// The list in `fhir-packages.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageList {
    /// In the order they are read; where two define the same, the first counts.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The name in the registry.
    pub name: String,
    /// The version, exactly.
    pub version: String,
    /// The SHA-512 of the archive, as npm writes it: base64.
    pub sha512: String,
    /// What is taken from it.
    pub take: Vec<Take>,
}

/// What is taken from a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    /// Definitions of every kind.
    Definitions,
    /// Instances; tests read them, the server does not.
    Examples,
    /// Value sets expanded to their codes.
    Expansions,
}

impl PackageList {
    /// The packages the product is made from.
    pub fn shipped() -> Result<Self, DefinitionsError> {
        Self::parse(SHIPPED)
    }

    /// Reads a list of the form of `fhir-packages.toml`.
    pub fn parse(text: &str) -> Result<Self, DefinitionsError> {
        let list: Self =
            toml::from_str(text).map_err(|fault| DefinitionsError::List(fault.to_string()))?;
        let is_plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        match list
            .packages
            .iter()
            .find(|one| !is_plain(&one.name) || !is_plain(&one.version))
        {
            None => Ok(list),
            Some(package) => Err(DefinitionsError::List(format!(
                "'{}' {} is no name and version of a package",
                package.name, package.version
            ))),
        }
    }
}

impl Package {
    /// The archive's file name.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    fn takes(&self, resource_type: &str) -> bool {
        self.take.iter().any(|take| match take {
            Take::Definitions => true,
            Take::Expansions => resource_type == "ValueSet",
            Take::Examples => false,
        })
    }

    /// Visits the resources of the package that the package is taken for and `wanted` asks for by type; the type is
    /// read off the file name, `Type-id.json` or `Type-id`. The archive is checked against its digest first.
    pub(super) fn visit(
        &self,
        folder: &Path,
        wanted: impl Fn(&str) -> bool,
        mut visit: impl FnMut(&str, Vec<u8>) -> Result<(), DefinitionsError>,
    ) -> Result<(), DefinitionsError> {
        let path = folder.join(self.file_name());
        let fault = |fault| DefinitionsError::Package {
            path: path.clone(),
            fault,
        };
        let mut file = File::open(&path).map_err(fault)?;
        let mut archive = Vec::new();
        file.read_to_end(&mut archive).map_err(fault)?;
        if STANDARD.encode(Sha512::digest(&archive)) != self.sha512 {
            return Err(DefinitionsError::Digest { path });
        }
        let mut entries = tar::Archive::new(GzDecoder::new(&*archive));
        for entry in entries.entries().map_err(fault)? {
            let mut entry = entry.map_err(fault)?;
            let within: PathBuf = entry.path().map_err(fault)?.into_owned();
            let Some(name) = definition_name(&within) else {
                continue;
            };
            let resource_type = name.split('-').next().unwrap_or_default();
            if !self.takes(resource_type) || !wanted(resource_type) {
                continue;
            }
            if entry.size() > FILE_MAX {
                return Err(fault(io::Error::other(
                    "a file of the package is too large",
                )));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(fault)?;
            visit(&format!("{}#{}: {name}", self.name, self.version), bytes)?;
        }
        Ok(())
    }
}

/// The name of a file directly in `package/`; folders below hold examples and what tools keep for themselves.
fn definition_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let parent = path.parent()?;
    (parent == Path::new("package") || parent == Path::new("./package")).then_some(name)
}
