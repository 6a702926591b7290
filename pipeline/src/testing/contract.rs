//! The promises of [`crate::ports`] as tests. Each function panics with a text that names the
//! broken promise.
//!
//! Every adapter runs them: [`crate::testing::memory`], SQLite with a folder, and the AWS adapters
//! on emulators. They leave out what may differ between deployments, such as how long a store keeps
//! its entries.

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

/// Returns a record for tests. Its course name has several scripts and quotation marks, which a
/// store must keep.
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
        issued_at: "2026-11-20T23:03:21.123456789Z".parse().unwrap(),
        issued_on: "2026-11-21".parse().unwrap(),
        pdf_url: url("pdf"),
        thumbnail_url: url("jpg"),
        social_card_url: Some(url("social-card.jpg")),
        status: CertificateStatus::Active,
        created: Timestamp::UNIX_EPOCH,
        locale: "en".to_owned(),
        requested_locale: None,
        revision: 1,
        accent: Some("#0c6a68".parse().unwrap()),
        template: TemplateRef {
            id: "completion".to_owned(),
            version: "1.0.0".to_owned(),
            hash: "ab".repeat(32),
        },
        traceparent: None,
    }
}

/// Tests [`Directory`]. The directory must hold the user `u-1`, Ada Lovelace with the address
/// `ada@example.com` and the locale `en-GB`, and the course `c-1`, Analytical Engines by Charles
/// Babbage, and no other entry.
pub async fn directory(directory: &impl Directory) {
    let user = directory.user("u-1").await.unwrap().expect("the user exists");
    assert_eq!(user.name.format(None, "en"), "Ada Lovelace");
    assert_eq!(
        (user.email.as_deref(), user.locale.as_deref()),
        (Some("ada@example.com"), Some("en-GB"))
    );
    let course = directory.course("c-1").await.unwrap().expect("the course exists");
    assert_eq!(
        (course.name.as_str(), course.author.as_str()),
        ("Analytical Engines", "Charles Babbage")
    );
    assert_eq!((course.instructor, course.template, course.locale), (None, None, None));
    for unknown in ["u-2", "c-1", "", "U-1", "u-1 ", "'; DROP TABLE users; --", "王"] {
        assert!(directory.user(unknown).await.unwrap().is_none(), "found a user {unknown:?}");
    }
    assert!(directory.course("u-1").await.unwrap().is_none(), "a user was found as a course");
}

/// Tests [`ObjectStore`]. `read` returns the content under a key and its media type, if the store
/// keeps media types.
pub async fn object_store<Store: ObjectStore>(
    store: &Store,
    read: impl AsyncFn(&str) -> Option<(Vec<u8>, Option<String>)>,
) {
    let key = "certificates/contract.pdf";
    assert!(read(key).await.is_none(), "an object exists before it was stored");
    assert_eq!(store.get(key, usize::MAX).await.unwrap(), None, "an object was found");
    for bytes in [vec![0, 1, 254, 255], Vec::new(), vec![b'x'; 3 << 20]] {
        let object =
            Object { key: key.to_owned(), content_type: "application/pdf", bytes: bytes.clone() };
        store.put(object).await.unwrap();
        let (stored, content_type) = read(key).await.expect("the object is stored");
        assert!(stored == bytes, "the content differs");
        let found = store.get(key, bytes.len()).await.unwrap();
        assert!(found.as_ref() == Some(&bytes), "the content that is read differs");
        if let Some(too_few) = bytes.len().checked_sub(1) {
            let found = store.get(key, too_few).await.unwrap();
            assert!(found.is_none(), "an object was read that is too large");
        }
        assert!(
            content_type.is_none_or(|kind| kind == "application/pdf"),
            "the media type differs"
        );
    }
}

/// Tests [`CertificateStore`]. `count_events` counts the `CertificateGenerated` events of a
/// certificate, or returns `None` if they can't be seen at once.
pub async fn certificate_store<Store: CertificateStore>(
    store: &Store,
    count_events: impl AsyncFn(CertificateId) -> Option<usize>,
) {
    let first = record("e-contract-1");
    let id = first.certificate_id;
    assert_eq!(store.find(id).await.unwrap(), None);
    assert_eq!(store.create(&first).await.unwrap(), CreateOutcome::Created);
    assert_eq!(store.find(id).await.unwrap().as_ref(), Some(&first));

    let other = CertificateRecord {
        user_name: "Grace Hopper".to_owned(),
        social_card_url: None,
        ..first.clone()
    };
    let exists = CreateOutcome::Exists(Box::new(first.clone()));
    assert_eq!(store.create(&other).await.unwrap(), exists);
    assert_eq!(store.find(id).await.unwrap(), Some(first), "a record was overwritten");
    assert!(count_events(id).await.is_none_or(|count| count == 1), "not exactly one event");

    let outcomes = create_three_times(store, &record("e-contract-2")).await;
    let created = outcomes.iter().filter(|outcome| **outcome == CreateOutcome::Created).count();
    assert_eq!(created, 1, "not exactly one of three writers succeeded: {outcomes:?}");
    assert_eq!(store.find(record("e-contract-3").certificate_id).await.unwrap(), None);
}

async fn create_three_times<Store: CertificateStore>(
    store: &Store,
    record: &CertificateRecord,
) -> [CreateOutcome; 3] {
    let (a, b, c) = tokio::join!(store.create(record), store.create(record), store.create(record));
    [a.unwrap(), b.unwrap(), c.unwrap()]
}

/// Tests [`DeliveryLog`]. `exclusive` states that one process alone uses the store, so a claim is
/// always acquired.
pub async fn delivery_log(log: &impl DeliveryLog, exclusive: bool) {
    let at = |seconds: i64| {
        Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
    };
    let lease = |from: i64| Lease::new(at(from), SignedDuration::from_secs(60));
    let held = if exclusive { Claim::Acquired } else { Claim::HeldElsewhere };
    let id = record("e-delivery-1").certificate_id;
    let claim = async |from: i64| log.claim(id, lease(from)).await.unwrap();

    assert_eq!(claim(0).await, Claim::Acquired);
    assert_eq!(claim(0).await, Claim::Acquired, "the same lease again");
    assert_eq!(claim(59).await, held, "before the lease ends");
    assert_eq!(claim(130).await, Claim::Acquired, "after the lease has ended");
    log.release(id, lease(0)).await.unwrap();
    assert_eq!(claim(131).await, held, "the claim of another holder was released");
    log.release(id, lease(130)).await.unwrap();
    assert_eq!(claim(131).await, Claim::Acquired, "after the release");
    log.mark_sent(id, Some("message"), at(132)).await.unwrap();
    log.release(id, lease(131)).await.unwrap();
    for now in [133, 100_000] {
        assert_eq!(claim(now).await, Claim::AlreadySent);
    }
    log.mark_sent(id, None, at(134)).await.unwrap();
    assert_eq!(claim(135).await, Claim::AlreadySent, "after it was marked as sent twice");

    let unclaimed = record("e-delivery-2").certificate_id;
    log.mark_sent(unclaimed, Some("reported"), at(0)).await.unwrap();
    let after = log.claim(unclaimed, lease(1)).await.unwrap();
    assert_eq!(after, Claim::AlreadySent, "after it was marked as sent without a claim");
}

/// Tests [`SuppressionList`].
pub async fn suppression_list(list: &impl SuppressionList) {
    let address = AddressHash::of("Ada <Ada@Example.com>");
    assert!(!list.is_suppressed(&address).await.unwrap());
    for reason in [SuppressionReason::Bounce, SuppressionReason::Complaint] {
        list.suppress(&address, reason, Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(list.is_suppressed(&AddressHash::of(" ada@example.com")).await.unwrap());
    }
    assert!(!list.is_suppressed(&AddressHash::of("ada@example.org")).await.unwrap());
}
