//! PDF export.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::Value;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::data::Data;
use crate::diagnostics::Diagnostics;
use crate::error::RenderError;
use crate::world::TemplateWorld;

/// What a PDF says of its origin. The same stamp gives the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct PdfMetadata<'a> {
    /// A stable identity; the document id is derived from it, and it is not written itself.
    pub ident: &'a str,
    /// The creation date to write, if any.
    pub issued_at: Option<Timestamp>,
}

impl<'a> PdfMetadata<'a> {
    /// The stamp that certificate data implies: its id, and the first moment of its date of issue in UTC.
    #[must_use]
    pub fn of(data: &'a Data) -> Self {
        let field = |name: &str| data.value().get(name).and_then(Value::as_str);
        let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        let issued_at = field("issuedAt")
            .and_then(|text| text.parse().ok().or_else(|| midnight(text.parse().ok()?)));
        Self { ident: field("certificateId").unwrap_or_default(), issued_at }
    }
}

pub(crate) fn export(
    document: &PagedDocument,
    stamp: &PdfMetadata<'_>,
    world: &TemplateWorld,
) -> Result<Vec<u8>, RenderError> {
    let options = PdfOptions {
        ident: Smart::Custom(stamp.ident.to_owned()),
        creator: Smart::Custom(Some("Testamur".to_owned())),
        timestamp: stamp.issued_at.and_then(typst_datetime).map(typst_pdf::Timestamp::new_utc),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(document, &options)
        .map_err(|errors| RenderError::Template(Diagnostics::resolve(world, &errors)))
}

fn typst_datetime(at: Timestamp) -> Option<Datetime> {
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
