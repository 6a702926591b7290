//! `testamur dead-letters`: what could not be handled, and trying it again.

use std::fs;
use std::process::ExitCode;

use crate::embedded::Archive;
use crate::error::CliError;
use crate::options::{DeadLetters, DeadLettersCommand, Options, Retry};
use crate::output;
use crate::station::Station;
use crate::worker;

pub(crate) fn run(options: &Options, command: &DeadLetters) -> Result<ExitCode, CliError> {
    match &command.command {
        DeadLettersCommand::Show => show(options),
        DeadLettersCommand::Retry(command) => retry(options, command),
    }
}

fn show(options: &Options) -> Result<ExitCode, CliError> {
    let letters = Archive::open(&options.out)?.dead_letters()?;
    for letter in &letters {
        if options.json {
            output::json(letter);
        } else {
            output::line(&format!(
                "{}  {}  {}  after {}",
                letter.id,
                letter.failed_at,
                letter.kind,
                letter.attempts_text()
            ));
            output::line(&format!("  reason  {}", letter.reason.replace('\n', "\n          ")));
            output::line(&format!("  event   {}", output::visible(&letter.event)));
        }
    }
    if letters.is_empty() && !options.json {
        output::line("no dead letters");
    }
    Ok(ExitCode::SUCCESS)
}

fn retry(options: &Options, command: &Retry) -> Result<ExitCode, CliError> {
    let letters = Archive::open(&options.out)?.dead_letters()?;
    for id in &command.ids {
        if !letters.iter().any(|letter| letter.id == *id) {
            return Err(CliError::Unknown { what: "dead letter", id: id.clone() });
        }
    }
    let repaired = match (&command.event, command.ids.len()) {
        (None, _) => None,
        (Some(file), 1) => {
            let text = fs::read_to_string(file).map_err(|e| CliError::file("read", file, &e))?;
            Some(text.trim().to_owned())
        }
        (Some(_), _) => return Err(CliError::Setting("--event repairs one dead letter: name one".to_owned())),
    };
    let chosen =
        letters.into_iter().filter(|letter| command.ids.is_empty() || command.ids.contains(&letter.id)).collect();
    let station = Station::open(options, &command.deployment, &command.directory)?;
    worker::run(options, &station, async |queue| queue.put_back(chosen, repaired).await)
}
