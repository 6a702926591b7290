//! Where fonts and templates come from: a folder that the user names, the current folder, the
//! folder that the program is installed in, or the program itself.

use std::env;
use std::path::{Path, PathBuf};

use testamur_engine::{CompileError, Engine, Fonts, RenderError, Template};
use testamur_pipeline::error::chain;
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
const FONT_SET_SCRIPTS: [Script; 36] = [
    Script::Adlam,
    Script::Arabic,
    Script::Armenian,
    Script::Balinese,
    Script::Bengali,
    Script::Bopomofo,
    Script::Cherokee,
    Script::Devanagari,
    Script::Ethiopic,
    Script::Georgian,
    Script::Gujarati,
    Script::Gurmukhi,
    Script::Han,
    Script::Hangul,
    Script::Hebrew,
    Script::Hiragana,
    Script::Javanese,
    Script::Kannada,
    Script::Katakana,
    Script::Khmer,
    Script::Lao,
    Script::Malayalam,
    Script::Meetei_Mayek,
    Script::Mongolian,
    Script::Myanmar,
    Script::Nko,
    Script::Ol_Chiki,
    Script::Oriya,
    Script::Sinhala,
    Script::Syriac,
    Script::Tamil,
    Script::Telugu,
    Script::Thaana,
    Script::Thai,
    Script::Tibetan,
    Script::Tifinagh,
];

/// A folder of fonts or templates, or those that the program carries.
pub(crate) enum Location {
    Folder(PathBuf),
    Carried,
}

/// Loads the fonts.
pub(crate) fn fonts(cli: &Cli) -> Result<Fonts, CliError> {
    match locate(cli.fonts.as_deref(), FONTS) {
        Location::Folder(folder) => Fonts::load(folder).map_err(CliError::Fonts),
        Location::Carried => {
            let files = CARRIED.iter().filter(|(path, _)| path.ends_with(".ttf"));
            Fonts::from_bytes(files.map(|&(_, bytes)| bytes)).map_err(CliError::Fonts)
        }
    }
}

/// Returns the folder of the fonts, or none for those that the program carries.
pub(crate) fn font_folder(cli: &Cli) -> Option<PathBuf> {
    match locate(cli.fonts.as_deref(), FONTS) {
        Location::Folder(folder) => Some(folder),
        Location::Carried => None,
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

/// Returns the files of the carried mail template, such as `subject.txt`.
pub(crate) fn carried_mail() -> impl Iterator<Item = (&'static str, &'static str)> {
    carried_in("templates/mail")
        .filter_map(|(file, bytes)| Some((file, std::str::from_utf8(bytes).ok()?)))
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

/// Returns the text of an error with its causes and the hint.
pub(crate) fn explain(error: &RenderError) -> String {
    match font_hint(error) {
        Some(hint) => format!("{}; {hint}", chain(error)),
        None => chain(error),
    }
}

/// Says where to get fonts, if an error names a character of a script that the fonts in use lack and
/// the fonts of the repository cover.
pub(crate) fn font_hint(error: &RenderError) -> Option<String> {
    let RenderError::Compile(CompileError::MissingCharacters(missing)) = error else {
        return None;
    };
    let mut unknown = missing.iter().filter(|missing| !missing.is_in_known_script);
    let script = unknown.find_map(|missing| font_set_script(missing.character))?;
    Some(format!("the full font set covers {script}: see {FONT_SET}"))
}

/// The name of a character's script if the fonts of the repository cover that and the carried ones
/// do not.
fn font_set_script(character: char) -> Option<&'static str> {
    if matches!(character, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}') {
        return Some("emoji");
    }
    let script = character.script();
    FONT_SET_SCRIPTS.contains(&script).then(|| script.full_name())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is the message of a failed test")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    /// The scripts that one font covers together.
    const HAN_FONT: [Script; 5] =
        [Script::Bopomofo, Script::Han, Script::Hangul, Script::Hiragana, Script::Katakana];

    #[test]
    fn the_hint_knows_every_font_of_the_repository() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fonts/noto");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let faces = names.map(|name| name.into_string().unwrap());
        let scripts: BTreeSet<_> = faces
            .filter_map(|face| {
                let family = face.strip_suffix("-Regular.ttf")?;
                let kinds = ["Serif", "Sans", "Naskh"];
                let (_, script) = kinds.iter().find_map(|kind| family.split_once(kind))?;
                Some(script.to_lowercase())
            })
            .collect();
        let known = FONT_SET_SCRIPTS.iter().filter(|script| !HAN_FONT.contains(script));
        let name = |script: &Script| script.full_name().replace('_', "").to_lowercase();
        assert_eq!(scripts, known.map(name).collect());
    }

    #[test]
    fn scripts_of_the_carried_fonts_get_no_hint() {
        for character in ['a', 'ế', 'Ω', 'Ж', '\u{132f4}'] {
            assert_eq!(font_set_script(character), None, "{character}");
        }
        assert_eq!(font_set_script('王'), Some("Han"));
        assert_eq!(font_set_script('🎓'), Some("emoji"));
    }
}
