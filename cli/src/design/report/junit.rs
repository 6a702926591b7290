//! JUnit's XML, as CI systems read it: a suite for each template, a test case for each case.
//!
//! Source: the [common JUnit XML format](https://github.com/testmoapp/junitxml), as no standard exists.

use xmlwriter::{Options, XmlWriter};

use crate::design::snapshots::{CaseResult, CaseStatus};

pub(super) fn xml(checked: &[CaseResult]) -> String {
    let mut xml = XmlWriter::new(Options::default());
    xml.write_declaration();
    xml.start_element("testsuites");
    counts(&mut xml, "testamur", checked);
    for suite in checked.chunk_by(|a, b| a.template == b.template) {
        xml.start_element("testsuite");
        counts(&mut xml, &suite[0].template, suite);
        for case in suite {
            test_case(&mut xml, case);
        }
        xml.end_element();
    }
    xml.end_document()
}

fn counts(xml: &mut XmlWriter, name: &str, cases: &[CaseResult]) {
    xml.write_attribute("name", &printable(name));
    xml.write_attribute("tests", &cases.len());
    xml.write_attribute(
        "failures",
        &cases.iter().filter(|case| case.status != CaseStatus::Passed).count(),
    );
}

fn test_case(xml: &mut XmlWriter, case: &CaseResult) {
    xml.start_element("testcase");
    xml.write_attribute("classname", &printable(&case.template));
    xml.write_attribute("name", &printable(&case.id));
    if case.status != CaseStatus::Passed {
        xml.start_element("failure");
        xml.write_attribute("type", case.status.name());
        xml.write_attribute("message", &printable(&case.explanation()));
        xml.end_element();
    }
    xml.end_element();
}

/// Text for an attribute, where the writer takes care of quotes only: without the characters that XML can't hold.
fn printable(text: &str) -> String {
    let text: String =
        text.chars().filter(|&c| !c.is_control() || c == '\n' || c == '\t').collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#10;")
}
