//! What operations that manage accounts and clients share: who may call them, and how they answer (server/ACCESS.md).

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use fhir::json::Writer;

use super::{OperationAnswer, OperationContext};
use crate::accounts::{Administration, Administrator, ListPage};
use crate::auth::Act;
use crate::error::{Error, ErrorKind, Result};

/// What changes accounts and clients in the name of whoever asks: a person who has logged in with a second factor, and whose
/// role it is.
pub(super) fn administration(cx: &OperationContext<'_>) -> Result<Administration> {
    let refused = |sentence: &str| Err(Error::new(ErrorKind::Forbidden, sentence));
    let access = &cx.request.access;
    let grant = access.grant().filter(|grant| grant.user.is_some());
    let Some(grant) = grant else {
        return refused(
            "accounts and clients are managed by a person who has logged in, or by the commands of vesta",
        );
    };
    if !access.may_do(Act::ManageAccounts) {
        return refused("no role of yours manages accounts and clients");
    }
    if !grant.authentication.has_second_factor() {
        return refused("whoever manages accounts and clients logs in with a second factor");
    }
    match cx.accounts.zip(Administrator::of(cx.request)) {
        Some((accounts, administrator)) => Ok(accounts.by(administrator)),
        None => refused("nobody logs in here"),
    }
}

/// The page of a list that is asked for.
pub(super) fn page<'a>(
    cx: &OperationContext<'_>,
    after: Option<&'a str>,
    count: Option<i32>,
) -> ListPage<'a> {
    let limits = &cx.request.limits;
    let asked = count.and_then(|count| u32::try_from(count).ok());
    ListPage {
        after: after.unwrap_or_default(),
        count: asked.unwrap_or(limits.page_size).min(limits.page_size_max),
    }
}

/// A Parameters resource of what is written.
pub(super) fn parameters(write: impl FnOnce(&mut Writer)) -> OperationAnswer {
    let mut writer = Writer::with_capacity(512);
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", write);
    });
    OperationAnswer {
        is_never_kept: true,
        ..OperationAnswer::resource(writer.finish())
    }
}

/// One parameter with a text; `member` is `valueString`, `valueUri` …
pub(super) fn text(list: &mut Writer, name: &str, member: &str, text: &str) {
    list.object(|one| {
        one.string("name", name);
        one.string(member, text);
    });
}

/// One parameter that says yes or no.
pub(super) fn flag(list: &mut Writer, name: &str, value: bool) {
    list.object(|one| {
        one.string("name", name);
        one.boolean("valueBoolean", value);
    });
}

/// One parameter of several parts.
pub(super) fn group(list: &mut Writer, name: &str, write: impl FnOnce(&mut Writer)) {
    list.object(|one| {
        one.string("name", name);
        one.array("part", write);
    });
}
