//! Lambda's Runtime API: the function's process asks for invocations and posts its answers.
//!
//! There is one for each process, so what a dead one still says can't reach the next.

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

/// What a function says to an invocation.
pub(super) type Said = Result<Value, Value>;

/// How far the process has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Starting,
    /// It has asked for an invocation.
    Ready,
    /// It has said that it can't start, and why.
    Failed(Value),
}

/// A server for one process.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    pub(super) phase: watch::Receiver<Phase>,
    invocations: mpsc::UnboundedSender<(HeaderMap, Value)>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    number: AtomicU64,
    arn: String,
}

struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<(HeaderMap, Value)>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Said>>>,
    phase: watch::Sender<Phase>,
}

impl RuntimeApi {
    pub(super) async fn serve(function: &str) -> Self {
        let (invocations, waiting) = mpsc::unbounded_channel();
        let (phase, watched) = watch::channel(Phase::Starting);
        let shared = Arc::new(Shared { waiting: waiting.into(), answers: Mutex::default(), phase });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(said))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared.clone());
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there are free ports");
        let address = listener.local_addr().expect("it is bound");
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves until aborted");
        });
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}");
        Self {
            address,
            phase: watched,
            invocations,
            shared,
            server,
            number: AtomicU64::new(1),
            arn,
        }
    }

    /// Hands an event to the process, with the time by which it must have answered.
    pub(super) fn invoke(&self, event: &Value, time: Duration) -> oneshot::Receiver<Said> {
        let (sender, receiver) = oneshot::channel();
        let id =
            format!("00000000-0000-4000-8000-{:012}", self.number.fetch_add(1, Ordering::Relaxed));
        let deadline = (SystemTime::now() + time)
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("it is after 1970");
        let mut headers = HeaderMap::new();
        let mut header = |name, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).expect("the value is plain"));
        };
        header("lambda-runtime-aws-request-id", &id);
        header("lambda-runtime-deadline-ms", &deadline.as_millis().to_string());
        header("lambda-runtime-invoked-function-arn", &self.arn);
        header(
            "lambda-runtime-trace-id",
            "Root=1-6570d8a1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
        );
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        self.invocations.send((headers, event.clone())).expect("the server lives as long as this");
        receiver
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> (HeaderMap, Json<Value>) {
    shared.phase.send_replace(Phase::Ready);
    let invocation = shared.waiting.lock().await.recv().await;
    let Some((headers, event)) = invocation else { return std::future::pending().await };
    (headers, Json(event))
}

async fn said(
    State(shared): State<Arc<Shared>>,
    Path((id, kind)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let answer = shared.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    let Some(answer) = answer else { return StatusCode::BAD_REQUEST };
    let body = json(&body);
    // Nobody may wait any more.
    let _ = answer.send(if kind == "response" { Ok(body) } else { Err(body) });
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.phase.send_replace(Phase::Failed(json(&body)));
    StatusCode::ACCEPTED
}

/// JSON, or the text that is said instead.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
