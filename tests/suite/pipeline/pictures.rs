//! The picture in an e-mail: which object is read, and what its absence changes.

use std::future::ready;

use jiff::{SignedDuration, Timestamp};
use testamur_pipeline::mail::MailComposer;
use testamur_pipeline::model::events;
use testamur_pipeline::model::name::Name;
use testamur_pipeline::ports::{Object, ObjectStore, User};
use testamur_pipeline::testing::contract;
use testamur_pipeline::testing::memory::Memory;
use testamur_pipeline::{CertificateGenerated, Notifier, NotifyOutcome, TransientError};
use testamur_tests::repository;

/// A store that can't be read.
struct Unreadable;

impl ObjectStore for Unreadable {
    async fn put(&self, _: Object) -> Result<(), TransientError> {
        Ok(())
    }

    fn get(
        &self,
        key: &str,
        _: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, TransientError>> + Send {
        ready(Err(TransientError::new(format!("can't read {key}"), "AccessDenied")))
    }
}

/// Sends the e-mail of an event with pictures from a store, and returns its message.
async fn send(store: impl ObjectStore, event: &CertificateGenerated) -> String {
    let memory = Memory::default();
    let user = User {
        name: Name::Full("Ada Lovelace".into()),
        email: Some("ada@example.com".into()),
        locale: None,
    };
    memory.state().users.insert("u-1".into(), user);
    let folder = repository().join("templates/mail");
    let notifier = Notifier {
        directory: &memory,
        object_store: store,
        mailer: &memory,
        delivery_log: &memory,
        suppression_list: &memory,
        composer: MailComposer::load("Testamur <certificates@example.com>", folder).unwrap(),
        claim_duration: SignedDuration::ZERO,
    };
    let outcome = notifier.notify(event, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(outcome, NotifyOutcome::Sent);
    let mail = memory.state().mails.remove(0);
    String::from_utf8(mail.message).unwrap()
}

/// Returns a store with the picture of an event.
async fn store_of(event: &CertificateGenerated, bytes: Vec<u8>) -> Memory {
    let memory = Memory::default();
    let key = event.keys().unwrap().jpg;
    (&memory).put(Object { key, content_type: "image/jpeg", bytes }).await.unwrap();
    memory
}

#[tokio::test]
async fn the_same_picture_gives_the_same_bytes() {
    let event = contract::record("e-1").certificate_generated_event();
    let memory = store_of(&event, b"a picture".to_vec()).await;
    let message = send(&memory, &event).await;
    assert!(message.contains("multipart/related") && message.contains("image/jpeg"), "{message}");
    assert_eq!(message, send(&memory, &event).await);
}

#[tokio::test]
async fn nothing_about_a_picture_prevents_an_e_mail() {
    let event = contract::record("e-1").certificate_generated_event();
    let without = send(&Memory::default(), &event).await;
    assert!(!without.contains("multipart/related") && !without.contains("cid:"), "{without}");
    assert_eq!(send(Unreadable, &event).await, without);
    let large = store_of(&event, vec![0; (1 << 20) + 1]).await;
    assert_eq!(send(&large, &event).await, without);
    let earlier = CertificateGenerated { content_hash: None, ..event };
    assert_eq!(send(Unreadable, &earlier).await, without);
}

#[test]
fn a_content_hash_never_leads_out_of_the_folder() {
    let event = contract::record("e-1").certificate_generated_event();
    let mut json = serde_json::to_value(&event).unwrap();
    assert_eq!(events::parse::<CertificateGenerated>(&json.to_string()).unwrap(), event);
    json["contentHash"] = "../../users".into();
    let error = events::parse::<CertificateGenerated>(&json.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid CertificateGenerated event: contentHash: expected hexadecimal digits"
    );
}

#[test]
fn an_accent_color_never_adds_a_style() {
    let event = contract::record("e-1").certificate_generated_event();
    let mut json = serde_json::to_value(&event).unwrap();
    json["accent"] = "#0c6a68;display:none".into();
    let error = events::parse::<CertificateGenerated>(&json.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid CertificateGenerated event: accent: expected a color such as #1e3a5f: \
         six hexadecimal digits"
    );
}
