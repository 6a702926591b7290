//! Says what became of each event, and in the end of all of them. Names and addresses of learners are not printed.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;
use testamur_pipeline::CertificateRecord;

use super::worker::Outcome;
use crate::args::Cli;
use crate::local::{EventKind, Message};
use crate::terminal;

/// From how many completions on a terminal shows a bar instead of lines.
const MANY: u64 = 40;

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
    mailed: u64,
    without_address: u64,
    suppressed: u64,
    dead_letters: u64,
}

impl Progress {
    pub(super) fn new(cli: &Cli, completions: u64) -> Self {
        let bar = (completions >= MANY
            && !cli.json
            && io::stdout().is_terminal()
            && io::stderr().is_terminal())
        .then(|| bar(completions));
        Self { json: cli.json, state_dir: cli.state_dir.clone(), bar, totals: Totals::default() }
    }

    pub(super) fn add(&mut self, message: &Message, outcome: &Outcome) {
        self.count(outcome);
        if let (Some(bar), EventKind::CourseCompleted) = (&self.bar, message.kind)
            && !matches!(outcome, Outcome::Retry { .. })
        {
            bar.inc(1);
        }
        if self.json {
            terminal::print_json(&object(message, outcome));
        } else if let Some(line) = self.line(message, outcome) {
            self.print(outcome, &line);
        }
    }

    /// Prints the totals and gives the exit code they mean.
    pub(super) fn finish(self) -> ExitCode {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let totals = &self.totals;
        if self.json {
            terminal::print_json(&json!({ "totals": totals }));
        } else {
            for line in self.summary() {
                terminal::print_line(&line);
            }
        }
        if totals.dead_letters == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }

    fn count(&mut self, outcome: &Outcome) {
        let totals = &mut self.totals;
        match outcome {
            Outcome::Issued(_) => totals.issued += 1,
            Outcome::AlreadyIssued(_) => totals.already_issued += 1,
            Outcome::Mailed => totals.mailed += 1,
            Outcome::NoAddress => totals.without_address += 1,
            Outcome::Suppressed => totals.suppressed += 1,
            Outcome::DeadLettered { .. } => totals.dead_letters += 1,
            Outcome::AlreadyMailed | Outcome::Retry { .. } => {}
        }
    }

    /// What a person wants to know of one message; e-mails that go well are only counted.
    fn line(&self, message: &Message, outcome: &Outcome) -> Option<String> {
        Some(match outcome {
            Outcome::Issued(record) => {
                let file = self.state_dir.join(record.keys().pdf);
                let language =
                    record.requested_locale.as_ref().map_or_else(String::new, |wanted| {
                        format!(
                            "  in {}: template {} has no {}",
                            record.locale,
                            record.template.id,
                            terminal::escape_control_chars(wanted)
                        )
                    });
                format!("issued    {}  {}{language}", record.enrollment_id, file.display())
            }
            Outcome::AlreadyIssued(record) => {
                format!("already   {}  {}", record.enrollment_id, record.certificate_id)
            }
            Outcome::Retry { reason } => {
                format!("retrying  attempt {} failed: {reason}", message.attempt)
            }
            Outcome::DeadLettered { reason, .. } => {
                format!("rejected  {}  {reason}", message.dead_letter_id())
            }
            Outcome::Mailed | Outcome::AlreadyMailed | Outcome::NoAddress | Outcome::Suppressed => {
                return None;
            }
        })
    }

    /// With a bar only failures are printed, above it.
    fn print(&self, outcome: &Outcome, line: &str) {
        let failed = matches!(outcome, Outcome::Retry { .. } | Outcome::DeadLettered { .. });
        match &self.bar {
            Some(bar) if failed => bar.suspend(|| terminal::print_line(line)),
            Some(_) => {}
            None => terminal::print_line(line),
        }
    }

    fn summary(&self) -> Vec<String> {
        let totals = &self.totals;
        let mut parts = vec![format!("{} issued", totals.issued)];
        let mut more = |count: u64, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        more(totals.already_issued, "already issued");
        more(totals.mailed, if totals.mailed == 1 { "e-mail" } else { "e-mails" });
        more(totals.without_address, "without an address");
        more(totals.suppressed, "to a suppressed address");
        more(
            totals.dead_letters,
            if totals.dead_letters == 1 { "dead letter" } else { "dead letters" },
        );
        let mut lines = vec![parts.join(", ")];
        if [
            totals.issued,
            totals.mailed,
            totals.without_address,
            totals.suppressed,
            totals.dead_letters,
        ] == [0; 5]
        {
            lines.push("nothing new".to_owned());
        }
        lines.push(format!("certificates: {}", self.state_dir.join("certificates").display()));
        if totals.dead_letters > 0 {
            lines.push(format!(
                "dead letters: testamur --state-dir {} dead-letters list",
                self.state_dir.display()
            ));
        }
        lines
    }
}

fn bar(completions: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} certificates, {eta} left");
    ProgressBar::new(completions).with_style(style.expect("the template is valid"))
}

/// The line that a program reads.
fn object(message: &Message, outcome: &Outcome) -> serde_json::Value {
    let certificate = |outcome: &str, record: &CertificateRecord| {
        let keys = record.keys();
        json!({
            "outcome": outcome,
            "enrollmentId": record.enrollment_id,
            "certificateId": record.certificate_id,
            "pdf": keys.pdf,
            "jpg": keys.jpg,
            "socialCard": record.social_card_url.as_ref().map(|_| keys.social_card),
            "locale": record.locale,
            "requestedLocale": record.requested_locale,
        })
    };
    let event: serde_json::Value = serde_json::from_str(&message.event).unwrap_or_default();
    let id = |name: &str| event.get(name).or_else(|| event.get("detail")?.get(name)).cloned();
    match outcome {
        Outcome::Issued(record) => certificate("issued", record),
        Outcome::AlreadyIssued(record) => certificate("already-issued", record),
        Outcome::Mailed => json!({ "outcome": "mailed", "certificateId": id("certificateId") }),
        Outcome::AlreadyMailed => {
            json!({ "outcome": "already-mailed", "certificateId": id("certificateId") })
        }
        Outcome::NoAddress => {
            json!({ "outcome": "no-address", "certificateId": id("certificateId") })
        }
        Outcome::Suppressed => {
            json!({ "outcome": "suppressed", "certificateId": id("certificateId") })
        }
        Outcome::Retry { reason } => json!({
            "outcome": "retrying",
            "enrollmentId": id("enrollmentId"),
            "certificateId": id("certificateId"),
            "attempt": message.attempt,
            "reason": reason,
        }),
        Outcome::DeadLettered { code, reason } => {
            json!({ "outcome": "dead-letter", "deadLetter": message.dead_letter_id(), "code": code, "reason": reason })
        }
    }
}
