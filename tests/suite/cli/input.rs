//! Input as other systems export it: forms of files, ids, names, locales and addresses.

use std::fs;

use serde_json::json;
use testamur_tests::Program;

use crate::completed;

/// Two events in a file of another form.
fn two_events() -> [String; 2] {
    ["e-1", "e-2"].map(|enrollment| completed("u-ada", "c-1", enrollment).to_string())
}

#[test]
fn a_file_may_have_lists_and_objects_on_several_lines() {
    let [first, second] = two_events();
    let pretty = |event: &str| event.replace(',', ",\n  ");
    for text in [
        format!("[{first},\n{second}]"),
        format!("{}\n{}\n", pretty(&first), pretty(&second)),
        format!("{}{}", pretty(&first), pretty(&second)),
        format!("\u{feff}{first}\r\n\u{feff}{second}\r\n"),
        format!("{first}\n{}\n", pretty(&second)),
        format!("{}\n{second}\n", pretty(&first)),
        format!("{first},\n{second},\n"),
        format!("[\n  {},\n  {second},\n]\n", pretty(&first)),
    ] {
        let program = Program::new();
        program.write("events.json", &text);
        program.run(&["issue", "events.json"]).code(0).prints("2 issued, 2 e-mails\n");
    }
}

#[test]
fn a_fault_names_file_and_line_and_stops_no_other_event() {
    let program = Program::new();
    let [first, second] = two_events();
    program.write("events.jsonl", &format!("{first}\n\n{{\"userId\":\"u-ada\",}}\n{second}\n"));
    program
        .run(&["issue", "events.jsonl"])
        .code(1)
        .prints("not JSON: trailing comma at line 1 column 19 (events.jsonl, line 3)")
        .prints("2 issued, 2 e-mails, 1 dead letter");
    program.run(&["dead-letters", "list"]).code(0).prints("  from    events.jsonl, line 3\n");
    let letter = &program.json(&["dead-letters", "list"])[0];
    assert_eq!(letter["source"], "events.jsonl, line 3");
}

#[test]
fn a_bad_element_of_a_list_becomes_a_dead_letter_with_its_line() {
    let [first, second] = two_events();
    for (bad, reason) in [
        ("{\"userId\": \"u-ada\",}", "not JSON: trailing comma at line 1 column 20"),
        ("{\n  \"userId\" \"u-ada\"\n}", "not JSON: expected `:` at line 2 column 12"),
        ("{\"userId\": \"u-ada\"}", "courseId: missing"),
        ("nul", "not JSON: expected ident at line 1 column 3"),
        ("[7]", "expected an object, not a list"),
        ("7", "expected an object, not a number"),
    ] {
        let program = Program::new();
        program.write("events.json", &format!("[\n{first},\n{bad},\n{second}\n]\n"));
        program
            .run(&["issue", "events.json"])
            .code(1)
            .prints(&format!("event: {reason} (events.json, line 3)"))
            .prints("2 issued, 2 e-mails, 1 dead letter\n");
        assert_eq!(program.json(&["dead-letters", "list"])[0]["event"], bad);
    }
}

#[test]
fn a_list_without_an_end_is_a_dead_letter_because_events_may_be_lost() {
    let program = Program::new();
    let [first, second] = two_events();
    program.write("events.json", &format!("\n[{first},\n{second},\n"));
    program
        .run(&["issue", "events.json"])
        .code(1)
        .prints("not JSON: EOF while parsing a list at line 1 column 1 (events.json, line 2)")
        .prints("2 issued, 2 e-mails, 1 dead letter\n");
}

#[test]
fn a_file_in_utf_16_or_utf_32_is_named_and_adds_nothing() {
    let program = Program::new();
    let [first, _] = two_events();
    let pretty = first.replace(',', ",\n  ").replace('{', "{\n  ");
    for text in [first.clone(), format!("\u{feff}{first}"), pretty.clone(), format!("[\n{pretty}]")]
    {
        let utf16: Vec<_> = text.encode_utf16().collect();
        let utf32: Vec<_> = text.chars().map(u32::from).collect();
        for (name, bytes) in [
            ("UTF-16", utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>()),
            ("UTF-16", utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
            ("UTF-32", utf32.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
            ("UTF-32", utf32.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
        ] {
            fs::write(program.path("events.jsonl"), bytes).unwrap();
            program.run(&["issue", "events.jsonl"]).code(3).prints(&format!(
                "error: events.jsonl: the text is not UTF-8 but {name}; convert it to UTF-8"
            ));
        }
    }
    assert!(!program.path("state").exists());
}

#[test]
fn an_object_on_several_lines_that_is_not_utf_8_is_one_dead_letter() {
    let program = Program::new();
    let [first, second] = two_events();
    let pretty = format!("{{\n  \"userId\": \"Zo?\",\n  {}\n", &second[1..]);
    let mut bytes = format!("{first}\n{pretty}").into_bytes();
    let at = bytes.iter().position(|&byte| byte == b'?').unwrap();
    bytes[at] = 0xeb;
    fs::write(program.path("events.jsonl"), bytes).unwrap();
    program
        .run(&["issue", "events.jsonl"])
        .code(1)
        .prints("not UTF-8 but Latin-1 or Windows-1252; convert it to UTF-8 (events.jsonl, line 2)")
        .prints("1 issued, 1 e-mail, 1 dead letter\n");
}

#[test]
fn ids_may_be_integers_and_have_space_around_them() {
    let program = Program::new();
    program
        .write("users.json", r#"[{"userId": 42, "name": "Ada"}, {"userId": "u1 ", "name": "Bo"}]"#);
    let mut events = [completed("", "c-1", "e-1"), completed(" u1 ", " c-1", "e-2 ")];
    events[0]["userId"] = json!(42);
    events[0]["enrollmentId"] = json!(7);
    program.issue(&events).code(0).prints("2 issued");
    assert_eq!(program.json(&["show", "7"])[0]["userId"], "42");
    assert_eq!(program.json(&["show", "e-2"])[0]["userId"], "u1");
}

#[test]
fn integers_of_any_size_are_ids_with_all_of_their_digits() {
    let program = Program::new();
    let long = "9".repeat(300);
    let ids = ["0", "9223372036854775808", "18446744073709551616", "99314321442332142315", &long];
    let users = ids.map(|id| format!("{{\"userId\": {id}, \"name\": \"Ada\"}}")).join(",");
    program.write("users.json", &format!("[{users}]"));
    let event = |id: &str| {
        let event = json!({ "courseId": "c-1", "completedAt": "2026-11-20T14:03:21Z" }).to_string();
        event.replacen('{', &format!("{{\"userId\": {id}, \"enrollmentId\": {id}, "), 1)
    };
    let enveloped = format!("{{\"detail-type\": \"CourseCompleted\", \"detail\": {}}}", event("7"));
    let enveloped = enveloped.replace(": 7,", ": 9999999999999999999999,");
    program.write("events.jsonl", &ids.map(event).join("\n"));
    program.run(&["issue", "events.jsonl"]).code(0).prints("5 issued");
    for id in ids {
        assert_eq!(program.json(&["show", id])[0]["userId"], id);
    }
    program.write("events.jsonl", &enveloped);
    program.run(&["issue", "events.jsonl"]).code(1).prints("unknown user 9999999999999999999999:");
}

#[test]
fn an_id_of_another_type_is_refused_with_field_and_type() {
    for (value, found) in [
        ("1.5", "a number with a fraction or an exponent"),
        ("1e300", "a number with a fraction or an exponent"),
        ("12E2", "a number with a fraction or an exponent"),
        ("42.0", "a number with a fraction or an exponent"),
        ("-7", "a negative number"),
        ("-99314321442332142315", "a negative number"),
        ("true", "a boolean"),
        ("[42]", "a list"),
        ("{\"id\": 42}", "an object"),
    ] {
        let program = Program::new();
        for field in ["userId", "courseId", "enrollmentId"] {
            let event = completed("u-ada", "c-1", "e-1");
            let text = event[field].to_string();
            program.write("events.jsonl", &event.to_string().replace(&text, value));
            program.run(&["issue", "events.jsonl"]).code(1).prints(&format!(
                "invalid CourseCompleted event: {field}: expected a string or an integer, not {found} ("
            ));
        }
    }
}

#[test]
fn an_id_is_found_as_a_reader_copies_it() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    let id = program.json(&["show", "e-1"])[0]["certificateId"].as_str().unwrap().to_owned();
    for copied in [
        format!("\u{2068}{id}"),
        format!(" {}\u{a0}", id.to_uppercase()),
        format!("urn:uuid:{id}"),
        id.replace("-8", "- 8"),
    ] {
        assert_eq!(program.json(&["show", &copied])[0]["certificateId"], id, "{copied:?}");
    }
}

#[test]
fn empty_fields_mean_none_and_a_person_may_have_one_name() {
    let program = Program::new();
    program.write(
        "users.json",
        &json!([
            { "userId": "one", "givenName": "Sukarno", "familyName": null, "email": "" },
            { "userId": "two", "name": "Ada", "givenName": "", "locale": "", "email": " a@example.com " },
            { "userId": "three", "name": "Jan", "locale": "de_DE.UTF-8", "email": "j@[192.0.2.1]" },
            { "userId": "four", "name": "Aiko", "locale": "C", "email": "a..b.@docomo.ne.jp" },
        ])
        .to_string(),
    );
    let events = ["one", "two", "three", "four"].map(|user| completed(user, "c-1", user));
    program.issue(&events).code(0).prints("4 issued, 3 e-mails, 1 without an address");
    let record = |user| program.json(&["show", user]).remove(0);
    assert_eq!(record("one")["userName"], "Sukarno");
    assert_eq!(record("three")["locale"], "de");
    assert_eq!(record("four")["locale"], "en");
    let mails: Vec<_> =
        program.mails().into_iter().map(|(_, mail)| String::from_utf8(mail).unwrap()).collect();
    for to in ["<a@example.com>", "<\"a..b.\"@docomo.ne.jp>"] {
        assert!(mails.iter().any(|mail| mail.contains(to)), "no mail to {to}");
    }
}

#[test]
fn a_bad_entry_rejects_the_events_of_its_learner_only() {
    let program = Program::new();
    program.write(
        "users.json",
        r#"[{"userId": "bad", "name": 7}, {"userId": "good", "name": "Ada"}]"#,
    );
    program
        .issue(&[completed("bad", "c-1", "e-1"), completed("good", "c-1", "e-2")])
        .code(1)
        .prints(
            "the directory's entry of user bad: entry 1 of ./users.json: name: expected a string, not a number",
        )
        .prints("1 issued, 1 without an address, 1 dead letter");
}

#[test]
fn dead_letters_are_dropped_by_id_or_by_code() {
    let program = Program::new();
    program
        .issue(&[
            completed("u-ada", "c-none", "e-1"),
            completed("u-none", "c-1", "e-2"),
            json!({ "userId": "u-ada" }),
        ])
        .code(1)
        .prints("3 dead letters");
    let letters = program.json(&["dead-letters", "list"]);
    let id = letters[0]["id"].as_str().unwrap();
    program
        .run(&["dead-letters", "drop", id, "000000000000"])
        .code(1)
        .prints("no dead letter \"000000000000\"");
    assert_eq!(program.json(&["dead-letters", "list"]).len(), 3);
    program
        .run(&["dead-letters", "drop", id])
        .code(0)
        .prints(&format!("dropped  {id}  unknown-course"));
    program.run(&["dead-letters", "drop", "--code", "bad-event"]).code(0).prints("bad-event\n");
    let left = program.json(&["dead-letters", "list"]);
    assert_eq!((left.len(), &left[0]["code"]), (1, &json!("unknown-user")));
    program.run(&["dead-letters", "drop"]).code(2).prints("required arguments");
}

#[test]
fn a_byte_order_mark_is_ignored_wherever_json_is_read() {
    let program = Program::alone();
    program.run(&["init"]).code(0).prints("completion");
    let data = "templates/completion/samples/ada.json";
    for file in [
        data,
        "templates/completion/schema.json",
        "templates/completion/typst.toml",
        "templates/completion/locales/en.toml",
        "users.json",
        "courses.json",
        "events.jsonl",
    ] {
        let text = fs::read_to_string(program.path(file)).unwrap();
        program.write(file, &format!("\u{feff}{text}"));
    }
    let _ = program.run(&["render", "completion", "--data", data, "-o", "a.pdf"]).code(0);
    program.run(&["check"]).code(0).prints("no problems");
    program.run(&["issue", "events.jsonl"]).code(0).prints(" issued, ");
}
