//! The preview, the review page and the report in a real browser, with clicks and keys.

use testamur_tests::{Program, Server, python, tool};

use super::snapshots::designer;

#[test]
fn the_preview_follows_every_save_and_keeps_the_last_good_page() {
    let program = designer();
    let server = program.serve(&["preview", "demo", "--port", "0"]);
    let template = program.path("templates/demo");
    let saw = python("use_preview.py", &[server.url.as_ref(), template.as_ref()]);
    assert_eq!(
        saw,
        "opens demo ada\n\
         a saved file is rendered again\n\
         an error is shown with the last successful render until it is fixed\n\
         locale and output can be chosen\n\
         a reload keeps the overlays\n\
         an update keeps the scroll position\n\
         data can be edited, and is checked, downloaded and saved\n\
         every format can be downloaded\n"
    );
    let pdf = template.join("download.pdf");
    tool("qpdf", &["--check".as_ref(), pdf.as_ref()]);
    assert!(tool("pdftotext", &[pdf.as_ref(), "-".as_ref()]).contains("Grace Hopper"));
}

#[test]
fn a_review_on_the_web_accepts_rejects_and_ends() {
    let program = designer();
    disturb(&program);
    let server = program.serve(&["review", "demo", "--web", "--port", "0"]);
    let saw = python("use_review.py", &[server.url.as_ref(), "--decide".as_ref()]);
    assert_eq!(saw, SHOWN.to_owned() + "all decided\n");
    let (code, said) = server.finish();
    assert_eq!((code, said.as_str()), (Some(1), "5 accepted, 1 rejected, 0 skipped\n"));
    program
        .run(&["test"])
        .code(1)
        .prints("stale     demo/old.en")
        .prints("7 cases: 6 passed, 1 stale");
}

#[test]
fn a_report_shows_the_same_from_a_file() {
    let program = designer();
    disturb(&program);
    program.run(&["test", "--report", "report"]).code(1).prints("changed   demo/ada.en  ");
    let report = format!("file://{}", program.path("report/index.html").display());
    assert_eq!(
        python("use_review.py", &[report.as_ref()]),
        SHOWN.to_owned() + "has no buttons to decide\n"
    );
    let summary = String::from_utf8(program.read("report/summary.md")).unwrap();
    assert!(
        summary.starts_with("### Certificates: 7 cases: 1 passed, 4 changed, 1 missing, 1 stale\n"),
        "{summary}"
    );
    assert!(summary.contains("| demo/ada.en | changed | "), "{summary}");
}

/// The changes that [`disturb`] makes, as the page shows them.
const SHOWN: &str = "shows demo/ada.en changed, demo/ada.en.social-card changed, demo/ada.fr missing, demo/ada.fr.social-card changed, \
                     demo/long.en changed, demo/old.en stale\n\
                     side by side, swipe, blend and difference\n";

/// Changes the color of both layouts, and renames a reference: one is missing then, and one is
/// stale.
fn disturb(program: &Program) {
    for file in ["main.typ", "social-card.typ"] {
        let path = format!("templates/demo/{file}");
        let source = String::from_utf8(program.read(&path)).unwrap();
        program.write(&path, &source.replace("#0b6e5f", "#a02030"));
    }
    let snapshots = program.path("templates/demo/snapshots");
    std::fs::rename(snapshots.join("ada.fr.png"), snapshots.join("old.en.png")).unwrap();
    // The sample with a long name keeps its color, so its social card does not change.
    let social_card = String::from_utf8(program.read("templates/demo/social-card.typ")).unwrap();
    program.write(
        "templates/demo/social-card.typ",
        &social_card.replace(
            "fill: rgb(\"#a02030\")",
            "fill: if data.userName.len() > 60 { rgb(\"#0b6e5f\") } else { rgb(\"#a02030\") }",
        ),
    );
}

#[test]
fn the_preview_answers_its_own_page_only() {
    let program = designer();
    let server = program.serve(&["preview", "--port", "0"]);
    let ask = |arguments: &[&str], path: &str| curl(&server, arguments, path);
    assert!(ask(&[], "").starts_with("200 "));
    assert!(ask(&["-H", "Host: evil.example"], "").starts_with("403 "));
    assert!(ask(&["-H", "Origin: https://evil.example"], "api/templates").starts_with("403 "));
    assert!(
        ask(
            &["-H", "Origin: null", "-X", "PUT", "-d", "{}"],
            "api/sample?template=demo&sample=ada"
        )
        .starts_with("403 ")
    );
    for sample in ["..%2Fschema", "%2Fetc%2Fpasswd", "..%2F..%2F..%2Fusers", "none"] {
        let answer = ask(&[], &format!("api/sample?template=demo&sample={sample}"));
        assert!(answer.starts_with("404 "), "{sample}: {answer}");
        let answer =
            ask(&["-X", "PUT", "-d", "{}"], &format!("api/sample?template=demo&sample={sample}"));
        assert!(answer.starts_with("404 "), "{sample}: {answer}");
    }
    assert!(ask(&[], "api/sample?template=..%2Ftemplates%2Fdemo&sample=ada").starts_with("404 "));
    assert!(
        ask(&["-X", "PUT", "-d", "{"], "api/sample?template=demo&sample=ada")
            .starts_with("422 the data is not JSON")
    );
    assert_eq!(program.files("templates/demo/samples").len(), 2);
    let headers = tool("curl", &["-sI".as_ref(), server.url.as_ref()]).to_lowercase();
    assert!(headers.contains("content-security-policy: default-src 'none'; "), "{headers}");
    assert!(headers.contains("x-content-type-options: nosniff"), "{headers}");
}

/// Returns the status code and the body of a response.
fn curl(server: &Server, arguments: &[&str], path: &str) -> String {
    let url = format!("{}{path}", server.url);
    let all = [&["-s", "-w", "%{stderr}%{http_code} ", "-o", "-"], arguments, &[&url]].concat();
    let output = std::process::Command::new("curl").args(all).output().unwrap();
    String::from_utf8([output.stderr, output.stdout].concat()).unwrap()
}
