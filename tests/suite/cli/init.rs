//! The program without the repository: a copy in a temporary folder, with an empty environment.

use std::fs;

use serde_json::json;
use testamur_tests::{Program, repository};

use crate::completed;

const FONT_SET: &str = "see https://github.com/testamur/testamur/tree/main/fonts";

/// A project that `testamur init` has made.
fn project() -> Program {
    let program = Program::alone();
    program.run(&["init"]).code(0).prints("created a project in this folder");
    program
}

#[test]
fn init_and_issue_make_certificates_in_an_empty_folder() {
    let program = project();
    let outcome = program.run(&["issue", "events.jsonl"]).code(0);
    outcome.prints("7 issued, 7 e-mails");
    let files = program.files("state/certificates");
    let count =
        |extension: &str| files.iter().filter(|(name, _)| name.ends_with(extension)).count();
    assert_eq!((count(".pdf"), count(".social-card.jpg"), count(".json")), (7, 7, 7));
    let records = program.json(&["list"]);
    let locales: Vec<_> = records.iter().map(|record| record["locale"].as_str().unwrap()).collect();
    assert!(
        ["de", "pl", "tr", "pt-BR", "en"].iter().all(|tag| locales.contains(tag)),
        "{locales:?}"
    );
}

#[test]
fn a_new_project_passes_test_and_check() {
    let program = project();
    program.run(&["test"]).code(0).prints("50 cases: 50 passed");
    program.run(&["check"]).code(0).prints("fonts: Source Sans 3, Source Serif 4");
    let _ = program.run(&["new", "diploma"]).code(0);
    program.run(&["test"]).code(0).prints("56 cases: 56 passed");
}

#[test]
fn a_new_project_has_all_that_its_readme_names() {
    let program = project();
    let readme = String::from_utf8(program.read("README.md")).unwrap();
    for path in [
        "events.jsonl",
        "users.json",
        "courses.json",
        "templates/completion",
        "templates/shared",
        "templates/mail",
        "fonts",
        ".github/workflows/templates.yml",
    ] {
        assert!(readme.contains(&format!("`{path}`")), "{path}");
        assert!(program.path(path).exists(), "{path}");
    }
    assert!(program.read(".gitignore").windows(7).any(|window| window == b"/state/"));
    for folder in ["source-sans-3", "source-serif-4"] {
        assert!(program.path(&format!("fonts/{folder}/OFL.txt")).exists());
    }
}

#[test]
fn init_refuses_a_folder_with_files_and_changes_nothing() {
    let program = Program::alone();
    program.write("README.md", "mine");
    program
        .run(&["init"])
        .code(3)
        .prints("error: . contains \"README.md\": choose a new or an empty folder");
    program.run(&["init", "README.md"]).code(3).prints("error: can't read README.md");
    assert_eq!(program.files("."), [("./README.md".to_owned(), b"mine".to_vec())]);
}

#[test]
fn init_creates_its_folder_and_accepts_an_empty_repository() {
    let program = Program::alone();
    fs::create_dir_all(program.path("a/b/.git")).unwrap();
    let outcome = program.run(&["init", "a/b"]).code(0);
    outcome.prints("created a project in a/b").prints("cd a/b\n  testamur issue events.jsonl");
    program.run(&["init", "a/b"]).code(3).prints("choose a new or an empty folder");
    let _ = program.run(&["init", "a/c"]).code(0);
    assert!(program.path("a/c/templates/completion/snapshots/ada.en.png").exists());
}

#[test]
fn without_a_project_the_program_uses_what_it_carries() {
    let program = learners(&[("u-ada", "Ada Lovelace")]);
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued, 1 e-mail");
    let sample = repository().join("templates/completion/samples/ada.json");
    let data = sample.to_str().unwrap();
    let _ = program.run(&["render", "completion", "--data", data, "-o", "ada.pdf"]).code(0);
    assert!(program.read("ada.pdf").starts_with(b"%PDF"));
    for command in ["test", "check", "review", "preview"] {
        program
            .run(&[command])
            .code(3)
            .prints("no templates in templates")
            .prints("`testamur init`");
    }
    program.issue(&[completed("u-ada", "c-2", "e-2")]).code(1).prints("template gone: can't read");
    for (option, message) in
        [("--templates", "no templates in none"), ("--fonts", "no fonts in none")]
    {
        program.run(&["issue", "events.jsonl", option, "none"]).code(3).prints(message);
    }
}

#[test]
fn a_new_template_needs_no_project() {
    let program = learners(&[("u-ada", "Ada Lovelace")]);
    let _ = program.run(&["new", "gone"]).code(0);
    program.run(&["test"]).code(0).prints("40 cases: 40 passed");
    program.issue(&[completed("u-ada", "c-2", "e-1")]).code(0).prints("1 issued, 1 e-mail");
}

#[test]
fn missing_fonts_are_named_with_their_source() {
    let program = learners(&[("u-han", "王小明"), ("u-emoji", "Ada 🎓"), ("u-none", "Sesh 𓋴")]);
    let events = ["u-han", "u-emoji", "u-none"].map(|user| completed(user, "c-1", user));
    let outcome = program.issue(&events).code(1);
    outcome
        .prints("U+738B CJK UNIFIED IDEOGRAPH-738B ‘王’ in userName, ")
        .prints(&format!("add a font that has them; the full font set covers Han: {FONT_SET}"))
        .prints(&format!("in userName; add a font that has it; the full font set covers emoji: {FONT_SET}"))
        .prints("no font has a glyph for U+132F4 EGYPTIAN HIEROGLYPH S029 ‘𓋴’ in userName; add a font that has it (events.jsonl, line 3)\n");
    let sample = repository().join("templates/completion/samples/han.json");
    let data = sample.to_str().unwrap().to_owned();
    let project = project();
    fs::copy(&data, project.path("templates/completion/samples/han.json")).unwrap();
    let text = project.read("templates/completion/samples/han.json");
    let text = String::from_utf8(text).unwrap().replace("zh-Hant", "de");
    project.write("templates/completion/samples/han.json", &text);
    for arguments in [
        &["test"][..],
        &["check"],
        &["render", "completion", "--data", "templates/completion/samples/han.json", "-o", "a.png"],
    ] {
        project.run(arguments).code(1).prints("the full font set covers Han");
    }
}

#[cfg(unix)]
#[test]
fn an_installation_has_its_own_fonts_and_templates() {
    let program = learners(&[("u-han", "王小明")]);
    let share = program.installation().join("share/testamur");
    fs::create_dir_all(&share).unwrap();
    for name in ["fonts", "templates"] {
        std::os::unix::fs::symlink(repository().join(name), share.join(name)).unwrap();
    }
    program.issue(&[completed("u-han", "c-1", "e-1")]).code(0).prints("1 issued, 1 e-mail");
    // A new template belongs to the user, not to the installation.
    program.run(&["new", "mine"]).code(0).prints("templates/mine");
    assert!(program.path("templates/mine/main.typ").exists());
}

#[test]
fn the_version_names_typst_and_the_jpeg_encoder() {
    let version = Program::alone().run(&["--version"]).code(0).stdout;
    let lock = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let (_, typst) = lock.split_once("name = \"typst\"\nversion = \"").unwrap();
    let (typst, _) = typst.split_once('"').unwrap();
    let start = format!("testamur {} (typst {typst}, JPEG with", env!("CARGO_PKG_VERSION"));
    assert!(version.starts_with(&start), "{version}");
}

/// The program alone, with learners, a course `c-1`, and a course `c-2` with the template `gone`.
fn learners(learners: &[(&str, &str)]) -> Program {
    let program = Program::alone();
    let users: Vec<_> = learners
        .iter()
        .map(|(id, name)| json!({ "userId": id, "name": name, "email": "learner@example.com" }))
        .collect();
    program.write("users.json", &json!(users).to_string());
    let courses = json!([
        { "courseId": "c-1", "name": "Analytical Engines", "author": "Charles Babbage" },
        { "courseId": "c-2", "name": "Compilers", "author": "Grace Hopper", "template": "gone" },
    ]);
    program.write("courses.json", &courses.to_string());
    program
}
