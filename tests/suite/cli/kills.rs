//! Crashes and a full disk: the program is killed at each system call that changes a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use testamur_tests::{Program, build_folder, repository, tool};

use crate::completed;

/// The preloaded library that counts the calls and injects a fault at one of them.
static KILL_AT: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = build_folder().join("kill_at.so");
    let unfinished = build_folder().join(format!("kill_at.{}.so", std::process::id()));
    let source = repository().join("tests/validators/kill_at.c");
    let options = ["-shared", "-fPIC", "-O1", "-o"].map(std::ffi::OsStr::new);
    tool("cc", &[&options[..], &[unfinished.as_ref(), source.as_ref()]].concat());
    std::fs::rename(unfinished, &library).unwrap();
    library
});

fn struck(fault: &str) -> Program {
    Program::new().with("LD_PRELOAD", KILL_AT.to_str().unwrap()).with("TESTAMUR_FAULT", fault)
}

fn healed(program: Program) -> Program {
    program.with("TESTAMUR_FAULT", "none")
}

fn issue(program: &Program) -> testamur_tests::Outcome {
    program.issue(&[completed("u-ada", "c-1", "e-1")])
}

type Files = Vec<(String, Vec<u8>)>;

fn finished(program: &Program) -> (Files, Files) {
    (program.files("state/certificates"), program.mails())
}

/// Returns the number of calls that change a file in a run without a fault, and the files it
/// leaves.
fn undisturbed() -> (usize, (Files, Files)) {
    let counted = tempfile::NamedTempFile::new().unwrap();
    let program = struck(&format!("count:{}", counted.path().display()));
    issue(&program).code(0).prints("1 issued, 1 e-mail");
    let calls = std::fs::read_to_string(counted.path()).unwrap().parse().unwrap();
    (calls, finished(&program))
}

#[test]
fn a_kill_at_any_step_loses_and_doubles_nothing() {
    let (calls, reference) = undisturbed();
    assert!(calls > 40, "only {calls} calls change a file");
    let next = AtomicUsize::new(1);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // The order of threads varies, so a run may need a few more calls than the counted
                // one.
                while let step @ 1.. = next.fetch_add(1, Ordering::Relaxed)
                    && step <= calls
                {
                    kill_at(step, &reference);
                }
            });
        }
    });
}

fn kill_at(step: usize, reference: &(Files, Files)) {
    let program = struck(&format!("kill:{step}"));
    let killed = issue(&program);
    if killed.code.is_some() {
        assert_eq!(killed.code, Some(0), "step {step}: {killed:?}");
    }
    let program = healed(program);
    nothing_half_done(&program, step);
    issue(&program).code(0).prints("certificates: ");
    assert!(finished(&program) == *reference, "step {step}: other files");
    assert_eq!(program.json(&["list"]).len(), 1, "step {step}");
    program.run(&["dead-letters", "list"]).code(0).prints("no dead letters");
    issue(&program).code(0).prints("0 issued, 1 already issued\nnothing new");
}

/// Checks that an e-mail has a record, that a record has all its files, and that no file is
/// partial.
fn nothing_half_done(program: &Program, step: usize) {
    let (certificates, mails) = finished(program);
    let records = if Path::exists(&program.path("state/testamur.db")) {
        program.run(&["list"]).stdout
    } else {
        String::new()
    };
    assert!(mails.is_empty() || !records.is_empty(), "step {step}: a mail without a record");
    assert!(
        records.is_empty() || certificates.len() == 4,
        "step {step}: a record without its files"
    );
    let ends: BTreeSet<_> = certificates
        .iter()
        .map(|(name, bytes)| match name.rsplit('.').next().unwrap() {
            "pdf" => bytes.trim_ascii_end().ends_with(b"%%EOF"),
            "jpg" => bytes.ends_with(&[0xff, 0xd9]),
            _ => bytes.ends_with(b"}"),
        })
        .collect();
    assert!(!ends.contains(&false), "step {step}: a file that is not whole");
}

#[test]
fn a_disk_full_at_any_step_is_reported_and_recovered() {
    let (calls, reference) = undisturbed();
    for step in (1..calls).step_by(calls / 8) {
        let program = struck(&format!("full:{step}"));
        let outcome = issue(&program);
        if outcome.code == Some(0) {
            // Only the cleanup was left to do.
            assert!(finished(&program) == reference, "step {step}: {outcome:?}");
            continue;
        }
        assert!(matches!(outcome.code, Some(1 | 3)), "step {step}: {outcome:?}");
        let messages = ["No space left on device", "database or disk is full", "disk I/O error"];
        let both = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(messages.iter().any(|text| both.contains(text)), "step {step}: {both}");
        let program = healed(program);
        issue(&program).code(0).prints("certificates: ");
        program.run(&["dead-letters", "retry"]).code(0).prints("certificates: ");
        assert!(finished(&program) == reference, "step {step}: other files");
    }
}

#[test]
fn a_killed_event_is_issued_by_the_next_run() {
    let program = struck(&format!("kill:{}", undisturbed().0 / 2));
    assert_eq!(issue(&program).code, None, "the program survived");
    healed(program).issue(&[completed("u-grace", "c-1", "e-2")]).code(0).prints("2 issued");
}

#[test]
fn three_crashes_over_one_event_make_a_dead_letter() {
    let program = struck("rename:.pdf");
    assert_eq!(issue(&program).code, None, "the program survived");
    for _ in 0..2 {
        assert_eq!(program.run_with_input(&["issue", "-"], "").code, None, "the program survived");
    }
    let outcome = healed(program).issue(&[completed("u-grace", "c-1", "e-2")]).code(1);
    outcome
        .prints("the process ended 3 times while handling it")
        .prints("1 issued, 1 e-mail, 1 dead letter");
}
