//! The e-mail as a designer sees it: its strings, its samples in each locale, and its problems.
//!
//! A sample is an event `CertificateGenerated`, because the files of the e-mail see its fields.

use std::path::{Path, PathBuf};

use testamur_engine::{best_locale, decode};
use testamur_pipeline::CertificateGenerated;
use testamur_pipeline::error::chain;
use testamur_pipeline::mail::{
    DEFAULT_LOCALE, MailComposer, MailFault, MailTemplateError, RenderedMail,
};
use testamur_pipeline::model::events::Event;
use testamur_pipeline::model::fields::{FieldError, Fields};

use crate::args::DEFAULT_MAIL_FROM;
use crate::design::cases::{in_sample, no_samples, sample_locales};
use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir::{self, SampleFile};
use crate::design::translations;
use crate::error::CliError;

/// The e-mail of a folder of templates.
pub(crate) struct MailTemplate {
    composer: MailComposer,
    folder: PathBuf,
}

/// A sample in one locale.
pub(crate) struct MailCase {
    sample: String,
    event: CertificateGenerated,
    locale: String,
}

/// The cases of the e-mail, and the samples that can't become cases.
#[derive(Default)]
pub(crate) struct MailCases {
    pub(crate) cases: Vec<MailCase>,
    /// The names of invalid samples.
    pub(crate) invalid_samples: Vec<String>,
    /// Why they are invalid, or that there are no samples.
    pub(crate) problems: Vec<Problem>,
}

impl MailTemplate {
    /// Loads the files in a folder. The problems are those of its strings, else why a file can't be
    /// used. Fails if the folder of strings can't be read.
    pub(crate) fn load(folder: &Path) -> Result<Result<Self, Vec<Problem>>, CliError> {
        let problems = translations::check_keys(folder, DEFAULT_LOCALE, &locales(folder)?);
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        Ok(match MailComposer::load(DEFAULT_MAIL_FROM, folder) {
            Ok(composer) => Ok(Self { composer, folder: folder.to_owned() }),
            Err(error) => Err(vec![Problem::of_mail(&error, folder)]),
        })
    }

    /// Returns the languages that have strings.
    pub(crate) fn locales(&self) -> &[String] {
        self.composer.locales()
    }

    /// Finds all cases: every sample in each of its locales. Fails if a sample can't be read.
    pub(crate) fn cases(&self) -> Result<MailCases, CliError> {
        let samples = template_dir::sample_files(&self.folder)?;
        let mut found = MailCases::default();
        if samples.is_empty() {
            found.problems.push(no_samples());
        }
        for SampleFile { name, bytes } in samples {
            match self.sample_cases(&name, &bytes) {
                Ok(cases) => found.cases.extend(cases),
                Err(problem) => {
                    found.problems.push(in_sample(problem, &name));
                    found.invalid_samples.push(name);
                }
            }
        }
        Ok(found)
    }

    fn sample_cases(&self, sample: &str, json: &[u8]) -> Result<Vec<MailCase>, Problem> {
        let event = parse_sample(json)?;
        let find = |tag: &str| best_locale(self.locales(), tag);
        let own = event.locale.as_deref();
        let locales = sample_locales(own, self.locales(), DEFAULT_LOCALE, find)?;
        let case = |locale| MailCase { sample: sample.to_owned(), event: event.clone(), locale };
        Ok(locales.into_iter().map(case).collect())
    }

    /// Renders data in the given locale, else in that of the data.
    pub(crate) fn render(
        &self,
        json: &[u8],
        locale: Option<&str>,
    ) -> Result<RenderedMail, Vec<Problem>> {
        let mut event = parse_sample(json).map_err(|problem| vec![problem])?;
        event.locale = locale.map(str::to_owned).or(event.locale);
        self.render_event(&event)
    }

    /// Renders a case.
    pub(crate) fn render_case(&self, case: &MailCase) -> Result<RenderedMail, Vec<Problem>> {
        let locale = Some(case.locale.clone());
        self.render_event(&CertificateGenerated { locale, ..case.event.clone() })
    }

    fn render_event(&self, event: &CertificateGenerated) -> Result<RenderedMail, Vec<Problem>> {
        let rendered = self.composer.render_sample(event);
        rendered.map_err(|faults| faults.iter().map(Problem::from).collect())
    }
}

impl MailCase {
    /// Returns `ada.fr`.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.sample, self.locale)
    }
}

impl From<&MailFault> for Problem {
    fn from(fault: &MailFault) -> Self {
        Self::new(ProblemCode::CompileError, fault.to_string())
    }
}

impl Problem {
    /// The problem of an e-mail that can't be loaded. It names files by their path in the folder.
    fn of_mail(error: &MailTemplateError, folder: &Path) -> Self {
        match error {
            MailTemplateError::Syntax { source, .. } => Self::from(&MailFault::from(source)),
            MailTemplateError::Strings { path, reason } => {
                let file = path.strip_prefix(folder).unwrap_or(path).display();
                Self::new(ProblemCode::InvalidLocale, format!("{file}: {reason}"))
            }
            other => Self::new(ProblemCode::InvalidTemplate, chain(other)),
        }
    }
}

/// The picture that stands for the certificate in the e-mail of a sample: a gray page with lines.
const SAMPLE_PICTURE: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
    width='1684' height='1190'%3E%3Cpath fill='%23e6e8ec' d='M0 0h1684v1190H0z'/%3E%3Cpath \
    fill='none' stroke='%239aa3b2' stroke-width='12' d='M60 60h1564v1070H60z'/%3E%3Cpath \
    fill='%239aa3b2' d='M542 290h600v40H542zM342 490h1000v70H342zM442 690h800v40H442z'/%3E%3C/svg%3E";

/// Returns HTML with the sample picture in place of those that a message would contain.
pub(crate) fn with_sample_picture(html: &str) -> String {
    let mut parts = html.split("src=\"cid:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('"').unwrap_or_default();
        shown.push_str(&format!("src=\"{SAMPLE_PICTURE}\"{rest}"));
    }
    shown
}

/// Returns the languages that have a file of strings, sorted.
pub(crate) fn locales(folder: &Path) -> Result<Vec<String>, CliError> {
    let folder = folder.join("locales");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = template_dir::names(&folder)?;
    Ok(files.iter().filter_map(|file| file.strip_suffix(".toml")).map(str::to_owned).collect())
}

fn parse_sample(json: &[u8]) -> Result<CertificateGenerated, Problem> {
    let invalid = |reason: String| Problem::new(ProblemCode::InvalidSample, reason);
    let json = decode(json).map_err(|e| invalid(e.to_string()))?;
    let fields = Fields::parse(json).map_err(|e| invalid(e.to_string()))?;
    read_event(fields).map_err(|e| Problem::new(ProblemCode::InvalidData, e.to_string()))
}

/// Reads the event. Unlike an event on the wire, a sample has no unknown fields: they would be
/// misspelled.
fn read_event(mut fields: Fields) -> Result<CertificateGenerated, FieldError> {
    let event = CertificateGenerated::from_fields(&mut fields)?;
    fields.deny_unknown()?;
    Ok(event)
}
