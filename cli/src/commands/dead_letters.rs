//! `testamur dead-letters`: lists the events that could not be handled, and retries them.

use std::fs;
use std::process::ExitCode;

use crate::args::{Cli, DeadLetters, DeadLettersCommand, Retry};
use crate::error::CliError;
use crate::local::deployment::LocalDeployment;
use crate::local::{DatabaseReader, DeadLetter, worker};
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &DeadLetters) -> Result<ExitCode, CliError> {
    match &command.command {
        DeadLettersCommand::List => list(cli),
        DeadLettersCommand::Retry(command) => retry(cli, command),
    }
}

fn list(cli: &Cli) -> Result<ExitCode, CliError> {
    let letters = DatabaseReader::open(&cli.state_dir)?.dead_letters()?;
    for letter in &letters {
        if cli.json {
            terminal::print_json(letter);
        } else {
            print(letter);
        }
    }
    if letters.is_empty() && !cli.json {
        terminal::print_line("no dead letters");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(letter: &DeadLetter) {
    let DeadLetter { id, failed_at, kind, reason, event, .. } = letter;
    let event = terminal::escape_control_chars(event);
    terminal::print_line(&format!("{id}  {failed_at}  {kind}  after {}", letter.attempts_text()));
    terminal::print_line(&format!("  reason  {}", terminal::hang(reason, 10)));
    terminal::print_line(&format!("  event   {event}"));
}

fn retry(cli: &Cli, command: &Retry) -> Result<ExitCode, CliError> {
    let replacement = replacement(command)?;
    let mut letters = DatabaseReader::open(&cli.state_dir)?.dead_letters()?;
    for id in &command.ids {
        if !letters.iter().any(|letter| letter.id == *id) {
            return Err(CliError::UnknownDeadLetter(id.clone()));
        }
    }
    if !command.ids.is_empty() {
        letters.retain(|letter| command.ids.contains(&letter.id));
    }
    let deployment = LocalDeployment::open(cli, &command.deployment, &command.lms_data)?;
    worker::run(cli, &deployment, async |queue| queue.requeue(letters, replacement).await)
}

/// Reads the event of `--event`, or returns none without that option.
fn replacement(command: &Retry) -> Result<Option<String>, CliError> {
    let Some(file) = &command.event else {
        return Ok(None);
    };
    if command.ids.len() != 1 {
        let reason = "--event replaces the event of one dead letter: pass one ID".to_owned();
        return Err(CliError::Usage(reason));
    }
    let text = fs::read_to_string(file).map_err(|e| CliError::file("read", file, e))?;
    Ok(Some(text.trim().to_owned()))
}
