//! What the two web pages share: served on the loopback interface only, to this machine's browser only.
//!
//! A page of ours holds one script, and only that may run: the browser is told its hash. Requests with another host name are
//! refused, so that no other site can reach this server through a name of its own (DNS rebinding), and so are changes that
//! another site's page asks for.

use std::future::Future;
use std::net::Ipv4Addr;
use std::panic::resume_unwind;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::error::CliError;
use crate::terminal;

/// A page and the policy that lets nothing run but its own script.
pub(crate) struct HtmlPage {
    html: String,
    policy: String,
}

impl HtmlPage {
    pub(crate) fn new(html: String) -> Self {
        let script = html.split_once("<script>").and_then(|(_, rest)| rest.split_once("</script>"));
        let (script, _) = script.expect("our pages hold one script");
        let hash = BASE64_STANDARD.encode(Sha256::digest(script));
        let policy = format!(
            "default-src 'none'; img-src 'self' data: blob:; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { html, policy }
    }

    pub(crate) fn response(&self) -> Response {
        ([(header::CONTENT_SECURITY_POLICY, self.policy.clone())], Html(self.html.clone()))
            .into_response()
    }
}

/// Serves routes until `end`, having said where. Port 0 takes any that is free.
pub(crate) fn serve(
    routes: Router,
    port: u16,
    browser: bool,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), CliError> {
    let failed = |e: std::io::Error| CliError::Port { port, reason: e.to_string() };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let url = format!("http://{address}/");
        terminal::print_line(&format!("open {url} in a browser; Ctrl+C ends"));
        if browser && let Err(e) = open::that_detached(&url) {
            terminal::eprint_line(&format!("can't start a browser: {e}"));
        }
        let guard = middleware::from_fn(move |request, next| guard(address.clone(), request, next));
        axum::serve(listener, routes.layer(guard)).with_graceful_shutdown(end).await.map_err(failed)
    })
}

/// Runs work of the processor and the disk where it does not hold up other requests.
pub(crate) async fn on_pool<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // Nobody cancels it, so what stops it is a panic, which goes on as if there were no pool.
    spawn_blocking(work).await.unwrap_or_else(|stopped| resume_unwind(stopped.into_panic()))
}

async fn guard(address: String, request: Request, next: Next) -> Response {
    if !is_ours(&address, request.headers()) {
        return (StatusCode::FORBIDDEN, "this server answers its own page only").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(header::HeaderValue::from_static("no-store"));
    response
}

/// Whether a request is for this host, and no page of another origin asks it. Browsers name the origin of every change.
fn is_ours(address: &str, headers: &HeaderMap) -> bool {
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    let ours = |host: &str| host == address || host.strip_prefix("localhost:") == Some(port);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    text(header::HOST).is_some_and(ours)
        && text(header::ORIGIN)
            .is_none_or(|origin| origin.strip_prefix("http://").is_some_and(ours))
}
