//! `$user-set-password`: a new password, told once.

#[cfg(test)]
mod tests;

use super::managed::{administration, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::accounts::new_password;
use crate::error::Result;

/// The operation.
pub(super) struct UserSetPassword;

/// What it takes.
pub(super) struct UserSetPasswordParams {
    login: String,
}

impl Params for UserSetPasswordParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            login: arguments.required("login")?,
        })
    }
}

impl Operation for UserSetPassword {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = UserSetPasswordParams;

    async fn invoke(
        cx: OperationContext<'_>,
        UserSetPasswordParams { login }: UserSetPasswordParams,
    ) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        let password = new_password()?;
        let now = cx.request.now;
        administration.set_password(&login, &password, now).await?;
        Ok(parameters(|list| {
            text(list, "login", "valueString", &login.to_lowercase());
            text(list, "password", "valueString", &password);
        }))
    }
}
