//! Packages are read, checked, compiled once and read from the compact file afterwards.
#![expect(
    clippy::disallowed_methods,
    reason = "tests find the packages where the set-up keeps them"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, thread};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fhir::definitions::Definitions;
use fhir::ids::ResourceType;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha512};

use super::*;

/// A directory of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vesta-definitions-{}-{count}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn package(folder: &Path, name: &str, archive: &[u8]) -> Package {
    let package = Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        sha512: STANDARD.encode(Sha512::digest(archive)),
        take: vec![Take::Definitions],
    };
    fs::write(folder.join(package.file_name()), archive).unwrap();
    package
}

fn settings(folder: &Folder, packages: Vec<Package>) -> Settings {
    Settings {
        packages_dir: folder.0.clone(),
        data_dir: folder.0.join("data"),
        packages: PackageList { packages },
    }
}

const PATIENT: &str = r#"{"resourceType":"StructureDefinition","url":"http://p","kind":"resource","type":"Patient",
    "snapshot":{"element":[{"path":"Patient"}]}}"#;

const NAME: &str = r#"{"resourceType":"SearchParameter","url":"http://n","code":"name","type":"string",
    "base":["Patient"],"expression":"Patient.name"}"#;

const PATH: &str = "package/StructureDefinition-Patient.json";

/// A small package and settings that name it alone.
fn tiny(folder: &Folder) -> Settings {
    let files = [
        (PATH, PATIENT),
        ("package/SearchParameter-name", NAME),
        ("package/package.json", "{}"),
        ("package/Patient-example.json", "not read"),
        ("package/example/SearchParameter-other.json", "not read"),
    ];
    let package = package(&folder.0, "tiny", &archive(&files));
    settings(folder, vec![package])
}

const OURS: &[OwnFile] = &[(
    "search-params/base/name.json",
    r#"{"resourceType":"SearchParameter","url":"http://ours","code":"name","type":"string","base":["Patient"]}"#,
)];

fn load_with(settings: &Settings, own: &[OwnFile]) -> Result<(Definitions, Origin), String> {
    let fingerprint = compact_file::fingerprint(&settings.packages, own);
    load_for(settings, own, &fingerprint).map_err(|fault| fault.to_string())
}

fn name_parameter(definitions: &Definitions) -> &str {
    let patient = ResourceType::parse("Patient").unwrap();
    let found = definitions
        .search_parameters
        .by_type_and_code(patient, "name");
    &found.unwrap().url
}

#[test]
fn a_package_is_compiled_once_and_then_read_from_the_compact_file() {
    let folder = Folder::new();
    let settings = tiny(&folder);
    let (first, origin) = load_with(&settings, &[]).unwrap();
    let Origin::Compiled(path) = origin else {
        panic!("{origin:?}");
    };
    assert_eq!(name_parameter(&first), "http://n");
    fs::remove_file(folder.0.join("tiny-1.0.0.tgz")).unwrap();
    let (second, origin) = load_with(&settings, &[]).unwrap();
    assert_eq!(origin, Origin::CompactFile(path));
    assert_eq!(name_parameter(&second), "http://n");
}

#[test]
fn a_damaged_compact_file_is_made_anew() {
    let folder = Folder::new();
    let settings = tiny(&folder);
    let (_, origin) = load_with(&settings, &[]).unwrap();
    let Origin::Compiled(path) = &origin else {
        panic!("{origin:?}");
    };
    let whole = fs::read(path).unwrap();
    let check = |damage: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        fs::write(path, bytes).unwrap();
        assert_eq!(load_with(&settings, &[]).unwrap().1, origin);
        assert_eq!(fs::read(path).unwrap(), whole);
    };
    check(&|bytes| bytes.clear());
    check(&|bytes| bytes.truncate(40));
    check(&|bytes| bytes.truncate(bytes.len() - 1));
    check(&|bytes| *bytes.last_mut().unwrap() ^= 1);
    check(&|bytes| bytes[0] ^= 1);
    check(&|bytes| bytes[20] ^= 1);
}

#[test]
fn another_set_of_definitions_has_another_compact_file() {
    let folder = Folder::new();
    let settings = tiny(&folder);
    let (_, first) = load_with(&settings, &[]).unwrap();
    let (definitions, second) = load_with(&settings, OURS).unwrap();
    assert!(matches!(second, Origin::Compiled(_)) && first != second);
    // Ours counts where both define a code.
    assert_eq!(name_parameter(&definitions), "http://ours");
    let mut less = settings.clone();
    less.packages.packages[0].take = vec![Take::Examples];
    let (definitions, third) = load_with(&less, &[]).unwrap();
    assert!(matches!(third, Origin::Compiled(_)));
    assert_eq!(definitions.structures.all().count(), 0);
}

#[test]
fn one_process_compiles_and_the_others_read() {
    let folder = Folder::new();
    let settings = tiny(&folder);
    let compiled = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| load_with(&settings, &[]).unwrap().1))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|origin| matches!(origin, Origin::Compiled(_)))
            .count()
    });
    assert_eq!(compiled, 1);
}

#[test]
fn where_the_packages_are_read_only_the_data_directory_keeps_the_file() {
    let folder = Folder::new();
    let settings = tiny(&folder);
    // A directory in the place of the lock file: nothing can be written, not even by root.
    fs::create_dir(folder.0.join(LOCK)).unwrap();
    let (_, origin) = load_with(&settings, &[]).unwrap();
    let Origin::Compiled(path) = origin else {
        panic!("{origin:?}");
    };
    assert!(path.starts_with(&settings.data_dir));
    assert_eq!(
        load_with(&settings, &[]).unwrap().1,
        Origin::CompactFile(path)
    );
    fs::remove_dir_all(&settings.data_dir).unwrap();
    fs::write(&settings.data_dir, "a file").unwrap();
    assert_eq!(load_with(&settings, &[]).unwrap().1, Origin::NotKept);
}

#[test]
fn faulty_packages_stop_the_start_with_their_path() {
    let check = |files: &[(&str, &str)], own: &[OwnFile], expected: &str| {
        let folder = Folder::new();
        let package = package(&folder.0, "tiny", &archive(files));
        let fault = load_with(&settings(&folder, vec![package]), own).unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    };
    check(
        &[(PATH, "{")],
        &[],
        "tiny#1.0.0: StructureDefinition-Patient.json: the JSON ends too early",
    );
    check(
        &[(PATH, r#"{"resourceType":"StructureDefinition","url":"u"}"#)],
        &[],
        "tiny#1.0.0: StructureDefinition-Patient.json: u: 'kind' is missing or of the wrong type",
    );
    check(
        &[("package/SearchParameter-name", NAME)],
        &[],
        "the definitions as a whole: http://n: unknown type 'Patient'",
    );
    check(
        &[(PATH, PATIENT)],
        &[("profiles/base/a.json", "[")],
        "profiles/base/a.json: the JSON ends too early",
    );
    let correction = r#"{"definition":"http://p","reason":"r","patch":[
        {"op":"test","path":"/type","value":"Person"}]}"#;
    check(
        &[(PATH, PATIENT)],
        &[("profiles/corrections/a.json", correction)],
        "profiles/corrections/a.json: operation 0 at '/type'",
    );
    check(
        &[],
        &[("profiles/corrections/a.json", correction)],
        "profiles/corrections/a.json: no package defines 'http://p'",
    );
}

#[test]
fn absent_and_foreign_packages_are_refused() {
    let folder = Folder::new();
    let mut settings = tiny(&folder);
    settings.packages.packages[0].sha512 = STANDARD.encode(Sha512::digest(b"another"));
    let fault = load_with(&settings, &[]).unwrap_err();
    assert!(fault.contains("tiny-1.0.0.tgz: not the package"), "{fault}");
    settings.packages.packages[0].name = "absent".to_owned();
    let fault = load_with(&settings, &[]).unwrap_err();
    assert!(fault.contains("absent-1.0.0.tgz: No such file"), "{fault}");
    let cut = &archive(&[(PATH, PATIENT)])[..40];
    settings.packages.packages = vec![package(&folder.0, "cut", cut)];
    let fault = load_with(&settings, &[]).unwrap_err();
    assert!(fault.contains("cut-1.0.0.tgz: "), "{fault}");
}

#[test]
fn the_list_of_packages_is_read_strictly() {
    let check = |text: &str, expected: &str| {
        let fault = PackageList::parse(text).unwrap_err().to_string();
        assert!(
            fault.starts_with("fhir-packages.toml: ") && fault.contains(expected),
            "{fault}"
        );
    };
    check("", "missing field `package`");
    check("[[package]]\nname='a'", "missing field `version`");
    check(
        "[[package]]\nname='a'\nversion='1'\nsha512=''\ntake=['all']",
        "unknown variant `all`",
    );
    check(
        "[[package]]\nname='a'\nversion='1'\nsha512=''\ntake=[]\nurl=''",
        "unknown field `url`",
    );
    check(
        "[[package]]\nname='../a'\nversion='1'\nsha512=''\ntake=[]",
        "'../a' 1 is no name",
    );
    assert_eq!(PackageList::shipped().unwrap().packages.len(), 4);
}

/// The packages of the product, linked into a directory of the test's own; `None` with a reason where they are absent.
fn shipped(folder: &Folder) -> Option<Settings> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let packages_dir = env::var_os("VESTA_PACKAGES_DIR")
        .map(PathBuf::from)
        .or_else(|| Some(cache?.join("vesta/packages")))?;
    let packages = PackageList::shipped().unwrap().packages;
    for package in &packages {
        let name = package.file_name();
        if !packages_dir.join(&name).exists() {
            let is_promised = env::var_os("VESTA_PACKAGES_DIR").is_some();
            assert!(!is_promised, "{name} is not in {}", packages_dir.display());
            eprintln!("skipped: {name} is not in {}", packages_dir.display());
            return None;
        }
        std::os::unix::fs::symlink(packages_dir.join(&name), folder.0.join(&name)).unwrap();
    }
    Some(settings(folder, packages))
}

#[test]
fn the_products_own_packages_compile_and_load_quickly() {
    let folder = Folder::new();
    let Some(settings) = shipped(&folder) else {
        return;
    };
    let compiled = load(&settings).unwrap();
    let Origin::Compiled(path) = &compiled.origin else {
        panic!("{:?}", compiled.origin);
    };
    let read = load(&settings).unwrap();
    assert_eq!(read.origin, Origin::CompactFile(path.clone()));
    let parameters = &read.definitions.search_parameters;
    println!(
        "compiled in {:?}, read in {:?}; {} bytes; {} types, {} search parameters ({} active), {} code sets",
        compiled.elapsed,
        read.elapsed,
        fs::metadata(path).unwrap().len(),
        read.definitions.structures.all().count(),
        parameters.all().len(),
        parameters.active_count(),
        read.definitions.code_sets.all().count(),
    );
    let bytes = |definitions: &Definitions| postcard::to_stdvec(definitions).unwrap();
    assert!(bytes(&compiled.definitions) == bytes(&read.definitions));
    let appointment = read.definitions.structures.by_name("Appointment").unwrap();
    let constraints = &read.definitions.structures.get(appointment).constraints;
    let rule = constraints.iter().find(|one| &*one.key == "app-4").unwrap();
    assert!(rule.expression.contains("'noshow'") && !rule.expression.contains("'no-show'"));
}

#[test]
fn any_fhir_package_loads() {
    let folder = Folder::new();
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/testdata/packages"))
        .find(|folder| folder.is_dir());
    let (Some(testdata), Some(mut settings)) = (testdata, shipped(&folder)) else {
        eprintln!("skipped: no packages to try");
        return;
    };
    for name in ["us_core_610", "davinci_pas_2.0.1"] {
        let archive = fs::read(testdata.join(format!("{name}.tgz"))).unwrap();
        let package = package(&folder.0, name, &archive);
        settings.packages.packages.push(package);
    }
    let loaded = load(&settings).unwrap().definitions.search_parameters;
    println!(
        "{} search parameters, {} active",
        loaded.all().len(),
        loaded.active_count()
    );
    let race = "http://hl7.org/fhir/us/core/SearchParameter/us-core-race";
    assert!(loaded.by_url(race).is_some());
    let patient = ResourceType::parse("Patient").unwrap();
    assert_eq!(
        &*loaded.by_type_and_code(patient, "race").unwrap().url,
        race
    );
    // What two packages define under one code is the one of the package named first.
    let name = loaded.by_type_and_code(patient, "name").unwrap();
    assert_eq!(
        &*name.url,
        "http://hl7.org/fhir/SearchParameter/Patient-name"
    );
}

#[test]
fn few_compact_files_are_kept() {
    let folder = Folder::new();
    let mut settings = tiny(&folder);
    for round in 0..5 {
        settings.packages.packages[0].take = vec![Take::Definitions; round + 1];
        load_with(&settings, &[]).unwrap();
    }
    let kept = fs::read_dir(&folder.0)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|one| one == "bin")
        })
        .count();
    assert_eq!(kept, 3);
}
