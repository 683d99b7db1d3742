//! `$meta`: the profiles, tags and security labels in use (<https://hl7.org/fhir/R4/resource-operation-meta.html>).

pub(super) mod change;
pub(super) mod labels;
#[cfg(test)]
mod tests;

use fhir::json::{Document, Writer};

use super::{Operation, OperationAnswer, OperationContext, OperationTarget};
use crate::error::{Error, Result};
use crate::store::{LabelInUse, LabelKind};

/// The operation.
pub(super) struct Meta;

impl Operation for Meta {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ();

    async fn invoke(cx: OperationContext<'_>, (): ()) -> Result<OperationAnswer> {
        let resource_type = match cx.target {
            OperationTarget::System => None,
            OperationTarget::Type(resource_type) => Some(*resource_type),
            OperationTarget::Instance(key) => {
                let (version, content) = cx.read(key).await?;
                cx.note_read(&version, &content)?;
                let resource = Document::parse(content).map_err(Error::internal)?;
                return Ok(change::answer(&resource));
            }
        };
        let labels = cx.store.labels_in_use(cx.request, resource_type).await?;
        Ok(OperationAnswer::returned("valueMeta", &summary(&labels)))
    }
}

/// The Meta of everything in use; `labels` are in order of kind.
fn summary(labels: &[LabelInUse]) -> String {
    let mut writer = Writer::default();
    let of = |kind: LabelKind| labels.iter().filter(move |label| label.kind == kind);
    writer.object(|meta| {
        if of(LabelKind::Profile).next().is_some() {
            meta.array("profile", |list| {
                of(LabelKind::Profile).for_each(|profile| list.string(&profile.value));
            });
        }
        for (name, kind) in [("security", LabelKind::Security), ("tag", LabelKind::Tag)] {
            if of(kind).next().is_none() {
                continue;
            }
            meta.array(name, |list| {
                for label in of(kind) {
                    list.object(|coding| {
                        coding.optional("system", label.system.as_deref());
                        coding.string("code", &label.value);
                        coding.optional("display", label.display.as_deref());
                    });
                }
            });
        }
    });
    writer.finish()
}
