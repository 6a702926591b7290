//! The e-mail: its content as another parser reads it, and failures of the mail server.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Value, json};
use testamur_tests::{Program, python, repository, tool};

use crate::completed;

fn read(program: &Program, mail: &str) -> Value {
    serde_json::from_str(&python("read_mail.py", &[program.path(mail).as_ref()])).unwrap()
}

#[test]
fn the_mail_names_learner_and_course_and_links_the_pdf() {
    let program = Program::new();
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, _) = program.files("state/mail").remove(0);
    let (mail, record) = (read(&program, &path), &program.json(&["list"])[0]);
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["from"], "Testamur <certificates@example.com>");
    assert_eq!(mail["to"], "Ada Lovelace <u-ada@example.com>");
    assert_eq!(mail["subject"], "Your certificate for Analytical Engines");
    let date = rfc2822::parse(mail["date"].as_str().unwrap()).unwrap().timestamp();
    let age = Timestamp::now().duration_since(date).as_secs();
    assert!((0..3600).contains(&age), "the date is the time of sending: {}", mail["date"]);
    assert_eq!(mail["autoSubmitted"], "auto-generated");
    assert_eq!(mail["id"], format!("<{}@example.com>", record["certificateId"].as_str().unwrap()));
    for part in ["text", "html"] {
        let text = mail[part].as_str().unwrap().replace("&#x2f;", "/");
        for expected in [
            "Ada Lovelace",
            "Analytical Engines",
            record["pdfUrl"].as_str().unwrap(),
            "Issued on November 20, 2026",
        ] {
            assert!(text.contains(expected), "{expected} is not in {text}");
        }
    }
}

#[test]
fn the_mail_shows_the_picture_of_the_certificate() {
    let program = Program::new();
    program.write(
        "users.json",
        r#"[{"userId": "u", "name": "\"Ada\" <Lovelace>", "locale": "de", "email": "a@example.com"}]"#,
    );
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, bytes) = program.files("state/mail").remove(0);
    let picture = program.certificate("e-1", "jpg");
    let mail = python("read_mail.py", &[program.path(&path).as_ref(), picture.as_ref()]);
    let mail: Value = serde_json::from_str(&mail).unwrap();
    assert_eq!(mail["defects"], json!([]));
    let types =
        ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/jpeg"];
    assert_eq!(mail["types"], json!(types));
    let record = &program.json(&["list"])[0];
    let id = format!("picture-{}@testamur", record["certificateId"].as_str().unwrap());
    assert_eq!(
        mail["pictures"],
        json!([{
            "id": format!("<{id}>"), "name": "certificate.jpg", "disposition": "inline", "isFile": true
        }])
    );
    let html = mail["html"].as_str().unwrap();
    let image = format!(
        "<img src=\"cid:{id}\" alt=\"Zertifikat für &quot;Ada&quot; &lt;Lovelace&gt;, Kurs Analytical \
         Engines\" width=\"480\""
    );
    assert!(html.contains(&image), "{html}");
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
}

#[test]
fn a_mail_without_its_picture_is_sent_all_the_same() {
    for replaced_by in [None, Some(2 << 20)] {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("smtp://127.0.0.1:{closed}");
        let program = Program::new().with("TESTAMUR_SMTP_URL", &url);
        let _ = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(1);
        let picture = program.certificate("e-1", "jpg");
        match replaced_by {
            None => fs::remove_file(picture).unwrap(),
            Some(length) => fs::write(picture, vec![0; length]).unwrap(),
        }
        let (port, received) = server(vec![]);
        let program = program.with("TESTAMUR_SMTP_URL", &format!("smtp://127.0.0.1:{port}"));
        program.run(&["dead-letters", "retry"]).code(0).prints("0 issued, 1 e-mail");
        program.write("sent.eml", &received.recv().unwrap());
        let mail = read(&program, "sent.eml");
        assert_eq!(mail["types"], json!(["multipart/alternative", "text/plain", "text/html"]));
        assert!(!mail["html"].as_str().unwrap().contains("<img"), "{}", mail["html"]);
    }
}

#[test]
fn the_button_has_the_color_of_the_template() {
    let program = Program::new();
    let course = |id: &str, template: &str| json!({ "courseId": id, "name": id, "author": "Babbage", "template": template });
    program.write("courses.json", &json!([course("c-2", "demo")]).to_string());
    let program = program.with("TESTAMUR_TEMPLATES", "templates");
    let _ = program.run(&["new", "demo"]).code(0);
    for (accent, color) in [("accent = \"#7A1FA2\"", "#7a1fa2"), ("", "#1e3a5f")] {
        let manifest = String::from_utf8(program.read("templates/demo/typst.toml")).unwrap();
        let lines = manifest.lines().filter(|line| !line.starts_with("accent"));
        let manifest = lines.collect::<Vec<_>>().join("\n");
        let table = format!("[tool.testamur]\n{accent}");
        program.write("templates/demo/typst.toml", &manifest.replace("[tool.testamur]", &table));
        program.issue(&[completed("u-ada", "c-2", color)]).code(0).prints("1 e-mail");
        let id = program.json(&["show", color])[0]["certificateId"].as_str().unwrap().to_owned();
        let mail = read(&program, &format!("state/mail/{id}.eml"));
        let button = format!("padding:13px 30px;background:{color};color:#ffffff");
        assert!(mail["html"].as_str().unwrap().contains(&button), "{}", mail["html"]);
    }
}

#[test]
fn an_accent_color_is_dark_enough_for_white_text() {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    let _ = program.run(&["new", "demo"]).code(0);
    let manifest = String::from_utf8(program.read("templates/demo/typst.toml")).unwrap();
    for (color, message) in [
        (
            "#ffc24b",
            "#ffc24b has a contrast of 1.6:1 with white; use a darker color, at least 4.5:1",
        ),
        ("red", "expected a color such as #1e3a5f: six hexadecimal digits"),
    ] {
        program.write("templates/demo/typst.toml", &manifest.replace("#0b6e5f", color));
        program.run(&["check", "demo"]).code(1).prints(message);
    }
}

#[test]
fn a_template_that_shows_no_picture_sends_none() {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    let _ = program.run(&["new", "completion"]).code(0);
    program.write("templates/mail/body.html", "<p>{{ userName }}</p>");
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, _) = program.files("state/mail").remove(0);
    assert_eq!(read(&program, &path)["pictures"], json!([]));
}

#[test]
fn the_mail_is_in_the_language_of_the_certificate() {
    let program = Program::new();
    program.write(
        "users.json",
        r#"[{"userId": "u", "name": "Fatima", "locale": "ar-EG", "email": "f@example.com"}]"#,
    );
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, _) = program.files("state/mail").remove(0);
    let mail = read(&program, &path);
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains(r#"<html lang="ar" dir="rtl">"#), "{html}");
    assert!(html.contains("<bdi>Analytical Engines</bdi>"), "{html}");
    for part in ["text", "html"] {
        assert!(mail[part].as_str().unwrap().contains("20 نوفمبر 2026"), "{}", mail[part]);
    }
    let subject = "شهادة إتمام الدورة التدريبية \u{2068}Analytical Engines\u{2069}";
    assert_eq!(mail["subject"], subject);
}

#[test]
fn mail_and_certificate_print_the_same_date() {
    let folder = repository().join("templates/mail/locales");
    let locales: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let tag = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let user = |path: &PathBuf| {
        let tag = tag(path);
        json!({ "userId": tag, "name": "Ada", "locale": tag, "email": format!("{tag}@example.com") })
    };
    let program = Program::new();
    let users: Vec<_> = locales.iter().map(user).collect();
    program.write("users.json", &Value::from(users).to_string());
    let events: Vec<_> =
        locales.iter().map(|path| completed(&tag(path), "c-1", &tag(path))).collect();
    program.issue(&events).code(0).prints(&format!("{0} issued, {0} e-mails", locales.len()));
    let mails = program.files("state/mail");
    assert_eq!(mails.len(), locales.len());
    for path in &locales {
        let certificate = program.certificate(&tag(path), "pdf");
        // Typst separates Han and digits by a gap, which the text of the PDF has as a space.
        let page = tool("pdftotext", &[certificate.as_ref(), "-".as_ref()]).replace(' ', "");
        let id =
            program.json(&["show", &tag(path)])[0]["certificateId"].as_str().unwrap().to_owned();
        let mail = read(&program, &format!("state/mail/{id}.eml"));
        let strings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let (before, after) = strings["issued"].as_str().unwrap().split_once("{date}").unwrap();
        let lines = mail["text"].as_str().unwrap().lines();
        let date = lines.filter_map(|line| line.strip_prefix(before)?.strip_suffix(after)).next();
        let date = date.unwrap_or_else(|| panic!("no date in {}", mail["text"]));
        for word in date.split_whitespace() {
            assert!(page.contains(word), "{}: {word} of {date} is not in\n{page}", tag(path));
        }
    }
}

#[test]
fn learner_input_stays_text_in_every_header_and_part() {
    let program = Program::new();
    let name = "Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script> {{ 7 * 7 }} \"&\" 王";
    program.write(
        "users.json",
        &json!([{ "userId": "u", "name": name, "email": "eve@example.com" }]).to_string(),
    );
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, bytes) = program.files("state/mail").remove(0);
    let headers = String::from_utf8(bytes).unwrap();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")));
    let mail = read(&program, &path);
    assert_eq!(mail["defects"], json!([]));
    assert!(mail["to"].as_str().unwrap().ends_with("<eve@example.com>"));
    let printed = "Eve Bcc: all@example.com <script>alert(1)</script> {{ 7 * 7 }} \"&\" 王";
    assert!(mail["text"].as_str().unwrap().contains(printed));
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("&lt;script&gt;alert(1)") && !html.contains("<script>"), "{html}");
}

#[test]
fn an_internationalized_domain_is_written_in_ascii() {
    let program = Program::new();
    program
        .write("users.json", r#"[{"userId": "u", "name": "Ada", "email": "ada@Bücher.example"}]"#);
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 e-mail");
    let (path, _) = program.files("state/mail").remove(0);
    assert_eq!(read(&program, &path)["to"], "Ada <ada@xn--bcher-kva.example>");
    program.run(&["suppress", "ada@bücher.example"]).code(0).prints("suppressed");
    program
        .issue(&[completed("u", "c-1", "e-2")])
        .code(0)
        .prints("1 issued, 1 to a suppressed address");
}

#[test]
fn a_suppressed_address_gets_no_mail_in_any_spelling() {
    let program = Program::new();
    program
        .run(&["suppress", "u-ada@example.com"])
        .code(3)
        .prints("error: no certificates have been issued in state: check --state-dir");
    program.issue(&[completed("u-grace", "c-1", "e-1")]).code(0).prints("1 e-mail");
    program.run(&["suppress", "nobody"]).code(2).prints("\"nobody\" is not a valid e-mail address");
    program
        .run(&["suppress", "U-Ada@Example.com"])
        .code(0)
        .prints("suppressed: no more e-mail is sent to this address");
    let both = [completed("u-ada", "c-1", "e-2"), completed("u-grace", "c-2", "e-3")];
    program.issue(&both).code(0).prints("2 issued, 1 e-mail, 1 to a suppressed address");
    assert_eq!(program.files("state/mail").len(), 2);
    let database = program.read("state/testamur.db");
    assert!(
        !database.windows(9).any(|bytes| bytes.eq_ignore_ascii_case(b"u-ada@exa")),
        "the address is kept"
    );
}

#[test]
fn a_busy_mail_server_gets_each_message_once() {
    let (port, received) = server(vec!["451 busy"]);
    let program = Program::new().with("TESTAMUR_SMTP_URL", &format!("smtp://127.0.0.1:{port}"));
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0);
    outcome
        .prints(
            "retrying        attempt 1 failed: can't send the e-mail: the server replied with code 451",
        )
        .prints("1 issued, 1 e-mail");
    let message = received.recv().unwrap();
    assert!(message.contains("Subject: Your certificate for Analytical Engines"), "{message}");
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("nothing new");
    assert!(received.try_recv().is_err());
    assert_eq!(program.files("state/mail"), []);
}

#[test]
fn a_permanent_refusal_becomes_a_dead_letter_without_its_text() {
    let (port, _) = server(vec!["550 no such user u-ada@example.com"]);
    let program = Program::new().with("TESTAMUR_SMTP_URL", &format!("smtp://127.0.0.1:{port}"));
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(1);
    outcome
        .prints("can't send this e-mail: the server rejected it with code 550")
        .prints("1 issued, 1 dead letter");
    assert!(
        !outcome.stdout.contains("retrying") && !outcome.stdout.contains('@'),
        "{}",
        outcome.stdout
    );
}

#[test]
fn unsent_mail_becomes_a_dead_letter_and_is_sent_on_retry() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::new().with("TESTAMUR_SMTP_URL", &format!("smtp://127.0.0.1:{closed}"));
    let outcome = program.issue(&[completed("u-ada", "c-1", "e-1")]).code(1);
    outcome
        .prints("1 issued, 1 dead letter")
        .prints("can't send the e-mail: ")
        .prints("Connection refused");
    assert_eq!(program.json(&["dead-letters", "list"])[0]["code"], "retries-exhausted");

    let (port, received) = server(vec![]);
    let program = program.with("TESTAMUR_SMTP_URL", &format!("smtp://127.0.0.1:{port}"));
    program.run(&["dead-letters", "retry"]).code(0).prints("0 issued, 1 e-mail");
    assert!(received.recv().unwrap().contains("u-ada@example.com"));
    program.run(&["dead-letters", "list"]).code(0).prints("no dead letters");
}

#[test]
fn a_learner_without_an_address_gets_a_certificate_and_no_mail() {
    let program = Program::new();
    program.write("users.json", r#"[{"userId": "u", "name": "Ada"}]"#);
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 issued, 1 without an address");
    assert_eq!(program.files("state/mail"), []);
}

#[test]
fn a_wrong_address_becomes_a_dead_letter_of_the_mail_only() {
    let program = Program::new();
    program.write("users.json", r#"[{"userId": "u", "name": "Ada", "email": "not an address"}]"#);
    let outcome = program.issue(&[completed("u", "c-1", "e-1")]).code(1);
    outcome
        .prints("1 issued, 1 dead letter")
        .prints("the e-mail address of user u is not valid (has no @)");
    assert!(!outcome.stdout.contains("not an address"), "an address was printed");
    assert_eq!(program.files("state/certificates").len(), 4);
}

/// Starts an SMTP server on the loopback interface. It answers the first connections with the given
/// lines, and accepts every message after that.
fn server(greetings: Vec<&'static str>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            converse(stream.unwrap(), greetings.get(number), &sender);
        }
    });
    (port, receiver)
}

fn converse(mut stream: TcpStream, greeting: Option<&&str>, received: &Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    if let Some(refusal) = greeting {
        return say(refusal);
    }
    say("220 ready");
    while let Some(line) = lines.next() {
        match line.get(..4).unwrap_or_default() {
            "DATA" => {
                say("354 go on");
                let message: Vec<_> = lines.by_ref().take_while(|line| line != ".").collect();
                say("250 taken");
                received.send(message.join("\n")).unwrap();
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 yes"),
        }
    }
}
