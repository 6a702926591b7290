//! Lambda's Runtime API, from which the process of a function gets its invocations.
//!
//! Each process has a server of its own, so a late response of a killed process can't be taken for
//! one of its successor.
//!
//! Format: [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::{ACCOUNT, REGION};

/// The response or the error that a function reports for an invocation.
pub(super) type InvocationResult = Result<Value, Value>;

/// The state of a process.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ProcessState {
    Starting,
    /// The process has asked for an invocation.
    Ready,
    /// The process has reported that it can't start.
    InitFailed(Value),
}

/// A server for one process. It ends when it is dropped.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    pub(super) state: watch::Receiver<ProcessState>,
    invocations: mpsc::UnboundedSender<(HeaderMap, Value)>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    number: AtomicU64,
    arn: String,
}

struct Shared {
    pending: tokio::sync::Mutex<mpsc::UnboundedReceiver<(HeaderMap, Value)>>,
    results: Mutex<HashMap<String, oneshot::Sender<InvocationResult>>>,
    state: watch::Sender<ProcessState>,
}

impl RuntimeApi {
    /// Starts a server for a process of `function`.
    pub(super) async fn start(function: &str) -> Self {
        let (invocations, pending) = mpsc::unbounded_channel();
        let (state, watched) = watch::channel(ProcessState::Starting);
        let shared = Arc::new(Shared { pending: pending.into(), results: Mutex::default(), state });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(result))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("the socket is bound");
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the server runs until it is aborted");
        });
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}");
        Self {
            address,
            state: watched,
            invocations,
            shared,
            server,
            number: AtomicU64::new(1),
            arn,
        }
    }

    /// Queues an event for the process, with a deadline `timeout` from now.
    pub(super) fn invoke(
        &self,
        event: &Value,
        timeout: Duration,
    ) -> oneshot::Receiver<InvocationResult> {
        let (sender, receiver) = oneshot::channel();
        let id =
            format!("00000000-0000-4000-8000-{:012}", self.number.fetch_add(1, Ordering::Relaxed));
        let deadline = (SystemTime::now() + timeout)
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("the clock is after 1970");
        let mut headers = HeaderMap::new();
        let mut header = |name, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).expect("the value is ASCII"));
        };
        header("lambda-runtime-aws-request-id", &id);
        header("lambda-runtime-deadline-ms", &deadline.as_millis().to_string());
        header("lambda-runtime-invoked-function-arn", &self.arn);
        header(
            "lambda-runtime-trace-id",
            "Root=1-6570d8a1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
        );
        self.shared.results.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        self.invocations.send((headers, event.clone())).expect("the server is running");
        receiver
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> (HeaderMap, Json<Value>) {
    shared.state.send_replace(ProcessState::Ready);
    let invocation = shared.pending.lock().await.recv().await;
    let Some((headers, event)) = invocation else { return std::future::pending().await };
    (headers, Json(event))
}

async fn result(
    State(shared): State<Arc<Shared>>,
    Path((id, kind)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let sender = shared.results.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    let Some(sender) = sender else { return StatusCode::BAD_REQUEST };
    let body = json(&body);
    // The receiver may have been dropped.
    let _ = sender.send(if kind == "response" { Ok(body) } else { Err(body) });
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.state.send_replace(ProcessState::InitFailed(json(&body)));
    StatusCode::ACCEPTED
}

/// Parses a body as JSON. Returns a body that is not JSON as a string.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
