//! `testamur suppress`: an address gets no more e-mail.

use std::process::ExitCode;

use jiff::Timestamp;
use testamur_pipeline::model::address::{self, AddressHash};
use testamur_pipeline::ports::{SuppressionList, SuppressionReason};

use crate::args::{Cli, Suppress};
use crate::error::CliError;
use crate::local::{DatabaseReader, SqliteStore};
use crate::terminal;

pub(crate) fn run(cli: &Cli, command: &Suppress) -> Result<ExitCode, CliError> {
    if address::parse(&command.address).is_err() {
        return Err(CliError::Usage(format!("{:?} is no e-mail address", command.address)));
    }
    let store = SqliteStore(DatabaseReader::open(&cli.state_dir)?.into_database());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|e| CliError::Usage(format!("can't start threads: {e}")))?;
    let hash = AddressHash::of(&command.address);
    runtime.block_on(store.suppress(&hash, SuppressionReason::Operator, Timestamp::now()))?;
    terminal::print_line("suppressed: this address gets no more e-mail");
    Ok(ExitCode::SUCCESS)
}
