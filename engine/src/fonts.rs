//! The faces a page may use: those of one folder, sorted by path, each read from disk when a page first needs it.
//!
//! Fonts of the machine are never looked at, so a page is the same everywhere.

use std::path::Path;
use std::sync::Arc;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontSource, FontStore};

use crate::error::FontError;

/// A set of font faces. Cloning is cheap and shares what has been loaded.
#[derive(Clone)]
pub struct Fonts(Arc<FontStore>);

impl Fonts {
    /// Finds the faces in a folder and the folders below it. Reads only what describes them, not the outlines.
    ///
    /// # Errors
    /// [`FontError::NoFonts`] if there are none.
    pub fn load(folder: &Path) -> Result<Self, FontError> {
        let mut faces = scan(folder);
        if faces.is_empty() {
            return Err(FontError::NoFonts(folder.to_owned()));
        }
        faces.sort_by(|(a, _), (b, _)| (&a.path, a.index).cmp(&(&b.path, b.index)));
        let mut store = FontStore::new();
        store.extend(faces);
        Ok(Self(Arc::new(store)))
    }

    /// Takes the faces of font files in memory, in this order. Static byte slices are not copied.
    ///
    /// # Errors
    /// [`FontError::NoFonts`] if no file holds a face.
    pub fn from_bytes<B>(files: impl IntoIterator<Item = B>) -> Result<Self, FontError>
    where
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        let mut store = FontStore::new();
        store.extend(files.into_iter().map(Bytes::new).flat_map(Font::iter).map(|font| {
            let info = font.info().clone();
            (font, info)
        }));
        if store.book().info(0).is_none() {
            return Err(FontError::NoFonts("memory".into()));
        }
        Ok(Self(Arc::new(store)))
    }

    /// These faces, preceded by those in the given files; a file that is no font adds nothing.
    pub(crate) fn with(&self, files: impl IntoIterator<Item = Bytes>) -> Self {
        let mut store = FontStore::new();
        let own = files.into_iter().flat_map(Font::iter);
        store.extend(own.map(|font| {
            let info = font.info().clone();
            (font, info)
        }));
        if store.book().info(0).is_none() {
            return self.clone();
        }
        let shared = (0..).map_while(|index| {
            Some((Shared(self.clone(), index), self.book().info(index)?.clone()))
        });
        store.extend(shared);
        Self(Arc::new(store))
    }

    /// Describes the faces; their indices are those of [`Self::font`].
    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        self.0.book()
    }

    /// Loads a face, or none if there is no such index or its file can't be read any more.
    pub(crate) fn font(&self, index: usize) -> Option<Font> {
        self.0.font(index)
    }
}

/// A face of another set, so that it is loaded once for both.
struct Shared(Fonts, usize);

impl FontSource for Shared {
    fn load(&self) -> Option<Font> {
        self.0.font(self.1)
    }
}

/// Describes every face below a folder, in the order the file system yields them.
fn scan(folder: &Path) -> Vec<(FontPath, FontInfo)> {
    let mut database = fontdb::Database::new();
    database.load_fonts_dir(folder);
    let describe = |face: &fontdb::FaceInfo| {
        let (fontdb::Source::File(path) | fontdb::Source::SharedFile(path, _)) = &face.source
        else {
            return None;
        };
        let info = database.with_face_data(face.id, FontInfo::new)??;
        Some((FontPath { path: path.clone(), index: face.index }, info))
    };
    database.faces().filter_map(describe).collect()
}
