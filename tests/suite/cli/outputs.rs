//! PDFs and JPEGs, checked by external validators.

use std::ffi::OsStr;

use testamur_tests::{Program, python, repository, tool};

use crate::completed;

fn issue_demo() -> Program {
    let program = Program::new();
    let events = repository().join("cli/demo/events.jsonl");
    program.run(&["issue", events.to_str().unwrap()]).code(0).prints("11 issued");
    program
}

fn paths(program: &Program, extension: &str) -> Vec<String> {
    let names = program.files("state/certificates").into_iter().map(|(name, _)| name);
    names
        .filter(|name| name.ends_with(extension))
        .map(|name| program.path(&name).to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pdfs_are_valid_and_tagged_with_embedded_font_subsets() {
    for pdf in paths(&issue_demo(), ".pdf") {
        tool("qpdf", &["--check".as_ref(), pdf.as_ref()]);
        let info = tool("pdfinfo", &[pdf.as_ref()]);
        assert!(!info.contains("Title:           \n"), "no title in {info}");
        for line in [
            "Title:           ",
            "Creator:         Testamur",
            "Tagged:          yes",
            "Pages:           1",
        ] {
            assert!(info.contains(line), "{line} is not in {info}");
        }
        let fonts = tool("pdffonts", &[pdf.as_ref()]);
        let fonts: Vec<_> = fonts.lines().skip(2).collect();
        assert!(fonts.len() >= 4, "{fonts:?}");
        for font in fonts {
            // From the right: object and generation, then the columns unicode, subset and embedded.
            let columns: Vec<_> = font.split_whitespace().rev().collect();
            assert_eq!(columns[4], "yes", "not embedded: {font}");
            // Color glyphs are a Type 3 font, which contains the used glyphs only.
            assert!(columns[3] == "yes" || font.contains("Type 3"), "not a subset: {font}");
        }
    }
}

#[test]
fn jpgs_have_size_resolution_and_the_qr_code_of_the_pdf() {
    let program = issue_demo();
    let (cards, pages): (Vec<_>, Vec<_>) =
        paths(&program, ".jpg").into_iter().partition(|jpg| jpg.ends_with(".social-card.jpg"));
    assert_eq!((cards.len(), pages.len()), (11, 11));
    for social_card in cards {
        assert_eq!(
            python("describe_jpg.py", &[social_card.as_ref()]),
            "JPEG 1200 630 RGB 144 144\n"
        );
    }
    for jpg in pages {
        let described = python("describe_jpg.py", &[jpg.as_ref()]);
        let id = jpg.rsplit('/').next().unwrap().trim_end_matches(".jpg");
        let url = format!("https://certificates.example.com/certificates/{id}.pdf");
        assert_eq!(described, format!("JPEG 1684 1190 RGB 144 144\n{url}\n"));
    }
}

#[test]
fn the_thumbnail_equals_the_pdf_as_rendered_by_poppler() {
    let program = issue_demo();
    for pdf in paths(&program, ".pdf") {
        let raster = program.path("raster");
        let arguments = ["-png", "-singlefile", "-scale-to-x", "1684", "-scale-to-y", "1190", &pdf]
            .map(OsStr::new);
        tool("pdftoppm", &[&arguments[..], &[raster.as_ref()]].concat());
        let jpg = pdf.replace(".pdf", ".jpg");
        let difference =
            python("difference.py", &[jpg.as_ref(), raster.with_extension("png").as_ref()]);
        let numbers: Vec<f64> =
            difference.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert!(
            numbers[0] < 4.0 && numbers[1] < 0.0005,
            "{pdf}: mean {}, share {}",
            numbers[0],
            numbers[1]
        );
    }
}

#[test]
fn the_small_encoder_makes_the_same_picture_in_fewer_bytes() {
    let program = Program::new();
    let data = repository().join("templates/completion/samples/ada.json");
    for (encoder, file) in [("fast", "fast.jpg"), ("small", "small.jpg")] {
        let arguments = [
            "render",
            "completion",
            "--data",
            data.to_str().unwrap(),
            "-o",
            file,
            "--jpeg",
            encoder,
        ];
        program.run(&arguments).code(0).prints("");
    }
    let (fast, small) = (program.read("fast.jpg").len(), program.read("small.jpg").len());
    assert!(small < fast, "{small} of {fast} bytes");
    let difference = python(
        "difference.py",
        &[program.path("fast.jpg").as_ref(), program.path("small.jpg").as_ref()],
    );
    let mean: f64 = difference.split_whitespace().next().unwrap().parse().unwrap();
    assert!(mean < 1.0, "{difference}");
}

#[test]
fn unfinished_files_of_an_earlier_process_are_removed() {
    let program = Program::new();
    program.write("state/.unfinished/0", "left by a process that died");
    program.issue(&[completed("u-ada", "c-1", "e-1")]).code(0).prints("1 issued");
    assert_eq!(program.files("state/.unfinished"), []);
}
