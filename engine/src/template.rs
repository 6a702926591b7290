//! A template: a folder of plain Typst held in memory, with its manifest, its schema and a hash of its content.
//!
//! Sample data and snapshots stay outside, so they can't reach a render, and so does everything beyond the folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::Validator;
use sha2::{Digest, Sha256};
use typst::diag::{FileError, FileResult};
use typst::foundations::Bytes;
use typst::syntax::{FileId, RootedPath, VirtualPath, VirtualRoot};
use typst_kit::files::{FileLoader, FileStore};

use crate::data::Data;
use crate::engine::{Document, Engine};
use crate::error::{DataFault, RenderError, TemplateError};
use crate::manifest::Manifest;

/// The folders of a template that a render never sees.
const LEFT_OUT: [&str; 2] = ["samples", "snapshots"];

/// A template, ready to render. Cloning is cheap.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    engine: Engine,
    folder: PathBuf,
    manifest: Manifest,
    schema: Validator,
    hash: String,
    main: FileId,
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

    /// Lays out the template with data.
    ///
    /// # Errors
    /// Any [`RenderError`] but those of encoders: data that breaks the schema, a template that does not compile, a character
    /// without a glyph, a wrong number of pages.
    pub fn render(&self, data: &Data) -> Result<Document, RenderError> {
        Document::compile(self, data)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn main(&self) -> FileId {
        self.0.main
    }

    pub(crate) fn files(&self) -> &FileStore<Files> {
        &self.0.files
    }
}

/// Loading.
impl Template {
    pub(crate) fn load(engine: &Engine, folder: &Path) -> Result<Self, TemplateError> {
        let mut files = Files::default();
        let mut room = Self::MAX_BYTES;
        read_folder(folder, folder, &mut files, &mut room)?;

        let path = folder.join("typst.toml");
        let text = files.text("typst.toml", folder)?;
        let manifest = Manifest::parse(&text).map_err(|message| TemplateError::Manifest { path, message })?;
        let main = file_id(&manifest.entrypoint)
            .filter(|_| files.0.contains_key(&manifest.entrypoint))
            .ok_or_else(|| TemplateError::Missing { path: folder.to_owned(), file: manifest.entrypoint.clone() })?;
        let schema = compile_schema(&files.text("schema.json", folder)?)
            .map_err(|message| TemplateError::Schema { path: folder.join("schema.json"), message })?;

        Ok(Self(Arc::new(Inner {
            engine: engine.with_fonts(engine.fonts().with(files.fonts())),
            folder: folder.to_owned(),
            manifest,
            schema,
            hash: files.hash(),
            main,
            files: FileStore::new(files),
        })))
    }
}

fn compile_schema(text: &str) -> Result<Validator, String> {
    let schema = serde_json::from_str(text).map_err(|e| e.to_string())?;
    jsonschema::options().should_validate_formats(true).build(&schema).map_err(|e| e.to_string())
}

/// The id of a file of the template, if its path is one that Typst can name.
pub(crate) fn file_id(path: &str) -> Option<FileId> {
    let path = VirtualPath::new(path).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// The template's files by path, relative to its folder, with forward slashes.
#[derive(Default)]
pub(crate) struct Files(BTreeMap<String, Bytes>);

impl Files {
    fn text(&self, file: &str, folder: &Path) -> Result<String, TemplateError> {
        let bytes = self
            .0
            .get(file)
            .ok_or_else(|| TemplateError::Missing { path: folder.to_owned(), file: file.to_owned() })?;
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|e| TemplateError::Read { path: folder.join(file), source: std::io::Error::other(e) })
    }

    /// The template's own fonts: everything in its folder `fonts`.
    fn fonts(&self) -> impl Iterator<Item = Bytes> {
        self.0.iter().filter(|(path, _)| path.starts_with("fonts/")).map(|(_, bytes)| bytes.clone())
    }

    fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &self.0 {
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
        match id.get().root() {
            VirtualRoot::Project => self.0.get(path).cloned().ok_or_else(|| FileError::NotFound(path.into())),
            VirtualRoot::Package(package) => Err(FileError::Other(Some(
                format!("{package} is not in the template's folder: packages are not downloaded").into(),
            ))),
        }
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut Files, room: &mut u64) -> Result<(), TemplateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Read { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let kind = fs::symlink_metadata(&path).map_err(failed(&path))?;
        let name = relative(root, &path)?;
        if kind.is_symlink() {
            return Err(TemplateError::Link(path));
        } else if LEFT_OUT.contains(&name.as_str()) || path.file_name().is_some_and(is_hidden) {
            continue;
        } else if kind.is_dir() {
            read_folder(root, &path, files, room)?;
        } else {
            *room = room
                .checked_sub(kind.len())
                .ok_or_else(|| TemplateError::TooLarge { path: root.to_owned(), limit: Template::MAX_BYTES })?;
            files.0.insert(name, Bytes::new(fs::read(&path).map_err(failed(&path))?));
        }
    }
    Ok(())
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn relative(root: &Path, path: &Path) -> Result<String, TemplateError> {
    let inner = path.strip_prefix(root).expect("the path was found below the root");
    let parts: Option<Vec<_>> = inner.iter().map(std::ffi::OsStr::to_str).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| TemplateError::Name(path.to_owned()))
}
