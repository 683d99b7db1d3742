//! Settings: what is accepted, what is refused with which line, and the help text.

use std::ffi::OsString;

use super::*;

fn read(arguments: &[&str]) -> Result<Start, ConfigError> {
    read_with(arguments, &[])
}

fn read_with(arguments: &[&str], environment: &[&str]) -> Result<Start, ConfigError> {
    let arguments = ["vesta"].iter().chain(arguments).map(OsString::from);
    let environment = environment.iter().map(|name| (name.into(), "1".into()));
    Config::read(arguments.collect(), environment.collect())
}

fn config(arguments: &[&str]) -> Config {
    match read(arguments) {
        Ok(Start::Run(config)) => *config,
        other => panic!("{arguments:?}: {other:?}"),
    }
}

/// The arguments are refused with one line that contains `expected`.
fn refused(arguments: &[&str], expected: &str) {
    let error = read(arguments).expect_err(expected);
    let line = error.to_string();
    assert!(line.contains(expected), "{arguments:?}: {line}");
    assert!(!line.contains('\n'), "one line: {line}");
}

#[test]
fn the_defaults_are_those_that_others_rely_on() {
    let config = config(&["serve"]);
    assert_eq!(config.command, Command::Serve { role: Role::All });
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.fhir_base(config.listen),
        "http://127.0.0.1:8080/fhir"
    );
    assert_eq!(config.limits.body_bytes_max, ByteSize::mib(64));
    assert_eq!(config.limits.page_size, 50);
    assert!(config.limits.references_checked_on_delete && config.limits.full_text);
    assert_eq!(config.validation.profiles, Profiles::Base);
    assert_eq!(config.validation.unknown_profiles, Unknown::Warning);
    assert!(!config.validation.best_practice);
    assert!(config.packages_dir.ends_with("vesta/packages"));
    assert!(config.database_url.is_none());
    assert!(config.postgres.postgres_fsync);
}

#[test]
fn flags_stand_before_and_after_the_command() {
    let before = config(&["--page-size", "7", "serve"]);
    let after = config(&["serve", "--page-size", "7", "--role", "worker"]);
    assert_eq!(before.limits.page_size, 7);
    assert_eq!(after.limits.page_size, 7);
    assert_eq!(after.command, Command::Serve { role: Role::Worker });
    let load = config(&["load", "a.json", "b"]);
    let bundles = vec!["a.json".into(), "b".into()];
    assert_eq!(load.command, Command::Load { bundles });
}

#[test]
fn the_base_url_follows_listener_and_tls() {
    let tls = config(&[
        "serve",
        "--tls-cert",
        "c",
        "--tls-key",
        "k",
        "--listen",
        "[::1]:8443",
    ]);
    assert_eq!(tls.fhir_base(tls.listen), "https://[::1]:8443/fhir");
    let given = config(&["serve", "--base-url", "https://fhir.example.org/r4"]);
    assert_eq!(given.fhir_base(given.listen), "https://fhir.example.org/r4");
}

/// After `serve`: a flag, its value, and a part of the line that refuses them.
const REFUSED: [(&str, &str, &str); 35] = [
    ("--profiles", "all", "(variable VESTA_PROFILES)"),
    ("--colour", "red", "unexpected argument '--colour'"),
    ("--auth", "none", "(variable VESTA_AUTH)"),
    ("--access-token-lifetime-s", "59", "is not in 60..=3600"),
    ("--listen", "0.0.0.0:80", "must be a loopback address"),
    ("--listen", "here", "(variable VESTA_LISTEN)"),
    ("--role", "boss", "[possible values: all, api, worker]"),
    ("--tls-cert", "c", "belong together"),
    (
        "--smtp-from",
        "a@here.example",
        "VESTA_SMTP_URL and VESTA_SMTP_FROM belong together",
    ),
    (
        "--sms-url",
        "http://gateway.example",
        "VESTA_SMS_URL must be https",
    ),
    (
        "--sms-url",
        "http://localhost.evil/x",
        "VESTA_SMS_URL must be https",
    ),
    (
        "--sms-url",
        "http://127.0.0.1.evil/x",
        "VESTA_SMS_URL must be https",
    ),
    (
        "--sms-url",
        "http://localhost@evil/x",
        "holds a name or password",
    ),
    (
        "--sms-url",
        "https://a:b@gateway.example",
        "holds a name or password",
    ),
    ("--sms-url", "gateway", "VESTA_SMS_URL is no URL"),
    (
        "--smtp-url",
        "smtp://a:b@mail.example",
        "holds a name or password",
    ),
    (
        "--smtp-url",
        "smtp://mail.example/x?y",
        "VESTA_SMTP_URL must be",
    ),
    (
        "--smtp-url",
        "http://mail.example",
        "VESTA_SMTP_URL must be",
    ),
    ("--messages-at-once", "1", "is not in 2..=64"),
    ("--messages-dir", "m", "VESTA_CLINIC_NAME is missing"),
    ("--clinic-zone", "Europe/Nowhere", "is no zone"),
    ("--page-size", "2000", "more than VESTA_PAGE_SIZE_MAX"),
    ("--page-size-max", "10001", "is not in 1..=10000"),
    ("--body-bytes-max", "513MiB", "at most 512MiB"),
    ("--body-bytes-max", "0", "more than nothing"),
    ("--body-bytes-max", "lots", "not a size such as 64MiB"),
    ("--json-depth-max", "1000", "is not in 8..=256"),
    ("--conditional-delete-max", "10001", "is not in 1..=10000"),
    ("--combine-batch-max", "65", "is not in 1..=64"),
    ("--database-connections", "8", "each of VESTA_COMBINE_TASKS"),
    ("--log", "vesta=loud", "VESTA_LOG is not a log filter"),
    ("--base-url", "ftp://x/fhir", "VESTA_BASE_URL must be"),
    ("--base-url", "http://x/fhir/", "VESTA_BASE_URL must be"),
    ("--base-url", "http://u@x/f?a", "VESTA_BASE_URL must be"),
    ("--database-url", "mysql://x", "must start with postgres://"),
];

#[test]
fn unknown_and_contradictory_settings_are_refused() {
    for (flag, value, expected) in REFUSED {
        refused(&["serve", flag, value], expected);
    }
    let public = ["serve", "--auth", "smart", "--listen", "0.0.0.0:80"];
    refused(&public, "VESTA_AUTH=smart needs TLS");
    let proxied = [&public[..], &["--base-url", "https://a.example/fhir"]].concat();
    assert_eq!(config(&proxied).auth, Auth::Smart);
    refused(&[], "say what to do: serve, migrate");
    refused(&["dance"], "unrecognized subcommand 'dance'");
    refused(&["load"], "required arguments were not provided: <BUNDLE>");
    let url = ["serve", "--database-url", "postgres://x"];
    let with = |more: [&'static str; 2]| [&url[..], &more].concat();
    refused(
        &with(["--postgres-user", "p"]),
        "VESTA_POSTGRES_USER is for the embedded PostgreSQL",
    );
    refused(
        &with(["--postgres-fsync", "true"]),
        "VESTA_POSTGRES_FSYNC is for the embedded PostgreSQL",
    );
}

#[test]
fn a_variable_that_is_no_setting_is_refused() {
    let known = [
        "VESTA_LISTEN",
        "VESTA_ROLE",
        "VESTA_POSTGRES_FSYNC",
        "VESTAL",
        "HOME",
    ];
    assert!(read_with(&["migrate"], &known).is_ok());
    let error = read_with(&["migrate"], &["VESTA_LISTN", "VESTA_A"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "VESTA_A is not a setting; VESTA_LISTN is not a setting"
    );
}

#[test]
fn all_problems_are_reported_and_no_secret_is() {
    let arguments = [
        "check-config",
        "--listen",
        "10.0.0.1:80",
        "--tls-key",
        "k",
        "--database-url",
        "postgres://vesta:geheim@db/vesta",
    ];
    let report = match read(&arguments) {
        Ok(Start::Report(report)) => report,
        other => panic!("{other:?}"),
    };
    assert_eq!(report.problems.len(), 2);
    let text = report.to_string();
    assert!(!text.contains("geheim"), "{text}");
    assert!(text.contains("wrong: VESTA_TLS_CERT"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("VESTA_DATABASE_URL ").ends_with("(hidden)  (flag)"));
    assert!(line("VESTA_PAGE_SIZE ").ends_with("50  (default)"));
    assert!(line("VESTA_BASE_URL ").ends_with("http://10.0.0.1:80/fhir  (default)"));
    assert!(line("VESTA_TLS_KEY ").ends_with("k  (flag)"));
    let config = config(&[
        "migrate",
        "--database-url",
        "postgres://vesta:geheim@db/vesta",
    ]);
    assert!(!format!("{config:?}").contains("geheim"));
    assert!(config.database_url.unwrap().expose().contains("geheim"));
}

#[test]
fn sizes_are_read_and_written() {
    for (text, bytes) in [
        ("0", 0),
        ("1500", 1500),
        ("2KiB", 2048),
        ("64MiB", 64 << 20),
        ("1GiB", 1 << 30),
    ] {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!(size, ByteSize(bytes));
        assert_eq!(size.to_string(), text);
    }
    for text in [
        "",
        "MiB",
        "-1",
        "+1",
        "1.5MiB",
        "1 MiB",
        "1mb",
        "99999999999GiB",
    ] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn help_and_version_are_texts() {
    for arguments in [["--help"], ["--version"], ["-h"]] {
        assert!(
            matches!(read(&arguments), Ok(Start::Text(_))),
            "{arguments:?}"
        );
    }
    assert!(matches!(read(&["serve", "--help"]), Ok(Start::Text(_))));
}

/// The help texts are the documentation of the settings; `server/SETTINGS.txt` is their copy.
#[test]
fn the_documentation_is_the_help_text() {
    let command = described().term_width(100);
    // Taken before the first rendering, which would give them all flags of their parent.
    let mut own = vec![(
        "serve".to_owned(),
        command.find_subcommand("serve").unwrap(),
    )];
    for parent in ["import-codes", "user", "client"] {
        let found = command.find_subcommand(parent).unwrap();
        own.extend(found.get_subcommands().map(|one| {
            let name = format!("{parent} {}", one.get_name());
            (name, one)
        }));
    }
    let own: Vec<_> = own
        .into_iter()
        .map(|(name, one)| (name, one.clone()))
        .collect();
    let mut help = command.clone().render_long_help().to_string();
    for (name, one) in own {
        help.push_str(&format!(
            "\n---- vesta {name} --help: the above, and ----\n\n"
        ));
        let mut one = one.bin_name(format!("vesta {name}")).term_width(100);
        help.push_str(&one.render_long_help().to_string());
    }
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let help = lines.join("\n") + "\n";
    let documented = include_str!("../../SETTINGS.txt");
    assert!(
        help == documented,
        "server/SETTINGS.txt must be what `vesta --help` prints, which is now:\n{help}"
    );
}

#[test]
fn every_setting_has_a_variable_that_is_its_flag() {
    let command = described();
    let arguments = command.get_arguments().chain(
        command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments),
    );
    for argument in arguments {
        let Some(long) = argument
            .get_long()
            .filter(|long| !["help", "version"].contains(long))
        else {
            continue;
        };
        let expected = format!("VESTA_{}", long.to_uppercase().replace('-', "_"));
        assert_eq!(argument.get_env(), Some(expected.as_ref()));
        assert!(argument.get_help().is_some(), "{long} has no help");
    }
}

#[test]
fn what_is_recorded_follows_who_may_ask_and_whether_there_is_a_trail() {
    let folder = std::env::temp_dir().join(format!("vesta-trail-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    let is_audited = |arguments: &[&str]| {
        let all = [arguments, &["--data-dir", folder]].concat();
        config(&all).is_audited()
    };
    assert!(is_audited(&["serve", "--auth", "smart"]));
    assert!(!is_audited(&["serve"]));
    assert!(!is_audited(&["load", "a.json"]));
    std::fs::write(format!("{folder}/audit.key"), "x").unwrap();
    assert!(!is_audited(&["serve"]));
    assert!(is_audited(&["load", "a.json"]));
    assert!(!is_audited(&["load", "a.json", "--audit", "off"]));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Keys of gateways stand in paths and queries, passwords before the host.
#[test]
fn what_urls_keep_secret_is_shown_nowhere() {
    let arguments = [
        "serve",
        "--clinic-name",
        "here",
        "--sms-url",
        "https://gateway.example/hush?key=hush",
        "--smtp-from",
        "a@here.example",
        "--smtp-url",
        "smtps://mail.example:465",
    ];
    let config = config(&arguments);
    assert!(!format!("{config:?}").contains("hush"));
    for url in ["smtps://mail.example:465", "smtps://me:hush@mail.example"] {
        let mut asked = arguments;
        (asked[0], asked[8]) = ("check-config", url);
        let Ok(Start::Report(report)) = read(&asked) else {
            panic!("a report is asked for");
        };
        let report = report.to_string();
        assert!(!report.contains("hush"), "{report}");
        assert_eq!(report.contains(url), !url.contains('@'), "{report}");
    }
}

#[test]
fn gateways_on_this_machine_need_no_tls() {
    for url in ["http://localhost:8/x", "http://127.0.0.1", "http://[::1]:8"] {
        let config = config(&["serve", "--clinic-name", "here", "--sms-url", url]);
        assert!(config.messages.sms_url.is_some(), "{url}");
    }
}
