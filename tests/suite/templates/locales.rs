//! Locales: dates and numbers by Unicode's CLDR, and the choice of a certificate's locale.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};
use testamur_engine::{Data, Engine, Fonts};
use testamur_pipeline::model::name::Name;
use testamur_tests::cldr::{self, LOCALES};
use testamur_tests::{Program, cldr_packages, node, repository, tool};

use crate::completed;

#[test]
fn the_formats_of_the_shared_helpers_are_those_of_cldr() {
    let path = repository().join("templates/shared/cldr.json");
    let made = cldr::file(&cldr_packages());
    if std::env::var_os("TESTAMUR_UPDATE_CLDR").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    for (kept, made) in kept.lines().zip(made.lines()) {
        assert_eq!(
            kept, made,
            "run this test with TESTAMUR_UPDATE_CLDR=1 to take the new facts over"
        );
    }
    assert_eq!(kept.len(), made.len());
}

/// A second implementation of CLDR. It reads neither our file nor the packages of which it is made.
#[test]
fn dates_and_numbers_are_written_as_intl_writes_them() {
    const DATES: [&str; 17] = [
        "2026-01-02",
        "2026-02-03",
        "2026-03-04",
        "2026-04-05",
        "2026-05-06",
        "2026-06-07",
        "2026-07-08",
        "2026-08-09",
        "2026-09-10",
        "2026-10-11",
        "2026-11-12",
        "2026-12-13",
        "2024-02-29",
        "1999-12-31",
        "2026-11-23",
        "2030-05-10",
        "2026-08-01",
    ];
    const NUMBERS: [&str; 9] =
        ["0", "7.5", "999", "1000", "12345", "123456", "-1234567.25", "1234567890", "-0.5"];
    let arguments =
        json!({ "locales": LOCALES[..], "dates": DATES, "numbers": NUMBERS }).to_string();
    let intl: Value = serde_json::from_str(&node("intl.mjs", &[arguments.as_ref()])).unwrap();
    let path = repository().join("templates/shared/cldr.json");
    let formats: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let major = |version: &Value| version.as_str().unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(major(&intl["cldr"]), major(&formats["cldr"]), "another version of CLDR");

    let folder = tempfile::tempdir().unwrap();
    tool(
        "cp",
        &["-r".as_ref(), repository().join("templates/shared").as_ref(), folder.path().as_ref()],
    );
    let mut main =
        "#import \"../shared/lib.typ\": *\n#set page(width: 100pt, height: 50pt)\n".to_owned();
    let mut check = |call: String, expected: String| {
        writeln!(main, "#assert.eq({call}, {})", json!(expected)).unwrap();
    };
    for tag in LOCALES {
        let expected = &intl["locales"][tag];
        for (date, expected) in DATES.iter().zip(expected["dates"].as_array().unwrap()) {
            // V8 writes a plain space where CLDR has a narrow no-break space.
            let call =
                format!("date(\"{date}\", make-locale(\"{tag}\")).replace(\"\\u{{202f}}\", \" \")");
            check(call, expected.as_str().unwrap().replace('\u{202f}', " "));
        }
        for (number, expected) in NUMBERS.iter().zip(expected["numbers"].as_array().unwrap()) {
            let call = format!("number({number}, make-locale(\"{tag}\"))");
            check(call, expected.as_str().unwrap().to_owned());
        }
        for fact in ["script", "direction"] {
            assert_eq!(formats["locales"][tag][fact], expected[fact], "{tag}: {fact}");
        }
    }
    // A template without translations accepts every locale.
    for (tag, expected) in [
        ("de-AT", "2. Januar 2026"),
        ("pt", "2 de janeiro de 2026"),
        ("zh-TW", "2026年1月2日"),
        ("tlh", "January 2, 2026"),
    ] {
        check(format!("date(\"2026-01-02\", make-locale(\"{tag}\"))"), expected.to_owned());
    }
    // A placeholder inside a value is not replaced.
    check("interpolate(\"{a} by {b}\", b: \"{a}\", a: \"X\")".to_owned(), "X by {a}".to_owned());
    let template = folder.path().join("dates");
    fs::create_dir(&template).unwrap();
    fs::write(template.join("main.typ"), main).unwrap();
    fs::write(template.join("schema.json"), "{}").unwrap();
    let manifest = "[package]\nname = \"dates\"\nversion = \"0.1.0\"\nentrypoint = \"main.typ\"\n\
                    [tool.testamur.image]\nwidth = 200\nheight = 100\n";
    fs::write(template.join("typst.toml"), manifest).unwrap();
    let engine = Engine::new(Fonts::load(repository().join("fonts")).unwrap());
    let rendered = engine.load(&template).unwrap().compile(&Data::new(json!({})));
    rendered.map(drop).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_reader_gets_the_nearest_locale_that_a_template_has() {
    let engine = Engine::new(Fonts::load(repository().join("fonts")).unwrap());
    let template = engine.load(repository().join("templates/completion")).unwrap();
    for (wanted, found) in [
        ("de-AT", Some("de")),
        ("de", Some("de")),
        ("pt", Some("pt-BR")),
        ("pt-PT", Some("pt-BR")),
        ("zh", Some("zh-Hans")),
        ("zh-CN", Some("zh-Hans")),
        ("zh-TW", Some("zh-Hant")),
        ("zh-HK", Some("zh-Hant")),
        ("iw", Some("he")),
        ("AR_eg", Some("ar")),
        ("sr-Latn", None),
        ("vi", None),
        ("no such", None),
        ("", None),
    ] {
        assert_eq!(template.locale_for(wanted).as_deref(), found, "{wanted}");
    }
}

#[test]
fn the_locale_comes_from_event_course_or_user_in_this_order() {
    let program = Program::new();
    program.write(
        "users.json",
        &json!([
            { "userId": "u-ada", "name": "Ada", "locale": "fr" },
            { "userId": "u-olena", "name": "Олена", "locale": "uk" },
        ])
        .to_string(),
    );
    program.write(
        "courses.json",
        &json!([
            { "courseId": "c-1", "name": "Engines", "author": "Babbage" },
            { "courseId": "c-2", "name": "Motoren", "author": "Zuse", "locale": "de-AT" },
            { "courseId": "c-3", "name": "Động cơ", "author": "Zuse", "locale": "vi" },
        ])
        .to_string(),
    );
    let event = |user: &str, course: &str, id: &str, locale: Option<&str>| {
        let mut event = completed(user, course, id);
        if let Some(locale) = locale {
            event["locale"] = locale.into();
        }
        event
    };
    let outcome = program.issue(&[
        event("u-ada", "c-2", "event", Some("es-MX")),
        event("u-ada", "c-2", "course", None),
        event("u-ada", "c-1", "user", None),
        event("u-ada", "c-3", "next", None),
        event("u-olena", "c-1", "default", None),
    ]);
    outcome
        .code(0)
        .prints("  in fr, because template completion has no locale vi\n")
        .prints("  in en, because template completion has no locale uk\n");
    let shown = |id: &str| program.json(&["show", id]).remove(0);
    for (id, locale, wanted) in [
        ("event", "es", None),
        ("course", "de", None),
        ("user", "fr", None),
        ("next", "fr", Some("vi")),
        ("default", "en", Some("uk")),
    ] {
        let record = shown(id);
        assert_eq!(
            (record["locale"].as_str(), record["requestedLocale"].as_str()),
            (Some(locale), wanted),
            "{id}"
        );
    }
    let pdf = program.certificate("event", "pdf");
    let text = tool("pdftotext", &[pdf.as_ref(), "-".as_ref()]);
    assert!(text.contains("20 de noviembre de 2026"), "{text}");
    assert!(tool("pdfinfo", &[pdf.as_ref()]).contains("Title:"), "no title");
}

#[test]
fn name_parts_are_ordered_by_language_and_script() {
    let name =
        |given: &str, family: &str| Name::Parts { given: given.into(), family: family.into() };
    for (name, own, text, shown) in [
        (name("Ada", "Lovelace"), Some("en"), "ja", "Ada Lovelace"),
        (name("Katalin", "Karikó"), Some("hu"), "hu", "Karikó Katalin"),
        (name("Katalin", "Karikó"), Some("hu"), "en", "Katalin Karikó"),
        (name("Ánh Tuyết", "Nguyễn"), Some("vi"), "en", "Nguyễn Ánh Tuyết"),
        (name("小明", "王"), None, "en", "王小明"),
        (name("하늘", "김"), Some("ko"), "de", "김하늘"),
        (name("さくら", "佐藤"), Some("ja"), "en", "佐藤 さくら"),
        (name("Ada", "Lovelace"), None, "hu", "Ada Lovelace"),
        (name("Katalin", "Karikó"), Some("hu_HU"), "hu-HU", "Karikó Katalin"),
        (name("David", "王"), None, "zh-Hans", "王 David"),
    ] {
        assert_eq!(name.format(own, text), shown);
    }
    let program = Program::new();
    program.write(
        "users.json",
        r#"[{"userId": "u", "givenName": "Katalin", "familyName": "Karikó", "locale": "hu"}]"#,
    );
    program.issue(&[completed("u", "c-1", "e-1")]).code(0).prints("1 issued");
    assert_eq!(program.json(&["show", "e-1"])[0]["userName"], "Katalin Karikó");
    program.write("users.json", r#"[{"userId": "u", "givenName": "Katalin", "name": "Ada"}]"#);
    program
        .issue(&[completed("u", "c-1", "e-2")])
        .code(1)
        .prints("users.json: give either name, or givenName and familyName");
}

#[test]
fn details_that_match_the_schema_are_printed() {
    let program = Program::new();
    let courses = json!([{ "courseId": "c-1", "name": "Engines", "author": "Babbage", "template": "transcript" }]);
    program.write("courses.json", &courses.to_string());
    let event = |id: &str, details: Value| {
        let mut event = completed("u-ada", "c-1", id);
        event["details"] = details;
        event
    };
    let scores = json!({ "scores": [{ "title": "The store\u{202e}", "points": 18.5, "max": 20 }], "hours": 1234 });
    let outcome = program.issue(&[event("e-1", scores), event("e-2", json!({ "scores": "many" }))]);
    outcome
        .code(1)
        .prints("1 issued, 1 e-mail, 1 dead letter")
        .prints("details/scores: the value is not of type \"array\"");
    let pdf = program.certificate("e-1", "pdf");
    let text = tool("pdftotext", &["-layout".as_ref(), pdf.as_ref(), "-".as_ref()]);
    for part in ["The store", "18.5", "1,234", "92.5%"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
