//! What the preview knows: the templates as they are on disk now, and the pictures it has drawn lately.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testamur_engine::{Data, Diagnostic, Document, Jpeg, PdfStamp, RenderError, Severity, Template};

use crate::catalog::{self, Catalog};
use crate::error::CliError;

/// How many renders' pictures are kept: a browser fetches those of the newest, and perhaps of the one before.
const KEPT: usize = 24;

pub(super) struct Studio {
    catalog: Catalog,
    loaded: Mutex<Loaded>,
    drawn: Mutex<VecDeque<Drawing>>,
}

/// The templates as they were read, and how often any of them has changed since: what was being read then may be old.
#[derive(Default)]
struct Loaded {
    templates: HashMap<String, Template>,
    changes: u64,
}

/// The pictures of one render.
struct Drawing {
    /// A hash of all of them, which stands in their addresses.
    version: String,
    pictures: Vec<Vec<u8>>,
}

/// What to draw.
#[derive(Deserialize)]
pub(super) struct Wish {
    template: String,
    sample: String,
    locale: Option<String>,
    #[serde(default)]
    output: Output,
    /// Edited data in place of the sample's.
    data: Option<Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Output {
    #[default]
    Page,
    Thumbnail,
    Card,
}

/// A file to download.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Pdf,
    Jpg,
    Png,
    Card,
}

/// Why a wish can't be granted.
pub(super) enum Fault {
    /// There is no such template or sample.
    Unknown(String),
    /// The folder can't be used.
    Folder(CliError),
    /// The page can't be drawn.
    Render(RenderError),
}

impl Wish {
    /// A wish for a file; data that is null leaves the sample as it is.
    pub(super) fn new(template: String, sample: String, locale: Option<String>, data: Value) -> Self {
        let data = Some(data).filter(|data| !data.is_null());
        Self { template, sample, locale, output: Output::Page, data }
    }
}

impl Studio {
    pub(super) fn new(catalog: Catalog) -> Self {
        Self { catalog, loaded: Mutex::default(), drawn: Mutex::default() }
    }

    pub(super) fn root(&self) -> &std::path::Path {
        self.catalog.root()
    }

    /// Forgets what was read of a template, or of all: its files have changed.
    pub(super) fn forget(&self, template: Option<&str>) {
        let mut loaded = lock(&self.loaded);
        loaded.changes += 1;
        match template {
            Some(id) => drop(loaded.templates.remove(id)),
            None => loaded.templates.clear(),
        }
    }

    /// Describes every template for the page's menus.
    pub(super) fn templates(&self) -> Result<Value, CliError> {
        Ok(self.catalog.ids()?.iter().map(|id| self.describe(id)).collect())
    }

    fn describe(&self, id: &str) -> Value {
        let template = match self.template(id) {
            Ok(template) => template,
            Err(fault) => return json!({ "id": id, "fault": fault.text() }),
        };
        let samples = match catalog::samples(template.folder()) {
            Ok(samples) => samples,
            Err(error) => return json!({ "id": id, "fault": error.to_string() }),
        };
        let manifest = template.manifest();
        let outputs: &[_] =
            if manifest.card.is_some() { &["page", "thumbnail", "card"] } else { &["page", "thumbnail"] };
        json!({
            "id": id,
            "description": manifest.description,
            "samples": samples.iter().map(|sample| &sample.name).collect::<Vec<_>>(),
            "locales": template.locales(),
            "outputs": outputs,
            "pages": manifest.page.pages,
        })
    }

    fn template(&self, id: &str) -> Result<Template, Fault> {
        let changes = {
            let loaded = lock(&self.loaded);
            if let Some(template) = loaded.templates.get(id) {
                return Ok(template.clone());
            }
            loaded.changes
        };
        if !self.catalog.ids().map_err(Fault::Folder)?.iter().any(|known| known == id) {
            return Err(Fault::Unknown(format!("no template {id}")));
        }
        let template = self.catalog.load(&self.root().join(id)).map_err(Fault::Folder)?;
        let mut loaded = lock(&self.loaded);
        if loaded.changes == changes {
            loaded.templates.insert(id.to_owned(), template.clone());
        }
        Ok(template)
    }

    /// The file of a sample that exists.
    fn sample_file(&self, template: &str, sample: &str) -> Result<PathBuf, Fault> {
        let template = self.template(template)?;
        let samples = template.folder().join("samples");
        let file = format!("{sample}.json");
        // Comparing with what is there leaves no way out of the folder.
        if catalog::names(&samples).map_err(Fault::Folder)?.contains(&file) {
            return Ok(samples.join(file));
        }
        Err(Fault::Unknown(format!("no sample {sample}")))
    }

    pub(super) fn sample(&self, template: &str, sample: &str) -> Result<Vec<u8>, Fault> {
        let path = self.sample_file(template, sample)?;
        fs::read(&path).map_err(|e| Fault::Folder(CliError::file("read", &path, &e)))
    }

    /// Replaces a sample by JSON that somebody has edited.
    pub(super) fn save_sample(&self, template: &str, sample: &str, text: &[u8]) -> Result<(), Fault> {
        let path = self.sample_file(template, sample)?;
        Data::from_json(text).map_err(Fault::Render)?;
        catalog::write_whole(&path, text).map_err(Fault::Folder)
    }

    /// Draws what is wished for, and keeps the pictures for the browser to fetch.
    pub(super) fn draw(&self, wish: &Wish) -> Value {
        let start = Instant::now();
        match self.try_draw(wish) {
            Ok(mut drawn) => {
                drawn["milliseconds"] = json!((start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0);
                drawn
            }
            Err(fault) => json!({ "ok": false, "faults": fault.list(), "text": fault.text() }),
        }
    }

    fn try_draw(&self, wish: &Wish) -> Result<Value, Fault> {
        let (document, data) = self.lay_out(wish)?;
        // Pages are measured in points, images in pixels.
        let (kind, (width, height)) = match wish.output {
            Output::Page => ("svg", document.size()),
            Output::Thumbnail | Output::Card => ("jpg", document.image_size().map(f64::from).into()),
        };
        let (pictures, findings) = rayon::join(|| pictures(&document, wish.output), || document.findings());
        let (pictures, findings) = (pictures.map_err(Fault::Render)?, findings.map_err(Fault::Render)?);
        let count = pictures.len();
        let version = self.keep(pictures);
        Ok(json!({
            "ok": true,
            "version": version,
            "images": (0..count).map(|n| format!("api/image/{version}/{n}.{kind}")).collect::<Vec<_>>(),
            "width": width,
            "height": height,
            "margins": margins(&document, wish.output),
            "warnings": faults(document.warnings().iter()),
            "findings": findings.iter().map(|finding| json!({ "message": finding.to_string() })).collect::<Vec<_>>(),
            "locale": data.locale(),
        }))
    }

    fn lay_out(&self, wish: &Wish) -> Result<(Document, Data), Fault> {
        let template = self.template(&wish.template)?;
        let data = match &wish.data {
            Some(edited) => Data::new(edited.clone()),
            None => Data::from_json(&self.sample(&wish.template, &wish.sample)?).map_err(Fault::Render)?,
        };
        let data = template.localised(&data, wish.locale.as_deref());
        let document = match wish.output {
            Output::Page | Output::Thumbnail => template.render(&data),
            Output::Card => template.render_card(&data),
        };
        Ok((document.map_err(Fault::Render)?, data))
    }

    /// Makes a file to download.
    pub(super) fn export(&self, mut wish: Wish, format: Format) -> Result<Vec<u8>, Fault> {
        wish.output = if matches!(format, Format::Card) { Output::Card } else { Output::Page };
        let (document, data) = self.lay_out(&wish)?;
        let bytes = match format {
            Format::Pdf => document.pdf(&PdfStamp::of(&data)),
            Format::Jpg | Format::Card => document.jpg(Jpeg::default()),
            Format::Png => document.png(),
        };
        bytes.map_err(Fault::Render)
    }

    fn keep(&self, pictures: Vec<Vec<u8>>) -> String {
        let mut hash = Sha256::new();
        pictures.iter().for_each(|picture| hash.update(picture));
        let version: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let mut drawn = lock(&self.drawn);
        drawn.retain(|kept| kept.version != version);
        drawn.push_back(Drawing { version: version.clone(), pictures });
        if drawn.len() > KEPT {
            drawn.pop_front();
        }
        version
    }

    /// A picture that was drawn lately.
    pub(super) fn picture(&self, version: &str, number: usize) -> Option<Vec<u8>> {
        let drawn = lock(&self.drawn);
        drawn.iter().find(|kept| kept.version == version)?.pictures.get(number).cloned()
    }
}

fn pictures(document: &Document, output: Output) -> Result<Vec<Vec<u8>>, RenderError> {
    match output {
        Output::Page => Ok(document.svg()?.into_iter().map(String::into_bytes).collect()),
        Output::Thumbnail | Output::Card => Ok(vec![document.jpg(Jpeg::default())?]),
    }
}

/// How far the content stays from the edges, in the unit of the picture.
fn margins(document: &Document, output: Output) -> Option<Value> {
    let scale = if output == Output::Page { 1.0 } else { f64::from(document.image_size()[0]) / document.size().0 };
    let [top, right, bottom, left] = document.margins()?.map(|side| side * scale);
    Some(json!({ "top": top, "right": right, "bottom": bottom, "left": left }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fault {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unknown(text) => text.clone(),
            Self::Folder(error) => testamur_pipeline::error::chain(error),
            Self::Render(error) => error.to_string(),
        }
    }

    fn list(&self) -> Value {
        match self {
            Self::Render(RenderError::Template(diagnostics)) => faults(diagnostics.iter()),
            Self::Render(RenderError::Data(list)) => list
                .iter()
                .map(|fault| json!({ "severity": "error", "message": fault.message, "path": fault.path }))
                .collect(),
            _ => json!([{ "severity": "error", "message": self.text() }]),
        }
    }
}

fn faults<'a>(diagnostics: impl Iterator<Item = &'a Diagnostic>) -> Value {
    diagnostics.map(|diagnostic| json!(Shown::from(diagnostic))).collect()
}

/// A diagnostic as the page shows it.
#[derive(Serialize)]
struct Shown<'a> {
    severity: &'static str,
    message: &'a str,
    hints: &'a [String],
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    source: Option<&'a str>,
}

impl<'a> From<&'a Diagnostic> for Shown<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
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
