//! What stands beside searches: `$everything` and `$lastn`, `_elements` and `_score`, asked of what is there and compared with
//! what their documentation promises (<https://hl7.org/fhir/R4/patient-operation-everything.html>,
//! <https://hl7.org/fhir/R4/observation-operation-lastn.html>, <https://hl7.org/fhir/R4/search.html#elements>).

use std::collections::BTreeSet;

use super::content::plain_words;
use super::definitions::{members, text};
use super::dice::Dice;
use super::evaluate::in_compartment;
use super::query::{encoded, escaped};
use super::server::{Page, Server, page};
use super::value::Value;
use super::world::World;
use crate::json::Json;

/// How many of each are asked for.
const EACH: usize = 25;

/// What is asked, and what is wrong with the answer; nothing where all is right.
type Judged = (String, Option<String>);

/// Asks all, and tells of each what was asked and what is wrong.
pub async fn run(world: &World, server: &Server, seed: u64) -> Result<Vec<Judged>, String> {
    let mut dice = Dice::new(seed ^ 0xBE51DE);
    let mut judged = Vec::new();
    for _ in 0..EACH {
        for kind in ["Patient", "Encounter"] {
            judged.extend(everything(world, server, &mut dice, kind).await?);
        }
        judged.extend(last(world, server, &mut dice).await?);
        judged.extend(elements(world, server, &mut dice).await?);
        judged.extend(scores(world, server, &mut dice).await?);
    }
    Ok(judged)
}

fn key(world: &World, place: usize) -> String {
    let resource = &world.resources[place];
    format!("{}/{}", resource.kind, resource.id)
}

fn some(world: &World, dice: &mut Dice, kind: &str) -> Option<usize> {
    let places = world.of_kind(kind);
    places.get(dice.roll(places.len())).copied()
}

/// The members of a compartment, and what each page of them refers to.
async fn everything(
    world: &World,
    server: &Server,
    dice: &mut Dice,
    kind: &str,
) -> Result<Option<Judged>, String> {
    let Some(subject) = some(world, dice, kind) else {
        return Ok(None);
    };
    let (subject_key, id) = (key(world, subject), &world.resources[subject].id);
    let mut expected: BTreeSet<String> = (0..world.stored)
        .filter(|place| in_compartment(world, *place, kind, id) == Some(true))
        .map(|place| key(world, place))
        .collect();
    expected.insert(subject_key.clone());
    let kinds: BTreeSet<String> = expected.iter().map(|one| kind_of(one)).collect();
    let kinds: Vec<String> = kinds.into_iter().collect();
    let only = dice.chance(40).then(|| dice.roll(kinds.len()));
    let mut path = format!("{subject_key}/$everything?_count={}", 1 + dice.roll(30));
    // What is referred to is of the types, too, whatever refers to it.
    let mut elsewhere = BTreeSet::new();
    if let Some(only) = only {
        for place in expected.iter().filter_map(|one| find(world, one)) {
            references(world, &world.resources[place].json, &mut elsewhere);
        }
        path = format!("{path}&_type={}", kinds[only]);
        expected.retain(|one| kind_of(one) == kinds[only]);
    }
    let pages = server.bundles(&path).await?;
    let pages = pages.iter().map(page).collect::<Result<Vec<_>, _>>()?;
    Ok(Some((
        path,
        wrong_record(world, &expected, &elsewhere, &pages),
    )))
}

fn find(world: &World, key: &str) -> Option<usize> {
    let (kind, id) = key.split_once('/')?;
    world.find(kind, id)
}

fn kind_of(key: &str) -> String {
    let kind = key.split_once('/').map(|(kind, _)| kind);
    kind.unwrap_or_default().to_owned()
}

fn wrong_record(
    world: &World,
    expected: &BTreeSet<String>,
    elsewhere: &BTreeSet<String>,
    pages: &[Page],
) -> Option<String> {
    let mut found = BTreeSet::new();
    for page in pages {
        let mut referred = elsewhere.clone();
        for one in &page.matches {
            if !found.insert(one.clone()) {
                return Some(format!("{one} is found twice"));
            }
            if let Some(place) = find(world, one) {
                references(world, &world.resources[place].json, &mut referred);
            }
        }
        let stray = page.included.iter().find(|one| !referred.contains(*one));
        if let Some(stray) = stray {
            return Some(format!(
                "{stray} is included, to which nothing of its page refers"
            ));
        }
    }
    unequal(expected, &found)
}

fn unequal(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Option<String> {
    let missing: Vec<&String> = expected.difference(found).take(5).collect();
    let surplus: Vec<&String> = found.difference(expected).take(5).collect();
    (expected != found).then(|| {
        format!(
            "expected {}, found {}\n    not found: {missing:?}\n    found wrongly: {surplus:?}",
            expected.len(),
            found.len()
        )
    })
}

/// All that a value refers to, by literal references to what may be here.
fn references(world: &World, json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            for (name, member) in members {
                if let ("reference", Some(text)) = (name.as_str(), member.as_str())
                    && let Some(Value::Local(kind, id, _)) = world.reading().literal(text)
                {
                    found.insert(format!("{kind}/{id}"));
                }
                references(world, member, found);
            }
        }
        Json::Array(items) => items.iter().for_each(|one| references(world, one, found)),
        _ => {}
    }
}

/// The newest Observations of one code of one patient, where it is said when each of them was.
async fn last(world: &World, server: &Server, dice: &mut Dice) -> Result<Option<Judged>, String> {
    let Some(place) = some(world, dice, "Observation") else {
        return Ok(None);
    };
    let patient = world
        .values(place, "patient")
        .iter()
        .find_map(|one| match one {
            Value::Local(kind, id, None) if kind == "Patient" => Some(id.clone()),
            _ => None,
        });
    let code = world
        .values(place, "code")
        .iter()
        .find_map(|one| match one {
            Value::Token(token) => token.system.clone().zip(token.code.clone()),
            _ => None,
        });
    let (Some(patient), Some((system, code))) = (patient, code) else {
        return Ok(None);
    };
    let is_candidate = |place: &usize| {
        let refers = |one: &Value| matches!(one, Value::Local(kind, id, None) if kind == "Patient" && *id == patient);
        let says = |one: &Value| {
            matches!(one, Value::Token(token)
            if token.system.as_ref() == Some(&system) && token.code.as_ref() == Some(&code))
        };
        world.values(*place, "patient").iter().any(refers)
            && world.values(*place, "code").iter().any(says)
    };
    let mut begun = Vec::new();
    for place in world
        .of_kind("Observation")
        .iter()
        .filter(|one| is_candidate(one))
    {
        match world.values(*place, "date").as_slice() {
            [Value::Span(span)] => begun.push((span.lower, key(world, *place))),
            _ => return Ok(None),
        }
    }
    begun.sort_by(|left, right| right.cmp(left));
    let most = 1 + dice.roll(3);
    let least = begun
        .get(most - 1)
        .or(begun.last())
        .map(|(begin, _)| *begin);
    let expected = begun.iter().filter(|(begin, _)| Some(*begin) >= least);
    let expected: BTreeSet<String> = expected.map(|(_, key)| key.clone()).collect();
    let code = encoded(&format!("{}|{}", escaped(&system), escaped(&code)));
    let path = format!("Observation/$lastn?patient=Patient/{patient}&code={code}&max={most}");
    let pages = server.bundles(&path).await?;
    let pages = pages.iter().map(page).collect::<Result<Vec<_>, _>>()?;
    let found: Vec<String> = pages.into_iter().flat_map(|page| page.matches).collect();
    let begin = |key: &String| {
        begun
            .iter()
            .find(|(_, one)| one == key)
            .map(|(begin, _)| *begin)
    };
    let is_ordered = found
        .windows(2)
        .all(|pair| begin(&pair[0]) >= begin(&pair[1]));
    let wrong = unequal(&expected, &found.iter().cloned().collect());
    let wrong = wrong.or_else(|| (!is_ordered).then(|| "an older one comes first".to_owned()));
    Ok(Some((path, wrong)))
}

/// All resources of a type with some of their elements: each of these whole, and whatever else is shown as it is.
async fn elements(
    world: &World,
    server: &Server,
    dice: &mut Dice,
) -> Result<Option<Judged>, String> {
    let kinds: Vec<&String> = world.kinds().keys().collect();
    let kind = kinds[dice.roll(kinds.len())];
    let Some(Json::Object(own)) = some(world, dice, kind).map(|one| &world.resources[one].json)
    else {
        return Ok(None);
    };
    let asked: BTreeSet<&str> = (0..2)
        .map(|_| own[dice.roll(own.len())].0.trim_start_matches('_'))
        .filter(|name| !["resourceType", "meta"].contains(name))
        .collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = asked.iter().copied().collect();
    let path = format!("{kind}?_elements={}&_count=200", names.join(","));
    let mut seen = 0;
    for bundle in server.bundles(&path).await? {
        for entry in members(&bundle, "entry") {
            let shown = entry.get("resource").unwrap_or(&Json::Null);
            let place = text(shown, "id").and_then(|id| world.find(kind, id));
            let Some(place) = place else {
                return Ok(Some((
                    path,
                    Some("something is found that was not there".to_owned()),
                )));
            };
            seen += 1;
            if let Some(wrong) = wrong_part(&world.resources[place].json, shown, &asked) {
                let wrong = format!("{}: {wrong}", key(world, place));
                return Ok(Some((path, Some(wrong))));
            }
        }
    }
    let all = world.of_kind(kind).len();
    let wrong = (seen != all).then(|| format!("{seen} are shown, of {all}"));
    Ok(Some((path, wrong)))
}

fn wrong_part(whole: &Json, shown: &Json, asked: &BTreeSet<&str>) -> Option<String> {
    let (Json::Object(whole), Json::Object(parts)) = (whole, shown) else {
        return Some("it is no object".to_owned());
    };
    let of = |name: &str| {
        whole
            .iter()
            .find(|(one, _)| one == name)
            .map(|(_, value)| value)
    };
    for (name, value) in whole {
        if asked.contains(name.trim_start_matches('_')) && shown.get(name) != Some(value) {
            return Some(format!("{name} is not shown as it is"));
        }
    }
    let changed = parts
        .iter()
        .find(|(name, value)| name != "meta" && of(name) != Some(value));
    if let Some((name, _)) = changed {
        return Some(format!("{name} is shown as it is not"));
    }
    let tags = shown
        .get("meta")
        .map(|meta| members(meta, "tag"))
        .unwrap_or_default();
    let is_tagged = tags
        .iter()
        .any(|tag| text(tag, "code") == Some("SUBSETTED"));
    let is_whole = whole.iter().all(|(name, _)| shown.get(name).is_some());
    (!is_whole && !is_tagged).then(|| "it is no whole, and is not tagged SUBSETTED".to_owned())
}

/// What has a word, the best first: the same as without an order, with scores from 1 down to 0.
async fn scores(world: &World, server: &Server, dice: &mut Dice) -> Result<Option<Judged>, String> {
    let kinds: Vec<&String> = world.kinds().keys().collect();
    let kind = kinds[dice.roll(kinds.len())];
    let words = some(world, dice, kind).map(|one| plain_words(&world.resources[one].json));
    let words = words.unwrap_or_default();
    let Some(word) = words.get(dice.roll(words.len())) else {
        return Ok(None);
    };
    let plain = format!(
        "{kind}?_content={}&_count={}",
        encoded(word),
        5 + dice.roll(60)
    );
    let path = format!("{plain}&_sort=-_score");
    let (mut scores, mut found): (Vec<String>, BTreeSet<String>) = Default::default();
    for bundle in server.bundles(&path).await? {
        for entry in members(&bundle, "entry") {
            let score = entry.get("search").and_then(|search| search.get("score"));
            scores.extend(score.map(ToString::to_string));
        }
        found.extend(page(&bundle)?.matches);
    }
    let pages = server.bundles(&plain).await?;
    let pages = pages.iter().map(page).collect::<Result<Vec<_>, _>>()?;
    let expected = pages.into_iter().flat_map(|page| page.matches).collect();
    Ok(Some((
        path,
        unequal(&expected, &found).or_else(|| wrong_scores(&scores, found.len())),
    )))
}

fn wrong_scores(scores: &[String], matches: usize) -> Option<String> {
    if scores.len() != matches {
        return Some(format!("{} scores of {matches} matches", scores.len()));
    }
    let numbers: Result<Vec<bigdecimal::BigDecimal>, _> =
        scores.iter().map(|one| one.parse()).collect();
    let Ok(numbers) = numbers else {
        return Some(format!("a score is no decimal: {scores:?}"));
    };
    let (zero, one) = (
        bigdecimal::BigDecimal::from(0),
        bigdecimal::BigDecimal::from(1),
    );
    let is_within = numbers.iter().all(|score| (&zero..=&one).contains(&score));
    let is_falling = numbers.windows(2).all(|pair| pair[0] >= pair[1]);
    (!is_within || !is_falling).then(|| format!("scores are {scores:?}"))
}
