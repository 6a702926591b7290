//! Watches the folder of templates and broadcasts each change once, shortly after the last event
//! of a burst, because editors write a file in several steps.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::broadcast;

use super::preview_state::PreviewState;
use crate::error::CliError;

/// How long it must be quiet before a change is broadcast.
const DEBOUNCE: Duration = Duration::from_millis(8);

/// How long a burst may last before its changes are broadcast anyway.
const MAX_DEBOUNCE: Duration = Duration::from_millis(200);

/// The number of changes that a slow listener may lag behind before it misses some.
const CAPACITY: usize = 64;

/// Broadcasts the id of a template that has changed, or none if any template may have changed.
pub(crate) type Changes = broadcast::Sender<Option<String>>;

/// Starts watching on another thread, for the life of the process.
pub(crate) fn start(state: &Arc<PreviewState>) -> Result<Changes, CliError> {
    let root = state.root().canonicalize().map_err(|e| CliError::file("read", state.root(), e))?;
    let (sender, events) = channel();
    let send = move |event: notify::Result<notify::Event>| {
        // Reads are events, too, and each render reads files.
        if !event.as_ref().is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // The receiver lives as long as the process.
            let _ = sender.send(event);
        }
    };
    let watcher = watch(&root, send)
        .map_err(|source| CliError::Watch { path: state.root().to_owned(), source })?;
    let changes = broadcast::channel(CAPACITY).0;
    let (state, listeners) = (Arc::clone(state), changes.clone());
    std::thread::spawn(move || broadcast_changes(&watcher, &events, &root, &state, &listeners));
    Ok(changes)
}

fn watch(root: &Path, handler: impl notify::EventHandler) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(handler)?;
    watcher.watch(root, RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Runs for the life of the process, and keeps the watcher alive.
fn broadcast_changes(
    _watcher: &RecommendedWatcher,
    events: &Receiver<notify::Result<notify::Event>>,
    root: &Path,
    state: &PreviewState,
    listeners: &Changes,
) {
    while let Ok(first) = events.recv() {
        let mut burst = vec![first];
        let end = Instant::now() + MAX_DEBOUNCE;
        while Instant::now() < end
            && let Ok(next) = events.recv_timeout(DEBOUNCE)
        {
            burst.push(next);
        }
        for template in changed_templates(&burst, root) {
            state.forget(template.as_deref());
            // There is no listener while no page is open.
            let _ = listeners.send(template);
        }
    }
}

/// Returns the templates that a burst of events concerns, or a single none if any may have changed.
fn changed_templates(burst: &[notify::Result<notify::Event>], root: &Path) -> Vec<Option<String>> {
    let mut templates = Vec::new();
    for event in burst {
        let Ok(event) = event else { return vec![None] };
        if event.need_rescan() {
            return vec![None];
        }
        for path in &event.paths {
            let Ok(inner) = path.strip_prefix(root) else { return vec![None] };
            let mut parts = inner.iter().map(|part| part.to_string_lossy());
            let (template, child) = (parts.next(), parts.next());
            match (template, child.as_deref()) {
                // Snapshots do not affect a page.
                (Some(_), Some("snapshots")) => {}
                // A template was added or removed, or the shared helpers have changed.
                (None, _) | (Some(_), None) => return vec![None],
                (Some(template), Some(_)) if template == "shared" => return vec![None],
                (Some(template), Some(_)) => templates.push(Some(template.into_owned())),
            }
        }
    }
    templates.sort();
    templates.dedup();
    templates
}
