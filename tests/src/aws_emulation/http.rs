//! Requests to an emulator that no SDK crate is built for: streams, functions, logs, its own inspection pages.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::REGION;

/// A plain HTTP client.
pub(super) type HttpClient = Client<HttpConnector, Body>;

/// Every request has a connection of its own, so that no fault comes from an old one.
pub(super) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
}

/// An emulator's address, for requests that need no SDK.
#[derive(Clone)]
pub struct Cloud {
    endpoint: String,
    client: HttpClient,
}

impl Cloud {
    /// Requests to an address.
    #[must_use]
    pub fn at(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), client: client() }
    }

    /// Calls an action of a service that speaks JSON, say `DynamoDBStreams_20120810.GetRecords` of `dynamodb`.
    pub async fn call(&self, service: &str, target: &str, arguments: &Value) -> Value {
        let request = Request::post(&self.endpoint)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::from(arguments.to_string()))).await)
    }

    /// Reads what stands at a path, of a service or of the emulator itself.
    pub async fn get(&self, service: &str, path: &str) -> Value {
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{path}", self.endpoint))
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::empty())).await)
    }

    /// Writes JSON to a path of a service.
    pub async fn put(&self, service: &str, path: &str, content: &Value) -> Value {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("authorization", authorization(service));
        json(&self.send(request.body(Body::from(content.to_string()))).await)
    }

    async fn send(&self, request: axum::http::Result<Request<Body>>) -> Vec<u8> {
        let request = request.expect("the request is well-formed");
        let response = self.client.request(request).await.expect("the emulator answers");
        let (status, body) = read(response.map(Body::new)).await;
        assert!(status.is_success(), "{status}: {}", text(&body));
        body
    }
}

async fn read(response: Response<Body>) -> (StatusCode, Vec<u8>) {
    let (head, body) = response.into_parts();
    let body =
        axum::body::to_bytes(body, usize::MAX).await.expect("the emulator finishes its answers");
    (head.status, body.into())
}

/// Signed by nobody: the emulators take the dummy credentials without a look at the signature.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the emulator speaks UTF-8")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{e}: {}", text(bytes)))
}
