//! A whole deployment on one machine: the use cases over the embedded adapters, all state in one folder.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use jiff::SignedDuration;
use testamur_engine::{Engine, Fonts};
use testamur_pipeline::issue::Settings;
use testamur_pipeline::mail::Composer;
use testamur_pipeline::{IdKey, Issuer, Notifier, Templates};

use crate::embedded::{Database, Folder, Post, Queue, Roll, Store};
use crate::error::CliError;
use crate::options::{Deployment, Options};

/// The use cases, ready to run, and the queue that feeds them.
pub(crate) struct Station {
    pub(crate) issuer: Issuer<Roll, Folder, Store>,
    pub(crate) notifier: Notifier<Roll, Post, Store, Store>,
    pub(crate) queue: Queue,
    /// Held until the end: one process at a time works in a folder.
    _lock: File,
}

impl Station {
    /// Opens a deployment, creating its folder on first use.
    pub(crate) fn open(options: &Options, deployment: &Deployment, directory: &Path) -> Result<Self, CliError> {
        if !["http://", "https://"].iter().any(|scheme| deployment.base_url.starts_with(scheme)) {
            return Err(CliError::Setting(format!(
                "--base-url {}: begin with https:// or http://",
                deployment.base_url
            )));
        }
        let engine = Engine::new(Fonts::load(&options.fonts)?);
        let roll = Roll::load(directory)?;
        let composer = Composer::load(&deployment.mail_from, &options.templates.join("mail"));
        let composer = composer.map_err(CliError::Mail)?;

        fs::create_dir_all(&options.out).map_err(|e| CliError::file("create", &options.out, &e))?;
        let lock = lock(&options.out)?;
        let database = Database::open(&options.out)?;
        let id_key = database.id_key(wanted_key()?)?;
        let folder = Folder::open(&options.out)?;
        let settings = Settings {
            id_key,
            base_url: deployment.base_url.trim_end_matches('/').to_owned(),
            default_template: deployment.template.clone(),
            jpeg: deployment.jpeg.into(),
        };
        Ok(Self {
            issuer: Issuer {
                directory: roll.clone(),
                objects: folder.clone(),
                records: Store(database.clone()),
                templates: Templates::new(engine, options.templates.clone()),
                settings,
            },
            notifier: Notifier {
                directory: roll,
                mailer: Post::new(folder, deployment.smtp_url.as_deref())?,
                deliveries: Store(database.clone()),
                suppressions: Store(database.clone()),
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

fn wanted_key() -> Result<Option<IdKey>, CliError> {
    let Some(text) = std::env::var_os("TESTAMUR_ID_KEY") else {
        return Ok(None);
    };
    let key = text.to_str().and_then(IdKey::from_hex);
    key.map(Some).ok_or_else(|| CliError::Setting("TESTAMUR_ID_KEY is not 64 hexadecimal digits".to_owned()))
}
