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
use serde_json::{Number, Value};
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
    let map = serde_dynamo::AttributeValue::M(item.into().into_inner());
    Fields::parse_entry(&json(map)).expect("it is the JSON of an object")
}

/// Returns an attribute as JSON. Numbers keep all of their digits.
fn json(attribute: serde_dynamo::AttributeValue) -> String {
    use serde_dynamo::AttributeValue::{L, M, N};
    match attribute {
        N(number) if serde_json::from_str::<Number>(&number).is_ok() => number,
        L(items) => format!("[{}]", items.into_iter().map(json).collect::<Vec<_>>().join(",")),
        M(attributes) => {
            let field = |(name, value)| format!("{}:{}", Value::String(name), json(value));
            format!("{{{}}}", attributes.into_iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => {
            let value = serde_dynamo::from_attribute_value(other);
            value.unwrap_or(Value::Array(Vec::new())).to_string()
        }
    }
}

/// Returns a string attribute.
fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Returns a number attribute.
fn number(value: i128) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue as Attribute;

    use super::*;

    #[test]
    fn numbers_keep_all_of_their_digits() {
        let number = || Attribute::N("99314321442332142315".to_owned());
        let details = [("id".to_owned(), number())].into();
        let item = [("userId", number()), ("details", Attribute::M(details))];
        let item = item.map(|(name, value)| (name.to_owned(), value));
        let mut fields = fields(HashMap::from(item));
        assert_eq!(fields.id("userId").unwrap(), "99314321442332142315");
        let error = fields.map("details").unwrap_err().to_string();
        assert!(error.starts_with("details/id: the number is too large"), "{error}");
    }

    #[test]
    fn an_attribute_that_json_cant_express_becomes_an_empty_list() {
        assert_eq!(json(Attribute::B(vec![1])), "[]");
    }
}
