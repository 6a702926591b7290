//! Measures how long the functions take to start and to handle their first and second event.
//!
//! Needs the packages of `lambda/package.sh x86_64`. The functions run as in Lambda, with an
//! emulated Runtime API, and call an emulator. The result therefore measures the programs and not
//! AWS.

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::time::{Duration, Instant};

use serde_json::Value;
use testamur_tests::aws_emulation::{Emulator, FUNCTIONS, Function, Stack, example_event, unpack};
use testamur_tests::repository;

/// How often each function is measured.
const RUNS: usize = 15;

/// The times of one run, in milliseconds.
struct Times {
    start: f64,
    first_event: f64,
    second_event: f64,
}

#[tokio::main]
async fn main() {
    let emulator = Emulator::start();
    let stack = Stack::deploy(&emulator, "cold-start", &[("MailDelaySeconds", "86400")]).await;
    stack.pause_triggers().await;
    stack.seed_demo().await;
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    println!("median of {RUNS} runs, in ms");
    println!("{:14} {:>8} {:>14} {:>15}", "function", "start", "first event", "second event");
    for name in FUNCTIONS {
        let zip = repository().join(format!("target/lambda/{name}.zip"));
        let hint = "does not exist: run lambda/package.sh x86_64 first";
        assert!(zip.exists(), "{} {hint}", zip.display());
        let package = folder.path().join(name);
        unpack(&zip, &package);
        let mut runs = Vec::new();
        for run in 0..RUNS {
            let function = stack.function(name, &stack.endpoint).await;
            let events = [2 * run, 2 * run + 1];
            let events = events.map(|number| example_event(name, &format!("e-{number}")));
            runs.push(measure(function.with_package(package.clone()), events).await);
        }
        let start = median(&runs, |times| times.start);
        let first_event = median(&runs, |times| times.first_event);
        let second_event = median(&runs, |times| times.second_event);
        println!("{name:14} {start:8.1} {first_event:14.1} {second_event:15.1}");
    }
}

/// Measures the time until the function asks for an event, and the times of two events.
async fn measure(mut function: Function, [first, second]: [Value; 2]) -> Times {
    let started = Instant::now();
    function.start().await.unwrap_or_else(|outcome| panic!("{outcome:?}: {:#?}", function.log()));
    Times {
        start: milliseconds(started.elapsed()),
        first_event: invoke(&mut function, &first).await,
        second_event: invoke(&mut function, &second).await,
    }
}

async fn invoke(function: &mut Function, event: &Value) -> f64 {
    let started = Instant::now();
    let outcome = function.invoke(event).await;
    let elapsed = milliseconds(started.elapsed());
    assert!(outcome.failures().is_empty(), "{outcome:?}");
    elapsed
}

fn median(runs: &[Times], time: impl Fn(&Times) -> f64) -> f64 {
    let mut times: Vec<_> = runs.iter().map(time).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
