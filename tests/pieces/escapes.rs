//! What strangers send does not reach a terminal as it is.

use ws101::escape::{LINE_LIMIT, Line};

#[test]
fn a_line_stays_one_line_and_says_what_it_hides() {
    for (text, shown) in [
        ("привет, \"мир\" 🦀", "привет, \"мир\" 🦀"),
        ("a\r\n[INFO] forged", r"a\r\n[INFO] forged"),
        ("\x1b[2J\x07\0", r"\u{1b}[2J\u{7}\0"),
        ("abc\u{202e}cba", r"abc\u{202e}cba"),
        ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
        ("not \\n an escape", r"not \\n an escape"),
        ("two\u{2028}lines", r"two\u{2028}lines"),
    ] {
        assert_eq!(Line::of(text).to_string(), shown);
    }
    assert_eq!(Line::of(b"caf\xe9 \xff").to_string(), r"caf\xe9 \xff");
}

#[test]
fn a_line_has_an_end() {
    assert_eq!(Line::new("abcdef", 6).to_string(), "abcdef");
    assert_eq!(Line::new("abcdef", 5).to_string(), "abcde…");
    assert_eq!(Line::new("abc\ndef", 4).to_string(), "abc…", "an escape is not cut in two");
    assert_eq!(Line::new("", 0).to_string(), "");
    let long = Line::of(&"\u{1b}".repeat(10_000)).to_string();
    assert!(long.chars().count() <= LINE_LIMIT + 1 && long.ends_with('…'));
}
