//! Composes the e-mail of a certificate as a complete MIME message from the files of a mail
//! template.

mod fault;
mod strings;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use minijinja::{Environment, UndefinedBehavior, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Rejection;
use crate::model::address::{self, AddressError};
use crate::model::certificate::CertificateId;
use crate::model::events::CertificateGenerated;
use crate::ports::{Mail, User};

pub use fault::MailFault;
pub use strings::DEFAULT_LOCALE;
use strings::{Locales, Values};

/// The files of a mail template, MiniJinja. The name's extension makes MiniJinja escape the values
/// in `body.html`.
pub const PARTS: [&str; 3] = ["subject.txt", "body.txt", "body.html"];

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
    /// A file of strings is not usable.
    #[error("can't use the strings of the mail in {}: {reason}", path.display())]
    Strings {
        /// The file, such as `locales/pt-BR.toml`.
        path: PathBuf,
        /// What is wrong, and with which string.
        reason: String,
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

/// What the reader of an e-mail sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject, in one line.
    pub subject: String,
    /// The text for mail programs that show no HTML.
    pub text: String,
    /// The HTML document.
    pub html: String,
}

/// The format for which strings are escaped, and values in them isolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Html,
}

/// Composes messages from a mail template.
pub struct MailComposer {
    from: Mailbox,
    environment: Environment<'static>,
    locales: Locales,
}

impl MailComposer {
    /// Loads the mail template in `folder`: `subject.txt`, `body.txt`, `body.html` and the strings
    /// of each language in `locales`. `from` is the sender, such as
    /// `Testamur <certificates@example.com>`.
    ///
    /// # Errors
    /// [`MailTemplateError`] if the sender is malformed or a file can't be read or parsed.
    pub fn load(from: &str, folder: impl AsRef<Path>) -> Result<Self, MailTemplateError> {
        let folder = folder.as_ref();
        let locales = locale_files(&folder.join("locales"))?;
        Self::new(from, locales, |part| read(folder.join(part)))
    }

    /// Like [`Self::load`], with the files from memory, by their path in the folder, such as
    /// `locales/en.toml`.
    ///
    /// # Errors
    /// [`MailTemplateError`] if the sender is malformed, or if a file is missing or can't be
    /// parsed.
    pub fn from_memory<'a>(
        from: &str,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, MailTemplateError> {
        let files: Vec<_> = files.into_iter().collect();
        let locales = files
            .iter()
            .filter(|(path, _)| path.starts_with("locales/"))
            .map(|&(path, text)| (PathBuf::from(path), text.to_owned()))
            .collect();
        Self::new(from, locales, |part| {
            let path = PathBuf::from(part);
            match files.iter().find(|(file, _)| *file == part) {
                Some(&(_, text)) => Ok((path, text.to_owned())),
                None => {
                    let source = std::io::ErrorKind::NotFound.into();
                    Err(MailTemplateError::Read { path, source })
                }
            }
        })
    }

    fn new(
        from: &str,
        locales: Vec<(PathBuf, String)>,
        read: impl Fn(&'static str) -> Result<(PathBuf, String), MailTemplateError>,
    ) -> Result<Self, MailTemplateError> {
        let from = from.parse().map_err(|_| MailTemplateError::Sender {
            sender: from.to_owned(),
            source: address::explain(address::bare(from)),
        })?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for part in PARTS {
            let (path, text) = read(part)?;
            environment
                .add_template_owned(part, text)
                .map_err(|source| MailTemplateError::Syntax { path, source })?;
        }
        Ok(Self { from, environment, locales: Locales::parse(locales)? })
    }

    /// Returns the languages that have strings, such as `pt-BR`, sorted.
    #[must_use]
    pub fn locales(&self) -> &[String] {
        self.locales.tags()
    }

    /// Renders the e-mail of a sample, for designers. It has a picture if the sample has a content
    /// hash.
    ///
    /// # Errors
    /// Every unknown variable of the template, else the first other fault.
    pub fn render_sample(
        &self,
        event: &CertificateGenerated,
    ) -> Result<RenderedMail, Vec<MailFault>> {
        let unknown = self.unknown_variables(event);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let has_picture = event.content_hash.is_some();
        self.render_parts(event, has_picture).map_err(|error| vec![MailFault::from(&error)])
    }

    /// Composes the message of a certificate. Returns `None` if the user has no address. `picture`
    /// is the certificate as a JPG, which the message shows if the template does. `now` is the
    /// moment of sending, the message's `Date`. The same input gives the same bytes.
    ///
    /// # Errors
    /// [`Rejection::MailAddress`] if the address is malformed, [`Rejection::MailTemplate`] if a
    /// file fails to render, and [`Rejection::MailMessage`] if the recipient can't be encoded in a
    /// header.
    pub fn compose(
        &self,
        event: &CertificateGenerated,
        user: &User,
        picture: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Option<Mail>, Rejection> {
        let Some(email) = &user.email else {
            return Ok(None);
        };
        let user_id = || event.user_id.clone();
        let to = address::parse(email)
            .map_err(|reason| Rejection::MailAddress { user_id: user_id(), reason })?;
        let mailbox = Mailbox::new(Some(event.user_name.clone()), to.clone());
        let message = self
            .message(event, mailbox, picture, now)?
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
        picture: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Option<Message>, Rejection> {
        let RenderedMail { subject, text, html } = self.render(event, picture.is_some())?;
        let id = event.certificate_id;
        // A template that shows no picture gets none: mail programs would list it as an attachment.
        let picture = picture.filter(|_| html.contains(&picture_url(id)));
        let bodies = MultiPart::alternative()
            // The boundary is random by default. It is derived from the id, because the same input
            // must give the same bytes.
            .boundary(format!("testamur-{id}"))
            .singlepart(SinglePart::plain(text));
        let bodies = match picture {
            Some(picture) => bodies.multipart(html_with_picture(html, picture, id)),
            None => bodies.singlepart(SinglePart::html(html)),
        };
        // Without it, the builder would parse the addresses again, and refuse rare forms such as
        // `ada@[192.0.2.1]`.
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]).ok();
        let Some(envelope) = envelope else { return Ok(None) };
        let message = Message::builder()
            .envelope(envelope)
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            // RFC 3834: no vacation responder answers to this message.
            .header(AutoSubmitted)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(system_time(now))
            .multipart(bodies);
        Ok(message.ok())
    }

    fn render(
        &self,
        event: &CertificateGenerated,
        has_picture: bool,
    ) -> Result<RenderedMail, Rejection> {
        self.render_parts(event, has_picture)
            .map_err(|e| Rejection::MailTemplate(fault::describe(&e)))
    }

    /// Renders subject, text and HTML. The HTML's title is the subject.
    fn render_parts(
        &self,
        event: &CertificateGenerated,
        has_picture: bool,
    ) -> Result<RenderedMail, minijinja::Error> {
        let part = |name: &str, values| self.environment.get_template(name)?.render(values);
        let [subject_file, text_file, html_file] = PARTS;
        let in_text = self.text_values(event);
        let subject: String = part(subject_file, in_text.clone())?;
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = part(text_file, in_text)?;
        let html = part(html_file, self.html_values(event, &subject, has_picture))?;
        Ok(RenderedMail { subject, text, html })
    }

    /// Finds the variables that have no value, in all parts.
    fn unknown_variables(&self, event: &CertificateGenerated) -> Vec<MailFault> {
        let [subject_file, text_file, html_file] = PARTS;
        let in_text = self.text_values(event);
        let in_html = self.html_values(event, "", true);
        [(subject_file, &in_text), (text_file, &in_text), (html_file, &in_html)]
            .into_iter()
            .flat_map(|(part, values)| fault::unknown_variables(&self.environment, part, values))
            .collect()
    }

    /// Returns the values that `subject.txt` and `body.txt` can use.
    fn text_values(&self, event: &CertificateGenerated) -> minijinja::Value {
        self.values(event, Format::Text)
    }

    /// Returns the values that `body.html` can use.
    fn html_values(
        &self,
        event: &CertificateGenerated,
        subject: &str,
        has_picture: bool,
    ) -> minijinja::Value {
        let picture = has_picture.then(|| {
            let strings = self.text_values(event).get_attr("strings").unwrap_or_default();
            let alt = strings.get_attr("picture").ok().filter(|alt| !alt.is_undefined());
            let alt = alt.unwrap_or_else(|| event.course_name.as_str().into());
            context! { url => picture_url(event.certificate_id), alt => alt }
        });
        context! { subject => subject, picture => picture, ..self.values(event, Format::Html) }
    }

    /// Returns the values that all parts can use.
    fn values(&self, event: &CertificateGenerated, format: Format) -> minijinja::Value {
        let locale = self.locales.choose(event.locale.as_deref());
        let sender = self.from.name.as_deref().unwrap_or_else(|| self.from.email.as_ref());
        let id = event.certificate_id.to_string();
        let date = locale.date(event.issued_on);
        let values = Values {
            course: &event.course_name,
            name: &event.user_name,
            sender,
            date: &date,
            id: &id,
        };
        let strings = match format {
            Format::Text => locale.text(&values),
            Format::Html => locale.html(&values),
        };
        context! {
            locale => locale.tag,
            direction => locale.direction(),
            issuedOn => &date,
            sender => sender,
            accent => event.accent.map(|accent| accent.to_string()),
            linkedinUrl => linkedin_url(event, sender),
            strings => strings,
            ..minijinja::Value::from(minijinja::value::Serde(event))
        }
    }
}

/// `Auto-Submitted`: out-of-office programs do not answer the message
/// ([RFC 3834](https://www.rfc-editor.org/rfc/rfc3834)).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Returns the address of the picture in the HTML of an e-mail.
fn picture_url(id: CertificateId) -> String {
    format!("cid:{}", picture_id(id))
}

/// Returns the `Content-ID` of the picture.
fn picture_id(id: CertificateId) -> String {
    format!("picture-{id}@testamur")
}

/// Joins the HTML and the picture that it shows.
fn html_with_picture(html: String, picture: Vec<u8>, id: CertificateId) -> MultiPart {
    let jpeg = "image/jpeg".parse().expect("it is a media type");
    // Some mail programs give a picture without a name one of their own, such as ATT00001.
    let attachment = Attachment::new_inline_with_name(picture_id(id), "certificate.jpg".to_owned());
    // A boundary must not begin with that of the parts around.
    MultiPart::related()
        .boundary(format!("picture-{id}"))
        .singlepart(SinglePart::html(html))
        .singlepart(attachment.body(picture, jpeg))
}

/// Returns the link that adds the certificate to the learner's LinkedIn profile.
fn linkedin_url(event: &CertificateGenerated, organization: &str) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!(
        "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name={}\
         &organizationName={}&issueYear={}&issueMonth={}&certUrl={}&certId={}",
        encode(&event.course_name),
        encode(organization),
        event.issued_on.year(),
        event.issued_on.month(),
        encode(&event.certificate_url),
        event.certificate_id,
    )
}

/// Reads the files of strings in a folder, sorted. A folder that does not exist has none.
fn locale_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, MailTemplateError> {
    let failed = |source| MailTemplateError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(e)),
    };
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()
        .map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(path: PathBuf) -> Result<(PathBuf, String), MailTemplateError> {
    match fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(source) => Err(MailTemplateError::Read { path, source }),
    }
}

/// Converts to the type of mail dates, which have whole seconds. A time before 1970 becomes 1970.
fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}
