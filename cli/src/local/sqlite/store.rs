//! The certificate store, the delivery log and the suppression list.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::model::events::Event;
use testamur_pipeline::ports::{
    CertificateStore, Claim, CreateOutcome, DeliveryLog, Lease, SuppressionList, SuppressionReason,
};
use testamur_pipeline::{CertificateGenerated, CertificateId, CertificateRecord, TransientError};

use super::database::Database;
use super::reader::read_record;

/// Selects the record of a certificate, as [`read_record`] expects it.
const RECORD: &str = "SELECT record FROM records WHERE certificate_id = ?1";

/// The tables `records`, `deliveries` and `suppressions`. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct SqliteStore(pub(crate) Database);

impl CertificateStore for SqliteStore {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        let find = move |connection: &mut Connection| {
            connection.query_row(RECORD, [id.to_string()], read_record).optional()
        };
        self.0.call("can't read a record", find).await
    }

    /// Writes the `CertificateGenerated` event to the queue in the same transaction, so neither
    /// exists without the other.
    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let (record, event) = (record.clone(), record.certificate_generated_event());
        let create = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let id = record.certificate_id;
            // The write comes first: SQLite can't turn a transaction that has read into one that
            // writes if another process, such as `testamur suppress`, has written meanwhile.
            transaction.execute(
                "INSERT INTO records (certificate_id, enrollment_id, user_id, record)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (certificate_id) DO NOTHING",
                params![id.to_string(), record.enrollment_id, record.user_id, to_json(&record)],
            )?;
            if transaction.changes() == 0 {
                let existing = transaction.query_row(RECORD, [id.to_string()], read_record)?;
                return Ok(CreateOutcome::Exists(Box::new(existing)));
            }
            transaction.execute(
                "INSERT INTO queue (kind, event) VALUES (?1, ?2)",
                params![CertificateGenerated::DETAIL_TYPE, to_json(&event)],
            )?;
            transaction.commit()?;
            Ok(CreateOutcome::Created)
        };
        self.0.call("can't write a record", create).await
    }
}

/// One process at a time works in a state folder and handles each e-mail once at a time, so
/// another holder of a claim can't exist and claims are not stored.
impl DeliveryLog for SqliteStore {
    async fn claim(&self, id: CertificateId, _: Lease) -> Result<Claim, TransientError> {
        let query = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE certificate_id = ?1)";
        let is_sent = move |connection: &mut Connection| {
            connection.query_row(query, [id.to_string()], |row| row.get(0))
        };
        let is_sent: bool = self.0.call("can't read the delivery log", is_sent).await?;
        Ok(if is_sent { Claim::AlreadySent } else { Claim::Acquired })
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let statement = "INSERT INTO deliveries (certificate_id, message_id, sent_at)
            VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let message_id = message_id.map(str::to_owned);
        let mark = move |connection: &mut Connection| {
            let parameters = params![id.to_string(), message_id, now.to_string()];
            connection.execute(statement, parameters).map(drop)
        };
        self.0.call("can't write to the delivery log", mark).await
    }

    async fn release(&self, _: CertificateId, _: Lease) -> Result<(), TransientError> {
        Ok(())
    }
}

impl SuppressionList for SqliteStore {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, TransientError> {
        let query = "SELECT EXISTS (SELECT 1 FROM suppressions WHERE address_hash = ?1)";
        let hash = address.as_str().to_owned();
        let is_suppressed = move |connection: &mut Connection| {
            connection.query_row(query, [hash], |row| row.get(0))
        };
        self.0.call("can't read the suppression list", is_suppressed).await
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        let statement = "INSERT INTO suppressions (address_hash, reason, since)
            VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let hash = address.as_str().to_owned();
        let suppress = move |connection: &mut Connection| {
            connection.execute(statement, params![hash, reason.name(), now.to_string()]).map(drop)
        };
        self.0.call("can't write to the suppression list", suppress).await
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records and events have string keys only")
}
