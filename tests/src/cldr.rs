//! Generates `templates/shared/cldr.json`: the dates and numbers of Unicode's CLDR.
//!
//! The file has the keys `cldr` (the version of CLDR), `license`, and `locales`: for each tag, such
//! as `pt-BR`, an object with
//!
//! | key | meaning | example |
//! |---|---|---|
//! | `direction` | `ltr` or `rtl` | `ltr` |
//! | `script` | the script that most readers use, ISO 15924 | `Latn` |
//! | `date` | a long date; `{day}`, `{month}` and `{year}` are replaced | `{day} de {month} de {year}` |
//! | `months` | the twelve values of `{month}`, in the form that a date needs, such as the genitive | `janeiro` |
//! | `dayDigits` | the least number of digits of `{day}` | 1 |
//! | `digits` | the ten digits, which replace those of day, year and numbers (and of months that are numbers) | `0123456789` |
//! | `decimal`, `group`, `minus` | the signs of a number | `,` `.` `-` |
//! | `groupSizes` | the digits of the last group and of each other one | `[3,3]` |
//! | `minimumGroupingDigits` | how many digits must precede the last group | 1 |
//!
//! A date is in the Gregorian calendar, also where CLDR prefers another one (Persian, Thai): a
//! certificate is read abroad. Its pattern is CLDR's `dateFormats/long`. ICU4X does not use these
//! patterns (<https://github.com/unicode-org/icu4x/issues/8202>), so it is not the source.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The locales for which the shared helpers have formats.
pub const LOCALES: [&str; 76] = [
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en",
    "en-GB", "es", "et", "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu",
    "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "ky", "lo", "lt", "lv", "mk", "ml",
    "mn", "mr", "ms", "my", "nb", "ne", "nl", "nn", "pa", "pl", "ps", "pt-BR", "pt-PT", "ro", "ru",
    "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh-Hans",
    "zh-Hant",
];

const LICENSE: &str =
    "Copyright © 2004-2026 Unicode, Inc.; Unicode License v3, https://www.unicode.org/license.txt";

/// Returns the content of the file, with one line for each locale. `packages` is a folder with
/// CLDR's npm packages.
#[must_use]
pub fn file(packages: &Path) -> String {
    let cldr = Cldr { packages };
    let lines: Vec<_> =
        LOCALES.iter().map(|tag| format!("{}: {}", json!(tag), cldr.formats(tag))).collect();
    let (version, license) = (cldr.version(), json!(LICENSE));
    let locales = lines.join(",\n");
    format!(
        "{{\n\"cldr\": {version},\n\"license\": {license},\n\"locales\": {{\n{locales}\n}}\n}}\n"
    )
}

/// The npm packages of CLDR.
struct Cldr<'a> {
    packages: &'a Path,
}

impl Cldr<'_> {
    fn version(&self) -> Value {
        self.read("cldr-core/package.json")["version"].clone()
    }

    /// Returns the facts of a locale that `templates/shared/locale.typ` reads.
    fn formats(&self, tag: &str) -> Value {
        let layout = self.of_locale("cldr-misc-full", tag, "layout");
        let dates = self.of_locale("cldr-dates-full", tag, "ca-gregorian");
        let date = LongDate::parse(&dates["dates"]["calendars"]["gregorian"]);
        let numbers = &self.of_locale("cldr-numbers-full", tag, "numbers")["numbers"];
        let system = text(&numbers["defaultNumberingSystem"]);
        let symbols = &numbers[format!("symbols-numberSystem-{system}")];
        let pattern = &numbers[format!("decimalFormats-numberSystem-{system}")]["standard"];
        let minimum: u32 = text(&numbers["minimumGroupingDigits"]).parse().expect("a number");
        let rtl = layout["layout"]["orientation"]["characterOrder"] == "right-to-left";
        json!({
            "direction": if rtl { "rtl" } else { "ltr" },
            "date": date.pattern,
            "months": date.months,
            "dayDigits": date.day_digits,
            "digits": self.digits(system),
            "decimal": symbols["decimal"],
            "group": symbols["group"],
            "groupSizes": group_sizes(text(pattern)),
            "minimumGroupingDigits": minimum,
            "minus": symbols["minusSign"],
            "script": self.script(tag),
        })
    }

    fn digits(&self, system: &str) -> Value {
        let systems = self.read("cldr-core/supplemental/numberingSystems.json");
        systems["supplemental"]["numberingSystems"][system]["_digits"].clone()
    }

    fn script(&self, tag: &str) -> String {
        let script = |tag: &str| tag.split('-').find(|part| part.len() == 4).map(str::to_owned);
        script(tag).unwrap_or_else(|| {
            let likely = self.read("cldr-core/supplemental/likelySubtags.json");
            let tags = &likely["supplemental"]["likelySubtags"];
            script(text(&tags[language(tag)])).expect("CLDR has a likely script of each language")
        })
    }

    /// Reads a file of a locale. The files of a language are those of its likely region.
    fn of_locale(&self, package: &str, tag: &str, name: &str) -> Value {
        let exists = |tag: &&str| self.packages.join(package).join("main").join(tag).is_dir();
        let folder = [tag, language(tag)].into_iter().find(exists).expect("CLDR has the locale");
        self.read(&format!("{package}/main/{folder}/{name}.json"))["main"][folder].take()
    }

    fn read(&self, path: &str) -> Value {
        let bytes = fs::read(self.packages.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{path}: {e}"))
    }
}

fn language(tag: &str) -> &str {
    tag.split('-').next().expect("a tag has a language")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("CLDR has {value} where a text is expected"))
}

/// Returns the number of digits of the last group and of the others, `[3,2]` for `#,##,##0.###`.
fn group_sizes(pattern: &str) -> [usize; 2] {
    let integer = pattern.split('.').next().expect("a pattern has an integer part");
    let mut groups = integer.split(',').rev().map(str::len);
    let last = groups.next().expect("a pattern has a group");
    // The first group of a pattern has any number of digits.
    let other = if integer.matches(',').count() > 1 { groups.next() } else { None };
    [last, other.unwrap_or(last)]
}

/// A long date of a calendar.
#[derive(Default)]
struct LongDate {
    pattern: String,
    months: Vec<String>,
    day_digits: usize,
}

impl LongDate {
    /// Parses a [date pattern](https://unicode.org/reports/tr35/tr35-dates.html#Date_Format_Patterns)
    /// such as `d 'de' MMMM 'de' y`.
    fn parse(calendar: &Value) -> Self {
        let mut date = Self::default();
        let mut rest = text(&calendar["dateFormats"]["long"]);
        while let Some(first) = rest.chars().next() {
            if first == '\'' {
                let (literal, after) = rest[1..].split_once('\'').expect("a quote has an end");
                date.pattern.push_str(if literal.is_empty() { "'" } else { literal });
                rest = after;
                continue;
            }
            let length = rest.len() - rest.trim_start_matches(first).len();
            let (run, after) = rest.split_at(length);
            date.field(calendar, first, run);
            rest = after;
        }
        date
    }

    fn field(&mut self, calendar: &Value, letter: char, run: &str) {
        match (letter, run.len()) {
            ('y', 1) => self.pattern.push_str("{year}"),
            ('d', digits) => {
                self.pattern.push_str("{day}");
                self.day_digits = digits;
            }
            ('M' | 'L', width) => {
                self.pattern.push_str("{month}");
                self.months = (1..=12).map(|month| name(calendar, letter, width, month)).collect();
            }
            ('G', 1..=3) => self.pattern.push_str(text(&calendar["eras"]["eraAbbr"]["1"])),
            _ if letter.is_ascii_alphabetic() => panic!("the field {run} is not supported"),
            _ => self.pattern.push_str(run),
        }
    }
}

/// Returns a month as it is written in the field `M` (in a date) or `L` (alone) of this width.
fn name(calendar: &Value, letter: char, width: usize, month: u32) -> String {
    let form = if letter == 'M' { "format" } else { "stand-alone" };
    let names = match width {
        1 | 2 => return format!("{month:0width$}"),
        3 => &calendar["months"][form]["abbreviated"],
        4 => &calendar["months"][form]["wide"],
        _ => panic!("a month of {width} letters is not supported"),
    };
    text(&names[month.to_string()]).to_owned()
}
