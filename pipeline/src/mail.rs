//! The e-mail that announces a certificate: templates in, a complete MIME message out.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use minijinja::{Environment, UndefinedBehavior};

use crate::error::Rejection;
use crate::model::address;
use crate::model::certificate::CertificateId;
use crate::model::events::CertificateGenerated;
use crate::ports::{Mail, User};

/// The files of a mail template and what they become. HTML is autoescaped by its name.
const PARTS: [&str; 3] = ["subject.txt", "body.txt", "body.html"];

/// Composes messages.
pub struct MailComposer {
    from: Mailbox,
    environment: Environment<'static>,
}

impl MailComposer {
    /// Takes the sender, such as `Testamur <certificates@example.com>`, and the folder of the mail template, which holds
    /// `subject.txt`, `body.txt` and `body.html`.
    ///
    /// # Errors
    /// [`Rejection::Mail`] if the sender is no address or a part can't be read or parsed.
    pub fn load(from: &str, folder: &Path) -> Result<Self, Rejection> {
        Self::new(from, |part| {
            let path = folder.join(part);
            let unreadable = |e| Rejection::Mail(format!("can't read {}: {e}", path.display()));
            fs::read_to_string(&path).map_err(unreadable)
        })
    }

    /// Takes the sender, and a function that returns the text of a part of the mail template by its name.
    ///
    /// # Errors
    /// [`Rejection::Mail`] if the sender is malformed or a part is missing or can't be parsed.
    pub fn from_memory<'a>(
        from: &str,
        read: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, Rejection> {
        Self::new(from, |part| {
            let text = read(part).map(str::to_owned);
            text.ok_or_else(|| Rejection::Mail(format!("the mail template has no {part}")))
        })
    }

    fn new(
        from: &str,
        read: impl Fn(&str) -> Result<String, Rejection>,
    ) -> Result<Self, Rejection> {
        let from =
            from.parse().map_err(|e| Rejection::Mail(format!("the sender {from:?}: {e}")))?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for part in PARTS {
            environment
                .add_template_owned(part, read(part)?)
                .map_err(|e| Rejection::Mail(format!("{e:#}")))?;
        }
        Ok(Self { from, environment })
    }

    /// Composes the message for a certificate; none if the learner has no address. The same input gives the same bytes.
    ///
    /// # Errors
    /// [`Rejection::Mail`] if the learner's address is none or a template fails.
    pub fn compose(
        &self,
        id: CertificateId,
        event: &CertificateGenerated,
        user: &User,
    ) -> Result<Option<Mail>, Rejection> {
        let Some(email) = &user.email else {
            return Ok(None);
        };
        let reject = |reason: String| Rejection::Mail(reason);
        let to = address::parse(email)
            .map_err(|e| reject(format!("the address of user {}: {e}", event.user_id)))?;
        let [subject, text, html] = self.render(event)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(event.user_name.clone()), to.clone()))
            .subject(subject.split_whitespace().collect::<Vec<_>>().join(" "))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(system_time(event.issued_at))
            .multipart(
                MultiPart::alternative()
                    .boundary(format!("testamur-{id}"))
                    .singlepart(SinglePart::plain(text))
                    .singlepart(SinglePart::html(html)),
            )
            .map_err(|e| reject(e.to_string()))?;
        Ok(Some(Mail {
            certificate_id: id,
            from: self.from.email.to_string(),
            to: to.to_string(),
            message: message.formatted(),
        }))
    }

    fn render(&self, event: &CertificateGenerated) -> Result<[String; 3], Rejection> {
        let event = minijinja::Value::from(minijinja::value::Serde(event));
        let part = |name: &str| self.environment.get_template(name)?.render(event.clone());
        let [subject, text, html] = PARTS.map(part);
        let all = || Ok([subject?, text?, html?]);
        all().map_err(|e: minijinja::Error| Rejection::Mail(format!("{e:#}")))
    }
}

/// Mail dates have whole seconds; times before 1970 become 1970.
fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}
