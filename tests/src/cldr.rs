//! Generates `templates/shared/cldr.json`: the date and number formats of Unicode's CLDR, by ICU4X.
//!
//! The formats are derived from dates and numbers that ICU4X has formatted, not from CLDR's files.

use std::fmt::{self, Write};

use icu_calendar::{Date, Gregorian};
use icu_datetime::fieldsets::YMD;
use icu_datetime::{FixedCalendarDateTimeFormatter, parts as date_parts};
use icu_decimal::input::Decimal;
use icu_decimal::{DecimalFormatter, parts as number_parts};
use icu_locale::{Direction, Locale, LocaleDirectionality, LocaleExpander};
use serde_json::{Value, json};
use writeable::{Part, PartsWrite, Writeable};

/// The locales for which the shared helpers have formats.
pub const LOCALES: [&str; 76] = [
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en",
    "en-GB", "es", "et", "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu",
    "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "ky", "lo", "lt", "lv", "mk", "ml",
    "mn", "mr", "ms", "my", "nb", "ne", "nl", "nn", "pa", "pl", "ps", "pt-BR", "pt-PT", "ro", "ru",
    "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh-Hans",
    "zh-Hant",
];

/// Returns the content of the file, with one line for each locale.
#[must_use]
pub fn file() -> String {
    let lines: Vec<_> = LOCALES
        .iter()
        .map(|tag| format!("{}: {}", json!(tag), Formats::of(tag).to_json()))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// The formats of a locale.
pub struct Formats {
    locale: Locale,
    dates: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    numbers: DecimalFormatter,
}

impl Formats {
    /// Loads the formats of a locale, such as `pt-BR`.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let locale: Locale = tag.parse().expect("the tag is a locale");
        let dates = FixedCalendarDateTimeFormatter::try_new((&locale).into(), YMD::long());
        let numbers = DecimalFormatter::try_new((&locale).into(), Default::default());
        Self {
            dates: dates.expect("ICU4X has the locale"),
            numbers: numbers.expect("ICU4X has the locale"),
            locale,
        }
    }

    /// Formats a date, such as `November 23, 2026`.
    #[must_use]
    pub fn date(&self, year: i32, month: u8, day: u8) -> String {
        self.date_parts(year, month, day).0.into_iter().map(|(_, text)| text).collect()
    }

    /// Formats a number that is given as digits, such as `-1234567.5`.
    #[must_use]
    pub fn number(&self, number: &str) -> String {
        self.number_parts(number).0.into_iter().map(|(_, text)| text).collect()
    }

    fn date_parts(&self, year: i32, month: u8, day: u8) -> Pieces {
        let date = Date::try_new_gregorian(year, month, day).expect("the date exists");
        Pieces::of(&self.dates.format(&date))
    }

    fn number_parts(&self, number: &str) -> Pieces {
        let number: Decimal = number.parse().expect("the text is a number");
        Pieces::of(&self.numbers.format(&number))
    }

    /// Returns the facts that `templates/shared/locale.typ` reads.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let month = |month| self.date_parts(2026, month, 23).find(date_parts::MONTH);
        let rtl = LocaleDirectionality::new_extended().get(&self.locale.id)
            == Some(Direction::RightToLeft);
        let long = self.number_parts("1234567890.5");
        let groups: Vec<_> = long
            .all(number_parts::INTEGER)
            .iter()
            .rev()
            .map(|group| group.chars().count())
            .collect();
        let has_group = self.number_parts("1234").has(number_parts::GROUP);
        json!({
            "direction": if rtl { "rtl" } else { "ltr" },
            "date": self.date_parts(2026, 11, 23).pattern(),
            "months": (1..=12).map(month).collect::<Vec<_>>(),
            "dayDigits": self.date_parts(2026, 11, 2).find(date_parts::DAY).chars().count(),
            "digits": (0..10).map(|digit| self.number(&digit.to_string())).collect::<String>(),
            "decimal": long.find(number_parts::DECIMAL),
            "group": long.find(number_parts::GROUP),
            "groupSizes": [groups[0], groups[1]],
            "minimumGroupingDigits": if has_group { 1 } else { 2 },
            "minus": self.number_parts("-1").find(number_parts::MINUS_SIGN),
            "script": self.script(),
        })
    }

    /// Returns the script that most readers of the locale use, as an ISO 15924 code such as `Latn`.
    fn script(&self) -> String {
        let mut id = self.locale.id.clone();
        LocaleExpander::new_extended().maximize(&mut id);
        id.script.expect("CLDR has a likely script for each locale").to_string()
    }
}

/// A formatted value in pieces, each with its kind.
struct Pieces(Vec<(Option<Part>, String)>);

impl Pieces {
    fn of(value: &impl Writeable) -> Self {
        let mut pieces = Collector::default();
        value.write_to_parts(&mut pieces).expect("writing to a string never fails");
        Self(pieces.pieces)
    }

    fn all(&self, part: Part) -> Vec<&str> {
        self.0.iter().filter(|(of, _)| *of == Some(part)).map(|(_, text)| text.as_str()).collect()
    }

    fn has(&self, part: Part) -> bool {
        !self.all(part).is_empty()
    }

    fn find(&self, part: Part) -> String {
        (*self.all(part).first().unwrap_or(&"")).to_owned()
    }

    fn pattern(&self) -> String {
        let piece = |(part, text): &(Option<Part>, String)| match *part {
            Some(date_parts::YEAR) => "{year}".to_owned(),
            Some(date_parts::MONTH) => "{month}".to_owned(),
            Some(date_parts::DAY) => "{day}".to_owned(),
            _ => text.clone(),
        };
        self.0.iter().map(piece).collect()
    }
}

/// Collects the pieces. The innermost kind that ICU4X reports is kept; a number inside a date
/// counts as its day or year.
#[derive(Default)]
struct Collector {
    pieces: Vec<(Option<Part>, String)>,
    open: Vec<Part>,
}

const DATE: [Part; 3] = [date_parts::YEAR, date_parts::MONTH, date_parts::DAY];
const NUMBER: [Part; 4] =
    [number_parts::INTEGER, number_parts::DECIMAL, number_parts::GROUP, number_parts::MINUS_SIGN];

impl Write for Collector {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let number = || self.open.iter().rev().find(|part| NUMBER.contains(part));
        let part = self.open.iter().find(|part| DATE.contains(part)).or_else(number).copied();
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == part => piece.push_str(text),
            _ => self.pieces.push((part, text.to_owned())),
        }
        Ok(())
    }
}

impl PartsWrite for Collector {
    type SubPartsWrite = Self;

    fn with_part(
        &mut self,
        part: Part,
        mut write: impl FnMut(&mut Self) -> fmt::Result,
    ) -> fmt::Result {
        self.open.push(part);
        let done = write(self);
        self.open.pop();
        done
    }
}
