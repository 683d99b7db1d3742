//! Pages while others write, links of other searches, and orders of their own.

use bigdecimal::BigDecimal;
use fhir::search::plan::{Clause, NearTest, Plan, Sort, SortKey, TextPart, TextQuery};

use super::world::{DATES, Dice, NUMBERS, POSITIONS, STRINGS, World};
use crate::error::ErrorKind;
use crate::store::Source;

fn by(key: SortKey, descending: bool) -> Sort {
    Sort { key, descending }
}

#[tokio::test]
async fn what_does_not_change_is_on_one_page_while_others_change() {
    let mut world = World::of(50).await;
    let mut dice = Dice::new(3);
    let orders = [
        vec![],
        vec![by(SortKey::Date(DATES.to_vec()), false)],
        vec![
            by(SortKey::String(STRINGS.to_vec()), true),
            by(SortKey::Id, true),
        ],
        vec![
            by(SortKey::LastUpdated, false),
            by(SortKey::Number(NUMBERS.to_vec()), true),
        ],
    ];
    for sort in orders {
        let plan = Plan {
            sort,
            ..Plan::default()
        };
        for (name, store) in world.stores() {
            let mut seen: Vec<String> = Vec::new();
            let mut cursor = None;
            let mut changed = Vec::new();
            loop {
                let page = Source::Committed(&store)
                    .search(&world.cx, &plan, 4, "", cursor.as_deref())
                    .await
                    .unwrap();
                seen.extend(page.matches.iter().map(|one| one.key.to_string()));
                let place = usize::try_from(dice.roll(world.known.len() as u64)).unwrap();
                let number = world.known.remove(place).number;
                world.write(number, &mut dice).await;
                changed.push(world.known.last().unwrap().key.to_string());
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            for one in &world.known {
                let key = one.key.to_string();
                let times = seen.iter().filter(|other| **other == key).count();
                assert!(
                    times == 1 || changed.contains(&key),
                    "{name}: {key} {times} times"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_link_is_good_for_its_search_only() {
    let world = World::of(6).await;
    let mut source = Source::Committed(&world.store);
    let plan = Plan::default();
    let page = source
        .search(&world.cx, &plan, 1, "Patient", None)
        .await
        .unwrap();
    let link = page.next.as_deref();
    assert!(
        source
            .search(&world.cx, &plan, 1, "Patient", link)
            .await
            .is_ok()
    );
    let sorted = Plan {
        sort: vec![by(SortKey::Id, false)],
        ..Plan::default()
    };
    let other = Plan {
        understood: vec![("active".to_owned(), "true".to_owned())],
        ..Plan::default()
    };
    let counted = Plan {
        understood: vec![("_count".to_owned(), "2".to_owned())],
        ..Plan::default()
    };
    assert!(
        source
            .search(&world.cx, &counted, 2, "Patient", link)
            .await
            .is_ok()
    );
    for (plan, scope) in [(&plan, "Group"), (&sorted, "Patient"), (&other, "Patient")] {
        let refusal = source
            .search(&world.cx, plan, 1, scope, link)
            .await
            .unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::BadValue);
    }
}

#[tokio::test]
async fn the_better_the_words_fit_the_earlier() {
    let world = World::of(60).await;
    let plan = Plan {
        clauses: vec![Clause::Text {
            part: TextPart::Content,
            query: TextQuery::Word("fever".into()),
        }],
        sort: vec![by(SortKey::Score, true)],
        ..Plan::default()
    };
    let mut source = Source::Committed(&world.store);
    let page = source.search(&world.cx, &plan, 50, "", None).await.unwrap();
    let times: Vec<usize> = page
        .matches
        .iter()
        .map(|one| {
            let known = world
                .known
                .iter()
                .find(|known| known.key == one.key)
                .unwrap();
            known
                .values
                .content
                .split(' ')
                .filter(|word| *word == "fever")
                .count()
        })
        .collect();
    assert!(times.len() > 3 && times.first() > times.last());
    assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
}

#[tokio::test]
async fn the_nearer_the_earlier() {
    let world = World::of(60).await;
    let (latitude, longitude) = (BigDecimal::from(0), BigDecimal::from(179));
    let plan = Plan {
        clauses: vec![Clause::Near {
            parameters: POSITIONS.to_vec(),
            tests: vec![NearTest {
                latitude,
                longitude,
                distance: BigDecimal::from(1_000_000),
            }],
        }],
        sort: vec![by(SortKey::Score, true)],
        ..Plan::default()
    };
    let mut source = Source::Committed(&world.store);
    let page = source.search(&world.cx, &plan, 50, "", None).await.unwrap();
    let distances: Vec<BigDecimal> = page
        .matches
        .iter()
        .map(|one| {
            let known = world
                .known
                .iter()
                .find(|known| known.key == one.key)
                .unwrap();
            let position = &known.values.positions[0];
            let east = &position.longitude - BigDecimal::from(179);
            &position.latitude * &position.latitude + &east * &east
        })
        .collect();
    assert!(
        distances.len() > 5 && distances.is_sorted(),
        "{distances:?}"
    );
}
