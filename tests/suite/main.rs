//! The suite, in one binary so that Typst is linked once: the real program, the engine's public API, the pipeline's use cases.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod aws;
mod cli;
mod one_build;
mod pipeline;
mod templates;

use serde_json::{Value, json};

/// A completion of one of the courses that a test's folder knows.
fn completed(user: &str, course: &str, enrollment: &str) -> Value {
    json!({
        "userId": user,
        "courseId": course,
        "enrollmentId": enrollment,
        "completedAt": "2026-11-20T14:03:21Z",
    })
}
