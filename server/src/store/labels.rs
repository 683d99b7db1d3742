//! The profiles, tags and security labels that current resources carry: for `$meta` of a type and of the system.

use fhir::ids::ResourceType;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use super::search::{RowFilter, arguments};
use super::{Store, statements};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// A profile, tag or security label that at least one current resource carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelInUse {
    /// Which of the three.
    pub kind: LabelKind,
    /// The system of a tag or security label, where it has one.
    pub system: Option<String>,
    /// The code of a tag or security label, the URL of a profile.
    pub value: String,
    /// One of the displays it is used with.
    pub display: Option<String>,
}

/// Which list of `meta` a label stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// `meta.profile`
    Profile,
    /// `meta.security`
    Security,
    /// `meta.tag`
    Tag,
}

/// How much one summary may look at and name.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabelBounds {
    pub(super) resources: i64,
    pub(super) labels: i64,
}

const BOUNDS: LabelBounds = LabelBounds {
    resources: 200_000,
    labels: 1_000,
};

impl Store {
    /// The labels in use, of one type or of all, in order; refused where there is more than one request may look at.
    pub async fn labels_in_use(
        &self,
        cx: &RequestContext,
        resource_type: Option<ResourceType>,
    ) -> Result<Vec<LabelInUse>> {
        self.labels_within(cx, resource_type, BOUNDS).await
    }

    pub(super) async fn labels_within(
        &self,
        cx: &RequestContext,
        resource_type: Option<ResourceType>,
        bounds: LabelBounds,
    ) -> Result<Vec<LabelInUse>> {
        let filter = RowFilter::of(&cx.access, Permission::Read, resource_type.as_slice());
        let name = resource_type.map(ResourceType::name);
        let arguments = arguments![name, bounds.resources + 1, bounds.labels + 1];
        let rows = statements::LIST_LABELS
            .within(&filter, arguments)
            .query()
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let resources: i64 = match rows.first() {
            Some(row) => row.try_get("resources").map_err(from_sqlx)?,
            None => 0,
        };
        if resources > bounds.resources {
            return Err(too_costly(format!(
                "there are more than {} resources to look at",
                bounds.resources
            )));
        }
        let labels: Vec<LabelInUse> = rows
            .iter()
            .filter_map(|row| label(row).transpose())
            .collect::<Result<_>>()?;
        if i64::try_from(labels.len()).map_err(Error::internal)? > bounds.labels {
            return Err(too_costly(format!(
                "there are more than {} labels in use",
                bounds.labels
            )));
        }
        Ok(labels)
    }
}

fn too_costly(reason: String) -> Error {
    Error::new(ErrorKind::TooCostly, reason)
}

/// The label of a row; `None` in the row that stands where there are none.
fn label(row: &PgRow) -> Result<Option<LabelInUse>> {
    let kind: Option<&str> = row.try_get("kind").map_err(from_sqlx)?;
    let kind = match kind {
        None => return Ok(None),
        Some("profile") => LabelKind::Profile,
        Some("security") => LabelKind::Security,
        Some("tag") => LabelKind::Tag,
        Some(_) => return Err(Error::internal("a kind of label is unknown")),
    };
    Ok(Some(LabelInUse {
        kind,
        system: row.try_get("system").map_err(from_sqlx)?,
        value: row.try_get("value").map_err(from_sqlx)?,
        display: row.try_get("display").map_err(from_sqlx)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::testing::World;

    /// A summary that would leave something out is refused.
    #[tokio::test]
    async fn more_than_the_bounds_is_refused() {
        let Some(world) = World::new().await else {
            return;
        };
        for id in ["a", "b"] {
            let meta = format!(r#"{{"tag":[{{"code":"{id}"}},{{"code":"both"}}]}}"#);
            let patient = format!(r#"{{"resourceType":"Patient","id":"{id}","meta":{meta}}}"#);
            world.put(&patient).await;
        }
        let check = async |resources: i64, labels: i64, expected: &str| {
            let bounds = LabelBounds { resources, labels };
            let found = world
                .interactions
                .store
                .labels_within(&world.cx, None, bounds)
                .await;
            let said = match found {
                Ok(found) => found
                    .iter()
                    .map(|one| one.value.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
                Err(error) => format!("{:?}: {error}", error.kind()),
            };
            assert_eq!(said, expected);
        };
        check(2, 3, "a b both").await;
        check(
            1,
            3,
            "TooCostly: there are more than 1 resources to look at",
        )
        .await;
        check(2, 2, "TooCostly: there are more than 2 labels in use").await;
        world.close().await;
    }
}
