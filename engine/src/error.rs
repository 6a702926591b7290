//! Errors, split by what a caller can do about them.
//!
//! - [`LoadError`]: install fonts, or correct the template's files.
//! - [`DataError`]: correct the data.
//! - [`CompileError`]: correct the layout, add a font, or shorten the text.
//! - [`ExportError`]: correct the image size in `typst.toml`.
//!
//! [`RenderError`] is any of the last three. The text of an error never repeats the text of its
//! [`source`](std::error::Error::source), so print both.

use std::fmt;
use std::path::PathBuf;

use typst::text::is_default_ignorable;
use unicode_normalization::char::canonical_combining_class;

use crate::diagnostics::Diagnostics;
use crate::json::JsonError;

/// The cause of an error that callers can print but not match.
type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// Why fonts or a template can't be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A folder holds no TrueType or OpenType face, or does not exist.
    #[error("no fonts in {}: name the folder that holds them", .0.display())]
    NoFonts(PathBuf),
    /// None of the font files given from memory holds a TrueType or OpenType face.
    #[error("none of the given files is a TrueType or OpenType font")]
    NoFontFaces,
    /// A file or folder can't be read, or a text file is not UTF-8.
    #[error("can't read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A template contains a symbolic link, which could point outside its folder.
    #[error("{} is a symbolic link; replace it with a copy of the file", .0.display())]
    SymbolicLink(PathBuf),
    /// A file name is not UTF-8, so no Typst path can refer to the file.
    #[error("{} has a name that is not UTF-8; rename it", .0.display())]
    FileName(PathBuf),
    /// A template is larger than [`Template::MAX_BYTES`](crate::Template::MAX_BYTES).
    #[error(
        "{} holds more than {limit} bytes; reduce it, because templates are kept in memory",
        path.display()
    )]
    TooLarge {
        /// The template's folder.
        path: PathBuf,
        /// The largest allowed size of all files together, in bytes.
        limit: u64,
    },
    /// A required file is missing: `typst.toml`, `schema.json` or an entrypoint.
    #[error(
        "{} has no {file}{}",
        path.display(), advice(file, similar.as_deref())
    )]
    Missing {
        /// The template's folder.
        path: PathBuf,
        /// The missing file, relative to the folder.
        file: String,
        /// A file that is probably meant, such as `schema.JSON`.
        similar: Option<String>,
    },
    /// `typst.toml` is not TOML, or a key in it is missing, unknown or out of range.
    #[error("invalid manifest {}", path.display())]
    Manifest {
        /// The path of `typst.toml`.
        path: PathBuf,
        /// The line and column, or the key with its value and the expected range.
        source: BoxedError,
    },
    /// `schema.json` is not a JSON Schema.
    #[error("invalid schema {}", path.display())]
    Schema {
        /// The path of `schema.json`.
        path: PathBuf,
        /// The line and column, or the part of the schema that is not valid.
        source: BoxedError,
    },
}

/// Says which file is meant. The name of an entrypoint can be wrong in the manifest, too.
fn advice(file: &str, similar: Option<&str>) -> String {
    match similar {
        None => String::new(),
        Some(similar) if file.ends_with(".typ") => {
            format!(", which typst.toml names; did you mean `{similar}`?")
        }
        Some(similar) => format!("; rename {similar} to {file}"),
    }
}

/// Why a template can't be filled with the given data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The data is not JSON.
    #[error("the data is not JSON")]
    Json(#[source] JsonError),
    /// The data violates the template's schema. Holds every violation.
    #[error("the data does not match the template's schema: {}", list(.0))]
    Schema(Vec<SchemaViolation>),
    /// The template has no translation for the locale in the data.
    #[error("the template has no locale {locale}; use one of {}", supported.join(", "))]
    UnknownLocale {
        /// The locale in the data, such as `fr`.
        locale: String,
        /// The template's locales, sorted.
        supported: Vec<String>,
    },
    /// The data field that `typst.toml` names under `qr` is missing or not a string.
    #[error("`{0}`, which typst.toml names under `qr`, is not a string in the data")]
    QrField(String),
    /// The value to encode is longer than a QR code can hold.
    #[error("`{field}` has {bytes} bytes, too many for a QR code; shorten it")]
    QrTooLong {
        /// The data field that `typst.toml` names under `qr`.
        field: String,
        /// The length of its value in bytes of UTF-8.
        bytes: usize,
    },
}

/// Why a template and valid data do not make the intended document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Typst reports errors in the template. The text equals the output of the `typst` command.
    #[error("the template does not compile\n{0}")]
    Template(Diagnostics),
    /// Characters would be missing on the page, because no font has a glyph for them, or no font
    /// has glyphs for a letter and all of its marks. Holds each of them once, at least one.
    #[error("no font has a glyph for {}; add a font that has {}", join(.0), them(.0))]
    MissingCharacters(Vec<MissingCharacter>),
    /// Characters would be missing on the page, because the fonts that the template names lack them,
    /// and it forbids Typst to take others. Holds each of them once, at least one.
    #[error(
        "the fonts that the template names have no glyph for {}, and it forbids others with \
         `fallback: false`; remove that, or name a font that has {}", join(.0), them(.0)
    )]
    ForbiddenFallback(Vec<MissingCharacter>),
    /// Text is too small to be read.
    #[error(
        "{} has {:.1} pt; below {limit} pt nobody can read it: shorten it, or give it more room",
        .field.as_deref().unwrap_or("the template's own text"), (points * 10.0).floor() / 10.0
    )]
    IllegibleText {
        /// The smallest size in points.
        points: f64,
        /// The data field that is set in it, as a path such as `scores/0/title`. `None` if it is the
        /// template's own text.
        field: Option<String>,
        /// The smallest legible size in points.
        limit: f64,
    },
    /// The layout has more pages than the manifest declares because content overflows, or fewer.
    #[error(
        "{}, but typst.toml declares `pages = {expected}`",
        if found > expected {
            format!("content overflows: {found} pages")
        } else {
            format!("the layout has only {found} of its pages")
        }
    )]
    PageCount {
        /// The number of pages in the layout.
        found: usize,
        /// The number of pages that the manifest declares; 1 for a social card.
        expected: usize,
    },
    /// A social card was requested from a template that declares none. Holds the template's id.
    #[error(
        "template {0} has no social card: declare one in typst.toml under \
         [tool.testamur.social-card]"
    )]
    NoSocialCard(String),
    /// Typst panicked. The process continues, and other documents are not affected.
    #[error("typesetting panicked; this is a bug, please report it with the template")]
    Panic,
}

/// Why a document can't be written in an output format, or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Page and image differ in shape by more than half a pixel.
    #[error(
        "image size {} x {} does not match the page's aspect ratio ({:.2} x {:.2} pt); \
         use {} x {}",
        image[0], image[1], page[0], page[1], image[0], height
    )]
    AspectRatio {
        /// The width and height of the image in pixels, as the manifest declares them.
        image: [u32; 2],
        /// The width and height of the page in points.
        page: [f64; 2],
        /// The height in pixels that matches the page at the declared width.
        height: u32,
    },
    /// An image would have more than [`ImageSize::MAX_PIXELS`](crate::ImageSize::MAX_PIXELS).
    #[error(
        "an area of {area:.0} square points at {pixels_per_pt} pixels per point exceeds {limit} \
         pixels; reduce the page or `pixels-per-pt`"
    )]
    TooManyPixels {
        /// The area of the pages in square points.
        area: f64,
        /// The requested resolution.
        pixels_per_pt: f64,
        /// The largest number of pixels.
        limit: u64,
    },
    /// The JPEG encoder failed.
    #[error("can't encode the JPEG")]
    Jpeg(#[source] std::io::Error),
    /// The PNG encoder failed.
    #[error("can't encode the PNG")]
    Png(#[source] image::ImageError),
    /// Something on the pages is not allowed in a PDF.
    #[error("the document can't be exported as PDF\n{0}")]
    Pdf(Diagnostics),
    /// Typst or an encoder panicked. The process continues.
    #[error("the export panicked; this is a bug, please report it with the template")]
    Panic,
}

/// Why a certificate can't be made: any error after loading.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The data can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The template and the data do not make the intended document.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The document can't be written in an output format.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl RenderError {
    /// Returns Typst's errors, if Typst reported this failure.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Compile(CompileError::Template(diagnostics))
            | Self::Export(ExportError::Pdf(diagnostics)) => Some(diagnostics),
            _ => None,
        }
    }
}

/// A character that no font can show.
///
/// ```
/// use testamur_engine::MissingCharacter;
///
/// let field = Some("userName".to_owned());
/// let missing = MissingCharacter {
///     character: '\u{30d}',
///     field,
///     picture: None,
///     is_in_known_script: true,
/// };
/// assert_eq!(missing.to_string(), "U+030D COMBINING VERTICAL LINE ABOVE in userName");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCharacter {
    /// The character, which may be a mark on a letter.
    pub character: char,
    /// The first data field that contains it, as a path such as `scores/0/title`. `None` if it
    /// occurs in the template only.
    pub field: Option<String>,
    /// The SVG picture that contains it, such as `assets/logo.svg`. `None` if it is not in a
    /// picture.
    pub picture: Option<String>,
    /// A font in use has other characters of the same script.
    pub is_in_known_script: bool,
}

impl fmt::Display for MissingCharacter {
    /// Prints the code point, the name in Unicode, the character itself if it is visible on its
    /// own, and the field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let character = self.character;
        write!(f, "U+{:04X}", u32::from(character))?;
        if let Some(name) = unicode_names2::name(character) {
            write!(f, " {name}")?;
        }
        let is_hidden =
            character.is_control() || character.is_whitespace() || is_default_ignorable(character);
        if !is_hidden && canonical_combining_class(character) == 0 {
            write!(f, " ‘{character}’")?;
        }
        let place = self.picture.as_deref().or(self.field.as_deref());
        write!(f, " in {}", place.unwrap_or("the template's own text"))
    }
}

/// A place where data violates a template's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaViolation {
    /// The field, as a path such as `scores/0/title`. Empty for the whole data.
    pub path: String,
    /// What the schema requires. Never contains the value, which may be personal data.
    pub message: String,
}

impl SchemaViolation {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for SchemaViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

fn list(violations: &[SchemaViolation]) -> String {
    list_with(violations, "; ")
}

fn list_with<T: fmt::Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}

/// Lists characters, the first few of many.
fn join(missing: &[MissingCharacter]) -> String {
    const LISTED: usize = 5;
    let mut text = list_with(missing.iter().take(LISTED), ", ");
    if let Some(more) = missing.len().checked_sub(LISTED).filter(|&more| more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn them(missing: &[MissingCharacter]) -> &'static str {
    if missing.len() == 1 { "it" } else { "them" }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use super::*;
    use crate::json::parse_json;

    /// Checks the text of an error and the text of its source.
    fn check(error: &dyn Error, text: &str, source: Option<&str>) {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), source);
    }

    fn io_error() -> io::Error {
        io::Error::other("disk on fire")
    }

    #[test]
    fn load_errors_name_the_file_and_the_next_step() {
        let path = || PathBuf::from("t");
        check(&LoadError::NoFonts(path()), "no fonts in t: name the folder that holds them", None);
        check(
            &LoadError::NoFontFaces,
            "none of the given files is a TrueType or OpenType font",
            None,
        );
        check(
            &LoadError::Read { path: path(), source: io_error() },
            "can't read t",
            Some("disk on fire"),
        );
        check(
            &LoadError::SymbolicLink(path()),
            "t is a symbolic link; replace it with a copy of the file",
            None,
        );
        check(&LoadError::FileName(path()), "t has a name that is not UTF-8; rename it", None);
        check(
            &LoadError::TooLarge { path: path(), limit: 9 },
            "t holds more than 9 bytes; reduce it, because templates are kept in memory",
            None,
        );
        check(
            &LoadError::Missing { path: path(), file: "main.typ".into(), similar: None },
            "t has no main.typ",
            None,
        );
        check(
            &LoadError::Missing {
                path: path(),
                file: "schema.json".into(),
                similar: Some("schema.JSON".into()),
            },
            "t has no schema.json; rename schema.JSON to schema.json",
            None,
        );
        check(
            &LoadError::Manifest { path: path(), source: "no table".into() },
            "invalid manifest t",
            Some("no table"),
        );
        check(
            &LoadError::Schema { path: path(), source: "not an object".into() },
            "invalid schema t",
            Some("not an object"),
        );
    }

    #[test]
    fn data_errors_name_the_field_and_never_its_value() {
        let json = parse_json(b"{").unwrap_err();
        let source = json.to_string();
        check(&DataError::Json(json), "the data is not JSON", Some(&source));
        let violations =
            vec![SchemaViolation::new("a/0", "too long"), SchemaViolation::new("", "empty")];
        check(
            &DataError::Schema(violations),
            "the data does not match the template's schema: a/0: too long; empty",
            None,
        );
        let supported = vec!["en".to_owned(), "fr".to_owned()];
        check(
            &DataError::UnknownLocale { locale: "ja".into(), supported },
            "the template has no locale ja; use one of en, fr",
            None,
        );
        check(
            &DataError::QrField("url".into()),
            "`url`, which typst.toml names under `qr`, is not a string in the data",
            None,
        );
        check(
            &DataError::QrTooLong { field: "url".into(), bytes: 3000 },
            "`url` has 3000 bytes, too many for a QR code; shorten it",
            None,
        );
    }

    #[test]
    fn compile_errors_name_what_does_not_fit() {
        check(
            &CompileError::Template(Diagnostics::default()),
            "the template does not compile\n",
            None,
        );
        let missing = |characters: &[(char, Option<&str>)]| {
            let missing = characters.iter().map(|&(character, field)| MissingCharacter {
                character,
                field: field.map(str::to_owned),
                picture: None,
                is_in_known_script: false,
            });
            CompileError::MissingCharacters(missing.collect())
        };
        check(
            &missing(&[('\u{30d}', Some("userName"))]),
            "no font has a glyph for U+030D COMBINING VERTICAL LINE ABOVE in userName; add a font \
             that has it",
            None,
        );
        check(
            &missing(&[('王', Some("userName")), ('\u{2028}', None)]),
            "no font has a glyph for U+738B CJK UNIFIED IDEOGRAPH-738B ‘王’ in userName, U+2028 \
             LINE SEPARATOR in the template's own text; add a font that has them",
            None,
        );
        let many: Vec<_> = ('\u{e000}'..='\u{e006}').map(|c| (c, Some("title"))).collect();
        assert!(
            missing(&many)
                .to_string()
                .ends_with("U+E004 ‘\u{e004}’ in title and 2 more; add a font that has them")
        );
        check(
            &CompileError::IllegibleText { points: 3.96, field: Some("title".into()), limit: 4.0 },
            "title has 3.9 pt; below 4 pt nobody can read it: shorten it, or give it more room",
            None,
        );
        check(
            &CompileError::PageCount { found: 2, expected: 1 },
            "content overflows: 2 pages, but typst.toml declares `pages = 1`",
            None,
        );
        check(
            &CompileError::PageCount { found: 1, expected: 2 },
            "the layout has only 1 of its pages, but typst.toml declares `pages = 2`",
            None,
        );
        check(
            &CompileError::NoSocialCard("demo".into()),
            "template demo has no social card: declare one in typst.toml under \
             [tool.testamur.social-card]",
            None,
        );
        check(
            &CompileError::Panic,
            "typesetting panicked; this is a bug, please report it with the template",
            None,
        );
    }

    #[test]
    fn export_errors_keep_their_numbers_and_causes() {
        check(
            &ExportError::AspectRatio { image: [200, 100], page: [200.0, 150.0], height: 150 },
            "image size 200 x 100 does not match the page's aspect ratio (200.00 x 150.00 pt); \
             use 200 x 150",
            None,
        );
        check(
            &ExportError::TooManyPixels { area: 1e9, pixels_per_pt: 2.5, limit: 64 },
            "an area of 1000000000 square points at 2.5 pixels per point exceeds 64 pixels; \
             reduce the page or `pixels-per-pt`",
            None,
        );
        check(&ExportError::Jpeg(io_error()), "can't encode the JPEG", Some("disk on fire"));
        check(
            &ExportError::Png(image::ImageError::IoError(io_error())),
            "can't encode the PNG",
            Some("disk on fire"),
        );
        check(
            &ExportError::Pdf(Diagnostics::default()),
            "the document can't be exported as PDF\n",
            None,
        );
        check(
            &ExportError::Panic,
            "the export panicked; this is a bug, please report it with the template",
            None,
        );
    }

    #[test]
    fn a_render_error_reads_like_the_error_it_wraps() {
        check(
            &RenderError::from(DataError::QrField("url".into())),
            "`url`, which typst.toml names under `qr`, is not a string in the data",
            None,
        );
        check(
            &RenderError::from(ExportError::Jpeg(io_error())),
            "can't encode the JPEG",
            Some("disk on fire"),
        );
        let template = RenderError::from(CompileError::Template(Diagnostics::default()));
        check(&template, "the template does not compile\n", None);
        assert!(template.diagnostics().is_some());
        assert!(RenderError::from(CompileError::Panic).diagnostics().is_none());
    }
}
