//! E-mail: to a server where one is configured, else to files that any mail program opens.

use lettre::address::Envelope;
use lettre::{Address, SmtpTransport, Transport};
use testamur_pipeline::ports::{Mail, Mailer, Undelivered};
use testamur_pipeline::{Rejection, Unavailable};

use super::folder::Folder;
use crate::error::CliError;

/// The transport of a deployment.
pub(crate) enum Post {
    /// Writes `mail/<certificate>.eml`; the same certificate again writes the same file.
    Files(Folder),
    /// Sends by SMTP.
    Server(SmtpTransport),
}

impl Post {
    /// Chooses the server if there is a URL of one. Nothing is contacted yet.
    pub(crate) fn new(folder: Folder, smtp_url: Option<&str>) -> Result<Self, CliError> {
        let Some(url) = smtp_url else {
            return Ok(Self::Files(folder));
        };
        // The URL may hold a password, so no message repeats it.
        let server = SmtpTransport::from_url(url).map_err(|e| CliError::Setting(format!("the SMTP URL: {e}")))?;
        Ok(Self::Server(server.build()))
    }
}

impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, Undelivered> {
        match self {
            Self::Files(folder) => {
                let path = format!("mail/{}.eml", mail.certificate_id);
                folder.write(&path, mail.message.clone()).await.map_err(Undelivered::NotTaken)?;
            }
            Self::Server(server) => send(server.clone(), mail.clone()).await?,
        }
        Ok(None)
    }
}

async fn send(server: SmtpTransport, mail: Mail) -> Result<(), Undelivered> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| Unavailable::new("can't send the e-mail", e);
    let address = |text: &str| text.parse::<Address>();
    let envelope = address(&mail.from).and_then(|from| Ok((from, address(&mail.to)?)));
    let (from, to) = envelope.map_err(|e| Undelivered::NotTaken(failed(e.into())))?;
    let envelope = Envelope::new(Some(from), vec![to]).map_err(|e| Undelivered::NotTaken(failed(e.into())))?;
    match tokio::task::spawn_blocking(move || server.send_raw(&envelope, &mail.message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(refusal(&e).unwrap_or_else(|| Undelivered::Unknown(failed(e.into())))),
        Err(stopped) => Err(Undelivered::Unknown(failed(stopped.into()))),
    }
}

/// What a server answered. Only its code is told: the text often repeats the learner's address.
fn refusal(error: &lettre::transport::smtp::Error) -> Option<Undelivered> {
    let code = error.status()?;
    Some(if error.is_permanent() {
        Undelivered::Refused(Rejection::Mail(format!("the server refuses it with code {code}")))
    } else {
        let reason = format!("the server answers with code {code}");
        Undelivered::NotTaken(Unavailable::new("can't send the e-mail", reason))
    })
}
