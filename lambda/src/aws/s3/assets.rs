//! Templates, fonts and the mail template, from the deployment package or from S3.
//!
//! Files in S3 are copied once, at the start of the function. Publish a new version under a new
//! prefix and deploy the functions with it: running functions do not look for changes.

use std::io;
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

/// The number of objects that are copied at a time.
const CONCURRENCY: usize = 8;

/// Loads the files that the environment variables `TESTAMUR_TEMPLATES` and `TESTAMUR_FONTS` refer
/// to.
///
/// A value is a folder, relative to the deployment package, or a prefix such as
/// `s3://bucket/templates/2026-11/`.
pub struct Assets<'a>(pub &'a SdkConfig);

impl Assets<'_> {
    /// Loads the fonts and returns the templates, each of which is loaded at its first use.
    ///
    /// # Errors
    /// If a folder can't be copied from S3, or contains no fonts.
    pub async fn templates(&self) -> Result<TemplateCache, Error> {
        let fonts = Fonts::load(self.folder("TESTAMUR_FONTS", "").await?)?;
        Ok(TemplateCache::new(Engine::new(fonts), self.folder("TESTAMUR_TEMPLATES", "").await?))
    }

    /// Loads the mail template. The sender is the value of `TESTAMUR_MAIL_FROM`.
    ///
    /// # Errors
    /// If the folder can't be copied from S3, or the sender or the template is invalid.
    pub async fn composer(&self) -> Result<MailComposer, Error> {
        let folder = self.folder("TESTAMUR_TEMPLATES", "mail").await?;
        Ok(MailComposer::load(&config::text("TESTAMUR_MAIL_FROM")?, &folder)?)
    }

    /// Returns the local path of `subfolder` in the folder that `variable` refers to, after copying
    /// it from S3 if necessary.
    async fn folder(&self, variable: &'static str, subfolder: &str) -> Result<PathBuf, Error> {
        let location = config::text(variable)?;
        let Some(address) = location.strip_prefix("s3://") else {
            return Ok(Path::new(&location).join(subfolder));
        };
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        let prefix: String = [prefix, subfolder]
            .map(|part| part.trim_matches('/'))
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| format!("{part}/"))
            .collect();
        let folder = std::env::temp_dir().join(variable).join(subfolder);
        let copied = copy(&s3_client(self.0), bucket, &prefix, &folder).await?;
        if copied == 0 {
            let reason = format!("s3://{bucket}/{prefix} contains no objects");
            return Err(ConfigError::invalid(variable, reason).into());
        }
        Ok(folder)
    }
}

/// Copies all objects below a prefix into a folder. Returns their number.
async fn copy(client: &Client, bucket: &str, prefix: &str, folder: &Path) -> Result<usize, Error> {
    let pages: Vec<_> = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .into_paginator()
        .send()
        .try_collect()
        .await
        .map_err(|e| transient(format!("can't list s3://{bucket}/{prefix}"), &e))?;
    let keys: Vec<_> = pages
        .into_iter()
        .flat_map(|page| page.contents.unwrap_or_default())
        .filter_map(|object| object.key)
        // Consoles create an empty object of this form to represent a folder.
        .filter(|key| !key.ends_with('/'))
        .collect();
    let copies = keys.iter().map(|key| copy_object(client, bucket, key, prefix, folder));
    stream::iter(copies).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    Ok(keys.len())
}

async fn copy_object(
    client: &Client,
    bucket: &str,
    key: &str,
    prefix: &str,
    folder: &Path,
) -> Result<(), Error> {
    let uri = format!("s3://{bucket}/{key}");
    let target = target(prefix, key, folder)
        .ok_or_else(|| format!("{uri}: the key leads out of its folder; rename the object"))?;
    let response = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .send()
        .await
        .map_err(|e| transient(format!("can't read {uri}"), &e))?;
    let bytes = response.body.collect().await?.into_bytes();
    Ok(write(&target, &bytes)
        .await
        .map_err(|e| format!("can't write {}: {e}", target.display()))?)
}

/// Returns the path for an object, or `None` if its key contains `..` or the like.
fn target(prefix: &str, key: &str, folder: &Path) -> Option<PathBuf> {
    let path = Path::new(key.strip_prefix(prefix)?);
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| folder.join(path))
}

async fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target.parent().expect("the target is in a folder");
    tokio::fs::create_dir_all(folder).await?;
    tokio::fs::write(target, bytes).await
}
