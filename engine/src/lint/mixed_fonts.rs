//! Words whose letters come from two fonts, because the first one lacks some of them.

use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript};

use super::LayoutIssue;
use super::missing_glyphs::has_glyph;
use super::text_run::TextRun;
use crate::measure::is_right_to_left;
use crate::word_fonts::is_in_word;

/// A letter and the text that contains it.
#[derive(Clone, Copy)]
struct Letter<'a> {
    character: char,
    run: TextRun<'a>,
}

/// Reports each word with letters of two fonts if the first font lacks those of the second one.
pub(crate) fn lint(runs: &[TextRun<'_>]) -> Vec<LayoutIssue> {
    let lines = runs.chunk_by(TextRun::is_followed_by).filter(|runs| runs.len() > 1);
    let mut issues = Vec::new();
    for line in lines {
        let letters = letters(line);
        let words = letters.split(|letter| !is_in_word(letter.character));
        issues.extend(words.filter_map(mixed));
    }
    issues
}

/// Returns the letters of a line in the order in which people read them.
fn letters<'a>(line: &[TextRun<'a>]) -> Vec<Letter<'a>> {
    let letters = |run: &TextRun<'a>| {
        let run = *run;
        run.text().chars().map(move |character| Letter { character, run })
    };
    // Frames hold text from left to right, but each text in the order of its letters.
    if line.iter().all(|run| is_right_to_left(run.item)) {
        line.iter().rev().flat_map(letters).collect()
    } else {
        line.iter().flat_map(letters).collect()
    }
}

/// Returns the issue of a word, or `None` if its letters come from one font, or if its letters
/// differ in script or style.
fn mixed(word: &[Letter<'_>]) -> Option<LayoutIssue> {
    let letters: Vec<_> = word.iter().filter(|l| is_letter(l.character)).copied().collect();
    let other = letters.windows(2).find_map(|pair| {
        let is_mixed = pair[0].run.family() != pair[1].run.family()
            && is_same_script(pair[0].character, pair[1].character);
        is_mixed.then_some((pair[0], pair[1]))
    });
    let (a, b) = other?;
    // The letter that the other font lacks may come first.
    [(a, b), (b, a)].into_iter().find_map(|(base, other)| {
        let is_lacking = |letter: &&Letter<'_>| {
            letter.run.family() == other.run.family() && !has_glyph(base.run.item, letter.character)
        };
        let lacking: BTreeSet<char> =
            letters.iter().filter(is_lacking).map(|letter| letter.character).collect();
        (!lacking.is_empty()).then(|| LayoutIssue::MixedFonts {
            word: word.iter().map(|letter| letter.character).collect(),
            family: base.run.family().to_owned(),
            lacking: lacking.into_iter().collect(),
            other: other.run.family().to_owned(),
        })
    })
}

/// Punctuation is not compared: it belongs to no script.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c.script() == Script::Inherited
}

/// Digits next to letters, such as `2026年`, may have a font of their own.
fn is_same_script(a: char, b: char) -> bool {
    let (a, b) = (a.script(), b.script());
    a == b || a == Script::Inherited || b == Script::Inherited
}
