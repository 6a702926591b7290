//! The same questions on a web page, with the pictures. It ends when everything has been decided.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use crate::commands::review::{Decision, apply};
use crate::design::report;
use crate::design::snapshots::CaseResult;
use crate::error::CliError;
use crate::web::server::{self, HtmlPage};

struct Session {
    open: Vec<CaseResult>,
    answers: Mutex<Answers>,
}

struct Answers {
    decisions: BTreeMap<String, Decision>,
    /// Sent when every change has been decided.
    done: Option<oneshot::Sender<()>>,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    decision: Decision,
}

/// Serves the page until all changes are decided.
pub(crate) fn ask(
    open: Vec<CaseResult>,
    port: u16,
    browser: bool,
) -> Result<Vec<Decision>, CliError> {
    let (done, all_decided) = oneshot::channel();
    let answers = Mutex::new(Answers { decisions: BTreeMap::new(), done: Some(done) });
    let session = Arc::new(Session { open, answers });
    let routes = Router::new()
        .route("/", get(show))
        .route("/api/decision", post(take))
        .with_state(Arc::clone(&session));
    server::serve(routes, port, browser, async { drop(all_decided.await) })?;
    let answers = session.answers.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(answers.decisions.values().copied().collect())
}

async fn show(State(session): State<Arc<Session>>) -> Response {
    let answers = session.answers.lock().unwrap_or_else(PoisonError::into_inner);
    HtmlPage::new(report::page(&session.open, Some(&answers.decisions))).response()
}

/// Writing a reference takes a moment, so it is done where it holds up nobody.
async fn take(State(session): State<Arc<Session>>, Json(answer): Json<Answer>) -> Response {
    server::on_pool(move || session.take(answer)).await
}

impl Session {
    fn take(&self, answer: Answer) -> Response {
        let Some(case) = self.open.iter().find(|case| case.id == answer.id) else {
            return (StatusCode::NOT_FOUND, format!("no change {}", answer.id)).into_response();
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.decisions.get(&answer.id) == Some(&Decision::Accept) {
            return (StatusCode::CONFLICT, format!("{} is accepted already", answer.id))
                .into_response();
        }
        match apply(case, answer.decision) {
            Ok(decision) => answers.decisions.insert(answer.id, decision),
            Err(error) => {
                return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
            }
        };
        let remaining = self.open.len() - answers.decisions.len();
        if remaining == 0
            && let Some(done) = answers.done.take()
        {
            // The other end waits as long as the page is served.
            let _ = done.send(());
        }
        Json(json!({ "done": remaining == 0, "remaining": remaining })).into_response()
    }
}
