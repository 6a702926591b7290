//! The folders that designers work in: templates, and the samples beside each.

use std::fs;
use std::path::{Path, PathBuf};

use testamur_engine::{Data, DataError, Engine, Fonts, Template};

use crate::args::Cli;
use crate::error::CliError;

/// The templates below one folder, and the engine that loads them.
pub(crate) struct TemplateDir {
    pub(crate) engine: Engine,
    root: PathBuf,
}

/// Sample data of a template.
pub(crate) struct Sample {
    /// The file's name without its extension.
    pub(crate) name: String,
    /// The data, or why the file holds none.
    pub(crate) data: Result<Data, DataError>,
}

impl TemplateDir {
    pub(crate) fn open(cli: &Cli) -> Result<Self, CliError> {
        Ok(Self {
            engine: Engine::new(Fonts::load(&cli.fonts).map_err(CliError::Fonts)?),
            root: cli.templates.clone(),
        })
    }

    /// The folder of templates.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The ids of all templates: the folders with a manifest.
    pub(crate) fn ids(&self) -> Result<Vec<String>, CliError> {
        let mut ids = names(&self.root)?;
        ids.retain(|id| self.root.join(id).join("typst.toml").is_file());
        Ok(ids)
    }

    /// The folders of the templates that are named, each by its id or as a path; of all if none is named.
    pub(crate) fn select(&self, named: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
        let mut folders: Vec<_> = if named.is_empty() {
            self.ids()?.iter().map(|id| self.root.join(id)).collect()
        } else {
            named.iter().map(|name| self.find(name)).collect::<Result<_, _>>()?
        };
        folders.sort();
        folders.dedup_by_key(|folder| folder.canonicalize().ok());
        if folders.is_empty() { Err(CliError::NoTemplates(self.root.clone())) } else { Ok(folders) }
    }

    /// The folder of a template, from its id or its path.
    pub(crate) fn find(&self, template: &Path) -> Result<PathBuf, CliError> {
        let candidates = [self.root.join(template), template.to_owned()];
        let found = candidates.into_iter().find(|folder| folder.join("typst.toml").is_file());
        found.ok_or_else(|| CliError::Unknown {
            what: "template",
            id: template.display().to_string(),
        })
    }

    pub(crate) fn load(&self, folder: &Path) -> Result<Template, CliError> {
        self.engine.load(folder).map_err(CliError::Template)
    }
}

/// The samples of a template, by name.
pub(crate) fn samples(folder: &Path) -> Result<Vec<Sample>, CliError> {
    let folder = folder.join("samples");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = names(&folder)?;
    let sample = |name: &str| {
        let path = folder.join(format!("{name}.json"));
        let bytes = fs::read(&path).map_err(|e| CliError::file("read", &path, &e))?;
        Ok(Sample { name: name.to_owned(), data: Data::from_json(&bytes) })
    };
    files.iter().filter_map(|file| file.strip_suffix(".json")).map(sample).collect()
}

/// Replaces a file, so that whoever reads it sees the old one or the new one; makes its folder if need be.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let failed = |e: std::io::Error| CliError::file("write", path, &e);
    let (folder, name) =
        (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
    fs::create_dir_all(folder).map_err(failed)?;
    let unfinished = folder.join(format!(".{}", name.to_string_lossy()));
    fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path)).map_err(failed)
}

/// The names of everything in a folder, sorted; hidden files and names that are not UTF-8 are not ours.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, CliError> {
    let failed = |e: std::io::Error| CliError::file("read", folder, &e);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.extend(
            entry
                .map_err(failed)?
                .file_name()
                .into_string()
                .ok()
                .filter(|name| !name.starts_with('.')),
        );
    }
    names.sort();
    Ok(names)
}
