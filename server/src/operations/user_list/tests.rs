//! Who may log in is listed by pages, and nothing of what they log in with.

use crate::operations::managed::testing::Office;
use crate::operations::testing::brief;

#[tokio::test]
async fn people_are_listed_by_pages() {
    let Some(office) = Office::open().await else {
        return;
    };
    for login in ["carl", "anna", "bob"] {
        let (login, person) = (
            format!("login={login}"),
            format!("fhir-user>Patient/{login}"),
        );
        office.call("user-add", &[&login, &person]).await.unwrap();
    }
    office
        .call("user-set-second-factor", &["login=anna"])
        .await
        .unwrap();
    office.call("user-lock", &["login=bob"]).await.unwrap();
    let listed = async |query: &str| {
        let url = format!("$user-list{query}");
        let answer = office.world.get_with(&office.cx, &url).await;
        answer.map(|answer| {
            brief(&answer)
                .replace(r#"{"reference":"Patient/"#, "")
                .replace(r#""}"#, "")
        })
    };
    let anna = "user(login=anna fhir-user=anna name=anna password=true totp=true passkey=false locked=false)";
    let bob =
        "user(login=bob fhir-user=bob name=bob password=true totp=false passkey=false locked=true)";
    let carl = "user(login=carl fhir-user=carl name=carl password=true totp=false passkey=false locked=false)";
    let check = async |query: &str, expected: String| {
        assert_eq!(listed(query).await.unwrap(), expected, "{query}");
    };
    check("", format!("{anna} {bob} {carl} more=false")).await;
    check("?_count=2", format!("{anna} {bob} more=true")).await;
    check("?_count=2&after=bob", format!("{carl} more=false")).await;
    check("?login=BOB", format!("{bob} more=false")).await;
    check("?login=nobody", "more=false".to_owned()).await;
    assert!(listed("?password=x").await.unwrap_err().starts_with("400"));
    // What somebody types in the wrong place is not kept.
    assert!(listed("?login=correct-horse-battery").await.is_ok());
    assert!(listed("?password=correct-horse-battery").await.is_err());
    office.trail_lacks("correct-horse-battery").await;
    office.world.close().await;
}
