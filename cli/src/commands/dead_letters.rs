//! `testamur dead-letters`: lists the events that could not be handled, retries and drops them.

use std::fs;
use std::process::ExitCode;

use serde_json::json;
use testamur_engine::{JsonError, decode};

use crate::args::{Cli, DeadLetters, DeadLettersCommand, Drop, Retry};
use crate::error::CliError;
use crate::ids;
use crate::local::deployment::LocalDeployment;
use crate::local::{Database, DatabaseReader, DeadLetter, Queue, event_file, worker};
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &DeadLetters) -> Result<ExitCode, CliError> {
    match &command.command {
        DeadLettersCommand::List => list(cli),
        DeadLettersCommand::Retry(command) => retry(cli, command),
        DeadLettersCommand::Drop(command) => drop(cli, command),
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
    let DeadLetter { id, failed_at, kind, reason, event, source, .. } = letter;
    let event = terminal::escape_control_chars(event);
    terminal::print_line(&format!("{id}  {failed_at}  {kind}  after {}", letter.attempts_text()));
    terminal::print_line(&format!("  reason  {}", terminal::hang(reason, 10)));
    if let Some(source) = source {
        terminal::print_line(&format!("  from    {}", event_file::shown_source(source)));
    }
    terminal::print_line(&format!("  event   {event}"));
}

fn retry(cli: &Cli, command: &Retry) -> Result<ExitCode, CliError> {
    let replacement = replacement(command)?;
    let letters = select(cli, &command.ids)?;
    let deployment = LocalDeployment::open(cli, &command.deployment, &command.lms_data)?;
    worker::run(cli, &deployment, async |queue| queue.requeue(letters, replacement).await)
}

fn drop(cli: &Cli, command: &Drop) -> Result<ExitCode, CliError> {
    let mut letters = select(cli, &command.ids)?;
    if let Some(code) = &command.code {
        letters.retain(|letter| letter.code == *code);
    }
    let ids = letters.iter().map(|letter| letter.id.clone()).collect();
    let queue = Queue(Database::open_existing(&cli.state_dir)?);
    worker::block_on(queue.drop_dead_letters(ids))?;
    for letter in &letters {
        if cli.json {
            terminal::print_json(&json!({ "dropped": letter.id, "code": letter.code }));
        } else {
            terminal::print_line(&format!("dropped  {}  {}", letter.id, letter.code));
        }
    }
    if letters.is_empty() && !cli.json {
        terminal::print_line("no dead letters");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the dead letters with these ids, or all without ids. Fails if an id is unknown.
fn select(cli: &Cli, ids: &[String]) -> Result<Vec<DeadLetter>, CliError> {
    let mut letters = DatabaseReader::open(&cli.state_dir)?.dead_letters()?;
    let ids: Vec<_> = ids.iter().map(|id| ids::as_seen(id)).collect();
    if let Some(unknown) = ids.iter().find(|id| !letters.iter().any(|letter| letter.id == **id)) {
        return Err(CliError::UnknownDeadLetter(unknown.clone()));
    }
    if !ids.is_empty() {
        letters.retain(|letter| ids.contains(&letter.id));
    }
    Ok(letters)
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
    let bytes = fs::read(file).map_err(|e| CliError::file("read", file, e))?;
    let invalid = |e: JsonError| CliError::Content { path: file.clone(), reason: e.to_string() };
    Ok(Some(decode(&bytes).map_err(invalid)?.trim().to_owned()))
}
