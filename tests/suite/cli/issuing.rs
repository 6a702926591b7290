//! `testamur issue`: each completion leads to one certificate.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testamur_tests::{Program, repository, tool};

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
        "issuedOn": "2026-11-20",
        "pdfUrl": url("pdf"),
        "thumbnailUrl": url("jpg"),
        "socialCardUrl": url("social-card.jpg"),
        "status": "ACTIVE",
        "created": record["created"],
        "locale": "en",
        "revision": 1,
        "accent": "#1e3a5f",
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
        "issuedOn",
        "locale",
        "revision",
        "template",
    ];
    assert_eq!(keys, BTreeSet::from(names));
    assert!(names.iter().all(|name| metadata[*name] == record[*name]));
}

/// The first day of each pair is printed by default, the second in Los Angeles, by an event in UTC.
#[test]
fn the_date_is_the_day_at_the_offset_of_the_event() {
    let times = [
        // The day at the offset, whatever the deployment's time zone.
        ("2020-07-03T20:15:00-07:00", ["July 3, 2020", "July 3, 2020"]),
        ("2020-07-03T23:59:59.999999999-07:00", ["July 3, 2020", "July 3, 2020"]),
        ("2020-07-04T00:00:00-07:00", ["July 4, 2020", "July 4, 2020"]),
        ("2026-01-01T00:15:00+05:30", ["January 1, 2026", "January 1, 2026"]),
        ("2026-01-01T08:00:00+14:00", ["January 1, 2026", "January 1, 2026"]),
        ("2025-12-31T23:00:00-11:00", ["December 31, 2025", "December 31, 2025"]),
        ("2024-02-29T23:30:00+01:00", ["February 29, 2024", "February 29, 2024"]),
        // In UTC, by any name.
        ("2020-07-04T03:15:00Z", ["July 4, 2020", "July 3, 2020"]),
        ("2020-07-04T03:15:00z", ["July 4, 2020", "July 3, 2020"]),
        ("2020-07-04T03:15:00+00:00", ["July 4, 2020", "July 3, 2020"]),
        ("2020-07-04T03:15:00-00:00", ["July 4, 2020", "July 3, 2020"]),
        // Midnight in Los Angeles is at 08:00 in UTC until March 8, then at 07:00.
        ("2026-03-08T07:59:59Z", ["March 8, 2026", "March 7, 2026"]),
        ("2026-03-09T06:59:59Z", ["March 9, 2026", "March 8, 2026"]),
        ("2026-03-09T07:00:00Z", ["March 9, 2026", "March 9, 2026"]),
        ("2026-11-01T06:59:59Z", ["November 1, 2026", "October 31, 2026"]),
        ("2026-11-02T07:59:59Z", ["November 2, 2026", "November 1, 2026"]),
        ("2026-11-02T08:00:00Z", ["November 2, 2026", "November 2, 2026"]),
    ];
    let events: Vec<_> = (0..).zip(times).map(|(n, (time, _))| completed_at(n, time)).collect();
    let here = Program::new();
    let there = Program::new().with("TESTAMUR_TIME_ZONE", "America/Los_Angeles");
    for (index, program) in [here, there].iter().enumerate() {
        program.issue(&events).code(0).prints("17 issued");
        for (number, (time, days)) in times.iter().enumerate() {
            let id = format!("e-{number}");
            assert_eq!(printed_date(program, &id), days[index], "{time}");
        }
    }
}

#[test]
fn an_event_in_utc_has_the_date_of_the_deployment() {
    for (zone, time, day) in [
        ("UTC", "2026-11-20T23:59:59Z", "November 20, 2026"),
        ("Asia/Kolkata", "2026-11-20T18:29:59Z", "November 20, 2026"),
        ("Asia/Kolkata", "2026-11-20T18:30:00Z", "November 21, 2026"),
        ("Pacific/Kiritimati", "2026-12-31T10:00:00Z", "January 1, 2027"),
        ("Pacific/Pago_Pago", "2027-01-01T10:59:59Z", "December 31, 2026"),
        // Samoa went over the date line: it had no December 30.
        ("Pacific/Apia", "2011-12-30T09:59:59Z", "December 29, 2011"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "December 31, 2011"),
        ("america/new_york", "2026-11-20T04:59:59Z", "November 19, 2026"),
    ] {
        let program = Program::new();
        program.write("events.jsonl", &completed_at(1, time).to_string());
        program.run(&["issue", "events.jsonl", "--time-zone", zone]).code(0).prints("1 issued");
        assert_eq!(printed_date(&program, "e-1"), day, "{time} in {zone}");
    }
}

#[test]
fn record_metadata_and_list_have_the_time_and_the_printed_date() {
    let program = Program::new().with("TESTAMUR_TIME_ZONE", "America/Los_Angeles");
    program.issue(&[completed_at(1, "2020-07-04T05:15:00+02:00")]).code(0).prints("1 issued");
    program.issue(&[completed_at(2, "2020-07-04T03:15:00Z")]).code(0).prints("1 issued");
    for (id, day) in [("e-1", "2020-07-04"), ("e-2", "2020-07-03")] {
        let record = program.json(&["show", id]).remove(0);
        let metadata = std::fs::read(program.certificate(id, "json")).unwrap();
        let metadata: Value = serde_json::from_slice(&metadata).unwrap();
        for found in [record, metadata] {
            assert_eq!(found["issuedAt"], "2020-07-04T03:15:00Z");
            assert_eq!(found["issuedOn"], day);
        }
        let line = program.run(&["list"]).code(0).stdout;
        assert!(line.lines().any(|line| line.starts_with(day) && line.contains(id)), "{line}");
    }
}

#[test]
fn another_time_zone_changes_no_issued_certificate() {
    let program = Program::new();
    let event = completed_at(1, "2026-11-20T20:00:00Z");
    program.issue(std::slice::from_ref(&event)).code(0).prints("1 issued");
    let before = program.files("state/certificates");
    let program = program.with("TESTAMUR_TIME_ZONE", "Asia/Tokyo");
    program.issue(&[event]).code(0).prints("0 issued, 1 already issued\nnothing new\n");
    assert_eq!(program.files("state/certificates"), before);
}

#[test]
fn an_unknown_time_zone_is_refused_with_advice() {
    let program = Program::new();
    program.write("events.jsonl", &completed_at(1, "2026-11-20T20:00:00Z").to_string());
    let advice = "use an IANA name such as America/New_York or Asia/Kolkata, or UTC";
    for (zone, advice) in [
        ("Berlin", "use Europe/Berlin"),
        ("new york", "use America/New_York"),
        ("+02:00", advice),
        ("PST", advice),
        ("Europe/Wien", advice),
        ("", advice),
    ] {
        let expected = format!("unknown time zone {zone:?}: {advice}");
        for command in [&["issue", "events.jsonl"][..], &["dead-letters", "retry"]] {
            let option = format!("--time-zone={zone}");
            let outcome = program.run(&[command, &[option.as_str()]].concat()).code(2);
            assert!(outcome.stderr.contains(&expected), "{}", outcome.stderr);
        }
        let outcome = Program::new().with("TESTAMUR_TIME_ZONE", zone).run(&["issue", "-"]).code(2);
        assert!(outcome.stderr.contains(&expected), "{}", outcome.stderr);
    }
    assert!(!program.path("state").exists());
}

#[test]
fn an_event_without_an_offset_is_refused() {
    let no_offset = "completedAt has no offset such as Z or +02:00";
    let no_time = "completedAt is not an RFC 3339 timestamp, e.g. 2026-11-23T09:30:00Z";
    for (time, reason) in [
        ("2020-07-03T20:15:00", no_offset),
        ("2020-07-03T20:15:00.5", no_offset),
        // The name of a zone is no offset: a time can exist twice when clocks go back.
        ("2020-07-03T20:15:00[America/Los_Angeles]", no_offset),
        ("2020-07-03", no_time),
        ("2020-07-03T20:15:00+25:00:00:00", no_time),
        ("2020-07-32T20:15:00Z", no_time),
    ] {
        let outcome = Program::new().issue(&[completed_at(1, time)]).code(1);
        outcome
            .prints(&format!("invalid CourseCompleted event: {reason} (events.jsonl, line 1)\n"));
    }
}

fn completed_at(number: usize, time: &str) -> Value {
    let mut event = completed("u-ada", "c-1", &format!("e-{number}"));
    event["completedAt"] = time.into();
    event
}

/// Returns the date in the text of a certificate.
fn printed_date(program: &Program, id: &str) -> String {
    let pdf = program.certificate(id, "pdf");
    let text = tool("pdftotext", &["-layout".as_ref(), pdf.as_ref(), "-".as_ref()]);
    let date = text.lines().flat_map(|line| line.split("  ")).map(str::trim).find(|part| {
        part.split_once(", ")
            .is_some_and(|(_, year)| year.len() == 4 && year.parse::<u16>().is_ok())
    });
    date.unwrap_or_else(|| panic!("no date in {text}")).to_owned()
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
    tool("cp", &["-r".as_ref(), repository().join("templates").as_ref(), template.as_ref()]);
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
