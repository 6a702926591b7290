//! Requests to an emulator without an SDK: DynamoDB Streams, Lambda, CloudWatch Logs, and the
//! emulator's inspection endpoints.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::REGION;

/// An HTTP client without TLS.
pub(super) type HttpClient = Client<HttpConnector, Body>;

/// Returns a client that opens a connection for each request, so that a stale connection can't
/// fail.
pub(super) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
}

/// A client for the HTTP interface of an emulator.
#[derive(Clone)]
pub struct EmulatorApi {
    endpoint: String,
    client: HttpClient,
}

impl EmulatorApi {
    /// Returns a client for the emulator at `endpoint`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), client: client() }
    }

    /// Calls an action of a service with a JSON protocol, for example the target
    /// `DynamoDBStreams_20120810.GetRecords` of the service `dynamodb`.
    pub async fn call(&self, service: &str, target: &str, arguments: &Value) -> Value {
        let request = Request::post(&self.endpoint)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::from(arguments.to_string()))).await)
    }

    /// Sends a GET request to a path of a service or of the emulator itself.
    pub async fn get(&self, service: &str, path: &str) -> Value {
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{path}", self.endpoint))
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::empty())).await)
    }

    /// Sends a PUT request with JSON to a path of a service.
    pub async fn put(&self, service: &str, path: &str, content: &Value) -> Value {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::from(content.to_string()))).await)
    }

    async fn send(&self, request: axum::http::Result<Request<Body>>) -> Vec<u8> {
        let request = request.expect("the request is valid");
        let response = self.client.request(request).await.expect("the emulator responds");
        let (status, body) = read(response.map(Body::new)).await;
        assert!(status.is_success(), "{status}: {}", text(&body));
        body
    }
}

async fn read(response: Response<Body>) -> (StatusCode, Vec<u8>) {
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the response is complete");
    (head.status, body.into())
}

/// Returns a header with an invalid signature. The emulators identify the caller and the service by
/// the credential and do not verify the signature.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the response is UTF-8")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{e}: {}", text(bytes)))
}
