//! Bad input gets a clear message and loses nothing: the others are issued, the bad one waits with its reason until it is repaired.

use std::fs;

use serde_json::json;
use testamur_tests::{Program, repository, tool};

use crate::completed;

#[test]
fn each_bad_event_is_a_dead_letter_with_its_reason_and_the_others_are_issued() {
    let program = Program::new();
    let changed = |name: &str, value: &str| {
        let mut event = completed("u-ada", "c-1", "e-9");
        event[name] = json!(value);
        event.to_string()
    };
    let without = {
        let mut event = completed("u-ada", "c-1", "e-9");
        event.as_object_mut().unwrap().remove("userId");
        event.to_string()
    };
    let cases = [
        (
            "{\"userId\":".to_owned(),
            "bad-event",
            "invalid CourseCompleted event: not JSON: EOF while parsing a value at line 1 column 10",
        ),
        ("[1, 2]".to_owned(), "bad-event", "invalid CourseCompleted event: not a JSON object"),
        (without, "bad-event", "invalid CourseCompleted event: userId: missing"),
        (
            changed("completedAt", "2026-13-40"),
            "bad-event",
            "invalid CourseCompleted event: \
             completedAt is not an RFC 3339 timestamp, e.g. 2026-11-23T09:30:00Z",
        ),
        (
            r#"{"detail-type": "CourseCompleted", "detail": "Ada Lovelace"}"#.to_owned(),
            "bad-event",
            "invalid CourseCompleted event: detail: expected an object",
        ),
        (
            changed("enrollmentId", ""),
            "bad-event",
            "invalid CourseCompleted event: enrollmentId is empty",
        ),
        (
            changed("enrollmentId", "a\nb"),
            "bad-event",
            "invalid CourseCompleted event: enrollmentId contains a control character",
        ),
        (
            changed("userId", &"x".repeat(1025)),
            "bad-event",
            "invalid CourseCompleted event: userId has 1025 bytes; at most 1024 are allowed",
        ),
        (
            r#"{"detail-type": "UserDeleted", "detail": {}}"#.to_owned(),
            "bad-event",
            "detail-type is \"UserDeleted\", expected \"CourseCompleted\"",
        ),
        (
            changed("details", "Ada"),
            "bad-event",
            "invalid CourseCompleted event: details: expected an object",
        ),
        (
            changed("locale", "\u{1b}[31m"),
            "bad-event",
            "invalid CourseCompleted event: locale is not a language tag, e.g. pt-BR",
        ),
        (
            changed("userId", "u-nobody"),
            "unknown-user",
            "unknown user u-nobody: add it to the directory, then retry",
        ),
        (
            changed("courseId", "c-none"),
            "unknown-course",
            "unknown course c-none: add it to the directory, then retry",
        ),
    ];
    let mut lines = vec![completed("u-ada", "c-1", "e-1").to_string()];
    lines.extend(cases.iter().map(|(event, ..)| event.clone()));
    lines.push(completed("u-grace", "c-2", "e-2").to_string());
    program.write("events.jsonl", &lines.join("\n"));

    let outcome = program.run(&["issue", "events.jsonl"]).code(1);
    outcome
        .prints("2 issued, 2 e-mails, 13 dead letters")
        .prints("dead letters: testamur --state-dir state dead-letters list");
    let letters = program.json(&["dead-letters", "list"]);
    for ((event, code, reason), letter) in cases.iter().zip(&letters) {
        assert_eq!((&letter["event"], &letter["code"]), (&json!(event), &json!(code)));
        assert!(letter["reason"].as_str().unwrap().contains(reason), "{reason} is not in {letter}");
        outcome.prints(letter["reason"].as_str().unwrap());
    }

    // The same file again adds nothing.
    program
        .run(&["issue", "events.jsonl"])
        .code(1)
        .prints("0 issued, 2 already issued, 13 dead letters");
    assert_eq!(program.json(&["dead-letters", "list"]).len(), 13);
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
        .prints("no font has a glyph for U+132F4 ‘𓋴’ in userName")
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
fn a_broken_template_is_told_with_its_place_and_its_events_are_issued_after_the_repair() {
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
fn a_course_with_an_unknown_or_impossible_template_is_a_dead_letter() {
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
    issue(&["--templates", "none"]).prints("error: can't read none/mail/subject.txt: No such file");
    program
        .run(&["issue", "none.jsonl"])
        .code(3)
        .prints("error: can't read none.jsonl: No such file or directory");
}

#[test]
fn a_malformed_directory_entry_is_named_without_its_values() {
    let program = Program::new();
    let cases = [
        (r#"{"userId": "u"}"#, "expected a list of objects: unexpected value at line 1 column 0"),
        ("[7]", "expected a list of objects: unexpected value at line 1 column 2"),
        (r#"[{"userId": "u""#, "expected a list of objects: EOF while parsing an object"),
        (r#"[{"userId": 1}]"#, "entry 1: userId: expected a string"),
        (r#"[{"name": "Ada"}]"#, "entry 1: userId: missing"),
        (r#"[{"userId": "u", "name": ["Ada"]}]"#, "entry 1 (user u): name: expected a string"),
        (
            r#"[{"userId": "u", "givenName": "Ada"}]"#,
            "entry 1 (user u): give either name, or givenName and familyName",
        ),
        (
            r#"[{"userId": "u", "nmae": "Ada"}]"#,
            "entry 1 (user u): nmae: unknown field, \
             expected one of userId, name, givenName, familyName, email, locale",
        ),
        (
            r#"[{"userId": "u", "name": "Ada", "mail": "ada@example.com"}]"#,
            "entry 1 (user u): mail: unknown field, \
             expected one of userId, name, givenName, familyName, email, locale",
        ),
        (
            r#"[{"userId": "u", "name": "Ada", "name": "Grace"}]"#,
            "entry 1 (user u): name: given twice",
        ),
        (
            r#"[{"userId": "u", "name": "Ada"}, {"userId": "u", "name": "Grace"}]"#,
            "entry 2 (user u): the id is used twice",
        ),
    ];
    for (users, reason) in cases {
        program.write("users.json", users);
        let outcome = program.issue(&[]).code(3);
        outcome.prints(&format!("error: can't use ./users.json: {reason}"));
        assert!(!outcome.stderr.contains("Ada"), "{}", outcome.stderr);
    }
}

#[test]
fn a_folder_that_cant_be_written_any_more_is_named_and_its_events_are_issued_after_the_repair() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    fs::rename(program.path("state/mail"), program.path("kept")).unwrap();
    program.write("state/mail", "a file stands in the way");
    program
        .issue(&[completed("u-ada", "c-1", "e-2")])
        .code(3)
        .prints("error: can't create state/mail: File exists");
    fs::remove_file(program.path("state/mail")).unwrap();
    program.issue(&[completed("u-ada", "c-1", "e-2")]).code(0).prints("1 issued, 1 e-mail");
}

#[test]
fn a_damaged_database_is_told_and_left_alone() {
    let program = Program::new();
    program.write(
        "state/testamur.db",
        "this is no database, however long it may be; it goes on for more than a header has",
    );
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(3);
    outcome.prints("error: can't use the database state/testamur.db: file is not a database");
    outcome.prints("hint: restore it from a backup, or move it away to start with an empty one");
    program.run(&["list"]).code(3).prints("file is not a database");
    assert!(program.read("state/testamur.db").starts_with(b"this is no database"));
}

#[test]
fn a_wrong_key_is_told_before_anything_is_issued_twice() {
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
fn lines_that_are_not_utf_8_never_become_somebody_elses_event() {
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
        .prints("not JSON");
    assert_eq!(program.json(&["list"]).len(), 0);

    fs::write(program.path("events.jsonl"), [b"\xef\xbb\xbf".to_vec(), line(b'1')].concat())
        .unwrap();
    program.run(&["issue", "events.jsonl"]).code(0).prints("1 issued");
}

#[test]
fn control_characters_in_a_dead_letter_do_not_steer_the_terminal() {
    let program = Program::new();
    program.write("events.jsonl", "\u{1b}[2J{");
    program.run(&["issue", "events.jsonl"]).code(1).prints("not JSON");
    let shown = program.run(&["dead-letters", "list"]).code(0).stdout;
    assert!(shown.contains("\\u{1b}[2J{") && !shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn an_address_to_serve_from_that_is_none_is_refused() {
    let program = Program::new();
    program.write("events.jsonl", "");
    let outcome =
        program.run(&["issue", "events.jsonl", "--base-url", "certificates.example.com"]).code(2);
    outcome.prints(
        "error: --base-url \"certificates.example.com\" must begin with https:// or http://",
    );
}
