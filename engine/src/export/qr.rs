//! The QR code of one data field, as an SVG image.
//!
//! It is an injected file and not a Typst function, so a template also works in other Typst tools:
//! they read the sample `qr.svg` in its folder.

use std::collections::HashSet;
use std::fmt::Write;

use fast_qr::{ECL, QRBuilder, QRCode};
use typst::foundations::Bytes;

use crate::data::Data;
use crate::error::DataError;

/// Encodes the value of a field at error correction level M.
///
/// The image is black on transparent, one unit per module, without a quiet zone. A template adds
/// the quiet zone of four modules that the standard (ISO/IEC 18004) requires.
pub(crate) fn svg(field: &str, data: &Data) -> Result<Bytes, DataError> {
    let text = data.value().get(field).and_then(serde_json::Value::as_str);
    let text = text.ok_or_else(|| DataError::QrField(field.to_owned()))?;
    let code = QRBuilder::new(text).ecl(ECL::M).build();
    let code =
        code.map_err(|_| DataError::QrTooLong { field: field.to_owned(), bytes: text.len() })?;
    Ok(Bytes::from_string(draw(&code)))
}

/// Draws the code as one path that follows the outlines: clockwise around each dark area,
/// counterclockwise around each hole in it.
///
/// Compared with a rectangle for each run of dark modules, outlines take less than half the
/// commands, and viewers draw no hairline gaps between adjacent rectangles.
fn draw(code: &QRCode) -> String {
    let size = i32::try_from(code.size).expect("a QR code has at most 177 modules per side");
    let modules = Modules { code, size };
    let mut path = String::new();
    let mut passed = HashSet::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        // Every outline, of an area or of a hole, has a top edge of a dark module. So each outline
        // is found from its first such edge in reading order.
        let is_top_edge = modules.is_dark(x, y) && !modules.is_dark(x, y - 1);
        if is_top_edge && !passed.contains(&(x, y)) {
            modules.outline((x, y), &mut passed, &mut path);
        }
    }
    let namespace = "http://www.w3.org/2000/svg";
    format!(r#"<svg xmlns="{namespace}" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>"#)
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

    /// Follows one outline from the top left corner of a module, with dark modules to the right of
    /// the direction of travel. Adds the outline to `path` and its top edges to `passed`.
    fn outline(&self, start: (i32, i32), passed: &mut HashSet<(i32, i32)>, path: &mut String) {
        let (mut x, mut y) = start;
        let (mut dx, mut dy) = (1, 0);
        // Writing to a string can't fail, so the result is ignored here and below.
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
                    break (-dy, dx); // The module ahead on the right is light: turn right.
                } else if self.is_dark(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2) {
                    break (dy, -dx); // The module ahead on the left is dark: turn left.
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
