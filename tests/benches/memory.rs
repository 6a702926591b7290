//! Memory use: renders 10,000 certificates and prints the peak after each thousand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a benchmark prints and may panic"
)]

use std::fs;

use testamur_engine::{Engine, Fonts, JpegEncoder, PdfMetadata};
use testamur_tests::{learner, repository};

fn main() {
    let fonts = Fonts::load(repository().join("fonts")).unwrap();
    let template = Engine::new(fonts).load(repository().join("templates/completion")).unwrap();
    for number in 1..=10_000 {
        let document = template.compile(&learner(number)).unwrap();
        document.pdf(&PdfMetadata::new("bench")).unwrap();
        document.jpg(JpegEncoder::Fast).unwrap();
        if number % 1000 == 0 {
            println!("{number:6} renders, peak {}", peak());
        }
    }
}

/// Returns the peak resident set size, as the Linux kernel reports it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
}
