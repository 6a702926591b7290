//! Files and folders whose names are nearly right, so that nothing reads them.

use std::fs;
use std::path::Path;

use testamur_engine::{canonical_locale, nearest_name, parse_json};

use crate::design::problem::{Problem, ProblemCode};
use crate::design::template_dir;
use crate::error::CliError;

/// The folders of a template that have a meaning.
const FOLDERS: [&str; 4] = ["fonts", "locales", "samples", "snapshots"];

/// Extensions of data that are not those of samples or translations, in lower case.
const DATA_EXTENSIONS: [&str; 6] = ["json", "jsonc", "json5", "toml", "yaml", "yml"];

/// The misnamed files and folders of a template.
#[derive(Default)]
pub(crate) struct NearMisses {
    /// One problem for each.
    pub(crate) problems: Vec<Problem>,
    /// Whether a folder or a translation is among them. What pages show then depends on the rename.
    pub(crate) affects_pages: bool,
    /// The names that the misnamed samples will have.
    pub(crate) samples: Vec<String>,
}

impl NearMisses {
    /// Searches the folder of a template, which may be invalid.
    pub(crate) fn find(folder: &Path) -> Result<Self, CliError> {
        let mut found = Self::default();
        for name in template_dir::names(folder)? {
            if folder.join(&name).is_dir() {
                found.add_folder(folder, &name)?;
            }
        }
        found.add_samples(&folder.join("samples"))?;
        found.add_locales(&folder.join("locales"))?;
        Ok(found)
    }

    fn add(&mut self, message: String) {
        self.problems.push(Problem::new(ProblemCode::Misnamed, message));
    }

    fn add_folder(&mut self, folder: &Path, name: &str) -> Result<(), CliError> {
        if let Some(meant) = nearest_name(name, FOLDERS)
            && !FOLDERS.contains(&name)
            && !is_mentioned(folder, &format!("{name}/"))?
        {
            self.affects_pages = true;
            self.add(if folder.join(meant).is_dir() {
                format!("rename {name}/ to {meant}/, together with what is there")
            } else {
                format!("rename {name}/ to {meant}/")
            });
        }
        Ok(())
    }

    fn add_samples(&mut self, folder: &Path) -> Result<(), CliError> {
        for (file, stem) in misnamed_data(folder, "json")? {
            let is_json = fs::read(folder.join(&file)).is_ok_and(|json| parse_json(&json).is_ok());
            let advice = if is_json { "" } else { ", and write it as JSON" };
            self.add(format!("rename samples/{file} to {stem}.json{advice}"));
            self.samples.push(stem);
        }
        Ok(())
    }

    fn add_locales(&mut self, folder: &Path) -> Result<(), CliError> {
        for (file, stem) in misnamed_data(folder, "toml")? {
            let Some(locale) = canonical_locale(&stem) else { continue };
            if is_mentioned(folder.parent().unwrap_or(folder), &file)? {
                continue;
            }
            let text = fs::read_to_string(folder.join(&file)).unwrap_or_default();
            let advice = match toml::from_str::<toml::Table>(&text) {
                Ok(_) => "",
                Err(_) => ", and write it as TOML",
            };
            self.affects_pages = true;
            self.add(format!("rename locales/{file} to {locale}.toml{advice}"));
        }
        Ok(())
    }
}

/// Returns the files of data in a folder that have another extension than the right one, each with
/// its name without extensions. A file beside the right one is none of them: it can be its source.
fn misnamed_data(folder: &Path, extension: &str) -> Result<Vec<(String, String)>, CliError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = template_dir::names(folder)?;
    let is_right = |file: &str| file.ends_with(&format!(".{extension}"));
    let stems = files.iter().filter(|file| !is_right(file)).filter_map(|file| {
        let stem = data_stem(file)?;
        let exists = files.contains(&format!("{stem}.{extension}"));
        (!exists).then(|| (file.clone(), stem.to_owned()))
    });
    Ok(stems.collect())
}

/// Returns the name of a file of data without its extensions, such as `en` for `en.toml.txt`.
fn data_stem(file: &str) -> Option<&str> {
    let strip = |name: &'_ str, is: &dyn Fn(&str) -> bool| {
        name.rsplit_once('.').filter(|(_, end)| is(&end.to_lowercase())).map(|(stem, _)| stem.len())
    };
    let is_data = |end: &str| DATA_EXTENSIONS.contains(&end);
    let without_txt = strip(file, &|end| end == "txt").map_or(file, |length| &file[..length]);
    let stem = strip(without_txt, &is_data).map_or(without_txt, |length| &file[..length]);
    let is_note = ["readme", "license", "notes"].contains(&stem.to_lowercase().as_str());
    (stem != file && !stem.is_empty() && !is_note).then_some(stem)
}

/// Returns whether a Typst file beside the manifest contains a text, such as the name of a folder.
fn is_mentioned(folder: &Path, text: &str) -> Result<bool, CliError> {
    for name in template_dir::names(folder)?.iter().filter(|name| name.ends_with(".typ")) {
        let path = folder.join(name);
        let source = fs::read(&path).map_err(|e| CliError::file("read", &path, e))?;
        if String::from_utf8_lossy(&source).contains(text) {
            return Ok(true);
        }
    }
    Ok(false)
}
