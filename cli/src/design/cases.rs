//! The cases of a template: a sample that names a locale in that one, any other in all; each as page and, if there is one, social card.

use testamur_engine::{Data, Document, RenderError, Template};
use testamur_pipeline::error::chain;

use crate::design::template_dir;
use crate::error::CliError;

/// What is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseOutput {
    Page,
    SocialCard,
}

impl CaseOutput {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::SocialCard => "social-card",
        }
    }
}

/// One picture to look at.
pub(crate) struct Case<'a> {
    template: &'a Template,
    pub(crate) sample: String,
    pub(crate) locale: String,
    pub(crate) output: CaseOutput,
    data: Data,
}

impl Case<'_> {
    /// `ada.fr`, or `ada.fr.social-card`.
    pub(crate) fn name(&self) -> String {
        let name = format!("{}.{}", self.sample, self.locale);
        if self.output == CaseOutput::SocialCard { name + ".social-card" } else { name }
    }

    /// The name of its reference.
    pub(crate) fn file(&self) -> String {
        self.name() + ".png"
    }

    pub(crate) fn render(&self) -> Result<Document, RenderError> {
        match self.output {
            CaseOutput::Page => self.template.compile(&self.data),
            CaseOutput::SocialCard => self.template.compile_social_card(&self.data),
        }
    }
}

/// The cases of a template, and what keeps others from being ones.
#[derive(Default)]
pub(crate) struct Cases<'a> {
    pub(crate) cases: Vec<Case<'a>>,
    /// The samples that make no case until they are repaired.
    pub(crate) unusable: Vec<String>,
    /// Why, in sentences.
    pub(crate) problems: Vec<String>,
}

/// Finds all cases.
pub(crate) fn of(template: &Template) -> Result<Cases<'_>, CliError> {
    let samples = template_dir::samples(template.folder())?;
    let mut found = Cases::default();
    if samples.is_empty() {
        found.problems.push("there is no sample: put data into samples/ada.json".to_owned());
    }
    let outputs: &[_] = if template.manifest().social_card.is_some() {
        &[CaseOutput::Page, CaseOutput::SocialCard]
    } else {
        &[CaseOutput::Page]
    };
    for sample in samples {
        let usable = sample
            .data
            .map_err(|e| chain(&e))
            .and_then(|data| Ok((locales(template, &data)?, data)));
        let (locales, data) = match usable {
            Ok(usable) => usable,
            Err(reason) => {
                found.problems.push(format!("samples/{}.json: {reason}", sample.name));
                found.unusable.push(sample.name);
                continue;
            }
        };
        for locale in locales {
            let data = data.with_locale(&locale);
            found.cases.extend(outputs.iter().map(|&output| Case {
                template,
                sample: sample.name.clone(),
                locale: locale.clone(),
                output,
                data: data.clone(),
            }));
        }
    }
    Ok(found)
}

fn locales(template: &Template, data: &Data) -> Result<Vec<String>, String> {
    match data.locale() {
        Some(wanted) => match template.locale_for(wanted) {
            Some(locale) => Ok(vec![locale]),
            None => Err(format!("the template has no locale {wanted}")),
        },
        None if template.locales().is_empty() => Ok(vec![template.manifest().locale.clone()]),
        None => Ok(template.locales().to_vec()),
    }
}
