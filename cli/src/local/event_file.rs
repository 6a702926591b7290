//! Splits a file of events into its events.
//!
//! The usual form is one JSON object on each line. One object on several lines, lists, and objects
//! that follow each other are read too. A fault ends as an event of its own, which becomes a dead
//! letter with the reason, so that no other event is lost.

use serde_json::Value;
use serde_json::value::RawValue;
use testamur_engine::{JsonError, decode};

/// Begins the text of a line in another encoding, which makes it invalid JSON. With its invalid
/// bytes replaced, the line could become the event of another enrollment.
pub(crate) const NOT_UTF8: &str = "(not UTF-8)";

/// An event and the line on which it begins, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

/// Returns the events in a file.
///
/// # Errors
/// [`JsonError::Encoding`] if the whole file is UTF-16. In another encoding, single lines can still
/// be read.
pub(crate) fn split(bytes: &[u8]) -> Result<Vec<Line>, JsonError> {
    match decode(bytes) {
        Err(error @ JsonError::Encoding("UTF-16")) => Err(error),
        Ok(text) if !is_one_value_a_line(text) => Ok(values(text)),
        _ => Ok(lines(bytes)),
    }
}

/// Returns true unless the first line that is not empty begins a value without ending it, or holds
/// several.
fn is_one_value_a_line(text: &str) -> bool {
    let first = text.lines().map(trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut stream = serde_json::Deserializer::from_str(first).into_iter::<Value>();
    match stream.next() {
        Some(Ok(_)) => stream.next().is_none(),
        Some(Err(error)) => !error.is_eof(),
        None => true,
    }
}

/// Reads one value from each line. A line with a list holds several events.
fn lines(bytes: &[u8]) -> Vec<Line> {
    let lines = (1..).zip(bytes.split(|&byte| byte == b'\n'));
    let texts = lines.map(|(number, line)| match std::str::from_utf8(line) {
        Ok(text) => Line { number, text: trim(text).to_owned() },
        Err(_) => Line { number, text: format!("{NOT_UTF8} {}", String::from_utf8_lossy(line)) },
    });
    texts
        .filter(|line| !line.text.is_empty())
        .flat_map(|line| expand(line.number, &line.text))
        .collect()
}

/// Reads values that are separated by white space only. After a fault, reading continues at the
/// next line that begins with a brace.
fn values(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut offset = 0;
    while offset < text.len() {
        let rest = &text[offset..];
        let skipped = rest.len() - rest.trim_start_matches(is_skipped).len();
        let (start, rest) = (offset + skipped, &rest[skipped..]);
        if rest.is_empty() {
            break;
        }
        let number = 1 + text[..start].matches('\n').count();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let length = match stream.next() {
            Some(Ok(_)) => stream.byte_offset(),
            _ => rest.find("\n{").map_or(rest.len(), |end| end + 1),
        };
        found.extend(expand(number, rest[..length].trim()));
        offset = start + length;
    }
    found
}

/// Returns the events of a list, or the text itself if it is not a list.
fn expand(number: usize, text: &str) -> Vec<Line> {
    let items = serde_json::from_str::<Vec<&RawValue>>(text);
    let line = |text: &str, number| Line { number, text: text.to_owned() };
    let Ok(items) = items else { return vec![line(text, number)] };
    let start = text.as_ptr() as usize;
    let number_of = |item: &RawValue| {
        let offset = item.get().as_ptr() as usize - start;
        number + text[..offset].matches('\n').count()
    };
    items.into_iter().map(|item| line(item.get(), number_of(item))).collect()
}

fn trim(line: &str) -> &str {
    line.trim_matches(is_skipped)
}

/// A byte order mark can stand between files that were joined.
fn is_skipped(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is the message of a failed test")]
mod tests {
    use super::*;

    fn found(text: &[u8]) -> Vec<(usize, String)> {
        split(text).unwrap().into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn events_are_found_in_each_form_with_their_lines() {
        let events = |events: &[(usize, &str)]| {
            events.iter().map(|&(number, text)| (number, text.to_owned())).collect::<Vec<_>>()
        };
        for (text, expected) in [
            ("{\"a\":1}\n\n{\"b\":2}\r\n", &[(1, "{\"a\":1}"), (3, "{\"b\":2}")][..]),
            ("\u{feff}{\"a\":1}\n\u{feff}{\"b\":2}", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]),
            ("{\n\"a\":1\n}\n{\n\"b\":2\n}", &[(1, "{\n\"a\":1\n}"), (4, "{\n\"b\":2\n}")]),
            ("[\n{\"a\":1},\n{\"b\":2}\n]", &[(2, "{\"a\":1}"), (3, "{\"b\":2}")]),
            ("{\"a\":1}{\"b\":2}", &[(1, "{\"a\":1}"), (1, "{\"b\":2}")]),
            ("[{\"a\":1},{\"b\":2}]", &[(1, "{\"a\":1}"), (1, "{\"b\":2}")]),
            ("{\"a\":1,}\n{\"b\":2}", &[(1, "{\"a\":1,}"), (2, "{\"b\":2}")]),
            ("{\n\"a\":1,\n}\n{\n\"b\":2\n}", &[(1, "{\n\"a\":1,\n}"), (4, "{\n\"b\":2\n}")]),
            ("", &[]),
        ] {
            assert_eq!(found(text.as_bytes()), events(expected), "{text}");
        }
    }

    #[test]
    fn another_encoding_is_named() {
        let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let error = split(&utf16).unwrap_err();
        assert_eq!(error.to_string(), "the text is not UTF-8 but UTF-16; convert it to UTF-8");
        let latin = found(b"{\"a\":\"Zo\xeb\"}\n{\"b\":2}");
        assert!(latin[0].1.starts_with(NOT_UTF8));
        assert_eq!(latin[1], (2, "{\"b\":2}".to_owned()));
    }
}
