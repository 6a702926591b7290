//! What every adapter of a port must do, as tests: each function fails with a panic that says what is broken.
//!
//! They are run against [`crate::testing::memory`], against SQLite and a folder, and against AWS as two emulators know it. They leave out
//! what differs between deployments on purpose, such as how long a store keeps what it holds.

#![expect(
    clippy::unwrap_used,
    reason = "a contract is a test, and in a test a panic is the message"
)]

use jiff::{SignedDuration, Timestamp};

use crate::model::address::AddressHash;
use crate::model::certificate::{
    CertificateId, CertificateRecord, CertificateStatus, IdKey, TemplateRef,
};
use crate::ports::{
    CertificateStore, Claim, CreateOutcome, DeliveryLog, Directory, Lease, Object, ObjectStore,
    SuppressionList, SuppressionReason,
};

/// A record that a contract writes; its course has a name in many scripts.
#[must_use]
pub fn record(enrollment_id: &str) -> CertificateRecord {
    let certificate_id = CertificateId::derive(&IdKey::new([7; 32]), enrollment_id);
    let url =
        |extension: &str| format!("https://certificates.example.com/{certificate_id}.{extension}");
    CertificateRecord {
        certificate_id,
        enrollment_id: enrollment_id.to_owned(),
        user_id: "u-1".to_owned(),
        course_id: "c-1".to_owned(),
        content_hash: "0badcafe".to_owned(),
        course_name: "Ἀνάλυσις — 解析 'n' \"quotes\"".to_owned(),
        user_name: "Ada Lovelace".to_owned(),
        issued_at: "2026-11-20T14:03:21.123456789Z".parse().unwrap(),
        pdf_url: url("pdf"),
        thumbnail_url: url("jpg"),
        social_card_url: Some(url("social-card.jpg")),
        status: CertificateStatus::Active,
        created: Timestamp::UNIX_EPOCH,
        locale: "en".to_owned(),
        requested_locale: None,
        revision: 1,
        template: TemplateRef {
            id: "completion".to_owned(),
            version: "1.0.0".to_owned(),
            hash: "ab".repeat(32),
        },
        traceparent: None,
    }
}

/// Learners and courses: the directory must hold the learner `u-1`, Ada Lovelace with an address and the language `en-GB`, and
/// the course `c-1` by Charles Babbage, and nobody and nothing else.
pub async fn directory(directory: &impl Directory) {
    let user = directory.user("u-1").await.unwrap().expect("the learner is known");
    assert_eq!(user.name.format(None, "en"), "Ada Lovelace");
    assert_eq!(
        (user.email.as_deref(), user.locale.as_deref()),
        (Some("ada@example.com"), Some("en-GB"))
    );
    let course = directory.course("c-1").await.unwrap().expect("the course is known");
    assert_eq!(
        (course.name.as_str(), course.author.as_str()),
        ("Analytical Engines", "Charles Babbage")
    );
    assert_eq!((course.instructor, course.template, course.locale), (None, None, None));
    for unknown in ["u-2", "c-1", "", "U-1", "u-1 ", "'; DROP TABLE users; --", "王"] {
        assert!(directory.user(unknown).await.unwrap().is_none(), "a user {unknown:?}");
    }
    assert!(directory.course("u-1").await.unwrap().is_none(), "a course named like a user");
}

/// Files: `read` gives what is kept under a key and, where the store knows it, its media type.
pub async fn objects<O: ObjectStore>(
    objects: &O,
    read: impl AsyncFn(&str) -> Option<(Vec<u8>, Option<String>)>,
) {
    let key = "certificates/contract.pdf";
    assert!(read(key).await.is_none(), "an object before there is one");
    for bytes in [vec![0, 1, 254, 255], Vec::new(), vec![b'x'; 3 << 20]] {
        objects
            .put(Object {
                key: key.to_owned(),
                content_type: "application/pdf",
                bytes: bytes.clone(),
            })
            .await
            .unwrap();
        let (kept, content_type) = read(key).await.expect("the object is kept");
        assert!(kept == bytes, "other bytes");
        assert!(content_type.is_none_or(|kind| kind == "application/pdf"), "another media type");
    }
}

/// CertificateStore: `announced` counts the announcements of a certificate, if that can be seen at once.
pub async fn records<R: CertificateStore>(
    records: &R,
    announced: impl AsyncFn(CertificateId) -> Option<usize>,
) {
    let first = record("e-contract-1");
    let id = first.certificate_id;
    assert_eq!(records.find(id).await.unwrap(), None);
    assert_eq!(records.create(&first).await.unwrap(), CreateOutcome::Created);
    assert_eq!(records.find(id).await.unwrap().as_ref(), Some(&first));

    let other = CertificateRecord {
        user_name: "Somebody Else".to_owned(),
        social_card_url: None,
        ..first.clone()
    };
    assert_eq!(
        records.create(&other).await.unwrap(),
        CreateOutcome::Exists(Box::new(first.clone()))
    );
    assert_eq!(records.find(id).await.unwrap(), Some(first), "a record was written over");
    assert!(announced(id).await.is_none_or(|count| count == 1), "not announced once");

    let contested = record("e-contract-2");
    let attempts = create_three_times(records, &contested).await;
    let created = attempts.iter().filter(|creation| **creation == CreateOutcome::Created).count();
    assert_eq!(created, 1, "two writers at once: {attempts:?}");
    assert_eq!(records.find(record("e-contract-3").certificate_id).await.unwrap(), None);
}

async fn create_three_times<R: CertificateStore>(
    records: &R,
    record: &CertificateRecord,
) -> [CreateOutcome; 3] {
    let (a, b, c) =
        tokio::join!(records.create(record), records.create(record), records.create(record));
    [a.unwrap(), b.unwrap(), c.unwrap()]
}

/// DeliveryLog. `exclusive` says that nobody else can work on the store, so that a turn is never taken.
pub async fn deliveries(deliveries: &impl DeliveryLog, exclusive: bool) {
    let at = |seconds: i64| {
        Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
    };
    let lease = |from: i64| Lease::new(at(from), SignedDuration::from_secs(60));
    let taken = if exclusive { Claim::Acquired } else { Claim::HeldElsewhere };
    let id = record("e-delivery-1").certificate_id;

    assert_eq!(deliveries.claim(id, lease(0)).await.unwrap(), Claim::Acquired);
    assert_eq!(deliveries.claim(id, lease(59)).await.unwrap(), taken, "before the lease is over");
    assert_eq!(
        deliveries.claim(id, lease(130)).await.unwrap(),
        Claim::Acquired,
        "after the lease is over"
    );
    deliveries.release(id, lease(0)).await.unwrap();
    assert_eq!(
        deliveries.claim(id, lease(131)).await.unwrap(),
        taken,
        "somebody else's turn was given back"
    );
    deliveries.release(id, lease(130)).await.unwrap();
    assert_eq!(
        deliveries.claim(id, lease(131)).await.unwrap(),
        Claim::Acquired,
        "after it was given back"
    );
    deliveries.mark_sent(id, Some("message"), at(132)).await.unwrap();
    deliveries.release(id, lease(131)).await.unwrap();
    for now in [133, 100_000] {
        assert_eq!(deliveries.claim(id, lease(now)).await.unwrap(), Claim::AlreadySent);
    }
    deliveries.mark_sent(id, None, at(134)).await.unwrap();
    assert_eq!(deliveries.claim(id, lease(135)).await.unwrap(), Claim::AlreadySent, "noted twice");

    let other = record("e-delivery-2").certificate_id;
    deliveries.mark_sent(other, Some("reported"), at(0)).await.unwrap();
    assert_eq!(
        deliveries.claim(other, lease(1)).await.unwrap(),
        Claim::AlreadySent,
        "noted without a turn"
    );
}

/// SuppressionList.
pub async fn suppressions(suppressions: &impl SuppressionList) {
    let address = AddressHash::of("Ada <Ada@Example.com>");
    assert!(!suppressions.is_suppressed(&address).await.unwrap());
    for reason in [SuppressionReason::Bounce, SuppressionReason::Complaint] {
        suppressions.suppress(&address, reason, Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(suppressions.is_suppressed(&AddressHash::of(" ada@example.com")).await.unwrap());
    }
    assert!(!suppressions.is_suppressed(&AddressHash::of("ada@example.org")).await.unwrap());
}
