//! `testamur suppress`: adds an address to the suppression list.

use std::process::ExitCode;

use jiff::Timestamp;
use testamur_pipeline::model::address::{self, AddressHash};
use testamur_pipeline::ports::{SuppressionList, SuppressionReason};

use crate::args::{Cli, Suppress};
use crate::error::CliError;
use crate::local::{Database, SqliteStore, worker};
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Suppress) -> Result<ExitCode, CliError> {
    if address::parse(&command.address).is_err() {
        let reason = format!("{:?} is not a valid e-mail address", command.address);
        return Err(CliError::Usage(reason));
    }
    let list = SqliteStore(Database::open_existing(&cli.state_dir)?);
    let hash = AddressHash::of(&command.address);
    worker::block_on(list.suppress(&hash, SuppressionReason::Operator, Timestamp::now()))?;
    terminal::print_line("suppressed: no more e-mail is sent to this address");
    Ok(ExitCode::SUCCESS)
}
