//! Prints the outcome of each event, and the totals at the end. Never prints names or addresses
//! of learners.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use testamur_pipeline::CertificateRecord;
use testamur_pipeline::model::fields::Fields;

use super::worker::Outcome;
use crate::args::Cli;
use crate::local::{EventKind, Message};
use crate::terminal;

/// The number of completions from which a terminal shows a bar instead of lines.
const MIN_COMPLETIONS_FOR_BAR: u64 = 40;

pub(super) struct Progress {
    json: bool,
    state_dir: PathBuf,
    bar: Option<ProgressBar>,
    totals: Totals,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    issued: u64,
    already_issued: u64,
    emails_sent: u64,
    no_address: u64,
    suppressed: u64,
    dead_letters: u64,
}

impl Progress {
    /// Starts with all totals at zero. `completions` is the number of events in the queue.
    pub(super) fn new(cli: &Cli, completions: u64) -> Self {
        let shows_bar = completions >= MIN_COMPLETIONS_FOR_BAR
            && !cli.json
            && io::stdout().is_terminal()
            && io::stderr().is_terminal();
        Self {
            json: cli.json,
            state_dir: cli.state_dir.clone(),
            bar: shows_bar.then(|| bar(completions)),
            totals: Totals::default(),
        }
    }

    /// Counts and prints one outcome.
    pub(super) fn add(&mut self, message: &Message, outcome: &Outcome) {
        self.totals.count(outcome);
        if let (Some(bar), EventKind::CourseCompleted) = (&self.bar, message.kind)
            && !matches!(outcome, Outcome::Retry { .. })
        {
            bar.inc(1);
        }
        if self.json {
            terminal::print_json(&OutcomeJson::new(message, outcome));
        } else if let Some(line) = self.line(message, outcome) {
            self.print(outcome, &line);
        }
    }

    /// Prints the totals and returns the exit code: 1 if there are dead letters.
    pub(super) fn finish(self) -> ExitCode {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.json {
            terminal::print_json(&TotalsJson { totals: &self.totals });
        } else {
            self.summary().iter().for_each(|line| terminal::print_line(line));
        }
        if self.totals.dead_letters == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }

    /// Returns the line for one outcome. E-mails that are sent or skipped are only counted.
    fn line(&self, message: &Message, outcome: &Outcome) -> Option<String> {
        let (status, text) = match outcome {
            Outcome::Issued(record) => {
                let file = self.state_dir.join(record.keys().pdf);
                let (id, locale) = (&record.enrollment_id, locale_note(record));
                ("issued", format!("{id}  {}{locale}", file.display()))
            }
            Outcome::AlreadyIssued(record) => {
                ("already issued", format!("{}  {}", record.enrollment_id, record.certificate_id))
            }
            Outcome::Retry { reason } => {
                ("retrying", format!("attempt {} failed: {reason}", message.attempt))
            }
            Outcome::DeadLettered { reason, .. } => {
                let from = message.source.as_ref().map_or_else(String::new, |s| format!(" ({s})"));
                ("dead letter", format!("{}  {reason}{from}", message.dead_letter_id()))
            }
            Outcome::EmailSent
            | Outcome::EmailAlreadySent
            | Outcome::NoAddress
            | Outcome::Suppressed => return None,
        };
        Some(format!("{status:<14}  {text}"))
    }

    /// Prints a line. While there is a bar, only failures are printed, above it.
    fn print(&self, outcome: &Outcome, line: &str) {
        let has_failed = matches!(outcome, Outcome::Retry { .. } | Outcome::DeadLettered { .. });
        match &self.bar {
            Some(bar) if has_failed => bar.suspend(|| terminal::print_line(line)),
            Some(_) => {}
            None => terminal::print_line(line),
        }
    }

    fn summary(&self) -> Vec<String> {
        let state_dir = self.state_dir.display();
        let mut lines = vec![self.totals.text()];
        if self.totals.is_unchanged() {
            lines.push("nothing new".to_owned());
        }
        lines.push(format!("certificates: {}", self.state_dir.join("certificates").display()));
        if self.totals.dead_letters > 0 {
            lines.push(format!("dead letters: testamur --state-dir {state_dir} dead-letters list"));
        }
        lines
    }
}

impl Totals {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Issued(_) => self.issued += 1,
            Outcome::AlreadyIssued(_) => self.already_issued += 1,
            Outcome::EmailSent => self.emails_sent += 1,
            Outcome::NoAddress => self.no_address += 1,
            Outcome::Suppressed => self.suppressed += 1,
            Outcome::DeadLettered { .. } => self.dead_letters += 1,
            Outcome::EmailAlreadySent | Outcome::Retry { .. } => {}
        }
    }

    /// Returns whether the run has added nothing to the state folder.
    fn is_unchanged(&self) -> bool {
        self.issued + self.emails_sent + self.no_address + self.suppressed + self.dead_letters == 0
    }

    /// Returns the totals as text, such as `2 issued, 2 e-mails`.
    fn text(&self) -> String {
        let plural = |count: u64, one: &'static str, many| if count == 1 { one } else { many };
        let others = [
            (self.already_issued, "already issued"),
            (self.emails_sent, plural(self.emails_sent, "e-mail", "e-mails")),
            (self.no_address, "without an address"),
            (self.suppressed, "to a suppressed address"),
            (self.dead_letters, plural(self.dead_letters, "dead letter", "dead letters")),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0);
        others.fold(format!("{} issued", self.issued), |text, (count, what)| {
            format!("{text}, {count} {what}")
        })
    }
}

fn bar(completions: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} certificates, {eta} left");
    ProgressBar::new(completions).with_style(style.expect("the template is valid"))
}

/// Explains the locale of a certificate whose template lacks the requested one, else is empty.
fn locale_note(record: &CertificateRecord) -> String {
    let Some(requested) = &record.requested_locale else {
        return String::new();
    };
    let (locale, template) = (&record.locale, &record.template.id);
    let requested = terminal::escape_control_chars(requested);
    format!("  in {locale}, because template {template} has no locale {requested}")
}

/// One line of `--json`.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum OutcomeJson<'a> {
    Issued(CertificateJson<'a>),
    AlreadyIssued(CertificateJson<'a>),
    EmailSent {
        certificate_id: Option<String>,
    },
    EmailAlreadySent {
        certificate_id: Option<String>,
    },
    NoAddress {
        certificate_id: Option<String>,
    },
    Suppressed {
        certificate_id: Option<String>,
    },
    Retrying {
        enrollment_id: Option<String>,
        certificate_id: Option<String>,
        attempt: u32,
        reason: &'a str,
    },
    DeadLetter {
        dead_letter: String,
        code: &'a str,
        reason: &'a str,
        source: Option<String>,
    },
}

/// An issued certificate. The paths are relative to the state folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateJson<'a> {
    enrollment_id: &'a str,
    certificate_id: String,
    pdf: String,
    jpg: String,
    social_card: Option<String>,
    locale: &'a str,
    requested_locale: Option<&'a str>,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct TotalsJson<'a> {
    totals: &'a Totals,
}

impl<'a> OutcomeJson<'a> {
    fn new(message: &Message, outcome: &'a Outcome) -> Self {
        let certificate_id = id(&message.event, "certificateId");
        match outcome {
            Outcome::Issued(record) => Self::Issued(record.into()),
            Outcome::AlreadyIssued(record) => Self::AlreadyIssued(record.into()),
            Outcome::EmailSent => Self::EmailSent { certificate_id },
            Outcome::EmailAlreadySent => Self::EmailAlreadySent { certificate_id },
            Outcome::NoAddress => Self::NoAddress { certificate_id },
            Outcome::Suppressed => Self::Suppressed { certificate_id },
            Outcome::Retry { reason } => Self::Retrying {
                enrollment_id: id(&message.event, "enrollmentId"),
                certificate_id,
                attempt: message.attempt,
                reason,
            },
            Outcome::DeadLettered { code, reason } => {
                let source = message.source.clone();
                Self::DeadLetter { dead_letter: message.dead_letter_id(), code, reason, source }
            }
        }
    }
}

impl<'a> From<&'a CertificateRecord> for CertificateJson<'a> {
    fn from(record: &'a CertificateRecord) -> Self {
        let keys = record.keys();
        Self {
            enrollment_id: &record.enrollment_id,
            certificate_id: record.certificate_id.to_string(),
            pdf: keys.pdf,
            jpg: keys.jpg,
            social_card: record.social_card_url.as_ref().map(|_| keys.social_card),
            locale: &record.locale,
            requested_locale: record.requested_locale.as_deref(),
        }
    }
}

/// Returns an id in an event, which may be in an EventBridge envelope.
fn id(event: &str, name: &'static str) -> Option<String> {
    let mut fields = Fields::parse(event).ok()?;
    fields.id(name).or_else(|_| fields.object("detail")?.id(name)).ok()
}
