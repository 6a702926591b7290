//! The folder of templates, and the samples of each template.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use testamur_engine::{Data, DataError, Engine, Fonts, Template, misnamed_file};

use crate::args::Cli;
use crate::assets::{self, Location};
use crate::design::fonts;
use crate::design::problem::Problem;
use crate::error::CliError;

/// The folder of templates, and the engine that loads them.
pub(crate) struct TemplateDir {
    pub(crate) engine: Engine,
    root: PathBuf,
    /// The folder of fonts that all templates share, or none for those that the program carries.
    fonts: Option<PathBuf>,
    /// Whether there is no folder, so that the program's own template is the only one.
    carried: bool,
}

/// The folder of the e-mail, beside the folders of templates.
pub(crate) const MAIL: &str = "mail";

/// The folder that a designer works on.
pub(crate) enum Design {
    /// The folder of a template.
    Template(PathBuf),
    /// The folder of the e-mail.
    Mail(PathBuf),
}

impl Design {
    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        let (Self::Template(folder) | Self::Mail(folder)) = self;
        folder
    }
}

/// A file with sample data.
pub(crate) struct SampleFile {
    /// The file's name without its extension.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Sample data of a template.
pub(crate) struct Sample {
    /// The file's name without its extension.
    pub(crate) name: String,
    /// The data, or why the file is not valid JSON.
    pub(crate) data: Result<Data, DataError>,
}

impl TemplateDir {
    /// Finds the templates and loads the fonts. Fails if there are no fonts.
    pub(crate) fn open(cli: &Cli) -> Result<Self, CliError> {
        let (root, carried) = match assets::templates(cli) {
            Location::Folder(folder) => (folder, false),
            Location::Carried => (PathBuf::from(assets::TEMPLATES), true),
        };
        let (engine, fonts) = (Engine::new(assets::fonts(cli)?), assets::font_folder(cli));
        Ok(Self { engine, root, fonts, carried })
    }

    /// As [`Self::open`], but never opens the templates of the installation. The folder need not
    /// exist.
    pub(crate) fn open_own(cli: &Cli) -> Result<Self, CliError> {
        let root = cli.templates.clone().unwrap_or_else(|| PathBuf::from(assets::TEMPLATES));
        let (engine, fonts) = (Engine::new(assets::fonts(cli)?), assets::font_folder(cli));
        Ok(Self { engine, root, fonts, carried: false })
    }

    /// Opens the templates of a project, with the fonts of the project.
    pub(crate) fn open_project(project: &Path) -> Result<Self, CliError> {
        let fonts = project.join(assets::FONTS);
        let engine = Engine::new(Fonts::load(&fonts).map_err(CliError::Fonts)?);
        let root = project.join(assets::TEMPLATES);
        Ok(Self { engine, root, fonts: Some(fonts), carried: false })
    }

    /// Returns the folder of templates.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of fonts that all templates share, and the problems of its files, if there
    /// are any.
    pub(crate) fn check_fonts(&self) -> Option<(&Path, Vec<Problem>)> {
        let folder = self.fonts.as_deref()?;
        let problems = fonts::unreadable_in(folder);
        (!problems.is_empty()).then_some((folder, problems))
    }

    /// Returns the ids of all templates, sorted: the names of the folders with a manifest.
    pub(crate) fn ids(&self) -> Result<Vec<String>, CliError> {
        if !self.root.is_dir() {
            return Err(CliError::NoTemplates(self.root.clone()));
        }
        let mut ids = names(&self.root)?;
        ids.retain(|id| has_manifest(&self.root.join(id)));
        Ok(ids)
    }

    /// Returns the folder of the e-mail, if there is one.
    pub(crate) fn mail(&self) -> Option<PathBuf> {
        Some(self.root.join(MAIL)).filter(|folder| folder.is_dir())
    }

    /// Returns what is named, each by id or path, or all templates and the e-mail if nothing is.
    ///
    /// Fails if a template does not exist, or if there are no templates.
    pub(crate) fn select(&self, named: &[PathBuf]) -> Result<Vec<Design>, CliError> {
        let mut designs: Vec<_> = if named.is_empty() {
            let templates = self.ids()?.into_iter().map(|id| Design::Template(self.root.join(id)));
            templates.chain(self.mail().map(Design::Mail)).collect()
        } else {
            named.iter().map(|name| self.find_design(name)).collect::<Result<_, _>>()?
        };
        designs.sort_by(|a, b| a.folder().cmp(b.folder()));
        designs.dedup_by_key(|design| design.folder().canonicalize().ok());
        if designs.is_empty() { Err(CliError::NoTemplates(self.root.clone())) } else { Ok(designs) }
    }

    /// Returns a template or the e-mail from its id or its path.
    pub(crate) fn find_design(&self, name: &Path) -> Result<Design, CliError> {
        match self.mail().filter(|mail| is_same_folder(mail, name) || name == Path::new(MAIL)) {
            Some(mail) => Ok(Design::Mail(mail)),
            None => self.find(name).map(Design::Template),
        }
    }

    /// Returns the folder of a template from its id or its path.
    pub(crate) fn find(&self, template: &Path) -> Result<PathBuf, CliError> {
        let candidates = [self.root.join(template), template.to_owned()];
        let found = candidates.into_iter().find(|folder| has_manifest(folder));
        found.ok_or_else(|| CliError::UnknownTemplate {
            id: template.display().to_string(),
            root: self.root.clone(),
        })
    }

    /// Loads a template from its id or its path. The program's own template needs no folder.
    pub(crate) fn load_named(&self, template: &Path) -> Result<Template, CliError> {
        if self.carried && template == Path::new(assets::CARRIED_TEMPLATE) {
            return assets::carried_template(&self.engine);
        }
        self.load(&self.find(template)?)
    }

    pub(crate) fn load(&self, folder: &Path) -> Result<Template, CliError> {
        self.engine.load(folder).map_err(CliError::Template)
    }
}

/// Returns whether a folder has a manifest, or a file that should be one. Loading the template then
/// fails with the right name.
fn has_manifest(folder: &Path) -> bool {
    let manifest = "typst.toml";
    let names = || if folder.is_dir() { names(folder).unwrap_or_default() } else { Vec::new() };
    folder.join(manifest).is_file()
        || misnamed_file(manifest, names().iter().map(String::as_str)).is_some()
}

fn is_same_folder(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// Reads the samples of a template, sorted by name.
pub(crate) fn samples(folder: &Path) -> Result<Vec<Sample>, CliError> {
    let parse = |SampleFile { name, bytes }| Sample { name, data: Data::from_json(&bytes) };
    Ok(sample_files(folder)?.into_iter().map(parse).collect())
}

/// Reads the files of samples of a template or the e-mail, sorted by name.
pub(crate) fn sample_files(folder: &Path) -> Result<Vec<SampleFile>, CliError> {
    let folder = folder.join("samples");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read_sample = |name: &str| {
        let path = folder.join(format!("{name}.json"));
        let bytes = fs::read(&path).map_err(|e| CliError::file("read", &path, e))?;
        Ok(SampleFile { name: name.to_owned(), bytes })
    };
    let files = names(&folder)?;
    files.iter().filter_map(|file| file.strip_suffix(".json")).map(read_sample).collect()
}

/// Replaces a file, and creates its folder if there is none. Readers see the old content or the
/// new content, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.join(format!(".{name}"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&unfinished, bytes))
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(|e| CliError::file("write", path, e))
}

/// Returns the names of everything in a folder, sorted, except hidden files and names that are not
/// UTF-8.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, CliError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| CliError::file("read", folder, e))?;
    let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    Ok(names)
}
