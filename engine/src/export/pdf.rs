//! PDF export.

use jiff::Timestamp;
use jiff::tz::Offset;
use typst::diag::SourceResult;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use super::clusters;

/// The metadata of a PDF that does not come from its pages.
///
/// ```
/// use testamur_engine::PdfMetadata;
///
/// let issued_at: jiff::Timestamp = "2026-03-14T09:26:53Z".parse()?;
/// let metadata = PdfMetadata::new("0190a3b6-5c9e-8f14").created_at(issued_at);
/// assert_eq!(metadata.created_at, Some(issued_at));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PdfMetadata<'a> {
    /// A stable identity, such as a certificate's id. The PDF's document id is a hash of it; the
    /// identity itself is not written.
    pub ident: &'a str,
    /// The creation date to write. `None` writes no date.
    pub created_at: Option<Timestamp>,
}

impl<'a> PdfMetadata<'a> {
    /// Makes metadata with an identity and without a creation date.
    #[must_use]
    pub const fn new(ident: &'a str) -> Self {
        Self { ident, created_at: None }
    }

    /// Sets the creation date, from a timestamp or an optional one.
    #[must_use]
    pub fn created_at(self, created_at: impl Into<Option<Timestamp>>) -> Self {
        Self { created_at: created_at.into(), ..self }
    }
}

/// Exports all pages as a tagged PDF.
pub(crate) fn export(
    document: &PagedDocument,
    metadata: &PdfMetadata<'_>,
) -> SourceResult<Vec<u8>> {
    let options = PdfOptions {
        ident: Smart::Custom(metadata.ident.to_owned()),
        creator: Smart::Custom(Some("Testamur".to_owned())),
        timestamp: metadata.created_at.and_then(datetime).map(typst_pdf::Timestamp::new_utc),
        ..PdfOptions::default()
    };
    let prepared = clusters::prepare(document);
    typst_pdf::pdf(prepared.as_ref().unwrap_or(document), &options)
}

/// Converts a timestamp to Typst's date and time, in UTC.
fn datetime(at: Timestamp) -> Option<Datetime> {
    let at = Offset::UTC.to_datetime(at);
    let part = |number: i8| u8::try_from(number).ok();
    Datetime::from_ymd_hms(
        at.year().into(),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )
}
