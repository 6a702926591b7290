//! The integration tests. They are one binary, because each further binary links Typst again.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod aws;
mod cli;
mod one_build;
mod pipeline;
mod templates;

use serde_json::{Value, json};

/// Returns a `CourseCompleted` event.
fn completed(user: &str, course: &str, enrollment: &str) -> Value {
    json!({
        "userId": user,
        "courseId": course,
        "enrollmentId": enrollment,
        "completedAt": "2026-11-20T14:03:21Z",
    })
}
