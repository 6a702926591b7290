//! What Typst sees during one compilation: the template's files, the injected files `data.json`,
//! `qr.svg` and `word-fonts.json`, and the fonts.
//!
//! Library, sources and fonts are the same objects in every compilation. Typst's memoized results
//! therefore stay valid from one learner to the next, except those that read an injected file.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use typst::diag::FileResult;
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};
use typst_kit::diagnostics::DiagnosticWorld;

use crate::data::Data;
use crate::error::DataError;
use crate::export::qr;
use crate::lint::LayoutIssue;
use crate::lint::missing_faces::FaceRecorder;
use crate::template::{Layout, Template, file_id, path_in_template, user_path};
use crate::word_fonts;

/// The file with the learner's data: `json("data.json")` in a template.
static DATA: LazyLock<FileId> = LazyLock::new(|| file_id("data.json").expect("the path is valid"));

/// The file with the QR code of the field that the manifest names: `image("qr.svg")`.
static QR: LazyLock<FileId> = LazyLock::new(|| file_id("qr.svg").expect("the path is valid"));

/// The file with the families of words that need one: `json("word-fonts.json")`.
static WORD_FONTS: LazyLock<FileId> =
    LazyLock::new(|| file_id("word-fonts.json").expect("the path is valid"));

/// A template filled with data.
pub(crate) struct TemplateWorld {
    template: Template,
    main: FileId,
    data: Bytes,
    qr: Option<Bytes>,
    word_fonts: Bytes,
}

impl TemplateWorld {
    pub(crate) fn new(
        template: &Template,
        layout: &Layout,
        data: &Data,
    ) -> Result<Self, DataError> {
        let main = file_id(&layout.entrypoint).expect("loading checks the entrypoints");
        let qr = template.manifest().qr.as_ref().map(|field| qr::svg(field, data)).transpose()?;
        let word_fonts =
            word_fonts::json(data, template.named_families(), template.engine().fonts());
        Ok(Self { template: template.clone(), main, data: data.json().clone(), qr, word_fonts })
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    fn injected_file(&self, id: FileId) -> Option<&Bytes> {
        if id == *DATA {
            Some(&self.data)
        } else if id == *QR {
            self.qr.as_ref()
        } else if id == *WORD_FONTS {
            Some(&self.word_fonts)
        } else {
            None
        }
    }
}

impl World for TemplateWorld {
    fn library(&self) -> &LazyHash<Library> {
        self.template.engine().library()
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.template.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.template.file_store().source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match self.injected_file(id) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.template.file_store().file(id),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.template.engine().fonts().font(index)
    }

    /// Always `None`: dates must come from the data, so the output never depends on the clock.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

impl DiagnosticWorld for TemplateWorld {
    /// The path on disk for the template's files; the bare name for injected files, which do not
    /// exist on disk.
    fn name(&self, id: FileId) -> String {
        match (self.injected_file(id), path_in_template(id)) {
            (Some(_), Some(name)) => name,
            _ => user_path(id, self.template.folder()).display().to_string(),
        }
    }
}

/// Records which of the template's files a compilation reads, and which faces it asks for.
pub(crate) struct RecordingWorld<'a> {
    world: &'a TemplateWorld,
    read: Mutex<BTreeSet<String>>,
    faces: FaceRecorder,
}

impl<'a> RecordingWorld<'a> {
    pub(crate) fn new(world: &'a TemplateWorld) -> Self {
        let faces = FaceRecorder::new(world.book(), world.template.named_families());
        Self { world, read: Mutex::default(), faces }
    }

    /// Returns an issue for each face that the layout asks for and its family lacks.
    pub(crate) fn into_missing_faces(self) -> Vec<LayoutIssue> {
        self.faces.into_issues(self.world.book())
    }

    /// Returns the paths of the files relative to the template's folder, such as `main.typ`.
    pub(crate) fn into_paths(self) -> BTreeSet<String> {
        self.read.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, id: FileId) {
        if let Some(path) = path_in_template(id) {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
        }
    }
}

impl World for RecordingWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        self.world.library()
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.faces.book()
    }

    fn main(&self) -> FileId {
        self.world.main()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.record(id);
        self.world.source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.record(id);
        self.world.file(id)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.world.font(self.faces.existing_face(index, self.world.book())?)
    }

    fn today(&self, offset: Option<Duration>) -> Option<Datetime> {
        self.world.today(offset)
    }
}
