//! Output formats of pages, and QR codes of data fields.

mod clusters;
pub(crate) mod jpeg;
pub(crate) mod pdf;
pub(crate) mod png;
pub(crate) mod qr;
pub(crate) mod raster;
pub(crate) mod svg;

pub use jpeg::{JpegEncoder, JpegEncoderError};
pub use pdf::PdfMetadata;
