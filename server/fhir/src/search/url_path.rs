//! URLs above and below each other by their path (<https://hl7.org/fhir/R4/search.html#uri>).

/// Most ancestors of one URL that are indexed and looked for, the nearest to its root.
const ANCESTORS_MAX: usize = 32;

/// The URLs above a URL and itself, from its authority down, without slashes at their ends; nothing for what has no
/// path, such as `urn:oid:1.2`. A query, fragment or version belongs to the URL itself.
pub(super) fn ancestors(url: &str) -> impl Iterator<Item = &str> {
    let root = url
        .split_once("://")
        .filter(|(scheme, rest)| {
            let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
            scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && scheme.bytes().all(is_scheme)
                && !rest.starts_with(['/', '?', '#', '|'])
                && !rest.is_empty()
        })
        .map(|(scheme, _)| scheme.len() + 3);
    let path_end = url.find(['?', '#', '|']).unwrap_or(url.len());
    let path = url[..path_end].trim_end_matches('/');
    let slashes = path.match_indices('/').map(|(place, _)| place);
    let ends = root.into_iter().flat_map(move |root| {
        let inner = slashes.clone().filter(move |place| *place > root);
        inner.map(|place| &path[..place]).chain([path])
    });
    let whole = (root.is_some() && path_end < url.len()).then_some(url);
    // A doubled slash would give one ancestor twice.
    ends.filter(|one| !one.ends_with('/'))
        .take(ANCESTORS_MAX)
        .chain(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_end_at_slashes() {
        let check = |url: &str, expected: &[&str]| {
            let found: Vec<&str> = ancestors(url).collect();
            assert_eq!(found, expected, "{url}");
        };
        check(
            "http://acme.org/fhir/ValueSet/123",
            &[
                "http://acme.org",
                "http://acme.org/fhir",
                "http://acme.org/fhir/ValueSet",
                "http://acme.org/fhir/ValueSet/123",
            ],
        );
        check(
            "http://acme.org/fhir/",
            &["http://acme.org", "http://acme.org/fhir"],
        );
        check("http://acme.org", &["http://acme.org"]);
        check(
            "http://acme.org//a",
            &["http://acme.org", "http://acme.org//a"],
        );
        check(
            "http://acme.org/a|1.0",
            &[
                "http://acme.org",
                "http://acme.org/a",
                "http://acme.org/a|1.0",
            ],
        );
        check(
            "http://acme.org/a?b=/c",
            &[
                "http://acme.org",
                "http://acme.org/a",
                "http://acme.org/a?b=/c",
            ],
        );
        for none in [
            "urn:oid:1.2",
            "",
            "a/b",
            "://a",
            "http://",
            "http:///a",
            "1http://a",
            "é://a",
        ] {
            check(none, &[]);
        }
        assert_eq!(
            ancestors(&format!("http://a{}", "/b".repeat(100))).count(),
            ANCESTORS_MAX
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_ancestors_that_begin_it(url in "(http://)?\\PC*") {
            for one in ancestors(&url) {
                proptest::prop_assert!(url.starts_with(one));
            }
        }
    }
}
