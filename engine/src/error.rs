//! What can go wrong, one enum per boundary: loading fonts, loading a template, rendering.

use std::fmt;
use std::path::PathBuf;

use crate::diagnostics::Diagnostics;

/// Why a folder of fonts can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// The folder holds no TrueType or OpenType face, or does not exist.
    #[error("no fonts in {}: name the folder that holds them", .0.display())]
    NoFonts(PathBuf),
}

/// Why a template folder can't be used. Nothing was rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file or folder can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A symbolic link, which could lead out of the folder.
    #[error("{} is a symbolic link: put a copy of the file there", .0.display())]
    Link(PathBuf),
    /// A file name that is not UTF-8, which no Typst path can name.
    #[error("{} has a name that is not UTF-8", .0.display())]
    Name(PathBuf),
    /// The folder is larger than [`Template::MAX_BYTES`](crate::Template::MAX_BYTES).
    #[error("{} holds more than {limit} bytes: templates are kept in memory", path.display())]
    TooLarge {
        /// The template's folder.
        path: PathBuf,
        /// The most a template may hold, in bytes.
        limit: u64,
    },
    /// A file that every template has is missing.
    #[error("{} has no {file}", path.display())]
    Missing {
        /// The template's folder.
        path: PathBuf,
        /// The missing file, relative to the folder.
        file: String,
    },
    /// `typst.toml` is not what a template needs; the text says where and why.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// The manifest's path.
        path: PathBuf,
        /// What is wrong, with line and column where they are known.
        message: String,
    },
    /// `schema.json` is no JSON Schema.
    #[error("{}: {message}", path.display())]
    Schema {
        /// The schema's path.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// Why a document can't be made from a template and data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The data is no JSON.
    #[error("the data is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The data breaks the template's schema; every fault is named.
    #[error("the data does not fit the template's schema: {}", list(.0))]
    Data(Vec<DataFault>),
    /// The template does not compile; the text prints as the stock Typst command prints it.
    #[error("the template does not compile\n{0}")]
    Template(Diagnostics),
    /// No font has a glyph for a character.
    #[error("no font has a glyph for {} in {}", name(*.character), .field.as_deref().unwrap_or("the template's own text"))]
    UnsupportedCharacter {
        /// The character.
        character: char,
        /// The data field it stands in, as a path such as `userName`; none if it is the template's own text.
        field: Option<String>,
    },
    /// The layout has more or fewer pages than the manifest says: text has overflowed.
    #[error(
        "the layout has {found} pages where typst.toml says {expected}: something does not fit"
    )]
    Pages {
        /// How many pages the layout has.
        found: usize,
        /// How many it is to have.
        expected: usize,
    },
    /// The page can't become an image of the size the manifest asks for.
    #[error("{0}")]
    ImageSize(String),
    /// The template has no strings for the data's locale.
    #[error("the template has no locale {locale}, only {supported}")]
    Locale {
        /// The locale that the data names.
        locale: String,
        /// Those that the template has.
        supported: String,
    },
    /// A social card was asked of a template that declares none.
    #[error(
        "template {0} has no social card: declare one in typst.toml under [tool.testamur.social-card]"
    )]
    NoSocialCard(String),
    /// The field that typst.toml names under `qr` is not in the data, or is no text.
    #[error("{0}, which typst.toml names under qr, is not a text in the data")]
    QrField(String),
    /// The value to encode is longer than a QR code can hold.
    #[error("{field} has {bytes} bytes, too many for a QR code")]
    QrCode {
        /// The data field that typst.toml names under `qr`.
        field: String,
        /// Its length.
        bytes: usize,
    },
    /// An encoder failed.
    #[error("can't encode the image: {0}")]
    Encode(String),
    /// A defect in this program or a library it uses; the process goes on.
    #[error("rendering panicked: this is a defect, please report it with the template")]
    Panic,
}

/// One way in which data breaks a template's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFault {
    /// Where, as a path such as `scores/0/title`; empty for the whole.
    pub path: String,
    /// What is wrong. Never holds the value, which may be personal data.
    pub message: String,
}

impl fmt::Display for DataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

fn list(faults: &[DataFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Names a character by its code point, and by itself where it can be seen.
fn name(character: char) -> String {
    let code = u32::from(character);
    if character.is_control() || character.is_whitespace() {
        format!("U+{code:04X}")
    } else {
        format!("U+{code:04X} ‘{character}’")
    }
}
