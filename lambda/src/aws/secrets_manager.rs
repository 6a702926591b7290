//! The secret behind certificate ids.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use lambda_runtime::Error;
use testamur_pipeline::IdKey;

use super::client::transient;
use crate::config::{self, ConfigError};

const VARIABLE: &str = "TESTAMUR_ID_KEY_SECRET";

/// Reads the key of the deployment once, when the function starts.
///
/// # Errors
/// If the secret can't be read, or is not 64 hexadecimal digits. Neither repeats it.
pub async fn id_key(sdk: &SdkConfig) -> Result<IdKey, Error> {
    let secret = config::text(VARIABLE)?;
    let answer = Client::new(sdk).get_secret_value().secret_id(&secret).send().await;
    let answer = answer.map_err(|e| transient(format!("can't read the id key {secret}"), &e))?;
    let key = answer.secret_string().and_then(IdKey::from_hex);
    Ok(key.ok_or_else(|| {
        ConfigError::unusable(VARIABLE, "the secret is not 64 hexadecimal digits")
    })?)
}
