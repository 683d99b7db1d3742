//! Paths into JSON: a pointer whose segments may also be `*` or `?member=text`.

use super::Json;

/// What a path finds: `/a/0/b` one value or none, `/a/*/b` the array of all that exist.
///
/// `?member=text` keeps the elements of an array whose member is that string; the first of them counts.
pub fn select(root: &Json, path: &str) -> Option<Json> {
    let mut found = vec![root];
    let mut many = false;
    for segment in path.split('/').skip(1) {
        found = if segment == "*" {
            many = true;
            found.iter().flat_map(|value| children(value)).collect()
        } else if let Some((member, text)) =
            segment.strip_prefix('?').and_then(|s| s.split_once('='))
        {
            let holds = |item: &&Json| item.get(member).and_then(Json::as_str) == Some(text);
            found
                .iter()
                .flat_map(|value| value.items())
                .filter(holds)
                .collect()
        } else {
            found
                .iter()
                .filter_map(|value| child(value, segment))
                .collect()
        };
    }
    if many {
        return Some(Json::Array(found.into_iter().cloned().collect()));
    }
    found.first().copied().cloned()
}

fn children(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        Json::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn child<'j>(value: &'j Json, segment: &str) -> Option<&'j Json> {
    match value {
        Json::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => value.get(segment),
    }
}
