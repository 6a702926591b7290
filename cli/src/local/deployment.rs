//! The use cases over the local adapters, with all state in one folder.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use testamur_engine::Engine;
use testamur_pipeline::issue::IssueConfig;
use testamur_pipeline::mail::MailComposer;
use testamur_pipeline::{IdKey, Issuer, Notifier, TemplateCache};

use crate::args::{Cli, DeploymentArgs};
use crate::assets::{self, Location};
use crate::error::CliError;
use crate::local::{Database, FileObjectStore, JsonDirectory, LocalMailer, Queue, SqliteStore};

/// The use cases, ready to run, and the queue that feeds them.
pub(crate) struct LocalDeployment {
    pub(crate) issuer: Issuer<JsonDirectory, FileObjectStore, SqliteStore>,
    pub(crate) notifier:
        Notifier<JsonDirectory, FileObjectStore, LocalMailer, SqliteStore, SqliteStore>,
    pub(crate) queue: Queue,
    /// Held until the process ends, so one process at a time works in a state folder.
    _lock: File,
}

impl LocalDeployment {
    /// Opens a deployment and creates its state folder on first use. `lms_data` contains
    /// `users.json` and `courses.json`.
    pub(crate) fn open(
        cli: &Cli,
        options: &DeploymentArgs,
        lms_data: &Path,
    ) -> Result<Self, CliError> {
        check_base_url(&options.base_url)?;
        let engine = Engine::new(assets::fonts(cli)?);
        let directory = JsonDirectory::load(lms_data)?;
        let (templates, composer) = load_templates(cli, &options.mail_from, engine)?;

        fs::create_dir_all(&cli.state_dir)
            .map_err(|e| CliError::file("create", &cli.state_dir, e))?;
        let lock = lock(&cli.state_dir)?;
        let database = Database::open(&cli.state_dir)?;
        let store = SqliteStore(database.clone());
        let object_store = FileObjectStore::open(&cli.state_dir)?;
        let config = IssueConfig {
            id_key: database.id_key(configured_key()?)?,
            base_url: options.base_url.trim_end_matches('/').to_owned(),
            default_template: options.default_template.clone(),
            time_zone: options.time_zone.clone(),
            jpeg: options.jpeg,
        };
        Ok(Self {
            issuer: Issuer {
                directory: directory.clone(),
                object_store: object_store.clone(),
                certificate_store: store.clone(),
                templates,
                config,
            },
            notifier: Notifier {
                directory,
                object_store: object_store.clone(),
                mailer: LocalMailer::new(object_store, options.smtp_url.as_deref())?,
                delivery_log: store.clone(),
                suppression_list: store,
                composer,
                // No service confirms deliveries here, so there is nothing to wait for.
                claim_duration: SignedDuration::ZERO,
            },
            queue: Queue(database),
            _lock: lock,
        })
    }
}

/// Opens the folder of templates, or uses the template and the e-mail that the program carries.
fn load_templates(
    cli: &Cli,
    mail_from: &str,
    engine: Engine,
) -> Result<(TemplateCache, MailComposer), CliError> {
    let (templates, composer) = match assets::templates(cli) {
        Location::Folder(folder) if !folder.is_dir() => return Err(CliError::NoTemplates(folder)),
        Location::Folder(folder) => {
            let composer = MailComposer::load(mail_from, folder.join("mail"));
            (TemplateCache::new(engine, folder), composer)
        }
        Location::Carried => {
            let template = assets::carried_template(&engine)?;
            let templates = TemplateCache::new(engine, PathBuf::from(assets::TEMPLATES))
                .with(assets::CARRIED_TEMPLATE, template);
            (templates, MailComposer::from_memory(mail_from, assets::carried_mail()))
        }
    };
    Ok((templates, composer.map_err(CliError::Mail)?))
}

fn check_base_url(url: &str) -> Result<(), CliError> {
    if ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err(CliError::Usage(format!("--base-url {url:?} must begin with https:// or http://")))
}

fn lock(state_dir: &Path) -> Result<File, CliError> {
    let path = state_dir.join("lock");
    let file = File::create(&path).map_err(|e| CliError::file("create", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CliError::Busy(state_dir.to_owned())),
        Err(TryLockError::Error(e)) => Err(CliError::file("lock", &path, e)),
    }
}

/// Returns the key in `TESTAMUR_ID_KEY`, or none if it is not set.
fn configured_key() -> Result<Option<IdKey>, CliError> {
    let Some(text) = std::env::var_os("TESTAMUR_ID_KEY") else {
        return Ok(None);
    };
    match text.to_str().and_then(IdKey::from_hex) {
        Some(key) => Ok(Some(key)),
        None => Err(CliError::Usage("TESTAMUR_ID_KEY is not 64 hexadecimal digits".to_owned())),
    }
}
