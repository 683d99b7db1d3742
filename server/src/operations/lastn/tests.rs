//! Groups and what is last in them, as the table of the specification has it.

use fhir::resource::Resource;

use super::groups::Groups;
use crate::operations::testing::{World, entries};

fn coded(codings: &[&str], text: &str) -> String {
    let codings: Vec<String> = codings
        .iter()
        .map(|code| match code.split_once('|') {
            Some((system, code)) => format!(r#"{{"system":"{system}","code":"{code}"}}"#),
            None => format!(r#"{{"code":"{code}"}}"#),
        })
        .collect();
    let mut members = Vec::new();
    if !codings.is_empty() {
        members.push(format!(r#""coding":[{}]"#, codings.join(",")));
    }
    if !text.is_empty() {
        members.push(format!(r#""text":"{text}""#));
    }
    format!("{{{}}}", members.join(","))
}

#[test]
fn codes_are_equal_along_all_their_codings() {
    let check = |codes: &[(&[&str], &str)], expected: &[usize]| {
        let mut groups = Groups::default();
        for (codings, text) in codes {
            let code = coded(codings, text);
            let json = format!(r#"{{"resourceType":"Observation","code":{code}}}"#);
            groups.add(&Resource::parse(json).unwrap());
        }
        let found: Vec<usize> = (0..codes.len()).map(|place| groups.of(place)).collect();
        assert_eq!(found, expected, "{codes:?}");
    };
    check(&[(&["a"], ""), (&["b"], ""), (&["c"], "")], &[0, 1, 2]);
    check(&[(&["a"], ""), (&["b"], ""), (&["a", "c"], "")], &[0, 1, 0]);
    check(&[(&["a"], ""), (&["b"], ""), (&["a", "b"], "")], &[0, 0, 0]);
    check(
        &[
            (&[], "textM"),
            (&[], "Text"),
            (&[], "t e x t"),
            (&[], "Text"),
        ],
        &[0, 1, 2, 1],
    );
    // The text of a code with codings says nothing, and neither does a code of another system.
    check(
        &[(&["s|a"], "x"), (&["t|a"], "x"), (&["a"], "x")],
        &[0, 1, 2],
    );
    check(
        &[
            (&["a"], ""),
            (&["b", "c"], ""),
            (&["d"], ""),
            (&["c", "d"], ""),
            (&["a", "d"], ""),
        ],
        &[0; 5],
    );
    check(&[(&[], ""), (&[], "")], &[0, 0]);
}

async fn world() -> Option<World> {
    let world = World::new().await?;
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    for (id, patient, codings, effective) in [
        ("t1", "a", vec!["s|temp"], "2020-01-01T10:00:00Z"),
        ("t2", "a", vec!["s|temp"], "2020-01-02T10:00:00Z"),
        ("t3", "a", vec!["s|temp", "l|8310"], "2020-01-03T10:00:00Z"),
        ("t4", "a", vec!["l|8310"], "2020-01-03T11:00:00+01:00"),
        ("w1", "a", vec!["s|weight"], "2020-01-04"),
        ("w2", "a", vec!["s|weight"], ""),
        ("other", "b", vec!["s|temp"], "2021-01-01"),
    ] {
        let code = coded(&codings, "");
        let effective = match effective {
            "" => String::new(),
            moment => format!(r#","effectiveDateTime":"{moment}""#),
        };
        let json = format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"vital-signs"}}]}}],"code":{code},"subject":{{"reference":"Patient/{patient}"}}{effective}}}"#
        );
        world.put(&json).await;
    }
    Some(world)
}

#[tokio::test]
async fn the_last_of_each_code_are_answered_newest_first() {
    let Some(world) = world().await else {
        return;
    };
    for (query, expected) in [
        // Equal moments are answered together.
        ("patient=a&category=vital-signs", "w1 t4 t3"),
        ("patient=Patient/a&category=vital-signs&max=1", "w1 t4 t3"),
        (
            "subject=Patient/a&category=vital-signs&max=2",
            "w1 t4 t3 w2",
        ),
        (
            "subject:Patient=a&category=vital-signs&max=3",
            "w1 t4 t3 t2 w2",
        ),
        ("patient=a&code=s|temp", "t3"),
        ("patient=a&code=s|weight,s|temp&date=lt2020-01-03", "t2"),
        ("patient=a&category=laboratory", ""),
        ("patient=nobody&code=x", ""),
    ] {
        let answer = world
            .get(&format!("Observation/$lastn?{query}"))
            .await
            .unwrap();
        let (found, links) = entries(&answer);
        let found = found.join(" ").replace("match Observation/", "");
        assert_eq!(found, expected, "{query}");
        assert_eq!(links.len(), 1, "{query}");
    }
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"max","valuePositiveInt":2},{"name":"patient","valueString":"a"},{"name":"code","valueString":"s|temp"}]}"#;
    let answer = world.call("Observation/$lastn", Some(body)).await.unwrap();
    assert_eq!(
        entries(&answer).0,
        ["match Observation/t3", "match Observation/t2"]
    );
    world.close().await;
}

#[tokio::test]
async fn what_has_no_time_is_no_tie() {
    let Some(world) = world().await else {
        return;
    };
    for id in ["w3", "w4", "w5"] {
        let json = format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"s","code":"weight"}}]}},"subject":{{"reference":"Patient/a"}}}}"#
        );
        world.put(&json).await;
    }
    for (max, expected) in [
        (1, "w1"),
        (2, "w1 w5"),
        (3, "w1 w5 w4"),
        (9, "w1 w5 w4 w3 w2"),
    ] {
        let path = format!("Observation/$lastn?patient=a&code=s|weight&max={max}");
        let (found, _) = entries(&world.get(&path).await.unwrap());
        let found = found.join(" ").replace("match Observation/", "");
        assert_eq!(found, expected, "{max}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_means_nothing_is_refused() {
    let Some(mut world) = world().await else {
        return;
    };
    for (query, expected) in [
        ("category=vital-signs", "400 $lastn needs the subject"),
        ("patient=a", "400 $lastn needs one of: category, code"),
        ("patient=a&code=x&max=0", "400 the value of parameter 'max'"),
        (
            "patient=a&code=x&_count=1",
            "400 $lastn takes parameters that select",
        ),
        (
            "patient=a&code=x&_sort=date",
            "400 $lastn takes parameters that select",
        ),
        (
            "patient=a&code=x&_summary=true",
            "400 $lastn takes parameters that select",
        ),
        ("patient=a&code=x&nope=1", "400"),
        (
            "patient=a&code=x&_include=Observation:subject",
            "400 $lastn takes parameters that select",
        ),
    ] {
        let refused = world
            .get(&format!("Observation/$lastn?{query}"))
            .await
            .unwrap_err();
        assert!(refused.starts_with(expected), "{query}: {refused}");
    }
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/a"}}]}"#;
    let refused = world
        .call("Observation/$lastn", Some(body))
        .await
        .unwrap_err();
    assert_eq!(refused, "400 search parameter 'patient' takes valueString");
    let mut limits = (*world.cx.limits).clone();
    limits.search.lastn = 3;
    world.cx.limits = limits.into();
    let refused = world
        .get("Observation/$lastn?patient=a&category=vital-signs")
        .await
        .unwrap_err();
    assert!(refused.starts_with("422") && refused.contains("VESTA_LASTN_OBSERVATIONS_MAX"));
    world.close().await;
}
