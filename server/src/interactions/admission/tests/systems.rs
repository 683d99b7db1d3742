//! Systems of laboratories, of imaging and of payers: their scopes confine them to what is theirs.

use super::check;
use super::clinic::Clinic;

const OUTSIDE: &str = "403 this access does not allow to write that ServiceRequest: it is outside of what it is confined to";

fn order(id: &str, performer: &str) -> String {
    format!(
        r#"{{"resourceType":"ServiceRequest","id":"{id}","status":"active","intent":"order","code":{{"text":"blood"}},
        "subject":{{"reference":"Patient/zq00zq"}},"performer":[{{"reference":"Organization/{performer}"}}]}}"#
    )
}

#[tokio::test]
async fn a_laboratory_sees_and_changes_its_own_orders_alone() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let organization =
        |id: &str| format!(r#"{{"resourceType":"Organization","id":"{id}","name":"x"}}"#);
    clinic
        .write(vec![
            organization("lab"),
            organization("another"),
            order("own", "lab"),
            order("other", "another"),
        ])
        .await;
    let scopes = "system/ServiceRequest.crus?performer=Organization/lab";
    let check = async |request: &str, expected: &str| {
        check(&clinic, "client", scopes, request, expected).await;
    };
    let put =
        |id: &str, performer: &str| format!("PUT ServiceRequest/{id} {}", order(id, performer));
    let hidden = "404 there is no ServiceRequest/other";
    check("GET ServiceRequest", "200 ServiceRequest/own").await;
    check(
        "GET ServiceRequest?subject=Patient/zq00zq&_summary=count",
        "200",
    )
    .await;
    check("GET ServiceRequest/own", "200 ServiceRequest/own").await;
    check("GET ServiceRequest/other", hidden).await;
    check("GET ServiceRequest/other/_history", hidden).await;
    check(&put("own", "lab"), "200 ServiceRequest/own").await;
    check(&put("other", "lab"), hidden).await;
    // Neither given away nor made for somebody else.
    check(&put("own", "another"), OUTSIDE).await;
    let new = order("x", "another").replace(r#""id":"x","#, "");
    check(&format!("POST ServiceRequest {new}"), OUTSIDE).await;
    clinic.close().await;
}
