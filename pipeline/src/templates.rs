//! The templates of a deployment: the folders below one folder, each loaded when it is first needed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use testamur_engine::{Engine, Template};

use crate::error::Rejection;

/// Loads templates by id and keeps them. Cloning is cheap and shares what was loaded.
#[derive(Clone)]
pub struct TemplateCache {
    engine: Engine,
    root: PathBuf,
    loaded: Arc<Mutex<HashMap<String, Template>>>,
}

impl TemplateCache {
    /// Takes templates from the folders below `root`.
    #[must_use]
    pub fn new(engine: Engine, root: PathBuf) -> Self {
        Self { engine, root, loaded: Arc::default() }
    }

    /// Gives the template with an id. One that can't be loaded is tried again the next time.
    ///
    /// # Errors
    /// [`Rejection::TemplateId`] or [`Rejection::Template`].
    pub fn get(&self, id: &str) -> Result<Template, Rejection> {
        if !is_id(id) {
            return Err(Rejection::TemplateId(id.to_owned()));
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = loaded.get(id) {
            return Ok(template.clone());
        }
        let template = self.engine.load(self.root.join(id));
        let template =
            template.map_err(|source| Rejection::Template { id: id.to_owned(), source })?;
        loaded.insert(id.to_owned(), template.clone());
        Ok(template)
    }
}

/// An id names a folder, so it can't hold anything that leads out of one.
#[must_use]
pub fn is_id(id: &str) -> bool {
    !id.is_empty()
        && !id.starts_with('-')
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
