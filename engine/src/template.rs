//! A template: a folder of plain Typst held in memory, with its manifest, its schema and a hash of its content.
//!
//! Sample data and snapshots stay outside, so they can't reach a render, and so does everything beyond the folder but the
//! helpers that all templates share, in the folder `shared` beside it.

mod locale;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use sha2::{Digest, Sha256};
use typst::diag::{FileError, FileResult};
use typst::foundations::Bytes;
use typst::syntax::{FileId, RootedPath, VirtualPath, VirtualRoot};
use typst::text::Font;
use typst_kit::files::{FileLoader, FileStore};

use crate::data::Data;
use crate::engine::{Document, Engine};
use crate::error::{DataFault, RenderError, TemplateError};
pub use locale::canonical_locale;
pub use manifest::{ImageSize, Layout, Manifest, SnapshotTolerance};

/// The folders of a template that a render never sees.
const EXCLUDED_DIRS: [&str; 2] = ["samples", "snapshots"];

/// Where Typst sees the template's folder. It is the same for all: paths are interned for ever, and few of them may be.
const TEMPLATE: &str = "template";

/// Where Typst sees the shared helpers, and what their folder is called.
const SHARED: &str = "shared";

/// A template, ready to render. Cloning is cheap.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    engine: Engine,
    folder: PathBuf,
    manifest: Manifest,
    schema: Validator,
    locales: Vec<String>,
    hash: String,
    files: FileStore<Files>,
}

impl Template {
    /// The most a template folder may hold, in bytes, samples and snapshots left out.
    pub const MAX_BYTES: u64 = 32 << 20;

    /// What the template says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The SHA-256 of all files that can influence a render, with their names, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// The folder it was loaded from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Checks data against the template's schema.
    ///
    /// # Errors
    /// [`RenderError::Data`] with every fault.
    pub fn check(&self, data: &Data) -> Result<(), RenderError> {
        let faults: Vec<_> = self
            .0
            .schema
            .iter_errors(data.value())
            .map(|error| DataFault {
                path: error.instance_path().to_string().trim_start_matches('/').to_owned(),
                message: error.masked_with("the value").to_string(),
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(RenderError::Data(faults)) }
    }

    /// The locales whose strings it has, from the names of the files in its folder `locales`, sorted; none if its strings
    /// stand in its layout.
    #[must_use]
    pub fn locales(&self) -> &[String] {
        &self.0.locales
    }

    /// The font families that it brings along.
    #[must_use]
    pub fn font_families(&self) -> Vec<String> {
        let fonts = self.0.files.loader().fonts().flat_map(Font::iter);
        let families: BTreeSet<_> =
            fonts.map(|font| font.info().family.as_str().to_owned()).collect();
        families.into_iter().collect()
    }

    /// The files of its folder that nothing has read yet, sorted. After all its samples were rendered, nothing uses them.
    #[must_use]
    pub fn unread_files(&self) -> Vec<String> {
        let files = self.0.files.loader();
        let read = files.read.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = files.contents.keys().filter(|path| !read.contains(*path));
        unread
            .filter_map(|path| path.strip_prefix(TEMPLATE)?.strip_prefix('/'))
            .map(str::to_owned)
            .collect()
    }

    /// Finds the locale of its own that suits readers of `requested`: `de` for `de-AT`, `zh-Hant` for `zh-TW`. A template
    /// without strings of its own takes every well-formed locale as it is.
    #[must_use]
    pub fn locale_for(&self, requested: &str) -> Option<String> {
        if self.0.locales.is_empty() {
            canonical_locale(requested)
        } else {
            locale::best(&self.0.locales, requested)
        }
    }

    /// The data for readers of a locale; without one, of the data's own, else of the template's default. One that the
    /// template does not have is kept, so that rendering says so.
    #[must_use]
    pub fn with_resolved_locale(&self, data: &Data, requested: Option<&str>) -> Data {
        let requested = requested.or(data.locale()).unwrap_or(&self.manifest().locale);
        data.with_locale(&self.locale_for(requested).unwrap_or_else(|| requested.to_owned()))
    }

    /// Lays out the certificate with data.
    ///
    /// # Errors
    /// Any [`RenderError`] but those of encoders: data that breaks the schema, a template that does not compile, a character
    /// without a glyph, a wrong number of pages.
    pub fn compile(&self, data: &Data) -> Result<Document, RenderError> {
        Document::compile(self, &self.manifest().page, data)
    }

    /// Lays out the social card with data.
    ///
    /// # Errors
    /// [`RenderError::NoSocialCard`] if the template declares none, else as [`Self::render`].
    pub fn compile_social_card(&self, data: &Data) -> Result<Document, RenderError> {
        let social_card = self
            .manifest()
            .social_card
            .as_ref()
            .ok_or_else(|| RenderError::NoSocialCard(self.manifest().id.clone()))?;
        Document::compile(self, social_card, data)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// A path as a person would open it, from one that Typst knows.
    pub(crate) fn path_on_disk(&self, path: &str) -> PathBuf {
        match path.split_once('/') {
            Some((TEMPLATE, path)) => self.0.folder.join(path),
            Some((SHARED, path)) => shared_folder(&self.0.folder).join(path),
            _ => PathBuf::from(path),
        }
    }

    pub(crate) fn files(&self) -> &FileStore<Files> {
        &self.0.files
    }
}

/// Loading.
impl Template {
    pub(crate) fn load(engine: &Engine, folder: &Path) -> Result<Self, TemplateError> {
        let mut files = Files::default();
        let mut remaining_bytes = Self::MAX_BYTES;
        Mount { name: TEMPLATE, root: folder }.read(folder, &mut files, &mut remaining_bytes)?;
        let shared = shared_folder(folder);
        if shared.is_dir() {
            Mount { name: SHARED, root: &shared }.read(
                &shared,
                &mut files,
                &mut remaining_bytes,
            )?;
        }

        Self::new(engine, folder, files)
    }

    pub(crate) fn load_files<P, B>(
        engine: &Engine,
        folder: &Path,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Self, TemplateError>
    where
        P: AsRef<Path>,
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        let mut found = Files::default();
        let mounts = [(TEMPLATE, folder.to_owned()), (SHARED, shared_folder(folder))];
        for (path, bytes) in files {
            let inner = mounts.iter().find_map(|(name, root)| {
                Some(format!("{name}/{}", path.as_ref().strip_prefix(root).ok()?.display()))
            });
            if let Some(inner) = inner.filter(|path| !path.starts_with("template/samples/")) {
                found.contents.insert(inner, Bytes::new(bytes));
            }
        }
        Self::new(engine, folder, found)
    }

    fn new(engine: &Engine, folder: &Path, files: Files) -> Result<Self, TemplateError> {
        let path = folder.join("typst.toml");
        let text = files.text("typst.toml", folder)?;
        let manifest =
            Manifest::parse(&text).map_err(|message| TemplateError::Manifest { path, message })?;
        for layout in [&manifest.page].into_iter().chain(&manifest.social_card) {
            files.check_entrypoint(layout, folder)?;
        }
        let schema = compile_schema(&files.text("schema.json", folder)?).map_err(|message| {
            TemplateError::Schema { path: folder.join("schema.json"), message }
        })?;

        Ok(Self(Arc::new(Inner {
            engine: engine.with_fonts(engine.fonts().with(files.fonts())),
            folder: folder.to_owned(),
            manifest,
            schema,
            locales: files.locales(),
            hash: files.hash(),
            files: FileStore::new(files),
        })))
    }
}

fn compile_schema(text: &str) -> Result<Validator, String> {
    let schema = serde_json::from_str(text).map_err(|e| e.to_string())?;
    jsonschema::options().should_validate_formats(true).build(&schema).map_err(|e| e.to_string())
}

/// The id of a file in the template's folder, if its path is one that Typst can name.
pub(crate) fn file_id(path: &str) -> Option<FileId> {
    let path = VirtualPath::new(in_template(path)).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn in_template(path: &str) -> String {
    format!("{TEMPLATE}/{path}")
}

/// The folder `shared` beside a template's.
fn shared_folder(folder: &Path) -> PathBuf {
    match folder.file_name() {
        Some(_) => folder.with_file_name(SHARED),
        None => folder.join("..").join(SHARED),
    }
}

/// All files that Typst can see.
#[derive(Default)]
pub(crate) struct Files {
    /// By path with forward slashes.
    contents: BTreeMap<String, Bytes>,
    /// The paths that were asked for.
    read: Mutex<BTreeSet<String>>,
}

impl Files {
    fn text(&self, file: &str, folder: &Path) -> Result<String, TemplateError> {
        let bytes = self.contents.get(&in_template(file)).ok_or_else(|| {
            TemplateError::Missing { path: folder.to_owned(), file: file.to_owned() }
        })?;
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|e| TemplateError::Read {
            path: folder.join(file),
            source: std::io::Error::other(e),
        })
    }

    /// The template's own fonts: everything in its folder `fonts`.
    fn fonts(&self) -> impl Iterator<Item = Bytes> {
        self.in_folder("fonts").map(|(_, bytes)| bytes.clone())
    }

    fn locales(&self) -> Vec<String> {
        self.in_folder("locales")
            .filter_map(|(file, _)| file.strip_suffix(".toml"))
            .map(str::to_owned)
            .collect()
    }

    /// The files in a folder of the template, by their path in it.
    fn in_folder(&self, folder: &str) -> impl Iterator<Item = (&str, &Bytes)> {
        let start = in_template(folder) + "/";
        self.contents
            .iter()
            .filter_map(move |(path, bytes)| Some((path.strip_prefix(&start)?, bytes)))
    }

    fn check_entrypoint(&self, layout: &Layout, folder: &Path) -> Result<(), TemplateError> {
        let file = &layout.entrypoint;
        if file_id(file).is_some() && self.contents.contains_key(&in_template(file)) {
            return Ok(());
        }
        Err(TemplateError::Missing { path: folder.to_owned(), file: file.clone() })
    }

    fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &self.contents {
            for part in [path.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FileLoader for Files {
    fn load(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.get().vpath().get_without_slash();
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        match id.get().root() {
            VirtualRoot::Project => {
                self.contents.get(path).cloned().ok_or_else(|| FileError::NotFound(path.into()))
            }
            VirtualRoot::Package(package) => Err(FileError::Other(Some(
                format!("{package} is not in the template's folder: packages are not downloaded")
                    .into(),
            ))),
        }
    }
}

/// A folder on disk and where Typst sees it.
struct Mount<'a> {
    name: &'static str,
    root: &'a Path,
}

impl Mount<'_> {
    fn read(
        &self,
        folder: &Path,
        files: &mut Files,
        remaining_bytes: &mut u64,
    ) -> Result<(), TemplateError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| TemplateError::Read { path, source }
        };
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            let name = self.relative(&path)?;
            if EXCLUDED_DIRS.contains(&name.as_str()) || path.file_name().is_some_and(is_hidden) {
                continue;
            }
            let kind = fs::symlink_metadata(&path).map_err(failed(&path))?;
            if kind.is_symlink() {
                return Err(TemplateError::Link(path));
            } else if kind.is_dir() {
                self.read(&path, files, remaining_bytes)?;
            } else {
                *remaining_bytes = remaining_bytes.checked_sub(kind.len()).ok_or_else(|| {
                    TemplateError::TooLarge {
                        path: self.root.to_owned(),
                        limit: Template::MAX_BYTES,
                    }
                })?;
                let bytes = Bytes::new(fs::read(&path).map_err(failed(&path))?);
                files.contents.insert(format!("{}/{name}", self.name), bytes);
            }
        }
        Ok(())
    }

    fn relative(&self, path: &Path) -> Result<String, TemplateError> {
        let inner = path.strip_prefix(self.root).expect("the path was found below the root");
        let parts: Option<Vec<_>> = inner.iter().map(std::ffi::OsStr::to_str).collect();
        parts.map(|parts| parts.join("/")).ok_or_else(|| TemplateError::Name(path.to_owned()))
    }
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
