//! Records and deliveries in the database.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use testamur_pipeline::events::Event;
use testamur_pipeline::ports::{Creation, Deliveries, Records};
use testamur_pipeline::{CertificateGenerated, CertificateId, Record, Unavailable};

use super::database::{Database, parse_record};

/// The tables `records` and `deliveries`.
pub(crate) struct Store(pub(crate) Database);

impl Records for Store {
    async fn find(&self, id: CertificateId) -> Result<Option<Record>, Unavailable> {
        let find = move |connection: &mut rusqlite::Connection| {
            let query = "SELECT record FROM records WHERE certificate_id = ?1";
            let text: Option<String> = connection.query_row(query, [id.to_string()], |row| row.get(0)).optional()?;
            text.map(|text| parse_record(&text)).transpose()
        };
        self.0.call("can't look for a record", find).await
    }

    /// The announcement is a message in the queue, written in the same transaction.
    async fn create(&self, record: &Record) -> Result<Creation, Unavailable> {
        let (record, announcement) = (record.clone(), record.announcement());
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
                    transaction.query_row(query, [record.certificate_id.to_string()], |row| row.get(0))?;
                return parse_record(&kept).map(|record| Creation::Exists(Box::new(record)));
            }
            transaction.execute(
                "INSERT INTO queue (kind, event) VALUES (?1, ?2)",
                params![CertificateGenerated::DETAIL_TYPE, to_json(&announcement)],
            )?;
            transaction.commit()?;
            Ok(Creation::Created)
        };
        self.0.call("can't write a record", create).await
    }
}

impl Deliveries for Store {
    async fn is_sent(&self, id: CertificateId) -> Result<bool, Unavailable> {
        let query = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE certificate_id = ?1)";
        let is_sent = move |connection: &mut rusqlite::Connection| {
            connection.query_row(query, [id.to_string()], |row| row.get(0))
        };
        self.0.call("can't look for a delivery", is_sent).await
    }

    async fn mark_sent(&self, id: CertificateId) -> Result<(), Unavailable> {
        let statement = "INSERT INTO deliveries (certificate_id, sent_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let mark = move |connection: &mut rusqlite::Connection| {
            connection.execute(statement, [id.to_string(), Timestamp::now().to_string()]).map(drop)
        };
        self.0.call("can't note a delivery", mark).await
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records and events have string keys only")
}
