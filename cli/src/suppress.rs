//! `testamur suppress`: an address gets no more e-mail.

use std::process::ExitCode;

use jiff::Timestamp;
use testamur_pipeline::address::{self, AddressHash};
use testamur_pipeline::ports::{SuppressionReason, Suppressions};

use crate::embedded::{Archive, Store};
use crate::error::CliError;
use crate::options::{Options, Suppress};
use crate::output;

pub(crate) fn run(options: &Options, command: &Suppress) -> Result<ExitCode, CliError> {
    if address::parse(&command.address).is_err() {
        return Err(CliError::Setting(format!("{:?} is no e-mail address", command.address)));
    }
    let store = Store(Archive::open(&options.out)?.into_database());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|e| CliError::Setting(format!("can't start threads: {e}")))?;
    let hash = AddressHash::of(&command.address);
    runtime.block_on(store.suppress(&hash, SuppressionReason::Operator, Timestamp::now()))?;
    output::line("suppressed: this address gets no more e-mail");
    Ok(ExitCode::SUCCESS)
}
