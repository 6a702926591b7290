//! Every port in memory, for tests of the use cases and as the simplest example of each adapter.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::error::{Error, TransientError};
use crate::model::address::AddressHash;
use crate::model::certificate::{CertificateId, CertificateRecord};
use crate::model::events::{CertificateGenerated, OutgoingEvent};
use crate::ports::{
    CertificateStore, Claim, Course, CreateOutcome, DeliveryLog, Directory, EmailScheduler,
    EventPublisher, Lease, Mail, Mailer, Object, ObjectStore, ScheduleOutcome, SendError,
    SuppressionList, SuppressionReason, User,
};

/// A deployment in memory. `&Memory` implements every port.
///
/// ```
/// use testamur_pipeline::ports::{CertificateStore, CreateOutcome};
/// use testamur_pipeline::testing::{contract, memory::Memory};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), testamur_pipeline::TransientError> {
/// let memory = Memory::default();
/// let record = contract::record("e-1");
/// assert_eq!((&memory).create(&record).await?, CreateOutcome::Created);
/// assert_eq!(memory.state().events, [record.certificate_generated_event()]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

/// The content of a [`Memory`].
#[derive(Debug, Default)]
pub struct State {
    /// Users by id.
    pub users: BTreeMap<String, User>,
    /// Courses by id.
    pub courses: BTreeMap<String, Course>,
    /// Objects by key.
    pub objects: BTreeMap<String, Object>,
    /// Records by certificate.
    pub certificates: BTreeMap<CertificateId, CertificateRecord>,
    /// The events that were written with records, oldest first.
    pub events: Vec<CertificateGenerated>,
    /// The messages that were handed to the mailer, oldest first.
    pub mails: Vec<Mail>,
    /// The delivery log: the end of the claim, or `None` once the e-mail was sent.
    pub deliveries: BTreeMap<CertificateId, Option<Timestamp>>,
    /// The suppression list.
    pub suppressed: BTreeMap<AddressHash, SuppressionReason>,
    /// The events that were published, oldest first.
    pub published: Vec<OutgoingEvent>,
    /// The times of scheduled e-mails by certificate.
    pub scheduled: BTreeMap<CertificateId, Timestamp>,
}

impl Memory {
    /// Locks the content, to prepare or inspect it. Release it before a port is used.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for &Memory {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        Ok(self.state().users.get(id).cloned())
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        Ok(self.state().courses.get(id).cloned())
    }
}

impl ObjectStore for &Memory {
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        self.state().objects.insert(object.key.clone(), object);
        Ok(())
    }

    async fn get(&self, key: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, TransientError> {
        let state = self.state();
        let bytes = state.objects.get(key).map(|object| &object.bytes);
        Ok(bytes.filter(|bytes| bytes.len() <= max_bytes).cloned())
    }
}

impl CertificateStore for &Memory {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        Ok(self.state().certificates.get(&id).cloned())
    }

    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let mut state = self.state();
        if let Some(existing) = state.certificates.get(&record.certificate_id) {
            return Ok(CreateOutcome::Exists(Box::new(existing.clone())));
        }
        state.certificates.insert(record.certificate_id, record.clone());
        state.events.push(record.certificate_generated_event());
        Ok(CreateOutcome::Created)
    }
}

impl Mailer for &Memory {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        let mut state = self.state();
        state.mails.push(mail.clone());
        Ok(Some(state.mails.len().to_string()))
    }
}

impl DeliveryLog for &Memory {
    async fn claim(&self, id: CertificateId, lease: Lease) -> Result<Claim, TransientError> {
        let mut state = self.state();
        match state.deliveries.get(&id) {
            Some(None) => Ok(Claim::AlreadySent),
            Some(Some(until)) if *until > lease.now && *until != lease.until => {
                Ok(Claim::HeldElsewhere)
            }
            _ => {
                state.deliveries.insert(id, Some(lease.until));
                Ok(Claim::Acquired)
            }
        }
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        _: Option<&str>,
        _: Timestamp,
    ) -> Result<(), TransientError> {
        self.state().deliveries.insert(id, None);
        Ok(())
    }

    async fn release(&self, id: CertificateId, lease: Lease) -> Result<(), TransientError> {
        self.state()
            .deliveries
            .retain(|claimed, until| (*claimed, *until) != (id, Some(lease.until)));
        Ok(())
    }
}

impl SuppressionList for &Memory {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, TransientError> {
        Ok(self.state().suppressed.contains_key(address))
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        _: Timestamp,
    ) -> Result<(), TransientError> {
        self.state().suppressed.entry(address.clone()).or_insert(reason);
        Ok(())
    }
}

impl EventPublisher for &Memory {
    async fn publish(&self, events: &[OutgoingEvent]) -> Vec<Result<(), Error>> {
        self.state().published.extend_from_slice(events);
        events.iter().map(|_| Ok(())).collect()
    }
}

impl EmailScheduler for &Memory {
    async fn schedule_email(
        &self,
        event: &CertificateGenerated,
        time: Timestamp,
    ) -> Result<ScheduleOutcome, TransientError> {
        let mut state = self.state();
        if state.scheduled.contains_key(&event.certificate_id) {
            return Ok(ScheduleOutcome::Exists);
        }
        state.scheduled.insert(event.certificate_id, time);
        Ok(ScheduleOutcome::Created)
    }
}
