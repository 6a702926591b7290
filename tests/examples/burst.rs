//! Completes many enrollments at once in the emulated AWS and checks that each results in exactly
//! one certificate and one e-mail.
//!
//! ```console
//! $ cargo run -p testamur-tests --example burst              # 1,000 completions
//! $ cargo run -p testamur-tests --example burst -- 200
//! ```

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::time::Instant;

use testamur_tests::aws_emulation::{Emulator, Stack};

#[tokio::main]
async fn main() {
    let count = std::env::args().nth(1).map_or(1000, |argument| {
        argument.parse().unwrap_or_else(|e| panic!("the number of completions: {argument:?}: {e}"))
    });
    println!("building the functions and starting the emulator; the first time takes minutes");
    let emulator = Emulator::start();
    let stack = Stack::deploy(&emulator, "burst", &[("MailDelaySeconds", "1")]).await;
    stack.seed().await;
    println!("completing {count} enrollments");
    let started = Instant::now();
    stack.complete_burst(count).await;
    let seconds = started.elapsed().as_secs();
    println!("{count} certificates and e-mails, each once, after {seconds} s");
}
