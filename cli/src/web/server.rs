//! The server of both pages, on the loopback interface.
//!
//! A page contains one script, and its content security policy allows the hash of that script
//! only. Requests with another host name are refused, because another site could otherwise reach
//! this server under its own name (DNS rebinding). Requests with the origin of another site are
//! refused, too.

use std::future::Future;
use std::net::Ipv4Addr;
use std::panic::resume_unwind;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::error::CliError;
use crate::terminal;

/// A page and its content security policy.
pub(crate) struct HtmlPage {
    html: String,
    policy: String,
}

impl HtmlPage {
    /// Takes a page with exactly one `<script>` element without attributes.
    pub(crate) fn new(html: String) -> Self {
        let script = html.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>"));
        let (script, _) = script.expect("each page has one script");
        let hash = BASE64_STANDARD.encode(Sha256::digest(script));
        let policy = format!(
            "default-src 'none'; img-src 'self' data: blob:; style-src 'unsafe-inline'; \
             script-src 'sha256-{hash}'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        );
        Self { html, policy }
    }

    pub(crate) fn response(&self) -> Response {
        let headers = [(header::CONTENT_SECURITY_POLICY, self.policy.clone())];
        (headers, Html(self.html.clone())).into_response()
    }
}

/// Prints the URL and serves routes until `end` is ready. Port 0 means any free port.
///
/// Fails if the port can't be used.
pub(crate) fn serve(
    routes: Router,
    port: u16,
    opens_browser: bool,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(CliError::Runtime)?.block_on(async {
        let unusable = |source| CliError::Port { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?.to_string();
        announce(&format!("http://{address}/"), opens_browser);
        let guard = middleware::from_fn(move |request, next| guard(address.clone(), request, next));
        let server = axum::serve(listener, routes.layer(guard)).with_graceful_shutdown(end);
        server.await.map_err(unusable)
    })
}

fn announce(url: &str, opens_browser: bool) {
    terminal::print_line(&format!("open {url} in a browser; press Ctrl+C to stop"));
    if opens_browser && let Err(e) = open::that_detached(url) {
        terminal::eprint_line(&format!("warning: can't start a browser: {e}"));
    }
}

/// Runs blocking work, such as rendering or disk access, where it does not delay other requests.
pub(crate) async fn on_pool<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // The task is never canceled, so an error is a panic, which continues here.
    spawn_blocking(work).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

async fn guard(address: String, request: Request, next: Next) -> Response {
    if !is_own_request(&address, request.headers()) {
        let reason = "this server answers requests of its own page only";
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Returns whether a request names this host and, if it names an origin, this origin. Browsers
/// send the origin with each request that can change something.
fn is_own_request(address: &str, headers: &HeaderMap) -> bool {
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    let is_own = |host: &str| host == address || host.strip_prefix("localhost:") == Some(port);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own_origin = |origin: &str| origin.strip_prefix("http://").is_some_and(is_own);
    text(header::HOST).is_some_and(is_own) && text(header::ORIGIN).is_none_or(is_own_origin)
}
