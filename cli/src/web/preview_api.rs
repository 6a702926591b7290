//! The HTTP interface of the preview.

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
use serde_json::Value;
use testamur_pipeline::error::chain;
use tokio::sync::broadcast::error::RecvError;

use super::pages;
use super::preview_json::{
    Change, DownloadFormat, PreviewOutput, RenderReply, RenderRequest, TemplateEntry,
};
use super::preview_mail;
use super::preview_state::{PreviewError, PreviewState};
use super::server::{HtmlPage, on_pool};
use super::watch::Changes;

#[derive(Clone)]
struct Context {
    state: Arc<PreviewState>,
    changes: Changes,
    page: Arc<HtmlPage>,
}

#[derive(Deserialize)]
struct SampleQuery {
    template: String,
    sample: String,
}

#[derive(Deserialize)]
struct DownloadQuery {
    format: DownloadFormat,
    template: String,
    sample: String,
    locale: Option<String>,
}

/// Returns the routes. The page shows the template `start` first, if given.
pub(crate) fn routes(state: Arc<PreviewState>, changes: Changes, start: Option<String>) -> Router {
    let page = Arc::new(HtmlPage::new(pages::preview()));
    // The page keeps its choices behind the "#" of its URL, which a server can't read but can set.
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
        .route("/api/mail/{version}/{number}", get(mail))
        .route("/api/download", get(download).post(download))
        .route("/api/events", get(events))
        .with_state(Context { state, changes, page })
}

async fn show(State(context): State<Context>) -> Response {
    context.page.response()
}

async fn templates(
    State(context): State<Context>,
) -> Result<Json<Vec<TemplateEntry>>, (StatusCode, String)> {
    let templates = on_pool(move || context.state.templates()).await;
    templates.map(Json).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, chain(&error)))
}

async fn sample(State(context): State<Context>, Query(query): Query<SampleQuery>) -> Response {
    let sample = on_pool(move || context.state.sample(&query.template, &query.sample)).await;
    reply(sample, "application/json")
}

async fn save_sample(
    State(context): State<Context>,
    Query(query): Query<SampleQuery>,
    json: Bytes,
) -> Response {
    let save = move || context.state.save_sample(&query.template, &query.sample, &json);
    reply(on_pool(save).await.map(|()| Vec::new()), "text/plain")
}

async fn render(
    State(context): State<Context>,
    Json(request): Json<RenderRequest>,
) -> Json<RenderReply> {
    Json(on_pool(move || context.state.render(&request)).await)
}

/// Sends an image. Its URL contains its hash, so browsers may cache it.
async fn image(
    State(context): State<Context>,
    Path((version, file)): Path<(String, String)>,
) -> Response {
    let (number, extension) = file.split_once('.').unwrap_or_default();
    let image = number.parse().ok().and_then(|number| context.state.image(&version, number));
    let Some(image) = image else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let media_type = if extension == "svg" { "image/svg+xml" } else { "image/jpeg" };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "private, max-age=3600, immutable"),
    ];
    (headers, image).into_response()
}

/// Sends the HTML of an e-mail, for a frame without scripts.
async fn mail(
    State(context): State<Context>,
    Path((version, number)): Path<(String, usize)>,
) -> Response {
    let Some(document) = context.state.image(&version, number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, preview_mail::POLICY),
    ];
    (headers, document).into_response()
}

/// Sends a file, rendered from the sample, or from the edited data if the request has a body.
async fn download(
    State(context): State<Context>,
    Query(query): Query<DownloadQuery>,
    body: Bytes,
) -> Response {
    let data = match edited_data(&body) {
        Ok(data) => data,
        Err(e) => {
            return (StatusCode::BAD_REQUEST, format!("the data is not JSON: {e}")).into_response();
        }
    };
    let DownloadQuery { format, template, sample, locale } = query;
    let (extension, media_type) = match format {
        DownloadFormat::Pdf => ("pdf", "application/pdf"),
        DownloadFormat::Jpg => ("jpg", "image/jpeg"),
        DownloadFormat::Png => ("png", "image/png"),
        DownloadFormat::SocialCard => ("social-card.jpg", "image/jpeg"),
    };
    let name = format!("attachment; filename=\"certificate.{extension}\"");
    let output = PreviewOutput::default();
    let request = RenderRequest { template, sample, locale, output, data };
    let file = reply(on_pool(move || context.state.export(&request, format)).await, media_type);
    ([(header::CONTENT_DISPOSITION, name)], file).into_response()
}

fn edited_data(body: &[u8]) -> serde_json::Result<Option<Value>> {
    if body.is_empty() { Ok(None) } else { serde_json::from_slice(body).map(Some) }
}

/// Sends an event for each change of a file, until the page is closed.
async fn events(
    State(context): State<Context>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = stream::unfold(context.changes.subscribe(), |mut changes| async {
        let template = match changes.recv().await {
            Ok(template) => template,
            // The page was too slow and has missed changes, so any template may have changed.
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return None,
        };
        let json = serde_json::to_string(&Change { template }).expect("a change is JSON");
        Some((Ok(Event::default().event("change").data(json)), changes))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}

fn reply(result: Result<Vec<u8>, PreviewError>, media_type: &'static str) -> Response {
    match result {
        Ok(bytes) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        Err(error) => {
            let status = match error {
                PreviewError::NotFound(_) => StatusCode::NOT_FOUND,
                PreviewError::Folder(_) => StatusCode::INTERNAL_SERVER_ERROR,
                PreviewError::Render(_) | PreviewError::Mail(_) => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, error.text()).into_response()
        }
    }
}
