//! E-mail, sent to an SMTP server if one is configured, else written to `.eml` files, which most
//! mail programs open.

use std::error::Error;

use lettre::address::Envelope;
use lettre::{Address, SmtpTransport, Transport};
use testamur_pipeline::ports::{Mail, Mailer, SendError};
use testamur_pipeline::{Rejection, TransientError};

use super::files::FileObjectStore;
use crate::error::CliError;

/// The e-mail transport of a deployment.
pub(crate) enum LocalMailer {
    /// Writes `mail/<certificate id>.eml`. A second e-mail for a certificate replaces the first.
    Files(FileObjectStore),
    /// Sends by SMTP.
    Smtp(SmtpTransport),
}

impl LocalMailer {
    /// Chooses SMTP if there is a URL, else files. Does not connect yet.
    pub(crate) fn new(files: FileObjectStore, smtp_url: Option<&str>) -> Result<Self, CliError> {
        let Some(url) = smtp_url else {
            return Ok(Self::Files(files));
        };
        // The URL may contain a password, so the message does not repeat it.
        let transport = SmtpTransport::from_url(url)
            .map_err(|e| CliError::Usage(format!("--smtp-url is invalid: {e}")))?;
        Ok(Self::Smtp(transport.build()))
    }
}

impl Mailer for LocalMailer {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        match self {
            Self::Files(files) => {
                let path = format!("mail/{}.eml", mail.certificate_id);
                files.write(&path, mail.message.clone()).await.map_err(SendError::NotSent)?;
            }
            Self::Smtp(transport) => send(transport.clone(), mail.clone()).await?,
        }
        Ok(None)
    }
}

async fn send(transport: SmtpTransport, mail: Mail) -> Result<(), SendError> {
    let envelope = envelope(&mail).map_err(|e| SendError::NotSent(not_sent(e)))?;
    let send = move || transport.send_raw(&envelope, &mail.message);
    match tokio::task::spawn_blocking(send).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(refused(&e).unwrap_or_else(|| SendError::Unknown(not_sent(e)))),
        Err(panic) => Err(SendError::Unknown(not_sent(panic))),
    }
}

fn envelope(mail: &Mail) -> Result<Envelope, Box<dyn Error + Send + Sync>> {
    let (from, to): (Address, Address) = (mail.from.parse()?, mail.to.parse()?);
    Ok(Envelope::new(Some(from), vec![to])?)
}

/// Returns the error of a server that answered, or none if no answer arrived. Only the reply code
/// is kept, because the text of a reply often repeats the recipient's address.
fn refused(error: &lettre::transport::smtp::Error) -> Option<SendError> {
    let code = error.status()?;
    Some(if error.is_permanent() {
        let reason = format!("the server rejected it with code {code}");
        SendError::Rejected(Rejection::MailRefused(reason))
    } else {
        SendError::NotSent(not_sent(format!("the server replied with code {code}")))
    })
}

fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> TransientError {
    TransientError::new("can't send the e-mail", source)
}
