//! Many completions at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Stack, wait_for};

/// The user whose enrollments are completed.
const USER: &str = "u-burst";

/// The time between two polls. Listing a thousand objects or e-mails takes the emulator a while.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

impl Stack {
    /// Completes `count` enrollments of one user at once and waits until all e-mails are sent.
    ///
    /// # Panics
    /// If there is no progress for two minutes, if not every completion results in exactly one
    /// certificate and one e-mail, or if there are dead letters. The stack must be empty.
    pub async fn complete_burst(&self, count: usize) {
        let address = "burst@example.com";
        self.put_user(USER, address).await;
        let enrollments: Vec<_> = (0..count).map(|number| format!("e-{number}")).collect();
        join_all(enrollments.iter().map(|id| self.enroll_and_complete(USER, id))).await;
        wait_for_progress("certificate", count, async || {
            self.list_objects("certificates/").await.len() / 4
        })
        .await;
        wait_for_progress("e-mail", count, async || self.emails_to(address).await.len()).await;
        self.wait_until_idle().await;

        let objects = self.list_objects("certificates/").await;
        assert_eq!(objects.len(), count * 4);
        let names = objects.iter().filter_map(|object| object.key.split('.').next());
        assert_eq!(names.collect::<BTreeSet<_>>().len(), count);
        assert_eq!(self.emails_to(address).await.len(), count);
        for queue in [
            "DetectDeadLetters",
            "CertificateDeadLetters",
            "ScheduleDeadLetters",
            "MailDeadLetters",
        ] {
            assert!(self.messages(queue).await.is_empty(), "{queue} is not empty");
        }
    }
}

/// Waits until `current` reaches `count`, and fails if it does not grow for two minutes.
async fn wait_for_progress(what: &str, count: usize, mut current: impl AsyncFnMut() -> usize) {
    let mut reached = 0;
    while reached < count {
        let more = format!("{what} beyond the first {reached} of {count}");
        reached =
            wait_for(&more, async || Some(current().await).filter(|now| *now > reached)).await;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
