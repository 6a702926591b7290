//! The files that a template sees: those of its folder and of the folder `shared` beside it, from
//! disk or from memory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use typst::diag::{FileError, FileResult};
use typst::foundations::Bytes;
use typst::syntax::{FileId, RootedPath, VirtualPath, VirtualRoot};
use typst::text::Font;
use typst_kit::files::FileLoader;

use crate::error::LoadError;
use crate::fonts::{is_font_file, is_web_font_file};
use crate::json::decode;
use crate::names::misnamed_file;

/// The largest size of all files together, in bytes.
pub(crate) const MAX_BYTES: u64 = 32 << 20;

/// Folders that are not loaded: nothing in them can influence a document.
const EXCLUDED_DIRS: [&str; 2] = ["samples", "snapshots"];

/// The virtual folder of every template.
///
/// It is constant, because Typst interns each path for the life of the process and has only 65,535
/// ids. With the template's own name in it, long-running processes would run out of ids.
const TEMPLATE: &str = "template";

/// The virtual folder of the shared helpers, and the name of their folder on disk.
const SHARED: &str = "shared";

/// Files by virtual path with forward slashes, such as `template/main.typ` or `shared/lib.typ`.
#[derive(Default)]
pub(crate) struct Files(BTreeMap<String, Bytes>);

/// Loading.
impl Files {
    /// Reads a template's folder and the folder `shared` beside it, if it exists.
    pub(crate) fn from_disk(folder: &Path) -> Result<Self, LoadError> {
        let mut loader = Loader::new(folder);
        loader.read(TEMPLATE, folder, folder)?;
        let shared = shared_folder(folder);
        if shared.is_dir() {
            loader.read(SHARED, &shared, &shared)?;
        }
        Ok(loader.files)
    }

    /// Takes the files below a template's folder and below the folder `shared` beside it.
    pub(crate) fn from_memory<P, B>(
        folder: &Path,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Self, LoadError>
    where
        P: AsRef<Path>,
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        let mut loader = Loader::new(folder);
        let mounts = [(TEMPLATE, folder.to_owned()), (SHARED, shared_folder(folder))];
        for (path, bytes) in files {
            let path = path.as_ref();
            for (mount, root) in &mounts {
                if let Ok(inner) = path.strip_prefix(root)
                    && !inner.iter().any(is_hidden)
                    && !inner.iter().next().is_some_and(is_excluded)
                {
                    loader.reserve(bytes.as_ref().len() as u64)?;
                    loader.insert(mount, inner, path, Bytes::new(bytes))?;
                    break;
                }
            }
        }
        Ok(loader.files)
    }
}

/// Access.
impl Files {
    /// Returns a text file of the template, which is in `folder` on disk.
    pub(crate) fn text(&self, file: &str, folder: &Path) -> Result<&str, LoadError> {
        let bytes = self.0.get(&in_template(file)).ok_or_else(|| self.missing(file, folder))?;
        decode(bytes).map_err(|e| LoadError::Read {
            path: folder.join(file),
            source: io::Error::new(io::ErrorKind::InvalidData, e),
        })
    }

    /// Checks that a layout exists. `entrypoints` are all that the manifest names.
    pub(crate) fn check_entrypoint(
        &self,
        file: &str,
        entrypoints: &[&str],
        folder: &Path,
    ) -> Result<(), LoadError> {
        if file_id(file).is_some() && self.0.contains_key(&in_template(file)) {
            return Ok(());
        }
        let mut error = self.missing(file, folder);
        if let LoadError::Missing { similar: similar @ None, .. } = &mut error {
            *similar = self.only_layout(entrypoints);
        }
        Err(error)
    }

    /// Returns the Typst file beside the manifest that it does not name, if there is exactly one.
    fn only_layout(&self, entrypoints: &[&str]) -> Option<String> {
        let is_layout = |path: &&str| path.ends_with(".typ") && !path.contains('/');
        let mut layouts =
            self.own_paths().filter(is_layout).filter(|path| !entrypoints.contains(path));
        let layout = layouts.next()?;
        layouts.next().is_none().then(|| layout.to_owned())
    }

    fn missing(&self, file: &str, folder: &Path) -> LoadError {
        let similar = misnamed_file(file, self.own_paths());
        LoadError::Missing {
            path: folder.to_owned(),
            file: file.to_owned(),
            similar: similar.map(str::to_owned),
        }
    }

    /// Returns everything in the template's folder `fonts`, which may include files that are not
    /// fonts, such as a license.
    pub(crate) fn fonts(&self) -> impl Iterator<Item = Bytes> {
        self.below("template/fonts/").map(|(_, bytes)| bytes.clone())
    }

    /// Returns the font files in the folder `fonts` that can't be used.
    pub(crate) fn unreadable_fonts(&self) -> Vec<String> {
        let is_unreadable = |file: &str, bytes: &Bytes| {
            let path = Path::new(file);
            is_web_font_file(path)
                || (is_font_file(path) && Font::iter(bytes.clone()).next().is_none())
        };
        self.below("template/fonts/")
            .filter(|(file, bytes)| is_unreadable(file, bytes))
            .map(|(file, _)| format!("fonts/{file}"))
            .collect()
    }

    /// Returns the locales that have a file in the template's folder `locales`, sorted.
    pub(crate) fn locales(&self) -> Vec<String> {
        self.below("template/locales/")
            .filter_map(|(file, _)| file.strip_suffix(".toml"))
            .map(str::to_owned)
            .collect()
    }

    /// Returns the paths of the template's own files, relative to its folder and sorted.
    pub(crate) fn own_paths(&self) -> impl Iterator<Item = &str> {
        self.below("template/").map(|(path, _)| path)
    }

    /// Returns the path of a file with these contents: relative to the template's folder, or with
    /// the folder, as in `shared/seal.svg`.
    pub(crate) fn path_of(&self, contents: &Bytes) -> Option<&str> {
        let (path, _) = self.0.iter().find(|(_, bytes)| *bytes == contents)?;
        Some(path.strip_prefix("template/").unwrap_or(path))
    }

    /// Returns true if a Typst source contains a text.
    pub(crate) fn sources_contain(&self, text: &str) -> bool {
        let sources = self.0.iter().filter(|(path, _)| path.ends_with(".typ"));
        sources.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()).any(|s| s.contains(text))
    }

    /// Returns the SHA-256 of all paths and contents in hexadecimal.
    pub(crate) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &self.0 {
            for part in [path.as_bytes(), bytes] {
                // The length before each part makes the input unambiguous.
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the files whose virtual path begins with a prefix, by the rest of the path.
    fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(prefix)?, bytes)))
    }
}

impl FileLoader for Files {
    fn load(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.get().vpath().get_without_slash();
        match id.get().root() {
            VirtualRoot::Project => {
                self.0.get(path).cloned().ok_or_else(|| FileError::NotFound(path.into()))
            }
            VirtualRoot::Package(package) => Err(FileError::Other(Some(
                format!("{package} is not in the template's folder: packages are not downloaded")
                    .into(),
            ))),
        }
    }
}

/// Returns the id of a file in the template's folder, or `None` if Typst does not allow the path.
pub(crate) fn file_id(path: &str) -> Option<FileId> {
    let path = VirtualPath::new(in_template(path)).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// Returns the path of a file relative to the template's folder, or `None` if it is elsewhere.
pub(crate) fn path_in_template(id: FileId) -> Option<String> {
    let path = id.get().vpath().get_without_slash();
    Some(path.strip_prefix(TEMPLATE)?.strip_prefix('/')?.to_owned())
}

/// Returns the path of a file as a user would open it, if the template is in `folder`.
pub(crate) fn user_path(id: FileId, folder: &Path) -> PathBuf {
    let path = id.get().vpath().get_without_slash();
    match path.split_once('/') {
        Some((TEMPLATE, path)) => folder.join(path),
        Some((SHARED, path)) => shared_folder(folder).join(path),
        _ => PathBuf::from(path),
    }
}

fn in_template(path: &str) -> String {
    format!("{TEMPLATE}/{path}")
}

/// Returns the folder `shared` beside a template's folder.
fn shared_folder(folder: &Path) -> PathBuf {
    match folder.file_name() {
        Some(_) => folder.with_file_name(SHARED),
        None => folder.join("..").join(SHARED),
    }
}

/// Collects files until they exceed [`MAX_BYTES`].
struct Loader<'a> {
    /// The template's folder, for errors.
    folder: &'a Path,
    files: Files,
    remaining_bytes: u64,
}

impl<'a> Loader<'a> {
    fn new(folder: &'a Path) -> Self {
        Self { folder, files: Files::default(), remaining_bytes: MAX_BYTES }
    }

    /// Reads a folder below `root` into the virtual folder `mount`.
    fn read(&mut self, mount: &str, root: &Path, folder: &Path) -> Result<(), LoadError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| LoadError::Read { path, source }
        };
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let entry = entry.map_err(failed(folder))?;
            let (path, name) = (entry.path(), entry.file_name());
            if is_hidden(&name) || (folder == root && is_excluded(&name)) {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).map_err(failed(&path))?;
            if metadata.is_symlink() {
                return Err(LoadError::SymbolicLink(path));
            } else if metadata.is_dir() {
                self.read(mount, root, &path)?;
            } else {
                self.reserve(metadata.len())?;
                let bytes = Bytes::new(fs::read(&path).map_err(failed(&path))?);
                let inner = path.strip_prefix(root).expect("the path is below the root");
                self.insert(mount, inner, &path, bytes)?;
            }
        }
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> Result<(), LoadError> {
        let too_large = || LoadError::TooLarge { path: self.folder.to_owned(), limit: MAX_BYTES };
        self.remaining_bytes = self.remaining_bytes.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Adds a file by its path relative to the virtual folder; `path` is for errors.
    fn insert(
        &mut self,
        mount: &str,
        inner: &Path,
        path: &Path,
        bytes: Bytes,
    ) -> Result<(), LoadError> {
        let parts: Option<Vec<_>> = inner.iter().map(OsStr::to_str).collect();
        let parts = parts.ok_or_else(|| LoadError::FileName(path.to_owned()))?;
        self.files.0.insert(format!("{mount}/{}", parts.join("/")), bytes);
        Ok(())
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_excluded(name: &OsStr) -> bool {
    EXCLUDED_DIRS.iter().any(|excluded| name == *excluded)
}
