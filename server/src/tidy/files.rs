//! What files and folders hold: their length, their first line, their names, and nothing of HL7's definitions.

use std::fs;

use fhir::json::{Document, Value};

use super::{File, files, none, root, said};

/// Lines of the longest file.
const LINES_MAX: usize = 500;
/// The FHIR operations, a folder each.
const OPERATIONS: &str = "server/src/operations";
/// The static statements, a file each.
const STATEMENTS: &str = "server/src/store/sql";

fn length(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    (lines > LINES_MAX)
        .then(|| format!("{}: {lines} lines; {LINES_MAX} are the most", file.path))
        .into_iter()
        .collect()
}

fn first_line(file: &File) -> Vec<String> {
    let says = file.text.strip_prefix("//! ");
    let is_said = says.is_some_and(|says| !says.trim_start().is_empty());
    (!is_said)
        .then(|| format!("{}: does not begin with `//! ` and what it is", file.path))
        .into_iter()
        .collect()
}

fn statement(file: &File) -> Vec<String> {
    let is_explained = file.text.starts_with("-- ");
    (!is_explained)
        .then(|| format!("{}: does not begin with `-- ` and its reason", file.path))
        .into_iter()
        .collect()
}

fn not_of_hl7(file: &File) -> Vec<String> {
    let document = match Document::parse(file.text.clone()) {
        Ok(document) => document,
        Err(error) => return vec![format!("{}: {error}", file.path)],
    };
    let member = |name| document.root().get(name).and_then(Value::string);
    if file.path.contains("/corrections/") {
        return match member("reason") {
            Some(reason) if !reason.is_empty() => Vec::new(),
            _ => vec![format!("{}: a correction without a `reason`", file.path)],
        };
    }
    match member("url") {
        Some(url) if url.starts_with("http://hl7.org/fhir/") => vec![format!(
            "{}: {url} is HL7's; it comes from a package of fhir-packages.toml",
            file.path
        )],
        _ => Vec::new(),
    }
}

/// What is wrong with the names of migrations, which are in order.
fn migrations(names: &[&str]) -> Vec<String> {
    let mut broken = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let number = format!("{:04}_", place + 1);
        let says = name
            .strip_prefix(&number)
            .and_then(|rest| rest.strip_suffix(".sql"));
        let is_name = |says: &str| {
            let mut letters = says.chars();
            !says.is_empty() && letters.all(|letter| letter.is_ascii_lowercase() || letter == '_')
        };
        if !says.is_some_and(is_name) {
            broken.push(format!(
                "{name}: migrations are forward only, here {number}name.sql"
            ));
        }
    }
    broken
}

/// What an operation's folder lacks.
fn operation(name: &str, held: &[String], list: &str) -> Vec<String> {
    let parts = ["definition.json", "mod.rs", "tests.rs"];
    let missing = parts
        .iter()
        .filter(|part| !held.iter().any(|own| own == *part));
    let mut broken: Vec<String> = missing
        .map(|part| format!("{OPERATIONS}/{name}: has no {part}"))
        .collect();
    let is_listed = |with: &str| list.contains(&format!(".{with}::<{name}::"));
    if !is_listed("with") && !is_listed("with_change") {
        broken.push(format!("{OPERATIONS}/{name}: is not in the list of mod.rs"));
    }
    broken
}

/// The names in a folder, sorted.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn no_file_is_too_long() {
    let all = files("", &["rs", "mjs", "ts", "tsx", "sql", "sh"]);
    none(all.iter().flat_map(length).collect());
}

#[test]
fn every_source_file_begins_with_what_it_is() {
    none(files("", &["rs"]).iter().flat_map(first_line).collect());
}

#[test]
fn every_statement_is_listed_and_gives_its_reason() {
    let all = files(STATEMENTS, &["sql"]);
    let list = fs::read_to_string(root().join("server/src/store/statements.rs")).unwrap();
    let is_unlisted = |file: &&File| {
        let name = file.name().strip_suffix(".sql").unwrap();
        !list.contains(&format!("= \"{name}\";"))
    };
    let unlisted = all.iter().filter(is_unlisted);
    let unlisted = unlisted.map(|file| format!("{}: is not in statements.rs", file.path));
    none(all.iter().flat_map(statement).chain(unlisted).collect());
}

#[test]
fn migrations_go_forward_without_gaps() {
    let found = names("server/migrations");
    assert!(!found.is_empty());
    none(migrations(
        &found.iter().map(String::as_str).collect::<Vec<_>>(),
    ));
}

/// Folders of operations that hold none: the tests of all, those of the contract, and what some of them share.
const SHARED: [&str; 5] = ["tests", "contract", "managed", "slots", "visits"];

#[test]
fn operation_folders_are_complete() {
    let list = fs::read_to_string(root().join(OPERATIONS).join("mod.rs")).unwrap();
    let is_operation = |name: &&String| {
        !SHARED.contains(&name.as_str()) && root().join(OPERATIONS).join(name).is_dir()
    };
    let all = names(OPERATIONS);
    let folders: Vec<&String> = all.iter().filter(is_operation).collect();
    assert!(!folders.is_empty());
    let check = |name: &&String| operation(name, &names(&format!("{OPERATIONS}/{name}")), &list);
    none(folders.iter().flat_map(check).collect());
}

#[test]
fn the_repository_holds_no_definition_of_hl7() {
    let mut all = files("profiles", &["json", "md"]);
    all.extend(files("search-params", &["json", "md"]));
    all.retain(|file| file.has_extension("json"));
    none(all.iter().flat_map(not_of_hl7).collect());
}

#[test]
fn what_breaks_a_rule_of_files_is_named() {
    let check = |said: String, expected: &str| assert_eq!(said, expected);
    check(said(length, "a.rs", &"\n".repeat(500)), "");
    let long = said(length, "a.rs", &"\n".repeat(501));
    check(long, ": 501 lines; 500 are the most");
    check(said(first_line, "a.rs", "//! What.\n"), "");
    let silent = ": does not begin with `//! ` and what it is";
    check(said(first_line, "a.rs", "//!\nuse a;"), silent);
    check(said(first_line, "a.rs", "//! \n"), silent);
    check(said(first_line, "a.rs", "use a;"), silent);
    check(said(statement, "a.sql", "-- why\nselect 1"), "");
    let bare = ": does not begin with `-- ` and its reason";
    check(said(statement, "a.sql", "select 1"), bare);
}

#[test]
fn definitions_of_hl7_are_told_from_ours() {
    let check = |path: &str, text: &str, expected: &str| {
        assert_eq!(said(not_of_hl7, path, text), expected);
    };
    let hl7 = r#"{"url":"http://hl7.org/fhir/SearchParameter/a"}"#;
    let refused = ": http://hl7.org/fhir/SearchParameter/a is HL7's; it comes from a package of fhir-packages.toml";
    check("profiles/a.json", hl7, refused);
    check("profiles/a.json", r#"{"url":"http://here/a"}"#, "");
    let unreasoned = ": a correction without a `reason`";
    check("search-params/corrections/a.json", hl7, unreasoned);
    let reasoned = r#"{"definition":"http://hl7.org/fhir/a","reason":"b"}"#;
    check("profiles/corrections/a.json", reasoned, "");
}

#[test]
fn names_of_migrations_are_checked() {
    let check = |names: &[&str], broken: usize| {
        assert_eq!(migrations(names).len(), broken, "{names:?}");
    };
    check(&["0001_a.sql", "0002_b_c.sql"], 0);
    check(&["0001_a.sql", "0003_b.sql"], 1);
    check(&["0002_a.sql"], 1);
    check(&["0001_a.up.sql"], 1);
    check(&["0001_a.down.sql"], 1);
    check(&["0001_.sql"], 1);
    check(&["0001_A.sql"], 1);
    check(&["1_a.sql"], 1);
}

#[test]
fn an_incomplete_operation_is_named() {
    let check = |held: &[&str], list: &str, expected: usize| {
        let held: Vec<String> = held.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(operation("a", &held, list).len(), expected, "{held:?}");
    };
    let whole = ["definition.json", "mod.rs", "tests.rs", "more.rs"];
    check(&whole, ".with::<a::A>()", 0);
    check(&whole, ".with::<ab::A>()", 1);
    check(&["mod.rs"], ".with::<a::A>()", 2);
    check(&[], "", 4);
}
