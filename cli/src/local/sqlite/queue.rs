//! The queue: events that wait to be handled, at least once each, and the dead letters of those that can't be.
//!
//! A message that was received stays invisible for a while and comes back if nobody has settled it; the third attempt is the
//! last. One process at a time works on a queue, so what an earlier process left invisible is free when the next begins.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};
use testamur_pipeline::model::events::Event;
use testamur_pipeline::{CertificateGenerated, CourseCompleted, TransientError};

use super::database::{Database, DeadLetter};

/// How often a message is handled before it is given up.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// How long a received message stays invisible, in milliseconds.
const VISIBILITY: i64 = 180_000;

/// The tables `queue` and `dead_letters`.
pub(crate) struct Queue(pub(crate) Database);

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A certificate.
    CourseCompleted,
    /// An e-mail.
    CertificateGenerated,
}

/// A message that was received and has to be settled: finished, released or buried.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    id: i64,
    pub(crate) kind: EventKind,
    pub(crate) event: String,
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
}

impl EventKind {
    fn name(self) -> &'static str {
        match self {
            Self::CourseCompleted => CourseCompleted::DETAIL_TYPE,
            Self::CertificateGenerated => CertificateGenerated::DETAIL_TYPE,
        }
    }
}

impl FromSql for EventKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        let kind = [Self::CourseCompleted, Self::CertificateGenerated]
            .into_iter()
            .find(|kind| kind.name() == name);
        kind.ok_or_else(|| FromSqlError::Other(format!("unknown kind of event {name}").into()))
    }
}

impl Message {
    /// The id its dead letter has: the same for the same event, so that failing again adds no second one.
    pub(crate) fn dead_letter_id(&self) -> String {
        dead_letter_id(self.kind.name(), &self.event)
    }
}

fn dead_letter_id(kind: &str, event: &str) -> String {
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(event).finalize();
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

impl DeadLetter {
    /// Such as `1 attempt`.
    pub(crate) fn attempts_text(&self) -> String {
        format!("{} attempt{}", self.attempts, if self.attempts == 1 { "" } else { "s" })
    }
}

/// Putting messages in.
impl Queue {
    /// Adds completions, all or none, and frees what an earlier process had received and not settled.
    pub(crate) async fn put_completions(&self, events: Vec<String>) -> Result<(), TransientError> {
        let put = move |transaction: &Transaction<'_>| {
            let mut insert =
                transaction.prepare("INSERT INTO queue (kind, event) VALUES (?1, ?2)")?;
            events.iter().try_for_each(|event| {
                insert.execute([EventKind::CourseCompleted.name(), event]).map(drop)
            })
        };
        self.begin(put).await
    }

    /// Moves dead letters back, all or none, with a repaired event if there is one, and frees what an earlier process left.
    pub(crate) async fn requeue(
        &self,
        letters: Vec<DeadLetter>,
        repaired: Option<String>,
    ) -> Result<(), TransientError> {
        let put = move |transaction: &Transaction<'_>| {
            for letter in &letters {
                let event = repaired.as_ref().unwrap_or(&letter.event);
                transaction.execute("DELETE FROM dead_letters WHERE id = ?1", [&letter.id])?;
                transaction.execute(
                    "INSERT INTO queue (kind, event) VALUES (?1, ?2)",
                    [&letter.kind, event],
                )?;
            }
            Ok(())
        };
        self.begin(put).await
    }

    async fn begin(
        &self,
        put: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), TransientError> {
        let begin = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("UPDATE queue SET visible_at = 0", [])?;
            put(&transaction)?;
            transaction.commit()
        };
        self.0.call("can't queue the events", begin).await
    }

    /// How many completions wait.
    pub(crate) async fn completions(&self) -> Result<u32, TransientError> {
        let query = "SELECT count(*) FROM queue WHERE kind = ?1";
        let count = move |connection: &mut Connection| {
            connection.query_row(query, [EventKind::CourseCompleted.name()], |row| row.get(0))
        };
        self.0.call("can't count the queue", count).await
    }
}

/// Taking messages out.
impl Queue {
    /// Receives the next visible message: an e-mail if there is one, for it finishes a certificate, else the oldest event.
    pub(crate) async fn receive(&self) -> Result<Option<Message>, TransientError> {
        let now = Timestamp::now().as_millisecond();
        let receive = move |connection: &mut Connection| {
            let mut update = connection.prepare_cached(
                "UPDATE queue SET attempts = attempts + 1, visible_at = ?1 WHERE id =
                 (SELECT id FROM queue WHERE visible_at <= ?2 ORDER BY kind = ?3, id LIMIT 1)
                 RETURNING id, kind, event, attempts",
            )?;
            let parameters = params![now + VISIBILITY, now, EventKind::CourseCompleted.name()];
            let message = update.query_row(parameters, |row| {
                Ok(Message {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    event: row.get(2)?,
                    attempt: row.get(3)?,
                })
            });
            message.optional()
        };
        self.0.call("can't receive from the queue", receive).await
    }

    /// When the next message becomes visible, in milliseconds since 1970; none if the queue is empty.
    pub(crate) async fn next_visible(&self) -> Result<Option<i64>, TransientError> {
        let next = |connection: &mut Connection| {
            connection.query_row("SELECT min(visible_at) FROM queue", [], |row| row.get(0))
        };
        self.0.call("can't look at the queue", next).await
    }

    /// Settles a message that was handled; a dead letter of the same event is done with, too.
    pub(crate) async fn finish(&self, message: &Message) -> Result<(), TransientError> {
        let (id, dead_letter) = (message.id, message.dead_letter_id());
        let finish = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM queue WHERE id = ?1", [id])?;
            transaction.execute("DELETE FROM dead_letters WHERE id = ?1", [dead_letter])?;
            transaction.commit()
        };
        self.0.call("can't settle an event", finish).await
    }

    /// Gives a message back, to be received again after a while.
    pub(crate) async fn release(
        &self,
        message: &Message,
        after: std::time::Duration,
    ) -> Result<(), TransientError> {
        let id = message.id;
        let visible_at = Timestamp::now()
            .as_millisecond()
            .saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
        let release = move |connection: &mut Connection| {
            connection
                .execute("UPDATE queue SET visible_at = ?2 WHERE id = ?1", [id, visible_at])
                .map(drop)
        };
        self.0.call("can't release an event", release).await
    }

    /// Moves a message to the dead letters.
    pub(crate) async fn move_to_dead_letters(
        &self,
        message: &Message,
        code: &'static str,
        reason: String,
    ) -> Result<(), TransientError> {
        let message = message.clone();
        let move_to_dead_letters = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT INTO dead_letters (id, kind, event, code, reason, attempts, failed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET
                 code = excluded.code, reason = excluded.reason, attempts = excluded.attempts, failed_at = excluded.failed_at",
                params![
                    message.dead_letter_id(),
                    message.kind.name(),
                    message.event,
                    code,
                    reason,
                    message.attempt,
                    Timestamp::now().to_string(),
                ],
            )?;
            transaction.execute("DELETE FROM queue WHERE id = ?1", [message.id])?;
            transaction.commit()
        };
        self.0.call("can't move_to_dead_letters an event", move_to_dead_letters).await
    }
}
