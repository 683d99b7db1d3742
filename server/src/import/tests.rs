//! Imports end to end: files in the layouts of the publishers, with invented codes, and the questions that are asked of
//! what was imported.

mod releases;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::operations::testing::World;
use crate::testing::TempDir;

const LOOKUP: &str = "CodeSystem/$lookup?system=http://here/fees&code=";

fn importer(world: &World) -> Importer<'_> {
    Importer {
        interactions: &world.interactions,
        base_url: Arc::clone(&world.cx.base_url),
        limits: Arc::clone(&world.cx.limits),
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn csv(path: &Path, version: &str) -> CodeSource {
    CodeSource::Csv {
        path: path.to_owned(),
        system: "http://here/fees".to_owned(),
        version: Some(version.to_owned()),
        title: None,
        id: Some("fees".to_owned()),
        fragment: false,
        columns: vec!["fee=price".to_owned()],
    }
}

/// The codes of an expansion, or the refusal.
async fn expanded(world: &World, query: &str) -> String {
    match world.get(&format!("ValueSet/$expand?{query}")).await {
        Ok(text) => {
            let parts = text.split(r#""code":""#).skip(1);
            let codes: Vec<&str> = parts.filter_map(|part| part.split('"').next()).collect();
            codes.join(" ")
        }
        Err(refusal) => refusal,
    }
}

async fn has(world: &World, url: &str, expected: &[&str]) {
    let text = match world.get(url).await {
        Ok(text) | Err(text) => text,
    };
    for part in expected {
        assert!(text.contains(part), "{url}: no {part} in {text}");
    }
}

#[tokio::test]
async fn a_file_that_is_refused_changes_nothing() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    let check = async |text: &str, expected: &str| {
        fs::write(&path, text).unwrap();
        let refusal = importer(&world).import(&csv(&path, "1")).await;
        let refusal = refusal.unwrap_err().to_string();
        let path = path.display().to_string();
        assert_eq!(refusal.replace(&path, "PATH"), expected);
        has(&world, &format!("{LOOKUP}1"), &["404 "]).await;
    };
    let none = "there is no code; nothing was imported";
    check("code,display\n", "PATH: the file has no column price").await;
    check("code,display,price\n", none).await;
    let twice = "the code '1' stands twice; nothing was imported";
    check("code,display,price\n1,a,\n2,b,\n1,c,\n", twice).await;
    check("code,display,price\n1,a,\n,b,\n", "PATH: line 3: \"\" is no code: it is empty, has control characters, spaces at an end or side by side, or is longer than 512 bytes").await;
    let store = &world.interactions.store;
    assert_eq!(store.known_systems().await.unwrap(), []);
    world.close().await;
}

/// The database takes a moment to see that a connection is gone.
async fn begun(world: &World, plan: &Plan) -> CodeImport {
    for _ in 0..1000 {
        let begun = world.interactions.store.begin_code_import(&plan.head);
        if let Some(import) = begun.await.unwrap() {
            return import;
        }
    }
    panic!("the lock of an import that was killed stays");
}

/// Reads so many pieces, and puts them down.
async fn add(import: &mut CodeImport, plan: &Plan, most: u64) {
    let mut pieces = import.pieces();
    let read = plan.read(&Progress::of(0), &mut |piece| {
        pieces.push(&piece);
        pieces.all() < most
    });
    assert_eq!(read.is_err(), pieces.all() == most);
    import.add(pieces.take()).await.unwrap();
}

/// Killed after each of its steps: the connection ends, and nothing is answered. The next one does the others.
#[tokio::test]
async fn an_import_that_is_killed_is_gone_on_with() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    fs::write(&path, "code,display,price\n1,a,\n2,b,\n").unwrap();
    let store = &world.interactions.store;
    for step in 0..5 {
        let source = csv(&path, &format!("{step}"));
        let plan = Plan::of(&source).unwrap();
        let mut killed = begun(&world, &plan).await;
        assert_eq!(*killed.reached(), Reached::default());
        let other = store.begin_code_import(&plan.head).await.unwrap();
        assert!(other.is_none(), "two import the same");
        let busy = importer(&world).import(&source).await.unwrap_err();
        assert!(matches!(busy, ImportError::Busy { .. }));
        let pieces = if step == 0 { 1 } else { u64::MAX };
        add(&mut killed, &plan, pieces).await;
        let mut building = None;
        if step > 1 {
            building = Some(arrange(&mut killed).await.unwrap());
        }
        if let Some(building) = building.as_mut().filter(|_| step > 2) {
            building.built = killed.build(0).await.unwrap();
        }
        if let Some(building) = building.as_mut().filter(|_| step > 3) {
            killed.finish().await.unwrap();
            building.is_finished = true;
        }
        drop(killed);
        let lookup = format!("{LOOKUP}2&version={step}");
        has(&world, &lookup, &["404 "]).await;
        let again = begun(&world, &plan).await;
        assert_eq!(again.reached().building, building);
        assert_eq!(again.reached().pieces, pieces.min(2));
        again.close().await.unwrap();
        // Whoever clears leaves it to be gone on with.
        assert_eq!(store.clear_code_imports().await.unwrap(), 0);
        let imported = importer(&world).import(&source).await.unwrap();
        assert_eq!((imported.concepts, imported.lost), (2, 0));
        has(&world, &lookup, &[r#""display","valueString":"b""#]).await;
        let mut next = begun(&world, &plan).await;
        assert_eq!(*next.reached(), Reached::default());
        next.abandon().await.unwrap();
        next.close().await.unwrap();
        assert_eq!(store.clear_code_imports().await.unwrap(), 1);
    }
    world.close().await;
}

/// Nothing of what was read of them before is in what is imported.
#[tokio::test]
async fn other_files_begin_anew() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    let source = csv(&path, "1");
    let texts = [
        "code,display,price\n1,a,\n2,b,\n",
        "code,display,price\n1,other,\n2,b,\n",
        "code,display,price\n1,a,\n",
        "code,display,price\n1,a,\n2,b,\n3,c,\n",
    ];
    for (n, text) in texts.iter().enumerate() {
        fs::write(&path, texts[0]).unwrap();
        let plan = Plan::of(&source).unwrap();
        let mut killed = begun(&world, &plan).await;
        add(&mut killed, &plan, u64::MAX).await;
        if n > 2 {
            arrange(&mut killed).await.unwrap();
        }
        drop(killed);
        begun(&world, &plan).await.close().await.unwrap();
        fs::write(&path, text).unwrap();
        let imported = importer(&world).import(&source).await.unwrap();
        let rows = text.lines().count() - 1;
        assert_eq!(usize::try_from(imported.concepts).unwrap(), rows, "{text}");
        let display = if n == 1 { "other" } else { "a" };
        let said = format!(r#""display","valueString":"{display}""#);
        has(&world, &format!("{LOOKUP}1"), &[&said]).await;
        let store = &world.interactions.store;
        assert_eq!(store.clear_code_imports().await.unwrap(), 0);
    }
    world.close().await;
}

#[tokio::test]
async fn an_import_replaces_the_last() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    let import = async |text: &str, version: &str| {
        fs::write(&path, text).unwrap();
        importer(&world).import(&csv(&path, version)).await
    };
    let lookup = LOOKUP;
    let store = &world.interactions.store;
    let imported = import("code,display,price\n1,a,1.50\n2,b,\n", "1")
        .await
        .unwrap();
    assert_eq!((&*imported.id, imported.concepts), ("fees", 2));
    has(
        &world,
        &format!("{lookup}1"),
        &[r#""fee"},{"name":"value","valueString":"1.50"}"#],
    )
    .await;
    import("code,display,price\n1,a,1.75\n3,c,\n", "1")
        .await
        .unwrap();
    has(&world, &format!("{lookup}1"), &["1.75"]).await;
    has(&world, &format!("{lookup}2"), &["404 "]).await;
    let known = store.known_systems().await.unwrap();
    let fees = known
        .iter()
        .find(|one| one.url == "http://here/fees")
        .unwrap();
    assert_eq!((fees.versions.len(), fees.concepts), (1, 2));
    world.close().await;
}

#[tokio::test]
async fn a_fragment_is_no_proof_against_a_code_and_a_wrong_head_is_refused_first() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    fs::write(&path, "code,display\n1,a\n").unwrap();
    let source = |system: &str, id: &str| CodeSource::Csv {
        path: path.clone(),
        system: system.to_owned(),
        version: None,
        title: Some("Fees".to_owned()),
        id: Some(id.to_owned()),
        fragment: true,
        columns: Vec::new(),
    };
    let check = async |source: CodeSource, expected: &str| {
        let refusal = importer(&world).import(&source).await.unwrap_err();
        assert_eq!(refusal.to_string(), expected);
    };
    let refused = "CodeSystem/a_b is refused, and with it the import:";
    check(
        source("http://here/fees", "a_b"),
        &format!("{refused} the id is none of FHIR's"),
    )
    .await;
    fs::write(&path, "nothing that is read\n").unwrap();
    check(
        source("http://here/fees here", "fees"),
        "CodeSystem/fees is refused, and with it the import: CodeSystem.url a URI has no white space",
    )
    .await;
    fs::write(&path, "code,display\n1,a\n").unwrap();
    importer(&world)
        .import(&source("http://here/fees", "fees"))
        .await
        .unwrap();
    let validate = "CodeSystem/$validate-code?url=http://here/fees&code=";
    let found = r#""result","valueBoolean":true"#;
    has(&world, &format!("{validate}1"), &[found]).await;
    let unknown = format!("{validate}2");
    has(&world, &unknown, &[found, "UNKNOWN_CODE_IN_FRAGMENT"]).await;
    world.close().await;
}

/// The CodeSystem is a resource as any other: what is written to it counts, and with it go its concepts.
#[tokio::test]
async fn concepts_belong_to_their_code_system() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    fs::write(&path, "code,display,price\n1,a,\n2,b,\n").unwrap();
    importer(&world).import(&csv(&path, "1")).await.unwrap();
    let store = &world.interactions.store;
    let lookup = LOOKUP;
    let resource = |more: &str| {
        format!(
            r#"{{"resourceType":"CodeSystem","id":"fees","url":"http://here/fees","status":"active",{more}}}"#
        )
    };
    world
        .put(&resource(
            r#""version":"1","title":"Fees","content":"not-present""#,
        ))
        .await;
    has(
        &world,
        &format!("{lookup}2"),
        &[r#""display","valueString":"b""#],
    )
    .await;
    assert_eq!(store.clear_code_imports().await.unwrap(), 0);
    // One with the same URL that has nothing does not stand before it.
    let other = resource(r#""version":"1","content":"not-present""#)
        .replace(r#""id":"fees""#, r#""id":"other""#);
    world.put(&other).await;
    has(
        &world,
        &format!("{lookup}2"),
        &[r#""display","valueString":"b""#],
    )
    .await;
    // Concepts of its own take their place.
    world
        .put(&resource(
            r#""version":"1","content":"complete","concept":[{"code":"9"}]"#,
        ))
        .await;
    has(&world, &format!("{lookup}9"), &[r#""name":"display""#]).await;
    has(&world, &format!("{lookup}2"), &["404 "]).await;
    assert_eq!(store.clear_code_imports().await.unwrap(), 1);

    importer(&world).import(&csv(&path, "2")).await.unwrap();
    has(
        &world,
        &format!("{lookup}2"),
        &[r#""version","valueString":"2""#],
    )
    .await;
    let key = "CodeSystem/fees".parse().unwrap();
    let delete = Interaction::Delete {
        key,
        conditions: WriteConditions::default(),
    };
    world.interactions.perform(&world.cx, delete).await.unwrap();
    has(&world, &format!("{lookup}2"), &["404 "]).await;
    assert_eq!(store.clear_code_imports().await.unwrap(), 1);
    world
        .put(&resource(r#""version":"2","content":"not-present""#))
        .await;
    has(&world, &format!("{lookup}2"), &["404 "]).await;
    world.close().await;
}

#[tokio::test]
async fn files_that_are_missing_or_several_are_named() {
    let folder = TempDir::new("import");
    let check = |source: CodeSource, expected: &str| {
        let refusal = Plan::of(&source).unwrap_err().to_string();
        let refusal = refusal.replace(&folder.path().display().to_string(), "PATH");
        assert_eq!(refusal, expected);
    };
    let loinc = |name: &str| CodeSource::Loinc {
        path: folder.path().join(name),
        version: None,
        languages: Vec::new(),
    };
    write(folder.path(), "a/x.txt", "");
    write(folder.path(), "a/y.txt", "");
    check(loinc("a"), "PATH/a: there is no Loinc.csv");
    check(
        loinc("none"),
        "PATH/none: No such file or directory (os error 2)",
    );
    write(folder.path(), "b/1/Loinc.csv", "");
    check(
        loinc("b"),
        "PATH/b: nothing tells the version: say it by --version",
    );
    write(folder.path(), "b/2/Loinc.csv", "");
    check(
        loinc("b"),
        "PATH/b/1/Loinc.csv and PATH/b/2/Loinc.csv: which of the two? Name a folder with one of them",
    );
    write(folder.path(), "c/Loinc_9.01.zip", "");
    check(
        loinc("c/Loinc_9.01.zip"),
        "PATH/c/Loinc_9.01.zip: unpack it first: folders and files are imported, archives are not",
    );
    check(
        releases::snomed(&folder.path().join("a")),
        "PATH/a: nothing tells the version: say it by --version",
    );
    let versioned = |version: &str| CodeSource::Snomed {
        path: folder.path().join("a"),
        version: Some(version.to_owned()),
        refsets: Vec::new(),
    };
    check(
        versioned("2031"),
        "'2031' is no version of SNOMED CT: http://snomed.info/sct/[module]/version/[date]",
    );
    check(
        versioned("http://snomed.info/sct/900000000000207008/version/20310101"),
        "PATH/a: there is no sct2_Concept_Snapshot_….txt",
    );
}

/// What is imported is found by the words of its codes and texts, in any case of any letters.
#[tokio::test]
async fn words_are_found_in_what_is_imported() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("import");
    let path = folder.path().join("fees.csv");
    let text = "code,display,price\nÖ1 B,\"Ödem \"\"rot\"\"\",\nÄ2,KÄSE,\n";
    fs::write(&path, text).unwrap();
    importer(&world).import(&csv(&path, "1")).await.unwrap();
    let check = async |words: &str, expected: &str| {
        let query = format!("url=http://here/fees?fhir_vs&filter={words}");
        assert_eq!(expanded(&world, &query).await, expected, "{words}");
    };
    check("%C3%B61", "Ö1 B").await;
    check("%C3%961%20b", "Ö1 B").await;
    check("%C3%A42", "Ä2").await;
    check("k%C3%A4se", "Ä2").await;
    check("%C3%B6dem%20%22rot%22", "Ö1 B").await;
    check("%C3%B6", "Ö1 B").await;
    world.close().await;
}
