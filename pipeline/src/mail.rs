//! Composes the e-mail of a certificate as a complete MIME message from the files of a mail
//! template.

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::address::{AddressError, Envelope};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use minijinja::{Environment, UndefinedBehavior};

use crate::error::Rejection;
use crate::model::address;
use crate::model::events::CertificateGenerated;
use crate::ports::{Mail, User};

/// The files of a mail template, MiniJinja. The name's extension makes MiniJinja escape the values
/// in `body.html`.
const PARTS: [&str; 3] = ["subject.txt", "body.txt", "body.html"];

/// Why a mail template or its sender can't be used. It occurs when a program starts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailTemplateError {
    /// The sender is not an e-mail address.
    #[error("sender {sender:?} is not valid, use a form such as Testamur <mail@example.com>")]
    Sender {
        /// The configured sender.
        sender: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// A file of the template can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file of the template is not a valid MiniJinja template.
    #[error("can't parse {}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        source: minijinja::Error,
    },
}

/// Composes messages from a mail template.
pub struct MailComposer {
    from: Mailbox,
    environment: Environment<'static>,
}

impl MailComposer {
    /// Loads the mail template in `folder`: `subject.txt`, `body.txt` and `body.html`. `from` is
    /// the sender, such as `Testamur <certificates@example.com>`.
    ///
    /// # Errors
    /// [`MailTemplateError`] if the sender is malformed or a file can't be read or parsed.
    pub fn load(from: &str, folder: impl AsRef<Path>) -> Result<Self, MailTemplateError> {
        Self::new(from, |part| {
            let path = folder.as_ref().join(part);
            match fs::read_to_string(&path) {
                Ok(text) => Ok((path, text)),
                Err(source) => Err(MailTemplateError::Read { path, source }),
            }
        })
    }

    /// Like [`Self::load`], with the files from memory: `read` returns the text of a file, such as
    /// `subject.txt`.
    ///
    /// # Errors
    /// [`MailTemplateError`] if the sender is malformed, or if a file is missing or can't be
    /// parsed.
    pub fn from_memory<'a>(
        from: &str,
        read: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, MailTemplateError> {
        Self::new(from, |part| {
            let path = PathBuf::from(part);
            match read(part) {
                Some(text) => Ok((path, text.to_owned())),
                None => {
                    let source = std::io::ErrorKind::NotFound.into();
                    Err(MailTemplateError::Read { path, source })
                }
            }
        })
    }

    fn new(
        from: &str,
        read: impl Fn(&'static str) -> Result<(PathBuf, String), MailTemplateError>,
    ) -> Result<Self, MailTemplateError> {
        let from = from
            .parse()
            .map_err(|source| MailTemplateError::Sender { sender: from.to_owned(), source })?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for part in PARTS {
            let (path, text) = read(part)?;
            environment
                .add_template_owned(part, text)
                .map_err(|source| MailTemplateError::Syntax { path, source })?;
        }
        Ok(Self { from, environment })
    }

    /// Composes the message of a certificate. Returns `None` if the user has no address. The same
    /// input gives the same bytes.
    ///
    /// # Errors
    /// [`Rejection::MailAddress`] if the address is malformed, [`Rejection::MailTemplate`] if a
    /// file fails to render, and [`Rejection::MailMessage`] if the recipient can't be encoded in a
    /// header.
    pub fn compose(
        &self,
        event: &CertificateGenerated,
        user: &User,
        now: Timestamp,
    ) -> Result<Option<Mail>, Rejection> {
        let Some(email) = &user.email else {
            return Ok(None);
        };
        let user_id = || event.user_id.clone();
        let to = address::parse(email)
            .map_err(|reason| Rejection::MailAddress { user_id: user_id(), reason })?;
        let message = self
            .message(event, Mailbox::new(Some(event.user_name.clone()), to.clone()), now)?
            .ok_or_else(|| Rejection::MailMessage { user_id: user_id() })?;
        Ok(Some(Mail {
            certificate_id: event.certificate_id,
            from: self.from.email.to_string(),
            to: to.to_string(),
            message: message.formatted(),
        }))
    }

    /// Builds the message. Returns `None` if the headers can't be encoded; the encoder's own error
    /// can quote the name.
    fn message(
        &self,
        event: &CertificateGenerated,
        to: Mailbox,
        now: Timestamp,
    ) -> Result<Option<Message>, Rejection> {
        let [subject, text, html] = self.render(event)?;
        let id = event.certificate_id;
        let bodies = MultiPart::alternative()
            // The boundary is random by default. It is derived from the id, because the same input
            // must give the same bytes.
            .boundary(format!("testamur-{id}"))
            .singlepart(SinglePart::plain(text))
            .singlepart(SinglePart::html(html));
        // Without it, the builder would parse the addresses again, and refuse rare forms such as
        // `ada@[192.0.2.1]`.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]).ok();
        let Some(envelope) = envelope else { return Ok(None) };
        let message = Message::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(to)
            .subject(subject.split_whitespace().collect::<Vec<_>>().join(" "))
            // RFC 3834: no vacation responder answers to this message.
            .header(AutoSubmitted)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(system_time(now))
            .multipart(bodies);
        Ok(message.ok())
    }

    fn render(&self, event: &CertificateGenerated) -> Result<[String; 3], Rejection> {
        let event = minijinja::Value::from(minijinja::value::Serde(event));
        let part = |name: &str| self.environment.get_template(name)?.render(event.clone());
        let [subject, text, html] = PARTS.map(part);
        let all = || Ok([subject?, text?, html?]);
        all().map_err(|e| Rejection::MailTemplate(describe(&e)))
    }
}

/// Describes a failure to render by its kind and place. MiniJinja's own text can quote a value of
/// the event.
fn describe(error: &minijinja::Error) -> String {
    match (error.name(), error.line()) {
        (Some(name), Some(line)) => format!("{} in {name}, line {line}", error.kind()),
        _ => error.kind().to_string(),
    }
}

/// Converts to the type of mail dates, which have whole seconds. A time before 1970 becomes 1970.
fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}

/// The header that tells mail programs that no person wrote the message.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
