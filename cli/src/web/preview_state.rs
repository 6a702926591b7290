//! The use cases of the preview, over two caches: the templates as they are on disk, and the
//! images that were rendered last.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sha2::{Digest, Sha256};
use testamur_engine::{Data, DataError, Document, ExportError, JpegEncoder, RenderError, Template};
use testamur_pipeline::error::chain;
use testamur_pipeline::hex;
use testamur_pipeline::model::certificate_data::pdf_metadata;

use super::preview_json::{
    DownloadFormat, Margins, PreviewDiagnostic, PreviewOutput, RenderReply, RenderRequest,
    Rendered, RenderedMailParts, TemplateEntry,
};
use super::preview_mail::{self, ColorScheme};
use crate::assets;
use crate::design::mail::{self, MailTemplate};
use crate::design::problem::Problem;
use crate::design::template_dir::{self, MAIL, TemplateDir};
use crate::error::CliError;

/// The number of renders whose images are kept. A browser fetches those of the last render, and
/// sometimes of the one before.
const MAX_CACHED_RENDERS: usize = 24;

pub(crate) struct PreviewState {
    template_dir: TemplateDir,
    loaded: Mutex<LoadedTemplates>,
    images: Mutex<VecDeque<CachedImages>>,
}

#[derive(Default)]
struct LoadedTemplates {
    templates: HashMap<String, Template>,
    /// Counts changes of any template. A template that was being read during a change may be a
    /// mix of old and new files, so it is not cached.
    changes: u64,
}

/// The images of one render, or the documents of an e-mail.
struct CachedImages {
    /// A hash of all images, which is part of their URLs.
    version: String,
    images: Vec<Vec<u8>>,
}

/// Why a request fails.
pub(super) enum PreviewError {
    /// No such template or sample exists.
    NotFound(String),
    /// A file can't be read or written, or the template can't be loaded.
    Folder(CliError),
    /// The data is invalid, or the template does not compile.
    Render(RenderError),
    /// The e-mail can't be loaded or rendered, or its data is invalid.
    Mail(Vec<Problem>),
}

impl<E: Into<RenderError>> From<E> for PreviewError {
    fn from(error: E) -> Self {
        Self::Render(error.into())
    }
}

impl From<CliError> for PreviewError {
    fn from(error: CliError) -> Self {
        Self::Folder(error)
    }
}

/// Templates.
impl PreviewState {
    pub(crate) fn new(template_dir: TemplateDir) -> Self {
        Self { template_dir, loaded: Mutex::default(), images: Mutex::default() }
    }

    /// Returns the folder of templates.
    pub(crate) fn root(&self) -> &Path {
        self.template_dir.root()
    }

    /// Removes a template, or all, from the cache, because files have changed.
    pub(crate) fn forget(&self, template: Option<&str>) {
        let mut loaded = lock(&self.loaded);
        loaded.changes += 1;
        match template {
            Some(id) => drop(loaded.templates.remove(id)),
            None => loaded.templates.clear(),
        }
    }

    /// Returns all templates, sorted by id, and then the e-mail.
    pub(super) fn templates(&self) -> Result<Vec<TemplateEntry>, CliError> {
        let ids = self.template_dir.ids()?.into_iter();
        let mail = self.template_dir.mail().map(|_| MAIL.to_owned());
        Ok(ids.chain(mail).map(|id| self.entry(id)).collect())
    }

    fn entry(&self, id: String) -> TemplateEntry {
        match self.usable_entry(&id) {
            Ok(entry) => entry,
            Err(error) => TemplateEntry::Broken { id, error: error.text() },
        }
    }

    fn usable_entry(&self, id: &str) -> Result<TemplateEntry, PreviewError> {
        use PreviewOutput::{Page, SocialCard, Thumbnail};
        if id == MAIL {
            return self.mail_entry();
        }
        let template = self.template(id)?;
        let samples = template_dir::samples(template.folder())?;
        let manifest = template.manifest();
        Ok(TemplateEntry::Usable {
            id: id.to_owned(),
            description: manifest.description.clone(),
            samples: samples.into_iter().map(|sample| sample.name).collect(),
            locales: template.locales().to_vec(),
            outputs: match manifest.social_card {
                Some(_) => &[Page, Thumbnail, SocialCard],
                None => &[Page, Thumbnail],
            },
        })
    }

    fn mail_entry(&self) -> Result<TemplateEntry, PreviewError> {
        let folder = self.folder(MAIL)?;
        let samples = template_dir::sample_files(&folder)?;
        Ok(TemplateEntry::Usable {
            id: MAIL.to_owned(),
            description: "The e-mail of all certificates".to_owned(),
            samples: samples.into_iter().map(|sample| sample.name).collect(),
            locales: mail::locales(&folder)?,
            outputs: &[PreviewOutput::Mail, PreviewOutput::MailText],
        })
    }

    /// Returns the folder of a template or the e-mail.
    fn folder(&self, id: &str) -> Result<PathBuf, PreviewError> {
        match self.template_dir.mail().filter(|_| id == MAIL) {
            Some(folder) => Ok(folder),
            None => Ok(self.template(id)?.folder().to_owned()),
        }
    }

    fn template(&self, id: &str) -> Result<Template, PreviewError> {
        let changes = {
            let loaded = lock(&self.loaded);
            if let Some(template) = loaded.templates.get(id) {
                return Ok(template.clone());
            }
            loaded.changes
        };
        // Comparing with the names that exist keeps a request inside the folder.
        if !self.template_dir.ids()?.iter().any(|existing| existing == id) {
            return Err(PreviewError::NotFound(format!("no template {id:?}")));
        }
        let template = self.template_dir.load(&self.root().join(id))?;
        let mut loaded = lock(&self.loaded);
        if loaded.changes == changes {
            loaded.templates.insert(id.to_owned(), template.clone());
        }
        Ok(template)
    }
}

/// Samples.
impl PreviewState {
    /// Returns the JSON of a sample.
    pub(super) fn sample(&self, template: &str, sample: &str) -> Result<Vec<u8>, PreviewError> {
        let path = self.sample_file(template, sample)?;
        Ok(fs::read(&path).map_err(|e| CliError::file("read", &path, e))?)
    }

    /// Replaces the content of an existing sample. Fails if `json` is not a JSON object.
    pub(super) fn save_sample(
        &self,
        template: &str,
        sample: &str,
        json: &[u8],
    ) -> Result<(), PreviewError> {
        let path = self.sample_file(template, sample)?;
        Data::from_json(json)?;
        Ok(template_dir::write_whole(&path, json)?)
    }

    fn sample_file(&self, template: &str, sample: &str) -> Result<PathBuf, PreviewError> {
        let samples = self.folder(template)?.join("samples");
        let file = format!("{sample}.json");
        // Comparing with the names that exist keeps a request inside the folder.
        if template_dir::names(&samples)?.contains(&file) {
            return Ok(samples.join(file));
        }
        Err(PreviewError::NotFound(format!("no sample {sample:?}")))
    }
}

/// Rendering.
impl PreviewState {
    /// Renders a request, and caches the images for the browser to fetch.
    pub(super) fn render(&self, request: &RenderRequest) -> RenderReply {
        let rendered = if request.template == MAIL {
            self.render_mail(request).map(RenderReply::Mail)
        } else {
            self.try_render(request).map(RenderReply::Rendered)
        };
        match rendered {
            Ok(reply) => reply,
            Err(error) => RenderReply::Failed { errors: error.diagnostics(), text: error.text() },
        }
    }

    fn try_render(&self, request: &RenderRequest) -> Result<Rendered, PreviewError> {
        let start = Instant::now();
        let (document, data) = self.compile(request, request.output)?;
        let (images, issues) =
            rayon::join(|| images(&document, request.output), || document.lint());
        let (images, issues) = (images?, issues?);
        let (extension, (width, height)) = match request.output {
            PreviewOutput::Page => ("svg", document.size()),
            _ => ("jpg", document.image_size().map(f64::from).into()),
        };
        let count = images.len();
        let version = self.cache(images);
        let url = |number| format!("api/image/{version}/{number}.{extension}");
        let issues = issues.iter().map(|issue| PreviewDiagnostic::warning(issue.to_string()));
        Ok(Rendered {
            images: (0..count).map(url).collect(),
            width,
            height,
            margins: margins(&document, request.output),
            warnings: document.warnings().iter().map(Into::into).chain(issues).collect(),
            locale: data.locale().map(str::to_owned),
            milliseconds: milliseconds_since(start),
            version,
        })
    }

    fn render_mail(&self, request: &RenderRequest) -> Result<RenderedMailParts, PreviewError> {
        let start = Instant::now();
        let mail = MailTemplate::load(&self.folder(MAIL)?)?.map_err(PreviewError::Mail)?;
        let json = match &request.data {
            Some(edited) => edited.to_string().into_bytes(),
            None => self.sample(MAIL, &request.sample)?,
        };
        let locale = request.locale.as_deref();
        let rendered = mail.render(&json, locale).map_err(PreviewError::Mail)?;
        let document = |scheme| preview_mail::document(&rendered.html, scheme).into_bytes();
        let version = self.cache([ColorScheme::Light, ColorScheme::Dark].map(document).into());
        Ok(RenderedMailParts {
            subject: rendered.subject,
            text: rendered.text,
            light: format!("api/mail/{version}/0"),
            dark: format!("api/mail/{version}/1"),
            locale: request.locale.clone(),
            milliseconds: milliseconds_since(start),
            version,
        })
    }

    /// Renders a file to download.
    pub(super) fn export(
        &self,
        request: &RenderRequest,
        format: DownloadFormat,
    ) -> Result<Vec<u8>, PreviewError> {
        let output = match format {
            DownloadFormat::SocialCard => PreviewOutput::SocialCard,
            DownloadFormat::Pdf | DownloadFormat::Jpg | DownloadFormat::Png => PreviewOutput::Page,
        };
        let (document, data) = self.compile(request, output)?;
        Ok(match format {
            DownloadFormat::Pdf => document.pdf(&pdf_metadata(&data, None)),
            DownloadFormat::Jpg | DownloadFormat::SocialCard => {
                document.jpg(JpegEncoder::default())
            }
            DownloadFormat::Png => document.png(),
        }?)
    }

    /// Returns a cached image, or none if it is no longer cached.
    pub(super) fn image(&self, version: &str, number: usize) -> Option<Vec<u8>> {
        let cached = lock(&self.images);
        cached.iter().find(|cached| cached.version == version)?.images.get(number).cloned()
    }

    fn compile(
        &self,
        request: &RenderRequest,
        output: PreviewOutput,
    ) -> Result<(Document, Data), PreviewError> {
        let template = self.template(&request.template)?;
        let data = match &request.data {
            Some(edited) => Data::new(edited.clone()),
            None => Data::from_json(&self.sample(&request.template, &request.sample)?)?,
        };
        let data = template.with_resolved_locale(&data, request.locale.as_deref());
        let document = match output {
            PreviewOutput::SocialCard => template.compile_social_card(&data),
            _ => template.compile(&data),
        };
        Ok((document?, data))
    }

    /// Caches the images of a render and returns their version.
    fn cache(&self, images: Vec<Vec<u8>>) -> String {
        let mut hash = Sha256::new();
        images.iter().for_each(|image| hash.update(image));
        let version = hex(&hash.finalize()[..12]);
        let mut cached = lock(&self.images);
        cached.retain(|cached| cached.version != version);
        cached.push_back(CachedImages { version: version.clone(), images });
        if cached.len() > MAX_CACHED_RENDERS {
            cached.pop_front();
        }
        version
    }
}

fn images(document: &Document, output: PreviewOutput) -> Result<Vec<Vec<u8>>, ExportError> {
    match output {
        PreviewOutput::Page => Ok(document.svg()?.into_iter().map(String::into_bytes).collect()),
        _ => Ok(vec![document.jpg(JpegEncoder::default())?]),
    }
}

/// Returns the margins in the unit of the output: points for the page, else pixels.
fn margins(document: &Document, output: PreviewOutput) -> Option<Margins> {
    let scale = match output {
        PreviewOutput::Page => 1.0,
        _ => f64::from(document.image_size()[0]) / document.size().0,
    };
    let [top, right, bottom, left] = document.margins()?.map(|side| side * scale);
    Some(Margins { top, right, bottom, left })
}

fn milliseconds_since(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PreviewError {
    /// Returns the error as the command line prints it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::NotFound(text) => text.clone(),
            Self::Folder(error) => chain(error),
            Self::Render(error) => assets::explain(error),
            Self::Mail(problems) => {
                problems.iter().map(|problem| &*problem.message).collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn diagnostics(&self) -> Vec<PreviewDiagnostic> {
        if let Self::Mail(problems) = self {
            let messages = problems.iter().map(|problem| problem.message.clone());
            return messages.map(PreviewDiagnostic::error).collect();
        }
        let Self::Render(error) = self else {
            return vec![PreviewDiagnostic::error(self.text())];
        };
        match (error.diagnostics(), error) {
            (Some(diagnostics), _) => diagnostics.iter().map(Into::into).collect(),
            (None, RenderError::Data(DataError::Schema(violations))) => {
                violations.iter().map(Into::into).collect()
            }
            _ => vec![PreviewDiagnostic::error(self.text())],
        }
    }
}
