//! Who may know whom: the direction of knowledge inside the server, and the doors to HTTP and to SQL.

use super::source::{Source, line, places};
use super::{File, files, none, root, said};

/// What each module may use. One may use only those above it, so nothing can go round in a circle.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    ("postgres", &["config"]),
    ("auth", &["error"]),
    ("context", &["error", "auth"]),
    ("audit", &["error", "auth", "context"]),
    ("definitions", &["error", "config", "context"]),
    ("scheduling", &["error", "auth"]),
    (
        "store",
        &[
            "error",
            "auth",
            "context",
            "audit",
            "definitions",
            "scheduling",
        ],
    ),
    ("accounts", &["error", "auth", "context", "store"]),
    ("searchset", &["store"]),
    ("terminology", &["error", "context", "definitions", "store"]),
    (
        "operations",
        &[
            "error",
            "auth",
            "context",
            "audit",
            "definitions",
            "scheduling",
            "store",
            "accounts",
            "searchset",
            "terminology",
        ],
    ),
    (
        "messages",
        &[
            "error",
            "config",
            "context",
            "definitions",
            "scheduling",
            "store",
            "searchset",
            "terminology",
        ],
    ),
    (
        "interactions",
        &[
            "error",
            "auth",
            "context",
            "audit",
            "definitions",
            "store",
            "accounts",
            "searchset",
            "terminology",
            "operations",
        ],
    ),
    (
        "identity",
        &[
            "error",
            "auth",
            "context",
            "store",
            "accounts",
            "interactions",
        ],
    ),
    (
        "jobs",
        &[
            "error",
            "config",
            "context",
            "definitions",
            "store",
            "operations",
            "messages",
        ],
    ),
    ("backup", &["config", "store"]),
    ("load", &["error", "auth", "context", "interactions"]),
    (
        "import",
        &[
            "error",
            "config",
            "auth",
            "context",
            "store",
            "interactions",
        ],
    ),
    (
        "http",
        &["error", "config", "auth", "context", "interactions"],
    ),
    ("app", EVERYTHING),
    ("commands", EVERYTHING),
];

/// For the modules that put the others together.
const EVERYTHING: &[&str] = &["*"];

/// What breaks the table, and why it is right to.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "store",
        "config",
        "the address of the database holds a password, and `Secret` keeps it out of logs",
    ),
    (
        "store",
        "backup",
        "the rows of a backup travel between the database and the file as the file's frames",
    ),
];

/// A crate, the only places that may name it, and why.
const DOORS: &[(&str, &[&str], &str)] = &[
    (
        "axum",
        &["server/src/http/", "server/src/app.rs"],
        "only `http` speaks HTTP, and `app` hands its router on",
    ),
    (
        "axum_server",
        &["server/src/http/"],
        "only `http` speaks HTTP",
    ),
    (
        "sqlx",
        &[
            "server/src/store/",
            "server/src/backup.rs",
            "server/src/postgres/mod.rs",
            "bench/",
        ],
        "only `store` speaks SQL; `backup` passes its errors on, `postgres` creates the database, `bench` measures it",
    ),
    (
        "lettre",
        &["server/src/messages/providers/smtp.rs"],
        "mail is one way to send messages",
    ),
    (
        "reqwest",
        &[
            "server/src/identity/fetch.rs",
            "server/src/accounts/uris.rs",
            "server/src/messages/providers/",
            "conformance-tests/",
            "bench/",
        ],
        "the server asks nobody else, but clients for their public keys, and who carries messages",
    ),
    (
        "AssertSqlSafe",
        &[
            "server/src/store/search",
            "server/src/store/backup.rs",
            "bench/",
        ],
        "SQL made at run time has few doors; the one of backups lets only quoted names through",
    ),
];

/// The folder of the modules.
const SOURCES: &str = "server/src/";

/// The module of a file of the server, and how deep it is; nothing for the crate's own roots.
fn module(path: &str) -> Option<(&str, usize)> {
    let path = path.strip_prefix(SOURCES)?.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let name = path.split('/').next()?;
    let is_root = ["lib", "main"].contains(&name);
    (!is_root).then(|| (name, path.split('/').count()))
}

/// The modules of the server that a file's shipped code names, each with its place.
fn named(file: &File, depth: usize) -> Vec<(usize, String)> {
    let source = Source::of(file);
    let code = source.shipped();
    let above = "super::".repeat(depth);
    let mut named = Vec::new();
    for (place, prefix) in places(code, "crate::")
        .map(|place| (place, "crate::"))
        .chain(places(code, &above).map(|place| (place, above.as_str())))
    {
        // `super::super::` begins inside `super::super::super::` too.
        if code[..place].ends_with("::") {
            continue;
        }
        let names = first_names(&code[place + prefix.len()..]);
        named.extend(names.into_iter().map(|name| (place, name)));
    }
    named
}

/// The first name of each path behind a prefix: one, or those of a group.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        let letters = text.chars();
        letters
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![name(rest)];
    };
    let mut depth = 0_usize;
    let mut names = vec![name(group)];
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[place + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn direction(file: &File) -> Vec<String> {
    let Some((module, depth)) = module(&file.path) else {
        return Vec::new();
    };
    let source = Source::of(file);
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return match source.shipped().is_empty() {
            true => Vec::new(),
            false => vec![format!("{}: `{module}` is not in MAY_USE", file.path)],
        };
    };
    let is_module = |name: &str| MAY_USE.iter().any(|(module, _)| *module == name);
    let is_excepted = |name: &str| {
        EXCEPTIONS
            .iter()
            .any(|(from, to, _)| *from == module && *to == name)
    };
    named(file, depth)
        .into_iter()
        .filter(|(_, name)| name != module && is_module(name))
        .filter(|(_, name)| *may_use != EVERYTHING && !may_use.contains(&name.as_str()))
        .filter(|(_, name)| !is_excepted(name))
        .map(|(place, name)| {
            let line = line(source.shipped(), place);
            format!("{}:{line}: `{module}` may not use `{name}`", file.path)
        })
        .collect()
}

fn doors(file: &File) -> Vec<String> {
    let source = Source::of(file);
    let mut broken = Vec::new();
    for (word, allowed, reason) in DOORS {
        if allowed.iter().any(|prefix| file.path.starts_with(prefix)) {
            continue;
        }
        for place in places(source.shipped(), word) {
            let line = line(source.shipped(), place);
            broken.push(format!("{}:{line}: names `{word}`: {reason}", file.path));
        }
    }
    broken
}

#[test]
fn knowledge_goes_one_way() {
    none(
        files("server/src", &["rs"])
            .iter()
            .flat_map(direction)
            .collect(),
    );
}

#[test]
fn http_and_sql_have_few_doors() {
    none(files("", &["rs"]).iter().flat_map(doors).collect());
}

#[test]
fn the_table_has_no_circle_and_no_unknown_module() {
    let mut above: Vec<&str> = Vec::new();
    for (module, may_use) in MAY_USE {
        for used in may_use.iter().filter(|used| **used != "*") {
            assert!(above.contains(used), "`{module}` uses `{used}` from below");
        }
        above.push(module);
    }
    for module in above {
        let base = root().join(SOURCES).join(module);
        let exists = base.is_dir() || base.with_extension("rs").is_file();
        assert!(exists, "MAY_USE names `{module}`, which is not there");
    }
}

#[test]
fn every_exception_and_every_door_is_still_needed() {
    let all = files("", &["rs"]);
    for (from, to, reason) in EXCEPTIONS {
        let is_used = all.iter().any(|file| {
            module(&file.path).is_some_and(|(module, depth)| {
                module == *from && named(file, depth).iter().any(|(_, name)| name == to)
            })
        });
        assert!(is_used, "`{from}` no longer uses `{to}` ({reason})");
    }
    for (word, allowed, _) in DOORS {
        let of_door = |file: &&File| allowed.iter().any(|prefix| file.path.starts_with(prefix));
        let is_used = all
            .iter()
            .filter(of_door)
            .any(|file| places(Source::of(file).shipped(), word).next().is_some());
        assert!(is_used, "nothing names `{word}` any more");
    }
}

#[test]
fn a_step_against_the_direction_is_named() {
    let check = |path: &str, text: &str, expected: &str| {
        assert_eq!(said(direction, path, text), expected, "{path} {text}");
    };
    let store = "server/src/store/read.rs";
    let no_operations = ":1: `store` may not use `operations`";
    check(store, "use crate::operations::Registry;", no_operations);
    check(
        store,
        "use crate::{error::Error, operations::{a, b}};",
        no_operations,
    );
    check(
        store,
        "fn f() -> crate::operations::Registry {}",
        no_operations,
    );
    check(
        store,
        "use super::super::operations::Registry;",
        no_operations,
    );
    check(
        "server/src/store/mod.rs",
        "use super::operations;",
        no_operations,
    );
    check(
        "server/src/store.rs",
        "use super::operations;",
        no_operations,
    );
    check(
        store,
        "use super::operations;\nuse crate::store::operations;",
        "",
    );
    check(store, "use crate::error::Error; // crate::operations", "");
    check(
        store,
        "#[cfg(test)]\nmod tests {\n use crate::operations;",
        "",
    );
    check("server/src/store/tests.rs", "use crate::operations;", "");
    check("server/src/app.rs", "use crate::operations::Registry;", "");
    check(
        "server/src/new.rs",
        "fn f() {}",
        ": `new` is not in MAY_USE",
    );
}

#[test]
fn a_closed_door_is_named() {
    let check = |path: &str, text: &str, expected: bool| {
        let said = said(doors, path, text);
        assert_eq!(
            said.starts_with(":1: names `"),
            expected,
            "{path} {text}: {said}"
        );
    };
    check("server/src/load.rs", "use axum::Router;", true);
    check("server/src/http/mod.rs", "use axum::Router;", false);
    check("server/fhir/src/a.rs", "sqlx::query(a)", true);
    check("server/src/store/read.rs", "sqlx::query(a)", false);
    check("server/src/store/read.rs", "AssertSqlSafe(a)", true);
    check("server/src/store/tests.rs", "AssertSqlSafe(a)", false);
    check(
        "server/src/load.rs",
        "let from_sqlx = \"sqlx\"; // axum",
        false,
    );
}
