//! Every port in memory, for tests of the use cases and of adapters' contracts.

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

/// A whole deployment in memory. A shared reference to it is every port at once.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

/// What a deployment holds.
#[derive(Debug, Default)]
pub struct State {
    /// Users by id.
    pub users: BTreeMap<String, User>,
    /// Courses by id.
    pub courses: BTreeMap<String, Course>,
    /// Stored files by key.
    pub objects: BTreeMap<String, Object>,
    /// CertificateStore by certificate.
    pub records: BTreeMap<CertificateId, CertificateRecord>,
    /// Announcements in the order they were made.
    pub announced: Vec<CertificateGenerated>,
    /// Messages in the order they were handed over.
    pub mails: Vec<Mail>,
    /// Certificates whose message somebody may send until then, or, if there is no time, has sent.
    pub deliveries: BTreeMap<CertificateId, Option<Timestamp>>,
    /// Addresses that get no mail.
    pub suppressed: BTreeMap<AddressHash, SuppressionReason>,
    /// Events in the order they were published.
    pub published: Vec<OutgoingEvent>,
    /// Certificates whose mail waits, and until when.
    pub scheduled: BTreeMap<CertificateId, Timestamp>,
}

impl Memory {
    /// Everything that is held, to be filled or looked at.
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
}

impl CertificateStore for &Memory {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        Ok(self.state().records.get(&id).cloned())
    }

    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        let mut state = self.state();
        if let Some(kept) = state.records.get(&record.certificate_id) {
            return Ok(CreateOutcome::Exists(Box::new(kept.clone())));
        }
        state.records.insert(record.certificate_id, record.clone());
        state.announced.push(record.certificate_generated_event());
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
            Some(Some(until)) if *until > lease.now => Ok(Claim::HeldElsewhere),
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
        self.state().deliveries.retain(|kept, until| (*kept, *until) != (id, Some(lease.until)));
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
        id: CertificateId,
        _: &CertificateGenerated,
        time: Timestamp,
    ) -> Result<ScheduleOutcome, TransientError> {
        let mut state = self.state();
        if state.scheduled.contains_key(&id) {
            return Ok(ScheduleOutcome::Exists);
        }
        state.scheduled.insert(id, time);
        Ok(ScheduleOutcome::Created)
    }
}
