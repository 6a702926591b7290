//! One completion leads to one certificate and one e-mail, whichever port fails: each call of each
//! port fails once before and once after it takes effect, and then the event is delivered again.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Map;
use testamur_engine::{Engine, Fonts, JpegEncoder};
use testamur_pipeline::issue::{IssueConfig, IssueOutcome};
use testamur_pipeline::mail::MailComposer;
use testamur_pipeline::model::address::AddressHash;
use testamur_pipeline::model::certificate::CertificateRecord;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::model::time::parse_time_zone;
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

/// The ports of `memory`. The call numbered by `fault` fails.
#[derive(Clone, Copy)]
struct Faulty<'a> {
    memory: &'a Memory,
    calls: &'a AtomicUsize,
    fault: Option<(usize, When)>,
}

/// Whether the failing call takes effect.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Before,
    After,
}

/// A failure that leaves open whether the call took effect.
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

    /// A failure is not an error: the e-mail is sent without the picture, which
    /// `use_cases.rs` tests.
    async fn get(&self, key: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, TransientError> {
        self.memory.get(key, max_bytes).await
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
    let config = IssueConfig {
        id_key: IdKey::new([7; 32]),
        base_url: "https://certificates.example.com".into(),
        default_template: "completion".into(),
        time_zone: TimeZone::UTC,
        jpeg: JpegEncoder::default(),
    };
    let templates = TemplateCache::new(ENGINE.clone(), repository().join("templates"));
    Issuer { directory: ports, object_store: ports, certificate_store: ports, templates, config }
}

/// Issues a certificate and sends the e-mails of all events that were written with records, as a
/// queue does.
async fn run(ports: Faulty<'_>) -> Result<(), Error> {
    let issued =
        issuer(ports).issue(&completion("2026-11-20T14:03:21Z"), Timestamp::UNIX_EPOCH).await;

    let folder = repository().join("templates/mail");
    let notifier = Notifier {
        directory: ports,
        object_store: ports,
        mailer: ports,
        delivery_log: ports,
        suppression_list: ports,
        composer: MailComposer::load("Testamur <certificates@example.com>", folder).unwrap(),
        claim_duration: SignedDuration::ZERO,
    };
    let events = ports.memory.state().events.clone();
    for event in events {
        notifier.notify(&event, Timestamp::UNIX_EPOCH).await?;
    }
    issued.map(drop)
}

/// The content that must not depend on failures. Equal messages in a row count as one: a mailer
/// whose answer was lost sends the same message again.
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
        state.certificates.values().cloned().collect::<Vec<_>>(),
        state.events.clone(),
        mails,
        state.deliveries.clone(),
    )
}

#[tokio::test]
async fn a_second_delivery_completes_the_work_after_any_fault() {
    let (reference, calls) = (deployment(), AtomicUsize::new(0));
    run(Faulty { memory: &reference, calls: &calls, fault: None }).await.unwrap();
    let steps = calls.load(Ordering::Relaxed);
    assert_eq!(
        steps, 13,
        "find, user, course, four objects, create, user, is_suppressed, claim, send, mark_sent"
    );
    {
        let state = reference.state();
        assert_eq!((state.certificates.len(), state.mails.len(), state.objects.len()), (1, 1, 4));
    }

    for step in 0..steps {
        for when in [When::Before, When::After] {
            let (memory, calls) = (deployment(), AtomicUsize::new(0));
            let failed =
                run(Faulty { memory: &memory, calls: &calls, fault: Some((step, when)) }).await;
            assert!(matches!(failed, Err(Error::Retryable(_))), "step {step} {when:?}: {failed:?}");
            {
                let state = memory.state();
                let has_files = state.certificates.is_empty() || state.objects.len() == 4;
                assert!(has_files, "step {step} {when:?}: a record without its files");
                assert_eq!(state.events.len(), state.certificates.len(), "step {step} {when:?}");
            }
            run(Faulty { memory: &memory, calls: &calls, fault: None }).await.unwrap();
            assert!(outcome(&memory) == outcome(&reference), "step {step} {when:?}");
        }
    }
}

#[tokio::test]
async fn ten_simultaneous_deliveries_issue_one_certificate() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let ports = Faulty { memory: &memory, calls: &calls, fault: None };
    let runs = futures_util::future::join_all((0..10).map(|_| run(ports))).await;
    assert!(runs.iter().all(Result::is_ok));
    let state = memory.state();
    assert_eq!((state.certificates.len(), state.events.len(), state.objects.len()), (1, 1, 4));
}

#[tokio::test]
async fn two_different_deliveries_never_mix_their_files() {
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
        other => panic!("not one issued and one already issued: {other:?}"),
    };
    let state = memory.state();
    assert_eq!(
        (state.objects.len(), state.events.len()),
        (8, 1),
        "each delivery stores four objects, and one of them writes the record"
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&state.objects[&record.keys().metadata].bytes).unwrap();
    assert_eq!(metadata["issuedAt"], record.issued_at.to_string());
    let pdf = String::from_utf8_lossy(&state.objects[&record.keys().pdf].bytes).into_owned();
    let date = record.issued_at.strftime("D:%Y%m%d").to_string();
    assert!(pdf.contains(&date), "the PDF is not of {date}");
}

#[tokio::test]
async fn a_second_delivery_in_another_time_zone_changes_nothing() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let issuer = issuer(Faulty { memory: &memory, calls: &calls, fault: None });
    let event = completion("2026-11-20T20:00:00Z");
    let IssueOutcome::Issued(first) = issuer.issue(&event, Timestamp::UNIX_EPOCH).await.unwrap()
    else {
        panic!("the certificate is new");
    };
    assert_eq!(first.issued_on, "2026-11-20".parse().unwrap());
    let time_zone = parse_time_zone("Asia/Tokyo").unwrap();
    let moved = Issuer { config: IssueConfig { time_zone, ..issuer.config.clone() }, ..issuer };
    let second = moved.issue(&event, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(second, IssueOutcome::AlreadyIssued(first));
    let state = memory.state();
    assert_eq!((state.certificates.len(), state.events.len(), state.objects.len()), (1, 1, 4));
}

#[tokio::test]
async fn an_enrollment_belongs_to_one_learner_and_one_course() {
    let (memory, calls) = (deployment(), AtomicUsize::new(0));
    let issuer = issuer(Faulty { memory: &memory, calls: &calls, fault: None });
    let event = completion("2026-11-20T14:03:21Z");
    issuer.issue(&event, Timestamp::UNIX_EPOCH).await.unwrap();
    let other = CourseCompleted { user_id: "u-2".into(), ..event };
    let error = issuer.issue(&other, Timestamp::UNIX_EPOCH).await.unwrap_err();
    let expected = "invalid CourseCompleted event: \
         enrollment e-1 already has a certificate for another user or course";
    assert_eq!(error.to_string(), expected);
}
