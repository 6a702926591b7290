//! The templates of a deployment: the folders below one folder, each loaded when it is first used.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use testamur_engine::{Engine, Template};

use crate::error::Rejection;

/// Loads templates by id and keeps them. Clones are cheap and share the loaded templates.
///
/// ```
/// # use std::path::{Path, PathBuf};
/// # use testamur_engine::{Engine, Fonts};
/// # use testamur_pipeline::TemplateCache;
/// let engine = Engine::new(Fonts::load(Path::new("../fonts"))?);
/// let templates = TemplateCache::new(engine, PathBuf::from("../templates"));
/// assert_eq!(templates.get("completion")?.manifest().id, "completion");
/// assert!(templates.get("../secrets").is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TemplateCache {
    engine: Engine,
    root: PathBuf,
    loaded: Arc<Mutex<HashMap<String, Template>>>,
}

impl TemplateCache {
    /// Makes a cache of the templates in the folders below `root`. Nothing is loaded yet.
    #[must_use]
    pub fn new(engine: Engine, root: PathBuf) -> Self {
        Self { engine, root, loaded: Arc::default() }
    }

    /// Returns the template with this id, and loads it on first use. A failure is not cached: the
    /// next call tries again.
    ///
    /// # Errors
    /// [`Rejection::TemplateId`] if the id is malformed, and [`Rejection::Template`] if the
    /// template can't be loaded.
    pub fn get(&self, id: &str) -> Result<Template, Rejection> {
        if !is_id(id) {
            return Err(Rejection::TemplateId(id.to_owned()));
        }
        if let Some(template) = self.loaded().get(id) {
            return Ok(template.clone());
        }
        // The lock is not held while files are read, so other templates load at the same time. Two
        // calls can load the same template; the first one is kept, so all certificates share its
        // memory.
        let template = self
            .engine
            .load(self.root.join(id))
            .map_err(|source| Rejection::Template { id: id.to_owned(), source })?;
        Ok(self.loaded().entry(id.to_owned()).or_insert(template).clone())
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<String, Template>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a text is a template id: lower-case letters, digits and hyphens, with no hyphen
/// at the start.
///
/// An id names a folder, so it must not contain anything that leads out of the folder of templates.
#[must_use]
pub fn is_id(id: &str) -> bool {
    !id.is_empty()
        && !id.starts_with('-')
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Templates that are in no folder.
impl TemplateCache {
    /// Adds a template that is in memory. It takes precedence over a folder with the same id.
    #[must_use]
    pub fn with(self, id: &str, template: Template) -> Self {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), template);
        self
    }
}
