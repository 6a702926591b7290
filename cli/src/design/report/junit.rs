//! JUnit XML: a test suite for each template, and a test case for each case. The problems of a
//! template are an error of a test case with the name of the template.
//!
//! Source: the [common JUnit XML format](https://github.com/testmoapp/junitxml), because there is
//! no standard.

use xmlwriter::{Options, XmlWriter};

use crate::design::snapshots::{CaseResult, TemplateReport};

pub(super) fn xml(reports: &[TemplateReport]) -> String {
    let mut xml = XmlWriter::new(Options::default());
    xml.write_declaration();
    xml.start_element("testsuites");
    write_totals(&mut xml, "testamur", reports);
    for report in reports {
        xml.start_element("testsuite");
        write_totals(&mut xml, &report.template, std::slice::from_ref(report));
        write_problems(&mut xml, report);
        for case in &report.cases {
            write_case(&mut xml, &report.template, case);
        }
        xml.end_element();
    }
    xml.end_document()
}

fn write_totals(xml: &mut XmlWriter, name: &str, reports: &[TemplateReport]) {
    let cases = || reports.iter().flat_map(|report| &report.cases);
    let errors = reports.iter().filter(|report| !report.problems.is_empty()).count();
    xml.write_attribute("name", &escape(name));
    xml.write_attribute("tests", &(cases().count() + errors));
    xml.write_attribute("failures", &cases().filter(|case| !case.has_passed()).count());
    xml.write_attribute("errors", &errors);
}

fn write_problems(xml: &mut XmlWriter, report: &TemplateReport) {
    if report.problems.is_empty() {
        return;
    }
    let messages: Vec<_> = report.problems.iter().map(|problem| &*problem.message).collect();
    start_case(xml, &report.template, &report.template);
    write_outcome(xml, "error", "problem", &messages.join("\n"));
    xml.end_element();
}

fn write_case(xml: &mut XmlWriter, template: &str, case: &CaseResult) {
    start_case(xml, template, &case.id);
    if !case.has_passed() {
        write_outcome(xml, "failure", case.status.name(), &case.explanation());
    }
    xml.end_element();
}

fn start_case(xml: &mut XmlWriter, class: &str, name: &str) {
    xml.start_element("testcase");
    xml.write_attribute("classname", &escape(class));
    xml.write_attribute("name", &escape(name));
}

fn write_outcome(xml: &mut XmlWriter, element: &str, kind: &str, message: &str) {
    xml.start_element(element);
    xml.write_attribute("type", kind);
    xml.write_attribute("message", &escape(message));
    xml.end_element();
}

/// Escapes text for an attribute and drops the characters that XML can't contain. The writer
/// itself escapes quotes only.
fn escape(text: &str) -> String {
    let text: String =
        text.chars().filter(|&c| !c.is_control() || c == '\n' || c == '\t').collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#10;")
}
