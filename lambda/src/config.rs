//! The configuration of a function, read from environment variables.
//!
//! `template.yaml` sets the variables and holds their defaults; `docs/operations.md` describes
//! them.

use std::fmt::Display;
use std::str::FromStr;

use jiff::tz::TimeZone;
use testamur_pipeline::IdKey;
use testamur_pipeline::issue::IssueConfig;
use testamur_pipeline::model::time::parse_time_zone;

/// Why a function can't start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is unset or empty.
    #[error("the environment variable {0} is not set: set it in template.yaml")]
    Missing(&'static str),
    /// A variable has an invalid value. The reason repeats the value only if it can't be a secret.
    #[error("the environment variable {name}: {reason}")]
    Invalid {
        /// The variable's name.
        name: &'static str,
        /// What is wrong with its value.
        reason: String,
    },
}

impl ConfigError {
    /// Returns the error for a variable with an invalid value.
    pub fn invalid(name: &'static str, reason: impl Display) -> Self {
        Self::Invalid { name, reason: reason.to_string() }
    }
}

/// Returns the value of a required variable.
///
/// # Errors
/// [`ConfigError::Missing`] if the variable is unset or empty.
pub fn text(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// Returns the value of an optional variable, or `None` if the variable is unset or empty.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the value of a required variable, parsed as a `T`.
///
/// # Errors
/// [`ConfigError::Missing`] if the variable is unset or empty, [`ConfigError::Invalid`] if its
/// value is not a valid `T`.
pub fn parsed<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, ConfigError> {
    let text = text(name)?;
    text.parse().map_err(|e| ConfigError::invalid(name, format!("{text:?}: {e}")))
}

/// Returns the configuration of the use case that issues certificates. `id_key` comes from
/// [`crate::aws::id_key`].
///
/// # Errors
/// [`ConfigError`] if a variable is missing or invalid.
pub fn issue_config(id_key: IdKey) -> Result<IssueConfig, ConfigError> {
    Ok(IssueConfig {
        id_key,
        base_url: text("TESTAMUR_BASE_URL")?,
        default_template: text("TESTAMUR_DEFAULT_TEMPLATE")?,
        time_zone: time_zone("TESTAMUR_TIME_ZONE")?,
        jpeg: parsed("TESTAMUR_JPEG")?,
    })
}

fn time_zone(name: &'static str) -> Result<TimeZone, ConfigError> {
    parse_time_zone(&text(name)?).map_err(|e| ConfigError::invalid(name, e))
}
