//! The errors of the use cases. Each is either *rejected* (permanent) or *retryable* (transient).
//!
//! An error's `Display` never repeats its `source()`; [`chain`] prints both. No text holds a name,
//! an e-mail address or another value that a learner typed: reasons are stored with dead letters
//! and written to logs.

use std::error::Error as StdError;
use std::fmt::Display;

use testamur_engine::{CompileError, DataError, LoadError, RenderError, is_invisible};

use crate::model::address::AddressError;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same input fails again until an operator changes the event, the directory or a template.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The same input can succeed later.
    #[error(transparent)]
    Retryable(#[from] TransientError),
}

/// A permanent failure: an operator must change the event, the directory or a template before a
/// retry can succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The event does not have the required format, or contradicts an earlier event.
    #[error("invalid {kind} event: {reason}")]
    Event {
        /// The kind of event, such as `CourseCompleted`.
        kind: &'static str,
        /// The field and what is wrong with it, such as `userId: missing`.
        reason: String,
    },
    /// The event bus refuses the event permanently. The text is the reason, such as `it has 300000
    /// bytes, more than 262144`.
    #[error("can't publish this event: {0}")]
    Unpublishable(String),
    /// The directory has no user with this id.
    #[error("unknown user {}: add it to the directory, then retry", shown_id(.0))]
    UnknownUser(String),
    /// The directory has no course with this id.
    #[error("unknown course {}: add it to the directory, then retry", shown_id(.0))]
    UnknownCourse(String),
    /// The directory has an entry for a user or course, but the entry has a missing or malformed
    /// field.
    #[error("the directory's entry of {what} {}: {reason}; correct it, then retry", shown_id(id))]
    DirectoryEntry {
        /// `user` or `course`.
        what: &'static str,
        /// The id of the user or course.
        id: String,
        /// The field and what is wrong with it, such as `email: expected a string, not a list`.
        reason: String,
    },
    /// A course names a template by a text that can't be a template id.
    #[error("{0:?} is not a valid template id: use lower-case letters, digits and hyphens")]
    TemplateId(String),
    /// The template of the course can't be loaded.
    #[error("can't load template {id}")]
    Template {
        /// The template's id.
        id: String,
        /// Why it can't be loaded.
        source: LoadError,
    },
    /// The certificate or its social card can't be rendered.
    #[error(transparent)]
    Render(RenderError),
    /// The directory's e-mail address of a user is malformed.
    #[error(
        "the e-mail address of user {} is not valid ({reason}): correct it, then retry",
        shown_id(user_id)
    )]
    MailAddress {
        /// The user's id.
        user_id: String,
        /// What is wrong with the address. Its text does not repeat the address.
        reason: AddressError,
    },
    /// A file of the mail template fails to render. The text is the reason, such as `undefined
    /// value in body.html, line 3`.
    #[error("can't render the mail template: {0}")]
    MailTemplate(String),
    /// A rendered message can't be encoded for its recipient.
    #[error(
        "can't encode the e-mail to user {}: correct name and address, then retry",
        shown_id(user_id)
    )]
    MailMessage {
        /// The user's id.
        user_id: String,
    },
    /// The mail transport refuses the message permanently. The text is the reason, such as
    /// `the server refuses it with code 550`.
    #[error("can't send this e-mail: {0}")]
    MailRefused(String),
}

impl Rejection {
    /// Makes the rejection of an event. `kind` is the event's detail type, such as
    /// `CourseCompleted`.
    pub fn event(kind: &'static str, reason: impl Display) -> Self {
        Self::Event { kind, reason: reason.to_string() }
    }

    /// Returns the stable code by which dead letters are counted and filtered, such as
    /// `unknown-user`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event { .. } | Self::Unpublishable(_) => "bad-event",
            Self::UnknownUser(_) => "unknown-user",
            Self::UnknownCourse(_) => "unknown-course",
            Self::DirectoryEntry { .. } => "bad-directory-entry",
            Self::TemplateId(_) | Self::Template { .. } => "bad-template",
            Self::Render(RenderError::Compile(
                CompileError::MissingCharacters(_) | CompileError::ForbiddenFallback(_),
            )) => "unsupported-character",
            Self::Render(RenderError::Data(DataError::Schema(_))) => "bad-data",
            Self::Render(_) => "render-failed",
            Self::MailAddress { .. }
            | Self::MailTemplate(_)
            | Self::MailMessage { .. }
            | Self::MailRefused(_) => "bad-mail",
        }
    }
}

/// A transient failure of a port or of the machine.
///
/// ```
/// # use testamur_pipeline::{TransientError, error::chain};
/// let error = TransientError::new("can't write certificates/1.pdf", "disk full");
/// assert_eq!(error.to_string(), "can't write certificates/1.pdf");
/// assert_eq!(chain(&error), "can't write certificates/1.pdf: disk full");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{action}")]
pub struct TransientError {
    /// What was attempted, such as `can't write certificates/1.pdf`.
    pub action: String,
    /// Why it failed.
    pub source: Box<dyn StdError + Send + Sync>,
}

impl TransientError {
    /// Makes an error from what was attempted and why it failed. A text is accepted as the cause.
    pub fn new(
        action: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { action: action.into(), source: source.into() }
    }
}

/// Returns an id for a message. White space and invisible characters in it would be overlooked, so
/// such an id is quoted, with escapes.
///
/// ```
/// # use testamur_pipeline::error::shown_id;
/// assert_eq!(shown_id("u-1"), "u-1");
/// assert_eq!(shown_id("u 1"), "\"u 1\"");
/// assert_eq!(shown_id("u\u{200b}1"), r#""u\u{200b}1""#);
/// ```
#[must_use]
pub fn shown_id(id: &str) -> String {
    let is_hidden = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    if !id.contains(is_hidden) {
        return id.to_owned();
    }
    let escape = |c: char| match c {
        ' ' => c.to_string(),
        '"' | '\\' => format!("\\{c}"),
        c if is_hidden(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    format!("\"{}\"", id.chars().map(escape).collect::<String>())
}

/// Returns an error and all its causes in one line, separated by `: `.
#[must_use]
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
