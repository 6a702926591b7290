//! Colors as hexadecimal text, and their contrast.
//!
//! Source of the formulas: [WCAG 2.2, 1.4.3](https://www.w3.org/TR/WCAG22/#contrast-minimum).

/// A color as red, green and blue.
pub(crate) type Rgb = [u8; 3];

/// Returns the contrast of two colors, 1 to 21.
pub(crate) fn ratio(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Returns the relative luminance of an sRGB color, 0 to 1.
fn luminance(color: Rgb) -> f64 {
    let linear = |channel: u8| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Writes a color as `#1e3a5f`.
pub(crate) fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
