//! The program people run: issues certificates on one machine, looks after what it has issued, and helps to design them.
//!
//! One module for each command. Those that issue share the [`station`], a whole deployment in one folder, built from the
//! adapters in [`embedded`]; those for designers share the [`catalog`] of templates and their [`snapshots`]. No rule about
//! certificates lives here: those are in the pipeline.

mod catalog;
mod check;
mod dead_letters;
mod embedded;
mod error;
mod issue;
mod list;
mod new;
mod options;
mod output;
mod preview;
mod render;
mod report;
mod review;
mod show;
mod snapshots;
mod station;
mod strings;
mod suppress;
mod test;
mod web;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::options::{Command, Options};

fn main() -> ExitCode {
    // A panic's own text could quote a learner's data; its place is what a report of the defect needs.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        output::note(&format!("testamur panicked{place}"));
    }));
    let options = Options::parse();
    let done = match &options.command {
        Command::Issue(command) => issue::run(&options, command),
        Command::Render(command) => render::run(&options, command),
        Command::List(command) => list::run(&options, command),
        Command::Show(command) => show::run(&options, command),
        Command::New(command) => new::run(&options, command),
        Command::Preview(command) => preview::run(&options, command),
        Command::Check(command) => check::run(&options, command),
        Command::Test(command) => test::run(&options, command),
        Command::Review(command) => review::run(&options, command),
        Command::DeadLetters(command) => dead_letters::run(&options, command),
        Command::Suppress(command) => suppress::run(&options, command),
    };
    done.unwrap_or_else(|error| {
        output::complain(&error);
        error.exit_code()
    })
}
