//! Splits a file of events into its events.
//!
//! The usual form is one JSON object on each line. Objects on several lines, lists, commas between
//! objects, and all of these in one file are read too. A fault ends as an event of its own, which
//! becomes a dead letter with the reason, so that no other event is lost.

use serde_json::value::RawValue;
use testamur_engine::{JsonError, wide_encoding};

/// Begins the text of an event in another encoding, which makes it invalid JSON. With its invalid
/// bytes replaced, the text could become the event of another enrollment.
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
/// [`JsonError::Encoding`] if the whole file is UTF-16 or UTF-32. In another encoding, single
/// events can still be read.
pub(crate) fn split(bytes: &[u8]) -> Result<Vec<Line>, JsonError> {
    match wide_encoding(bytes) {
        Some(name) => Err(JsonError::Encoding(name)),
        None => Ok(Splitter::new(&Text::new(bytes)).split()),
    }
}

/// A file as UTF-8.
struct Text {
    text: String,
    /// Where invalid bytes were replaced, as offsets in `text`, sorted.
    invalid: Vec<usize>,
}

impl Text {
    fn new(bytes: &[u8]) -> Self {
        let mut read = Self { text: String::with_capacity(bytes.len()), invalid: Vec::new() };
        for chunk in bytes.utf8_chunks() {
            read.text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                read.invalid.push(read.text.len());
                read.text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        read
    }

    /// Returns the event from `start` to `end`.
    fn event(&self, start: usize, end: usize) -> String {
        let text = self.text[start..end].trim_matches(is_skipped);
        let first = self.invalid.partition_point(|&offset| offset < start);
        match self.invalid.get(first) {
            Some(&offset) if offset < end => format!("{NOT_UTF8} {text}"),
            _ => text.to_owned(),
        }
    }
}

/// Goes through a file once.
struct Splitter<'a> {
    text: &'a Text,
    /// Where the rest begins.
    offset: usize,
    /// The line of `offset`, from 1.
    number: usize,
    /// Where the current list begins: its offset and line. An event in a list is never a list.
    list: Option<(usize, usize)>,
    found: Vec<Line>,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a Text) -> Self {
        Self { text, offset: 0, number: 1, list: None, found: Vec::new() }
    }

    fn split(mut self) -> Vec<Line> {
        loop {
            // A comma can follow each object, also the last one.
            let separators = |c| is_skipped(c) || c == ',';
            let skipped = self.rest().len() - self.rest().trim_start_matches(separators).len();
            self.advance(skipped);
            match (self.rest().chars().next(), self.list) {
                (None, _) => break,
                (Some('['), None) => {
                    self.list = Some((self.offset, self.number));
                    self.advance(1);
                }
                (Some(']'), Some(_)) => {
                    self.list = None;
                    self.advance(1);
                }
                _ => self.take_event(),
            }
        }
        if let Some((_, number)) = self.list {
            // The end of the file may be lost, and events with it.
            self.found.push(Line { number, text: "[".to_owned() });
        }
        self.found
    }

    fn rest(&self) -> &'a str {
        &self.text.text[self.offset..]
    }

    fn advance(&mut self, length: usize) {
        self.number += self.rest()[..length].matches('\n').count();
        self.offset += length;
    }

    fn take_event(&mut self) {
        let rest = self.rest();
        let length = value_length(rest).unwrap_or_else(|| match rest.as_bytes()[0] {
            b'{' | b'[' => broken_length(rest, self.indentation()),
            _ if self.list.is_some() => rest.find([',', ']', '\n']).unwrap_or(rest.len()),
            _ => line_length(rest),
        });
        let text = self.text.event(self.offset, self.offset + length);
        self.found.push(Line { number: self.number, text });
        self.advance(length);
    }

    /// Returns the width of the white space with which the current line begins.
    fn indentation(&self) -> usize {
        let before = &self.text.text[..self.offset];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        indentation(&self.text.text[line..])
    }
}

/// Returns the length of the JSON value with which a text begins, or none if it begins with no
/// value. A string or a number is a value only if nothing but a separator follows on its line.
fn value_length(text: &str) -> Option<usize> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    stream.next()?.ok()?;
    let length = stream.byte_offset();
    let next = text[length..].trim_start_matches([' ', '\t', '\r']).chars().next();
    let is_whole = text.starts_with(['{', '[']) || matches!(next, None | Some(',' | ']' | '\n'));
    is_whole.then_some(length)
}

/// Returns the length of a faulty object or list: to its last bracket, or to the next line that
/// begins with a bracket and is not indented further than its own line.
fn broken_length(text: &str, indented: usize) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, c) in text.char_indices() {
        match c {
            // A string never has several lines.
            '\n' if begins_event(&text[offset + 1..], indented) => return offset + 1,
            '\n' => in_string = false,
            _ if escaped => escaped = false,
            '\\' => escaped = in_string,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return offset + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn begins_event(text: &str, indented: usize) -> bool {
    let indentation = indentation(text);
    indentation <= indented && text[indentation..].starts_with(['{', '['])
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len()
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
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

    fn check(text: &str, expected: &[(usize, &str)]) {
        let expected: Vec<_> = expected.iter().map(|&(n, text)| (n, text.to_owned())).collect();
        assert_eq!(found(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn events_are_found_in_each_form_with_their_lines() {
        check("{\"a\":1}\n\n{\"b\":2}\r\n", &[(1, "{\"a\":1}"), (3, "{\"b\":2}")]);
        check("\u{feff}{\"a\":1}\n\u{feff}{\"b\":2}", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]);
        check("{\n\"a\":1\n}\n{\n\"b\":2\n}", &[(1, "{\n\"a\":1\n}"), (4, "{\n\"b\":2\n}")]);
        check("[\n{\"a\":1},\n{\"b\":2}\n]", &[(2, "{\"a\":1}"), (3, "{\"b\":2}")]);
        check("{\"a\":1}{\"b\":2}", &[(1, "{\"a\":1}"), (1, "{\"b\":2}")]);
        check("[{\"a\":1},{\"b\":2}]", &[(1, "{\"a\":1}"), (1, "{\"b\":2}")]);
        check("", &[]);
        check("[]", &[]);
    }

    #[test]
    fn forms_may_be_mixed_and_have_trailing_commas() {
        check("{\"a\":1}\n{\n \"b\":2\n}", &[(1, "{\"a\":1}"), (2, "{\n \"b\":2\n}")]);
        check("{\n \"b\":2\n}\n{\"a\":1}\n", &[(1, "{\n \"b\":2\n}"), (4, "{\"a\":1}")]);
        check("[{\"a\":1}]\n{\"b\":2}", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]);
        check("{\"a\":1},\n{\"b\":2},\n", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]);
        check("[{\"a\":1},\n{\"b\":2},\n]", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")]);
    }

    #[test]
    fn a_fault_is_an_event_and_hides_no_other() {
        check("{\"a\":1,}\n{\"b\":2}", &[(1, "{\"a\":1,}"), (2, "{\"b\":2}")]);
        check("{\n\"a\":1,\n}\n{\"b\":2}", &[(1, "{\n\"a\":1,\n}"), (4, "{\"b\":2}")]);
        check("{\"a\":\n{\"b\":2}\nx y\n", &[(1, "{\"a\":"), (2, "{\"b\":2}"), (3, "x y")]);
        check("{\"a\":\"}\n{\"b\":2}", &[(1, "{\"a\":\"}"), (2, "{\"b\":2}")]);
        check("{\"a\":1}}\n[1]", &[(1, "{\"a\":1}"), (1, "}"), (2, "1")]);
        check("a,b\n\"a\":1}\n7", &[(1, "a,b"), (2, "\"a\":1}"), (3, "7")]);
    }

    #[test]
    fn a_fault_in_a_list_hides_no_other_element() {
        let ends = [(1, "{\"a\":1}"), (1, "{\"b\":2}")];
        for bad in ["{\"x\":1,}", "{\"x\" 1}", "{x}", "[1,,]", "oops", "\"x\"", "{\"[\":}", "1.x"] {
            let text = format!("[{{\"a\":1}},{bad}, {{\"b\":2}}]");
            check(&text, &[ends[0], (1, bad), ends[1]]);
        }
        check(
            "[\n  {\n    \"a\":1,\n  },\n  {\n    \"b\":2\n  }\n]",
            &[(2, "{\n    \"a\":1,\n  }"), (5, "{\n    \"b\":2\n  }")],
        );
        check("[\n {\"a\":1,\n {\"b\":2}\n]", &[(2, "{\"a\":1,"), (3, "{\"b\":2}")]);
        check("[{\"a\":1},\n{\"b\"", &[(1, "{\"a\":1}"), (2, "{\"b\""), (1, "[")]);
        check("{\"a\":1}\n]", &[(1, "{\"a\":1}"), (2, "]")]);
    }

    #[test]
    fn another_encoding_is_named() {
        for (name, unit) in [("UTF-16", 2), ("UTF-32", 4)] {
            for text in ["\u{feff}{}", "{\n  \"a\": 1\n}"] {
                let bytes: Vec<u8> = text
                    .chars()
                    .flat_map(|c| u32::from(c).to_le_bytes().into_iter().take(unit))
                    .collect();
                let expected = format!("the text is not UTF-8 but {name}; convert it to UTF-8");
                assert_eq!(split(&bytes).unwrap_err().to_string(), expected);
            }
        }
    }

    #[test]
    fn an_event_in_another_encoding_is_marked() {
        let latin = found(b"{\"a\":\"Zo\xeb\"}\n{\"b\":2}\n{\n \"a\":\"Zo\xeb\"\n}{\"c\":3}");
        let marked = [
            format!("{NOT_UTF8} {{\"a\":\"Zo\u{fffd}\"}}"),
            format!("{NOT_UTF8} {{\n \"a\":\"Zo\u{fffd}\"\n}}"),
        ];
        let [first, second] = marked;
        let expected = [(1, first), (2, "{\"b\":2}".into()), (3, second), (5, "{\"c\":3}".into())];
        assert_eq!(latin, expected);
        check("{\"a\":\"\u{fffd}\"}", &[(1, "{\"a\":\"\u{fffd}\"}")]);
    }
}
