//! `testamur issue`: each completion leads to one certificate.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testamur_tests::{Program, repository};

use crate::completed;

#[test]
fn the_demo_is_issued_and_a_second_run_changes_nothing() {
    let program = Program::new();
    let events = repository().join("cli/demo/events.jsonl");
    let first = program.run(&["issue", events.to_str().unwrap()]).code(0);
    insta::assert_snapshot!("demo", without_content_hashes(&first.stdout));
    let (certificates, mails) = (program.files("state/certificates"), program.mails());
    assert_eq!((certificates.len(), mails.len()), (44, 11));

    let second = program.run(&["issue", events.to_str().unwrap()]).code(0);
    second.prints("0 issued, 11 already issued\nnothing new\n");
    assert_eq!(program.files("state/certificates"), certificates);
    assert!(program.mails() == mails);
}

/// Replaces the content hashes in the names of PDFs, which change with every edit of a template.
fn without_content_hashes(text: &str) -> String {
    let line = |line: &str| match line.split_once(".pdf") {
        Some((path, rest)) => {
            let (start, _) = path.rsplit_once('-').expect("a hash precedes the extension");
            format!("{start}-<content hash>.pdf{rest}\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn duplicate_events_make_one_certificate_and_one_mail() {
    let program = Program::new();
    let (ada, grace) = (completed("u-ada", "c-1", "e-1"), completed("u-grace", "c-2", "e-2"));
    let outcome = program.issue(&[ada.clone(), grace.clone(), ada.clone(), grace, ada]).code(0);
    outcome.prints("2 issued, 3 already issued, 2 e-mails");
    assert_eq!(program.json(&["list"]).len(), 2);
    assert_eq!(program.files("state/mail").len(), 2);
}

#[test]
fn a_hundred_events_are_issued_in_one_run() {
    let program = Program::new();
    let events: Vec<_> =
        (0..100).map(|number| completed("u-ada", "c-1", &format!("e-{number}"))).collect();
    program.issue(&events).code(0).prints("100 issued, 100 e-mails");
    assert_eq!(program.files("state/certificates").len(), 400);
}

#[test]
fn an_event_in_an_eventbridge_envelope_is_the_same_event() {
    let program = Program::new();
    let bare = completed("u-ada", "c-1", "e-1");
    let envelope = json!({
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "CourseCompleted",
        "source": "learning-platform",
        "time": "2026-11-20T14:03:22Z",
        "detail": bare,
    });
    program.issue(&[envelope, bare]).code(0).prints("1 issued, 1 already issued");
}

#[test]
fn record_and_metadata_contain_the_printed_facts() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    let record = program.json(&["show", "e-1"]).remove(0);
    let id = record["certificateId"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(&id[14..15], "8", "{id} is not a UUID of version 8");
    let digest = record["contentHash"].as_str().unwrap();
    assert!(digest.len() == 8 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    let url = |extension: &str| {
        format!("https://certificates.example.com/certificates/{id}-{digest}.{extension}")
    };
    let expected = json!({
        "certificateId": id,
        "enrollmentId": "e-1",
        "userId": "u-ada",
        "courseId": "c-1",
        "contentHash": digest,
        "courseName": "Analytical Engines",
        "userName": "Ada Lovelace",
        "issuedAt": "2026-11-20T14:03:21Z",
        "pdfUrl": url("pdf"),
        "thumbnailUrl": url("jpg"),
        "socialCardUrl": url("social-card.jpg"),
        "status": "ACTIVE",
        "created": record["created"],
        "locale": "en",
        "revision": 1,
        "template": { "id": "completion", "version": "1.0.0", "hash": record["template"]["hash"] },
    });
    assert_eq!(record, expected);
    assert_eq!(record["template"]["hash"].as_str().unwrap().len(), 64);

    let metadata: Value =
        serde_json::from_slice(&std::fs::read(program.certificate("e-1", "json")).unwrap())
            .unwrap();
    let keys: BTreeSet<_> = metadata.as_object().unwrap().keys().map(String::as_str).collect();
    let names = [
        "certificateId",
        "userId",
        "courseId",
        "courseName",
        "userName",
        "issuedAt",
        "locale",
        "revision",
        "template",
    ];
    assert_eq!(keys, BTreeSet::from(names));
    assert!(names.iter().all(|name| metadata[*name] == record[*name]));
}

#[test]
fn ids_come_from_the_enrolment_and_the_secret_alone() {
    let (one, other) = (Program::new(), Program::new());
    let secret = Program::new().with("TESTAMUR_ID_KEY", &"ab".repeat(32));
    let ids = [one, other, secret].map(|program| {
        program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
        program.json(&["list"])[0]["certificateId"].to_string()
    });
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn the_same_events_give_the_same_bytes_in_every_process() {
    let runs = [(); 2].map(|()| {
        let program = Program::new();
        program
            .issue(&[completed("u-ada", "c-1", "e-1"), completed("u-grace", "c-2", "e-2")])
            .code(0)
            .prints("2 issued");
        (program.files("state/certificates"), program.mails())
    });
    assert_eq!(runs[0].0.len(), 8);
    assert!(runs[0] == runs[1]);
}

#[test]
fn an_issued_certificate_survives_template_changes() {
    let program = Program::new();
    let template = program.path("templates");
    testamur_tests::tool(
        "cp",
        &["-r".as_ref(), repository().join("templates").as_ref(), template.as_ref()],
    );
    let program = program.with("TESTAMUR_TEMPLATES", "templates");
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    let before = program.files("state/certificates");

    let source = String::from_utf8(program.read("templates/completion/main.typ")).unwrap();
    program.write("templates/completion/main.typ", &source.replace("#1e3a5f", "#5f1e3a"));
    program
        .issue(&[completed("u-ada", "c-1", "e-1"), completed("u-ada", "c-1", "e-2")])
        .code(0)
        .prints("1 issued, 1 already issued");
    let after = program.files("state/certificates");
    assert!(before.iter().all(|file| after.contains(file)));
    let records = program.json(&["list"]);
    assert_ne!(records[0]["template"]["hash"], records[1]["template"]["hash"]);
}

#[test]
fn the_locale_is_the_courses_else_the_users() {
    let program = Program::new();
    program.write("users.json", r#"[{"userId": "u", "name": "王", "locale": "zh-Hans"}]"#);
    program.write(
        "courses.json",
        r#"[{"courseId": "a", "name": "A", "author": "B"}, {"courseId": "b", "name": "A", "author": "B", "locale": "ja"}]"#,
    );
    program
        .issue(&[completed("u", "a", "e-1"), completed("u", "b", "e-2")])
        .code(0)
        .prints("2 issued, 2 without an address");
    assert_eq!(program.json(&["show", "e-1"])[0]["locale"], "zh-Hans");
    assert_eq!(program.json(&["show", "e-2"])[0]["locale"], "ja");
}
