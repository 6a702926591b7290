//! TemplateCache and fonts: in the function's own package, or under a versioned prefix of a bucket, copied once when it starts.
//!
//! Nothing is looked up again while the function lives: a new version is a new prefix, and so a new deployment of the function.

use std::path::{Component, Path, PathBuf};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use futures_util::{StreamExt, TryStreamExt, stream};
use lambda_runtime::Error;
use testamur_engine::{Engine, Fonts};
use testamur_pipeline::TemplateCache;
use testamur_pipeline::mail::MailComposer;

use super::client as s3_client;
use crate::aws::client::transient;
use crate::config::{self, ConfigError};

/// How many objects are copied at a time.
const CONCURRENCY: usize = 8;

/// The folders that a function works from.
pub struct Assets<'a>(pub &'a SdkConfig);

impl Assets<'_> {
    /// The templates, ready to load, and the fonts they print with.
    ///
    /// # Errors
    /// If a folder can't be copied, or holds no fonts.
    pub async fn templates(&self) -> Result<TemplateCache, Error> {
        let fonts = Fonts::load(self.folder("TESTAMUR_FONTS", "").await?)?;
        Ok(TemplateCache::new(Engine::new(fonts), self.folder("TESTAMUR_TEMPLATES", "").await?))
    }

    /// The e-mail's template and its sender.
    ///
    /// # Errors
    /// If the folder can't be copied, or sender or template can't be used.
    pub async fn composer(&self) -> Result<MailComposer, Error> {
        let folder = self.folder("TESTAMUR_TEMPLATES", "mail").await?;
        Ok(MailComposer::load(&config::text("TESTAMUR_MAIL_FROM")?, &folder)?)
    }

    /// The folder that a variable names, or a part of it.
    async fn folder(&self, variable: &'static str, part: &str) -> Result<PathBuf, Error> {
        let place = config::text(variable)?;
        let Some(address) = place.strip_prefix("s3://") else {
            return Ok(Path::new(&place).join(part));
        };
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        let levels = [prefix, part].map(|level| level.trim_matches('/'));
        let prefix: String = levels
            .iter()
            .filter(|level| !level.is_empty())
            .map(|level| format!("{level}/"))
            .collect();
        let folder = std::env::temp_dir().join(variable).join(part);
        let copied = copy(&s3_client(self.0), bucket, &prefix, &folder).await?;
        if copied == 0 {
            return Err(ConfigError::unusable(
                variable,
                format!("nothing is in s3://{bucket}/{prefix}"),
            )
            .into());
        }
        Ok(folder)
    }
}

/// Copies everything under a prefix, and says how many objects that were.
async fn copy(client: &Client, bucket: &str, prefix: &str, folder: &Path) -> Result<usize, Error> {
    let pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut keys = Vec::new();
    for page in pages
        .try_collect()
        .await
        .map_err(|e| transient(format!("can't list s3://{bucket}/{prefix}"), &e))?
    {
        keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    keys.retain(|key| !key.ends_with('/'));
    let copies = keys.iter().map(|key| copy_one(client, bucket, key, target(prefix, key, folder)));
    stream::iter(copies).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    Ok(keys.len())
}

/// Where an object goes: into the folder, whatever its key says.
fn target(prefix: &str, key: &str, folder: &Path) -> Option<PathBuf> {
    let path = Path::new(key.strip_prefix(prefix)?);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
    stays.then(|| folder.join(path))
}

async fn copy_one(
    client: &Client,
    bucket: &str,
    key: &str,
    target: Option<PathBuf>,
) -> Result<(), Error> {
    let target = target.ok_or_else(|| format!("s3://{bucket}/{key} leads out of its folder"))?;
    let answer = client.get_object().bucket(bucket).key(key).send().await;
    let answer = answer.map_err(|e| transient(format!("can't read s3://{bucket}/{key}"), &e))?;
    let bytes = answer.body.collect().await?.into_bytes();
    let failed = |e: std::io::Error| format!("can't write {}: {e}", target.display());
    let folder = target.parent().expect("the target is in a folder");
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    Ok(tokio::fs::write(&target, bytes).await.map_err(failed)?)
}
