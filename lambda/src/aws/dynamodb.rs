//! The one table: its keys, and reading and writing single items. What is in them is in the modules of the ports.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | user | `USER#<id>` | `USER` |
//! | enrollment | `USER#<user id>` | `ENROLLMENT#<id>` |
//! | course | `COURSE#<id>` | `COURSE` |
//! | certificate | `CERTIFICATE#<id>` | `CERTIFICATE` |
//! | its e-mail | `CERTIFICATE#<id>` | `MAIL` |
//! | suppressed address | `SUPPRESSION#<hash>` | `SUPPRESSION` |
//!
//! The index `byUser` has a user's certificates by date. Each item names its `type`, by which the stream is filtered.

mod certificate_store;
mod delivery_log;
mod directory;
mod stream_records;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use testamur_pipeline::model::fields::Fields;
use testamur_pipeline::{CertificateId, TransientError};

use super::client::transient;

pub use stream_records::parse_change;

/// An item as the client has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The table of a deployment; it is the directory, the records, the deliveries and the suppressions.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) client: Client,
    pub(super) name: String,
}

/// Where an item is.
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: &'static str,
}

impl Key {
    pub(super) fn user(id: &str) -> Self {
        Self { pk: format!("USER#{id}"), sk: "USER" }
    }

    pub(super) fn course(id: &str) -> Self {
        Self { pk: format!("COURSE#{id}"), sk: "COURSE" }
    }

    pub(super) fn certificate(id: CertificateId) -> Self {
        Self { pk: format!("CERTIFICATE#{id}"), sk: "CERTIFICATE" }
    }

    pub(super) fn mail(id: CertificateId) -> Self {
        Self { pk: format!("CERTIFICATE#{id}"), sk: "MAIL" }
    }

    pub(super) fn suppression(hash: &str) -> Self {
        Self { pk: format!("SUPPRESSION#{hash}"), sk: "SUPPRESSION" }
    }

    pub(super) fn attributes(&self) -> Item {
        HashMap::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(self.sk))])
    }
}

impl Table {
    /// Takes the name of the table.
    #[must_use]
    pub fn new(sdk: &SdkConfig, name: String) -> Self {
        Self { client: Client::new(sdk), name }
    }

    /// Reads an item as it is after all writes that have been answered.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, TransientError> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes()));
        let answer = request.consistent_read(true).send().await;
        Ok(answer.map_err(|e| transient(format!("can't read {} {}", key.pk, key.sk), &e))?.item)
    }
}

/// Converts the attributes of an item to fields that can be read one by one.
///
/// An attribute that JSON can't express, such as a binary one, becomes an empty list, which no field of ours accepts.
pub(super) fn fields(item: impl Into<serde_dynamo::Item>) -> Fields {
    let json = |attribute: serde_dynamo::AttributeValue| {
        serde_dynamo::from_attribute_value(attribute).unwrap_or(Value::Array(Vec::new()))
    };
    let attributes = item.into().into_inner().into_iter();
    attributes.map(|(name, attribute)| (name, json(attribute))).collect::<Map<_, _>>().into()
}

/// A string attribute.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(super) fn number(value: i128) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
