//! The data of one certificate: what its template receives as `data.json`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::Value;
use testamur_engine::{Data, PdfMetadata};

/// Returns the metadata of the PDF for a template's data: the identity is its `certificateId`.
///
/// The creation date is `issued_at`. If that is `None`, as for a template's sample, the creation
/// date is the data's `issuedAt`: a timestamp, or a calendar date that counts from midnight UTC.
/// Malformed or absent fields leave their part empty.
#[must_use]
pub fn pdf_metadata(data: &Data, issued_at: Option<Timestamp>) -> PdfMetadata<'_> {
    let field = |name: &str| data.value().get(name).and_then(Value::as_str);
    let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    let date_in_data =
        || field("issuedAt").and_then(|at| at.parse().ok().or_else(|| midnight(at.parse().ok()?)));
    PdfMetadata::new(field("certificateId").unwrap_or_default())
        .created_at(issued_at.or_else(date_in_data))
}
