//! Watches the templates and tells of each change once, a moment after the last of a burst: editors write a file in steps.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::broadcast;

use super::preview_state::PreviewState;
use crate::error::CliError;

/// How long nothing more must happen before a change is told.
const DEBOUNCE: Duration = Duration::from_millis(8);

/// How long a burst may last before what is known of it is told.
const MAX_DEBOUNCE: Duration = Duration::from_millis(200);

/// Whoever listens hears the id of the template that has changed, or none if several may have.
pub(crate) type Changes = broadcast::Sender<Option<String>>;

/// Starts watching on a thread of its own, for the life of the process.
pub(crate) fn start(state: &Arc<PreviewState>) -> Result<Changes, CliError> {
    let root = state.root().canonicalize().map_err(|e| CliError::file("read", state.root(), &e))?;
    let failed = |e: notify::Error| CliError::file("watch", state.root(), &e);
    let (send, receive) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is no change, and we read all the time.
        if !event.as_ref().is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // The other end is there as long as the process is.
            let _ = send.send(event);
        }
    })
    .map_err(failed)?;
    watcher.watch(&root, RecursiveMode::Recursive).map_err(failed)?;
    let changes = broadcast::channel(64).0;
    let (state, told) = (Arc::clone(state), changes.clone());
    std::thread::spawn(move || tell(&watcher, &receive, &root, &state, &told));
    Ok(changes)
}

/// Ends never, for the watcher is held here.
fn tell(
    _watcher: &RecommendedWatcher,
    events: &Receiver<notify::Result<notify::Event>>,
    root: &Path,
    state: &PreviewState,
    changes: &Changes,
) {
    while let Ok(first) = events.recv() {
        let mut burst = vec![first];
        let latest = Instant::now() + MAX_DEBOUNCE;
        while Instant::now() < latest
            && let Ok(next) = events.recv_timeout(DEBOUNCE)
        {
            burst.push(next);
        }
        for template in changed(&burst, root) {
            state.forget(template.as_deref());
            // Nobody listens while no page is open.
            let _ = changes.send(template);
        }
    }
}

/// The templates that a burst of events concerns; a single none stands for all.
fn changed(burst: &[notify::Result<notify::Event>], root: &Path) -> Vec<Option<String>> {
    let mut templates = Vec::new();
    for event in burst {
        let Ok(event) = event else { return vec![None] };
        if event.need_rescan() {
            return vec![None];
        }
        for path in &event.paths {
            let Ok(inner) = path.strip_prefix(root) else { return vec![None] };
            let mut parts = inner.iter().map(|part| part.to_string_lossy());
            let (template, folder) = (parts.next(), parts.next());
            match (template, folder.as_deref()) {
                // Pictures that a review accepts change no page.
                (Some(_), Some("snapshots")) => {}
                // A folder of templates came or went, or the helpers of all have changed.
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
