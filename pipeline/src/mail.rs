//! The e-mail that announces a certificate: templates in, a complete MIME message out. And what stands for an address where
//! the address itself must not be kept.

use std::time::{Duration, SystemTime};

use idna::domain_to_ascii;
use jiff::Timestamp;
use lettre::address::AddressError;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::{Environment, UndefinedBehavior};
use sha2::{Digest, Sha256};

use crate::certificate::CertificateId;
use crate::error::Rejection;
use crate::events::CertificateGenerated;
use crate::ports::{Mail, User};

/// Stands for an address: the SHA-256 of its lower-case form, its domain in ASCII, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressHash(String);

impl AddressHash {
    /// The hash of an address, bare or as `Name <address>`.
    #[must_use]
    pub fn of(address: &str) -> Self {
        let bare = address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end().trim_end_matches('>')).trim();
        let known = self::address(bare).map_or_else(|_| bare.to_owned(), |address| address.to_string());
        let hash = Sha256::digest(known.to_lowercase());
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The files of a mail template and what they become. HTML is autoescaped by its name.
const PARTS: [&str; 3] = ["subject.txt", "body.txt", "body.html"];

/// Composes messages.
pub struct Composer {
    from: Mailbox,
    environment: Environment<'static>,
}

impl Composer {
    /// Takes the sender, such as `Testamur <certificates@example.com>`, and the mail template: `read` gives the text of
    /// `subject.txt`, `body.txt` and `body.html`.
    ///
    /// # Errors
    /// [`Rejection::Mail`] if the sender is no address or a part can't be read or parsed.
    pub fn new(from: &str, read: impl Fn(&str) -> Result<String, String>) -> Result<Self, Rejection> {
        let from = from.parse().map_err(|e| Rejection::Mail(format!("the sender {from:?}: {e}")))?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for part in PARTS {
            let text = read(part).map_err(Rejection::Mail)?;
            environment.add_template_owned(part, text).map_err(|e| Rejection::Mail(format!("{e:#}")))?;
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
        let to = address(email).map_err(|e| reject(format!("the address of user {}: {e}", event.user_id)))?;
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

/// Reads an address. A domain in other scripts becomes what mail servers know it by ([RFC 5891](https://www.rfc-editor.org/rfc/rfc5891)).
fn address(text: &str) -> Result<Address, AddressError> {
    let (user, domain) = text.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    Address::new(user, domain_to_ascii(domain).map_err(|_| AddressError::InvalidDomain)?)
}

/// Mail dates have whole seconds; times before 1970 become 1970.
fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}
