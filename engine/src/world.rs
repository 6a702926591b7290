//! What Typst sees during one render: the template's folder with the learner's data laid over it, and the fonts.
//!
//! The library, the sources and the fonts are the same objects for every render, so Typst's memoised work holds from one
//! learner to the next; only what read the injected files is done again.

use std::sync::LazyLock;

use typst::diag::FileResult;
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};
use typst_kit::diagnostics::DiagnosticWorld;

use crate::data::Data;
use crate::error::RenderError;
use crate::export::qr;
use crate::template::Layout;
use crate::template::{Template, file_id};

/// The file that holds the learner's data: `json("data.json")`.
static DATA: LazyLock<FileId> = LazyLock::new(|| file_id("data.json").expect("the path is valid"));

/// The file that holds the QR code of the field which the manifest names: `image("qr.svg")`.
static QR: LazyLock<FileId> = LazyLock::new(|| file_id("qr.svg").expect("the path is valid"));

pub(crate) struct TemplateWorld {
    template: Template,
    main: FileId,
    data: Bytes,
    qr: Option<Bytes>,
}

impl TemplateWorld {
    pub(crate) fn new(
        template: &Template,
        layout: &Layout,
        data: &Data,
    ) -> Result<Self, RenderError> {
        let main = file_id(&layout.entrypoint)
            .expect("entrypoints are looked at when a template is loaded");
        let qr = match &template.manifest().qr {
            Some(field) => Some(qr::svg(field, data)?),
            None => None,
        };
        Ok(Self { template: template.clone(), main, data: data.json().clone(), qr })
    }

    fn injected_file(&self, id: FileId) -> Option<&Bytes> {
        if id == *DATA {
            Some(&self.data)
        } else if id == *QR {
            self.qr.as_ref()
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
        self.template.engine().fonts().book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.template.files().source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match self.injected_file(id) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.template.files().file(id),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.template.engine().fonts().font(index)
    }

    /// There is no today: a date that a page shows is data.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

impl DiagnosticWorld for TemplateWorld {
    /// The path as the caller named the folder; the data is named alone, since it stands in no folder.
    fn name(&self, id: FileId) -> String {
        let path = id.get().vpath().get_without_slash();
        match self.injected_file(id).and(path.split_once('/')) {
            Some((_, name)) => name.to_owned(),
            None => self.template.path_on_disk(path).display().to_string(),
        }
    }
}
