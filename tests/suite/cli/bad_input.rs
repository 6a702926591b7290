//! Bad input gets a clear message, and nothing is lost: an event that can't be handled becomes a
//! dead letter, and the others are issued.

use std::fs;

use serde::Deserialize;
use serde_json::json;
use testamur_tests::{Program, TestCase, repository, test_cases, tool};

use crate::completed;

/// An event that can't be handled, and its dead letter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadEvent {
    /// One line of the file of events.
    event: String,
    code: String,
    reason: String,
}

#[test]
fn each_bad_event_becomes_a_dead_letter_with_its_reason() {
    let program = Program::new();
    let cases = test_cases::<BadEvent>("bad-events");
    let mut lines = vec![completed("u-ada", "c-1", "e-1").to_string()];
    lines.extend(cases.iter().map(|TestCase { case, .. }| case.event.clone()));
    lines.push(completed("u-grace", "c-2", "e-2").to_string());
    program.write("events.jsonl", &lines.join("\n"));

    let outcome = program.run(&["issue", "events.jsonl"]).code(1);
    outcome
        .prints(&format!("2 issued, 2 e-mails, {} dead letters", cases.len()))
        .prints("dead letters: testamur --state-dir state dead-letters list");
    let letters = program.json(&["dead-letters", "list"]);
    assert_eq!(letters.len(), cases.len());
    for (TestCase { name, case }, letter) in cases.iter().zip(&letters) {
        assert_eq!(letter["event"], case.event, "{name}");
        assert_eq!(letter["code"], case.code, "{name}");
        assert_eq!(letter["reason"], case.reason, "{name}");
        outcome.prints(&case.reason);
    }

    // The same file again adds nothing.
    program
        .run(&["issue", "events.jsonl"])
        .code(1)
        .prints(&format!("0 issued, 2 already issued, {} dead letters", cases.len()));
    assert_eq!(program.json(&["dead-letters", "list"]).len(), cases.len());
    assert_eq!(program.json(&["list"]).len(), 2);
}

#[test]
fn an_unknown_learner_is_issued_on_retry_once_added() {
    let program = Program::new();
    program.issue(&[completed("u-new", "c-1", "e-1")]).code(1).prints("unknown user u-new");
    program.run(&["dead-letters", "retry"]).code(1).prints("unknown user u-new");
    program.write("users.json", r#"[{"userId": "u-new", "name": "New"}]"#);
    program.run(&["dead-letters", "retry"]).code(0).prints("1 issued");
    program.run(&["dead-letters", "list"]).code(0).prints("no dead letters");
}

#[test]
fn a_learner_added_later_is_also_issued_by_the_same_file() {
    let program = Program::new();
    program.issue(&[completed("u-new", "c-1", "e-1")]).code(1).prints("unknown user u-new");
    program.write("users.json", r#"[{"userId": "u-new", "name": "New"}]"#);
    program.issue(&[completed("u-new", "c-1", "e-1")]).code(0).prints("1 issued");
    program.run(&["dead-letters", "list"]).code(0).prints("no dead letters");
}

#[test]
fn a_malformed_event_is_issued_once_repaired() {
    let program = Program::new();
    program.write("events.jsonl", "{\"userId\": \"u-ada\"");
    program.run(&["issue", "events.jsonl"]).code(1).prints("not JSON");
    let id = program.json(&["dead-letters", "list"])[0]["id"].as_str().unwrap().to_owned();
    program.write("repaired.json", &completed("u-ada", "c-1", "e-1").to_string());
    program
        .run(&["dead-letters", "retry", &id, "--event", "repaired.json"])
        .code(0)
        .prints("1 issued, 1 e-mail");
    program.run(&["dead-letters", "list"]).code(0).prints("no dead letters");
    program
        .run(&["dead-letters", "retry", &id])
        .code(1)
        .prints(&format!("error: no dead letter \"{id}\": `testamur dead-letters list`"));
}

#[test]
fn a_character_without_a_glyph_stops_one_certificate_only() {
    let program = Program::new();
    program.write(
        "users.json",
        r#"[{"userId": "u-1", "name": "Sesh 𓋴"}, {"userId": "u-2", "name": "Ada"}]"#,
    );
    let outcome =
        program.issue(&[completed("u-1", "c-1", "e-1"), completed("u-2", "c-1", "e-2")]).code(1);
    outcome
        .prints("no font has a glyph for U+132F4 EGYPTIAN HIEROGLYPH S029 ‘𓋴’ in userName")
        .prints("1 issued, 1 without an address, 1 dead letter");
    assert_eq!(program.json(&["dead-letters", "list"])[0]["code"], "unsupported-character");
}

#[test]
fn a_name_too_long_for_the_template_stops_one_certificate_only() {
    let program = Program::new();
    program.write("users.json", &json!([{ "userId": "u-1", "name": "x".repeat(200) }]).to_string());
    program
        .issue(&[completed("u-1", "c-1", "e-1")])
        .code(1)
        .prints("userName: the value is longer than 160 characters");
}

#[test]
fn a_broken_template_is_reported_and_retried_after_the_fix() {
    let program = Program::new();
    tool(
        "cp",
        &[
            "-r".as_ref(),
            repository().join("templates").as_ref(),
            program.path("templates").as_ref(),
        ],
    );
    let program = program.with("TESTAMUR_TEMPLATES", "templates");
    let source = String::from_utf8(program.read("templates/completion/main.typ")).unwrap();
    program.write("templates/completion/main.typ", &format!("{source}\n#unknwon()\n"));
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(1);
    outcome
        .prints("error: unknown variable: unknwon")
        .prints("┌─ templates/completion/main.typ:")
        .prints("1 dead letter");
    program.write("templates/completion/main.typ", &source);
    program.run(&["dead-letters", "retry"]).code(0).prints("1 issued");
}

#[test]
fn an_unknown_or_invalid_template_becomes_a_dead_letter() {
    let program = Program::new();
    program.write(
        "courses.json",
        r#"[{"courseId": "a", "name": "A", "author": "B", "template": "gone"},
            {"courseId": "b", "name": "A", "author": "B", "template": "../../etc"}]"#,
    );
    let outcome =
        program.issue(&[completed("u-ada", "a", "e-1"), completed("u-ada", "b", "e-2")]).code(1);
    outcome.prints("can't load template gone: can't read ").prints("No such file or directory");
    outcome.prints(
        "\"../../etc\" is not a valid template id: use lower-case letters, digits and hyphens",
    );
}

#[test]
fn folders_and_files_that_cant_be_used_are_named() {
    let program = Program::new();
    program.write("file", "");
    program.write("events.jsonl", &completed("u-ada", "c-1", "e-1").to_string());
    let issue =
        |arguments: &[&str]| program.run(&[&["issue", "events.jsonl"], arguments].concat()).code(3);
    issue(&["--state-dir", "file/out"]).prints("error: can't create file/out: Not a directory");
    issue(&["--fonts", "none"]).prints("error: no fonts in none: name the folder that holds them");
    issue(&["--lms-data", "none"])
        .prints("error: can't read none/users.json: No such file or directory");
    issue(&["--templates", "none"]).prints("error: no templates in none: name the folder");
    program
        .run(&["issue", "none.jsonl"])
        .code(3)
        .prints("error: can't read none.jsonl: No such file or directory");
}

/// A `users.json` with a fault, what becomes of an event of user `u`, and the message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadUsers {
    users: String,
    outcome: BadUsersOutcome,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum BadUsersOutcome {
    /// The program stops, because it can read no entry.
    Stopped,
    /// The event of the user becomes a dead letter.
    Rejected,
    /// The entry belongs to no user.
    Ignored,
}

#[test]
fn a_malformed_directory_entry_is_named_without_its_values() {
    let program = Program::new();
    for TestCase { name, case } in test_cases::<BadUsers>("bad-users") {
        program.write("users.json", &case.users);
        let (code, message) = match case.outcome {
            BadUsersOutcome::Stopped => (3, format!("error: ./users.json: {}", case.reason)),
            BadUsersOutcome::Rejected => {
                (1, format!("the directory's entry of user u: {}; correct it, then", case.reason))
            }
            BadUsersOutcome::Ignored => (1, format!("warning: {}", case.reason)),
        };
        let outcome = program.issue(&[completed("u", "c-1", "e-1")]).code(code);
        outcome.prints(&message);
        let printed = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!printed.contains("Ada"), "{name}: {printed}");
    }
}

#[test]
fn an_unwritable_folder_is_named_and_issuing_resumes_later() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    fs::rename(program.path("state/mail"), program.path("kept")).unwrap();
    program.write("state/mail", "a file in place of the folder");
    program
        .issue(&[completed("u-ada", "c-1", "e-2")])
        .code(3)
        .prints("error: can't create state/mail: File exists");
    fs::remove_file(program.path("state/mail")).unwrap();
    program.issue(&[completed("u-ada", "c-1", "e-2")]).code(0).prints("1 issued, 1 e-mail");
}

#[test]
fn a_damaged_database_is_reported_and_left_unchanged() {
    let program = Program::new();
    program.write(
        "state/testamur.db",
        "this is not a database, but it is longer than the header of one, which has 100 bytes or so",
    );
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(3);
    outcome.prints("error: can't use the database state/testamur.db: file is not a database");
    outcome.prints("hint: restore it from a backup, or move it away to start with an empty one");
    program.run(&["list"]).code(3).prints("file is not a database");
    assert!(program.read("state/testamur.db").starts_with(b"this is not a database"));
}

#[test]
fn another_id_key_is_refused_before_anything_is_issued() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    let program = program.with("TESTAMUR_ID_KEY", &"ff".repeat(32));
    program
        .issue(&[completed("u-ada", "c-1", "e-1")])
        .code(3)
        .prints("error: TESTAMUR_ID_KEY is not the id key in state/testamur.db: ");
    let program = program.with("TESTAMUR_ID_KEY", "short");
    program
        .issue(&[completed("u-ada", "c-1", "e-1")])
        .code(2)
        .prints("TESTAMUR_ID_KEY is not 64 hexadecimal digits");
}

#[test]
fn a_line_that_is_not_utf_8_becomes_a_dead_letter() {
    let program = Program::new();
    let line = |byte: u8| {
        let mut line = completed("u-ada", "c-1", "e-?").to_string().into_bytes();
        let at = line.iter().position(|&b| b == b'?').unwrap();
        line[at] = byte;
        line
    };
    fs::write(program.path("events.jsonl"), [line(0xe8), line(0xe9)].join(&b'\n')).unwrap();
    program
        .run(&["issue", "events.jsonl"])
        .code(1)
        .prints("0 issued, 2 dead letters")
        .prints("the text is not UTF-8 but Latin-1 or Windows-1252; convert it to UTF-8")
        .prints("(events.jsonl, line 2)");
    assert_eq!(program.json(&["list"]).len(), 0);

    fs::write(program.path("events.jsonl"), [b"\xef\xbb\xbf".to_vec(), line(b'1')].concat())
        .unwrap();
    program.run(&["issue", "events.jsonl"]).code(0).prints("1 issued");
}

#[test]
fn control_characters_of_a_dead_letter_are_escaped() {
    let program = Program::new();
    program.write("events.jsonl", "\u{1b}[2J{");
    program.run(&["issue", "events.jsonl"]).code(1).prints("not JSON");
    let shown = program.run(&["dead-letters", "list"]).code(0).stdout;
    assert!(shown.contains("\\u{1b}[2J{") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn an_invalid_base_url_is_refused() {
    let program = Program::new();
    program.write("events.jsonl", "");
    let outcome =
        program.run(&["issue", "events.jsonl", "--base-url", "certificates.example.com"]).code(2);
    outcome.prints(
        "error: --base-url \"certificates.example.com\" must begin with https:// or http://",
    );
}
