//! The program people run: issues certificates on one machine, and looks after what it has issued.
//!
//! One module for each command; what they share is the [`station`], a whole deployment in one folder, built from the adapters
//! in [`embedded`]. No rule about certificates lives here: those are in the pipeline.

mod dead_letters;
mod embedded;
mod error;
mod issue;
mod list;
mod options;
mod output;
mod render;
mod show;
mod station;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::options::{Command, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.command {
        Command::Issue(command) => issue::run(&options, command),
        Command::Render(command) => render::run(&options, command),
        Command::List(command) => list::run(&options, command),
        Command::Show(command) => show::run(&options, command),
        Command::DeadLetters(command) => dead_letters::run(&options, command),
    };
    done.unwrap_or_else(|error| {
        output::complain(&error);
        error.exit_code()
    })
}
