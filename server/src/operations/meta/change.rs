//! Changing the labels of a stored resource, for `$meta-add` and `$meta-delete`.

use fhir::json::{Document, Value, edit};
use fhir::resource::Resource;

use super::labels::{Change, LabelError};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{OperationAnswer, OperationContext};
use crate::store::{ExpectedVersions, Verb, WriteCondition};

/// How often the change is made anew when another writer was faster.
const TRIES: u32 = 16;

/// Changes the labels of the current version, and answers the meta there is then.
///
/// Where nothing changes no version is made: a version that says what the last one says would wake every subscriber
/// and fail every client that holds an ETag, and tell them nothing. R4 leaves it open.
pub(in crate::operations) async fn change(
    cx: OperationContext<'_>,
    change: Change,
    labels: &Document,
) -> Result<OperationAnswer> {
    let key = cx.instance()?;
    for _ in 0..TRIES {
        let (current, content) = cx.read(key).await?;
        let resource =
            Document::parse_with(content, cx.request.limits.parse).map_err(Error::internal)?;
        let Some(changed) = changed(&resource, change, labels.root())? else {
            return Ok(answer(&resource));
        };
        let write = cx
            .prepare(key.clone(), Verb::Patch, &changed)
            .await?
            .under(WriteCondition {
                versions: Some(ExpectedVersions::OneOf(vec![current.version])),
                absent: false,
            });
        match cx.store.put(cx.request, write).await {
            Ok(written) => {
                let stored = Document::parse(written.content).map_err(Error::internal)?;
                return Ok(answer(&stored));
            }
            // Another writer was faster: what it wrote keeps, and the change is made to that.
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(
        ErrorKind::Conflict,
        format!("{key} is being changed by others; try again"),
    ))
}

/// Parameters with the meta of a stored resource.
pub(in crate::operations) fn answer(resource: &Document) -> OperationAnswer {
    let meta = resource.root().get("meta").map_or("{}", Value::raw);
    OperationAnswer::returned("valueMeta", meta)
}

/// The resource with other labels; `None` where they stay.
fn changed(resource: &Document, change: Change, labels: Value<'_>) -> Result<Option<Resource>> {
    let root = resource.root();
    let meta = change.apply(root.get("meta"), labels).map_err(|error| {
        let kind = match error {
            LabelError::NoLabel(_) | LabelError::NoCode => ErrorKind::BadValue,
            LabelError::Subsetted => ErrorKind::BusinessRule,
        };
        Error::new(kind, error.to_string()).at("Parameters.parameter[0].value")
    })?;
    let Some(meta) = meta else {
        return Ok(None);
    };
    Resource::parse(edit::set_member(root, "meta", &meta))
        .map(Some)
        .map_err(Error::internal)
}
