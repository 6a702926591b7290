//! Which mails were sent, and which addresses get none, in the table.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::ports::{Claim, DeliveryLog, Lease, SuppressionList, SuppressionReason};
use testamur_pipeline::{CertificateId, TransientError};

use super::{Key, Table, number, text};
use crate::aws::client::{is_condition, transient};

/// How long the note of a mail is kept. No event comes again after the 14 days that queues keep messages, but people redrive.
const RETENTION: SignedDuration = SignedDuration::from_hours(400 * 24);

impl DeliveryLog for Table {
    async fn claim(&self, id: CertificateId, lease: Lease) -> Result<Claim, TransientError> {
        let mut item = Key::mail(id).attributes();
        item.insert("type".to_owned(), text("Mail"));
        item.insert("state".to_owned(), text("pending"));
        item.insert("pendingUntil".to_owned(), number(lease.until.as_nanosecond()));
        item.insert("expiresAt".to_owned(), expiry(lease.now));
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let taken = request
            .condition_expression(
                "attribute_not_exists(pk) OR (#state = :pending AND pendingUntil <= :now)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":now", number(lease.now.as_nanosecond()))
            .send()
            .await;
        let Err(error) = taken else {
            return Ok(Claim::Acquired);
        };
        if is_condition(&error) {
            self.turn(id, lease).await
        } else {
            Err(transient(format!("can't take the e-mail of {id}"), &error))
        }
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::mail(id).attributes()));
        let marked = request
            .update_expression(
                "SET #type = :mail, #state = :sent, sentAt = if_not_exists(sentAt, :now), \
                 messageId = if_not_exists(messageId, :message), expiresAt = :expiry REMOVE pendingUntil",
            )
            .expression_attribute_names("#type", "type")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":mail", text("Mail"))
            .expression_attribute_values(":sent", text("sent"))
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":message", text(message_id.unwrap_or("unknown")))
            .expression_attribute_values(":expiry", expiry(now))
            .send()
            .await;
        marked.map(drop).map_err(|e| transient(format!("can't note the e-mail of {id}"), &e))
    }

    async fn release(&self, id: CertificateId, lease: Lease) -> Result<(), TransientError> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(Key::mail(id).attributes()));
        let given = request
            .condition_expression("#state = :pending AND pendingUntil = :until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pending", text("pending"))
            .expression_attribute_values(":until", number(lease.until.as_nanosecond()))
            .send()
            .await;
        match given {
            Err(error) if !is_condition(&error) => {
                Err(transient(format!("can't give back the e-mail of {id}"), &error))
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
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        match request.condition_expression("attribute_not_exists(pk)").send().await {
            Err(error) if !is_condition(&error) => {
                Err(transient("can't suppress an address", &error))
            }
            _ => Ok(()),
        }
    }
}

impl Table {
    /// Whose turn it is when the item was there. It may be the caller's, whose first request was carried out though its answer
    /// was lost.
    async fn turn(&self, id: CertificateId, lease: Lease) -> Result<Claim, TransientError> {
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

/// When the table may forget an item, in seconds since 1970.
fn expiry(now: Timestamp) -> AttributeValue {
    number(
        now.saturating_add(RETENTION)
            .expect("saturation is no error for a duration in seconds")
            .as_second()
            .into(),
    )
}
