//! Pages of value sets that have too many codes to be put together, each with what it would be if they were few.

use fhir::json::Value;
use fhir::resource::Resource;

use super::codes;
use super::texts::FOODS;
use crate::context::RequestContext;
use crate::error::Error;
use crate::interactions::CallConditions;
use crate::operations::testing::{ANIMALS, PETS, World};

/// Codes that may be put together where everything is answered in pages.
const FEW: usize = 2;

struct Expander {
    world: World,
    few: RequestContext,
}

impl Expander {
    async fn with(resources: &[&str]) -> Option<Self> {
        let world = World::with(resources).await?;
        let mut few = world.cx.clone();
        let mut limits = (*few.limits).clone();
        limits.expansion = FEW;
        few.limits = limits.into();
        Some(Self { world, few })
    }

    async fn expand(
        &self,
        cx: &RequestContext,
        compose: &str,
        parameters: &str,
    ) -> Result<String, String> {
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"excludeNested","valueBoolean":true}},
                {{"name":"url","valueUri":"http://here/some"}},{parameters}
                {{"name":"tx-resource","resource":{{"resourceType":"ValueSet","url":"http://here/some",
                    "status":"active","compose":{compose}}}}}]}}"#
        );
        let conditions = CallConditions::default();
        let answer = self
            .world
            .call_with(cx, "ValueSet/$expand", Some(&body), conditions);
        let body = answer.await.map_err(|error| sentence(&error))?.body;
        Ok(String::from_utf8(body.unwrap().into()).unwrap())
    }

    /// All pages, one behind the other, and whether each says how many codes there are.
    async fn pages(&self, compose: &str, parameters: &str) -> Result<String, String> {
        let mut all = Vec::new();
        loop {
            let parameters = format!(
                r#"{parameters}{{"name":"count","valueInteger":{FEW}}},{{"name":"offset","valueInteger":{}}},"#,
                all.len()
            );
            let page = self.expand(&self.few, compose, &parameters).await?;
            let shown: Vec<String> = codes(&page).split_whitespace().map(Into::into).collect();
            let is_last = shown.len() < FEW;
            all.extend(shown);
            if is_last {
                return Ok(format!("{} of {}", all.join(" "), total(&page)));
            }
        }
    }

    /// The pages are those of the value set as it is when it is put together.
    async fn check(&self, compose: &str, parameters: &str) {
        let whole = self.expand(&self.world.cx, compose, parameters).await;
        let whole = whole.map(|whole| format!("{} of {}", codes(&whole), total(&whole)));
        let pages = self.pages(compose, parameters).await;
        assert_eq!(pages, whole, "{compose} {parameters}");
        assert!(whole.is_ok(), "{compose} {parameters}: {whole:?}");
    }
}

fn sentence(error: &Error) -> String {
    let issue = error.issues().first().unwrap();
    let text = issue.text.as_deref().unwrap_or_default();
    format!("{} {text}", error.status().as_u16())
}

fn total(value_set: &str) -> String {
    let value_set = Resource::parse(value_set.to_owned()).unwrap();
    let total = value_set.get("expansion").unwrap().get("total");
    total.map_or("?", Value::raw).to_owned()
}

fn filtered(property: &str, op: &str, value: &str) -> String {
    format!(
        r#"{{"system":"http://here/animals","filter":[{{"property":"{property}","op":"{op}","value":"{value}"}}]}}"#
    )
}

#[tokio::test]
async fn pages_of_filters_are_what_is_put_together() {
    let Some(expander) = Expander::with(&[ANIMALS, FOODS]).await else {
        return;
    };
    for (property, op, value) in [
        ("concept", "is-a", "animal"),
        ("concept", "is-a", "none"),
        ("concept", "descendent-of", "animal"),
        ("concept", "is-not-a", "dog"),
        ("concept", "is-not-a", "none"),
        ("concept", "generalizes", "poodle"),
        ("concept", "child-of", "animal"),
        ("concept", "descendent-leaf", "animal"),
        ("concept", "in", "dog,plant,bird"),
        ("concept", "not-in", "dog,plant"),
        ("concept", "exists", "true"),
        ("display", "=", "Plant"),
        ("display", "not-in", "Plant,Dog"),
        ("definition", "exists", "true"),
        ("definition", "exists", "false"),
        ("parent", "=", "animal"),
        ("parent", "exists", "true"),
        ("parent", "exists", "false"),
        ("child", "=", "poodle"),
        ("child", "not-in", "poodle,dodo"),
        ("child", "exists", "true"),
        ("child", "exists", "false"),
        ("legs", "=", "4"),
        ("legs", "in", "2,4"),
        ("legs", "not-in", "2"),
        ("legs", "exists", "true"),
        ("legs", "exists", "false"),
        ("inactive", "=", "true"),
        ("inactive", "=", "false"),
        ("inactive", "in", "true,false"),
        ("inactive", "not-in", "true"),
        ("inactive", "exists", "true"),
        ("inactive", "exists", "false"),
    ] {
        let compose = format!(r#"{{"include":[{}]}}"#, filtered(property, op, value));
        expander.check(&compose, "").await;
        let foods = compose.replace("animals", "foods").replace("plant", "SAY");
        let foods = foods.replace("\"dog", "\"FRUIT").replace("poodle", "APPLE");
        expander
            .check(&foods.replace("animal\"", "fruit\""), "")
            .await;
    }
    expander.world.close().await;
}

#[tokio::test]
async fn pages_of_several_parts_are_what_is_put_together() {
    let Some(expander) = Expander::with(&[ANIMALS, PETS, FOODS]).await else {
        return;
    };
    let all = r#"{"system":"http://here/animals"}"#;
    let foods = r#"{"system":"http://here/foods"}"#;
    let below = filtered("concept", "is-a", "bird");
    let legs = filtered("legs", "exists", "false");
    let regex = filtered("code", "regex", ".*o.*");
    let listed = r#"{"system":"http://here/animals","concept":[{"code":"plant","display":"Ogre"},{"code":"dodo"},
        {"code":"plant"}]}"#;
    let elsewhere = r#"{"system":"http://elsewhere","concept":[{"code":"a"},{"code":"b"}]}"#;
    let pets = r#"{"valueSet":["http://here/pets"]}"#;
    let both = r#"{"system":"http://here/animals","valueSet":["http://here/pets"]}"#;
    let twice = r#"{"valueSet":["http://here/all","http://here/pets"]}"#;
    let parameters = [
        "",
        r#"{"name":"activeOnly","valueBoolean":true},"#,
        r#"{"name":"excludeNotForUI","valueBoolean":true},"#,
        r#"{"name":"exclude-system","valueCanonical":"http://here/foods"},"#,
        r#"{"name":"filter","valueString":"o"},"#,
        r#"{"name":"filter","valueString":"L o"},"#,
    ];
    for parameters in parameters {
        for sets in [
            format!("[{all}]"),
            format!("[{all},{foods}]"),
            format!("[{below},{all}]"),
            format!("[{legs},{below},{foods},{elsewhere}]"),
            format!("[{listed},{all}]"),
            format!("[{foods},{all},{listed}]"),
            format!("[{pets},{foods},{all}]"),
            format!("[{all},{pets}]"),
            format!("[{both},{elsewhere},{foods}]"),
            format!("[{twice},{all}]"),
        ] {
            let check = async |rest: &str| {
                let compose = format!(r#"{{"include":{sets}{rest}}}"#);
                expander.check(&compose, parameters).await;
            };
            check("").await;
            check(r#","inactive":false"#).await;
            for out in [&below, &legs, listed, elsewhere, pets, both] {
                check(&format!(r#","exclude":[{out}]"#)).await;
            }
        }
    }
    // What is excluded may be more than what is left.
    let few = format!(r#"{{"include":[{elsewhere}],"exclude":[{all}]}}"#);
    expander.check(&few, "").await;
    let compose = format!(r#"{{"include":[{regex},{all}]}}"#);
    let refused = expander.pages(&compose, "").await.unwrap_err();
    assert!(
        refused.ends_with(
            "(more than 2); pages of it cannot be answered: a filter 'regex' looks at each concept of \
             http://here/animals; narrow it down by 'filter'"
        ),
        "{refused}"
    );
    expander.world.close().await;
}

#[tokio::test]
async fn pages_of_words_are_what_is_put_together() {
    let Some(expander) = Expander::with(&[FOODS]).await else {
        return;
    };
    let compose = r#"{"include":[{"system":"http://here/foods"}]}"#;
    for words in [
        "a",
        "Ö",
        "ö füße",
        "ÖL",
        "apfel",
        "K:",
        "\\\"hot\\\"",
        "\\\"ça\\\"",
        "İstan",
        "istan",
        "i",
        "100%",
        "_",
        "en",
        "value",
        "is ici",
    ] {
        let filter = format!(r#"{{"name":"filter","valueString":"{words}"}},"#);
        expander.check(compose, &filter).await;
    }
    let filter = r#"{"name":"filter","valueString":"σ"},"#;
    let refused = expander.pages(compose, filter).await.unwrap_err();
    assert!(
        refused.contains("a sigma, which has two forms"),
        "{refused}"
    );
    expander.world.close().await;
}

#[tokio::test]
async fn a_page_says_how_many_codes_there_are_and_is_no_larger_than_it_may_be() {
    let Some(expander) = Expander::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |parameters: &str, expected: &str| {
        let compose = r#"{"include":[{"system":"http://here/animals"}]}"#;
        let page = expander.expand(&expander.few, compose, parameters).await;
        let page = page.map_or_else(
            |refusal| refusal,
            |page| format!("{} of {}", codes(&page), total(&page)),
        );
        assert_eq!(page, expected, "{parameters}");
    };
    let too_many = "422 The value set 'http://here/some' has too many codes to be expanded (more than 2); \
                    ask for one page of them by 'count' and 'offset', or narrow it down by 'filter'";
    check("", too_many).await;
    check(r#"{"name":"offset","valueInteger":1},"#, too_many).await;
    check(r#"{"name":"count","valueInteger":0},"#, " of 6").await;
    check(
        r#"{"name":"count","valueInteger":3},"#,
        "422 A page of the value set 'http://here/some' has at most 2 codes: 'count' is more",
    )
    .await;
    check(
        r#"{"name":"count","valueInteger":3},{"name":"offset","valueInteger":5},"#,
        "plant of 6",
    )
    .await;
    check(
        r#"{"name":"count","valueInteger":2},{"name":"offset","valueInteger":6},"#,
        " of 6",
    )
    .await;
    expander.world.close().await;
}

/// What supplements say of concepts is shown, and cannot be asked for.
#[tokio::test]
async fn pages_have_what_supplements_say() {
    let supplement = r#"{"resourceType":"CodeSystem","id":"more","url":"http://here/more","version":"1","name":"More",
        "status":"active","content":"supplement","supplements":"http://here/animals","concept":[
            {"code":"dog","designation":[{"language":"fr","value":"Chien"}]}]}"#;
    let Some(expander) = Expander::with(&[ANIMALS, supplement]).await else {
        return;
    };
    let compose = r#"{"include":[{"system":"http://here/animals"}]}"#;
    let with = r#"{"name":"useSupplement","valueCanonical":"http://here/more"},{"name":"displayLanguage","valueCode":"fr"},
        {"name":"count","valueInteger":2},"#;
    let page = expander.expand(&expander.few, compose, with).await.unwrap();
    assert!(page.contains(r#""code":"dog","display":"Chien""#), "{page}");
    let active = format!(r#"{with}{{"name":"activeOnly","valueBoolean":true}},"#);
    let refused = expander.expand(&expander.few, compose, &active).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("http://here/animals is supplemented"),
        "{refused}"
    );
    expander.world.close().await;
}
