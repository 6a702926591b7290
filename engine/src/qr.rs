//! The QR code of one data field, as an SVG that a template places like any picture.
//!
//! It is a file rather than Typst code so that the stock tools preview the same template with the `qr.svg` in its folder.

use std::fmt::Write;

use fast_qr::{ECL, QRBuilder, QRCode};
use typst::foundations::Bytes;

use crate::data::Data;
use crate::error::RenderError;

/// Draws the code of a field at error correction level M, one unit a module, black on nothing, without a quiet zone.
pub(crate) fn svg(field: &str, data: &Data) -> Result<Bytes, RenderError> {
    let text = data.value().get(field).and_then(serde_json::Value::as_str);
    let text = text.ok_or_else(|| RenderError::QrField(field.to_owned()))?;
    let code = QRBuilder::new(text).ecl(ECL::M).build();
    let code = code.map_err(|_| RenderError::QrCode { field: field.to_owned(), bytes: text.len() })?;
    Ok(Bytes::from_string(draw(&code)))
}

/// One path, one rectangle for each horizontal run of dark modules.
fn draw(code: &QRCode) -> String {
    let size = code.size;
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        for run in code[y].chunk_by(|a, b| a.value() == b.value()) {
            if run[0].value() {
                // Writing to a string never fails.
                let _ = write!(path, "M{x} {y}h{len}v1h-{len}z", len = run.len());
            }
            x += run.len();
        }
    }
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>"#)
}
