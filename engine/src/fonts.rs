//! Font faces from folders and from memory.
//!
//! The fonts of the operating system are deliberately never used, so a page looks the same on
//! every machine.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontSource, FontStore};

use crate::error::LoadError;

/// An ordered set of font faces. Cloning is cheap and shares the loaded faces.
///
/// If two faces fit equally well, Typst uses the first.
///
/// ```
/// use testamur_engine::Fonts;
///
/// let folder = Fonts::load("../fonts/source-sans-3")?;
/// // A program that carries its fonts passes the result of `include_bytes!` here.
/// let file = std::fs::read("../fonts/source-serif-4/SourceSerif4-Regular.ttf")?;
/// let carried = Fonts::from_bytes([file])?;
/// let fonts = folder.chain(&carried);
/// assert_eq!(fonts.families().last(), Some("Source Serif 4"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Fonts(Arc<FontStore>);

impl Fonts {
    /// Finds all TrueType and OpenType faces in a folder and the folders below it, sorted by path.
    ///
    /// This reads the description of each face. The outlines are read when a page first uses the
    /// face, so the files must stay in place.
    ///
    /// # Errors
    /// [`LoadError::NoFonts`] if the folder holds no face or does not exist.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, LoadError> {
        let folder = folder.as_ref();
        let mut faces = scan(folder);
        faces.sort_by(|(a, _), (b, _)| (&a.path, a.index).cmp(&(&b.path, b.index)));
        Self::new(faces).ok_or_else(|| LoadError::NoFonts(folder.to_owned()))
    }

    /// Takes the faces of font files in memory, in this order. Files that are not fonts are
    /// ignored. Static byte slices are not copied.
    ///
    /// # Errors
    /// [`LoadError::NoFontFaces`] if no file holds a face.
    pub fn from_bytes<B>(files: impl IntoIterator<Item = B>) -> Result<Self, LoadError>
    where
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        Self::from_files(files.into_iter().map(Bytes::new)).ok_or(LoadError::NoFontFaces)
    }

    /// Returns these faces followed by those of another set.
    #[must_use]
    pub fn chain(&self, next: &Self) -> Self {
        Self::new([self, next].into_iter().flat_map(Self::shared)).expect("no set is empty")
    }

    /// Iterates over the family names of all faces. A family with several faces is repeated.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.infos().map(|info| info.family.as_str())
    }

    /// Returns `None` if no file holds a face.
    pub(crate) fn from_files(files: impl IntoIterator<Item = Bytes>) -> Option<Self> {
        Self::new(files.into_iter().flat_map(Font::iter).map(|font| {
            let info = font.info().clone();
            (font, info)
        }))
    }

    /// Returns the descriptions of the faces. Their positions are the indices of [`Self::font`].
    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        self.0.book()
    }

    /// Loads a face. Returns `None` if the index is too large or the file can't be read any more.
    pub(crate) fn font(&self, index: usize) -> Option<Font> {
        self.0.font(index)
    }

    /// Returns `None` for no faces: without any, Typst omits text instead of reporting it.
    fn new<S: FontSource>(faces: impl IntoIterator<Item = (S, FontInfo)>) -> Option<Self> {
        let mut store = FontStore::new();
        store.extend(faces);
        store.book().info(0)?;
        Some(Self(Arc::new(store)))
    }

    fn infos(&self) -> impl Iterator<Item = &FontInfo> {
        (0..).map_while(|index| self.book().info(index))
    }

    fn shared(&self) -> impl Iterator<Item = (SharedFace, FontInfo)> {
        let infos = self.infos().cloned().enumerate();
        infos.map(|(index, info)| (SharedFace { fonts: self.clone(), index }, info))
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.infos().count()).finish()
    }
}

/// A face of another set. Both sets share the loaded face, so it is in memory once.
struct SharedFace {
    fonts: Fonts,
    index: usize,
}

impl FontSource for SharedFace {
    fn load(&self) -> Option<Font> {
        self.fonts.font(self.index)
    }
}

/// Describes every face below a folder, in the order of the file system.
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
