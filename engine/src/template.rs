//! A template: plain Typst files in memory, with a manifest, a schema and a content hash.
//!
//! A template sees its own folder and the folder `shared` beside it, and nothing else. Sample data
//! and snapshots are deliberately not loaded, so they can't reach a certificate.

mod accent;
mod files;
mod locale;
mod manifest;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::Validator;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::visualize::SvgImage;
use typst_kit::files::FileStore;

use crate::data::Data;
use crate::engine::Engine;
use crate::error::{DataError, LoadError, SchemaViolation};
use crate::fonts::Fonts;
use crate::json::parse_json;

pub use accent::{AccentColor, AccentColorError};
pub(crate) use files::{Files, file_id, path_in_template, user_path};
pub use locale::{best as best_locale, canonical_locale};
pub use manifest::{ImageSize, Layout, Manifest, SnapshotTolerance};

/// A loaded template. Cloning is cheap.
///
/// ```
/// use testamur_engine::{Data, Engine, Fonts};
///
/// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
/// let template = engine.load("tests/fixtures/hello")?;
/// assert_eq!(template.locales(), ["en", "fr"]);
/// assert_eq!(template.locale_for("fr-CA").as_deref(), Some("fr"));
///
/// let data = Data::from_json(br#"{"userName": "Ada Lovelace"}"#)?;
/// let document = template.compile(&template.with_resolved_locale(&data, Some("fr-CA")))?;
/// assert_eq!(document.font_families(), ["Source Sans 3"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    engine: Engine,
    folder: PathBuf,
    manifest: Manifest,
    schema: Validator,
    locales: Vec<String>,
    hash: String,
    /// The font families that the Typst sources name.
    named_families: Vec<String>,
    forbids_fallback: bool,
    files: FileStore<Files>,
}

/// Loading templates.
impl Engine {
    /// Loads the template in a folder.
    ///
    /// The folder must hold `typst.toml`, `schema.json` and the entrypoints that the manifest
    /// names. It may hold further files, its own fonts in `fonts/`, and translations in `locales/`.
    /// The folder `shared` beside it, if it exists, is loaded too.
    ///
    /// Typst sources are not parsed here; [`Template::compile`] reports errors in them.
    ///
    /// # Errors
    /// [`LoadError`] with the file that is missing, unreadable or invalid.
    pub fn load(&self, folder: impl AsRef<Path>) -> Result<Template, LoadError> {
        let folder = folder.as_ref();
        Template::new(self, folder, Files::from_disk(folder)?)
    }

    /// Loads a template from files in memory, such as files compiled into a program.
    ///
    /// The paths use `/` and are those that the files would have on disk. `folder` selects the
    /// template, as in [`Engine::load`]. Files outside `folder` and the folder `shared` beside it
    /// are ignored. Static byte slices and strings are not copied.
    ///
    /// ```
    /// use testamur_engine::{Data, Engine, Fonts};
    ///
    /// let engine = Engine::new(Fonts::load("../fonts/source-sans-3")?);
    /// let manifest = r#"
    ///     package = { name = "badge", version = "1.0.0", entrypoint = "main.typ" }
    ///     tool.testamur.image = { width = 200, height = 100 }
    /// "#;
    /// let template = engine.load_files(
    ///     "badge",
    ///     [
    ///         ("badge/typst.toml", manifest),
    ///         ("badge/schema.json", "{}"),
    ///         (
    ///             "badge/main.typ",
    ///             r#"
    ///                 #import "../shared/lib.typ": greeting
    ///                 #set page(width: 200pt, height: 100pt)
    ///                 #set text(font: "Source Sans 3")
    ///                 #greeting(json("data.json").userName)
    ///             "#,
    ///         ),
    ///         ("shared/lib.typ", "#let greeting(name) = [Hello, #name!]"),
    ///     ],
    /// )?;
    /// template.compile(&Data::from_json(br#"{"userName": "Ada"}"#)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoadError`] with the file that is missing or invalid.
    pub fn load_files<P, B>(
        &self,
        folder: impl AsRef<Path>,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Template, LoadError>
    where
        P: AsRef<Path>,
        B: AsRef<[u8]> + Send + Sync + 'static,
    {
        let folder = folder.as_ref();
        Template::new(self, folder, Files::from_memory(folder, files)?)
    }
}

impl Template {
    /// The largest size of a template in bytes, including the folder `shared`, without samples and
    /// snapshots.
    pub const MAX_BYTES: u64 = files::MAX_BYTES;

    fn new(engine: &Engine, folder: &Path, files: Files) -> Result<Self, LoadError> {
        let manifest = Manifest::parse(files.text("typst.toml", folder)?)
            .map_err(|source| LoadError::Manifest { path: folder.join("typst.toml"), source })?;
        let layouts = [&manifest.page].into_iter().chain(&manifest.social_card);
        let entrypoints: Vec<_> = layouts.map(|layout| layout.entrypoint.as_str()).collect();
        for entrypoint in &entrypoints {
            files.check_entrypoint(entrypoint, &entrypoints, folder)?;
        }
        let schema = compile_schema(files.text("schema.json", folder)?)
            .map_err(|source| LoadError::Schema { path: folder.join("schema.json"), source })?;
        let engine = match Fonts::from_files(files.fonts()) {
            Some(own) => engine.with_fonts(own.chain(engine.fonts())),
            None => engine.clone(),
        };
        let families = engine.fonts().book().families().map(|(name, _)| name);
        let named_families = families
            .filter(|name| files.sources_contain(&format!("\"{name}\"")))
            .map(str::to_owned)
            .collect();
        Ok(Self(Arc::new(Inner {
            named_families,
            forbids_fallback: files.sources_contain("fallback: false"),
            engine,
            folder: folder.to_owned(),
            manifest,
            schema,
            locales: files.locales(),
            hash: files.hash(),
            files: FileStore::new(files),
        })))
    }

    /// Returns the contents of `typst.toml`.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Returns the SHA-256 of the names and contents of all loaded files, as 64 hexadecimal digits.
    ///
    /// Templates with the same hash make the same documents. The same files have the same hash on
    /// disk and in memory.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// Returns the folder from which the template was loaded, as the caller named it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Returns the paths of all loaded files in the template's folder, relative to it and sorted,
    /// such as `assets/logo.svg`. Files in `shared` are not listed.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.files.loader().own_paths()
    }

    /// Returns the names of the font families in the template's own folder `fonts`, sorted.
    #[must_use]
    pub fn font_families(&self) -> Vec<String> {
        let fonts = self.0.files.loader().fonts().flat_map(Font::iter);
        let families: BTreeSet<_> =
            fonts.map(|font| font.info().family.as_str().to_owned()).collect();
        families.into_iter().collect()
    }

    /// Returns the font files in the template's own folder `fonts` that hold no face, or that are
    /// compressed for the web, such as `fonts/brand.woff2`.
    #[must_use]
    pub fn unreadable_fonts(&self) -> Vec<String> {
        self.0.files.loader().unreadable_fonts()
    }

    /// Checks data against the template's schema and locales, without compiling the template.
    ///
    /// # Errors
    /// [`DataError::Schema`] with every violation, or [`DataError::UnknownLocale`].
    pub fn check(&self, data: &Data) -> Result<(), DataError> {
        self.check_schema(data)?;
        self.check_locale(data)
    }

    fn check_schema(&self, data: &Data) -> Result<(), DataError> {
        let violation = |error: jsonschema::ValidationError<'_>| {
            let path = error.instance_path().to_string();
            // The default message quotes the value, which may be personal data.
            let message = error.masked_with("the value").to_string();
            SchemaViolation::new(path.trim_start_matches('/'), message)
        };
        let violations: Vec<_> = self.0.schema.iter_errors(data.value()).map(violation).collect();
        if violations.is_empty() { Ok(()) } else { Err(DataError::Schema(violations)) }
    }

    fn check_locale(&self, data: &Data) -> Result<(), DataError> {
        let supported = self.locales();
        match data.locale() {
            Some(locale) if !supported.is_empty() && !supported.iter().any(|tag| tag == locale) => {
                Err(DataError::UnknownLocale {
                    locale: locale.to_owned(),
                    supported: supported.to_vec(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns true if the template forbids Typst to take another font than the named one.
    pub(crate) fn forbids_fallback(&self) -> bool {
        self.0.forbids_fallback
    }

    /// Returns the names of the font families that the template's Typst sources name.
    pub(crate) fn named_families(&self) -> &[String] {
        &self.0.named_families
    }

    /// Returns the file of an SVG picture, such as `assets/logo.svg` or `shared/seal.svg`. A
    /// layout may also make a picture itself.
    pub(crate) fn file_with(&self, picture: &SvgImage) -> String {
        let file = self.0.files.loader().path_of(picture.data());
        file.map_or_else(|| "a picture".to_owned(), str::to_owned)
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        self.0.engine.fonts().book()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn file_store(&self) -> &FileStore<Files> {
        &self.0.files
    }
}

/// Choosing a locale.
impl Template {
    /// Returns the locales of the template's translations, sorted, such as `["en", "pt-BR"]`.
    ///
    /// They are the names of the files in its folder `locales`, without `.toml`. The result is
    /// empty if the template has no such folder; its text is then part of the layout.
    #[must_use]
    pub fn locales(&self) -> &[String] {
        &self.0.locales
    }

    /// Returns the template's locale that best matches a requested one: `de` for `de-AT`, `zh-Hant`
    /// for `zh-TW`. Returns `None` if there is no match, or if `requested` is not a BCP 47 tag.
    ///
    /// A template without translations matches every tag, in its canonical form.
    #[must_use]
    pub fn locale_for(&self, requested: &str) -> Option<String> {
        if self.0.locales.is_empty() {
            canonical_locale(requested)
        } else {
            locale::best(&self.0.locales, requested)
        }
    }

    /// Returns a copy of the data with the field `locale` set to the template's best match for
    /// `requested`; if that is `None`, for the data's own locale; else for the manifest's default.
    ///
    /// An unsupported locale is kept, so [`Template::compile`] fails with
    /// [`DataError::UnknownLocale`].
    #[must_use]
    pub fn with_resolved_locale(&self, data: &Data, requested: Option<&str>) -> Data {
        let requested = requested.or(data.locale()).unwrap_or(&self.manifest().locale);
        data.with_locale(&self.locale_for(requested).unwrap_or_else(|| requested.to_owned()))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("folder", &self.0.folder)
            .field("id", &self.0.manifest.id)
            .field("version", &self.0.manifest.version)
            .field("hash", &self.0.hash)
            .finish_non_exhaustive()
    }
}

fn compile_schema(text: &str) -> Result<Validator, Box<dyn Error + Send + Sync>> {
    let schema = parse_json(text.as_bytes())?;
    Ok(jsonschema::options().should_validate_formats(true).build(&schema)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fonts/source-sans-3");
        Engine::new(Fonts::load(folder).unwrap())
    }

    const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hello");

    /// The files of the fixture `hello`, as a program would carry them.
    const FILES: [(&str, &[u8]); 6] = [
        ("hello/typst.toml", include_bytes!("../tests/fixtures/hello/typst.toml")),
        ("hello/main.typ", include_bytes!("../tests/fixtures/hello/main.typ")),
        ("hello/schema.json", include_bytes!("../tests/fixtures/hello/schema.json")),
        ("hello/samples/ada.json", include_bytes!("../tests/fixtures/hello/samples/ada.json")),
        ("hello/locales/en.toml", include_bytes!("../tests/fixtures/hello/locales/en.toml")),
        ("hello/locales/fr.toml", include_bytes!("../tests/fixtures/hello/locales/fr.toml")),
    ];

    #[test]
    fn files_in_memory_and_on_disk_make_the_same_template() {
        let (disk, memory) =
            (engine().load(HELLO).unwrap(), engine().load_files("hello", FILES).unwrap());
        assert_eq!(memory.hash(), disk.hash());
        assert_eq!(memory.locales(), ["en", "fr"]);
        let files = ["locales/en.toml", "locales/fr.toml", "main.typ", "schema.json", "typst.toml"];
        assert_eq!(memory.files().collect::<Vec<_>>(), files);
        assert_eq!(disk.files().collect::<Vec<_>>(), files);
        assert_eq!(memory.folder(), Path::new("hello"));
    }

    #[test]
    fn errors_of_a_template_in_memory_name_its_paths() {
        let without = |file| FILES.into_iter().filter(move |(path, _)| *path != file);
        let missing = engine().load_files("hello", without("hello/schema.json")).unwrap_err();
        assert_eq!(missing.to_string(), "hello has no schema.json");
        let broken = without("hello/typst.toml").chain([("hello/typst.toml", b"".as_slice())]);
        let broken = engine().load_files("hello", broken).unwrap_err();
        assert_eq!(broken.to_string(), "invalid manifest hello/typst.toml");
        let elsewhere = engine().load_files("templates/hello", FILES).unwrap_err();
        assert_eq!(elsewhere.to_string(), "templates/hello has no typst.toml");
    }

    #[test]
    fn a_template_in_memory_has_the_size_limit_too() {
        let large = vec![0_u8; usize::try_from(Template::MAX_BYTES).unwrap()];
        let files = FILES.into_iter().map(|(path, bytes)| (path, bytes.to_vec()));
        let error = engine().load_files("hello", files.chain([("hello/large", large)]));
        assert!(matches!(error, Err(LoadError::TooLarge { .. })), "{error:?}");
    }

    #[test]
    fn debug_output_shows_no_content() {
        let template = engine().load_files("hello", FILES).unwrap();
        let shown = format!("{template:?} {:?} {:?}", template.engine(), template.engine().fonts());
        let expected = format!(
            "Template {{ folder: \"hello\", id: \"hello\", version: \"1.0.0\", hash: {:?}, .. }} \
             Engine {{ fonts: Fonts {{ faces: 2 }}, .. }} Fonts {{ faces: 2 }}",
            template.hash()
        );
        assert_eq!(shown, expected);
        let data = Data::from_json(br#"{"userName": "Ada"}"#).unwrap();
        assert_eq!(format!("{data:?}"), "Data { bytes: 18, .. }");
    }
}
