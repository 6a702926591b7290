//! Errors that end a command, and the exit code of each.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rusqlite::ErrorCode;
use testamur_engine::{LoadError, RenderError};
use testamur_pipeline::TransientError;
use testamur_pipeline::mail::MailTemplateError;

use crate::assets;

/// Why a command ended without completing. An event that fails does not end a command: it becomes
/// a dead letter.
///
/// No text repeats the text of its source; [`crate::terminal::print_error`] prints the chain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// An argument, an option or an environment variable is invalid.
    #[error("{0}")]
    Usage(String),

    /// No template has this id or path.
    #[error(
        "no template {id:?} in {}: name a folder there, or the path of a folder with a typst.toml",
        root.display()
    )]
    UnknownTemplate { id: String, root: PathBuf },
    /// No record has this certificate id or enrollment id.
    #[error("no certificate or enrollment {0:?}: `testamur list` prints the ids of all")]
    UnknownRecord(String),
    /// No dead letter has this id.
    #[error("no dead letter {0:?}: `testamur dead-letters list` prints the ids of all")]
    UnknownDeadLetter(String),
    /// The data does not fit the template, or the template does not compile.
    #[error(transparent)]
    Render(RenderError),

    /// A file or folder can't be read, written, created or locked.
    #[error("can't {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// A file can be read, but its content is invalid. The reason quotes no learner's data.
    #[error("{}: {reason}", path.display())]
    Content { path: PathBuf, reason: String },
    /// The folder exists, so a new template can't be written there.
    #[error("{} already exists: choose another name", .0.display())]
    Exists(PathBuf),
    /// The folder is not empty, so a project can't be created in it.
    #[error("{} contains {name:?}: choose a new or an empty folder", folder.display())]
    NotEmpty { folder: PathBuf, name: String },
    /// The folder of templates has no folder with a manifest.
    #[error(
        "no templates in {}: name the folder that contains them with --templates, or create a \
         project with `testamur init`",
        .0.display()
    )]
    NoTemplates(PathBuf),
    /// `shared` is there, but is not the folder of Typst helpers.
    #[error(
        "{} has no lib.typ, so it is not the folder of shared helpers: rename it, or choose \
         another folder with --templates",
        .0.display()
    )]
    NoHelpers(PathBuf),
    /// The folder of fonts can't be used.
    #[error(transparent)]
    Fonts(LoadError),
    /// The template can't be loaded.
    #[error(transparent)]
    Template(LoadError),
    /// The sender or the e-mail templates can't be used.
    #[error(transparent)]
    Mail(#[from] MailTemplateError),

    /// Another process holds the lock of the state folder.
    #[error("another testamur process is working in {}: wait until it ends", .0.display())]
    Busy(PathBuf),
    /// The state folder has no database yet.
    #[error("no certificates have been issued in {}: check --state-dir", .0.display())]
    NoState(PathBuf),
    /// SQLite can't open, read or write the database.
    #[error("can't use the database {}", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    /// The database has another format than this build reads.
    #[error(
        "{} was written by {} build of testamur (format {found}; this build reads {supported}): \
         use that build, or choose another --state-dir",
        path.display(),
        if found < supported { "an earlier" } else { "a newer" }
    )]
    DatabaseFormat { path: PathBuf, found: i64, supported: i64 },
    /// `TESTAMUR_ID_KEY` is not the key that the state folder was created with.
    #[error(
        "TESTAMUR_ID_KEY is not the id key in {}: completions would get second certificates; \
         unset it, or set the key of this folder",
        .0.display()
    )]
    OtherKey(PathBuf),
    /// The database or a file of the state folder failed in the middle of the work.
    #[error(transparent)]
    Transient(#[from] TransientError),

    /// The web page can't be served.
    #[error("can't serve on port {port}")]
    Port { port: u16, source: io::Error },
    /// Changes of the templates can't be watched.
    #[error("can't watch {} for changes", path.display())]
    Watch { path: PathBuf, source: notify::Error },
    /// The asynchronous runtime can't start.
    #[error("can't start threads")]
    Runtime(#[source] io::Error),
    /// The operating system gave no random bytes.
    #[error("can't generate an id key: {0}")]
    Random(getrandom::Error),
}

impl CliError {
    /// A failed operation on a file or folder. `action` completes "can't ...", such as `write`.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    /// What to do about it, where that depends on the cause.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Render(error) => return assets::font_hint(error),
            Self::Database { source, .. } => match source.sqlite_error_code()? {
                ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
                    Some("restore it from a backup, or move it away to start with an empty one")
                }
                ErrorCode::CannotOpen | ErrorCode::ReadOnly => {
                    Some("reading needs write access, too: SQLite keeps its locks in the folder")
                }
                _ => None,
            },
            Self::Port { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => {
                    Some("choose another port with --port")
                }
                _ => None,
            },
            _ => None,
        };
        hint.map(str::to_owned)
    }

    /// The code to exit with, as `--help` explains it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::UnknownTemplate { .. }
            | Self::UnknownRecord(_)
            | Self::UnknownDeadLetter(_)
            | Self::Render(_) => 1,
            Self::Usage(_) => 2,
            _ => 3,
        })
    }
}
