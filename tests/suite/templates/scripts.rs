//! What the fonts print: the table of `fonts/README.md`, and the letters of DIN 91379.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};
use testamur_engine::{Data, Engine, Fonts, RenderError, Template};
use testamur_tests::repository;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Fonts::load(repository().join("fonts")).unwrap()));

fn rows() -> Vec<Value> {
    let table = repository().join("tests/cases/scripts.json");
    serde_json::from_slice(&fs::read(table).unwrap()).unwrap()
}

fn template(id: &str) -> Template {
    ENGINE.load(repository().join("templates").join(id)).unwrap()
}

/// A template that prints the name of the learner and nothing else, in `font`.
fn name_only(font: &str) -> Template {
    let shared = repository().join("templates/shared");
    let mut files: Vec<_> = fs::read_dir(shared)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (Path::new("shared").join(entry.file_name()), fs::read(entry.path()).unwrap()))
        .collect();
    for (path, content) in [
        ("name/schema.json", "{}"),
        ("name/locales/en.toml", ""),
        (
            "name/typst.toml",
            r#"
                package = { name = "name", version = "1.0.0", entrypoint = "main.typ" }
                tool.testamur.image = { width = 200, height = 100 }
            "#,
        ),
        (
            "name/main.typ",
            r#"
                #import "../shared/lib.typ": *
                #let (data, locale, strings) = certificate(file => path(file))
                #set page(width: 200pt, height: 100pt)
                #set text(font: FONT)
                #inline(data.userName, locale)
            "#,
        ),
    ] {
        files.push((path.into(), content.replace("FONT", font).into()));
    }
    ENGINE.load_files("name", files).unwrap()
}

/// Returns the first sample of a template, with other values.
fn sample(template: &Template, changes: &[(&str, &str)]) -> Data {
    let sample = template.folder().join("samples/ada.json");
    let mut data: Value = fs::read(sample)
        .map_or_else(|_| json!({}), |sample| serde_json::from_slice(&sample).unwrap());
    for &(field, value) in changes {
        data[field] = json!(value);
    }
    Data::new(data)
}

fn with_name(template: &Template, name: &str) -> Data {
    sample(template, &[("userName", name)])
}

/// Returns the families on a certificate for a learner with this name.
fn families(template: &Template, name: &str) -> Result<Vec<String>, RenderError> {
    Ok(template.compile(&with_name(template, name))?.font_families())
}

#[test]
fn each_script_prints_with_serifs_and_without() {
    for (id, column) in [("completion", "serif"), ("badge", "sans")] {
        let template = template(id);
        for row in rows() {
            let found = families(&template, row["text"].as_str().unwrap())
                .unwrap_or_else(|e| panic!("{row}: {e}"));
            let expected = row[column].as_str().unwrap();
            assert!(found.iter().any(|family| family == expected), "{row} in {id}: {found:?}");
        }
    }
}

#[test]
fn no_template_has_an_issue_in_any_script() {
    for id in ["badge", "completion", "diploma", "transcript"] {
        let template = template(id);
        for row in rows() {
            let text = row["text"].as_str().unwrap();
            // Several lines in every template.
            let title = text.chars().chain([' ']).cycle().take(160).collect::<String>();
            let data = sample(&template, &[("userName", text), ("courseName", title.trim())]);
            let document = template.compile(&data).unwrap_or_else(|e| panic!("{row}: {e}"));
            let issues = document.lint().unwrap();
            assert!(issues.is_empty(), "{row} in {id}: {issues:?}");
        }
    }
}

#[test]
fn the_table_of_the_fonts_is_the_tested_one() {
    let readme = fs::read_to_string(repository().join("fonts/README.md")).unwrap();
    let rows = rows().into_iter().map(|row| {
        let cell = |name| row[name].as_str().unwrap().to_owned();
        format!("| {} | {} | {} | {} |", cell("script"), cell("for"), cell("serif"), cell("sans"))
    });
    let (_, table) =
        readme.split_once("| script | languages | with serifs | without serifs |\n").unwrap();
    let found: Vec<_> = table.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(found, rows.collect::<Vec<_>>());
}

#[test]
fn the_index_of_the_fonts_is_current() {
    let folder = repository().join("fonts");
    let index = fs::read_to_string(folder.join("index.json")).unwrap();
    assert!(
        index == Fonts::index(&folder),
        "run `cargo run -p testamur-tests --example font_index -- fonts`"
    );
    let mut bytes = 0;
    for family in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(family).into_iter().flatten() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    assert!(bytes < 64_000_000, "the fonts have {bytes} bytes");
}

#[test]
fn all_letters_and_sequences_of_din_91379_print() {
    let letters = fs::read_to_string(repository().join("tests/cases/din-91379.txt")).unwrap();
    for id in ["completion", "badge"] {
        let template = template(id);
        for line in letters.lines() {
            families(&template, line).unwrap_or_else(|e| panic!("{line} in {id}: {e}"));
        }
    }
}

#[test]
fn one_word_has_one_typeface() {
    let template = name_only("\"Source Serif 4\"");
    for (name, expected) in [
        ("Yeboah Ψ Ж", &["Source Serif 4"][..]),
        ("Yɛboah", &["Noto Serif"]),
        ("Yɛboah\u{2011}Smith", &["Noto Serif"]),
        ("Pitr̥̄ṇa", &["Noto Serif"]),
        ("(Ҕаврильева-Айыыҥа),", &["Noto Serif", "Source Serif 4"]),
        ("Ada Yɛboah", &["Noto Serif", "Source Serif 4"]),
        ("محمد", &["Noto Naskh Arabic"]),
    ] {
        assert_eq!(families(&template, name).unwrap(), expected, "{name}");
    }
}

#[test]
fn marks_that_a_font_misplaces_come_from_a_font_that_places_them() {
    let (serif, sans) = (name_only("\"Source Serif 4\""), name_only("\"Source Sans 3\""));
    for name in ["Ŋ́ma", "aŋ́a", "aŋ̀a", "Г̌ан", "az̧a", "až̧a"] {
        assert_eq!(families(&serif, name).unwrap(), ["Noto Serif"], "{name}");
    }
    for name in ["Û̄ma", "aû̄a", "aÿ́a", "ё̄н"] {
        assert_eq!(families(&sans, name).unwrap(), ["Noto Sans"], "{name}");
    }
    // Marks that the fonts place.
    assert_eq!(families(&serif, "M̂ma é̱ A̋da").unwrap(), ["Source Serif 4"]);
}

#[test]
fn text_in_an_unknown_font_never_vanishes() {
    let template = name_only("\"No Such\", fallback: false");
    let error = families(&template, "Ada").unwrap_err().to_string();
    assert!(error.contains("unknown font family: no such"), "{error}");
    assert!(error.contains("main.typ:5"), "{error}");
}

#[test]
fn a_mark_without_a_glyph_is_named_with_its_field() {
    let fonts = Fonts::load(repository().join("fonts/source-serif-4")).unwrap();
    let template = Engine::new(fonts).load(repository().join("templates/completion")).unwrap();
    for (name, missing) in [
        ("Pitr̥̄ṇa", "U+0325 COMBINING RING BELOW"),
        ("Tân Pe̍h-io̍k", "U+030D COMBINING VERTICAL LINE ABOVE"),
        ("Ɛ̀ma", "U+0190 LATIN CAPITAL LETTER OPEN E ‘Ɛ’"),
    ] {
        let error = families(&template, name).unwrap_err();
        let expected =
            format!("no font has a glyph for {missing} in userName; add a font that has it");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_compatibility_ideograph_is_printed_as_it_was_written() {
    let template = template("completion");
    let image = |name: &str| {
        let document = template.compile(&with_name(&template, name)).unwrap();
        document.png().unwrap()
    };
    assert_eq!(image("\u{fa19}"), image("\u{795e}\u{fe00}"));
    assert_ne!(image("\u{fa19}"), image("\u{795e}"));
    let data = with_name(&template, "\u{fa19}\u{fa1b}");
    assert_eq!(data.value()["userName"], "\u{795e}\u{fe00}\u{798f}\u{fe00}");
    // Korean data has these for common surnames; they look like U+91D1 and U+674E.
    let korean = families(&template, "\u{f90a}\u{f9e1}").unwrap();
    assert!(korean.iter().any(|family| family == "Noto Serif CJK JP"), "{korean:?}");
    // A variant that the font lacks, as a compatibility ideograph and with a selector that no
    // ideograph has.
    for (name, missing) in [
        ("\u{2f800}", "U+2F800 CJK COMPATIBILITY IDEOGRAPH-2F800 ‘\u{2f800}’ in userName"),
        ("\u{4e00}\u{fe00}", "U+FE00 VARIATION SELECTOR-1 in userName"),
    ] {
        let error = families(&template, name).unwrap_err();
        let expected = format!("no font has a glyph for {missing}; add a font that has it");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn every_field_with_a_missing_character_is_named() {
    let template = template("completion");
    let data = sample(&template, &[("userName", "Ada 𒀀"), ("courseName", "𒀀")]);
    let error = template.compile(&data).unwrap_err().to_string();
    let missing = "U+12000 CUNEIFORM SIGN A ‘𒀀’ in";
    let expected = format!("{missing} courseName, {missing} userName; add a font that has them");
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn a_template_that_forbids_other_fonts_is_named_as_the_cause() {
    let template = name_only("\"Source Sans 3\", fallback: false");
    let error = families(&template, "محمد").unwrap_err().to_string();
    assert!(error.starts_with("the fonts that the template names have no glyph for U+"), "{error}");
    assert!(error.ends_with("`fallback: false`; remove that, or name a font that has them"));
}
