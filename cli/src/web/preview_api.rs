//! The requests that the page makes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::preview_state::{DownloadFormat, PreviewError, PreviewState, RenderRequest};
use super::watch::Changes;
use crate::web::server::{HtmlPage, on_pool};

/// What every request can use.
#[derive(Clone)]
struct Context {
    state: Arc<PreviewState>,
    changes: Changes,
    page: Arc<HtmlPage>,
}

#[derive(Deserialize)]
struct SampleName {
    template: String,
    sample: String,
}

#[derive(Deserialize)]
struct Download {
    format: DownloadFormat,
    template: String,
    sample: String,
    locale: Option<String>,
}

pub(crate) fn routes(
    state: Arc<PreviewState>,
    changes: Changes,
    page: HtmlPage,
    start: Option<String>,
) -> Router {
    let context = Context { state, changes, page: Arc::new(page) };
    // The choices live behind the "#" of the address.
    let home = match start {
        Some(id) => {
            get(move || async move { Redirect::temporary(&format!("/page#template={id}")) })
        }
        None => get(show),
    };
    Router::new()
        .route("/", home)
        .route("/page", get(show))
        .route("/api/templates", get(templates))
        .route("/api/sample", get(sample).put(save_sample))
        .route("/api/render", post(render))
        .route("/api/image/{version}/{file}", get(image))
        .route("/api/download", get(download).post(download))
        .route("/api/events", get(events))
        .with_state(context)
}

async fn show(State(context): State<Context>) -> Response {
    context.page.response()
}

async fn templates(State(context): State<Context>) -> Response {
    match on_pool(move || context.state.templates()).await {
        Ok(templates) => Json(templates).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn sample(State(context): State<Context>, Query(name): Query<SampleName>) -> Response {
    answer(
        on_pool(move || context.state.sample(&name.template, &name.sample)).await,
        "application/json",
    )
}

async fn save_sample(
    State(context): State<Context>,
    Query(name): Query<SampleName>,
    text: Bytes,
) -> Response {
    let saved =
        on_pool(move || context.state.save_sample(&name.template, &name.sample, &text)).await;
    answer(saved.map(|()| Vec::new()), "text/plain")
}

async fn render(State(context): State<Context>, Json(request): Json<RenderRequest>) -> Json<Value> {
    Json(on_pool(move || context.state.draw(&request)).await)
}

/// A picture's address holds its hash, so it never changes.
async fn image(
    State(context): State<Context>,
    Path((version, file)): Path<(String, String)>,
) -> Response {
    let (number, kind) = file.split_once('.').unwrap_or_default();
    let picture = number.parse().ok().and_then(|number| context.state.picture(&version, number));
    let Some(picture) = picture else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let media_type = if kind == "svg" { "image/svg+xml" } else { "image/jpeg" };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "private, max-age=3600, immutable"),
    ];
    (headers, picture).into_response()
}

/// Makes a file from the sample, or from the edited data in the body.
async fn download(
    State(context): State<Context>,
    Query(download): Query<Download>,
    body: Bytes,
) -> Response {
    let data: Value = if body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&body) {
            Ok(data) => data,
            Err(e) => {
                return (StatusCode::BAD_REQUEST, format!("the data is not JSON: {e}"))
                    .into_response();
            }
        }
    };
    let Download { format, template, sample, locale } = download;
    let (extension, media_type) = match format {
        DownloadFormat::Pdf => ("pdf", "application/pdf"),
        DownloadFormat::Jpg => ("jpg", "image/jpeg"),
        DownloadFormat::Png => ("png", "image/png"),
        DownloadFormat::SocialCard => ("social-card.jpg", "image/jpeg"),
    };
    let name = format!("attachment; filename=\"certificate.{extension}\"");
    let request = RenderRequest::new(template, sample, locale, data);
    let made = answer(on_pool(move || context.state.export(request, format)).await, media_type);
    ([(header::CONTENT_DISPOSITION, name)], made).into_response()
}

/// Tells the page of every change of a file, for as long as it listens.
async fn events(
    State(context): State<Context>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold(context.changes.subscribe(), |mut changes| async {
        let template = match changes.recv().await {
            Ok(template) => template,
            // The page was too slow to hear of each: anything may have changed.
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return None,
        };
        let event =
            Event::default().event("change").data(json!({ "template": template }).to_string());
        Some((Ok(event), changes))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

fn answer(result: Result<Vec<u8>, PreviewError>, media_type: &'static str) -> Response {
    match result {
        Ok(bytes) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        Err(fault) => {
            let status = match fault {
                PreviewError::Unknown(_) => StatusCode::NOT_FOUND,
                PreviewError::Folder(_) => StatusCode::INTERNAL_SERVER_ERROR,
                PreviewError::Render(_) => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, fault.text()).into_response()
        }
    }
}
