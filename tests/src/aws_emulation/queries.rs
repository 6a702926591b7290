//! Read access to the items, objects, messages, schedules and e-mails of a stack.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::operation::get_object::GetObjectError;
use serde_json::Value;

use super::api::EmulatorApi;
use super::{ACCOUNT, Stack, configuration, wait_for};

/// An object of the bucket.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: i64,
}

impl Stack {
    /// Returns an item of the table.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        self.dynamodb
            .get_item()
            .table_name(self.resource("Table"))
            .consistent_read(true)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .send()
            .await
            .expect("the table is readable")
            .item
            .map(to_json)
    }

    /// Returns the certificates of a user, oldest first.
    pub async fn certificates(&self, user: &str) -> Vec<Value> {
        let items: Result<Vec<_>, _> = self
            .dynamodb
            .query()
            .table_name(self.resource("Table"))
            .index_name("byUser")
            .key_condition_expression("gsi1pk = :user")
            .expression_attribute_values(":user", AttributeValue::S(format!("USER#{user}")))
            .into_paginator()
            .items()
            .send()
            .collect()
            .await;
        items.expect("the index is readable").into_iter().map(to_json).collect()
    }

    /// Returns the content of an object of the bucket.
    pub async fn object(&self, key: &str) -> Option<Vec<u8>> {
        let response = self.s3.get_object().bucket(self.resource("Bucket")).key(key).send().await;
        match response {
            Ok(object) => Some(object.body.collect().await.expect("objects are readable").to_vec()),
            Err(e) if e.as_service_error().is_some_and(GetObjectError::is_no_such_key) => None,
            Err(e) => panic!("{key}: {e:?}"),
        }
    }

    /// Returns the objects whose keys begin with a prefix, sorted by key.
    pub async fn list_objects(&self, prefix: &str) -> Vec<StoredObject> {
        let mut objects = Vec::new();
        let mut pages = self
            .s3
            .list_objects_v2()
            .bucket(self.resource("Bucket"))
            .prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let contents = page.expect("the bucket is readable").contents.unwrap_or_default();
            objects.extend(contents.into_iter().map(|object| StoredObject {
                key: object.key.unwrap_or_default(),
                size: object.size.unwrap_or_default(),
            }));
        }
        objects.sort_by(|a: &StoredObject, b| a.key.cmp(&b.key));
        objects
    }

    /// Returns the id key of the stack in hexadecimal, from which certificate ids are derived.
    pub async fn id_key(&self) -> String {
        aws_sdk_secretsmanager::Client::new(&configuration(&self.endpoint))
            .get_secret_value()
            .secret_id(self.resource("IdKey"))
            .send()
            .await
            .expect("the secret is readable")
            .secret_string
            .expect("the secret is a string")
    }

    /// Returns all messages of a queue, including those in flight, with the members `Body`,
    /// `ReceiveCount`, `IsVisible` and `MessageAttributes`. Does not count as a receive.
    pub async fn messages(&self, queue: &str) -> Vec<Value> {
        messages(&self.api, self.resource(queue)).await
    }

    /// Returns the names of the stack's schedules that have not fired.
    pub async fn schedule_names(&self) -> Vec<String> {
        let group = self.resource("Schedules");
        let schedules: Result<Vec<_>, _> = self
            .scheduler
            .list_schedules()
            .group_name(group)
            .into_paginator()
            .items()
            .send()
            .collect()
            .await;
        schedules
            .expect("schedules can be listed")
            .into_iter()
            .filter_map(|schedule| schedule.name)
            .collect()
    }

    /// Returns all e-mails that were sent through the emulator, by all of its stacks, with the
    /// members `To`, `Subject`, `BodyText`, `BodyHtml` and `MessageId`.
    pub async fn emails(&self) -> Vec<Value> {
        let found = self.api.get("ses", "/_ministack/ses/messages").await;
        found["messages"][ACCOUNT].as_array().cloned().unwrap_or_default()
    }

    /// Returns the e-mails that were sent to an address.
    pub async fn emails_to(&self, address: &str) -> Vec<Value> {
        let mut emails = self.emails().await;
        emails.retain(|email| email["To"].to_string().contains(address));
        emails
    }

    /// Waits until no schedule is pending and all queues are empty, twice in a row. A single check
    /// could miss an event between two services.
    pub async fn wait_until_idle(&self) {
        for _ in 0..2 {
            wait_for("idle stack", async || self.is_idle().await.then_some(())).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn is_idle(&self) -> bool {
        for queue in ["CertificateQueue", "ScheduleQueue", "MailQueue", "BounceQueue"] {
            if !self.messages(queue).await.is_empty() {
                return false;
            }
        }
        self.schedule_names().await.is_empty()
    }
}

/// Returns all messages of the queue with this URL.
pub(super) async fn messages(api: &EmulatorApi, queue_url: &str) -> Vec<Value> {
    let found = api.get("sqs", &format!("/_ministack/sqs/messages?QueueUrl={queue_url}")).await;
    let regions =
        found["messages"][ACCOUNT].as_object().into_iter().flat_map(serde_json::Map::values);
    let queues = regions.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    queues.filter_map(Value::as_array).flatten().cloned().collect()
}

fn to_json(item: HashMap<String, AttributeValue>) -> Value {
    serde_dynamo::from_item(item).expect("every item can be represented as JSON")
}
