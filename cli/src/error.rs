//! Why a command ended early, and the exit code that says so.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use testamur_engine::{LoadError, RenderError};
use testamur_pipeline::{Rejection, TransientError};

/// A failure of a whole command. Single events never end one: they go to the dead letters.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("can't {action} {}: {reason}", path.display())]
    File { action: &'static str, path: PathBuf, reason: String },
    #[error("another testamur is at work in {}: wait until it ends", .0.display())]
    Busy(PathBuf),
    #[error("{}: nothing has been issued there yet", .0.display())]
    NoState(PathBuf),
    #[error("{} can't be used as a database: {reason}; restore it from a backup, or move it away to start anew", path.display())]
    Database { path: PathBuf, reason: String },
    #[error("{} belongs to another id key than TESTAMUR_ID_KEY: completions would get second certificates", .0.display())]
    OtherKey(PathBuf),
    #[error("{0}")]
    Usage(String),
    #[error("can't serve on port {port}: {reason}; choose another with --port")]
    Port { port: u16, reason: String },
    #[error("{} exists already: choose another name", .0.display())]
    Exists(PathBuf),
    #[error("no templates in {}: name the folder that holds them with --templates", .0.display())]
    NoTemplates(PathBuf),
    #[error("{} is no folder of helpers for templates: it has no lib.typ", .0.display())]
    NoHelpers(PathBuf),
    #[error(transparent)]
    Fonts(LoadError),
    #[error(transparent)]
    TransientError(#[from] TransientError),
    #[error("mail: {0}")]
    Mail(Rejection),
    #[error(transparent)]
    Template(LoadError),
    #[error(transparent)]
    Render(RenderError),
    #[error("no {what} {id}")]
    Unknown { what: &'static str, id: String },
}

impl CliError {
    /// A failure to do something with a file or folder.
    pub(crate) fn file(action: &'static str, path: &Path, reason: &impl Display) -> Self {
        Self::File { action, path: path.to_owned(), reason: reason.to_string() }
    }

    /// The code to exit with, as `--help` explains it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Render(_) | Self::Unknown { .. } => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::from(3),
        }
    }
}
