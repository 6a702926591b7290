//! Every port in memory, for tests of the use cases and of adapters' contracts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::address::AddressHash;
use crate::certificate::{CertificateId, Record};
use crate::error::{Error, Unavailable};
use crate::events::{CertificateGenerated, Outgoing};
use crate::ports::{
    Bus, Course, Creation, Deliveries, Directory, Lease, Mail, Mailer, Object, Objects, Records, Schedule, Scheduled,
    SuppressionReason, Suppressions, Turn, Undelivered, User,
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
    /// Records by certificate.
    pub records: BTreeMap<CertificateId, Record>,
    /// Announcements in the order they were made.
    pub announced: Vec<CertificateGenerated>,
    /// Messages in the order they were handed over.
    pub mails: Vec<Mail>,
    /// Certificates whose message somebody may send until then, or, if there is no time, has sent.
    pub deliveries: BTreeMap<CertificateId, Option<Timestamp>>,
    /// Addresses that get no mail.
    pub suppressed: BTreeMap<AddressHash, SuppressionReason>,
    /// Events in the order they were published.
    pub published: Vec<Outgoing>,
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

impl Objects for &Memory {
    async fn put(&self, object: Object) -> Result<(), Unavailable> {
        self.state().objects.insert(object.key.clone(), object);
        Ok(())
    }
}

impl Records for &Memory {
    async fn find(&self, id: CertificateId) -> Result<Option<Record>, Unavailable> {
        Ok(self.state().records.get(&id).cloned())
    }

    async fn create(&self, record: &Record) -> Result<Creation, Unavailable> {
        let mut state = self.state();
        if let Some(kept) = state.records.get(&record.certificate_id) {
            return Ok(Creation::Exists(Box::new(kept.clone())));
        }
        state.records.insert(record.certificate_id, record.clone());
        state.announced.push(record.announcement());
        Ok(Creation::Created)
    }
}

impl Mailer for &Memory {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, Undelivered> {
        let mut state = self.state();
        state.mails.push(mail.clone());
        Ok(Some(state.mails.len().to_string()))
    }
}

impl Deliveries for &Memory {
    async fn take(&self, id: CertificateId, lease: Lease) -> Result<Turn, Unavailable> {
        let mut state = self.state();
        match state.deliveries.get(&id) {
            Some(None) => Ok(Turn::Sent),
            Some(Some(until)) if *until > lease.now => Ok(Turn::Taken),
            _ => {
                state.deliveries.insert(id, Some(lease.until));
                Ok(Turn::Yours)
            }
        }
    }

    async fn mark_sent(&self, id: CertificateId, _: Option<&str>, _: Timestamp) -> Result<(), Unavailable> {
        self.state().deliveries.insert(id, None);
        Ok(())
    }

    async fn give_back(&self, id: CertificateId, lease: Lease) -> Result<(), Unavailable> {
        self.state().deliveries.retain(|kept, until| (*kept, *until) != (id, Some(lease.until)));
        Ok(())
    }
}

impl Suppressions for &Memory {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, Unavailable> {
        Ok(self.state().suppressed.contains_key(address))
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        _: Timestamp,
    ) -> Result<(), Unavailable> {
        self.state().suppressed.entry(address.clone()).or_insert(reason);
        Ok(())
    }
}

impl Bus for &Memory {
    async fn publish(&self, events: &[Outgoing]) -> Vec<Result<(), Error>> {
        self.state().published.extend_from_slice(events);
        events.iter().map(|_| Ok(())).collect()
    }
}

impl Schedule for &Memory {
    async fn at(&self, id: CertificateId, _: &CertificateGenerated, time: Timestamp) -> Result<Scheduled, Unavailable> {
        let mut state = self.state();
        if state.scheduled.contains_key(&id) {
            return Ok(Scheduled::Already);
        }
        state.scheduled.insert(id, time);
        Ok(Scheduled::New)
    }
}
