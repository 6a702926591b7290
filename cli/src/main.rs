//! The command-line program: issues certificates on one machine, manages what it has issued, and
//! previews and tests templates.
//!
//! Each command is one module of [`commands`]. Commands that issue share [`local`], a deployment
//! with all state in one folder. Commands for designers share [`design`], the templates and their
//! snapshots, and [`web`], the local web pages. The rules of certificates are in the pipeline.

mod args;
mod assets;
mod commands;
mod design;
mod error;
mod ids;
mod local;
mod terminal;
mod web;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    // The message of a panic could quote a learner's data, so only its location is printed.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        terminal::eprint_line(&format!("testamur panicked{location}: please report this defect"));
    }));
    let cli = Cli::parse();
    let result = match &cli.command {
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
    result.unwrap_or_else(|error| {
        terminal::print_error(&error);
        error.exit_code()
    })
}
