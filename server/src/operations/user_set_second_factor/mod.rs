//! `$user-set-second-factor`: a new second factor, told once, or none.

#[cfg(test)]
mod tests;

use super::managed::{administration, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;

/// The operation.
pub(super) struct UserSetSecondFactor;

/// What it takes.
pub(super) struct UserSetSecondFactorParams {
    login: String,
    is_removed: bool,
}

impl Params for UserSetSecondFactorParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let is_removed: Option<bool> = arguments.optional("remove")?;
        Ok(Self {
            login: arguments.required("login")?,
            is_removed: is_removed.unwrap_or(false),
        })
    }
}

impl Operation for UserSetSecondFactor {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = UserSetSecondFactorParams;

    async fn invoke(
        cx: OperationContext<'_>,
        UserSetSecondFactorParams { login, is_removed }: UserSetSecondFactorParams,
    ) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        let new = match is_removed {
            true => {
                administration.remove_second_factor(&login).await?;
                None
            }
            false => Some(administration.set_second_factor(&login).await?),
        };
        Ok(parameters(|list| {
            text(list, "login", "valueString", &login.to_lowercase());
            let Some(new) = &new else {
                return;
            };
            text(list, "url", "valueUri", &new.url);
            for code in &new.recovery_codes {
                text(list, "recovery-code", "valueString", code);
            }
        }))
    }
}
