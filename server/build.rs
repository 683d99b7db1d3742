//! Embeds `profiles/` (without its examples) and `search-params/` into the binary, and a fingerprint of the code that compiles definitions.
#![expect(
    clippy::disallowed_methods,
    reason = "Cargo speaks to build scripts through the environment"
)]

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::error::Error;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = crate_dir.join("..").canonicalize()?;
    let mut list = String::from("&[\n");
    for folder in ["profiles", "search-params"] {
        let is_definition = |file: &PathBuf| !file.starts_with(root.join("profiles/examples"));
        let all = files(&root.join(folder), "json")?;
        for file in all.into_iter().filter(is_definition) {
            let name = file.strip_prefix(&root)?.display();
            list.push_str(&format!(
                "({name:?}, include_str!({:?})),\n",
                file.display(),
                name = name.to_string()
            ));
        }
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("own_definitions.rs"), list)?;

    // The layout of the compact file follows these sources: another layout, another fingerprint.
    let mut hasher = DefaultHasher::new();
    for folder in ["fhir/src/definitions", "src/definitions"] {
        for file in files(&crate_dir.join(folder), "rs")? {
            fs::read(file)?.hash(&mut hasher);
        }
    }
    println!(
        "cargo::rustc-env=VESTA_DEFINITIONS_CODE={:016x}",
        hasher.finish()
    );
    Ok(())
}

/// The files of a folder and its folders, sorted; Cargo watches them all.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|one| one == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
