//! Standard output and standard error. A closed pipe never stops the work.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use testamur_pipeline::error::chain;

use crate::error::CliError;

/// Prints a line to standard output.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) {
    print_line(&serde_json::to_string(value).expect("printed values have string keys only"));
}

/// Prints a line to standard error.
pub(crate) fn eprint_line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error with its causes and a hint. On a terminal, Typst's diagnostics are in color.
pub(crate) fn print_error(error: &CliError) {
    if let CliError::Render(error) = error
        && let Some(diagnostics) = error.diagnostics()
        && io::stderr().is_terminal()
    {
        return eprint_line(diagnostics.colored().trim_end());
    }
    eprint_line(&format!("error: {}", chain(error)));
    if let Some(hint) = error.hint() {
        eprint_line(&format!("hint: {hint}"));
    }
}

/// Replaces each control character by an escape such as `\u{1b}`, because untrusted text could
/// otherwise send commands to the terminal.
pub(crate) fn escape_control_chars(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// Indents every line after the first by `width` spaces.
pub(crate) fn hang(text: &str, width: usize) -> String {
    text.replace('\n', &format!("\n{:width$}", ""))
}
