//! The record of a patient: what is in it, what is not, page by page.

use crate::operations::testing::{World, entries};

const RECORDS: &[&str] = &[
    r#"{"resourceType":"Organization","id":"o","name":"x"}"#,
    r#"{"resourceType":"Practitioner","id":"p"}"#,
    r#"{"resourceType":"Location","id":"l","managingOrganization":{"reference":"Organization/far"}}"#,
    r#"{"resourceType":"Organization","id":"far","name":"x"}"#,
    r#"{"resourceType":"Patient","id":"a","managingOrganization":{"reference":"Organization/o"},"link":[{"type":"seealso","other":{"reference":"Patient/a"}}]}"#,
    r#"{"resourceType":"Patient","id":"b","link":[{"type":"refer","other":{"reference":"Patient/linked"}}]}"#,
    r#"{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"period":{"start":"2020-01-10","end":"2020-01-20"},"location":[{"location":{"reference":"Location/l"}}]}"#,
    r#"{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2020-01-15","performer":[{"reference":"Practitioner/p"}],"hasMember":[{"reference":"Observation/of-b"},{"reference":"Observation/of-nobody"}]}"#,
    r#"{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2021-06-01"}"#,
    r#"{"resourceType":"Observation","id":"undated","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}"#,
    r#"{"resourceType":"Observation","id":"of-b","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}}"#,
    r#"{"resourceType":"Observation","id":"of-nobody","status":"final","code":{"text":"x"}}"#,
    r#"{"resourceType":"Coverage","id":"c","status":"active","beneficiary":{"reference":"Patient/a"},"payor":[{"reference":"Patient/b"}]}"#,
    r#"{"resourceType":"Patient","id":"linked","link":[{"type":"seealso","other":{"reference":"Patient/a"}}]}"#,
];

async fn world() -> Option<World> {
    let world = World::new().await?;
    for record in RECORDS {
        world.put(record).await;
    }
    Some(world)
}

#[tokio::test]
async fn the_record_is_the_compartment_and_what_it_refers_to() {
    let Some(world) = world().await else {
        return;
    };
    let all = "match Patient/a, match Coverage/c, match Encounter/e, match Observation/o1, \
               match Observation/o2, match Observation/undated, match Patient/linked, include Location/l, \
               include Observation/of-nobody, include Organization/o, include Practitioner/p";
    for (query, expected) in [
        ("", all),
        ("?_since=2000-01-01T00:00:00Z", all),
        ("?_since=2999-01-01T00:00:00Z", ""),
        (
            "?_type=Observation",
            "match Observation/o1, match Observation/o2, match Observation/undated, include Observation/of-nobody",
        ),
        (
            "?_type=Coverage&_type=Encounter,Patient",
            "match Patient/a, match Coverage/c, match Encounter/e, match Patient/linked",
        ),
        ("?_type=Practitioner", "include Practitioner/p"),
        (
            "?_type=Practitioner,Organization,Patient",
            "match Patient/a, match Patient/linked, include Organization/o, include Practitioner/p",
        ),
        // Only what the care of that time refers to.
        ("?_type=Practitioner&end=2020-01-14", ""),
        (
            "?_type=Practitioner&_since=2000-01-01T00:00:00Z",
            "include Practitioner/p",
        ),
        ("?_type=Practitioner&_since=2999-01-01T00:00:00Z", ""),
        (
            "?start=2020-01-20&end=2021-05-31&_type=Encounter,Observation,Coverage",
            "match Coverage/c, match Encounter/e, match Observation/undated",
        ),
        (
            "?start=2020-02&_type=Encounter,Observation",
            "match Observation/o2, match Observation/undated",
        ),
        (
            "?end=2020-01-14&_type=Encounter,Observation",
            "match Encounter/e, match Observation/undated",
        ),
        (
            "?start=2020-01-15&end=2020-01-15&_type=Observation",
            "match Observation/o1, match Observation/undated, include Observation/of-nobody",
        ),
    ] {
        let answer = world
            .get(&format!("Patient/a/$everything{query}"))
            .await
            .unwrap();
        let (found, _) = entries(&answer);
        let of_mode = |mode: &str| {
            let mut found: Vec<String> = found
                .iter()
                .filter(|one| one.starts_with(mode))
                .cloned()
                .collect();
            found.sort_by_key(|one| (one != "match Patient/a", one.clone()));
            found
        };
        let all = [of_mode("match"), of_mode("include")].concat();
        assert_eq!(all.join(", "), expected, "{query}");
        let patient = found.iter().position(|one| one == "match Patient/a");
        assert!(patient.is_none_or(|place| place == 0), "{query}");
    }
    world.close().await;
}

#[tokio::test]
async fn its_pages_lead_through_all_of_it() {
    let Some(world) = world().await else {
        return;
    };
    let walk = async |mut url: String, relation: &str| {
        let mut pages = Vec::new();
        loop {
            let (found, links) = entries(&world.get(&url).await.unwrap());
            let is_match = |one: &String| one.starts_with("match");
            pages.push(found.into_iter().filter(is_match).collect::<Vec<_>>());
            match links.into_iter().find(|link| link.0 == relation) {
                Some((_, link)) => url = link,
                None => return (pages, url),
            }
        }
    };
    let of_two = "Patient/a/$everything?_count=2";
    let (pages, last) = walk(of_two.to_owned(), "next").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 1]);
    assert_eq!(pages[0][0], "match Patient/a");
    let (mut back, _) = walk(last, "previous").await;
    back.reverse();
    assert_eq!(back, pages);
    // The patient stands on the first page, even where that has room for one alone.
    let (of_one, _) = walk(of_two.replace('2', "1"), "next").await;
    assert_eq!(of_one.concat(), pages.concat());
    assert!(of_one.iter().all(|page| !page.is_empty()));
    let mut matches = pages.concat();
    matches.sort();
    let expected = [
        "match Coverage/c",
        "match Encounter/e",
        "match Observation/o1",
        "match Observation/o2",
        "match Observation/undated",
        "match Patient/a",
        "match Patient/linked",
    ];
    assert_eq!(matches, expected);
    world.close().await;
}

#[tokio::test]
async fn of_all_patients_the_records_come_one_after_the_other() {
    let Some(world) = world().await else {
        return;
    };
    for (query, patients) in [("_count=2", 3), ("_count=50", 3), ("_type=Coverage", 1)] {
        let mut url = format!("Patient/$everything?{query}");
        let mut found = Vec::new();
        loop {
            let (page, links) = entries(&world.get(&url).await.unwrap());
            assert!(!page.is_empty(), "{url}");
            found.push(page);
            match links.into_iter().find(|link| link.0 == "next") {
                Some((_, link)) => url = link,
                None => break,
            }
        }
        // Each page is of one patient, and together they are the records of all.
        let mut expected = Vec::new();
        for patient in ["a", "b", "linked"] {
            let mut url = format!("Patient/{patient}/$everything?{query}");
            loop {
                let (page, links) = entries(&world.get(&url).await.unwrap());
                expected.extend(Some(page).filter(|page| !page.is_empty()));
                match links.into_iter().find(|link| link.0 == "next") {
                    Some((_, link)) => url = link,
                    None => break,
                }
            }
        }
        assert!(expected.len() >= patients);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{query}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_referred_to_fills_pages_and_is_seen_to_change() {
    let Some(mut world) = world().await else {
        return;
    };
    let location =
        |number: usize| format!(r#"{{"resourceType":"Location","id":"l{number}","name":"first"}}"#);
    for number in 0..5 {
        world.put(&location(number)).await;
        world
            .put(&format!(
                r#"{{"resourceType":"Encounter","id":"e{number}","status":"finished","class":{{"code":"AMB"}},
                "subject":{{"reference":"Patient/a"}},"location":[{{"location":{{"reference":"Location/l{number}"}}}}]}}"#
            ))
            .await;
    }
    let mut url = "Patient/a/$everything?_type=Location&_count=2&_format=json".to_owned();
    let mut pages = Vec::new();
    loop {
        let (found, links) = entries(&world.get(&url).await.unwrap());
        assert!(links.iter().all(|link| link.1.contains("_format=json")));
        pages.push(found);
        match links.iter().find(|(relation, _)| relation == "next") {
            Some((_, next)) => url = next.clone(),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    let mut found = pages.concat();
    found.sort();
    let expected = ["l", "l0", "l1", "l2", "l3", "l4"];
    assert_eq!(found, expected.map(|id| format!("include Location/{id}")));

    let before = crate::context::now();
    world.cx.now = before;
    world.put(&location(3).replace("first", "second")).await;
    world
        .put(r#"{"resourceType":"Location","id":"of-nobody"}"#)
        .await;
    let (found, _) = entries(
        &world
            .get(&format!("Patient/a/$everything?_since={before}"))
            .await
            .unwrap(),
    );
    assert_eq!(found, ["include Location/l3"]);
    // What a changed resource refers to comes with it, changed or not.
    world.put(&RECORDS[7].replace("final", "amended")).await;
    let (mut found, _) = entries(
        &world
            .get(&format!("Patient/a/$everything?_since={before}"))
            .await
            .unwrap(),
    );
    found.sort();
    let expected = [
        "include Location/l3",
        "include Observation/of-nobody",
        "include Practitioner/p",
        "match Observation/o1",
    ];
    assert_eq!(found, expected);
    world.close().await;
}

#[tokio::test]
async fn what_means_nothing_is_refused() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        ("Patient/nobody/$everything", "404"),
        ("Patient/$everything?_cursor=x", "400 the page link"),
        ("Patient/$everything?_cursor=x*", "400 the page link"),
        ("$everything", "404"),
        ("Observation/o1/$everything", "404"),
        (
            "Patient/a/$everything?_type=Nothing",
            "400 '_type' is a list",
        ),
        ("Patient/a/$everything?_count=0", "400 '_count' is"),
        ("Patient/a/$everything?_count=-1", "400 '_count' is"),
        (
            "Patient/a/$everything?_count=1000000",
            "422 '_count': a page has at most 100 resources, the limit of its size (VESTA_PAGE_SIZE_MAX)",
        ),
        (
            "Patient/a/$everything?start=2021&end=2020",
            "400 'start' is after 'end'",
        ),
        ("Patient/a/$everything?start=x", "400"),
        ("Patient/a/$everything?_since=2020", "400"),
        ("Patient/a/$everything?_cursor=x", "400 the page link"),
        (
            "Patient/a/$everything?code=x",
            "400 there is no parameter 'code'; there are: start",
        ),
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with(expected), "{url}: {refused}");
    }
    world.close().await;
}
