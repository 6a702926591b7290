//! The program people run: issues certificates on one machine, looks after what it has issued, and helps to design them.
//!
//! One module for each command. Those that issue share the [`deployment`], a whole deployment in one folder, built from the
//! adapters in [`embedded`]; those for designers share the [`template_dir`] of templates and their [`snapshots`]. No rule about
//! certificates lives here: those are in the pipeline.

mod args;
mod assets;
mod commands;
mod design;
mod error;
mod local;
mod terminal;
mod web;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    // A panic's own text could quote a learner's data; its place is what a report of the defect needs.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        terminal::eprint_line(&format!("testamur panicked{place}"));
    }));
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Init(command) => commands::init::run(command),
        Command::Issue(command) => commands::issue::run(&cli, command),
        Command::Render(command) => commands::render::run(&cli, command),
        Command::List(command) => commands::list::run(&cli, command),
        Command::Show(command) => commands::show::run(&cli, command),
        Command::New(command) => commands::new::run(&cli, command),
        Command::Preview(command) => commands::preview::run(&cli, command),
        Command::Check(command) => commands::check::run(&cli, command),
        Command::Test(command) => commands::test::run(&cli, command),
        Command::Review(command) => commands::review::run(&cli, command),
        Command::DeadLetters(command) => commands::dead_letters::run(&cli, command),
        Command::Suppress(command) => commands::suppress::run(&cli, command),
    };
    done.unwrap_or_else(|error| {
        terminal::print_error(&error);
        error.exit_code()
    })
}
