//! Write access to the table, as the learning platform has it: users, courses, enrollments,
//! completions.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::Stack;
use crate::{course, repository, user};

/// A completed enrollment of the demo.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The user id.
    pub user: String,
    /// The course id.
    pub course: String,
    /// The enrollment id.
    pub enrollment: String,
    /// The completion date in RFC 3339.
    pub completed_at: String,
}

impl Completion {
    /// Returns the completions of `cli/demo/events.jsonl`, which has events with and without an
    /// envelope.
    #[must_use]
    pub fn of_demo() -> Vec<Self> {
        let lines = demo("events.jsonl");
        let events =
            lines.lines().map(|line| serde_json::from_str(line).expect("an event is JSON"));
        events.map(|event: Value| Self::read(event.get("detail").unwrap_or(&event))).collect()
    }

    fn read(event: &Value) -> Self {
        let text = |name: &str| event[name].as_str().expect("ids and dates are strings").to_owned();
        Self {
            user: text("userId"),
            course: text("courseId"),
            enrollment: text("enrollmentId"),
            completed_at: text("completedAt"),
        }
    }
}

impl Stack {
    /// Writes the users Ada and Grace and the courses Analytical Engines and Compilers.
    pub async fn seed(&self) {
        for user in [user("u-ada", "Ada Lovelace"), user("u-grace", "Grace Hopper")] {
            self.put_item(user_item(user)).await;
        }
        for course in [course("c-1", "Analytical Engines"), course("c-2", "Compilers")] {
            self.put_item(course_item(course)).await;
        }
    }

    /// Writes a user named Ada Lovelace. A unique address lets a test find the e-mails of this
    /// user.
    pub async fn put_user(&self, user: &str, address: &str) {
        self.put_item(user_item(
            json!({ "userId": user, "name": "Ada Lovelace", "email": address }),
        ))
        .await;
    }

    /// Writes the users and courses of `cli/demo`.
    pub async fn seed_demo(&self) {
        let list =
            |name: &str| serde_json::from_str::<Vec<Value>>(&demo(name)).expect("the demo is JSON");
        for user in list("users.json") {
            self.put_item(user_item(user)).await;
        }
        for course in list("courses.json") {
            self.put_item(course_item(course)).await;
        }
    }

    /// Writes an item, given as JSON.
    pub async fn put_item(&self, item: Value) {
        let item = serde_dynamo::to_item(item).expect("an item is an object");
        self.dynamodb
            .put_item()
            .table_name(self.resource("Table"))
            .set_item(Some(item))
            .send()
            .await
            .expect("the item can be written");
    }

    /// Enrolls a user in a course.
    pub async fn enroll(&self, user: &str, course: &str, enrollment: &str) {
        self.put_item(json!({
            "pk": format!("USER#{user}"),
            "sk": format!("ENROLLMENT#{enrollment}"),
            "type": "Enrollment",
            "userId": user,
            "courseId": course,
            "enrollmentId": enrollment,
        }))
        .await;
    }

    /// Sets the completion date of an enrollment, which must exist.
    pub async fn complete(&self, user: &str, enrollment: &str, completed_at: &str) {
        self.dynamodb
            .update_item()
            .table_name(self.resource("Table"))
            .key("pk", AttributeValue::S(format!("USER#{user}")))
            .key("sk", AttributeValue::S(format!("ENROLLMENT#{enrollment}")))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET completionDate = :date")
            .expression_attribute_values(":date", AttributeValue::S(completed_at.to_owned()))
            .send()
            .await
            .expect("the enrollment can be completed");
    }

    /// Enrolls a user in the course Analytical Engines and completes the enrollment.
    pub async fn enroll_and_complete(&self, user: &str, enrollment: &str) {
        self.enroll(user, "c-1", enrollment).await;
        self.complete(user, enrollment, "2026-11-20T14:03:21Z").await;
    }
}

fn user_item(mut user: Value) -> Value {
    user["pk"] = json!(format!("USER#{}", user["userId"].as_str().expect("ids are strings")));
    user["sk"] = json!("USER");
    user["type"] = json!("User");
    user
}

fn course_item(mut course: Value) -> Value {
    course["pk"] =
        json!(format!("COURSE#{}", course["courseId"].as_str().expect("ids are strings")));
    course["sk"] = json!("COURSE");
    course["type"] = json!("Course");
    course
}

fn demo(name: &str) -> String {
    let path = repository().join("cli/demo").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
