//! Names: all scripts, mixed directions, long names, markup characters, and missing glyphs.

use std::fs;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};
use testamur_engine::{
    CompileError, Data, Document, Engine, Fonts, JpegEncoder, PdfMetadata, RenderError, Template,
};
use testamur_tests::{repository, sample, tool};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Fonts::load(repository().join("fonts")).unwrap()));

static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| ENGINE.load(repository().join("templates/completion")).unwrap());

fn with(changes: &Value) -> Data {
    let mut data = sample("ada");
    for (key, value) in changes.as_object().unwrap() {
        data[key] = value.clone();
    }
    Data::new(data)
}

fn render(changes: &Value) -> Document {
    TEMPLATE.compile(&with(changes)).unwrap_or_else(|e| panic!("{e}"))
}

fn pdf(document: &Document) -> Vec<u8> {
    document.pdf(&PdfMetadata::new("test").created_at(Timestamp::UNIX_EPOCH)).unwrap()
}

/// Returns the text of a document as `pdftotext` extracts it, without its directional marks.
fn text(document: &Document, options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.pdf");
    fs::write(&path, pdf(document)).unwrap();
    let mut arguments: Vec<_> = options.iter().map(std::ffi::OsStr::new).collect();
    arguments.extend([path.as_os_str(), "-".as_ref()]);
    tool("pdftotext", &arguments)
        .replace(['\u{202a}', '\u{202b}', '\u{202c}', '\u{200f}', '\u{200e}'], "")
}

#[test]
fn names_are_extracted_from_the_pdf_in_logical_order() {
    let names = [
        "Łukasz Żółć-Brzęczyszczykiewicz",
        "d̂oe h̄ana Š̌",
        "กิตติศักดิ์ สุขใจ",
        "Þórður Ægisson",
        "İbrahim Çağlayan Ğüş",
        "Nguyễn Thị Ánh Tuyết Ưở",
        "Ștefan Țăranu",
        "Αλέξανδρος Παπαδόπουλος",
        "Ὀδυσσεύς",
        "Владимир Щербаков-Їжаков",
        "Қазақ Өмір",
        "محمد بن عبد الله السلامي",
        "علاء الدين",
        "محمد پارسا چگینی",
        "علی\u{200c}رضا می\u{200c}خواهم",
        "क्\u{200d}ष राम",
        "דוד בן־גוריון",
        "प्रिया शर्मा",
        "অনিন্দিতা চট্টোপাধ্যায়",
        "தமிழ்ச்செல்வி",
        "สมชาย ใจดี",
        "王小明",
        "佐藤 さくら カタカナ",
        "김하늘",
        "Հայկ Պետրոսյան",
        "გიორგი მაისურაძე",
        "አበበ ቢቂላ",
    ];
    // pdftotext inserts a space where a letter overhangs the next one.
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    for name in names {
        let found = text(&render(&json!({ "userName": name })), &[]);
        assert!(letters(&found).contains(&letters(name)), "{name} is not in\n{found}");
    }
}

/// `pdftotext` reverses the characters of a letter with marks, which a PDF states as a unit
/// (<https://github.com/LaurenzV/krilla/issues/411>, <https://github.com/LaurenzV/krilla/issues/425>,
/// <https://github.com/typst/typst/issues/4225>, <https://github.com/typst/typst/issues/7610>).
/// This test fails when that changes: then these names belong to the test above.
#[test]
fn a_mark_in_right_to_left_text_is_extracted_before_its_letter() {
    for (name, extracted) in [
        ("مُحَمَّد", "\u{64f}\u{645}\u{64e}\u{62d}\u{651}\u{64e}\u{645}\u{62f}"),
        ("שָׁלוֹם", "\u{5c1}\u{5b8}\u{5e9}\u{5dc}\u{5b9}\u{5d5}\u{5dd}"),
    ] {
        let found = text(&render(&json!({ "userName": name })), &[]);
        assert!(found.contains(extracted), "{name}: {}", found.escape_unicode());
    }
}

#[test]
fn emoji_are_printed_in_colour() {
    let document = render(&json!({ "userName": "🍎🍎 👩‍🚀", "courseName": "🇧🇷 ✨ 👍🏽" }));
    let picture = decoded(&document.png().unwrap());
    let red =
        picture.pixels().filter(|pixel| pixel[0] > 200 && pixel[1] < 110 && pixel[2] < 90).count();
    assert!(red > 100, "no apples: {red} red pixels");
}

#[test]
fn other_scripts_are_set_in_their_own_font() {
    for (name, family) in [
        ("ಕನ್ನಡ", "Noto Serif Kannada"),
        ("മലയാളം", "Noto Serif Malayalam"),
        ("తెలుగు", "Noto Serif Telugu"),
        ("ગુજરાતી", "Noto Serif Gujarati"),
        ("ਪੰਜਾਬੀ", "Noto Serif Gurmukhi"),
        ("සිංහල", "Noto Serif Sinhala"),
        ("ភាសាខ្មែរ", "Noto Serif Khmer"),
        ("ລາວ", "Noto Serif Lao"),
        ("မြန်မာ", "Noto Serif Myanmar"),
    ] {
        let families = render(&json!({ "userName": name })).font_families();
        assert!(families.iter().any(|found| found == family), "{name}: {families:?}");
    }
}

#[test]
fn the_first_letter_sets_the_direction_of_a_mixed_line() {
    let rows = [
        ("Noam Cohen, נועם לוי", ["Noam", "Cohen,", "לוי", "נועם"]),
        ("נועם לוי, Noam Cohen", ["Noam", "Cohen", "לוי,", "נועם"]),
    ];
    for (name, expected) in rows {
        let words = words(&render(&json!({ "userName": name })));
        let middle = |word: &&Word| (250.0..310.0).contains(&f64::midpoint(word.top, word.bottom));
        let mut line: Vec<_> = words.iter().filter(middle).collect();
        line.sort_by(|a, b| a.left.total_cmp(&b.left));
        // pdftotext lists the letters of a word from left to right in every script.
        let hebrew = |text: &str| text.contains(|c| ('א'..='ת').contains(&c));
        let read =
            |text: &str| if hebrew(text) { text.chars().rev().collect() } else { text.to_owned() };
        let found: Vec<_> = line.iter().map(|word| read(&word.text)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn long_names_and_titles_shrink_wrap_and_stay_in_the_frame() {
    let name_90 = "Maria do Carmo Evangelina de Albuquerque Cavalcanti Wolfeschlegelsteinhausenbergerdorff II";
    let title_140 = "Designing, Operating and Continuously Improving Highly Available Distributed Event-Driven Systems in Regulated \
                     Industries: A Practical Path.";
    assert_eq!((name_90.chars().count(), title_140.chars().count()), (90, 140));
    let unbroken = "W".repeat(90);
    let han = "龍".repeat(90);
    let arabic = "عبد الرحمن بن محمد ".repeat(5);
    let longest_name = "Wm ".repeat(53);
    let longest_title = "Mm ".repeat(80);
    let cases = [
        (name_90, title_140),
        (&unbroken, &unbroken),
        (&han, &han),
        (&arabic, &arabic),
        (&longest_name, &longest_title),
    ];
    for (name, title) in cases {
        let document =
            render(&json!({ "userName": name, "courseName": title, "authorName": name }));
        let words = words(&document);
        let outside: Vec<_> = words
            .iter()
            .filter(|w| w.left < 45.0 || w.right > 797.0 || w.top < 45.0 || w.bottom > 550.0)
            .collect();
        assert!(outside.is_empty(), "{name}: {outside:?}");
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        let printed: usize = words.iter().map(|word| letters(&word.text)).sum();
        // The name of the author is printed twice: as author and as signature.
        assert!(
            printed >= letters(name) * 3 + letters(title),
            "{name}: only {printed} letters are printed"
        );
        let overlap = words.iter().find(|a| words.iter().any(|b| a.overlaps(b)));
        assert!(overlap.is_none(), "{name}: {overlap:?} overlaps another word");
    }
}

#[test]
fn a_hyphenated_name_breaks_after_its_hyphens() {
    let name = "Anne-Marie-Louise-Antoinette-Josephine-Charlotte-Elisabeth-Wilhelmine-Friederike-\
                Auguste-von-Sachsen-Coburg-Gotha-zu-Hohenlohe-Langenburg";
    let words = words(&render(&json!({ "userName": name })));
    let parts: Vec<_> =
        words.iter().filter(|word| word.text.contains('-') && name.contains(&word.text)).collect();
    let printed: Vec<_> = parts.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(printed.concat(), name);
    assert!((2..=3).contains(&parts.len()), "{printed:?}");
    for line in &printed[..printed.len() - 1] {
        assert!(line.ends_with('-'), "{printed:?}");
    }
    assert!(parts.iter().all(|word| word.bottom - word.top > 20.0), "{parts:?}");
}

#[test]
fn a_longer_name_is_smaller_on_one_line() {
    let height = |name: &str| {
        let words = words(&render(&json!({ "userName": name })));
        let name: Vec<_> = words.iter().filter(|word| word.text.starts_with("Xx")).collect();
        assert!(
            name.iter().all(|word| (word.bottom - name[0].bottom).abs() < 0.1),
            "{name:?} is more than a line"
        );
        name[0].bottom - name[0].top
    };
    let (short, longer) =
        (height("Xxada Xxlovelace"), height("Xxada Xxaugusta Xxking Xxcountess Xxof Xxlovelace"));
    assert!(longer < short * 0.9, "{longer} against {short}");
}

#[test]
fn markup_in_a_name_is_printed_literally() {
    for name in [
        "#read(\"main.typ\")",
        "*a* _b_ `c`",
        "<script>alert(1)</script>",
        "a & b &amp;",
        "\\ \\n \\u{41}",
        "$x^2$ @cite [c]",
        "-- ... ~ 'q' \"q\"",
        "= Heading",
        "// no comment /* none */",
        "https://example.com",
    ] {
        let found = text(&render(&json!({ "userName": name })), &["-layout"]);
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&found).contains(&squeezed(name)), "{name} is not in\n{found}");
    }
}

#[test]
fn control_characters_and_overrides_never_reach_the_page() {
    let clean = with(&json!({ "userName": "  Zo\u{65}\u{308}\t\u{202e}Lovelace\u{0}\u{2066}\n" }));
    assert_eq!(clean.value()["userName"], "Zoë Lovelace");
    let hidden = with(&json!({ "userName": "e\u{202e}\u{308}", "courseName": "\u{200b}\u{feff}" }));
    assert_eq!(
        (&hidden.value()["userName"], &hidden.value()["courseName"]),
        (&json!("ë"), &json!(""))
    );
    let joined = with(&json!({ "userName": "क्\u{200d}ष می\u{200c}خواهم" }));
    assert_eq!(joined.value()["userName"], "क्\u{200d}ष می\u{200c}خواهم");
}

#[test]
fn a_missing_glyph_is_an_error_with_character_and_field() {
    let data = with(&json!({ "courseName": "Egyptian 𓂀 for Beginners" }));
    let error = TEMPLATE.compile(&data).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no font has a glyph for U+13080 EGYPTIAN HIEROGLYPH D010 ‘𓂀’ in courseName; add a font \
         that has it"
    );
    let RenderError::Compile(CompileError::MissingCharacters(missing)) = error else {
        panic!("{error:?}")
    };
    assert_eq!((missing[0].character, missing[0].field.as_deref()), ('𓂀', Some("courseName")));
}

#[test]
fn a_name_may_be_the_first_letter_of_the_title() {
    render(&json!({ "userName": "A", "courseName": "Astronomy", "authorName": "A" }));
}

#[test]
fn han_takes_the_regional_forms_of_the_locale() {
    let pictures: Vec<_> = ["ja", "zh-Hans", "zh-Hant", "ko"]
        .map(|locale| render(&json!({ "userName": "骨直令返", "locale": locale })).png().unwrap())
        .into();
    let mut distinct = pictures.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4, "some regions share their glyphs");
}

#[test]
fn a_latin_certificate_never_reads_the_fonts_of_other_scripts() {
    let folder = tempfile::tempdir().unwrap();
    tool("cp", &["-r".as_ref(), repository().join("fonts").as_ref(), folder.path().as_ref()]);
    let fonts = folder.path().join("fonts");
    let engine = Engine::new(Fonts::load(&fonts).unwrap());
    fs::remove_dir_all(fonts.join("noto-serif-cjk")).unwrap();
    let template = engine.load(repository().join("templates/completion")).unwrap();
    template.compile(&with(&json!({}))).unwrap();
    let error = template.compile(&with(&json!({ "userName": "王" }))).unwrap_err();
    let expected = "no font has a glyph for U+738B CJK UNIFIED IDEOGRAPH-738B ‘王’ in userName";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn the_same_data_gives_the_same_bytes_after_other_renders() {
    let make = || {
        let document = render(&json!({ "userName": "Ada 王 محمد" }));
        (pdf(&document), document.jpg(JpegEncoder::default()).unwrap(), document.png().unwrap())
    };
    let first = make();
    render(&json!({ "userName": "Someone Else" }));
    assert!(first == make());
}

fn decoded(png: &[u8]) -> image::RgbaImage {
    image::load_from_memory(png).unwrap().into_rgba8()
}

/// A word on the page, in points from the top left corner.
#[derive(Debug)]
struct Word {
    text: String,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Word {
    /// Returns whether the words overlap. Only the middle of each box counts, because boxes include
    /// space above and below the letters.
    fn overlaps(&self, other: &Self) -> bool {
        let inner = |low: f64, high: f64| (low + (high - low) * 0.3, high - (high - low) * 0.3);
        let ((top, bottom), (other_top, other_bottom)) =
            (inner(self.top, self.bottom), inner(other.top, other.bottom));
        !std::ptr::eq(self, other)
            && self.left + 1.0 < other.right
            && other.left + 1.0 < self.right
            && top < other_bottom
            && other_top < bottom
    }
}

fn words(document: &Document) -> Vec<Word> {
    let attribute = |line: &str, name: &str| -> f64 {
        let rest = &line[line.find(&format!("{name}=\"")).unwrap() + name.len() + 2..];
        rest[..rest.find('"').unwrap()].parse().unwrap()
    };
    let page = text(document, &["-bbox"]);
    let lines = page.lines().filter(|line| line.trim_start().starts_with("<word"));
    lines
        .map(|line| Word {
            text: line[line.find('>').unwrap() + 1..line.rfind("</word>").unwrap()].to_owned(),
            left: attribute(line, "xMin"),
            top: attribute(line, "yMin"),
            right: attribute(line, "xMax"),
            bottom: attribute(line, "yMax"),
        })
        .collect()
}

#[test]
fn no_text_of_a_pdf_has_invisible_marks() {
    for id in ["badge", "completion", "diploma", "transcript"] {
        let template = ENGINE.load(repository().join("templates").join(id)).unwrap();
        let sample = fs::read(template.folder().join("samples/ada.json")).unwrap();
        let sample: Value = serde_json::from_slice(&sample).unwrap();
        let certificate_id = sample["certificateId"].as_str().unwrap();
        // Text of one line, and of several.
        for (times, locale) in
            [1, 9].into_iter().flat_map(|times| ["en", "ar", "he", "ja"].map(|l| (times, l)))
        {
            let mut data = sample.clone();
            for field in ["userName", "courseName", "authorName"] {
                data[field] = json!(["Ada Lovelace"; 9][..times].join(" "));
            }
            let document = template.compile(&Data::new(data).with_locale(locale)).unwrap();
            let found = text(&document, &[]);
            let marks = |c: char| ('\u{2066}'..='\u{2069}').contains(&c);
            assert!(!found.contains(marks), "{id} in {locale}: {found:?}");
            assert!(found.contains(certificate_id), "{id} in {locale}: {found}");
        }
    }
}

#[test]
fn isolates_of_a_layout_stay_out_of_the_pdf() {
    let files = [
        (
            "raw/typst.toml",
            "package = { name = \"raw\", version = \"1.0.0\", entrypoint = \"main.typ\" }\n\
             tool.testamur.image = { width = 400, height = 100 }\n",
        ),
        ("raw/schema.json", "{}"),
        (
            "raw/main.typ",
            "#set page(width: 400pt, height: 100pt)\n#set text(font: \"Source Sans 3\")\n\
             #(\"issued to \\u{2068}Ada Lovelace\\u{2069} by \\u{2067}דוד\\u{2069}\")\n",
        ),
    ];
    let template = ENGINE.load_files("raw", files).unwrap();
    let found = text(&template.compile(&Data::new(json!({}))).unwrap(), &[]);
    assert_eq!(found.trim(), "issued to Ada Lovelace by דוד");
}
