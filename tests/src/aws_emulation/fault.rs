//! Faults that a proxy injects: which requests fail, and how. Error responses have the format and
//! the error codes of each service.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;

use super::request::RecordedRequest;

/// How a request fails.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The service responds with an internal error and has not executed the request.
    InternalError,
    /// The service throttles the request and has not executed it.
    Throttled,
    /// The request is executed, but the response is delayed by this duration.
    SlowResponse(Duration),
    /// The connection is closed before the request is executed.
    DisconnectBefore,
    /// The request is executed, but the connection is closed before the response.
    DisconnectAfter,
    /// The service has not executed the request and responds with this status and JSON body.
    CustomResponse(u16, String),
}

/// A selection of requests. They are counted from 1 on, starting when the fault is injected.
#[derive(Clone, Debug)]
pub struct Requests {
    first: usize,
    and_later: bool,
    service: Option<String>,
    action: Option<String>,
}

impl Requests {
    /// Selects every request.
    #[must_use]
    pub fn all() -> Self {
        Self::nth(1).and_later()
    }

    /// Selects one request by its number.
    #[must_use]
    pub fn nth(number: usize) -> Self {
        Self { first: number, and_later: false, service: None, action: None }
    }

    /// Also selects all later requests.
    #[must_use]
    pub fn and_later(self) -> Self {
        Self { and_later: true, ..self }
    }

    /// Selects and counts only requests to a service.
    #[must_use]
    pub fn to(self, service: &str) -> Self {
        Self { service: Some(service.to_owned()), ..self }
    }

    /// Selects and counts only requests whose action begins with `action`.
    #[must_use]
    pub fn action(self, action: &str) -> Self {
        Self { action: Some(action.to_owned()), ..self }
    }

    /// Returns whether a request counts.
    pub(super) fn counts(&self, request: &RecordedRequest) -> bool {
        self.service.as_ref().is_none_or(|service| *service == request.service)
            && self.action.as_ref().is_none_or(|action| request.action.starts_with(action.as_str()))
    }

    /// Returns whether the request with this number is selected.
    pub(super) fn contains(&self, number: usize) -> bool {
        number == self.first || self.and_later && number > self.first
    }
}

/// Returns the internal error of a service.
pub(super) fn internal_error(service: &str) -> Response<Body> {
    match service {
        "s3" => error(service, 500, "InternalError"),
        "dynamodb" | "scheduler" => error(service, 500, "InternalServerError"),
        "events" => error(service, 500, "InternalException"),
        "secretsmanager" => error(service, 500, "InternalServiceError"),
        _ => error(service, 500, "InternalFailure"),
    }
}

/// Returns the response of a service to a throttled request.
pub(super) fn throttled(service: &str) -> Response<Body> {
    match service {
        "s3" => error(service, 503, "SlowDown"),
        "dynamodb" => error(service, 400, "ProvisionedThroughputExceededException"),
        "sqs" => error(service, 400, "RequestThrottled"),
        "scheduler" => error(service, 429, "ThrottlingException"),
        "ses" => error(service, 429, "TooManyRequestsException"),
        _ => error(service, 400, "ThrottlingException"),
    }
}

fn error(service: &str, status: u16, code: &str) -> Response<Body> {
    let (content_type, body) = if service == "s3" {
        (
            "application/xml",
            format!("<Error><Code>{code}</Code><Message>injected by a test</Message></Error>"),
        )
    } else {
        (
            "application/x-amz-json-1.0",
            format!(r#"{{"__type":"{code}","message":"injected by a test"}}"#),
        )
    };
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .header("x-amzn-errortype", code);
    response.body(Body::from(body)).expect("the response is valid")
}

/// Returns a JSON response.
pub(super) fn custom(status: u16, body: &str) -> Response<Body> {
    let response =
        Response::builder().status(status).header(CONTENT_TYPE, "application/x-amz-json-1.0");
    response.body(Body::from(body.to_owned())).expect("the response is valid")
}
