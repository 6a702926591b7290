//! The e-mail in `check`, `test`, `review` and `preview`.

use std::fs;

use serde_json::{Value, json};
use testamur_tests::{Program, TestCase, python, repository, test_cases};

/// Returns the program in a folder of templates that has the e-mail of the repository only.
fn designer() -> Program {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    copy("mail", &program);
    fs::create_dir(program.path("templates/shared")).unwrap();
    let formats = repository().join("templates/shared/cldr.json");
    fs::copy(formats, program.path("templates/shared/cldr.json")).unwrap();
    program
}

/// Copies a folder of the templates of the repository.
fn copy(folder: &str, program: &Program) {
    let target = program.path("templates").join(folder);
    fs::create_dir_all(&target).unwrap();
    for entry in fs::read_dir(repository().join("templates").join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.contains('.') {
            let source = repository().join("templates").join(folder).join(&name);
            fs::copy(source, target.join(&name)).unwrap();
        } else {
            copy(&format!("{folder}/{name}"), program);
        }
    }
}

/// Replaces a text in a file of the e-mail.
fn edit(program: &Program, file: &str, from: &str, to: &str) {
    let path = format!("templates/mail/{file}");
    let text = String::from_utf8(program.read(&path)).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    program.write(&path, &text.replace(from, to));
}

/// A change of the e-mail, and what `testamur check` finds then.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MailFault {
    file: String,
    replace: String,
    with: String,
    code: String,
    /// The problems, of which each line begins with one.
    finds: Vec<String>,
}

#[test]
fn every_fault_of_the_mail_is_found_with_its_place() {
    for TestCase { name, case } in test_cases::<MailFault>("mail-faults") {
        let program = designer();
        edit(&program, &case.file, &case.replace, &case.with);
        let report = program.json(&["check", "mail"]).remove(0);
        let problems = report["problems"].as_array().unwrap();
        assert_eq!(problems.len(), case.finds.len(), "{name}: {problems:#?}");
        for (problem, text) in problems.iter().zip(&case.finds) {
            let message = problem["message"].as_str().unwrap();
            assert!(message.starts_with(text), "{name}: {message}");
            assert_eq!(problem["code"], case.code, "{name}: {message}");
        }
        let outcome = program.run(&["check"]).code(1);
        case.finds.iter().for_each(|text| _ = outcome.prints(&format!("templates/mail: {text}")));
        let references = program.files("templates/mail/snapshots");
        let _ = program.run(&["test", "mail"]).code(1);
        let unchanged = program.files("templates/mail/snapshots") == references;
        assert!(unchanged, "{name}: a test has written a reference");
    }
}

#[test]
fn the_mail_is_named_by_its_id_or_its_path() {
    let program = designer();
    for name in ["mail", "templates/mail", "./templates/mail/"] {
        program.run(&["check", name]).code(0).prints("templates/mail: no problems");
        program.run(&["test", name]).code(0).prints("34 cases: 34 passed");
    }
    assert_eq!(
        program.json(&["check"]),
        [json!({ "template": "templates/mail", "problems": [], "fonts": [] })]
    );
}

#[test]
fn a_changed_string_changes_the_text_and_the_html_of_its_language() {
    let program = designer();
    edit(&program, "locales/fr.toml", "Félicitations", "Bravo");
    let outcome = program.run(&["test", "--report", "ci", "--junit", "ci/results.xml"]).code(1);
    outcome
        .prints("changed   mail/ada.fr.html  1 line removed and 1 added, from line 34")
        .prints("changed   mail/ada.fr.txt  1 line removed and 1 added, from line 3")
        .prints("34 cases: 32 passed, 2 changed");
    let page = String::from_utf8(program.read("ci/index.html")).unwrap();
    assert!(page.contains(r#""id":"mail/ada.fr.txt","status":"changed""#), "{page}");
    assert!(page.contains("-Félicitations\\n+Bravo\\n"), "{page}");

    let outcome = program.run_with_input(&["review"], "r\na\n").code(1);
    outcome
        .prints("  -          Félicitations\n  +          Bravo\n")
        .prints("  -Félicitations\n  +Bravo\n")
        .prints("1 accepted, 1 rejected, 0 skipped");
    program.run(&["test"]).code(1).prints("34 cases: 33 passed, 1 changed");
    program.run(&["review", "mail", "--accept-all"]).code(0).prints("1 accepted");
    program.run(&["test"]).code(0).prints("34 cases: 34 passed");
}

#[test]
fn missing_and_stale_references_of_the_mail_fail() {
    let program = designer();
    let snapshots = program.path("templates/mail/snapshots");
    fs::rename(snapshots.join("ada.en.txt"), snapshots.join("eve.en.txt")).unwrap();
    let outcome = program.run(&["test"]).code(1);
    outcome
        .prints("missing   mail/ada.en.txt  templates/mail/snapshots/ada.en.txt does not exist yet")
        .prints("stale     mail/eve.en.txt  no sample produces templates/mail/snapshots/eve.en.txt")
        .prints("35 cases: 33 passed, 1 missing, 1 stale");
    program.run(&["review", "--accept-all"]).code(0).prints("2 accepted");
    program.run(&["test"]).code(0).prints("34 cases: 34 passed");
    let sample = program.read("templates/mail/samples/ada.json");
    program.write("templates/mail/samples/ada.json", "{");
    program
        .run(&["test"])
        .code(1)
        .prints("problem   mail  samples/ada.json: not JSON")
        .prints("6 cases: 6 passed; 1 template has problems");
    fs::write(program.path("templates/mail/samples/ada.json"), sample).unwrap();
    program.run(&["test"]).code(0).prints("34 cases: 34 passed");
}

#[test]
fn a_new_project_has_a_mail_that_passes() {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    let _ = program.run(&["new", "demo"]).code(0);
    program.run(&["test", "mail"]).code(0).prints("34 cases: 34 passed");
    let cases = program.json(&["test"]);
    let is_mail = |line: &&Value| line["case"].as_str().is_some_and(|id| id.starts_with("mail/"));
    assert_eq!(cases.iter().filter(is_mail).count(), 34);
}

#[test]
fn the_preview_shows_the_mail_in_a_sandbox_and_follows_every_save() {
    let program = designer();
    let server = program.serve(&["preview", "mail", "--port", "0"]);
    let folder = program.path("templates/mail");
    let saw = python("use_mail.py", &["preview".as_ref(), server.url.as_ref(), folder.as_ref()]);
    assert_eq!(
        saw,
        "opens mail ada\n\
         shows the subject and the HTML in a sandbox\n\
         fits 600 and 375 pixels\n\
         light and dark\n\
         follows every save, names errors, and runs no script\n\
         shows the text, and data can be edited\n"
    );
}

#[test]
fn a_review_on_the_web_shows_both_mails() {
    let program = designer();
    edit(&program, "locales/en.toml", "Congratulations", "Well done");
    fs::remove_file(program.path("templates/mail/samples/markup.json")).unwrap();
    for part in ["txt", "html"] {
        fs::remove_file(program.path(&format!("templates/mail/snapshots/markup.en.{part}")))
            .unwrap();
    }
    let server = program.serve(&["review", "mail", "--web", "--port", "0"]);
    let saw = python("use_mail.py", &["review".as_ref(), server.url.as_ref()]);
    assert_eq!(
        saw,
        "shows mail/ada.en.html changed, mail/ada.en.txt changed\n\
         side by side and difference\n\
         all decided\n"
    );
    let (code, said) = server.finish();
    assert_eq!((code, said.as_str()), (Some(0), "2 accepted, 0 rejected, 0 skipped\n"));
    program.run(&["test"]).code(0).prints("32 cases: 32 passed");
}
