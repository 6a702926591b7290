//! What the preview knows: the templates as they are on disk now, and the pictures it has drawn lately.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testamur_engine::{
    Data, DataError, Diagnostic, Document, ExportError, JpegEncoder, RenderError, Severity,
    Template,
};
use testamur_pipeline::error::chain;
use testamur_pipeline::model::certificate_data::pdf_metadata;

use crate::design::template_dir::{self, TemplateDir};
use crate::error::CliError;

/// How many renders' pictures are kept: a browser fetches those of the newest, and perhaps of the one before.
const KEPT: usize = 24;

pub(crate) struct PreviewState {
    template_dir: TemplateDir,
    loaded: Mutex<Loaded>,
    drawn: Mutex<VecDeque<CachedImages>>,
}

/// The templates as they were read, and how often any of them has changed since: what was being read then may be old.
#[derive(Default)]
struct Loaded {
    templates: HashMap<String, Template>,
    changes: u64,
}

/// The pictures of one render.
struct CachedImages {
    /// A hash of all of them, which stands in their addresses.
    version: String,
    pictures: Vec<Vec<u8>>,
}

/// What to draw.
#[derive(Deserialize)]
pub(crate) struct RenderRequest {
    template: String,
    sample: String,
    locale: Option<String>,
    #[serde(default)]
    output: PreviewOutput,
    /// Edited data in place of the sample's.
    data: Option<Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PreviewOutput {
    #[default]
    Page,
    Thumbnail,
    SocialCard,
}

/// A file to download.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DownloadFormat {
    Pdf,
    Jpg,
    Png,
    SocialCard,
}

/// Why a request can't be granted.
pub(crate) enum PreviewError {
    /// There is no such template or sample.
    Unknown(String),
    /// The folder can't be used.
    Folder(CliError),
    /// The page can't be drawn.
    Render(RenderError),
}

impl RenderRequest {
    /// A request for a file; data that is null leaves the sample as it is.
    pub(crate) fn new(
        template: String,
        sample: String,
        locale: Option<String>,
        data: Value,
    ) -> Self {
        let data = Some(data).filter(|data| !data.is_null());
        Self { template, sample, locale, output: PreviewOutput::Page, data }
    }
}

impl PreviewState {
    pub(crate) fn new(template_dir: TemplateDir) -> Self {
        Self { template_dir, loaded: Mutex::default(), drawn: Mutex::default() }
    }

    pub(crate) fn root(&self) -> &std::path::Path {
        self.template_dir.root()
    }

    /// Forgets what was read of a template, or of all: its files have changed.
    pub(crate) fn forget(&self, template: Option<&str>) {
        let mut loaded = lock(&self.loaded);
        loaded.changes += 1;
        match template {
            Some(id) => drop(loaded.templates.remove(id)),
            None => loaded.templates.clear(),
        }
    }

    /// Describes every template for the page's menus.
    pub(crate) fn templates(&self) -> Result<Value, CliError> {
        Ok(self.template_dir.ids()?.iter().map(|id| self.describe(id)).collect())
    }

    fn describe(&self, id: &str) -> Value {
        let template = match self.template(id) {
            Ok(template) => template,
            Err(fault) => return json!({ "id": id, "fault": fault.text() }),
        };
        let samples = match template_dir::samples(template.folder()) {
            Ok(samples) => samples,
            Err(error) => return json!({ "id": id, "fault": error.to_string() }),
        };
        let manifest = template.manifest();
        let outputs: &[_] = if manifest.social_card.is_some() {
            &["page", "thumbnail", "social-card"]
        } else {
            &["page", "thumbnail"]
        };
        json!({
            "id": id,
            "description": manifest.description,
            "samples": samples.iter().map(|sample| &sample.name).collect::<Vec<_>>(),
            "locales": template.locales(),
            "outputs": outputs,
            "pages": manifest.page.pages,
        })
    }

    fn template(&self, id: &str) -> Result<Template, PreviewError> {
        let changes = {
            let loaded = lock(&self.loaded);
            if let Some(template) = loaded.templates.get(id) {
                return Ok(template.clone());
            }
            loaded.changes
        };
        if !self.template_dir.ids().map_err(PreviewError::Folder)?.iter().any(|known| known == id) {
            return Err(PreviewError::Unknown(format!("no template {id}")));
        }
        let template =
            self.template_dir.load(&self.root().join(id)).map_err(PreviewError::Folder)?;
        let mut loaded = lock(&self.loaded);
        if loaded.changes == changes {
            loaded.templates.insert(id.to_owned(), template.clone());
        }
        Ok(template)
    }

    /// The file of a sample that exists.
    fn sample_file(&self, template: &str, sample: &str) -> Result<PathBuf, PreviewError> {
        let template = self.template(template)?;
        let samples = template.folder().join("samples");
        let file = format!("{sample}.json");
        // Comparing with what is there leaves no way out of the folder.
        if template_dir::names(&samples).map_err(PreviewError::Folder)?.contains(&file) {
            return Ok(samples.join(file));
        }
        Err(PreviewError::Unknown(format!("no sample {sample}")))
    }

    pub(crate) fn sample(&self, template: &str, sample: &str) -> Result<Vec<u8>, PreviewError> {
        let path = self.sample_file(template, sample)?;
        fs::read(&path).map_err(|e| PreviewError::Folder(CliError::file("read", &path, &e)))
    }

    /// Replaces a sample by JSON that somebody has edited.
    pub(crate) fn save_sample(
        &self,
        template: &str,
        sample: &str,
        text: &[u8],
    ) -> Result<(), PreviewError> {
        let path = self.sample_file(template, sample)?;
        Data::from_json(text).map_err(|e| PreviewError::Render(e.into()))?;
        template_dir::write_whole(&path, text).map_err(PreviewError::Folder)
    }

    /// Draws what is wished for, and keeps the pictures for the browser to fetch.
    pub(crate) fn draw(&self, request: &RenderRequest) -> Value {
        let start = Instant::now();
        match self.try_draw(request) {
            Ok(mut drawn) => {
                drawn["milliseconds"] =
                    json!((start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0);
                drawn
            }
            Err(fault) => json!({ "ok": false, "faults": fault.list(), "text": fault.text() }),
        }
    }

    fn try_draw(&self, request: &RenderRequest) -> Result<Value, PreviewError> {
        let (document, data) = self.lay_out(request)?;
        // Pages are measured in points, images in pixels.
        let (kind, (width, height)) = match request.output {
            PreviewOutput::Page => ("svg", document.size()),
            PreviewOutput::Thumbnail | PreviewOutput::SocialCard => {
                ("jpg", document.image_size().map(f64::from).into())
            }
        };
        let (pictures, findings) =
            rayon::join(|| pictures(&document, request.output), || document.lint());
        let (pictures, findings) =
            (pictures.map_err(render_error)?, findings.map_err(render_error)?);
        let count = pictures.len();
        let version = self.keep(pictures);
        Ok(json!({
            "ok": true,
            "version": version,
            "images": (0..count).map(|n| format!("api/image/{version}/{n}.{kind}")).collect::<Vec<_>>(),
            "width": width,
            "height": height,
            "margins": margins(&document, request.output),
            "warnings": faults(document.warnings().iter()),
            "findings": findings.iter().map(|finding| json!({ "message": finding.to_string() })).collect::<Vec<_>>(),
            "locale": data.locale(),
        }))
    }

    fn lay_out(&self, request: &RenderRequest) -> Result<(Document, Data), PreviewError> {
        let template = self.template(&request.template)?;
        let data = match &request.data {
            Some(edited) => Data::new(edited.clone()),
            None => Data::from_json(&self.sample(&request.template, &request.sample)?)
                .map_err(|e| PreviewError::Render(e.into()))?,
        };
        let data = template.with_resolved_locale(&data, request.locale.as_deref());
        let document = match request.output {
            PreviewOutput::Page | PreviewOutput::Thumbnail => template.compile(&data),
            PreviewOutput::SocialCard => template.compile_social_card(&data),
        };
        Ok((document.map_err(PreviewError::Render)?, data))
    }

    /// Makes a file to download.
    pub(crate) fn export(
        &self,
        mut request: RenderRequest,
        format: DownloadFormat,
    ) -> Result<Vec<u8>, PreviewError> {
        request.output = if matches!(format, DownloadFormat::SocialCard) {
            PreviewOutput::SocialCard
        } else {
            PreviewOutput::Page
        };
        let (document, data) = self.lay_out(&request)?;
        let bytes = match format {
            DownloadFormat::Pdf => document.pdf(&pdf_metadata(&data, None)),
            DownloadFormat::Jpg | DownloadFormat::SocialCard => {
                document.jpg(JpegEncoder::default())
            }
            DownloadFormat::Png => document.png(),
        };
        bytes.map_err(render_error)
    }

    fn keep(&self, pictures: Vec<Vec<u8>>) -> String {
        let mut hash = Sha256::new();
        pictures.iter().for_each(|picture| hash.update(picture));
        let version: String =
            hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let mut drawn = lock(&self.drawn);
        drawn.retain(|kept| kept.version != version);
        drawn.push_back(CachedImages { version: version.clone(), pictures });
        if drawn.len() > KEPT {
            drawn.pop_front();
        }
        version
    }

    /// A picture that was drawn lately.
    pub(crate) fn picture(&self, version: &str, number: usize) -> Option<Vec<u8>> {
        let drawn = lock(&self.drawn);
        drawn.iter().find(|kept| kept.version == version)?.pictures.get(number).cloned()
    }
}

fn pictures(document: &Document, output: PreviewOutput) -> Result<Vec<Vec<u8>>, ExportError> {
    match output {
        PreviewOutput::Page => Ok(document.svg()?.into_iter().map(String::into_bytes).collect()),
        PreviewOutput::Thumbnail | PreviewOutput::SocialCard => {
            Ok(vec![document.jpg(JpegEncoder::default())?])
        }
    }
}

/// How far the content stays from the edges, in the unit of the picture.
fn margins(document: &Document, output: PreviewOutput) -> Option<Value> {
    let scale = if output == PreviewOutput::Page {
        1.0
    } else {
        f64::from(document.image_size()[0]) / document.size().0
    };
    let [top, right, bottom, left] = document.margins()?.map(|side| side * scale);
    Some(json!({ "top": top, "right": right, "bottom": bottom, "left": left }))
}

fn render_error(error: ExportError) -> PreviewError {
    PreviewError::Render(error.into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PreviewError {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unknown(text) => text.clone(),
            Self::Folder(error) => chain(error),
            Self::Render(error) => chain(error),
        }
    }

    fn list(&self) -> Value {
        if let Self::Render(error) = self
            && let Some(diagnostics) = error.diagnostics()
        {
            return faults(diagnostics.iter());
        }
        match self {
            Self::Render(RenderError::Data(DataError::Schema(list))) => list
                .iter()
                .map(|fault| json!({ "severity": "error", "message": fault.message, "path": fault.path }))
                .collect(),
            _ => json!([{ "severity": "error", "message": self.text() }]),
        }
    }
}

fn faults<'a>(diagnostics: impl Iterator<Item = &'a Diagnostic>) -> Value {
    diagnostics.map(|diagnostic| json!(DiagnosticJson::from(diagnostic))).collect()
}

/// A diagnostic as the page shows it.
#[derive(Serialize)]
struct DiagnosticJson<'a> {
    severity: &'static str,
    message: &'a str,
    hints: &'a [String],
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    source: Option<&'a str>,
}

impl<'a> From<&'a Diagnostic> for DiagnosticJson<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        let place = diagnostic.location.as_ref();
        Self {
            severity: if diagnostic.severity == Severity::Error { "error" } else { "warning" },
            message: &diagnostic.message,
            hints: &diagnostic.hints,
            file: place.map(|place| place.file.as_str()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            source: place.map(|place| place.text.as_str()),
        }
    }
}
