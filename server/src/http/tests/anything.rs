//! Whatever a client sends is understood or refused with a 4xx; nothing panics.

use axum::http::Method;
use proptest::prelude::*;

use super::super::controls::{Controls, Kept};
use super::super::negotiation::{body_type, negotiate, wants_content};
use crate::context::Handling;
use crate::error::Result;
use crate::interactions::EntityTags;
use crate::interactions::route::{RouteRequest, route};

fn refused_politely<T>(result: Result<T>) -> std::result::Result<(), TestCaseError> {
    if let Err(error) = result {
        prop_assert!(error.status().is_client_error(), "{error:?}");
        prop_assert!(!error.issues().is_empty());
    }
    Ok(())
}

/// Text made of the pieces that paths, queries and headers are made of, and of anything.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "/",
            "?",
            "&",
            "=",
            "%",
            "%2",
            "%41",
            "+",
            ",",
            ";",
            "*",
            "\"",
            "W/\"1\"",
            "$",
            "$meta",
            "Patient",
            "_history",
            "_search",
            "metadata",
            "1",
            "a_b",
            "_format",
            "_summary",
            "_elements",
            "_pretty",
            "true",
            "json",
            "application/",
            "fhir+json",
            "q=0.5",
            "q=",
            "é",
            "fhirVersion=",
            "4.0",
            " ",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_request_is_routed_or_refused(path in text(), query in text(), place in 0..8usize) {
        let methods = [
            Method::GET, Method::HEAD, Method::POST, Method::PUT,
            Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE,
        ];
        for handling in [Handling::Strict, Handling::Lenient] {
            refused_politely(route(RouteRequest {
                method: &methods[place],
                path: &path,
                query: &query,
                body: None,
                if_match: None,
                if_none_match: None,
                if_none_exist: Some(query.clone()).filter(|_| place == 2),
                if_modified_since: None,
                handling,
            }))?;
        }
        for kept in [Kept::Nothing, Kept::All, Kept::ForOperation] {
            refused_politely(Controls::parse(&query, kept))?;
        }
    }

    #[test]
    fn any_header_is_understood_or_refused(format in text(), header in text(), other in text()) {
        refused_politely(negotiate(Some(&format), &[]))?;
        refused_politely(negotiate(None, &[&header, &other]))?;
        refused_politely(body_type(Some(&header)))?;
        refused_politely(EntityTags::parse(&header))?;
        // The answer must not depend on how the headers were split.
        let joined = format!("{header},{other}");
        let split = wants_content(None, &[&header, &other], "text/csv");
        prop_assert_eq!(split, wants_content(None, &[&joined], "text/csv"));
    }
}
