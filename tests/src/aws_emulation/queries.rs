//! What a stack holds: items, objects, messages, schedules, e-mails. Looking changes nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::operation::get_object::GetObjectError;
use serde_json::Value;

use super::http::Cloud;
use super::{ACCOUNT, Stack};

impl Stack {
    /// An item of the table.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        let item = self.table.get_item().table_name(self.resource("Table")).consistent_read(true);
        let item = item
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()));
        item.send().await.expect("the table is readable").item.map(plain)
    }

    /// A learner's certificates, oldest first.
    pub async fn certificates(&self, user: &str) -> Vec<Value> {
        let query = self.table.query().table_name(self.resource("Table")).index_name("byUser");
        let query = query
            .key_condition_expression("gsi1pk = :user")
            .expression_attribute_values(":user", AttributeValue::S(format!("USER#{user}")));
        let found: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
        found.expect("the index is readable").into_iter().map(plain).collect()
    }

    /// An object of the bucket.
    pub async fn object(&self, key: &str) -> Option<Vec<u8>> {
        let found = self.objects.get_object().bucket(self.resource("Bucket")).key(key).send().await;
        match found {
            Ok(object) => Some(object.body.collect().await.expect("objects are readable").to_vec()),
            Err(e) if e.as_service_error().is_some_and(GetObjectError::is_no_such_key) => None,
            Err(e) => panic!("{key}: {e:?}"),
        }
    }

    /// The keys below a prefix, with the objects' sizes.
    pub async fn objects_below(&self, prefix: &str) -> Vec<(String, i64)> {
        let mut found = Vec::new();
        let mut pages = self
            .objects
            .list_objects_v2()
            .bucket(self.resource("Bucket"))
            .prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let objects = page.expect("the bucket is readable").contents.unwrap_or_default();
            found.extend(
                objects.into_iter().map(|object| {
                    (object.key.unwrap_or_default(), object.size.unwrap_or_default())
                }),
            );
        }
        found
    }

    /// The messages of a queue of the template, received or not, with attributes: `Body`, `ReceiveCount`, `IsVisible`,
    /// `MessageAttributes`. None of them counts as received.
    pub async fn messages(&self, queue: &str) -> Vec<Value> {
        messages(&self.cloud, self.resource(queue)).await
    }

    /// The schedules of the stack that wait, by name; a hundred at most.
    pub async fn scheduled(&self) -> Vec<String> {
        let group = self.resource("Schedules");
        let found: Result<Vec<_>, _> = self
            .schedules
            .list_schedules()
            .group_name(group)
            .into_paginator()
            .items()
            .send()
            .collect()
            .await;
        found
            .expect("schedules can be listed")
            .into_iter()
            .filter_map(|schedule| schedule.name)
            .collect()
    }

    /// The e-mails sent through the emulator, by all of its stacks: `To`, `Subject`, `BodyText`, `BodyHtml`, `MessageId`.
    pub async fn mails(&self) -> Vec<Value> {
        let found = self.cloud.get("ses", "/_ministack/ses/messages").await;
        found["messages"][ACCOUNT].as_array().cloned().unwrap_or_default()
    }

    /// The e-mails sent to an address.
    pub async fn mails_to(&self, address: &str) -> Vec<Value> {
        let mut mails = self.mails().await;
        mails.retain(|mail| mail["To"].to_string().contains(address));
        mails
    }
}

/// The messages of a queue, by its URL.
pub(super) async fn messages(cloud: &Cloud, url: &str) -> Vec<Value> {
    let found = cloud.get("sqs", &format!("/_ministack/sqs/messages?QueueUrl={url}")).await;
    let regions =
        found["messages"][ACCOUNT].as_object().into_iter().flat_map(serde_json::Map::values);
    let queues = regions.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    queues.filter_map(Value::as_array).flatten().cloned().collect()
}

fn plain(item: HashMap<String, AttributeValue>) -> Value {
    serde_dynamo::from_item(item).expect("every item is JSON")
}
