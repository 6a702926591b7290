//! The QR code of one data field, as an SVG that a template places like any picture.
//!
//! It is a file rather than Typst code so that the stock tools preview the same template with the `qr.svg` in its folder.

use std::collections::HashSet;
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
    let code =
        code.map_err(|_| RenderError::QrCode { field: field.to_owned(), bytes: text.len() })?;
    Ok(Bytes::from_string(draw(&code)))
}

/// One path: around each dark area clockwise, around each hole in it the other way.
///
/// Outlines take less than half the commands of a rectangle for each run of modules, and show no seams between them.
fn draw(code: &QRCode) -> String {
    let size = i32::try_from(code.size).expect("a code has at most 177 modules a side");
    let modules = Modules { code, size };
    let mut path = String::new();
    let mut passed = HashSet::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        let is_top_edge = modules.is_dark(x, y) && !modules.is_dark(x, y - 1);
        if is_top_edge && !passed.contains(&(x, y)) {
            modules.outline((x, y), &mut passed, &mut path);
        }
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>"#
    )
}

struct Modules<'a> {
    code: &'a QRCode,
    size: i32,
}

impl Modules<'_> {
    fn is_dark(&self, x: i32, y: i32) -> bool {
        let inside = |at: i32| usize::try_from(at).ok().filter(|_| at < self.size);
        inside(x).zip(inside(y)).is_some_and(|(x, y)| self.code[y][x].value())
    }

    /// Walks around one area from the top left corner of a module, with the dark on the right hand, and notes which top
    /// edges it passes.
    fn outline(&self, start: (i32, i32), passed: &mut HashSet<(i32, i32)>, path: &mut String) {
        let (mut x, mut y) = start;
        let (mut dx, mut dy) = (1, 0);
        // Writing to a string never fails.
        let _ = write!(path, "M{x} {y}");
        loop {
            let mut steps = 0;
            let turned = loop {
                if dx == 1 {
                    passed.insert((x, y));
                }
                (x, y) = (x + dx, y + dy);
                steps += 1;
                if !self.is_dark(x + (dx - dy - 1) / 2, y + (dx + dy - 1) / 2) {
                    break (-dy, dx); // Nothing dark ahead on the right: the area ends here.
                } else if self.is_dark(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2) {
                    break (dy, -dx); // Dark ahead on the left: the way is barred.
                }
            };
            let _ = if dx == 0 {
                write!(path, "v{}", steps * dy)
            } else {
                write!(path, "h{}", steps * dx)
            };
            (dx, dy) = turned;
            if (x, y) == start && dx == 1 {
                path.push('z');
                return;
            }
        }
    }
}
