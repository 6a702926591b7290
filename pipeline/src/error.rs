//! Every failure of the pipeline is one of two: rejected, which no repetition mends, or retryable.

use testamur_engine::{CompileError, DataError, LoadError, RenderError};

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody has to repair something first: the event goes to the dead letters with this reason.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The same event may well succeed later: it goes back to the queue.
    #[error(transparent)]
    Retryable(#[from] TransientError),
}

/// A reason that stays until somebody repairs the event, the directory or the template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The event is not what its format says.
    #[error("not a {kind} event: {reason}")]
    Event {
        /// The format, such as `CourseCompleted`.
        kind: &'static str,
        /// What is wrong and where.
        reason: String,
    },
    /// The bus will never take the event.
    #[error("can't publish this event: {0}")]
    Unpublishable(String),
    /// The directory knows no such user.
    #[error("unknown user {0}: add it to the directory, then retry")]
    UnknownUser(String),
    /// The directory knows no such course.
    #[error("unknown course {0}: add it to the directory, then retry")]
    UnknownCourse(String),
    /// What the directory knows of a user or a course can't be used.
    #[error("the directory's entry of {what} {id}: {reason}; correct it, then retry")]
    DirectoryEntry {
        /// `user` or `course`.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it; it repeats no name and no address.
        reason: String,
    },
    /// A course names a template that can't be a folder's name.
    #[error("{0:?} is no template id: use lower-case letters, digits and hyphens")]
    TemplateId(String),
    /// The course's template can't be loaded.
    #[error("template {id}: {source}", source = chain(source))]
    Template {
        /// The template's id.
        id: String,
        /// What is wrong with it.
        source: LoadError,
    },
    /// The certificate can't be typeset.
    #[error(transparent)]
    Render(RenderError),
    /// The e-mail can't be composed, or its transport refuses it for good.
    #[error("can't send this e-mail: {0}")]
    Mail(String),
}

impl Rejection {
    /// A short, stable name for counting and filtering.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Event { .. } | Self::Unpublishable(_) => "bad-event",
            Self::UnknownUser(_) => "unknown-user",
            Self::UnknownCourse(_) => "unknown-course",
            Self::DirectoryEntry { .. } => "bad-directory-entry",
            Self::TemplateId(_) | Self::Template { .. } => "bad-template",
            Self::Render(RenderError::Compile(CompileError::UnsupportedCharacter { .. })) => {
                "unsupported-character"
            }
            Self::Render(RenderError::Data(DataError::Schema(_))) => "bad-data",
            Self::Render(_) => "render-failed",
            Self::Mail(_) => "bad-mail",
        }
    }
}

/// Something the pipeline needs does not answer now.
#[derive(Debug, thiserror::Error)]
#[error("{action}: {}", chain(source.as_ref()))]
pub struct TransientError {
    /// What was attempted, such as `can't write certificates/1.pdf`.
    pub action: String,
    /// Why it failed.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransientError {
    /// Makes an error from what was attempted and why it failed.
    pub fn new(
        action: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action: action.into(), source: source.into() }
    }
}

/// Gives an error and its causes in one line. A cause that the error's own text ends with is not repeated.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// Takes out of the text of a parser's error what it quotes of the input: all between the first and the last quotation mark of a
/// kind, and what stands in backticks. Names of fields, and what was expected, stay.
///
/// ```
/// # use testamur_pipeline::error::without_values;
/// let text = r#"invalid type: string "{\"name\": \"Ada\"}", expected a map"#;
/// assert_eq!(without_values(text), "invalid type: string (…), expected a map");
/// let text = "invalid type: integer `7`, expected struct `Course`";
/// assert_eq!(without_values(text), "invalid type: integer (…), expected struct `Course`");
/// assert_eq!(without_values("missing field `userId`"), "missing field `userId`");
/// ```
#[must_use]
pub fn without_values(text: &str) -> String {
    let text = ['"', '\''].iter().fold(text.to_owned(), |text, &mark| {
        match text.find(mark).zip(text.rfind(mark)).filter(|(first, last)| first < last) {
            Some((first, last)) => format!("{}(…){}", &text[..first], &text[last + 1..]),
            None => text,
        }
    });
    let mut kept = String::new();
    for (number, part) in text.split('`').enumerate() {
        let is_ours = kept.ends_with("field ") || kept.contains("expected");
        match number % 2 {
            0 => kept.push_str(part),
            _ if is_ours => kept.push_str(&format!("`{part}`")),
            _ => kept.push_str("(…)"),
        }
    }
    kept
}
