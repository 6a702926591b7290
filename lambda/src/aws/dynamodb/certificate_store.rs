//! The certificate store in the table.
//!
//! The write of a record also appears in the table's stream, from which `detect` publishes the
//! `CertificateGenerated` event. No record can therefore exist whose event is lost.

use testamur_pipeline::model::certificate::RecordFormatError;
use testamur_pipeline::ports::{CertificateStore, CreateOutcome};
use testamur_pipeline::{CertificateId, CertificateRecord, TransientError};

use super::keys::by_user_attributes;
use super::{Item, Key, Table, text};
use crate::aws::client::{is_condition_failure, transient};

impl CertificateStore for Table {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        self.get(&Key::certificate(id)).await?.map(|item| read(id, item)).transpose()
    }

    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let id = record.certificate_id;
        let written = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(record)?))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(CreateOutcome::Created),
            Err(error) if is_condition_failure(&error) => self.existing(id).await,
            Err(error) => Err(transient(write_failure(id), &error)),
        }
    }
}

impl Table {
    async fn existing(&self, id: CertificateId) -> Result<CreateOutcome, TransientError> {
        match self.find(id).await? {
            Some(record) => Ok(CreateOutcome::Exists(Box::new(record))),
            None => Err(TransientError::new(
                write_failure(id),
                "the existing record was deleted meanwhile",
            )),
        }
    }
}

fn write_failure(id: CertificateId) -> String {
    format!("can't write the record of {id}")
}

fn item(record: &CertificateRecord) -> Result<Item, TransientError> {
    let id = record.certificate_id;
    let mut item: Item =
        serde_dynamo::to_item(record).map_err(|e| TransientError::new(write_failure(id), e))?;
    item.extend(Key::certificate(id).attributes());
    item.extend(by_user_attributes(record));
    item.insert("type".to_owned(), text("Certificate"));
    Ok(item)
}

fn read(id: CertificateId, item: Item) -> Result<CertificateRecord, TransientError> {
    serde_dynamo::from_item(item).map_err(|_| {
        TransientError::new(format!("can't read the record of {id}"), RecordFormatError)
    })
}
