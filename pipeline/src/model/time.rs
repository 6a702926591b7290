//! Points in time with the UTC offset they were written with, and the days they fall on.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use serde::{Serialize, Serializer};

/// A point in time with the UTC offset it was written with: RFC 3339, such as
/// `2020-07-03T20:15:00-07:00`.
///
/// `Z`, `+00:00` and `-00:00` are the same: a time in UTC, which tells nothing about the place
/// where it happened.
///
/// ```
/// # use jiff::civil::date;
/// # use testamur_pipeline::model::time::{OffsetTime, parse_time_zone};
/// let tokyo = parse_time_zone("Asia/Tokyo")?;
/// let evening: OffsetTime = "2020-07-03T20:15:00-07:00".parse()?;
/// assert_eq!(evening.date(&tokyo), date(2020, 7, 3));
/// let in_utc: OffsetTime = "2020-07-03T20:15:00Z".parse()?;
/// assert_eq!(in_utc.date(&tokyo), date(2020, 7, 4));
/// let precise: OffsetTime = "2020-07-03T20:15:00.1234567891234Z".parse()?;
/// assert_eq!(precise.to_string(), "2020-07-03T20:15:00.123456789Z");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetTime {
    instant: Timestamp,
    /// `None` in UTC.
    offset: Option<Offset>,
}

/// What is wrong with the text of an [`OffsetTime`]. It continues a sentence that begins with the
/// name of a field, and never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffsetTimeError {
    /// The text is a time of day at an unknown place.
    #[error("has no offset such as Z or +02:00")]
    NoOffset,
    /// The text is anything else.
    #[error("is not an RFC 3339 timestamp, e.g. 2026-11-23T09:30:00Z")]
    Malformed,
}

impl OffsetTime {
    /// Returns the point in time without its offset.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        self.instant
    }

    /// Returns the day at the offset, or in `zone` if the time is in UTC.
    #[must_use]
    pub fn date(&self, zone: &TimeZone) -> Date {
        match self.offset {
            Some(offset) => offset.to_datetime(self.instant).date(),
            None => zone.to_datetime(self.instant).date(),
        }
    }
}

impl FromStr for OffsetTime {
    type Err = OffsetTimeError;

    fn from_str(text: &str) -> Result<Self, OffsetTimeError> {
        let text = &*without_excess_digits(text);
        let pieces = Pieces::parse(text).map_err(|_| OffsetTimeError::Malformed)?;
        if pieces.time().is_none() {
            return Err(OffsetTimeError::Malformed);
        }
        let offset = pieces.to_numeric_offset().ok_or(OffsetTimeError::NoOffset)?;
        let instant = text.parse().map_err(|_| OffsetTimeError::Malformed)?;
        Ok(Self { instant, offset: (offset != Offset::UTC).then_some(offset) })
    }
}

/// Cuts a fraction of a second to nanoseconds, the precision of [`Timestamp`]. RFC 3339 allows any
/// number of digits.
fn without_excess_digits(text: &str) -> Cow<'_, str> {
    const NANOSECOND_DIGITS: usize = 9;
    let Some((start, rest)) = text.split_once(['.', ',']) else { return text.into() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match digits.checked_sub(NANOSECOND_DIGITS) {
        Some(excess @ 1..) => {
            format!("{start}.{}{}", &rest[..digits - excess], &rest[digits..]).into()
        }
        _ => text.into(),
    }
}

impl fmt::Display for OffsetTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => self.instant.display_with_offset(offset).fmt(f),
            None => self.instant.fmt(f),
        }
    }
}

impl Serialize for OffsetTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// There is no time zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {name:?}: use {advice}")]
pub struct UnknownTimeZone {
    name: String,
    advice: String,
}

/// Returns the time zone of an [IANA name](https://www.iana.org/time-zones), such as
/// `America/New_York` or `UTC`, in any case.
///
/// The rules are part of this program, so a name means the same on every machine.
///
/// # Errors
/// [`UnknownTimeZone`], which proposes the name of the zone if the text is its city.
pub fn parse_time_zone(name: &str) -> Result<TimeZone, UnknownTimeZone> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).map_err(|_| {
        let city = name.trim().replace(' ', "_");
        let is_city = |zone: &str| {
            zone.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&city))
        };
        let proposal = zones.available().map(|zone| zone.to_string()).find(|zone| is_city(zone));
        UnknownTimeZone {
            name: name.to_owned(),
            advice: proposal.unwrap_or_else(|| {
                "an IANA name such as America/New_York or Asia/Kolkata, or UTC".to_owned()
            }),
        }
    })
}
