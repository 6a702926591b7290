//! The cases of a template: every sample in each of its locales, as page and, if the template has
//! one, as social card.
//!
//! A sample that names a locale is rendered in that one only, any other sample in all locales.

use testamur_engine::{Data, Document, RenderError, Template};

use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir;
use crate::design::translations::meant_locale;
use crate::error::CliError;

/// What a case renders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseOutput {
    Page,
    SocialCard,
}

/// One page image to compare.
pub(crate) struct Case<'a> {
    template: &'a Template,
    sample: String,
    locale: String,
    output: CaseOutput,
    data: Data,
}

impl Case<'_> {
    /// Returns `ada.fr`, or `ada.fr.social-card`.
    pub(crate) fn name(&self) -> String {
        let name = format!("{}.{}", self.sample, self.locale);
        if self.output == CaseOutput::SocialCard { name + ".social-card" } else { name }
    }

    pub(crate) fn output(&self) -> CaseOutput {
        self.output
    }

    pub(crate) fn render(&self) -> Result<Document, RenderError> {
        match self.output {
            CaseOutput::Page => self.template.compile(&self.data),
            CaseOutput::SocialCard => self.template.compile_social_card(&self.data),
        }
    }
}

/// The cases of a template, and the samples that can't become cases.
#[derive(Default)]
pub(crate) struct Cases<'a> {
    pub(crate) cases: Vec<Case<'a>>,
    /// The names of invalid samples.
    pub(crate) invalid_samples: Vec<String>,
    /// Why they are invalid, or that there are no samples.
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Cases<'a> {
    /// Finds all cases. Fails if the folder of samples can't be read.
    pub(crate) fn find(template: &'a Template) -> Result<Self, CliError> {
        let samples = template_dir::samples(template.folder())?;
        let mut found = Self::default();
        if samples.is_empty() {
            found.problems.push(no_samples());
        }
        for sample in samples {
            let usable = sample.data.map_err(|e| Problem::from(&RenderError::from(e)));
            match usable.and_then(|data| Ok((locales(template, &data)?, data))) {
                Ok((locales, data)) => found.add(template, &sample.name, &locales, &data),
                Err(problem) => {
                    found.problems.push(in_sample(problem, &sample.name));
                    found.invalid_samples.push(sample.name);
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, template: &'a Template, sample: &str, locales: &[String], data: &Data) {
        let outputs: &[_] = if template.manifest().social_card.is_some() {
            &[CaseOutput::Page, CaseOutput::SocialCard]
        } else {
            &[CaseOutput::Page]
        };
        for locale in locales {
            self.cases.extend(outputs.iter().map(|&output| Case {
                template,
                sample: sample.to_owned(),
                locale: locale.clone(),
                output,
                data: data.with_locale(locale),
            }));
        }
    }
}

fn locales(template: &Template, data: &Data) -> Result<Vec<String>, Problem> {
    let default = &template.manifest().locale;
    sample_locales(data.locale(), template.locales(), default, |tag| template.locale_for(tag))
}

/// Returns the locales in which a sample is rendered: the one that matches the sample's own, else
/// all that there are.
pub(crate) fn sample_locales(
    own: Option<&str>,
    all: &[String],
    default: &str,
    find: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Problem> {
    match own {
        Some(own) => match find(own) {
            Some(locale) => Ok(vec![locale]),
            None => {
                let message = format!("the template has no locale {own}");
                Err(Problem::new(ProblemCode::UnknownLocale, message))
            }
        },
        None if all.is_empty() => Ok(vec![default.to_owned()]),
        // A file such as pt_BR.toml is misnamed, which is reported; its strings are no locale yet.
        None => Ok(all.iter().filter(|tag| meant_locale(tag).is_none()).cloned().collect()),
    }
}

/// The problem of a template or an e-mail without samples.
pub(crate) fn no_samples() -> Problem {
    let message = "there are no samples: add samples/ada.json with example data";
    Problem::new(ProblemCode::NoSamples, message)
}

/// The problem of a sample, which names its file.
pub(crate) fn in_sample(problem: Problem, sample: &str) -> Problem {
    problem.within(&format!("samples/{sample}.json"))
}
