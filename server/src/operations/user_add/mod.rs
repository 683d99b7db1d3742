//! `$user-add`: somebody may log in.

#[cfg(test)]
mod tests;

use fhir::json::{Document, Value};

use super::managed::{administration, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::accounts::{NewUser, new_password};
use crate::auth::FhirUser;
use crate::error::{Error, ErrorKind, Result};

/// The operation.
pub(super) struct UserAdd;

/// What it takes.
pub(super) struct UserAddParams {
    login: String,
    fhir_user: Document,
    name: Option<String>,
}

impl Params for UserAddParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            login: arguments.required("login")?,
            fhir_user: arguments.required("fhir-user")?,
            name: arguments.optional("name")?,
        })
    }
}

impl Operation for UserAdd {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = UserAddParams;

    async fn invoke(cx: OperationContext<'_>, params: UserAddParams) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        let password = new_password()?;
        let login = params.login.to_lowercase();
        let new = NewUser {
            name: params.name.unwrap_or_else(|| params.login.clone()),
            fhir_user: person(&cx, params.fhir_user.root())?,
            login: params.login,
        };
        let now = cx.request.now;
        administration.add_user(new, &password, now).await?;
        Ok(parameters(|list| {
            text(list, "login", "valueString", &login);
            text(list, "password", "valueString", &password);
        }))
    }
}

fn person(cx: &OperationContext<'_>, reference: Value<'_>) -> Result<FhirUser> {
    let text = reference.get("reference").and_then(Value::string);
    let text = text.unwrap_or_default();
    let base = format!("{}/", cx.request.base_url);
    let own = text.strip_prefix(&base).unwrap_or(&text);
    let refused = |error: crate::auth::NotAPerson| {
        Error::new(ErrorKind::BadValue, error.to_string()).at("Parameters.parameter")
    };
    own.parse().map_err(refused)
}
