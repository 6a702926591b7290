//! The queue of events, delivered at least once each, and the dead letters.
//!
//! A received message stays invisible for a while and becomes visible again unless it is settled:
//! finished, released or moved to the dead letters. One process at a time works on a queue, so
//! messages that an earlier process received and did not settle are made visible when the next
//! one starts.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use testamur_pipeline::model::events::Event;
use testamur_pipeline::{CertificateGenerated, CourseCompleted, TransientError, hex};

use super::database::Database;
use crate::local::event_file;

/// How often a message is received before it becomes a dead letter.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// How long a received message stays invisible, in milliseconds.
const VISIBILITY_TIMEOUT_MS: i64 = 180_000;

const INSERT: &str = "INSERT INTO queue (kind, event, source) VALUES (?1, ?2, ?3)";

/// The tables `queue` and `dead_letters`.
pub(crate) struct Queue(pub(crate) Database);

/// The type of an event, which decides how it is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// Issue a certificate.
    CourseCompleted,
    /// Send an e-mail.
    CertificateGenerated,
}

/// A received message, which the receiver has to settle.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    id: i64,
    pub(crate) kind: EventKind,
    /// The event as JSON.
    pub(crate) event: String,
    /// Where it came from, such as `/data/events.jsonl, line 3`. E-mails come from the program
    /// itself.
    pub(crate) source: Option<String>,
    /// The number of this attempt, from 1.
    pub(crate) attempt: u32,
}

/// An event that could not be handled.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter {
    /// The first 12 hexadecimal digits of the SHA-256 of kind, source and event.
    pub(crate) id: String,
    /// The detail type of the event, such as `CourseCompleted`.
    pub(crate) kind: String,
    /// Why it failed, as a stable name such as `unknown-user`.
    pub(crate) code: String,
    /// Why it failed, as a sentence.
    pub(crate) reason: String,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The time of the last attempt, such as `2026-11-23T09:30:00Z`.
    pub(crate) failed_at: String,
    /// Where the event came from, such as `/data/events.jsonl, line 3`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_source")]
    pub(crate) source: Option<String>,
    /// The event as it was received.
    pub(crate) event: String,
}

fn serialize_source<S: Serializer>(source: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    source.as_deref().map(event_file::shown_source).serialize(to)
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
        [Self::CourseCompleted, Self::CertificateGenerated]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| FromSqlError::Other(format!("unknown kind of event {name:?}").into()))
    }
}

impl Message {
    /// Returns the id that the message would have as a dead letter. Equal events of one source have
    /// equal ids, so an event that fails again replaces its dead letter, and of two equal lines
    /// each has its own.
    pub(crate) fn dead_letter_id(&self) -> String {
        let hash = Sha256::new()
            .chain_update(self.kind.name())
            .chain_update([0])
            .chain_update(self.source.as_deref().unwrap_or_default())
            .chain_update([0])
            .chain_update(&self.event)
            .finalize();
        hex(&hash[..6])
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            event: row.get(2)?,
            attempt: row.get(3)?,
            source: row.get(4)?,
        })
    }
}

impl DeadLetter {
    /// Selects all, oldest first, in the order of columns that [`Self::read`] expects.
    pub(super) const QUERY: &str =
        "SELECT id, kind, code, reason, attempts, failed_at, event, source
        FROM dead_letters ORDER BY rowid";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            code: row.get(2)?,
            reason: row.get(3)?,
            attempts: row.get(4)?,
            failed_at: row.get(5)?,
            event: row.get(6)?,
            source: row.get(7)?,
        })
    }

    /// Returns the number of attempts as text, such as `1 attempt`.
    pub(crate) fn attempts_text(&self) -> String {
        format!("{} attempt{}", self.attempts, if self.attempts == 1 { "" } else { "s" })
    }
}

/// Adding messages.
impl Queue {
    /// Adds completions with their sources, all or none, and makes the messages of an earlier
    /// process visible.
    pub(crate) async fn put_completions(
        &self,
        events: Vec<(String, String)>,
    ) -> Result<(), TransientError> {
        self.start(move |transaction| {
            let mut insert = transaction.prepare(INSERT)?;
            events.iter().try_for_each(|(event, source)| {
                insert.execute([EventKind::CourseCompleted.name(), event, source]).map(drop)
            })
        })
        .await
    }

    /// Moves dead letters back to the queue, all or none, and makes the messages of an earlier
    /// process visible. `replacement` takes the place of the event of each.
    pub(crate) async fn requeue(
        &self,
        letters: Vec<DeadLetter>,
        replacement: Option<String>,
    ) -> Result<(), TransientError> {
        self.start(move |transaction| {
            for letter in &letters {
                let event = replacement.as_ref().unwrap_or(&letter.event);
                transaction.execute("DELETE FROM dead_letters WHERE id = ?1", [&letter.id])?;
                transaction.execute(INSERT, params![letter.kind, event, letter.source])?;
            }
            Ok(())
        })
        .await
    }

    /// Deletes dead letters, all or none.
    pub(crate) async fn drop_dead_letters(&self, ids: Vec<String>) -> Result<(), TransientError> {
        let delete = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for id in &ids {
                transaction.execute("DELETE FROM dead_letters WHERE id = ?1", [id])?;
            }
            transaction.commit()
        };
        self.0.call("can't drop the dead letters", delete).await
    }

    async fn start(
        &self,
        add: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), TransientError> {
        let add = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("UPDATE queue SET visible_at = 0", [])?;
            add(&transaction)?;
            transaction.commit()
        };
        self.0.call("can't queue the events", add).await
    }

    /// Returns the number of completions in the queue.
    pub(crate) async fn completions(&self) -> Result<u32, TransientError> {
        let query = "SELECT count(*) FROM queue WHERE kind = ?1";
        let count = move |connection: &mut Connection| {
            connection.query_row(query, [EventKind::CourseCompleted.name()], |row| row.get(0))
        };
        self.0.call("can't count the events", count).await
    }
}

/// Receiving and settling messages.
impl Queue {
    /// Receives the next visible message. E-mails precede completions, because an e-mail is the
    /// last step of a certificate that was begun earlier; otherwise the oldest message is first.
    pub(crate) async fn receive(&self) -> Result<Option<Message>, TransientError> {
        let now = Timestamp::now().as_millisecond();
        let receive = move |connection: &mut Connection| {
            let mut update = connection.prepare_cached(
                "UPDATE queue SET attempts = attempts + 1, visible_at = ?1 WHERE id =
                 (SELECT id FROM queue WHERE visible_at <= ?2 ORDER BY kind = ?3, id LIMIT 1)
                 RETURNING id, kind, event, attempts, source",
            )?;
            let invisible_until = now + VISIBILITY_TIMEOUT_MS;
            let parameters = params![invisible_until, now, EventKind::CourseCompleted.name()];
            update.query_row(parameters, Message::read).optional()
        };
        self.0.call("can't receive an event", receive).await
    }

    /// Returns when the next message becomes visible, in milliseconds since 1970, or none if the
    /// queue is empty.
    pub(crate) async fn next_visible(&self) -> Result<Option<i64>, TransientError> {
        let next = |connection: &mut Connection| {
            connection.query_row("SELECT min(visible_at) FROM queue", [], |row| row.get(0))
        };
        self.0.call("can't read the queue", next).await
    }

    /// Settles a message that was handled, and deletes the dead letters of equal events, whatever
    /// their sources.
    pub(crate) async fn finish(&self, message: &Message) -> Result<(), TransientError> {
        let (id, kind, event) = (message.id, message.kind.name(), message.event.clone());
        let finish = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM queue WHERE id = ?1", [id])?;
            let equal = "DELETE FROM dead_letters WHERE event = ?1 AND kind = ?2";
            transaction.execute(equal, [event.as_str(), kind])?;
            transaction.commit()
        };
        self.0.call("can't finish an event", finish).await
    }

    /// Returns a message to the queue, which delivers it again after `delay`.
    pub(crate) async fn release(
        &self,
        message: &Message,
        delay: Duration,
    ) -> Result<(), TransientError> {
        let id = message.id;
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let visible_at = Timestamp::now().as_millisecond().saturating_add(delay);
        let release = move |connection: &mut Connection| {
            let statement = "UPDATE queue SET visible_at = ?2 WHERE id = ?1";
            connection.execute(statement, [id, visible_at]).map(drop)
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
        let move_message = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT INTO dead_letters
                 (id, kind, event, code, reason, attempts, failed_at, source)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET code = excluded.code, reason = excluded.reason,
                 attempts = excluded.attempts, failed_at = excluded.failed_at,
                 source = excluded.source",
                params![
                    message.dead_letter_id(),
                    message.kind.name(),
                    message.event,
                    code,
                    reason,
                    message.attempt,
                    Timestamp::now().to_string(),
                    message.source,
                ],
            )?;
            transaction.execute("DELETE FROM queue WHERE id = ?1", [message.id])?;
            transaction.commit()
        };
        self.0.call("can't move an event to the dead letters", move_message).await
    }
}
