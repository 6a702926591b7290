//! The id key, from Secrets Manager.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use lambda_runtime::Error;
use testamur_pipeline::IdKey;

use super::client::transient;
use crate::config::{self, ConfigError};

/// The environment variable with the name or ARN of the secret.
const SECRET_VARIABLE: &str = "TESTAMUR_ID_KEY_SECRET";

/// Reads the key from which certificate ids are derived.
///
/// # Errors
/// If the secret can't be read, or is not 64 hexadecimal digits. The error never contains the
/// secret.
pub async fn id_key(sdk: &SdkConfig) -> Result<IdKey, Error> {
    let secret = config::text(SECRET_VARIABLE)?;
    let response = Client::new(sdk)
        .get_secret_value()
        .secret_id(&secret)
        .send()
        .await
        .map_err(|e| transient(format!("can't read the id key {secret}"), &e))?;
    let key = response.secret_string().and_then(IdKey::from_hex);
    Ok(key.ok_or_else(|| {
        ConfigError::invalid(SECRET_VARIABLE, "the secret is not 64 hexadecimal digits")
    })?)
}
