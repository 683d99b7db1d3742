//! `$user-lock`: somebody is locked out, or let in again.

#[cfg(test)]
mod tests;

use super::managed::{administration, flag, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;

/// The operation.
pub(super) struct UserLock;

/// What it takes.
pub(super) struct UserLockParams {
    login: String,
    is_unlocked: bool,
}

impl Params for UserLockParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let is_unlocked: Option<bool> = arguments.optional("unlock")?;
        Ok(Self {
            login: arguments.required("login")?,
            is_unlocked: is_unlocked.unwrap_or(false),
        })
    }
}

impl Operation for UserLock {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = UserLockParams;

    async fn invoke(
        cx: OperationContext<'_>,
        UserLockParams { login, is_unlocked }: UserLockParams,
    ) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        administration.lock_user(&login, !is_unlocked).await?;
        Ok(parameters(|list| {
            text(list, "login", "valueString", &login.to_lowercase());
            flag(list, "locked", !is_unlocked);
        }))
    }
}
