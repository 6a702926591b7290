//! Which request fails, and how: AWS's refusals in the words of each service.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;

use super::request::Seen;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The service answers with an internal error; nothing is done.
    Broken,
    /// The service refuses because there were too many; nothing is done.
    Throttled,
    /// It is done, and answered only after this time.
    Slow(Duration),
    /// The connection ends before anything is done.
    CutBefore,
    /// It is done, but the connection ends before the answer.
    CutAfter,
    /// Something else answers, with a status and a body: an event that the bus does not take, say.
    Answered(u16, String),
}

/// Which requests a fault meets. They are counted from 1 on, from when the fault is set.
#[derive(Clone, Debug)]
pub struct When {
    number: usize,
    lasting: bool,
    service: Option<String>,
    action: Option<String>,
}

impl When {
    /// The one request of this number.
    #[must_use]
    pub fn at(number: usize) -> Self {
        Self { number, lasting: false, service: None, action: None }
    }

    /// This request and all later ones.
    #[must_use]
    pub fn from(number: usize) -> Self {
        Self { lasting: true, ..Self::at(number) }
    }

    /// Every request.
    #[must_use]
    pub fn always() -> Self {
        Self::from(1)
    }

    /// Only requests to a service count.
    #[must_use]
    pub fn of(self, service: &str) -> Self {
        Self { service: Some(service.to_owned()), ..self }
    }

    /// Only an action counts: the action's name, or its beginning.
    #[must_use]
    pub fn action(self, action: &str) -> Self {
        Self { action: Some(action.to_owned()), ..self }
    }

    pub(super) fn counts(&self, seen: &Seen) -> bool {
        self.service.as_ref().is_none_or(|service| *service == seen.service)
            && self.action.as_ref().is_none_or(|action| seen.action.starts_with(action.as_str()))
    }

    pub(super) fn meets(&self, count: usize) -> bool {
        count == self.number || self.lasting && count > self.number
    }
}

/// An internal error of a service.
pub(super) fn broken(service: &str) -> Response<Body> {
    match service {
        "s3" => refusal(service, 500, "InternalError"),
        "dynamodb" | "scheduler" => refusal(service, 500, "InternalServerError"),
        "events" => refusal(service, 500, "InternalException"),
        "secretsmanager" => refusal(service, 500, "InternalServiceError"),
        _ => refusal(service, 500, "InternalFailure"),
    }
}

/// A throttled request of a service.
pub(super) fn throttled(service: &str) -> Response<Body> {
    match service {
        "s3" => refusal(service, 503, "SlowDown"),
        "dynamodb" => refusal(service, 400, "ProvisionedThroughputExceededException"),
        "sqs" => refusal(service, 400, "RequestThrottled"),
        "scheduler" => refusal(service, 429, "ThrottlingException"),
        "ses" => refusal(service, 429, "TooManyRequestsException"),
        _ => refusal(service, 400, "ThrottlingException"),
    }
}

fn refusal(service: &str, status: u16, code: &str) -> Response<Body> {
    let (kind, body) = if service == "s3" {
        (
            "application/xml",
            format!("<Error><Code>{code}</Code><Message>a fault of the tests</Message></Error>"),
        )
    } else {
        (
            "application/x-amz-json-1.0",
            format!(r#"{{"__type":"{code}","message":"a fault of the tests"}}"#),
        )
    };
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .header("x-amzn-errortype", code);
    response.body(Body::from(body)).expect("the answer is well-formed")
}

/// Any answer.
pub(super) fn answered(status: u16, body: &str) -> Response<Body> {
    let response =
        Response::builder().status(status).header(CONTENT_TYPE, "application/x-amz-json-1.0");
    response.body(Body::from(body.to_owned())).expect("the answer is well-formed")
}
