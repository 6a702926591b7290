//! The page where a reviewer decides on each change. The server stops when all are decided.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::design::decision::Decision;
use crate::design::report::html;
use crate::design::snapshots::CaseResult;
use crate::error::CliError;
use crate::web::server::{self, HtmlPage};

struct Session {
    cases: Vec<CaseResult>,
    progress: Mutex<Progress>,
}

struct Progress {
    /// The decisions so far, by the id of the case.
    decisions: BTreeMap<String, Decision>,
    /// Used once, when every case is decided.
    all_decided: Option<oneshot::Sender<()>>,
}

#[derive(Deserialize)]
struct DecisionRequest {
    id: String,
    decision: Decision,
}

#[derive(Serialize)]
struct DecisionReply {
    done: bool,
    remaining: usize,
}

/// Serves the page until all cases are decided, and returns the decisions.
pub(crate) fn decide(
    cases: Vec<CaseResult>,
    port: u16,
    opens_browser: bool,
) -> Result<Vec<Decision>, CliError> {
    let (sender, all_decided) = oneshot::channel();
    let progress = Progress { decisions: BTreeMap::new(), all_decided: Some(sender) };
    let session = Arc::new(Session { cases, progress: Mutex::new(progress) });
    let routes = Router::new()
        .route("/", get(show))
        .route("/api/decision", post(record_decision))
        .with_state(Arc::clone(&session));
    server::serve(routes, port, opens_browser, async { drop(all_decided.await) })?;
    Ok(session.progress().decisions.values().copied().collect())
}

async fn show(State(session): State<Arc<Session>>) -> Response {
    HtmlPage::new(html::review(&session.cases, &session.progress().decisions)).response()
}

async fn record_decision(
    State(session): State<Arc<Session>>,
    Json(request): Json<DecisionRequest>,
) -> Response {
    // Writing a reference takes a while.
    server::on_pool(move || session.record(request)).await
}

impl Session {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, DecisionRequest { id, decision }: DecisionRequest) -> Response {
        let Some(case) = self.cases.iter().find(|case| case.id == id) else {
            return (StatusCode::NOT_FOUND, format!("no case {id:?}")).into_response();
        };
        let mut progress = self.progress();
        if progress.decisions.get(&id) == Some(&Decision::Accept) {
            return (StatusCode::CONFLICT, format!("{id} is already accepted")).into_response();
        }
        if let Err(error) = decision.apply(case) {
            let text = testamur_pipeline::error::chain(&error);
            return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
        }
        progress.decisions.insert(id, decision);
        let remaining = self.cases.len() - progress.decisions.len();
        if remaining == 0
            && let Some(sender) = progress.all_decided.take()
        {
            // The receiver waits as long as the page is served.
            let _ = sender.send(());
        }
        Json(DecisionReply { done: remaining == 0, remaining }).into_response()
    }
}
