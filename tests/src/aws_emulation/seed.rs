//! What stands in the table before anything happens: learners, courses, enrollments; and what happens, a completion.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::Stack;
use crate::{course, repository, user};

/// A completion of the demo.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Who.
    pub user: String,
    /// Of which course.
    pub course: String,
    /// As which enrollment.
    pub enrollment: String,
    /// When, in RFC 3339.
    pub completed_at: String,
}

impl Completion {
    /// The completions of `cli/demo/events.jsonl`, bare or in their envelopes.
    #[must_use]
    pub fn of_demo() -> Vec<Self> {
        let lines = demo("events.jsonl");
        let events =
            lines.lines().map(|line| serde_json::from_str(line).expect("an event is JSON"));
        events.map(|event: Value| Self::read(event.get("detail").unwrap_or(&event))).collect()
    }

    fn read(event: &Value) -> Self {
        let text = |name: &str| event[name].as_str().expect("ids and dates are text").to_owned();
        Self {
            user: text("userId"),
            course: text("courseId"),
            enrollment: text("enrollmentId"),
            completed_at: text("completedAt"),
        }
    }
}

impl Stack {
    /// Writes the two learners and two courses that the tests know: Ada and Grace, engines and compilers.
    pub async fn seed(&self) {
        for user in [user("u-ada", "Ada Lovelace"), user("u-grace", "Grace Hopper")] {
            self.put(user_item(user)).await;
        }
        for course in [course("c-1", "Analytical Engines"), course("c-2", "Compilers")] {
            self.put(course_item(course)).await;
        }
    }

    /// Writes a learner named Ada Lovelace with an address of a test's own, by which its e-mails are told apart.
    pub async fn learner(&self, user: &str, address: &str) {
        self.put(user_item(json!({ "userId": user, "name": "Ada Lovelace", "email": address })))
            .await;
    }

    /// Writes the learners and courses of `cli/demo`.
    pub async fn seed_demo(&self) {
        let list =
            |name: &str| serde_json::from_str::<Vec<Value>>(&demo(name)).expect("the demo is JSON");
        for user in list("users.json") {
            self.put(user_item(user)).await;
        }
        for course in list("courses.json") {
            self.put(course_item(course)).await;
        }
    }

    /// Writes an item, given as JSON.
    pub async fn put(&self, item: Value) {
        let item = serde_dynamo::to_item(item).expect("an item is an object");
        let table = self.resource("Table");
        self.table
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .send()
            .await
            .expect("items can be written");
    }

    /// Enrols a learner in a course.
    pub async fn enroll(&self, user: &str, course: &str, enrollment: &str) {
        self.put(json!({
            "pk": format!("USER#{user}"),
            "sk": format!("ENROLLMENT#{enrollment}"),
            "type": "Enrollment",
            "userId": user,
            "courseId": course,
            "enrollmentId": enrollment,
        }))
        .await;
    }

    /// Lets an enrolled learner complete the course.
    pub async fn complete(&self, user: &str, enrollment: &str, completed_at: &str) {
        let update = self.table.update_item().table_name(self.resource("Table"));
        update
            .key("pk", AttributeValue::S(format!("USER#{user}")))
            .key("sk", AttributeValue::S(format!("ENROLLMENT#{enrollment}")))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET completionDate = :date")
            .expression_attribute_values(":date", AttributeValue::S(completed_at.to_owned()))
            .send()
            .await
            .expect("the enrollment can be completed");
    }
}

fn user_item(mut user: Value) -> Value {
    user["pk"] = json!(format!("USER#{}", user["userId"].as_str().expect("ids are text")));
    user["sk"] = json!("USER");
    user["type"] = json!("User");
    user
}

fn course_item(mut course: Value) -> Value {
    course["pk"] = json!(format!("COURSE#{}", course["courseId"].as_str().expect("ids are text")));
    course["sk"] = json!("COURSE");
    course["type"] = json!("Course");
    course
}

fn demo(name: &str) -> String {
    let path = repository().join("cli/demo").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
