//! Loading files and directories: what is taken, what is refused, and what a failure leaves.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::operations::testing::World;
use crate::testing::TempDir;

fn bundle(meta: &str, entries: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle",{meta}"type":"transaction","timestamp":"2026-01-05T00:00:00Z","entry":[{entries}]}}"#
    )
}

fn entry(resource: &str, url: &str) -> String {
    format!(r#"{{"resource":{resource},"request":{{"method":"PUT","url":"{url}"}}}}"#)
}

fn observation(id: &str) -> String {
    let resource = format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"t"}},"effectiveDateTime":"2026-01-05"}}"#
    );
    entry(&resource, &format!("Observation/{id}"))
}

const SHIFT: &str = concat!(
    r#""meta":{"tag":[{"system":"https://vesta.example/fhir/CodeSystem/bundle-tag","#,
    r#""code":"shift-dates"}]},"#
);

fn loader(world: &World) -> Loader<'_> {
    Loader {
        interactions: &world.interactions,
        base_url: Arc::clone(&world.cx.base_url),
        limits: Arc::clone(&world.cx.limits),
    }
}

#[tokio::test]
async fn directories_are_loaded_in_the_order_of_names() {
    let folder = TempDir::new("load");
    let check = async |path: PathBuf, expected: &[&str]| {
        let found = files(&path).await.unwrap();
        let names: Vec<_> = found.iter().map(|file| file.file_name().unwrap()).collect();
        assert_eq!(names, expected);
    };
    for name in ["b.json", "a.json", "README.md", "c.txt"] {
        fs::write(folder.path().join(name), "{}").unwrap();
    }
    fs::create_dir(folder.path().join("d.json")).unwrap();
    check(folder.path().to_owned(), &["a.json", "b.json"]).await;
    check(folder.path().join("c.txt"), &["c.txt"]).await;
    let empty = files(&folder.path().join("d.json")).await.unwrap_err();
    assert!(
        empty
            .to_string()
            .ends_with("d.json: the directory holds no .json file")
    );
    let absent = files(&folder.path().join("e.json")).await.unwrap_err();
    assert!(matches!(absent, LoadError::Unreadable { .. }));
}

#[tokio::test]
async fn a_bundle_is_loaded_whole_or_not_at_all() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("load");
    let path = folder.path().join("bundle.json");
    let load = async |text: &str| {
        fs::write(&path, text).unwrap();
        loader(&world).load(std::slice::from_ref(&path)).await
    };
    let check = async |text: &str, expected: &str| {
        let refusal = load(text).await.unwrap_err().to_string();
        let refusal = refusal.replace(&path.display().to_string(), "PATH");
        assert!(refusal.starts_with(expected), "{refusal}");
    };
    check("{", "PATH: ").await;
    check(
        r#"{"resourceType":"Patient"}"#,
        "PATH: only Bundles of type transaction",
    )
    .await;
    check(
        r#"{"resourceType":"Bundle","type":"batch"}"#,
        "PATH: only Bundles of type transaction",
    )
    .await;
    let undated = bundle(SHIFT, "").replace("2026-01-05T00:00:00Z", "soon");
    check(&undated, "PATH: Bundle.timestamp").await;
    let wrong = entry(
        r#"{"resourceType":"Patient","id":"b","nope":1}"#,
        "Patient/b",
    );
    let half = bundle("", &format!("{},{wrong}", observation("a")));
    check(&half, "PATH: nothing of it was loaded\n  Bundle.entry[1]").await;
    assert!(world.interactions.store.is_empty().await.unwrap());

    let loaded = load(&bundle("", &observation("a"))).await.unwrap();
    let expected = Loaded {
        path: path.clone(),
        entries: 1,
        weeks: None,
    };
    assert_eq!(loaded, [expected]);
    assert!(
        world
            .read("Observation/a")
            .await
            .unwrap()
            .contains("2026-01-05")
    );
    let loaded = load(&bundle(SHIFT, &observation("a"))).await.unwrap();
    let weeks = loaded[0].weeks.unwrap();
    let anchor: jiff::civil::Date = "2026-01-05".parse().unwrap();
    let expected = anchor + jiff::Span::new().weeks(weeks);
    assert!(
        world
            .read("Observation/a")
            .await
            .unwrap()
            .contains(&expected.to_string())
    );
    let today = crate::context::now().to_zoned(TimeZone::UTC).date();
    assert!((expected.until(today).unwrap().get_days()) < 7);
    world.close().await;
}

#[tokio::test]
async fn an_empty_database_is_filled_once_and_an_interrupted_filling_is_made_good() {
    let Some(world) = World::new().await else {
        return;
    };
    let folder = TempDir::new("load");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let loader = loader(&world);
    write("1.json", &bundle("", &observation("a")));
    write("2.json", "{");
    loader.load_when_empty(folder.path()).await.unwrap_err();
    // The first is there, the second is not: the next start begins anew.
    write("2.json", &bundle("", &observation("b")));
    let loaded = loader.load_when_empty(folder.path()).await.unwrap();
    assert_eq!(loaded.len(), 2);
    world.read("Observation/b").await.unwrap();
    write("3.json", &bundle("", &observation("c")));
    assert_eq!(loader.load_when_empty(folder.path()).await.unwrap(), []);
    assert!(world.read("Observation/c").await.is_err());
    world.close().await;
}

/// The demo clinic as it is shipped: every reference resolves, every entry is valid, and twice is as good as once.
#[tokio::test]
async fn the_demo_clinic_loads() {
    let Some(world) = World::new().await else {
        return;
    };
    let bundles = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bundles");
    let loaded = loader(&world).load_when_empty(&bundles).await.unwrap();
    let entries: Vec<usize> = loaded.iter().map(|one| one.entries).collect();
    assert!(
        entries.len() == 3 && entries.iter().all(|count| *count > 50),
        "{entries:?}"
    );
    assert!(
        world
            .read("Patient/anna")
            .await
            .unwrap()
            .contains("birthDate")
    );
    let again = loader(&world).load(&[bundles]).await.unwrap();
    assert_eq!(again, loaded);
    world.close().await;
}
