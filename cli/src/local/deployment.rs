//! A whole deployment on one machine: the use cases over the embedded adapters, all state in one folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use jiff::SignedDuration;
use testamur_engine::{Engine, Fonts};
use testamur_pipeline::issue::IssueConfig;
use testamur_pipeline::mail::MailComposer;
use testamur_pipeline::{IdKey, Issuer, Notifier, TemplateCache};

use crate::args::{Cli, DeploymentArgs};
use crate::error::CliError;
use crate::local::{Database, FileObjectStore, JsonDirectory, LocalMailer, Queue, SqliteStore};

/// The use cases, ready to run, and the queue that feeds them.
pub(crate) struct LocalDeployment {
    pub(crate) issuer: Issuer<JsonDirectory, FileObjectStore, SqliteStore>,
    pub(crate) notifier: Notifier<JsonDirectory, LocalMailer, SqliteStore, SqliteStore>,
    pub(crate) queue: Queue,
    /// Held until the end: one process at a time works in a folder.
    _lock: File,
}

impl LocalDeployment {
    /// Opens a deployment, creating its folder on first use.
    pub(crate) fn open(
        cli: &Cli,
        deployment: &DeploymentArgs,
        directory: &Path,
    ) -> Result<Self, CliError> {
        if !["http://", "https://"].iter().any(|scheme| deployment.base_url.starts_with(scheme)) {
            return Err(CliError::Usage(format!(
                "--base-url {}: begin with https:// or http://",
                deployment.base_url
            )));
        }
        let engine = Engine::new(Fonts::load(&cli.fonts).map_err(CliError::Fonts)?);
        let roll = JsonDirectory::load(directory)?;
        let composer = MailComposer::load(&deployment.mail_from, &cli.templates.join("mail"));
        let composer = composer.map_err(CliError::Mail)?;

        fs::create_dir_all(&cli.state_dir)
            .map_err(|e| CliError::file("create", &cli.state_dir, &e))?;
        let lock = lock(&cli.state_dir)?;
        let database = Database::open(&cli.state_dir)?;
        let id_key = database.id_key(configured_key()?)?;
        let folder = FileObjectStore::open(&cli.state_dir)?;
        let settings = IssueConfig {
            id_key,
            base_url: deployment.base_url.trim_end_matches('/').to_owned(),
            default_template: deployment.default_template.clone(),
            jpeg: deployment.jpeg,
        };
        Ok(Self {
            issuer: Issuer {
                directory: roll.clone(),
                objects: folder.clone(),
                records: SqliteStore(database.clone()),
                templates: TemplateCache::new(engine, cli.templates.clone()),
                settings,
            },
            notifier: Notifier {
                directory: roll,
                mailer: LocalMailer::new(folder, deployment.smtp_url.as_deref())?,
                deliveries: SqliteStore(database.clone()),
                suppressions: SqliteStore(database.clone()),
                composer,
                // Nothing reports what was sent, so there is nothing to wait for.
                confirmation: SignedDuration::ZERO,
            },
            queue: Queue(database),
            _lock: lock,
        })
    }
}

fn lock(folder: &Path) -> Result<File, CliError> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|e| CliError::file("create", &path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CliError::Busy(folder.to_owned())),
        Err(TryLockError::Error(e)) => Err(CliError::file("lock", &path, &e)),
    }
}

fn configured_key() -> Result<Option<IdKey>, CliError> {
    let Some(text) = std::env::var_os("TESTAMUR_ID_KEY") else {
        return Ok(None);
    };
    let key = text.to_str().and_then(IdKey::from_hex);
    key.map(Some)
        .ok_or_else(|| CliError::Usage("TESTAMUR_ID_KEY is not 64 hexadecimal digits".to_owned()))
}
