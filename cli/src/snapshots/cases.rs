//! The cases of a template: a sample that names a locale in that one, any other in all; each as page and, if there is one, card.

use testamur_engine::{Data, Document, RenderError, Template};

use crate::catalog;
use crate::error::CliError;

/// What is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Page,
    Card,
}

impl Output {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Card => "card",
        }
    }
}

/// One picture to look at.
pub(crate) struct Case<'a> {
    template: &'a Template,
    pub(crate) sample: String,
    pub(crate) locale: String,
    pub(crate) output: Output,
    data: Data,
}

impl Case<'_> {
    /// `ada.fr`, or `ada.fr.card`.
    pub(crate) fn name(&self) -> String {
        let name = format!("{}.{}", self.sample, self.locale);
        if self.output == Output::Card { name + ".card" } else { name }
    }

    /// The name of its reference.
    pub(crate) fn file(&self) -> String {
        self.name() + ".png"
    }

    pub(crate) fn render(&self) -> Result<Document, RenderError> {
        match self.output {
            Output::Page => self.template.render(&self.data),
            Output::Card => self.template.render_card(&self.data),
        }
    }
}

/// All cases. What is wrong with a sample as a whole goes to `problems`.
pub(crate) fn of<'a>(template: &'a Template, problems: &mut Vec<String>) -> Result<Vec<Case<'a>>, CliError> {
    let samples = catalog::samples(template.folder())?;
    if samples.is_empty() {
        problems.push("there is no sample: put data into samples/ada.json".to_owned());
    }
    let outputs: &[_] =
        if template.manifest().card.is_some() { &[Output::Page, Output::Card] } else { &[Output::Page] };
    let mut cases = Vec::new();
    for sample in samples {
        let data = match sample.data {
            Ok(data) => data,
            Err(error) => {
                problems.push(format!("samples/{}.json: {error}", sample.name));
                continue;
            }
        };
        let Some(locales) = locales(template, &data) else {
            let locale = data.locale().unwrap_or_default();
            problems.push(format!("samples/{}.json: the template has no locale {locale}", sample.name));
            continue;
        };
        for locale in locales {
            let data = data.with_locale(&locale);
            cases.extend(outputs.iter().map(|&output| Case {
                template,
                sample: sample.name.clone(),
                locale: locale.clone(),
                output,
                data: data.clone(),
            }));
        }
    }
    Ok(cases)
}

fn locales(template: &Template, data: &Data) -> Option<Vec<String>> {
    match data.locale() {
        Some(wanted) => template.locale_for(wanted).map(|locale| vec![locale]),
        None if template.locales().is_empty() => Some(vec![template.manifest().locale.clone()]),
        None => Some(template.locales().to_vec()),
    }
}
