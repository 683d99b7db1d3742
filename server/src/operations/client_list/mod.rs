//! `$client-list`: which apps and systems there are.

#[cfg(test)]
mod tests;

use fhir::json::Writer;

use super::managed::{administration, flag, group, page, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::accounts::Listed;
use crate::error::Result;
use crate::store::{ClientKind, IdentityClient};

/// The operation.
pub(super) struct ClientList;

/// What it takes.
pub(super) struct ClientListParams {
    id: Option<String>,
    after: Option<String>,
    count: Option<i32>,
}

impl Params for ClientListParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            id: arguments.optional("client-id")?,
            after: arguments.optional("after")?,
            count: arguments.optional("_count")?,
        })
    }
}

impl Operation for ClientList {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = ClientListParams;

    async fn invoke(cx: OperationContext<'_>, params: ClientListParams) -> Result<OperationAnswer> {
        let administration = administration(&cx)?;
        let listed = match &params.id {
            Some(id) => Listed {
                items: administration.client(id).await?.into_iter().collect(),
                has_more: false,
            },
            None => {
                let page = page(&cx, params.after.as_deref(), params.count);
                administration.clients(page).await?
            }
        };
        Ok(parameters(|list| {
            for client in &listed.items {
                group(list, "client", |parts| write(parts, client));
            }
            flag(list, "more", listed.has_more);
        }))
    }
}

fn write(parts: &mut Writer, client: &IdentityClient) {
    text(parts, "client-id", "valueString", &client.id);
    text(parts, "name", "valueString", &client.name);
    let (proof, published) = match &client.kind {
        ClientKind::Public => ("none", None),
        ClientKind::Symmetric(_) => ("secret", None),
        ClientKind::Jwks(_) => ("jwks", None),
        ClientKind::JwksUri(uri) => ("jwks-uri", Some(uri)),
    };
    text(parts, "proof", "valueCode", proof);
    if let Some(uri) = published {
        text(parts, "jwks-uri", "valueUri", uri);
    }
    if let Some(name) = &client.certificate_name {
        text(parts, "certificate-name", "valueString", name);
    }
    for uri in &client.redirect_uris {
        text(parts, "redirect-uri", "valueUri", uri);
    }
    if let Some(uri) = &client.launch_uri {
        text(parts, "launch-uri", "valueUri", uri);
    }
    text(parts, "scopes", "valueString", &client.scopes.to_string());
    flag(parts, "self-registered", client.is_self_registered);
}
