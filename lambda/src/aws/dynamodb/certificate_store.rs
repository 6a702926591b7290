//! Records in the table. The table's stream delivers each new record to the function `detect`,
//! which publishes its event, so the write of a record is also the write of its event.

use testamur_pipeline::model::certificate::RecordFormatError;
use testamur_pipeline::ports::{CertificateStore, CreateOutcome};
use testamur_pipeline::{CertificateId, CertificateRecord, TransientError};

use super::{Item, Key, Table, text};
use crate::aws::client::{is_condition, transient};

impl CertificateStore for Table {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        self.get(&Key::certificate(id)).await?.map(|item| read(id, item)).transpose()
    }

    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let id = record.certificate_id;
        let action = || format!("can't write the record of {id}");
        let request =
            self.client.put_item().table_name(&self.name).set_item(Some(item(record, action)?));
        let written = request.condition_expression("attribute_not_exists(pk)").send().await;
        let Err(error) = written else {
            return Ok(CreateOutcome::Created);
        };
        if is_condition(&error) {
            self.existing(id).await
        } else {
            Err(transient(action(), &error))
        }
    }
}

impl Table {
    async fn existing(&self, id: CertificateId) -> Result<CreateOutcome, TransientError> {
        let record = self.find(id).await?;
        let gone = || {
            TransientError::new(
                format!("can't write the record of {id}"),
                "another record with its id was deleted at the same time",
            )
        };
        record.map(|record| CreateOutcome::Exists(Box::new(record))).ok_or_else(gone)
    }
}

fn item(record: &CertificateRecord, action: impl Fn() -> String) -> Result<Item, TransientError> {
    let mut item: Item =
        serde_dynamo::to_item(record).map_err(|e| TransientError::new(action(), e))?;
    item.extend(Key::certificate(record.certificate_id).attributes());
    item.insert("type".to_owned(), text("Certificate"));
    item.insert("gsi1pk".to_owned(), text(format!("USER#{}", record.user_id)));
    item.insert(
        "gsi1sk".to_owned(),
        text(format!("CERTIFICATE#{}#{}", record.issued_at, record.certificate_id)),
    );
    Ok(item)
}

fn read(id: CertificateId, item: Item) -> Result<CertificateRecord, TransientError> {
    serde_dynamo::from_item(item).map_err(|_| {
        TransientError::new(format!("can't read the record of {id}"), RecordFormatError)
    })
}
