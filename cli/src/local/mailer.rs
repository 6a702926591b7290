//! E-mail: to a server where one is configured, else to files that any mail program opens.

use lettre::address::Envelope;
use lettre::{Address, SmtpTransport, Transport};
use testamur_pipeline::ports::{Mail, Mailer, SendError};
use testamur_pipeline::{Rejection, TransientError};

use super::files::FileObjectStore;
use crate::error::CliError;

/// The transport of a deployment.
pub(crate) enum LocalMailer {
    /// Writes `mail/<certificate>.eml`; the same certificate again writes the same file.
    Files(FileObjectStore),
    /// Sends by SMTP.
    Server(SmtpTransport),
}

impl LocalMailer {
    /// Chooses the server if there is a URL of one. Nothing is contacted yet.
    pub(crate) fn new(folder: FileObjectStore, smtp_url: Option<&str>) -> Result<Self, CliError> {
        let Some(url) = smtp_url else {
            return Ok(Self::Files(folder));
        };
        // The URL may hold a password, so no message repeats it.
        let server = SmtpTransport::from_url(url)
            .map_err(|e| CliError::Usage(format!("the SMTP URL: {e}")))?;
        Ok(Self::Server(server.build()))
    }
}

impl Mailer for LocalMailer {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        match self {
            Self::Files(folder) => {
                let path = format!("mail/{}.eml", mail.certificate_id);
                folder.write(&path, mail.message.clone()).await.map_err(SendError::NotSent)?;
            }
            Self::Server(server) => send(server.clone(), mail.clone()).await?,
        }
        Ok(None)
    }
}

async fn send(server: SmtpTransport, mail: Mail) -> Result<(), SendError> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        TransientError::new("can't send the e-mail", e)
    };
    let address = |text: &str| text.parse::<Address>();
    let envelope = address(&mail.from).and_then(|from| Ok((from, address(&mail.to)?)));
    let (from, to) = envelope.map_err(|e| SendError::NotSent(failed(e.into())))?;
    let envelope =
        Envelope::new(Some(from), vec![to]).map_err(|e| SendError::NotSent(failed(e.into())))?;
    match tokio::task::spawn_blocking(move || server.send_raw(&envelope, &mail.message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(refusal(&e).unwrap_or_else(|| SendError::Unknown(failed(e.into())))),
        Err(stopped) => Err(SendError::Unknown(failed(stopped.into()))),
    }
}

/// What a server answered. Only its code is told: the text often repeats the learner's address.
fn refusal(error: &lettre::transport::smtp::Error) -> Option<SendError> {
    let code = error.status()?;
    Some(if error.is_permanent() {
        SendError::Rejected(Rejection::MailRefused(format!(
            "the server refuses it with code {code}"
        )))
    } else {
        let reason = format!("the server answers with code {code}");
        SendError::NotSent(TransientError::new("can't send the e-mail", reason))
    })
}
