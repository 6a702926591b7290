//! The DynamoDB table: the directory, the certificate store, the delivery log and the suppression
//! list in one table. [`keys`] describes its items.

mod certificate_store;
mod delivery_log;
mod directory;
mod keys;
mod stream_records;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use testamur_pipeline::TransientError;
use testamur_pipeline::model::fields::Fields;

use super::client::transient;

use keys::Key;
pub use stream_records::parse_change;

/// An item as the client represents it.
type Item = HashMap<String, AttributeValue>;

/// The table of a deployment.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// Returns the table called `name`. Does not check that it exists.
    #[must_use]
    pub fn new(sdk: &SdkConfig, name: String) -> Self {
        Self { client: Client::new(sdk), name }
    }

    /// Reads an item with strong consistency.
    async fn get(&self, key: &Key) -> Result<Option<Item>, TransientError> {
        self.client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map(|response| response.item)
            .map_err(|e| transient(format!("can't read {key}"), &e))
    }
}

/// Converts the attributes of an item to fields that can be read one by one.
///
/// An attribute that JSON can't express, such as a binary one, becomes an empty list, which no
/// field of ours accepts.
fn fields(item: impl Into<serde_dynamo::Item>) -> Fields {
    let json = |attribute: serde_dynamo::AttributeValue| {
        serde_dynamo::from_attribute_value(attribute).unwrap_or(Value::Array(Vec::new()))
    };
    let attributes = item.into().into_inner().into_iter();
    attributes.map(|(name, attribute)| (name, json(attribute))).collect::<Map<_, _>>().into()
}

/// Returns a string attribute.
fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Returns a number attribute.
fn number(value: i128) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
