//! CertificateStore, deliveries and suppressions in the database.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::model::events::Event;
use testamur_pipeline::ports::{
    CertificateStore, Claim, CreateOutcome, DeliveryLog, Lease, SuppressionList, SuppressionReason,
};
use testamur_pipeline::{CertificateGenerated, CertificateId, CertificateRecord, TransientError};

use super::database::{Database, parse_record};

/// The tables `records`, `deliveries` and `suppressions`. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct SqliteStore(pub(crate) Database);

impl CertificateStore for SqliteStore {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        let find = move |connection: &mut rusqlite::Connection| {
            let query = "SELECT record FROM records WHERE certificate_id = ?1";
            let text: Option<String> =
                connection.query_row(query, [id.to_string()], |row| row.get(0)).optional()?;
            text.map(|text| parse_record(&text)).transpose()
        };
        self.0.call("can't look for a record", find).await
    }

    /// The announcement is a message in the queue, written in the same transaction.
    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let (record, announcement) = (record.clone(), record.certificate_generated_event());
        let create = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            let inserted = transaction.execute(
                "INSERT INTO records (certificate_id, enrollment_id, user_id, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (certificate_id) DO NOTHING",
                params![record.certificate_id.to_string(), record.enrollment_id, record.user_id, to_json(&record)],
            )?;
            if inserted == 0 {
                let query = "SELECT record FROM records WHERE certificate_id = ?1";
                let kept: String =
                    transaction
                        .query_row(query, [record.certificate_id.to_string()], |row| row.get(0))?;
                return parse_record(&kept).map(|record| CreateOutcome::Exists(Box::new(record)));
            }
            transaction.execute(
                "INSERT INTO queue (kind, event) VALUES (?1, ?2)",
                params![CertificateGenerated::DETAIL_TYPE, to_json(&announcement)],
            )?;
            transaction.commit()?;
            Ok(CreateOutcome::Created)
        };
        self.0.call("can't write a record", create).await
    }
}

/// One process at a time works in a folder and sends each mail in its turn, so nobody has to be kept off.
impl DeliveryLog for SqliteStore {
    async fn claim(&self, id: CertificateId, _: Lease) -> Result<Claim, TransientError> {
        let query = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE certificate_id = ?1)";
        let is_sent = move |connection: &mut rusqlite::Connection| {
            connection.query_row(query, [id.to_string()], |row| row.get(0))
        };
        let is_sent: bool = self.0.call("can't look for a delivery", is_sent).await?;
        Ok(if is_sent { Claim::AlreadySent } else { Claim::Acquired })
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let statement = "INSERT INTO deliveries (certificate_id, message_id, sent_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let message_id = message_id.map(str::to_owned);
        let mark = move |connection: &mut rusqlite::Connection| {
            connection
                .execute(statement, params![id.to_string(), message_id, now.to_string()])
                .map(drop)
        };
        self.0.call("can't note a delivery", mark).await
    }

    async fn release(&self, _: CertificateId, _: Lease) -> Result<(), TransientError> {
        Ok(())
    }
}

impl SuppressionList for SqliteStore {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, TransientError> {
        let query = "SELECT EXISTS (SELECT 1 FROM suppressions WHERE address_hash = ?1)";
        let hash = address.as_str().to_owned();
        let is_suppressed = move |connection: &mut rusqlite::Connection| {
            connection.query_row(query, [hash], |row| row.get(0))
        };
        self.0.call("can't look for a suppressed address", is_suppressed).await
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let statement = "INSERT INTO suppressions (address_hash, reason, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let hash = address.as_str().to_owned();
        let suppress = move |connection: &mut rusqlite::Connection| {
            connection.execute(statement, params![hash, reason.name(), now.to_string()]).map(drop)
        };
        self.0.call("can't suppress an address", suppress).await
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records and events have string keys only")
}
