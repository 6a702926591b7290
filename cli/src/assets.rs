//! Where fonts and templates come from: a folder that the user names, the current folder, the folder that the program is
//! installed in, or the program itself.

use std::env;
use std::path::{Path, PathBuf};

use testamur_engine::{Engine, Fonts, RenderError, Template};
use unicode_script::{Script, UnicodeScript};

use crate::args::Cli;
use crate::error::CliError;

/// The files that the program carries, by their path in a project, sorted. `build.rs` lists them.
pub(crate) static CARRIED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// The folder of fonts and that of templates in a project and in an installation.
pub(crate) const FONTS: &str = "fonts";
pub(crate) const TEMPLATES: &str = "templates";

/// The id of the template that the program carries.
pub(crate) const CARRIED_TEMPLATE: &str = "completion";

/// The fonts of the repository.
const FONT_SET: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/tree/main/fonts");

/// The scripts that the fonts of the repository cover and those that the program carries do not.
const FONT_SET_SCRIPTS: [Script; 23] = [
    Script::Arabic,
    Script::Armenian,
    Script::Bengali,
    Script::Bopomofo,
    Script::Devanagari,
    Script::Ethiopic,
    Script::Georgian,
    Script::Gujarati,
    Script::Gurmukhi,
    Script::Han,
    Script::Hangul,
    Script::Hebrew,
    Script::Hiragana,
    Script::Kannada,
    Script::Katakana,
    Script::Khmer,
    Script::Lao,
    Script::Malayalam,
    Script::Myanmar,
    Script::Sinhala,
    Script::Tamil,
    Script::Telugu,
    Script::Thai,
];

/// A folder of fonts or templates, or those that the program carries.
pub(crate) enum Location {
    Folder(PathBuf),
    Carried,
}

/// Loads the fonts.
pub(crate) fn fonts(cli: &Cli) -> Result<Fonts, CliError> {
    match locate(cli.fonts.as_deref(), FONTS) {
        Location::Folder(folder) => Ok(Fonts::load(&folder)?),
        Location::Carried => {
            let files = CARRIED.iter().filter(|(path, _)| path.ends_with(".ttf"));
            Ok(Fonts::from_bytes(files.map(|&(_, bytes)| bytes))?)
        }
    }
}

/// Finds the templates.
pub(crate) fn templates(cli: &Cli) -> Location {
    locate(cli.templates.as_deref(), TEMPLATES)
}

/// Loads the template that the program carries, under its name [`CARRIED_TEMPLATE`].
pub(crate) fn carried_template(engine: &Engine) -> Result<Template, CliError> {
    let folder = Path::new(TEMPLATES).join(CARRIED_TEMPLATE);
    engine.load_files(folder, CARRIED.iter().copied()).map_err(CliError::Template)
}

/// Returns the carried text file with this path.
pub(crate) fn carried_text(path: &str) -> Option<&'static str> {
    let (_, bytes) = CARRIED.iter().find(|(carried, _)| *carried == path)?;
    std::str::from_utf8(bytes).ok()
}

/// Returns the carried files of a folder, by their path in it.
pub(crate) fn carried_in(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    CARRIED.iter().filter_map(move |&(path, bytes)| {
        Some((path.strip_prefix(folder)?.strip_prefix('/')?, bytes))
    })
}

fn locate(named: Option<&Path>, name: &str) -> Location {
    let named = named.map(Path::to_owned);
    let found = named.or_else(|| {
        [Some(PathBuf::from(name)), installed(name)]
            .into_iter()
            .flatten()
            .find(|folder| folder.is_dir())
    });
    found.map_or(Location::Carried, Location::Folder)
}

/// The folder `share/testamur/NAME` beside the folder `bin` that the program is in.
fn installed(name: &str) -> Option<PathBuf> {
    let program = env::current_exe().ok()?.canonicalize().ok()?;
    Some(program.parent()?.parent()?.join("share/testamur").join(name))
}

/// Describes an error; if fonts are missing that the repository has, says where they are.
pub(crate) fn explain(error: &RenderError) -> String {
    match error {
        RenderError::UnsupportedCharacter { character, .. } => match font_set_script(*character) {
            Some(script) => format!("{error}; the full font set covers {script}: see {FONT_SET}"),
            None => error.to_string(),
        },
        _ => error.to_string(),
    }
}

/// The name of a character's script if the fonts of the repository cover that and the carried ones do not.
fn font_set_script(character: char) -> Option<&'static str> {
    if matches!(character, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}') {
        return Some("emoji");
    }
    let script = character.script();
    FONT_SET_SCRIPTS.contains(&script).then(|| script.full_name())
}
