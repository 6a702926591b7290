//! Templates: the stock compiler accepts them unchanged, and each error names its location.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use testamur_engine::{
    Data, Document, Engine, ExportError, Fonts, JpegEncoder, LoadError, RenderError, Severity,
    Template,
};
use testamur_pipeline::error::chain;
use testamur_tests::{Program, TestCase, python, repository, test_cases, tool};

/// A small template in a temporary folder.
struct TempTemplate(tempfile::TempDir);

impl TempTemplate {
    fn new(main: &str) -> Self {
        let template = Self(tempfile::tempdir().unwrap());
        template.write("main.typ", main);
        template.write(
            "schema.json",
            r#"{"type": "object", "properties": {"scores": {"items": {"type": "integer"}}}}"#,
        );
        template.write(
            "typst.toml",
            "[package]\nname = \"template\"\nversion = \"0.1.0\"\nentrypoint = \"main.typ\"\n
             [tool.testamur.image]\nwidth = 200\nheight = 100\n",
        );
        template
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.0.path().join(name), text).unwrap();
        self
    }

    fn load(&self) -> Result<Template, LoadError> {
        Engine::new(Fonts::load(repository().join("fonts")).unwrap()).load(self.0.path())
    }

    fn fault(&self) -> String {
        let error = self.load().unwrap_err();
        chain(&error).replace(self.0.path().to_str().unwrap(), "template")
    }

    fn render(&self, data: Value) -> Result<Document, RenderError> {
        self.load().unwrap().compile(&Data::new(data))
    }

    fn render_fault(&self) -> String {
        let error = self.render(json!({})).unwrap_err();
        chain(&error).replace(self.0.path().to_str().unwrap(), "template")
    }
}

const PAGE: &str = "#set page(width: 200pt, height: 100pt)\n";

#[test]
fn the_stock_compiler_makes_the_same_text_of_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.pdf"), folder.path().join("theirs.pdf"));
    let samples = ["ada", "arabic", "han", "long"];
    for (name, id) in samples.map(|name| (name, "completion")).into_iter().chain([
        ("ada", "badge"),
        ("ada", "diploma"),
        ("ada", "transcript"),
    ]) {
        let template = repository().join("templates").join(id);
        let data = format!("samples/{name}.json");
        let fonts = repository().join("fonts");
        python(
            "stock_typst.py",
            &[template.as_ref(), data.as_ref(), fonts.as_ref(), theirs.as_ref()],
        );
        Program::new()
            .run(&[
                "render",
                id,
                "--data",
                template.join(&data).to_str().unwrap(),
                "-o",
                ours.to_str().unwrap(),
            ])
            .code(0)
            .prints("");
        let text =
            |path: &Path| tool("pdftotext", &["-layout".as_ref(), path.as_ref(), "-".as_ref()]);
        assert_eq!(text(&ours), text(&theirs));
    }
}

#[test]
fn the_qr_code_in_the_folder_is_that_of_the_first_sample() {
    let folder = tempfile::tempdir().unwrap();
    tool("cp", &["-r".as_ref(), repository().join("templates").as_ref(), folder.path().as_ref()]);
    let engine = Engine::new(Fonts::load(repository().join("fonts")).unwrap());
    for template in ["badge", "completion", "diploma", "transcript"] {
        let copy = folder.path().join("templates").join(template);
        let main = fs::read_to_string(copy.join("main.typ")).unwrap();
        let kept = fs::read_to_string(copy.join("qr.svg")).unwrap();
        let kept = serde_json::to_string(kept.trim_end()).unwrap();
        let check =
            format!("#assert(read(\"qr.svg\") == {kept}, message: \"qr.svg is another code\")\n");
        fs::write(copy.join("main.typ"), check + &main).unwrap();
        let sample = Data::from_json(&fs::read(copy.join("samples/ada.json")).unwrap()).unwrap();
        let rendered = engine.load(&copy).unwrap().compile(&sample);
        rendered.map(drop).unwrap_or_else(|e| panic!("{template}: {e}"));
    }
}

#[test]
fn an_error_prints_like_the_typst_command() {
    let template = TempTemplate::new("#let data = json(\"data.json\")\n#data.nmae\n");
    let expected = "\
the template does not compile
error: dictionary does not contain key \"nmae\"
  ┌─ template/main.typ:2:6
  │
2 │ #data.nmae
  │       ^^^^
";
    assert_eq!(template.render_fault(), expected.trim_end());
}

#[test]
fn an_error_has_location_hints_and_trace() {
    let template =
        TempTemplate::new("#let greet(n) = n + 1\n#greet(\"é\")\n#set text(font: \"Comic\")\n");
    let error = template.render(json!({})).unwrap_err();
    let faults = error.diagnostics().unwrap();
    let fault = faults.iter().next().unwrap();
    assert_eq!(
        (fault.severity, fault.message.as_str()),
        (Severity::Error, "cannot add string and integer")
    );
    let place = fault.location.as_ref().unwrap();
    assert_eq!((place.line, place.column), (1, 17));
    assert_eq!(fault.trace[0].1.as_ref().unwrap().line, 2);
    assert!(faults.colored().contains("\u{1b}["));

    let unknown = TempTemplate::new("#foo-bar").render(json!({})).unwrap_err().to_string();
    assert!(
        unknown.contains(
            "= hint: if you meant to use subtraction, try adding spaces around the minus sign"
        ),
        "{unknown}"
    );
}

#[test]
fn an_unknown_font_is_a_warning_with_its_location() {
    let template = TempTemplate::new(&format!("{PAGE}#set text(font: \"Comic Sans\")\nHello"));
    let document = template.render(json!({})).unwrap();
    let warning = document.warnings().iter().next().unwrap();
    assert_eq!(
        (warning.severity, warning.message.as_str()),
        (Severity::Warning, "unknown font family: comic sans")
    );
    assert_eq!(warning.location.as_ref().unwrap().line, 2);
}

#[test]
fn invalid_data_is_named_by_path_without_its_value() {
    let error = TempTemplate::new(PAGE)
        .render(json!({ "scores": [1, "secret", 3.5] }))
        .unwrap_err()
        .to_string();
    let expected = "the data does not match the template's schema: scores/1: the value is not of type \"integer\"; \
                    scores/2: the value is not of type \"integer\"";
    assert_eq!(error, expected);
}

#[test]
fn a_template_sees_its_folder_and_nothing_else() {
    for (main, expected) in [
        ("#read(\"/etc/passwd\")", "file not found (searched at etc/passwd)"),
        ("#read(\"../../secret.txt\")", "would escape the project root"),
        ("#read(\"../completion/main.typ\")", "file not found (searched at completion/main.typ)"),
        (
            "#import \"@preview/cetz:0.3.0\"",
            "@preview/cetz:0.3.0 is not in the template's folder: packages are not downloaded",
        ),
        ("#json(\"samples/ada.json\")", "file not found"),
        ("#datetime.today()", "unable to get the current date"),
    ] {
        let template = TempTemplate::new(main);
        fs::create_dir(template.0.path().join("samples")).unwrap();
        template.write("samples/ada.json", "{}");
        let fault = template.render_fault();
        assert!(fault.contains(expected), "{expected} is not in {fault}");
    }
}

#[test]
fn a_symbolic_link_is_refused() {
    let template = TempTemplate::new(PAGE);
    std::os::unix::fs::symlink("/etc/hostname", template.0.path().join("name.txt")).unwrap();
    assert_eq!(
        template.fault(),
        "template/name.txt is a symbolic link; replace it with a copy of the file"
    );
}

/// A file that makes a template unusable, and the error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidTemplate {
    file: String,
    content: String,
    error: String,
}

#[test]
fn an_invalid_manifest_or_schema_is_named() {
    for TestCase { name, case } in test_cases::<InvalidTemplate>("invalid-templates") {
        let error = TempTemplate::new(PAGE).write(&case.file, &case.content).fault();
        assert!(error.contains(&case.error), "{name}: {} is not in {error}", case.error);
    }
}

#[test]
fn a_missing_manifest_or_schema_is_named() {
    for file in ["typst.toml", "schema.json"] {
        let template = TempTemplate::new(PAGE);
        fs::remove_file(template.0.path().join(file)).unwrap();
        assert_eq!(template.fault(), format!("template has no {file}"));
    }
}

#[test]
fn text_that_makes_another_page_is_an_error() {
    let fault = TempTemplate::new(&format!("{PAGE}#lorem(300)")).render_fault();
    assert!(fault.starts_with("content overflows: "), "{fault}");
    assert!(fault.ends_with(" pages, but typst.toml declares `pages = 1`"), "{fault}");
}

#[test]
fn an_image_of_another_shape_is_an_error() {
    let tall =
        TempTemplate::new("#set page(width: 200pt, height: 150pt)\n").render(json!({})).unwrap();
    let fault = tall.png().unwrap_err();
    assert_eq!(
        fault.to_string(),
        "image size 200 x 100 does not match the page's aspect ratio (200.00 x 150.00 pt); \
         use 200 x 150"
    );
    assert!(matches!(fault, ExportError::AspectRatio { height: 150, .. }));
}

#[test]
fn a_transparent_page_is_white_in_a_jpg_only() {
    let document = TempTemplate::new("#set page(width: 200pt, height: 100pt, fill: none)\n")
        .render(json!({}))
        .unwrap();
    let png = image::load_from_memory(&document.png().unwrap()).unwrap().into_rgba8();
    assert_eq!(png.get_pixel(50, 50).0, [0, 0, 0, 0]);
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.jpg", "white.png"].map(|name| folder.path().join(name));
    fs::write(&paths[0], document.jpg(JpegEncoder::default()).unwrap()).unwrap();
    image::RgbImage::from_pixel(200, 100, image::Rgb([255; 3])).save(&paths[1]).unwrap();
    assert_eq!(python("difference.py", &paths.each_ref().map(AsRef::as_ref)), "0.000 0.000000\n");
}

#[test]
fn the_hash_covers_what_a_render_can_see() {
    let hash = |change: &dyn Fn(&TempTemplate)| {
        let template = TempTemplate::new(PAGE);
        fs::create_dir(template.0.path().join("samples")).unwrap();
        change(&template);
        template.load().unwrap().hash().to_owned()
    };
    let plain = hash(&|_| {});
    assert_eq!(plain, hash(&|template| _ = template.write("samples/a.json", "{}")));
    assert_ne!(plain, hash(&|template| _ = template.write("main.typ", "#set page(fill: red)")));
    assert_ne!(plain, hash(&|template| _ = template.write("logo.svg", "<svg/>")));
}

#[test]
fn a_value_too_long_for_a_qr_code_is_an_error() {
    let template = TempTemplate::new(PAGE);
    let manifest = fs::read_to_string(template.0.path().join("typst.toml")).unwrap();
    template.write(
        "typst.toml",
        &manifest.replace(
            "[tool.testamur.image]",
            "[tool.testamur]\nqr = \"url\"\n[tool.testamur.image]",
        ),
    );
    let fault = template.render(json!({ "url": "x".repeat(3000) })).unwrap_err().to_string();
    assert_eq!(fault, "`url` has 3000 bytes, too many for a QR code; shorten it");
    assert_eq!(
        template.render_fault(),
        "`url`, which typst.toml names under `qr`, is not a string in the data"
    );
}

#[test]
fn a_folder_without_fonts_is_an_error() {
    let fault = Fonts::load("no-such-folder").unwrap_err().to_string();
    assert_eq!(fault, "no fonts in no-such-folder: name the folder that holds them");
}
