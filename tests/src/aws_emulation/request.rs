//! The service and the action of a request to AWS, from its headers.

use axum::http::HeaderMap;
use axum::http::request::Parts;

/// A request that a proxy received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The service as in the signature: `dynamodb`, `s3`, `sqs`, `events`, `scheduler`, `ses` or
    /// `secretsmanager`.
    pub service: String,
    /// The action, such as `PutItem`. For a service without actions in headers, the method and the
    /// path, such as `PUT /bucket/key`.
    pub action: String,
}

impl RecordedRequest {
    pub(super) fn new(head: &Parts) -> Self {
        let target = text(&head.headers, "x-amz-target").and_then(|target| target.rsplit_once('.'));
        let action = match target {
            Some((_, action)) => action.to_owned(),
            None => format!("{} {}", head.method, head.uri.path()),
        };
        Self { service: service(&head.headers).unwrap_or("unsigned").to_owned(), action }
    }
}

/// Returns the fourth part of the credential: `Credential=key/date/region/service/aws4_request`.
fn service(headers: &HeaderMap) -> Option<&str> {
    let (_, credential) = text(headers, "authorization")?.split_once("Credential=")?;
    credential.split(',').next()?.split('/').nth(3)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
