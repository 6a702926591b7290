//! `new`, `check`, `test` and `review` on the terminal.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use testamur_tests::{Outcome, Program, TestCase, repository, test_cases, tool};

/// Returns the program in a folder with one new template, `demo`, and no e-mail.
pub(crate) fn designer() -> Program {
    let program = Program::new();
    fs::create_dir(program.path("templates")).unwrap();
    let program = program.with("TESTAMUR_TEMPLATES", "templates");
    program.run(&["new", "demo"]).code(0).prints("created templates/demo");
    fs::remove_dir_all(program.path("templates/mail")).unwrap();
    program
}

/// Replaces a text in a file of the template `demo`.
fn edit(program: &Program, file: &str, from: &str, to: &str) {
    let path = format!("templates/demo/{file}");
    let text = String::from_utf8(program.read(&path)).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    program.write(&path, &text.replace(from, to));
}

fn test(program: &Program) -> Outcome {
    program.run(&["test"])
}

#[test]
fn a_new_template_passes_at_once_and_is_never_overwritten() {
    let program = designer();
    test(&program).code(0).prints("6 cases: 6 passed");
    program.run(&["check"]).code(0).prints("templates/demo: no problems; fonts: Source Sans 3");
    program
        .run(&["new", "demo"])
        .code(3)
        .prints("error: templates/demo already exists: choose another name");
    program
        .run(&["new", "../demo"])
        .code(2)
        .prints("error: \"../demo\" is not a valid template id");
    for name in ["shared", "mail", "Demo"] {
        program.run(&["new", name]).code(2).prints(
            "is not a valid template id: use lower-case letters, digits and hyphens, but not",
        );
    }
    program
        .run(&["test", "nothing"])
        .code(1)
        .prints("error: no template \"nothing\" in templates: name a folder there");
}

/// A change of the template `demo`, and what `testamur test` prints then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateFault {
    file: String,
    replace: String,
    with: String,
    prints: Vec<String>,
}

#[test]
fn every_fault_of_a_template_is_reported() {
    for TestCase { name, case } in test_cases::<TemplateFault>("template-faults") {
        let program = designer();
        edit(&program, &case.file, &case.replace, &case.with);
        let references = program.files("templates/demo/snapshots");
        let outcome = test(&program).code(1);
        case.prints.iter().for_each(|text| _ = outcome.prints(text));
        let unchanged = program.files("templates/demo/snapshots") == references;
        assert!(unchanged, "{name}: a test has written a reference");
    }
}

#[test]
fn a_missing_and_a_stale_reference_fail() {
    let program = designer();
    let snapshots = program.path("templates/demo/snapshots");
    fs::rename(snapshots.join("ada.en.png"), snapshots.join("eve.en.png")).unwrap();
    let outcome = test(&program).code(1);
    outcome
        .prints("missing   demo/ada.en  templates/demo/snapshots/ada.en.png does not exist yet")
        .prints(
            "stale     demo/eve.en  no sample produces templates/demo/snapshots/eve.en.png any more",
        )
        .prints("7 cases: 5 passed, 1 missing, 1 stale");
    fs::write(snapshots.join("ada.en.png"), "not an image").unwrap();
    test(&program)
        .code(1)
        .prints("changed   demo/ada.en  templates/demo/snapshots/ada.en.png is not a PNG image: ");
}

#[test]
fn an_invalid_sample_keeps_its_references() {
    let program = designer();
    let references = program.files("templates/demo/snapshots");
    program.write("templates/demo/snapshots/README.md", "accepted by Grace");
    edit(&program, "samples/ada.json", "{", "[");
    test(&program).code(1).prints("2 cases: 2 passed; 1 template has problems");
    let review = program.run(&["review", "--accept-all"]).code(1);
    review
        .prints("problem   demo  samples/ada.json: ")
        .prints("nothing to review")
        .prints("can't be reviewed: 1 template with problems; fix the problems first");
    edit(&program, "samples/ada.json", "[", "{");
    test(&program).code(0).prints("6 cases: 6 passed");
    fs::remove_file(program.path("templates/demo/snapshots/README.md")).unwrap();
    assert_eq!(program.files("templates/demo/snapshots"), references);
}

#[test]
fn an_empty_folder_of_templates_is_an_error_and_not_a_success() {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    fs::create_dir(program.path("templates")).unwrap();
    for command in ["test", "check", "review"] {
        program.run(&[command]).code(3).prints(
            "error: no templates in templates: name the folder that contains them with --templates",
        );
    }
    fs::create_dir(program.path("templates/shared")).unwrap();
    program.run(&["new", "demo"]).code(3).prints(
        "error: templates/shared has no lib.typ, so it is not the folder of shared helpers: ",
    );
    assert!(!program.path("templates/demo").exists());
}

#[cfg(unix)]
#[test]
fn the_lock_file_of_an_editor_is_ignored() {
    let program = designer();
    std::os::unix::fs::symlink("ada@host.1", program.path("templates/demo/.#main.typ")).unwrap();
    test(&program).code(0).prints("6 cases: 6 passed");
}

#[test]
fn preview_names_the_folder_of_a_template_outside() {
    let program = designer();
    let outcome = program.with("TESTAMUR_TEMPLATES", "other");
    fs::create_dir(outcome.path("other")).unwrap();
    outcome
        .run(&["preview", "templates/demo", "--port", "0"])
        .code(2)
        .prints("error: template demo is outside other: add --templates /");
}

#[test]
fn the_tolerance_is_the_templates() {
    let program = designer();
    edit(&program, "main.typ", "#0b6e5f", "#0d705f");
    test(&program).code(0).prints("6 cases: 6 passed");
    edit(&program, "main.typ", "#0d705f", "#0f725f");
    test(&program).code(1).prints("3 changed");
    edit(
        &program,
        "typst.toml",
        "[package]",
        "[tool.testamur.snapshots]\nmax-delta = 4\n[package]",
    );
    test(&program).code(0).prints("6 cases: 6 passed");
    edit(&program, "typst.toml", "max-delta = 4", "max-deviations = 100000");
    test(&program).code(0).prints("6 cases: 6 passed");
}

#[test]
fn artifacts_have_no_checks_and_text_over_images_has_none_of_contrast() {
    let program = designer();
    let name = "#v(10pt)";
    edit(
        &program,
        "main.typ",
        name,
        "#pdf.artifact(text(fill: luma(90%), size: 2pt)[DRAFT])#place(rect(width: 90pt, height: 40pt, fill: gradient.linear(white, black)))#place(dx: 5pt, dy: 15pt, text(fill: luma(60%))[On a gradient])",
    );
    let outcome = test(&program).code(1);
    outcome.prints("changed   demo/ada.en");
    assert!(!outcome.stdout.contains("failed"), "{}", outcome.stdout);
}

#[test]
fn results_come_as_json_and_as_junit_too() {
    let program = designer();
    edit(&program, "social-card.typ", "#0b6e5f", "#a02030");
    edit(&program, "main.typ", "\"Source Sans 3\"", "\"<&\\\">\"");
    let lines = program.json(&["test", "--junit", "ci/results.xml"]);
    let status =
        |id: &str| lines.iter().find(|line| line["case"] == id).map(|line| line["status"].clone());
    assert_eq!(status("demo/ada.en"), Some("failed".into()));
    assert_eq!(status("demo/ada.en.social-card"), Some("changed".into()));
    let totals = &lines.last().unwrap()["totals"];
    let count = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!((count("cases"), count("passed"), count("changed"), count("failed")), (6, 0, 3, 3));

    let xml = testamur_tests::python("read_junit.py", &[program.path("ci/results.xml").as_ref()]);
    let read: Value = serde_json::from_str(&xml).unwrap();
    assert_eq!(read["tests"], 6);
    assert_eq!(read["failures"], 6);
    assert_eq!(read["cases"]["demo/ada.en.social-card"]["type"], "changed");
    let message = read["cases"]["demo/ada.en"]["message"].as_str().unwrap();
    assert!(message.contains("unknown font family: <&\">"), "{message}");
}

#[test]
fn problems_of_a_template_are_not_counted_as_cases() {
    let program = designer();
    edit(&program, "locales/fr.toml", "certify", "certifie");
    let message = "locales/fr.toml: missing key `certify`";
    let outcome = program.run(&["test", "--report", "ci", "--junit", "ci/results.xml"]).code(1);
    outcome
        .prints(&format!("problem   demo  {message}"))
        .prints("6 cases: 5 passed, 1 failed; 1 template has problems");
    let lines = program.json(&["test"]);
    assert_eq!(lines[0]["template"], "demo");
    assert_eq!(lines[0]["problems"][0], json!({ "code": "missing-key", "message": message }));
    assert_eq!(lines.last().unwrap()["totals"]["templatesWithProblems"], 1);

    let xml = testamur_tests::python("read_junit.py", &[program.path("ci/results.xml").as_ref()]);
    let read: Value = serde_json::from_str(&xml).unwrap();
    let counts = (&read["tests"], &read["failures"], &read["errors"]);
    assert_eq!(counts, (&json!(7), &json!(1), &json!(1)));
    assert!(read["cases"]["demo"]["message"].as_str().unwrap().contains(message));
    let summary = String::from_utf8(program.read("ci/summary.md")).unwrap();
    assert!(summary.contains("| demo | problem | locales/fr.toml: missing key "), "{summary}");
    let page = String::from_utf8(program.read("ci/index.html")).unwrap();
    assert!(page.contains(r#""templates":[{"id":"demo","problems":[{"code":"missing-key""#));

    edit(&program, "typst.toml", "width = 1684", "width = -1");
    test(&program).code(1).prints("0 cases: 0 passed; 1 template has problems");
}

#[test]
fn a_review_on_the_terminal_accepts_rejects_and_skips() {
    let program = designer();
    edit(&program, "social-card.typ", "#0b6e5f", "#a02030");
    fs::copy(
        program.path("templates/demo/snapshots/ada.en.png"),
        program.path("templates/demo/snapshots/eve.en.png"),
    )
    .unwrap();
    let outcome = program.run_with_input(&["review"], "a\nwhat\nr\n").code(1);
    outcome
        .prints("1/4  changed   demo/ada.en.social-card  ")
        .prints("type a, r or s, then Enter")
        .prints("4/4  changed   demo/long.en.social-card  ")
        .prints("1 accepted, 1 rejected, 2 skipped");
    test(&program).code(1).prints("7 cases: 4 passed, 2 changed, 1 stale");
    program.run(&["review", "--accept-all"]).code(0).prints("3 accepted, 0 rejected, 0 skipped");
    assert!(!program.path("templates/demo/snapshots/eve.en.png").exists());
    test(&program).code(0).prints("6 cases: 6 passed");
    program.run(&["review"]).code(0).prints("nothing to review");
}

#[test]
fn check_finds_problems_that_no_image_shows() {
    let program = designer();
    program.write("templates/demo/assets/old.svg", "<svg/>");
    program.write("templates/demo/assets/huge.svg", &" ".repeat(600 << 10));
    let logo = r#"<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20">
        <text y="15" font-family="Helvetica">Acme</text></svg>"#;
    program.write("templates/demo/assets/logo.svg", logo);
    let heading = "#heading(inline(strings.title, locale))";
    edit(&program, "main.typ", heading, "#image(\"assets/logo.svg\", alt: \"Acme\")");
    program.write("templates/demo/locales/xx.toml", "title = \"\"\n");
    program.write("templates/demo/locales/pt_BR.toml", "title = \"\"\n");
    fs::create_dir(program.path("templates/demo/fonts")).unwrap();
    program.write("templates/demo/fonts/Brand.woff2", "compressed");
    program.write("templates/demo/fonts/Damaged.ttf", "");
    edit(&program, "typst.toml", "name = \"demo\"", "name = \"other\"");
    edit(&program, "main.typ", "\"Source Sans 3\"", "\"Comic Sans\"");
    let outcome = program.run(&["check"]).code(1);
    outcome
        .prints("templates/demo: folder `demo` and package name `other` differ; rename one of them")
        .prints("templates/demo: locales/xx.toml: missing key `certify`")
        .prints("templates/demo: locales/xx.toml: shared/cldr.json has no dates and numbers for xx")
        .prints("templates/demo: rename locales/pt_BR.toml to pt-BR.toml")
        .prints("templates/demo: fonts/Brand.woff2 can't be used: replace it by a TrueType or")
        .prints("templates/demo: fonts/Damaged.ttf can't be used: replace it by a TrueType or")
        .prints("templates/demo: assets/old.svg is not used")
        .prints("templates/demo: ada.en: assets/logo.svg: there is no font Helvetica, so “Acme” is")
        .prints("templates/demo: assets/huge.svg has 600 KiB; at most 512 KiB are allowed")
        .prints("unknown font family: comic sans");
    let program = designer();
    program.write("templates/demo/samples/bad.json", "{");
    program
        .run(&["check", "demo"])
        .code(1)
        .prints("templates/demo: samples/bad.json: the data is not JSON: EOF");
    let schema = program.path("templates/demo/schema.json");
    let capitals = program.path("templates/demo/Schema.JSON");
    fs::rename(&schema, &capitals).unwrap();
    program
        .run(&["check"])
        .code(1)
        .prints("templates/demo has no schema.json; rename Schema.JSON to schema.json");
    fs::remove_file(capitals).unwrap();
    program.run(&["check"]).code(1).prints("templates/demo: templates/demo has no schema.json");
    let problem = json!({
        "code": "invalid-template",
        "message": "templates/demo has no schema.json",
    });
    assert_eq!(program.json(&["check"])[0]["problems"], json!([problem]));
}

#[test]
fn a_font_for_all_templates_that_can_not_be_read_is_named() {
    let program = designer().with("TESTAMUR_FONTS", "fonts");
    let fonts = program.path("fonts");
    let sans = repository().join("fonts/source-sans-3");
    tool("cp", &["-r".as_ref(), sans.as_ref(), fonts.as_ref()]);
    program.write("fonts/brand/Brand.woff2", "compressed");
    program.write("fonts/brand/Damaged.otf", "");
    for command in ["check", "test"] {
        program
            .run(&[command])
            .code(1)
            .prints("brand/Brand.woff2 can't be used: replace it by a TrueType or OpenType font")
            .prints("brand/Damaged.otf can't be used: replace it by a TrueType or OpenType font");
    }
}

#[test]
fn the_templates_of_the_repository_pass() {
    let program = Program::new();
    program.run(&["test"]).code(0).prints("178 cases: 178 passed");
    program.run(&["check"]).code(0).prints("templates/mail: no problems");
}
