//! The keys of the table's items.
//!
//! | item | `pk` | `sk` | `type` | written by |
//! |---|---|---|---|---|
//! | user | `USER#<user id>` | `USER` | `User` | the learning platform |
//! | course | `COURSE#<course id>` | `COURSE` | `Course` | the learning platform |
//! | enrollment | `USER#<user id>` | `ENROLLMENT#<enrollment id>` | `Enrollment` | the learning platform |
//! | certificate | `CERTIFICATE#<certificate id>` | `CERTIFICATE` | `Certificate` | `issue` |
//! | e-mail of a certificate | `CERTIFICATE#<certificate id>` | `MAIL` | `Mail` | `send-mail`, `bounce` |
//! | suppressed address | `SUPPRESSION#<hash>` | `SUPPRESSION` | `Suppression` | `bounce` |
//!
//! The filter of the stream's event source mapping compares the attribute `type`.
//!
//! The index `byUser` contains the certificates of each user, sorted by date: `gsi1pk` is
//! `USER#<user id>`, `gsi1sk` is `CERTIFICATE#<date of issue>#<certificate id>`. No other item has
//! these attributes.

use std::fmt::{self, Display, Formatter};

use testamur_pipeline::{CertificateId, CertificateRecord};

use super::{Item, text};

/// The primary key of an item.
pub(super) struct Key {
    pk: String,
    sk: &'static str,
}

impl Key {
    pub(super) fn user(id: &str) -> Self {
        Self { pk: format!("USER#{id}"), sk: "USER" }
    }

    pub(super) fn course(id: &str) -> Self {
        Self { pk: format!("COURSE#{id}"), sk: "COURSE" }
    }

    pub(super) fn certificate(id: CertificateId) -> Self {
        Self { pk: format!("CERTIFICATE#{id}"), sk: "CERTIFICATE" }
    }

    pub(super) fn mail(id: CertificateId) -> Self {
        Self { pk: format!("CERTIFICATE#{id}"), sk: "MAIL" }
    }

    /// Returns the key of a suppressed address. `hash` is an
    /// [`AddressHash`](testamur_pipeline::model::address::AddressHash) as text.
    pub(super) fn suppression(hash: &str) -> Self {
        Self { pk: format!("SUPPRESSION#{hash}"), sk: "SUPPRESSION" }
    }

    /// Returns the key as attributes of an item.
    pub(super) fn attributes(&self) -> Item {
        Item::from([("pk".to_owned(), text(&self.pk)), ("sk".to_owned(), text(self.sk))])
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pk, self.sk)
    }
}

/// Returns the attributes by which the index `byUser` contains a certificate.
pub(super) fn by_user_attributes(record: &CertificateRecord) -> Item {
    let sort_key = format!("CERTIFICATE#{}#{}", record.issued_at, record.certificate_id);
    Item::from([
        ("gsi1pk".to_owned(), text(format!("USER#{}", record.user_id))),
        ("gsi1sk".to_owned(), text(sort_key)),
    ])
}
