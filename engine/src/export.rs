//! Exporters: laid-out pages to PDF, JPEG and PNG, and data fields to QR codes.

pub(crate) mod pdf;
pub(crate) mod qr;
pub(crate) mod raster;

pub use pdf::PdfMetadata;
pub use raster::{Jpeg, JpegEncoder};
