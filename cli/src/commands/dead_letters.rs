//! `testamur dead-letters`: what could not be handled, and trying it again.

use std::fs;
use std::process::ExitCode;

use crate::args::{Cli, DeadLetters, DeadLettersCommand, Retry};
use crate::error::CliError;
use crate::local::DatabaseReader;
use crate::local::deployment::LocalDeployment;
use crate::local::worker;
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &DeadLetters) -> Result<ExitCode, CliError> {
    match &command.command {
        DeadLettersCommand::List => show(cli),
        DeadLettersCommand::Retry(command) => retry(cli, command),
    }
}

fn show(cli: &Cli) -> Result<ExitCode, CliError> {
    let letters = DatabaseReader::open(&cli.state_dir)?.dead_letters()?;
    for letter in &letters {
        if cli.json {
            terminal::print_json(letter);
        } else {
            terminal::print_line(&format!(
                "{}  {}  {}  after {}",
                letter.id,
                letter.failed_at,
                letter.kind,
                letter.attempts_text()
            ));
            terminal::print_line(&format!(
                "  reason  {}",
                letter.reason.replace('\n', "\n          ")
            ));
            terminal::print_line(&format!(
                "  event   {}",
                terminal::escape_control_chars(&letter.event)
            ));
        }
    }
    if letters.is_empty() && !cli.json {
        terminal::print_line("no dead letters");
    }
    Ok(ExitCode::SUCCESS)
}

fn retry(cli: &Cli, command: &Retry) -> Result<ExitCode, CliError> {
    let letters = DatabaseReader::open(&cli.state_dir)?.dead_letters()?;
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
        (Some(_), _) => {
            return Err(CliError::Usage("--event repairs one dead letter: name one".to_owned()));
        }
    };
    let chosen = letters
        .into_iter()
        .filter(|letter| command.ids.is_empty() || command.ids.contains(&letter.id))
        .collect();
    let deployment = LocalDeployment::open(cli, &command.deployment, &command.lms_data)?;
    worker::run(cli, &deployment, async |queue| queue.requeue(chosen, repaired).await)
}
