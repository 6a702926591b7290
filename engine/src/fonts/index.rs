//! The index of a folder of fonts, and the files that it describes.
//!
//! To describe a face takes 0.1 ms, most of it to list its characters. For a hundred faces that is
//! most of the time that a process needs before its first page. An index holds these descriptions.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use typst::text::FontInfo;

/// The name of the index in a folder of fonts.
const FILE: &str = "index.json";

/// The descriptions of font files, by path relative to the folder, such as
/// `noto/NotoSerifThai-Bold.ttf`.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FontIndex(BTreeMap<String, IndexedFile>);

#[derive(Serialize, Deserialize)]
struct IndexedFile {
    /// The size of the file. The entry is not used for a file of another size.
    bytes: u64,
    faces: Vec<Option<FontInfo>>,
}

impl FontIndex {
    /// Reads the index of a folder. It is empty if there is none, or none that can be read: the
    /// folder then loads more slowly, with the same faces.
    pub(super) fn read(folder: &Path) -> Self {
        let json = fs::read(folder.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }

    /// Describes all files in a folder.
    pub(super) fn of(folder: &Path) -> Self {
        let entry = |path: PathBuf| {
            let bytes = fs::metadata(&path).ok()?.len();
            Some((key(folder, &path)?, IndexedFile { bytes, faces: read_faces(&path) }))
        };
        Self(font_files(folder).into_iter().filter_map(entry).collect())
    }

    pub(super) fn to_json(&self) -> String {
        let entries = self.0.iter().map(|(path, file)| {
            let json = |value: serde_json::Result<String>| value.expect("no map has other keys");
            format!("{}:{}", json(serde_json::to_string(path)), json(serde_json::to_string(file)))
        });
        // One line for each file, so a change shows which one.
        format!("{{\n{}\n}}\n", entries.collect::<Vec<_>>().join(",\n"))
    }

    /// Returns the faces of a file, or `None` if the index does not know the file.
    pub(super) fn faces(&mut self, folder: &Path, path: &Path) -> Option<Vec<Option<FontInfo>>> {
        let file = self.0.remove(&key(folder, path)?)?;
        (fs::metadata(path).ok()?.len() == file.bytes).then_some(file.faces)
    }
}

/// Returns the path in the folder with forward slashes.
fn key(folder: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(folder).ok()?.iter().map(OsStr::to_str);
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

/// Returns the font files below a folder, sorted. Folders that can't be read have none.
pub(super) fn font_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = all_files(folder);
    files.retain(|path| is_font_file(path));
    files
}

/// Returns the fonts below a folder, sorted, from which no face can be used.
pub(super) fn unreadable_files(folder: &Path) -> Vec<PathBuf> {
    let mut index = FontIndex::read(folder);
    let mut is_unreadable = |path: &PathBuf| {
        let mut faces = || index.faces(folder, path).unwrap_or_else(|| read_faces(path));
        is_web_font_file(path) || (is_font_file(path) && faces().iter().all(Option::is_none))
    };
    let mut files = all_files(folder);
    files.retain(|path| is_unreadable(path));
    files
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect_files(folder, &mut files);
    files.sort();
    files
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Returns true for the extensions of OpenType and TrueType fonts and their collections.
pub(crate) fn is_font_file(path: &Path) -> bool {
    has_extension(path, &["ttf", "otf", "ttc", "otc"])
}

/// Returns true for the extensions of fonts that are compressed for the web.
pub(crate) fn is_web_font_file(path: &Path) -> bool {
    has_extension(path, &["woff", "woff2"])
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Reads the descriptions of the faces in a file, by their index. A face is `None` if it can't be
/// read.
pub(super) fn read_faces(path: &Path) -> Vec<Option<FontInfo>> {
    let mut database = fontdb::Database::new();
    // A file that is not a font has no faces.
    let _ = database.load_font_file(path);
    let faces = database.faces().map(|face| database.with_face_data(face.id, FontInfo::new));
    faces.map(Option::flatten).collect()
}
