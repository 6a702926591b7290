//! A proxy before an emulator, which counts requests and lets some fail.

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
use super::fault::{self, Fault, When};
use super::http::{HttpClient, client};
use super::request::Seen;

/// The proxy. Functions and clients that use its address reach the emulator through it, signatures included.
pub struct Proxy {
    endpoint: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// When a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before anything is done.
    Before,
    /// When it is done, before the answer.
    After,
}

/// A request that is held, or will be when it comes. It goes on when this is dropped.
pub struct Held {
    reached: watch::Receiver<bool>,
    _release: watch::Sender<()>,
}

struct Shared {
    upstream: Authority,
    client: HttpClient,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    strike: Option<Strike>,
    struck: usize,
}

struct Strike {
    when: When,
    count: usize,
    effect: Effect,
}

#[derive(Clone)]
enum Effect {
    Fault(Fault),
    Hold { moment: Moment, reached: watch::Sender<bool>, released: watch::Receiver<()> },
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut off by the proxy")
    }
}

impl std::error::Error for Cut {}

impl Proxy {
    /// A proxy before the emulator at an address.
    pub async fn before(upstream: &str) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there are free ports");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let upstream = authority(upstream);
        let shared = Arc::new(Shared { upstream, client: client(), state: Mutex::default() });
        let server = tokio::spawn(serve(listener, shared.clone()));
        Self { endpoint, shared, server }
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Every request so far, or since [`Self::forget`].
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.state().seen.clear();
    }

    /// Lets requests fail from now on, in place of what was set before.
    pub fn inject(&self, when: When, fault: Fault) {
        self.shared.state().strike = Some(Strike { when, count: 0, effect: Effect::Fault(fault) });
    }

    /// Holds requests from now on, in place of what was set before, and tells when the first has come.
    #[must_use]
    pub fn hold(&self, when: When, moment: Moment) -> Held {
        let (reached, watched) = watch::channel(false);
        let (release, released) = watch::channel(());
        let effect = Effect::Hold { moment, reached, released };
        self.shared.state().strike = Some(Strike { when, count: 0, effect });
        Held { reached: watched, _release: release }
    }

    /// Lets all later requests through, and says how many were met since the last time.
    pub fn clear(&self) -> usize {
        let mut state = self.shared.state();
        state.strike = None;
        std::mem::take(&mut state.struck)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Held {
    /// Waits until the request has come, and is done if it is held after that.
    pub async fn reached(&mut self) {
        let reached =
            tokio::time::timeout(TIMEOUT, self.reached.wait_for(|reached| *reached)).await;
        // The sender stays as long as the strike does; after that no request will come.
        reached.expect("the request comes in time").expect("the request is still waited for");
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request and says what becomes of it.
    fn judge(&self, seen: &Seen) -> Option<Effect> {
        let mut state = self.state();
        state.seen.push(seen.clone());
        let strike = state.strike.as_mut().filter(|strike| strike.when.counts(seen))?;
        strike.count += 1;
        let effect = strike.when.meets(strike.count).then(|| strike.effect.clone())?;
        state.struck += 1;
        Some(effect)
    }

    async fn relay(&self, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (head, body) = request.into_parts();
        // Read whole, so that a cut after it is a cut after the work.
        let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Cut)?;
        let seen = Seen::of(&head);
        let effect = self.judge(&seen);
        let request = Request::from_parts(head, Body::from(body));
        match effect {
            None => self.forward(request).await,
            Some(Effect::Fault(Fault::Broken)) => Ok(fault::broken(&seen.service)),
            Some(Effect::Fault(Fault::Throttled)) => Ok(fault::throttled(&seen.service)),
            Some(Effect::Fault(Fault::Answered(status, body))) => {
                Ok(fault::answered(status, &body))
            }
            Some(Effect::Fault(Fault::CutBefore)) => Err(Cut),
            Some(Effect::Fault(Fault::CutAfter)) => self.forward(request).await.and(Err(Cut)),
            Some(Effect::Fault(Fault::Slow(time))) => {
                let response = self.forward(request).await;
                tokio::time::sleep(time).await;
                response
            }
            Some(Effect::Hold { moment: Moment::Before, reached, released }) => {
                hold(&reached, released).await;
                self.forward(request).await
            }
            Some(Effect::Hold { moment: Moment::After, reached, released }) => {
                let response = self.forward(request).await;
                hold(&reached, released).await;
                response
            }
        }
    }

    /// Sends a request on as it came: the host that was signed stays in its header, only the connection goes elsewhere.
    async fn forward(&self, mut request: Request<Body>) -> Result<Response<Body>, Cut> {
        let upstream = self.upstream.clone();
        let path =
            request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme("http").authority(upstream).path_and_query(path);
        *request.uri_mut() = uri.build().expect("its parts are well-formed");
        let (head, body) = self.client.request(request).await.map_err(|_| Cut)?.into_parts();
        let body: Bytes =
            axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(|_| Cut)?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

async fn hold(reached: &watch::Sender<bool>, mut released: watch::Receiver<()>) {
    reached.send_replace(true);
    // Nothing is ever sent: it goes on when the sender is dropped.
    let _ = released.changed().await;
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // The connections end with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(|request| shared.relay(request));
            // Cut connections end with an error, and so do those of clients that are killed.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn authority(endpoint: &str) -> Authority {
    let uri: Uri = endpoint.parse().expect("the address is a URL");
    uri.authority().expect("the address names a host").clone()
}
