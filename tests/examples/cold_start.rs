//! How long the functions that `lambda/package.sh x86_64` has built take to start, and to handle their first and their second event.
//!
//! They run as in Lambda, over a Runtime API of ours, and call an emulator; so this measures our programs and not AWS.

#![allow(clippy::print_stdout, reason = "it talks to whoever started it")]

use std::time::{Duration, Instant};

use serde_json::Value;
use testamur_tests::aws_emulation::{Emulator, FUNCTIONS, Function, Stack, example_event, unpack};
use testamur_tests::repository;

const RUNS: usize = 15;

#[tokio::main]
async fn main() {
    let emulator = Emulator::start();
    let stack = Stack::deploy(&emulator, "cold-start", &[("MailDelaySeconds", "86400")]).await;
    stack.pause_triggers().await;
    stack.seed_demo().await;
    let unpacked = tempfile::tempdir().expect("temporary folders can be made");
    println!(
        "median of {RUNS}, in ms\n{:14} {:>8} {:>14} {:>15}",
        "function", "start", "first event", "second event"
    );
    for name in FUNCTIONS {
        let zip = repository().join(format!("target/lambda/{name}.zip"));
        assert!(
            zip.exists(),
            "{} is not there: build it with lambda/package.sh x86_64",
            zip.display()
        );
        let package = unpacked.path().join(name);
        unpack(&zip, &package);
        let mut runs = Vec::new();
        for run in 0..RUNS {
            let function = stack.function(name, &stack.endpoint).await.from(package.clone());
            runs.push(
                measure(
                    function,
                    [run * 2, run * 2 + 1]
                        .map(|number| example_event(name, &format!("e-{number}"))),
                )
                .await,
            );
        }
        let [start, first, second] =
            [0, 1, 2].map(|part| median(runs.iter().map(|times| times[part]).collect()));
        println!("{name:14} {start:8.1} {first:14.1} {second:15.1}");
    }
}

/// Milliseconds until it asks for an event, for the first, and for the second.
async fn measure(mut function: Function, events: [Value; 2]) -> [f64; 3] {
    let mut times = [0.0; 3];
    let started = Instant::now();
    function.start().await.unwrap_or_else(|answer| panic!("{answer:?}: {:#?}", function.log()));
    times[0] = milliseconds(started.elapsed());
    for (time, event) in times[1..].iter_mut().zip(events) {
        let started = Instant::now();
        let answer = function.invoke(&event).await;
        *time = milliseconds(started.elapsed());
        assert!(answer.failures().is_empty(), "{answer:?}");
    }
    times
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
