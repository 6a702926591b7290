//! The state that all templates share: Typst's standard library and the fonts.

use std::fmt;
use std::sync::Arc;

use typst::utils::LazyHash;
use typst::{Library, LibraryExt};

use crate::fonts::Fonts;

/// Loads templates. Cloning is cheap.
///
/// Make one engine for a process. Typst's caches are keyed by the library and the fonts, so
/// templates of one engine share them.
///
/// ```
/// use testamur_engine::{Engine, Fonts};
///
/// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
/// let template = engine.load("tests/fixtures/hello")?;
/// assert_eq!(template.manifest().id, "hello");
/// # Ok::<(), testamur_engine::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    library: Arc<LazyHash<Library>>,
    fonts: Fonts,
}

impl Engine {
    /// Makes an engine whose templates can use these fonts.
    #[must_use]
    pub fn new(fonts: Fonts) -> Self {
        Self { library: Arc::new(LazyHash::new(Library::default())), fonts }
    }

    /// Returns an engine with other fonts and the same library.
    pub(crate) fn with_fonts(&self, fonts: Fonts) -> Self {
        Self { library: Arc::clone(&self.library), fonts }
    }

    pub(crate) fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    pub(crate) fn fonts(&self) -> &Fonts {
        &self.fonts
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("fonts", &self.fonts).finish_non_exhaustive()
    }
}
