//! Versions of a resource that is seen today: each is judged by its own text, for it may have been another patient's.

use fhir::json::ParseLimits;
use fhir::resource::Resource;

use super::StoredVersion;
use crate::auth::{Permission, Rows};
use crate::context::RequestContext;
use crate::definitions::Definitions;

/// Whether a version may be read by what it says itself. One whose values cannot be found out is not.
pub(super) fn is_admitted(
    cx: &RequestContext,
    definitions: &Definitions,
    version: &StoredVersion,
) -> bool {
    let key = &version.key;
    let rows = cx.access.rows(Permission::Read, key.resource_type);
    let Some(content) = version.content.clone() else {
        return rows != Rows::None;
    };
    if rows == Rows::All {
        return true;
    }
    let Ok(resource) = Resource::parse_with(content, ParseLimits::STORED) else {
        return false;
    };
    let Ok(found) = definitions.index_values(&resource, &cx.base_url) else {
        return false;
    };
    let mut values = found.values;
    values.place_around(key);
    rows.admit(key, &values)
}
