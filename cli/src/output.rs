//! What the program prints. A closed pipe never stops the work.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use testamur_engine::RenderError;
use testamur_pipeline::error::chain;

use crate::error::CliError;

/// Prints a line.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Text from elsewhere with its control characters spelt out, so that it can't steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    let spelt = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(spelt).collect()
}

/// Prints an object as one line of JSON.
pub(crate) fn json(value: &impl Serialize) {
    line(&serde_json::to_string(value).expect("what we print has string keys only"));
}

/// Prints a line to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error with its causes; a template's faults in colour where there is a terminal.
pub(crate) fn complain(error: &CliError) {
    if let CliError::Render(RenderError::Template(faults)) = error
        && io::stderr().is_terminal()
    {
        return note(faults.colored().trim_end());
    }
    note(&format!("error: {}", chain(error)));
}
