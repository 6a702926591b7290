//! A proxy in front of an emulator that records requests and makes some of them fail.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::TIMEOUT;
use super::api::{HttpClient, client};
use super::fault::{self, Fault, Requests};
use super::request::RecordedRequest;

/// A proxy on a free port. It forwards requests unchanged, including their signatures.
pub struct Proxy {
    endpoint: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// At which point a proxy holds a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldAt {
    /// Before the request is executed.
    Request,
    /// After the request is executed and before the client receives the response.
    Response,
}

/// A request that the proxy holds as soon as it arrives. Dropping this value releases the request.
pub struct HeldRequest {
    is_held: watch::Receiver<bool>,
    _release: watch::Sender<()>,
}

struct Shared {
    upstream: Authority,
    client: HttpClient,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<RecordedRequest>,
    rule: Option<Rule>,
    affected: usize,
}

/// What happens to which requests.
struct Rule {
    requests: Requests,
    count: usize,
    effect: Effect,
}

#[derive(Clone)]
enum Effect {
    Fault(Fault),
    Hold { at: HoldAt, is_held: watch::Sender<bool>, released: watch::Receiver<()> },
}

/// Makes the server close the connection without a response.
#[derive(Debug)]
struct Disconnected;

impl std::fmt::Display for Disconnected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("disconnected by the proxy")
    }
}

impl std::error::Error for Disconnected {}

impl Proxy {
    /// Starts a proxy in front of the emulator at the URL `upstream`. It ends when it is dropped.
    pub async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("the socket is bound"));
        let upstream = authority(upstream);
        let shared = Arc::new(Shared { upstream, client: client(), state: Mutex::default() });
        let server = tokio::spawn(serve(listener, shared.clone()));
        Self { endpoint, shared, server }
    }

    /// Returns its URL.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns all requests since the start or the last [`Self::clear_requests`].
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.state().requests.clone()
    }

    /// Deletes the recorded requests.
    pub fn clear_requests(&self) {
        self.shared.state().requests.clear();
    }

    /// Makes the selected requests fail from now on. Replaces an earlier fault or hold.
    pub fn inject(&self, requests: Requests, fault: Fault) {
        self.shared.state().rule = Some(Rule { requests, count: 0, effect: Effect::Fault(fault) });
    }

    /// Holds the selected requests from now on. Replaces an earlier fault or hold.
    #[must_use]
    pub fn hold(&self, requests: Requests, at: HoldAt) -> HeldRequest {
        let (is_held, watched) = watch::channel(false);
        let (release, released) = watch::channel(());
        let effect = Effect::Hold { at, is_held, released };
        self.shared.state().rule = Some(Rule { requests, count: 0, effect });
        HeldRequest { is_held: watched, _release: release }
    }

    /// Ends the fault or hold. Returns how many requests were affected since the last call.
    pub fn clear(&self) -> usize {
        let mut state = self.shared.state();
        state.rule = None;
        std::mem::take(&mut state.affected)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl HeldRequest {
    /// Waits until the request has arrived and is held.
    pub async fn wait_until_held(&mut self) {
        let held = tokio::time::timeout(TIMEOUT, self.is_held.wait_for(|is_held| *is_held)).await;
        // The sender is dropped with the rule. After that, no request can be held.
        held.expect("the request arrives in time").expect("the rule is still in effect");
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and returns the effect of the current rule on it.
    fn record(&self, request: &RecordedRequest) -> Option<Effect> {
        let mut state = self.state();
        state.requests.push(request.clone());
        let rule = state.rule.as_mut().filter(|rule| rule.requests.counts(request))?;
        rule.count += 1;
        let effect = rule.requests.contains(rule.count).then(|| rule.effect.clone())?;
        state.affected += 1;
        Some(effect)
    }

    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Body>, Disconnected> {
        let (head, body) = request.into_parts();
        // The body is read completely, because DisconnectAfter must execute the request first.
        let body =
            axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Disconnected)?;
        let recorded = RecordedRequest::new(&head);
        let effect = self.record(&recorded);
        let request = Request::from_parts(head, Body::from(body));
        match effect {
            None => self.forward(request).await,
            Some(Effect::Fault(Fault::InternalError)) => {
                Ok(fault::internal_error(&recorded.service))
            }
            Some(Effect::Fault(Fault::Throttled)) => Ok(fault::throttled(&recorded.service)),
            Some(Effect::Fault(Fault::CustomResponse(status, body))) => {
                Ok(fault::custom(status, &body))
            }
            Some(Effect::Fault(Fault::DisconnectBefore)) => Err(Disconnected),
            Some(Effect::Fault(Fault::DisconnectAfter)) => {
                self.forward(request).await.and(Err(Disconnected))
            }
            Some(Effect::Fault(Fault::SlowResponse(delay))) => {
                let response = self.forward(request).await;
                tokio::time::sleep(delay).await;
                response
            }
            Some(Effect::Hold { at: HoldAt::Request, is_held, released }) => {
                hold(&is_held, released).await;
                self.forward(request).await
            }
            Some(Effect::Hold { at: HoldAt::Response, is_held, released }) => {
                let response = self.forward(request).await;
                hold(&is_held, released).await;
                response
            }
        }
    }

    /// Forwards a request. The header `Host` stays unchanged, because it is part of the signature.
    async fn forward(&self, mut request: Request<Body>) -> Result<Response<Body>, Disconnected> {
        let upstream = self.upstream.clone();
        let path =
            request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme("http").authority(upstream).path_and_query(path);
        *request.uri_mut() = uri.build().expect("the parts of the URI are valid");
        let (head, body) =
            self.client.request(request).await.map_err(|_| Disconnected)?.into_parts();
        let body: Bytes =
            axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Disconnected)?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

async fn hold(is_held: &watch::Sender<bool>, mut released: watch::Receiver<()>) {
    is_held.send_replace(true);
    // Nothing is sent on this channel: it ends when the `HeldRequest` is dropped.
    let _ = released.changed().await;
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set closes all connections when the proxy ends.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(|request| shared.handle(request));
            // An error is expected after a disconnect, or if the client was killed.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn authority(endpoint: &str) -> Authority {
    let uri: Uri = endpoint.parse().expect("the endpoint is a URL");
    uri.authority().expect("the endpoint has a host").clone()
}
