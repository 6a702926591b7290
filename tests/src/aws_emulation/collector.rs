//! A collector of OpenTelemetry spans, which keeps what functions send it: OTLP over HTTP, as JSON.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The collector.
pub struct Collector {
    endpoint: String,
    spans: Spans,
    server: JoinHandle<()>,
}

type Spans = Arc<Mutex<Vec<Value>>>;

impl Collector {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there are free ports");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let spans = Spans::default();
        let routes = Router::new().route("/v1/traces", post(keep)).with_state(spans.clone());
        let server =
            tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        Self { endpoint, spans, server }
    }

    /// Its address, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The spans so far, each with the name of its `service`.
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

async fn keep(State(spans): State<Spans>, Json(request): Json<Value>) -> Json<Value> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut kept = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in list(&request, "resourceSpans") {
        let attributes = list(&resource["resource"], "attributes");
        let service = attributes.iter().find(|attribute| attribute["key"] == "service.name");
        let service = service.map(|attribute| attribute["value"]["stringValue"].clone());
        for mut span in list(&resource, "scopeSpans").iter().flat_map(|scope| list(scope, "spans"))
        {
            span["service"] = service.clone().unwrap_or_default();
            kept.push(span);
        }
    }
    Json(json!({}))
}
