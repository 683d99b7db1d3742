//! Changing the labels of a stored resource, for `$meta-add` and `$meta-delete`.

use fhir::json::{Document, Value, edit};
use fhir::resource::Resource;

use super::labels::{Change, LabelError};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{OperationAnswer, OperationContext};
use crate::store::{Transaction, Verb};

/// Changes the labels of the current version, and answers the meta there is then.
///
/// Where nothing changes no version is made: a version that says what the last one says would wake every subscriber
/// and fail every client that holds an ETag, and tell them nothing. R4 leaves it open.
pub(in crate::operations) async fn change(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    change: Change,
    labels: &Document,
) -> Result<OperationAnswer> {
    let key = cx.instance()?;
    let (version, content) = cx.read_locked(tx, key).await?;
    let resource =
        Document::parse_with(content.clone(), cx.request.limits.parse).map_err(Error::internal)?;
    let Some(changed) = changed(&resource, change, labels.root())? else {
        cx.note_read(&version, &content)?;
        return Ok(answer(&resource));
    };
    let write = cx.prepare(key.clone(), Verb::Patch, &changed).await?;
    let written = tx.put_one(&write).await?;
    let stored = Document::parse(written.content).map_err(Error::internal)?;
    Ok(answer(&stored))
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
