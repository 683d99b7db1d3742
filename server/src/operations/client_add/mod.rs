//! `$client-add`: an app or a system is registered.

#[cfg(test)]
mod tests;

use super::managed::{administration, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::accounts::{NewClient, NewClientKind};
use crate::error::{Error, ErrorKind, Result};

/// The operation.
pub(super) struct ClientAdd;

/// What it takes.
pub(super) struct ClientAddParams {
    new: NewClient,
    /// How many ways it is to prove who it is.
    proofs: usize,
}

impl Params for ClientAddParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let secret: Option<bool> = arguments.optional("secret")?;
        let jwks: Option<String> = arguments.optional("jwks")?;
        let jwks_uri: Option<String> = arguments.optional("jwks-uri")?;
        let secret = secret.filter(|is_asked| *is_asked);
        let kinds = [
            secret.map(|_| NewClientKind::Secret),
            jwks.map(NewClientKind::Jwks),
            jwks_uri.map(NewClientKind::JwksUri),
        ];
        let mut kinds: Vec<NewClientKind> = kinds.into_iter().flatten().collect();
        Ok(Self {
            proofs: kinds.len(),
            new: NewClient {
                id: arguments.optional("client-id")?,
                name: arguments.required("name")?,
                kind: kinds.pop().unwrap_or(NewClientKind::Public),
                redirect_uris: arguments.list("redirect-uri")?,
                launch_uri: arguments.optional("launch-uri")?,
                scopes: arguments.required("scopes")?,
                certificate_name: arguments.optional("certificate-name")?,
            },
        })
    }
}

impl Operation for ClientAdd {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = ClientAddParams;

    async fn invoke(cx: OperationContext<'_>, params: ClientAddParams) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        if params.proofs > 1 {
            let sentence = "a client proves who it is by one of secret, jwks and jwks-uri";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let now = cx.request.now;
        let (id, secret) = administration.add_client(params.new, now).await?;
        Ok(parameters(|list| {
            text(list, "client-id", "valueString", &id);
            if let Some(secret) = &secret {
                text(list, "client-secret", "valueString", secret);
            }
        }))
    }
}
