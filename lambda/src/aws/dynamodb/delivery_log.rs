//! The delivery log and the suppression list in the table.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::ports::{Claim, DeliveryLog, Lease, SuppressionList, SuppressionReason};
use testamur_pipeline::{CertificateId, TransientError};

use super::{Key, Table, number, text};
use crate::aws::client::{is_condition_failure, transient};

/// How long the delivery record of an e-mail is kept. A queue redelivers an event for at most 14
/// days, but an operator may redrive a dead letter later.
const RETENTION: SignedDuration = SignedDuration::from_hours(400 * 24);

impl DeliveryLog for Table {
    async fn claim(&self, id: CertificateId, lease: Lease) -> Result<Claim, TransientError> {
        let mut item = Key::mail(id).attributes();
        item.insert("type".to_owned(), text("Mail"));
        item.insert("state".to_owned(), text("pending"));
        item.insert("pendingUntil".to_owned(), number(lease.until.as_nanosecond()));
        item.insert("expiresAt".to_owned(), expiry(lease.now));
        let written = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(
                "attribute_not_exists(pk) OR (#state = :pending AND pendingUntil <= :now)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":now", number(lease.now.as_nanosecond()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(Claim::Acquired),
            Err(error) if is_condition_failure(&error) => self.existing_claim(id, lease).await,
            Err(error) => Err(transient(format!("can't claim the e-mail of {id}"), &error)),
        }
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::mail(id).attributes()))
            .update_expression(
                "SET #type = :mail, #state = :sent, sentAt = if_not_exists(sentAt, :now), \
                 messageId = if_not_exists(messageId, :message), expiresAt = :expiry \
                 REMOVE pendingUntil",
            )
            .expression_attribute_names("#type", "type")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":mail", text("Mail"))
            .expression_attribute_values(":sent", text("sent"))
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":message", text(message_id.unwrap_or("unknown")))
            .expression_attribute_values(":expiry", expiry(now))
            .send()
            .await
            .map(drop)
            .map_err(|e| transient(format!("can't mark the e-mail of {id} as sent"), &e))
    }

    async fn release(&self, id: CertificateId, lease: Lease) -> Result<(), TransientError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(Key::mail(id).attributes()))
            .condition_expression("#state = :pending AND pendingUntil = :until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":until", number(lease.until.as_nanosecond()))
            .send()
            .await;
        match deleted {
            Err(error) if !is_condition_failure(&error) => {
                Err(transient(format!("can't release the e-mail of {id}"), &error))
            }
            _ => Ok(()),
        }
    }
}

impl SuppressionList for Table {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, TransientError> {
        Ok(self.get(&Key::suppression(address.as_str())).await?.is_some())
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let mut item = Key::suppression(address.as_str()).attributes();
        item.insert("type".to_owned(), text("Suppression"));
        item.insert("reason".to_owned(), text(reason.name()));
        item.insert("since".to_owned(), text(now.to_string()));
        let written = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Err(error) if !is_condition_failure(&error) => {
                Err(transient("can't suppress an address", &error))
            }
            _ => Ok(()),
        }
    }
}

impl Table {
    /// Returns the state of a claim that could not be written because the item exists.
    ///
    /// The existing claim can be the caller's own: if the response to a successful write is lost,
    /// the SDK repeats the request, and the repetition fails. `pendingUntil`, in nanoseconds,
    /// identifies the holder.
    async fn existing_claim(
        &self,
        id: CertificateId,
        lease: Lease,
    ) -> Result<Claim, TransientError> {
        let item = self.get(&Key::mail(id)).await?.unwrap_or_default();
        Ok(if item.get("state") == Some(&text("sent")) {
            Claim::AlreadySent
        } else if item.get("pendingUntil") == Some(&number(lease.until.as_nanosecond())) {
            Claim::Acquired
        } else {
            Claim::HeldElsewhere
        })
    }
}

/// Returns the time to live of an item: the second since 1970 after which DynamoDB may delete it.
fn expiry(now: Timestamp) -> AttributeValue {
    let expiry = now
        .saturating_add(RETENTION)
        .expect("saturating addition of a duration in seconds can't fail");
    number(expiry.as_second().into())
}
