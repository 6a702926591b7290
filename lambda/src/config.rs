//! What a function is told by its environment. `template.yaml` sets it, `docs/operations.md` explains it.

use std::fmt::Display;
use std::str::FromStr;

use testamur_pipeline::IdKey;
use testamur_pipeline::issue::IssueConfig;

/// Why a function can't start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not set.
    #[error("the environment variable {0} is not set: set it in template.yaml")]
    Missing(&'static str),
    /// A variable can't be used. Its value is not repeated where it could be a secret.
    #[error("the environment variable {name}: {reason}")]
    Unusable {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl ConfigError {
    /// A variable that can't be used.
    pub fn unusable(name: &'static str, reason: impl Display) -> Self {
        Self::Unusable { name, reason: reason.to_string() }
    }
}

/// A variable that must be set.
///
/// # Errors
/// [`ConfigError::Missing`] if it is not set or empty.
pub fn text(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// A variable that may be set; an empty one is none.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that must be set to a value of a type. Defaults are `template.yaml`'s.
///
/// # Errors
/// [`ConfigError::Missing`] if it is not set or empty, [`ConfigError::Unusable`] if it is set to anything else.
pub fn parsed<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, ConfigError> {
    let text = text(name)?;
    text.parse().map_err(|e| ConfigError::unusable(name, format!("{text:?}: {e}")))
}

/// What a deployment chooses for its certificates, with the secret behind their ids.
///
/// # Errors
/// [`ConfigError`] if a variable is missing or can't be used.
pub fn issue_config(id_key: IdKey) -> Result<IssueConfig, ConfigError> {
    Ok(IssueConfig {
        id_key,
        base_url: text("TESTAMUR_BASE_URL")?,
        default_template: text("TESTAMUR_DEFAULT_TEMPLATE")?,
        jpeg: parsed("TESTAMUR_JPEG")?,
    })
}
