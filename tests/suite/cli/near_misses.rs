//! Names that are nearly right: `check` and `test` say what to rename, and nothing that follows.

use std::fs;

use testamur_tests::Program;

/// A project with the template `demo`, and one change of a name in it.
fn renamed(from: &str, to: &str) -> Program {
    let program = Program::new().with("TESTAMUR_TEMPLATES", "templates");
    program.run(&["new", "demo"]).code(0).prints("created templates/demo");
    let folder = program.path("templates/demo");
    if !from.is_empty() {
        fs::rename(folder.join(from), folder.join(to)).unwrap();
    }
    program
}

/// Checks that a command prints exactly one problem.
#[track_caller]
fn finds_only(program: &Program, command: &str, message: &str) {
    let outcome = program.run(&[command, "demo", "--json"]).code(1);
    let lines = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    let problems = lines.iter().filter_map(|line| line["problems"].as_array()).flatten();
    let found: Vec<_> = problems.map(|problem| problem["message"].as_str().unwrap()).collect();
    assert_eq!(found, [message], "{command}: {}", outcome.stdout);
    let bad = lines.iter().filter_map(|line| line["status"].as_str()).find(|&s| s != "passed");
    assert_eq!(bad, None, "{command}: {}", outcome.stdout);
}

#[track_caller]
fn check_and_test_find_only(from: &str, to: &str, message: &str) {
    let program = renamed(from, to);
    finds_only(&program, "check", message);
    finds_only(&program, "test", message);
}

#[test]
fn a_sample_with_another_extension_is_to_be_renamed() {
    for file in ["ada.yaml", "ada.yml", "ada.JSON", "ada.txt", "ada.json.txt", "ada.toml.txt"] {
        let message = format!("rename samples/{file} to ada.json");
        check_and_test_find_only("samples/ada.json", &format!("samples/{file}"), &message);
    }
    let program = renamed("samples/ada.json", "samples/ada.yaml");
    program.write("templates/demo/samples/ada.yaml", "userName: Ada\n");
    finds_only(&program, "check", "rename samples/ada.yaml to ada.json, and write it as JSON");
}

#[test]
fn notes_and_sources_beside_samples_are_no_findings() {
    let program = renamed("", "");
    for file in ["README.txt", "notes.txt", "ada.yaml", "photo.png"] {
        program.write(&format!("templates/demo/samples/{file}"), "");
    }
    program.run(&["check", "demo"]).code(0).prints("no problems");
}

#[test]
fn a_translation_with_another_extension_is_to_be_renamed() {
    for file in ["fr.yaml", "fr.yml", "fr.TOML", "fr.txt", "fr.toml.txt", "fr.json"] {
        let message = format!("rename locales/{file} to fr.toml");
        check_and_test_find_only("locales/fr.toml", &format!("locales/{file}"), &message);
    }
    check_and_test_find_only(
        "locales/en.toml",
        "locales/en.toml.txt",
        "rename locales/en.toml.txt to en.toml",
    );
}

#[test]
fn a_folder_with_a_similar_name_is_to_be_renamed() {
    for (from, to) in [
        ("locales", "locale"),
        ("locales", "Locales"),
        ("samples", "sample"),
        ("samples", "Samples"),
        ("snapshots", "snapshot"),
    ] {
        check_and_test_find_only(from, to, &format!("rename {to}/ to {from}/"));
    }
    let program = renamed("", "");
    program.write("templates/demo/font/brand.ttf", "");
    finds_only(&program, "check", "rename font/ to fonts/");
    finds_only(&program, "test", "rename font/ to fonts/");
}

#[test]
fn a_folder_that_a_layout_reads_is_no_finding() {
    let program = renamed("", "");
    let main = String::from_utf8(program.read("templates/demo/main.typ")).unwrap();
    program.write("templates/demo/main.typ", &format!("{main}\n#let _ = read(\"sample/a.txt\")\n"));
    program.write("templates/demo/sample/a.txt", "a");
    program.run(&["check", "demo"]).code(0).prints("no problems");
}

#[test]
fn a_manifest_or_layout_with_a_similar_name_is_named() {
    for name in ["typst.TOML", "Typst.toml", "typst.toml.txt", "tpyst.toml"] {
        let message = format!("templates/demo has no typst.toml; rename {name} to typst.toml");
        check_and_test_find_only("typst.toml", name, &message);
        // Also without a name on the command line.
        let program = renamed("typst.toml", name);
        program.run(&["check"]).code(1).prints(&message);
    }
    for name in ["template.typ", "Main.typ", "mian.typ"] {
        let message = format!(
            "templates/demo has no main.typ, which typst.toml names; did you mean `{name}`?"
        );
        check_and_test_find_only("main.typ", name, &message);
    }
}

#[test]
fn a_misspelt_key_or_table_of_the_manifest_is_named() {
    for (from, to, message) in [
        ("width =", "widht =", "; did you mean `width`?"),
        ("[tool.testamur.image]", "[tool.testamur.imgae]", "; did you mean `image`?"),
        (
            "[tool.testamur.image]",
            "[tool.testamur.image]\nqualty = 80",
            "; did you mean `quality`?",
        ),
        (
            "[tool.testamur.social-card]",
            "[tool.testamur.social_card]",
            "did you mean `social-card`?",
        ),
        (
            "tool.testamur",
            "tool.testamer",
            "[tool.testamur] is missing; rename [tool.testamer] to [tool.testamur]",
        ),
        (
            "tool.testamur",
            "tool.Testamur",
            "[tool.testamur] is missing; rename [tool.Testamur] to [tool.testamur]",
        ),
    ] {
        let program = renamed("", "");
        let manifest = String::from_utf8(program.read("templates/demo/typst.toml")).unwrap();
        assert!(manifest.contains(from), "{from} is not in {manifest}");
        program.write("templates/demo/typst.toml", &manifest.replace(from, to));
        for command in ["check", "test"] {
            program.run(&[command, "demo"]).code(1).prints(message);
        }
    }
}

#[test]
fn a_locale_near_a_supported_one_is_named() {
    for (file, meant) in [("frr", "fr"), ("pt-PR", "pt-BR"), ("de-AT", "de")] {
        let program = renamed("", "");
        let text = String::from_utf8(program.read("templates/demo/locales/fr.toml")).unwrap();
        program.write(&format!("templates/demo/locales/{file}.toml"), &text);
        if file == "frr" {
            fs::remove_file(program.path("templates/demo/locales/fr.toml")).unwrap();
        }
        program.run(&["check", "demo"]).code(1).prints(&format!(
            "locales/{file}.toml: shared/cldr.json has no dates and numbers for {file}; did you \
             mean `{meant}`?"
        ));
    }
}

#[test]
fn a_locale_in_the_form_of_posix_is_named_by_check_and_test() {
    let program = renamed("", "");
    let french = String::from_utf8(program.read("templates/demo/locales/fr.toml")).unwrap();
    program.write("templates/demo/locales/pt_BR.toml", &french);
    for command in ["check", "test"] {
        let outcome = program.run(&[command, "demo"]).code(1);
        outcome.prints("rename locales/pt_BR.toml to pt-BR.toml");
        assert_eq!(outcome.stdout.matches("pt_BR").count(), 1, "{}", outcome.stdout);
    }
}
