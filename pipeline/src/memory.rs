//! Every port in memory, for tests of the use cases and of adapters' contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::certificate::{CertificateId, Record};
use crate::error::{Error, Unavailable};
use crate::events::CertificateGenerated;
use crate::ports::{Course, Creation, Deliveries, Directory, Mail, Mailer, Object, Objects, Records, User};

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
    /// Certificates whose message is noted as sent.
    pub sent: BTreeSet<CertificateId>,
}

impl Memory {
    /// Everything that is held, to be filled or looked at.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for &Memory {
    async fn user(&self, id: &str) -> Result<Option<User>, Unavailable> {
        Ok(self.state().users.get(id).cloned())
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Unavailable> {
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
    async fn send(&self, mail: &Mail) -> Result<(), Error> {
        self.state().mails.push(mail.clone());
        Ok(())
    }
}

impl Deliveries for &Memory {
    async fn is_sent(&self, id: CertificateId) -> Result<bool, Unavailable> {
        Ok(self.state().sent.contains(&id))
    }

    async fn mark_sent(&self, id: CertificateId) -> Result<(), Unavailable> {
        self.state().sent.insert(id);
        Ok(())
    }
}
