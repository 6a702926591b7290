//! An OpenTelemetry collector that keeps the spans of functions: OTLP over HTTP, as JSON.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A collector on a free port.
pub struct Collector {
    endpoint: String,
    spans: Spans,
    server: JoinHandle<()>,
}

type Spans = Arc<Mutex<Vec<Value>>>;

impl Collector {
    /// Starts a collector. It ends when it is dropped.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("the socket is bound"));
        let spans = Spans::default();
        let routes = Router::new().route("/v1/traces", post(store)).with_state(spans.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the server runs until it is aborted");
        });
        Self { endpoint, spans, server }
    }

    /// Returns the value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns all received spans. Each has the additional member `service`, the name of its
    /// service.
    #[must_use]
    pub fn spans(&self) -> Vec<Value> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn store(State(spans): State<Spans>, Json(request): Json<Value>) -> Json<Value> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut stored = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in list(&request, "resourceSpans") {
        let attributes = list(&resource["resource"], "attributes");
        let service = attributes.iter().find(|attribute| attribute["key"] == "service.name");
        let service = service.map(|attribute| attribute["value"]["stringValue"].clone());
        for mut span in list(&resource, "scopeSpans").iter().flat_map(|scope| list(scope, "spans"))
        {
            span["service"] = service.clone().unwrap_or_default();
            stored.push(span);
        }
    }
    Json(json!({}))
}
