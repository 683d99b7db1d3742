//! `$user-list`: who may log in.

#[cfg(test)]
mod tests;

use fhir::json::Writer;

use super::managed::{administration, flag, group, page, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::accounts::Listed;
use crate::error::Result;
use crate::store::IdentityUser;
/// The operation.
pub(super) struct UserList;

/// What it takes.
pub(super) struct UserListParams {
    login: Option<String>,
    after: Option<String>,
    count: Option<i32>,
}

impl Params for UserListParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            login: arguments.optional("login")?,
            after: arguments.optional("after")?,
            count: arguments.optional("_count")?,
        })
    }
}

impl Operation for UserList {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = UserListParams;

    async fn invoke(cx: OperationContext<'_>, params: UserListParams) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        let listed = match &params.login {
            Some(login) => Listed {
                items: administration.user(login).await?.into_iter().collect(),
                has_more: false,
            },
            None => {
                let page = page(&cx, params.after.as_deref(), params.count);
                administration.users(page).await?
            }
        };
        Ok(parameters(|list| {
            for user in &listed.items {
                group(list, "user", |parts| write(parts, user));
            }
            flag(list, "more", listed.has_more);
        }))
    }
}

fn write(parts: &mut Writer, user: &IdentityUser) {
    text(parts, "login", "valueString", &user.login);
    parts.object(|one| {
        one.string("name", "fhir-user");
        one.object("valueReference", |reference| {
            reference.string("reference", &user.fhir_user.to_string());
        });
    });
    text(parts, "name", "valueString", &user.name);
    let credentials = &user.credentials;
    flag(parts, "password", credentials.password_hash.is_some());
    flag(parts, "totp", credentials.totp_secret.is_some());
    flag(parts, "passkey", credentials.has_passkey);
    flag(parts, "locked", user.is_locked);
}
