//! The rules of the house, held against the text of the repository: who may know whom, how long a file may be, what a
//! folder holds. A failure names the place and the rule.

mod files;
mod knowledge;
mod source;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
struct File {
    /// Its path from the root of the repository, with slashes.
    path: String,
    /// What it holds.
    text: String,
}

impl File {
    fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|own| own == extension)
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The files under a folder with one of some extensions, sorted by path. What is built or fetched is left out.
fn files(folder: &str, extensions: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let of_extension = |path: &PathBuf| {
        path.extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| extensions.contains(&extension))
    };
    let found: Vec<File> = paths
        .into_iter()
        .filter(of_extension)
        .map(|path| File {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root()).unwrap().display().to_string(),
        })
        .collect();
    assert!(!found.is_empty(), "no file of {extensions:?} in {folder:?}");
    found
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let kind = entry.file_type().unwrap();
        match name.as_str() {
            "target" | "node_modules" | "dist" => {}
            hidden if hidden.starts_with('.') => {}
            _ if kind.is_dir() => collect(&entry.path(), paths),
            _ if kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

/// Fails with everything that breaks a rule.
fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// What a rule says of a made-up file, as lines without the path.
fn said(rule: impl Fn(&File) -> Vec<String>, path: &str, text: &str) -> String {
    let file = File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let said = rule(&file);
    let said: Vec<&str> = said
        .iter()
        .map(|line| line.strip_prefix(path).unwrap())
        .collect();
    said.join("\n")
}
