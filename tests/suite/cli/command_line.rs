//! The command line: help, exit codes, and output as text and as JSON.

use std::fs::File;

use serde_json::json;
use testamur_tests::{Program, repository};

use crate::completed;

/// Every command.
const COMMANDS: [&str; 14] = [
    "init",
    "issue",
    "render",
    "list",
    "show",
    "new",
    "preview",
    "check",
    "test",
    "review",
    "dead-letters",
    "dead-letters list",
    "dead-letters retry",
    "suppress",
];

#[test]
fn the_help_of_every_command_is_as_accepted() {
    let program = Program::alone();
    let mut commands = vec![vec![]];
    commands.extend(COMMANDS.map(|command| command.split(' ').collect()));
    for command in commands {
        let name = ["help", &command.join("_")].join("_").trim_end_matches('_').replace('-', "_");
        let help = program.run(&[&command[..], &["--help"]].concat()).code(0).stdout;
        insta::assert_snapshot!(name, help);
    }
    let listed = program.run(&["--help"]).code(0).stdout;
    for command in COMMANDS {
        let name = command.split(' ').next().unwrap();
        assert!(listed.contains(&format!("\n  {name} ")), "{name} is not in\n{listed}");
    }
}

#[test]
fn a_wrong_command_line_is_explained() {
    let program = Program::new();
    program.run(&[]).code(2).prints("Usage: testamur");
    program.run(&["issue"]).code(2).prints("<FILE>");
    program.run(&["isue", "x"]).code(2).prints("similar subcommands exist: 'suppress', 'issue'");
}

#[test]
fn events_come_from_standard_input_too() {
    let program = Program::new();
    let events =
        format!("{}\n\n{}\n", completed("u-ada", "c-1", "e-1"), completed("u-grace", "c-2", "e-2"));
    program.run_with_input(&["issue", "-"], &events).code(0).prints("2 issued, 2 e-mails");
    program.run_with_input(&["issue", "-"], "").code(0).prints("0 issued\nnothing new");
    program.run_with_input(&["issue", "-"], "\u{0}\u{fffd}").code(1).prints("not JSON");
}

#[test]
fn json_is_one_object_a_line_with_totals_last() {
    let program = Program::new();
    let events = [
        completed("u-ada", "c-1", "e-1"),
        completed("u-ada", "c-1", "e-1"),
        completed("u-nobody", "c-1", "e-2"),
    ];
    program.write("events.jsonl", &events.map(|event| event.to_string()).join("\n"));
    let lines = program.json(&["issue", "events.jsonl"]);
    let outcomes: Vec<_> = lines.iter().filter_map(|line| line["outcome"].as_str()).collect();
    assert_eq!(outcomes.len(), 4);
    assert!(
        ["issued", "already-issued", "dead-letter", "email-sent"]
            .iter()
            .all(|outcome| outcomes.contains(outcome)),
        "{outcomes:?}"
    );
    let totals = json!({
        "issued": 1,
        "alreadyIssued": 1,
        "emailsSent": 1,
        "noAddress": 0,
        "suppressed": 0,
        "deadLetters": 1,
    });
    assert_eq!(lines.last().unwrap()["totals"], totals);
    let issued = lines.iter().find(|line| line["outcome"] == "issued").unwrap();
    assert!(program.path("state").join(issued["pdf"].as_str().unwrap()).exists());
}

#[test]
fn names_and_addresses_of_learners_are_not_printed() {
    let program = Program::new();
    let outcome =
        program.issue(&[completed("u-ada", "c-1", "e-1"), completed("u-grace", "c-none", "e-2")]);
    assert!(
        !outcome.stdout.contains("Lovelace") && !outcome.stdout.contains("@"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn list_and_show_find_what_was_issued() {
    let program = Program::new();
    program
        .run(&["list"])
        .code(3)
        .prints("error: no certificates have been issued in state: check --state-dir");
    program
        .issue(&[completed("u-ada", "c-1", "e-1"), completed("u-grace", "c-2", "e-2")])
        .code(0)
        .prints("2 issued");
    let list = program.run(&["list"]).code(0).stdout;
    assert_eq!(list.lines().count(), 2);
    assert!(list.starts_with("2026-11-20  ") && list.contains("  e-1  c-1"), "{list}");
    assert_eq!(program.json(&["list", "--user", "u-grace"])[0]["enrollmentId"], "e-2");
    let id = program.json(&["show", "e-2"])[0]["certificateId"].as_str().unwrap().to_owned();
    program.run(&["show", &id]).code(0).prints("\"userId\": \"u-grace\"");
    program
        .run(&["show", "e-3"])
        .code(1)
        .prints("error: no certificate or enrollment \"e-3\": `testamur list`");
}

#[test]
fn render_writes_the_format_of_the_extension() {
    let program = Program::new();
    let data = repository().join("templates/completion/samples/ada.json");
    let data = data.to_str().unwrap();
    let render = |file: &str| program.run(&["render", "completion", "--data", data, "-o", file]);
    for (file, start) in
        [("a.pdf", &b"%PDF-1.7"[..]), ("a.jpg", &[0xff, 0xd8, 0xff]), ("a.png", b"\x89PNG")]
    {
        assert_eq!(render(file).code(0).stdout, "");
        assert!(program.read(file).starts_with(start), "{file}");
        let first = program.read(file);
        render(file).code(0).prints("");
        assert!(program.read(file) == first, "{file} differs from run to run");
    }
    render("a.gif").code(2).prints("error: a.gif: the extension must be .pdf, .jpg or .png");
    render("none/a.pdf").code(3).prints("error: can't write none/a.pdf: No such file or directory");
    program
        .run(&["render", "none", "--data", data, "-o", "a.pdf"])
        .code(1)
        .prints("error: no template \"none\" in ");
    program.write("data.json", "{\"userName\": 5}");
    let outcome =
        program.run(&["render", "completion", "--data", "data.json", "-o", "a.pdf"]).code(1);
    outcome
        .prints("error: the data does not match the template's schema: ")
        .prints("userName: the value is not of type \"string\"");
    program.write("data.json", "{");
    program
        .run(&["render", "completion", "--data", "data.json", "-o", "a.pdf"])
        .code(1)
        .prints("error: the data is not JSON: EOF");
}

#[test]
fn a_second_process_in_a_state_folder_is_refused() {
    let program = Program::new();
    program.write("state/lock", "");
    let lock = File::open(program.path("state/lock")).unwrap();
    lock.lock().unwrap();
    program
        .issue(&[completed("u-ada", "c-1", "e-1")])
        .code(3)
        .prints("error: another testamur process is working in state: wait until it ends");
    drop(lock);
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
}
