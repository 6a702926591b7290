//! Font faces from folders and from memory.
//!
//! The fonts of the operating system are deliberately never used, so a page looks the same on
//! every machine.

mod index;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use typst::foundations::Bytes;
use typst::text::{Coverage, Font, FontBook, FontFlags, FontInfo};
use typst::utils::LazyHash;
use typst_kit::fonts::{FontPath, FontSource, FontStore};

use self::index::{FontIndex, font_files, read_faces};
pub(crate) use self::index::{is_font_file, is_web_font_file};
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
    /// This reads the description of each face, from the file `index.json` in the folder for files
    /// that it lists, see [`Fonts::index`]. The outlines are read when a page first uses the face,
    /// so the files must stay in place.
    ///
    /// # Errors
    /// [`LoadError::NoFonts`] if the folder holds no face or does not exist.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, LoadError> {
        let folder = folder.as_ref();
        Self::new(scan(folder)).ok_or_else(|| LoadError::NoFonts(folder.to_owned()))
    }

    /// Returns the index of a folder: the descriptions of its faces as JSON. Saved there as
    /// `index.json`, it makes [`Fonts::load`] several times as fast.
    ///
    /// An entry is used while the file has the same size. Make a new index when a file changes.
    #[must_use]
    pub fn index(folder: impl AsRef<Path>) -> String {
        FontIndex::of(folder.as_ref()).to_json()
    }

    /// Returns the font files in a folder and the folders below it that [`Fonts::load`] passes over,
    /// sorted: those that hold no face, or that are compressed for the web.
    #[must_use]
    pub fn unreadable_files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
        index::unreadable_files(folder.as_ref())
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
            let info = describe(font.info().clone());
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
        infos(self.book())
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

/// Returns the descriptions of the faces of a book.
pub(crate) fn infos(book: &FontBook) -> impl Iterator<Item = &FontInfo> {
    (0..).map_while(|index| book.info(index))
}

/// Returns true for the name of a family of emoji, such as `Noto Color Emoji`.
pub(crate) fn is_emoji_family(name: &str) -> bool {
    name.split(' ').any(|word| word == "Emoji")
}

/// Returns the description of a face as Typst gets it.
///
/// Emoji fonts have digits, `#` and `©` too, in forms for emoji. Without them, Typst takes such a
/// character from a font for text, if the font of the layout lacks it.
fn describe(mut info: FontInfo) -> FontInfo {
    const FIRST_EMOJI: u32 = 0x2000;
    if is_emoji_family(&info.family) {
        let emoji = info.coverage.iter().filter(|&c| c >= FIRST_EMOJI).collect();
        info.coverage = Coverage::from_vec(emoji);
    }
    // Naskh is the style of Arabic that goes with serifs, but Typst looks for the word only.
    if info.family.split(' ').any(|word| word == "Naskh") {
        info.flags.insert(FontFlags::SERIF);
    }
    info
}

/// Describes every face below a folder, sorted by path.
fn scan(folder: &Path) -> Vec<(FontPath, FontInfo)> {
    let mut index = FontIndex::read(folder);
    let describe_file = |path: PathBuf| {
        let infos = index.faces(folder, &path).unwrap_or_else(|| read_faces(&path));
        let faces = (0..).zip(infos).filter_map(|(index, info)| Some((index, info?)));
        let faces =
            faces.map(|(index, info)| (FontPath { path: path.clone(), index }, describe(info)));
        faces.collect::<Vec<_>>()
    };
    font_files(folder).into_iter().flat_map(describe_file).collect()
}
