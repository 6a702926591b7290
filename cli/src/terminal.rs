//! What the program prints. A closed pipe never stops the work.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use testamur_pipeline::error::chain;

use crate::error::CliError;

/// Prints a line.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Text from elsewhere with its control characters spelt out, so that it can't steer a terminal.
pub(crate) fn escape_control_chars(text: &str) -> String {
    let spelt =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(spelt).collect()
}

/// Prints an object as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) {
    print_line(&serde_json::to_string(value).expect("what we print has string keys only"));
}

/// Prints a line to standard error.
pub(crate) fn eprint_line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error with its causes; a template's faults in colour where there is a terminal.
pub(crate) fn print_error(error: &CliError) {
    if let CliError::Render(error) = error
        && let Some(diagnostics) = error.diagnostics()
        && io::stderr().is_terminal()
    {
        return eprint_line(diagnostics.colored().trim_end());
    }
    eprint_line(&format!("error: {}", chain(error)));
}
