//! Exactly once, whatever port fails: before its work or after it, at every step, and then everything runs again.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;
use testamur_engine::{Engine, Fonts, JpegEncoder};
use testamur_pipeline::issue::{IssueConfig, IssueOutcome};
use testamur_pipeline::mail::MailComposer;
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::model::certificate::CertificateRecord;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::{
    CertificateStore, Claim, Course, CreateOutcome, DeliveryLog, Directory, Lease, Mail, Mailer,
    Object, ObjectStore, SendError, SuppressionList, SuppressionReason, User,
};
use testamur_pipeline::testing::memory::Memory;
use testamur_pipeline::{
    CertificateId, CourseCompleted, Error, IdKey, Issuer, Notifier, TemplateCache, TransientError,
};
use testamur_tests::repository;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Fonts::load(repository().join("fonts")).unwrap()));

/// Memory behind a fault: one call fails, before or after it has done its work.
#[derive(Clone, Copy)]
struct Faulty<'a> {
    memory: &'a Memory,
    calls: &'a AtomicUsize,
    fault: Option<(usize, When)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Before,
    After,
}

/// A failure that nobody knows the extent of.
struct Fault(&'static str);

impl From<Fault> for TransientError {
    fn from(fault: Fault) -> Self {
        Self::new("a port", fault.0)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        TransientError::from(fault).into()
    }
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        Self::Unknown(fault.into())
    }
}

impl Faulty<'_> {
    async fn step<T, E: From<Fault>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let fails = |when| self.fault == Some((call, when));
        if fails(When::Before) {
            return Err(Fault("failed before its work").into());
        }
        let done = work.await;
        if fails(When::After) { Err(Fault("failed after its work").into()) } else { done }
    }
}

impl Directory for Faulty<'_> {
    async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        self.step(self.memory.user(id)).await
    }

    async fn course(&self, id: &str) -> Result<Option<Course>, Error> {
        self.step(self.memory.course(id)).await
    }
}

impl ObjectStore for Faulty<'_> {
    async fn put(&self, object: Object) -> Result<(), TransientError> {
        self.step(self.memory.put(object)).await
    }
}

impl CertificateStore for Faulty<'_> {
    async fn find(&self, id: CertificateId) -> Result<Option<CertificateRecord>, TransientError> {
        self.step(self.memory.find(id)).await
    }

    async fn create(&self, record: &CertificateRecord) -> Result<CreateOutcome, TransientError> {
        self.step(self.memory.create(record)).await
    }
}

impl Mailer for Faulty<'_> {
    async fn send(&self, mail: &Mail) -> Result<Option<String>, SendError> {
        self.step(self.memory.send(mail)).await
    }
}

impl DeliveryLog for Faulty<'_> {
    async fn claim(&self, id: CertificateId, lease: Lease) -> Result<Claim, TransientError> {
        self.step(self.memory.claim(id, lease)).await
    }

    async fn mark_sent(
        &self,
        id: CertificateId,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        self.step(self.memory.mark_sent(id, message_id, now)).await
    }

    async fn release(&self, id: CertificateId, lease: Lease) -> Result<(), TransientError> {
        self.step(self.memory.release(id, lease)).await
    }
}

impl SuppressionList for Faulty<'_> {
    async fn is_suppressed(&self, address: &AddressHash) -> Result<bool, TransientError> {
        self.step(self.memory.is_suppressed(address)).await
    }

    async fn suppress(
        &self,
        address: &AddressHash,
        reason: SuppressionReason,
        now: Timestamp,
    ) -> Result<(), TransientError> {
        self.step(self.memory.suppress(address, reason, now)).await
    }
}

fn deployment() -> Memory {
    let memory = Memory::default();
    let user = User {
        name: Name::Full("Ada Lovelace".into()),
        email: Some("ada@example.com".into()),
        locale: None,
    };
    let course = Course {
        name: "Engines".into(),
        author: "Babbage".into(),
        instructor: None,
        template: None,
        locale: None,
    };
    memory.state().users.insert("u-1".into(), user);
    memory.state().courses.insert("c-1".into(), course);
    memory
}

fn completion(completed_at: &str) -> CourseCompleted {
    CourseCompleted {
        user_id: "u-1".into(),
        course_id: "c-1".into(),
        enrollment_id: "e-1".into(),
        completed_at: completed_at.parse().unwrap(),
        locale: None,
        details: Map::new(),
        traceparent: None,
    }
}

fn issuer(ports: Faulty<'_>) -> Issuer<Faulty<'_>, Faulty<'_>, Faulty<'_>> {
    let settings = IssueConfig {
        id_key: IdKey::new([7; 32]),
        base_url: "https://certificates.example.com".into(),
        default_template: "completion".into(),
        jpeg: JpegEncoder::default(),
    };
    let templates = TemplateCache::new(ENGINE.clone(), repository().join("templates"));
    Issuer { directory: ports, objects: ports, records: ports, templates, settings }
}

/// Issues and then announces, as a queue does: what was announced is what the record's write carried.
async fn run(ports: Faulty<'_>) -> Result<(), Error> {
    let issued =
        issuer(ports).issue(&completion("2026-11-20T14:03:21Z"), Timestamp::UNIX_EPOCH).await;

    let folder = repository().join("templates/mail");
    let composer = MailComposer::load("Testamur <certificates@example.com>", &folder).unwrap();
    let confirmation = SignedDuration::ZERO;
    let (mailer, deliveries, suppressions) = (ports, ports, ports);
    let notifier =
        Notifier { directory: ports, mailer, deliveries, suppressions, composer, confirmation };
    let announced = ports.memory.state().announced.clone();
    for event in announced {
        notifier.notify(&event, Timestamp::UNIX_EPOCH).await?;
    }
    issued.map(drop)
}

/// What must be the same however it came about. A message that was handed over twice is one message to its reader.
fn outcome(memory: &Memory) -> impl PartialEq + std::fmt::Debug + use<> {
    let state = memory.state();
    let objects: Vec<_> = state
        .objects
        .values()
        .map(|object| (object.key.clone(), object.content_type, object.bytes.len()))
        .collect();
    let mut mails: Vec<_> = state.mails.iter().map(|mail| mail.message.clone()).collect();
    mails.dedup();
    let bytes: Vec<_> = state.objects.values().map(|object| object.bytes.clone()).collect();
    (
        objects,
        bytes,
        state.records.values().cloned().collect::<Vec<_>>(),
        state.announced.clone(),
        mails,
        state.deliveries.clone(),
    )
}

#[tokio::test]
async fn a_fault_at_any_port_before_or_after_its_work_is_mended_by_running_again() {
    let (reference, calls) = (deployment(), AtomicUsize::new(0));
    run(Faulty { memory: &reference, calls: &calls, fault: None }).await.unwrap();
    let steps = calls.load(Ordering::Relaxed);
    assert_eq!(
        steps, 13,
        "find, user, course, four objects, create, user, is_suppressed, take, send, mark_sent"
    );
    {
        let state = reference.state();
        assert_eq!((state.records.len(), state.mails.len(), state.objects.len()), (1, 1, 4));
    }

    for step in 0..steps {
        for when in [When::Before, When::After] {
            let (memory, calls) = (deployment(), AtomicUsize::new(0));
            let failed =
                run(Faulty { memory: &memory, calls: &calls, fault: Some((step, when)) }).await;
            assert!(matches!(failed, Err(Error::Retryable(_))), "step {step} {when:?}: {failed:?}");
            {
                let state = memory.state();
                let whole = state.records.is_empty() || state.objects.len() == 4;
                assert!(whole, "step {step} {when:?}: a record without its files");
                assert_eq!(state.announced.len(), state.records.len(), "step {step} {when:?}");
            }
            run(Faulty { memory: &memory, calls: &calls, fault: None }).await.unwrap();
            assert!(outcome(&memory) == outcome(&reference), "step {step} {when:?}");
        }
    }
}

#[tokio::test]
async fn the_same_event_ten_times_at_once_is_one_certificate() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let ports = Faulty { memory: &memory, calls: &calls, fault: None };
    let runs = futures_util::future::join_all((0..10).map(|_| run(ports))).await;
    assert!(runs.iter().all(Result::is_ok));
    let state = memory.state();
    assert_eq!((state.records.len(), state.announced.len(), state.objects.len()), (1, 1, 4));
}

#[tokio::test]
async fn two_deliveries_that_differ_never_mix_their_files_wherever_they_run() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let ports = Faulty { memory: &memory, calls: &calls, fault: None };
    let (one, other) = (issuer(ports), issuer(ports));
    let (first, second) = (completion("2026-11-20T14:03:21Z"), completion("2027-01-01T00:00:00Z"));
    let both = futures_util::future::join(
        one.issue(&first, Timestamp::UNIX_EPOCH),
        other.issue(&second, Timestamp::UNIX_EPOCH),
    );
    let record = match both.await {
        (Ok(IssueOutcome::Issued(record)), Ok(IssueOutcome::AlreadyIssued(same)))
        | (Ok(IssueOutcome::AlreadyIssued(same)), Ok(IssueOutcome::Issued(record))) => {
            assert_eq!(record, same);
            record
        }
        other => panic!("not one new and one old: {other:?}"),
    };
    let state = memory.state();
    assert_eq!(
        (state.objects.len(), state.announced.len()),
        (8, 1),
        "four for each, of which one four are announced"
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&state.objects[&record.keys().metadata].bytes).unwrap();
    assert_eq!(metadata["issuedAt"], record.issued_at.to_string());
    let pdf = String::from_utf8_lossy(&state.objects[&record.keys().pdf].bytes).into_owned();
    let date = record.issued_at.strftime("D:%Y%m%d").to_string();
    assert!(pdf.contains(&date), "the PDF is not of {date}");
}

#[tokio::test]
async fn an_enrolment_belongs_to_one_learner_and_one_course() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let issuer = issuer(Faulty { memory: &memory, calls: &calls, fault: None });
    let event = completion("2026-11-20T14:03:21Z");
    issuer.issue(&event, Timestamp::UNIX_EPOCH).await.unwrap();
    let other = CourseCompleted { user_id: "u-2".into(), ..event };
    let error = issuer.issue(&other, Timestamp::UNIX_EPOCH).await.unwrap_err();
    let expected =
        "not a CourseCompleted event: enrollment e-1 has a certificate for another user or course";
    assert_eq!(error.to_string(), expected);
}
