//! What a request to AWS asks for, read off its headers.

use axum::http::HeaderMap;
use axum::http::request::Parts;

/// A request that went through a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The service, as signatures name it: `dynamodb`, `s3`, `sqs`, `events`, `scheduler`, `ses`, `secretsmanager`.
    pub service: String,
    /// `PutItem` and the like, or method and path where the service names no action.
    pub action: String,
}

impl Seen {
    pub(super) fn of(head: &Parts) -> Self {
        let target = text(&head.headers, "x-amz-target").and_then(|target| target.rsplit_once('.'));
        let action = match target {
            Some((_, action)) => action.to_owned(),
            None => format!("{} {}", head.method, head.uri.path()),
        };
        Self { service: service(&head.headers).unwrap_or("unsigned").to_owned(), action }
    }
}

/// The fourth part of the credential's scope: `Credential=key/date/region/service/aws4_request`.
fn service(headers: &HeaderMap) -> Option<&str> {
    let (_, credential) = text(headers, "authorization")?.split_once("Credential=")?;
    credential.split(',').next()?.split('/').nth(3)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
